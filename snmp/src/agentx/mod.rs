//! AgentX (RFC 2741): how a master agent that owns the SNMP port talks to the
//! subagents that own the objects.
//!
//! [`decode`] and [`Packet::encode`] go between octets and values; nobody here
//! opens a socket or keeps a session. A packet says in which octet order it is
//! written, and both are read and written. Lengths and counts are bounded by the
//! octets that are there, so nothing is reserved on a stranger's word.

mod pdu;
mod read;
mod write;

pub use pdu::{CloseReason, Header, Kind, Order, Packet, Pdu, Registration, SearchRange};
pub use read::{AgentxError, decode, packet_len};

/// Octets of a packet's header.
pub const HEADER: usize = 20;

/// No packet that is read may be longer: a response with the longest values that
/// an SNMP message holds stays far below it.
pub const MOST: usize = 1 << 20;
