//! A notification that was taken from somebody who may send it.

use std::{fmt, net::SocketAddr};

use lcms_snmp::{
    EngineId, OutMessage, PduKind, Version, message,
    notification::{Names, Notification},
    usm::Clock,
    v3::SecurityLevel,
};
use sha2::{Digest as _, Sha256};

use super::Kind;

/// What is known of it before the MIB has been asked.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What it says.
    pub notification: Notification,
    /// Where it came from.
    pub from: SocketAddr,
    /// The message's version.
    pub version: Version,
    /// Whether its sender waits.
    pub kind: Kind,
    /// The community's name in the configuration, or the user.
    pub sender: String,
    /// How a user's message was secured.
    pub level: Option<SecurityLevel>,
    /// The engine that a trap of version 3 is of, and its clock.
    pub engine: Option<(EngineId, Clock)>,
    /// contextName.
    pub context: Vec<u8>,
    /// Names the message.
    pub digest: Digest,
    /// Names an inform of version 3 by all its octets: one that somebody has caught is the
    /// same from wherever it is sent.
    pub whole: Option<Digest>,
    /// What goes back once it is stored.
    pub acknowledgement: Option<Vec<u8>>,
}

/// The name of a message: that of one that comes again, of the same origin and
/// sender, with the same request-id and content, is the same. Its port may be
/// another, and so may be the msgID, which every attempt has anew.
///
/// The origin is the host, and of a trap of version 3 the engine, whose word counts from
/// anywhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// Of a message's parts.
    pub fn new(
        notification: &Notification,
        (origin, sender): (&str, &str),
        (kind, request_id): (Kind, i32),
        names: &Names,
    ) -> Self {
        let content = message::encode(&OutMessage {
            version: Version::V2c,
            community: sender.as_bytes(),
            kind: match kind {
                Kind::Trap => PduKind::SnmpV2Trap,
                Kind::Inform => PduKind::InformRequest,
            },
            request_id,
            error_status: 0,
            error_index: 0,
            varbinds: &notification.varbinds(names),
        });
        Self::of(&[origin.as_bytes(), &[0], &content].concat())
    }

    /// Of octets.
    pub fn of(octets: &[u8]) -> Self {
        Self(Sha256::digest(octets).first_chunk().copied().unwrap_or_default())
    }

    /// What [`fmt::Display`] has written.
    pub fn parse(text: &str) -> Option<Self> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
        let octet = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let octets: Vec<u8> = pairs.iter().map(octet).collect::<Option<_>>()?;
        octets.try_into().ok().map(Self)
    }
}

impl Taken {
    /// All its names.
    pub fn names(&self) -> impl Iterator<Item = Digest> {
        [Some(self.digest), self.whole].into_iter().flatten()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
