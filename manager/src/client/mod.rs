//! SNMP over UDP: questions to many agents at once.
//!
//! The protocol is [`lcms_snmp::Tracker`]'s; a task of its own owns it together
//! with one socket for each address family. A [`Client`] is a handle to that
//! task, which ends with the last of them.

mod ask;
mod changes;
mod columns;
mod counts;
mod error;
mod probe;
mod resolve;
mod shell;
mod table;
mod walk;

pub use self::{
    ask::{Answer, Client},
    changes::Changes,
    columns::{Columns, RawRow, Shape},
    counts::Counts,
    error::{ClientError, Rejection},
    probe::{Probe, probe},
    resolve::{Access, ResolveError, can_ask, target},
    walk::{Step, Walk},
};

/// An agent as it is addressed: where, as whom, and how patiently.
pub type Target = lcms_snmp::Target<std::net::SocketAddr>;
