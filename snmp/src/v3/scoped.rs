//! A PDU with the context it is about (RFC 3412 §6.8).

use crate::{
    DecodeError, Pdu, Version,
    ber::{Reader, tag},
};

/// A scoped PDU.
#[derive(Clone, Copy, Debug)]
pub struct ScopedPdu<'a> {
    /// contextEngineID: whose variables are meant.
    pub context_engine_id: &'a [u8],
    /// contextName: which of them.
    pub context_name: &'a [u8],
    /// The PDU.
    pub pdu: Pdu<'a>,
}

impl<'a> ScopedPdu<'a> {
    /// Reads a scoped PDU. What is behind it is the padding of an encrypted one,
    /// where that is allowed (RFC 3414 §8.1.1.2).
    pub fn decode(octets: &'a [u8], padded: bool) -> Result<Self, DecodeError> {
        let mut outside = Reader::new(octets);
        let mut reader = outside.within(tag::SEQUENCE)?;
        if !padded {
            outside.end()?;
        }
        Ok(Self {
            context_engine_id: reader.octets()?,
            context_name: reader.octets()?,
            pdu: Pdu::decode(reader, Version::V3)?,
        })
    }
}
