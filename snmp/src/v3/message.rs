//! The outside of a message: header, security parameters, and data that may be
//! encrypted.

use crate::{
    ber::{BerError, Reader, tag},
    message::DecodeError,
    usm::{AuthKey, DecryptionError, PrivKey, UsmParameters, natural},
};

/// msgSecurityModel of the User-based Security Model (RFC 3411 §5).
pub const USM: i32 = 3;

/// That of the Transport Security Model (RFC 5591 §9).
pub const TSM: i32 = 4;

/// The least msgMaxSize there is (RFC 3412 §6).
const MIN_SIZE: u32 = 484;

/// A message of version 3 of which the security model has not seen anything.
#[derive(Clone, Copy, Debug)]
pub struct V3Message<'a> {
    whole: &'a [u8],
    /// msgID, by which a response is known to belong to its request.
    pub id: i32,
    /// msgMaxSize: the longest message that the sender takes.
    pub max_size: u32,
    /// msgFlags.
    pub flags: Flags,
    /// msgSecurityModel.
    pub security_model: i32,
    parameters: &'a [u8],
    /// Where the parameters end in the whole.
    parameters_end: usize,
    data: Data<'a>,
}

/// What msgFlags says; bits that mean nothing are not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Flags {
    /// There is a message authentication code.
    pub auth: bool,
    /// The data is encrypted.
    pub privacy: bool,
    /// The sender waits for an answer, which may be a report.
    pub reportable: bool,
}

/// How a message is secured, by the names and in the order of RFC 3411.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum SecurityLevel {
    NoAuthNoPriv = 1,
    AuthNoPriv = 2,
    AuthPriv = 3,
}

/// msgData.
#[derive(Clone, Copy, Debug)]
enum Data<'a> {
    /// A scoped PDU with its header.
    Plain(&'a [u8]),
    /// The content of encryptedPDU.
    Encrypted(&'a [u8]),
}

impl<'a> V3Message<'a> {
    /// Reads the whole outermost element, as [`crate::Envelope::V3`] hands it on.
    pub fn decode(whole: &'a [u8]) -> Result<Self, DecodeError> {
        let mut message = Reader::new(whole).within(tag::SEQUENCE)?;
        let version = message.integer()?;
        if version != crate::Version::V3.number() {
            return Err(DecodeError::Version(version));
        }
        let mut header = message.within(tag::SEQUENCE)?;
        let id = natural(&mut header)? as i32;
        let max_size = natural(&mut header)?;
        let &[bits] = header.octets()? else { return Err(BerError::Size.into()) };
        let security_model = natural(&mut header)? as i32;
        header.end()?;
        if max_size < MIN_SIZE || security_model == 0 {
            return Err(BerError::Integer.into());
        }
        let parameters = message.octets()?;
        let rest = message.rest();
        let parameters_end = whole.len().saturating_sub(rest.len());
        let data = match message.any()? {
            (tag::SEQUENCE, _) => Data::Plain(rest),
            (tag::OCTET_STRING, content) => Data::Encrypted(content),
            (other, _) => return Err(BerError::Tag(other).into()),
        };
        message.end()?;
        let flags = Flags::of(bits);
        Ok(Self { whole, id, max_size, flags, security_model, parameters, parameters_end, data })
    }

    /// What USM says in the message.
    pub fn usm(&self) -> Result<UsmParameters<'a>, BerError> {
        UsmParameters::decode(self.parameters)
    }

    /// Whether the message carries the code that this key makes of it.
    #[must_use]
    pub fn is_authenticated_by(&self, key: &AuthKey, usm: &UsmParameters<'_>) -> bool {
        key.verify(self.whole, usm.auth_place(self.parameters_end))
    }

    /// The scoped PDU, with its header, of a message that is not encrypted.
    pub fn plain(&self) -> Result<&'a [u8], BerError> {
        match (self.flags.privacy, self.data) {
            (false, Data::Plain(octets)) => Ok(octets),
            (_, Data::Plain(_)) => Err(BerError::Tag(tag::SEQUENCE)),
            (_, Data::Encrypted(_)) => Err(BerError::Tag(tag::OCTET_STRING)),
        }
    }

    /// The scoped PDU of a message of the Transport Security Model, whatever its
    /// flags say: it is in the clear here, since the session has decrypted it. Such a
    /// message has no parameters (RFC 5591 §3.1.3).
    pub fn of_session(&self) -> Result<&'a [u8], BerError> {
        match (self.parameters, self.data) {
            ([], Data::Plain(octets)) => Ok(octets),
            (_, Data::Encrypted(_)) => Err(BerError::Tag(tag::OCTET_STRING)),
            _ => Err(BerError::Size),
        }
    }

    /// The scoped PDU of an encrypted message, decrypted into `room`. Behind it
    /// there may be padding.
    pub fn decrypt<'r>(
        &self,
        key: &PrivKey,
        usm: &UsmParameters<'_>,
        room: &'r mut Vec<u8>,
    ) -> Result<&'r [u8], DecryptionError> {
        let Data::Encrypted(octets) = self.data else { return Err(DecryptionError) };
        room.clear();
        room.extend_from_slice(octets);
        key.decrypt(usm.boots, usm.time, usm.salt, room)?;
        Ok(room)
    }
}

impl Flags {
    fn of(bits: u8) -> Self {
        Self { auth: bits & 1 != 0, privacy: bits & 2 != 0, reportable: bits & 4 != 0 }
    }

    pub(super) fn bits(self) -> u8 {
        u8::from(self.auth) | u8::from(self.privacy) << 1 | u8::from(self.reportable) << 2
    }

    /// The level, or `None` for privacy without authentication, which there is
    /// none of.
    pub fn level(self) -> Option<SecurityLevel> {
        match (self.auth, self.privacy) {
            (false, false) => Some(SecurityLevel::NoAuthNoPriv),
            (true, false) => Some(SecurityLevel::AuthNoPriv),
            (true, true) => Some(SecurityLevel::AuthPriv),
            (false, true) => None,
        }
    }
}

impl SecurityLevel {
    /// The name of RFC 3411, which net-snmp's tools take too.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoAuthNoPriv => "noAuthNoPriv",
            Self::AuthNoPriv => "authNoPriv",
            Self::AuthPriv => "authPriv",
        }
    }
}

impl std::str::FromStr for SecurityLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::NoAuthNoPriv, Self::AuthNoPriv, Self::AuthPriv]
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                let shown: String = text.chars().take(40).collect();
                format!("{shown:?} is none of noAuthNoPriv, authNoPriv and authPriv")
            })
    }
}

impl std::fmt::Display for SecurityLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
