//! SNMP without I/O: values, messages, the objects of a MIB as generated code
//! describes them, and the tracking of requests.
//!
//! Bytes and the current time go in; a value, a reply or a named next step
//! comes out. Sockets and timers belong to the crates that use this one.

pub mod agentx;
pub mod ber;
mod credentials;
mod engine_id;
mod ids;
pub mod message;
mod network;
pub mod notification;
pub mod object;
mod oid;
mod pdu;
mod peers;
mod request;
mod secret;
mod status;
mod tracker;
pub mod usm;
pub mod v3;
pub mod vacm;
mod value;

mod writer;

pub use ber::{BerError, ColumnName, OidBuf, RawOid};
pub use credentials::{Credentials, LocalKeys, UserCredentials};
pub use engine_id::{EngineId, EngineIdError};
pub use message::{DecodeError, Envelope, Message, OutMessage, TrapMessage};
pub use network::{Network, NetworkError};
pub use oid::{Oid, OidError};
pub use pdu::{Pdu, RawVarBind, TrapPdu, VarBinds};
pub use request::{Community, Request, Response, Retry, Target};
pub use secret::{Secret, SecretError};
pub use status::{ErrorStatus, PduKind, Version};
pub use tracker::{Arrived, Completed, Discarded, Expired, RequestId, Tracker, Transmit};
pub use value::{Octets, Value, VarBind};
pub use writer::{Mark, PduWriter, ResponseWriter};
