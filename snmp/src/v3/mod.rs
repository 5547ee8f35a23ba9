//! Messages of version 3 (RFC 3412 §6 and §7), secured by USM, or by the session they
//! come in (RFC 5591).
//!
//! Reading is in the order of the standard, and each step is a call: the message
//! as it lies there ([`V3Message::decode`]), what USM says in it
//! ([`V3Message::usm`]), whether its code is right
//! ([`V3Message::is_authenticated_by`]), whether it is timely ([`crate::usm::Clock`]),
//! and only then what it says ([`V3Message::plain`], [`V3Message::decrypt`] and
//! [`ScopedPdu::decode`]). Nothing is copied but what has to be decrypted.

mod head;
mod message;
mod salts;
mod scoped;

pub use head::{OutPdu, V3Head, discovery, encode, report};
pub use message::{Flags, SecurityLevel, TSM, USM, V3Message};
pub use salts::Salts;
pub use scoped::ScopedPdu;
