//! Destination hash: the same server for the same destination address.
//!
//! As `dh` of the Linux virtual server, `net/netfilter/ipvs/ip_vs_dh.c`, by weight
//! and with the next server for one that is not usable (its `sh-fallback`).

use super::buckets::Buckets;
use super::{Candidate, Servers};

/// The server of the destination's address.
#[derive(Clone, Debug, Default)]
pub struct DestinationHash(Buckets);

impl DestinationHash {
    /// These are the servers from now on.
    pub fn set(&mut self, servers: &[Candidate]) {
        self.0.set(servers);
    }

    /// The server of the address, if it is usable, else the next.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.0.pick(servers.destination(), servers)
    }
}
