//! SNMP without I/O: values, messages, the objects of a MIB as generated code
//! describes them, and the tracking of requests.
//!
//! Bytes and the current time go in; a value, a reply or a named next step
//! comes out. Sockets and timers belong to the crates that use this one.

pub mod object;
mod oid;
mod status;
mod value;

pub use oid::{Oid, OidError};
pub use status::{ErrorStatus, PduKind, Version};
pub use value::{Octets, Value, VarBind};
