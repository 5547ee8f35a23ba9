//! The part of BER that SNMP uses (RFC 3417 §8), bounded and without copies.
//!
//! Reading takes definite lengths of up to 32 bits in short form or in any long
//! form, however many zeros lead; the indefinite form is refused, and so are constructed
//! encodings of simple types. Integers may carry redundant leading octets, as
//! some agents send them, but a number that does not fit its type is refused and
//! never wrapped. Writing uses the shortest form everywhere.

mod name;
pub(crate) mod read;
mod write;

pub use name::{Arcs, OidBuf, RawOid};
pub use read::{BerError, Reader, message_len};
pub use write::{
    ColumnName, Front, element_len, integer_len, put_element, put_instance, put_integer, put_oid,
    put_unsigned, put_value, put_varbind,
};

/// Identifier octets.
#[allow(missing_docs, reason = "the names are the standard's")]
pub mod tag {
    pub const INTEGER: u8 = 0x02;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    pub const SEQUENCE: u8 = 0x30;
    pub const IP_ADDRESS: u8 = 0x40;
    pub const COUNTER32: u8 = 0x41;
    pub const GAUGE32: u8 = 0x42;
    pub const TIME_TICKS: u8 = 0x43;
    pub const OPAQUE: u8 = 0x44;
    pub const COUNTER64: u8 = 0x46;
    pub const NO_SUCH_OBJECT: u8 = 0x80;
    pub const NO_SUCH_INSTANCE: u8 = 0x81;
    pub const END_OF_MIB_VIEW: u8 = 0x82;
}
