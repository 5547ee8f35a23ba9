//! Notifications (RFC 3413 §3.3): what is worth one, who is told, and how they
//! get it.
//!
//! `seen` is what of a state is worth one; `watch` compares it with what was last
//! told, a pure function of both and of the time; `words` makes notifications of what
//! it finds; `start` knows how the agent has started. The announcer, on the
//! publisher's thread, puts them into the log and hands them on, and never waits.
//! `originator` is what is sent to whom and when, as a state machine without a
//! socket; `sender` is the thread with the sockets around it. Whoever is told over TLS
//! has a thread of `couriers`, with a `session`.

mod announcer;
mod couriers;
mod log;
mod originator;
mod seen;
mod sender;
mod session;
mod start;
mod watch;
mod words;

pub use announcer::Announcer;
use couriers::Couriers;
pub use log::{Log, LogEntry, LogRows};
pub use originator::{Datagram, Originator, Own};
pub use seen::{LinkIs, Seen};
pub use sender::Sender;
pub use session::{Client, Session};
pub use start::Start;
pub use watch::{Change, Watch};
