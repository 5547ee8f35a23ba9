//! Certificates: the own one, and how an agent's is known (RFC 6353 §5.3.1).

mod files;
mod peer;
mod server;

pub use self::{
    files::{Authorities, FileFault, Own},
    peer::Peer,
    server::{Server, WrongFingerprint},
};
