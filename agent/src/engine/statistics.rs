//! The counters of the snmp group (RFC 3418).

use std::sync::atomic::{AtomicU32, Ordering};

/// A Counter32: it wraps, and it is only ever added to.
#[derive(Debug, Default)]
pub struct Counter(AtomicU32);

impl Counter {
    /// Counts one.
    pub fn count(&self) {
        // Relaxed, since no counter promises anything about another.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The present value.
    pub fn value(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What happened to messages, counted where it happened. The counters of the
/// group that RFC 3418 calls obsolete, one for each PDU and error, are not kept.
#[derive(Debug, Default)]
pub struct Statistics {
    /// Messages received.
    pub in_pkts: Counter,
    /// Messages of a version that is not spoken here.
    pub in_bad_versions: Counter,
    /// Messages with a community that is unknown, or not from where it may come.
    pub in_bad_community_names: Counter,
    /// Messages that asked for what their community does not allow.
    pub in_bad_community_uses: Counter,
    /// Messages that could not be decoded.
    pub in_asn_parse_errs: Counter,
    /// Requests to which not even an empty response fits.
    pub silent_drops: Counter,
}
