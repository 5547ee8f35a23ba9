//! The agent as a subagent of an AgentX master (RFC 2741), beside or instead of
//! ports of its own: the same objects, served by the same engine.
//!
//! `session` is what is said, as a function of packets and time; `objects` is
//! what it is said about; `link` is the thread with the connection, which comes
//! back when the master does. Whoever the master lets read and write is the
//! master's decision, so nothing but LOAD-CLUSTER-MIB is registered: users and
//! views of this agent are none of its clients' concern.

mod link;
mod master;
mod objects;
mod session;

pub use link::{Link, Notifier};
pub use master::{Master, MasterError};
pub use objects::{LocalObjects, Objects};
pub use session::{Lost, Session, Subtree};
