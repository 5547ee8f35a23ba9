//! One agent goes, another takes its place, and no client notices.
//!
//! The new process asks at a socket in the state folder. The old one gives it
//! every listener, the lock of the state document and what a restart would
//! forget, and from then on lets no SET change anything. The new one starts with
//! all that; both accept from the same queues. Once it has started it says so,
//! and only then does the old one stop accepting. Its connections go on until
//! they end. If the new one fails before, the old one goes on as if nothing had
//! happened: what it gave away were duplicates.

mod bequest;
mod heir;
mod offer;
mod wire;

pub use bequest::{Bequest, SnmpListener, Transport};
pub use heir::{Heir, TakeoverError};
pub use offer::Offer;

/// Name of the socket in the state folder.
const SOCKET: &str = "takeover.sock";
