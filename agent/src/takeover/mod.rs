//! One agent goes, another takes its place, and no client notices.
//!
//! The new process asks at a socket in the state folder, and the two talk:
//!
//! 1. The old one gives the [`Bequest`]: duplicates of every listener, and the lock
//!    of the state document. From then on it lets no SET change anything.
//! 2. The new one prepares all that takes time, and says so.
//! 3. The old one pauses: it accepts no more, and gives the legacy, which is what
//!    a restart would forget, and the sockets of its flows. Clients wait in the
//!    listeners.
//! 4. The new one goes on with them, and says so.
//! 5. The old one gives up its listeners. Its connections go on until they end.
//!
//! At each step it is clear who serves should either die. A process that dies closes
//! the socket without a word; one that gives up says so first. If the new one is gone
//! before step 4, the old one goes on as if nothing had happened: what it gave away
//! were duplicates. If the old one dies after step 1, the new one goes on with what it
//! has by then; before, it starts as if none had run.

mod bequest;
mod heir;
mod offer;
mod wire;

use std::io::{self, ErrorKind};

pub use bequest::{Bequest, SnmpListener, Transport};
pub use heir::{Heir, TakeoverError};
pub use offer::Offer;

/// Name of the socket in the state folder.
const SOCKET: &str = "takeover.sock";

/// What the new process says at steps 2 and 4.
const DONE: &[u8; 1] = b".";

/// Whether the peer is gone, as opposed to late or wrong.
fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
    )
}
