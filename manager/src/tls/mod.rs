//! Certificates: the own one, and how an agent's is known (RFC 6353 §5.3.1).

mod files;
mod fingerprint;
mod peer;
mod server;

pub use self::{
    files::{Authorities, FileFault, Own},
    fingerprint::{Fingerprint, FingerprintError},
    peer::Peer,
    server::{Server, WrongFingerprint},
};
