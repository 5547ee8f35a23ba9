//! What a driver tells the one that takes over from it in another process.
//!
//! All of it is about clients: which server theirs is. What is not known over
//! there is left out; the client then begins anew.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};

use crate::model::{Name, ServerId, ServiceId};

/// Most entries of persistence that are told, over all services: some ten
/// megabytes, and a fraction of a second in which nobody is accepted.
pub const MOST_CLIENTS: usize = 1 << 18;

/// Most flows that are told. Each is a file on its way.
pub const MOST_FLOWS: usize = 1 << 16;

/// What is known of clients, with a socket for each flow.
#[derive(Debug, Default)]
pub struct Parting {
    /// Those that are to stay with a server.
    pub clients: Vec<ClientsLeft>,
    /// Conversations of datagrams.
    pub flows: Vec<FlowLeft>,
    /// Their sockets, each connected to the server.
    pub sockets: Vec<OwnedFd>,
}

/// Who is with which server of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientsLeft {
    /// The service.
    pub service: ServiceId,
    /// Its servers.
    pub servers: Vec<Name>,
    /// Each client, the place of its server in that list, and how many milliseconds
    /// ago its latest connection began; in the order of that time.
    pub clients: Vec<(IpAddr, u32, u64)>,
}

/// One client's datagrams to one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLeft {
    /// The server.
    pub server: ServerId,
    /// The client.
    pub client: SocketAddr,
    /// The listener it speaks to, by the kernel's cookie: that is the same in every
    /// process that has the socket.
    pub listener: u64,
    /// How far it is.
    pub talk: Talk,
    /// Milliseconds since something last happened.
    pub silent: u64,
}

/// How far a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Talk {
    /// The client spoke.
    Asked,
    /// The server answered.
    Answered,
    /// The client spoke again.
    Goes,
}
