//! What USM puts into a message (RFC 3414 §2.4).

use std::ops::Range;

use crate::ber::{BerError, Reader, tag};

/// The content of msgSecurityParameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsmParameters<'a> {
    /// msgAuthoritativeEngineID; empty in a message that asks for it.
    pub engine_id: &'a [u8],
    /// msgAuthoritativeEngineBoots.
    pub boots: u32,
    /// msgAuthoritativeEngineTime.
    pub time: u32,
    /// msgUserName, of at most 32 octets.
    pub user: &'a [u8],
    /// msgPrivacyParameters.
    pub salt: &'a [u8],
    /// msgAuthenticationParameters.
    auth: &'a [u8],
    /// How many octets of the parameters follow them.
    behind: usize,
}

impl<'a> UsmParameters<'a> {
    /// Reads the content of msgSecurityParameters.
    pub fn decode(parameters: &'a [u8]) -> Result<Self, BerError> {
        let mut outside = Reader::new(parameters);
        let mut reader = outside.within(tag::SEQUENCE)?;
        outside.end()?;
        let engine_id = reader.octets()?;
        let boots = natural(&mut reader)?;
        let time = natural(&mut reader)?;
        let user = reader.octets()?;
        if user.len() > 32 {
            return Err(BerError::Size);
        }
        let auth = reader.octets()?;
        let behind = reader.rest().len();
        let salt = reader.octets()?;
        reader.end()?;
        Ok(Self { engine_id, boots, time, user, salt, auth, behind })
    }

    /// Where msgAuthenticationParameters stands in the message, if these
    /// parameters end at `end` of it.
    pub fn auth_place(&self, end: usize) -> Range<usize> {
        let end = end.saturating_sub(self.behind);
        end.saturating_sub(self.auth.len())..end
    }
}

/// An INTEGER (0..2147483647).
pub(crate) fn natural(reader: &mut Reader<'_>) -> Result<u32, BerError> {
    u32::try_from(reader.integer()?).map_err(|_| BerError::Integer)
}
