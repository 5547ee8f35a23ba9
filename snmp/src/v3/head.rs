//! What stands around a PDU that is sent: everything but the PDU is known
//! before, so its length is.

use super::{
    Flags, SecurityLevel,
    message::{TSM, USM},
};
use crate::{
    PduKind, Value, VarBind, Version,
    ber::{Front, element_len, integer_len, tag},
    usm::{AuthKey, Clock, PrivKey},
    writer::{PduWriter, content_room},
};

/// A message of version 3 to be sent, but for its PDU.
#[derive(Clone, Copy, Debug)]
pub struct V3Head<'a> {
    /// msgID.
    pub id: i32,
    /// msgMaxSize: the longest message we take.
    pub max_size: u32,
    /// Whether we wait for an answer.
    pub reportable: bool,
    /// msgAuthoritativeEngineID; empty where it is asked for.
    pub engine_id: &'a [u8],
    /// Its boots and time.
    pub clock: Clock,
    /// msgUserName.
    pub user: &'a [u8],
    /// The key to sign with, if the message is to be signed.
    pub auth: Option<&'a AuthKey>,
    /// The key to encrypt with, if it is to be encrypted, which is for signed
    /// messages alone; and a salt that was never used with it.
    pub privacy: Option<(&'a PrivKey, [u8; 8])>,
    /// The level of a message that the session it is sent in secures (RFC 5591): it is
    /// of the Transport Security Model then, and carries nothing of USM.
    pub transport: Option<SecurityLevel>,
    /// contextEngineID.
    pub context_engine_id: &'a [u8],
    /// contextName.
    pub context_name: &'a [u8],
}

impl<'a> V3Head<'a> {
    /// Of a message to an engine whose name is not known (RFC 3414 §4): nobody
    /// signs it, and it is about nothing.
    pub fn unknown(id: i32, max_size: u32) -> Self {
        Self {
            id,
            max_size,
            reportable: true,
            engine_id: &[],
            clock: Clock::default(),
            user: &[],
            auth: None,
            privacy: None,
            transport: None,
            context_engine_id: &[],
            context_name: &[],
        }
    }

    /// How the message is secured.
    pub fn level(&self) -> SecurityLevel {
        match (self.transport, self.auth(), self.privacy) {
            (Some(level), ..) => level,
            (None, None, _) => SecurityLevel::NoAuthNoPriv,
            (None, Some(_), None) => SecurityLevel::AuthNoPriv,
            (None, Some(_), Some(_)) => SecurityLevel::AuthPriv,
        }
    }

    /// msgSecurityModel.
    fn model(&self) -> i32 {
        self.transport.map_or(USM, |_| TSM)
    }

    fn auth(&self) -> Option<&'a AuthKey> {
        self.auth.filter(|_| self.transport.is_none())
    }

    fn privacy(&self) -> Option<(&'a PrivKey, [u8; 8])> {
        self.auth().and(self.privacy)
    }

    /// The octets of the whole message with a PDU of so many.
    pub fn message_len(&self, pdu: usize) -> usize {
        let scoped = element_len(self.contexts_len().saturating_add(pdu));
        let data = match self.privacy() {
            Some((key, _)) => element_len(scoped.next_multiple_of(key.protocol().block_len())),
            None => scoped,
        };
        element_len(self.outside_len().saturating_add(data))
    }

    /// The octets of the longest PDU with which the message is no longer than
    /// this.
    pub fn pdu_room(&self, max_size: usize) -> usize {
        let room = || {
            let data = content_room(max_size)?.checked_sub(self.outside_len())?;
            let scoped = match self.privacy() {
                Some((key, _)) => {
                    let encrypted = content_room(data)?;
                    encrypted - encrypted % key.protocol().block_len()
                }
                None => data,
            };
            content_room(scoped)?.checked_sub(self.contexts_len())
        };
        room().unwrap_or(0)
    }

    /// The octets that have to be free in front of the PDU.
    pub(crate) fn head_room(&self) -> usize {
        // Three headers around the PDU, of six octets at most.
        self.outside_len() + self.contexts_len() + 18
    }

    fn contexts_len(&self) -> usize {
        element_len(self.context_engine_id.len()) + element_len(self.context_name.len())
    }

    /// Version, header and security parameters.
    fn outside_len(&self) -> usize {
        let header = natural_len(self.id as u32)
            + natural_len(self.max_size)
            + element_len(1)
            + integer_len(self.model());
        let parameters = match self.transport {
            Some(_) => 0,
            None => element_len(self.usm_len()),
        };
        integer_len(3) + element_len(header) + element_len(parameters)
    }

    fn usm_len(&self) -> usize {
        element_len(self.engine_id.len())
            + natural_len(self.clock.boots)
            + natural_len(self.clock.time)
            + element_len(self.user.len())
            + element_len(self.auth().map_or(0, |key| key.protocol().mac_len()))
            + element_len(self.privacy().map_or(0, |(_, salt)| salt.len()))
    }

    /// Makes a message of a PDU: encrypts it, puts everything in front, and signs
    /// the whole.
    pub fn close(&self, front: &mut Front<'_>) {
        front.element(tag::OCTET_STRING, self.context_name);
        front.element(tag::OCTET_STRING, self.context_engine_id);
        front.wrap(tag::SEQUENCE);
        if let Some((key, salt)) = self.privacy() {
            front.pad_to_multiple_of(key.protocol().block_len());
            let Clock { boots, time } = self.clock;
            key.encrypt(boots, time, salt, front.as_octets_mut());
            front.wrap(tag::OCTET_STRING);
        }
        let data = front.as_octets().len();
        let behind = match self.transport {
            // RFC 5591 §3.1.3: what the session has seen to is not said again.
            Some(_) => data,
            None => self.usm(front),
        };
        front.wrap_from(tag::OCTET_STRING, data);
        let parameters = front.as_octets().len();

        let level = self.level();
        let flags = Flags {
            auth: level >= SecurityLevel::AuthNoPriv,
            privacy: level == SecurityLevel::AuthPriv,
            reportable: self.reportable,
        };
        front.integer(self.model());
        front.element(tag::OCTET_STRING, &[flags.bits()]);
        front.integer(self.max_size as i32);
        front.integer(self.id);
        front.wrap_from(tag::SEQUENCE, parameters);
        front.integer(Version::V3.number());
        front.wrap(tag::SEQUENCE);

        if let Some(key) = self.auth() {
            let whole = front.as_octets_mut();
            let end = whole.len().saturating_sub(behind);
            let code_len = key.protocol().mac_len();
            key.sign(whole, end.saturating_sub(code_len)..end);
        }
    }

    /// Puts the parameters of USM in front; how much is behind the place for the
    /// message authentication code.
    fn usm(&self, front: &mut Front<'_>) -> usize {
        let data = front.as_octets().len();
        let privacy = self.privacy();
        let salt = privacy.as_ref().map_or(&[][..], |(_, salt)| salt);
        front.element(tag::OCTET_STRING, salt);
        let behind = front.as_octets().len();
        let code = [0; 64];
        let code_len = self.auth().map_or(0, |key| key.protocol().mac_len());
        front.element(tag::OCTET_STRING, code.get(..code_len).unwrap_or_default());
        front.element(tag::OCTET_STRING, self.user);
        front.integer(self.clock.time as i32);
        front.integer(self.clock.boots as i32);
        front.element(tag::OCTET_STRING, self.engine_id);
        front.wrap_from(tag::SEQUENCE, data);
        behind
    }
}

/// The octets of an INTEGER (0..2147483647).
fn natural_len(number: u32) -> usize {
    integer_len(number as i32)
}

/// Writes a report: the one variable that says what was wrong with a request
/// (RFC 3412 §7.1 (3)). `None` where not even that fits.
pub fn report<'b>(
    out: &'b mut Vec<u8>,
    head: &V3Head<'_>,
    max_size: usize,
    request_id: i32,
    (name, count): (&[u32], u32),
) -> Option<&'b [u8]> {
    let (room, kind) = (head.pdu_room(max_size), PduKind::Report);
    let mut pdu = PduWriter::new(out, head.head_room(), room, kind, request_id);
    if !pdu.push(name, &Value::Counter32(count)) {
        return None;
    }
    let mut front = pdu.finish(0, 0);
    head.close(&mut front);
    Some(front.finish())
}

/// A PDU to be sent; its fields are as in [`crate::OutMessage`].
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "as in OutMessage")]
pub struct OutPdu<'a> {
    pub kind: PduKind,
    pub request_id: i32,
    pub error_status: i32,
    pub error_index: i32,
    pub varbinds: &'a [VarBind<'a>],
}

/// The question for an engine's name, boots and time, which its report answers.
pub fn discovery(id: i32, max_size: u32) -> Vec<u8> {
    let nothing = OutPdu {
        kind: PduKind::GetRequest,
        request_id: id,
        error_status: 0,
        error_index: 0,
        varbinds: &[],
    };
    encode(&V3Head::unknown(id, max_size), &nothing)
}

/// Encodes a message, for those who send now and then.
pub fn encode(head: &V3Head<'_>, pdu: &OutPdu<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let (room, id) = (head.head_room(), pdu.request_id);
    let mut writer = PduWriter::new(&mut out, room, usize::MAX, pdu.kind, id);
    for VarBind { name, value } in pdu.varbinds {
        writer.push(name, value);
    }
    let mut front = writer.finish(pdu.error_status, pdu.error_index);
    head.close(&mut front);
    front.into_whole();
    out
}
