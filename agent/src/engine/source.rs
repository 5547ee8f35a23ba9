//! Where a message came from.

use std::net::SocketAddr;

/// The address, and the session if there is one: what a transport tells of its
/// sender.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The address.
    pub address: SocketAddr,
    /// tmSecurityName: who the session is known to be with (RFC 5590 §5.2). All there
    /// are both authenticate and encrypt.
    pub session: Option<&'a str>,
}

impl Source<'_> {
    /// Where a community came from, which in a session stands for nobody: that has said
    /// already who it is, and rules for communities count on plain transports.
    pub(super) fn of_community(self) -> Option<SocketAddr> {
        match self.session {
            Some(_) => None,
            None => Some(self.address),
        }
    }
}

impl From<SocketAddr> for Source<'_> {
    fn from(address: SocketAddr) -> Self {
        Self { address, session: None }
    }
}
