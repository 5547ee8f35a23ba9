//! SNMP over UDP and TLS: questions to many agents at once.
//!
//! The protocol is [`lcms_snmp::Tracker`]'s; a task of its own owns it together
//! with one socket for each address family, and over TLS a task for each agent with
//! the session. A [`Client`] is a handle to these tasks, which end with the last of
//! them.

mod ask;
mod changes;
mod columns;
mod counts;
mod error;
mod probe;
mod resolve;
mod session;
mod shell;
mod table;
mod target;
mod walk;

pub use self::{
    ask::{Answer, Client},
    changes::Changes,
    columns::{Columns, RawRow, Shape},
    counts::Counts,
    error::{ClientError, Rejection},
    probe::{Probe, probe},
    resolve::{Access, ResolveError, can_ask, target},
    session::SessionFault,
    target::{Credentials, Target},
    walk::{Step, Walk},
};
