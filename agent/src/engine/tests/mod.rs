//! The engine over a small MIB: the rules of RFC 3416, and the mistakes that
//! agents are known for.

pub mod exchange;
pub(crate) mod fixture;
mod laws;
mod reading;
mod sessions;
mod setting;
mod v3;
