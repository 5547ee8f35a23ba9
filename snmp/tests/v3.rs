//! Messages of version 3: both ways, and against rasn-snmp as the reference.
//!
//! Where only the reference reads a message, the reason is one of `reference.rs`,
//! or a number or size outside what RFC 3412 §6 and RFC 3414 §2.4 allow, which
//! the reference does not look at.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod model;

use lcms_snmp::{
    BerError, DecodeError, EngineId, Envelope, PduKind, ResponseWriter, VarBind, Version, message,
    usm::{AuthKey, AuthProtocol, Clock, Key, PrivKey, PrivProtocol},
    v3::{self, OutPdu, ScopedPdu, SecurityLevel, TSM, USM, V3Head, V3Message},
};
use model::Mutation;
use proptest::prelude::*;
use rasn_snmp::v3 as reference;

/// A message as plain values.
#[derive(Clone, Debug)]
struct Model {
    id: i32,
    max_size: u32,
    reportable: bool,
    engine_id: Vec<u8>,
    clock: Clock,
    user: Vec<u8>,
    auth: Option<AuthKey>,
    privacy: Option<PrivKey>,
    salt: [u8; 8],
    context_engine_id: Vec<u8>,
    context_name: Vec<u8>,
    pdu: (PduKind, [i32; 3]),
    varbinds: Vec<VarBind<'static>>,
}

const NATURAL: i32 = i32::MAX;

impl Model {
    fn any() -> impl Strategy<Value = Self> {
        let octets = |most| prop::collection::vec(any::<u8>(), 0..=most);
        let outside = (0..=NATURAL, 484..=NATURAL as u32, any::<bool>(), octets(32), octets(32));
        let clock = (0..=NATURAL as u32, 0..=NATURAL as u32);
        let keys = (
            prop::option::of(prop::sample::select(AuthProtocol::ALL.to_vec())),
            prop::option::of(prop::sample::select(PrivProtocol::ALL.to_vec())),
            any::<[u8; 64]>(),
            any::<[u8; 8]>(),
        );
        let kinds = vec![
            PduKind::GetRequest,
            PduKind::GetNextRequest,
            PduKind::GetBulkRequest,
            PduKind::Response,
            PduKind::SetRequest,
            PduKind::InformRequest,
            PduKind::SnmpV2Trap,
            PduKind::Report,
        ];
        // What the reference can express: no negative error-status.
        let pdu = (prop::sample::select(kinds), any::<i32>(), 0..19_i32, 0..=NATURAL);
        let varbind = (model::oid_any(), model::value(Version::V3))
            .prop_map(|(name, value)| VarBind { name, value });
        let inside = (octets(32), octets(32), pdu, prop::collection::vec(varbind, 0..8));
        (outside, clock, keys, inside).prop_map(|(outside, clock, keys, inside)| {
            let (id, max_size, reportable, engine_id, user) = outside;
            let (boots, time) = clock;
            let (auth, privacy, key, salt) = keys;
            let (context_engine_id, context_name, (kind, request, status, index), varbinds) =
                inside;
            let auth = auth.map(|protocol| {
                AuthKey::new(protocol, Key::new(&key[..protocol.key_len()]).unwrap()).unwrap()
            });
            let privacy = privacy.filter(|_| auth.is_some()).map(|protocol| {
                PrivKey::new(protocol, Key::new(&key[..protocol.key_len()]).unwrap()).unwrap()
            });
            Self {
                id,
                max_size,
                reportable,
                engine_id,
                clock: Clock { boots, time },
                user,
                auth,
                privacy,
                salt,
                context_engine_id,
                context_name,
                pdu: (kind, [request, status, index]),
                varbinds,
            }
        })
    }

    fn head(&self) -> V3Head<'_> {
        V3Head {
            id: self.id,
            max_size: self.max_size,
            reportable: self.reportable,
            engine_id: &self.engine_id,
            clock: self.clock,
            user: &self.user,
            auth: self.auth.as_ref(),
            privacy: self.privacy.as_ref().map(|key| (key, self.salt)),
            transport: None,
            context_engine_id: &self.context_engine_id,
            context_name: &self.context_name,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let (kind, [request_id, error_status, error_index]) = self.pdu;
        let varbinds = &self.varbinds;
        v3::encode(&self.head(), &OutPdu { kind, request_id, error_status, error_index, varbinds })
    }
}

/// What the header and the security parameters say.
type Outside = (i32, u32, u8, i32, Vec<u8>, (u32, u32), Vec<u8>, Vec<u8>);
/// Contexts and PDU, the latter encoded again.
type Inside = (Vec<u8>, Vec<u8>, Vec<u8>);

fn ours(octets: &[u8]) -> Result<(Outside, Option<Inside>), DecodeError> {
    let Envelope::V3(whole) = message::open(octets)? else {
        return Err(DecodeError::Version(0));
    };
    let message = V3Message::decode(whole)?;
    let usm = message.usm()?;
    let flags = u8::from(message.flags.auth)
        | u8::from(message.flags.privacy) << 1
        | u8::from(message.flags.reportable) << 2;
    let outside = (
        message.id,
        message.max_size,
        flags,
        message.security_model,
        usm.engine_id.to_vec(),
        (usm.boots, usm.time),
        usm.user.to_vec(),
        usm.salt.to_vec(),
    );
    if message.flags.privacy {
        return Ok((outside, None));
    }
    let scoped = ScopedPdu::decode(message.plain()?, false)?;
    let pdu = scoped.pdu;
    let varbinds = pdu.varbinds.to_vec();
    let empty = V3Head {
        id: 0,
        max_size: 484,
        reportable: false,
        engine_id: &[],
        clock: Clock::default(),
        user: &[],
        auth: None,
        privacy: None,
        transport: None,
        context_engine_id: &[],
        context_name: &[],
    };
    let again = v3::encode(
        &empty,
        &OutPdu {
            kind: pdu.kind,
            request_id: pdu.request_id,
            error_status: pdu.error_status,
            error_index: pdu.error_index,
            varbinds: &varbinds,
        },
    );
    let again: reference::Message = rasn::ber::decode(&again).map_err(|_| {
        // What the reference does not read is no comparison.
        DecodeError::Version(-1)
    })?;
    let reference::ScopedPduData::CleartextPdu(again) = again.scoped_data else { unreachable!() };
    let data = rasn::ber::encode(&again.data).unwrap();
    let contexts = (scoped.context_engine_id.to_vec(), scoped.context_name.to_vec());
    Ok((outside, Some((contexts.0, contexts.1, data))))
}

fn of_reference(octets: &[u8]) -> Option<(Outside, Option<Inside>)> {
    let (message, _) = rasn::ber::decode_with_remainder::<reference::Message>(octets).ok()?;
    let usm: reference::USMSecurityParameters =
        rasn::ber::decode(&message.security_parameters).ok()?;
    let header = message.global_data;
    if message.version != 3.into() {
        return None;
    }
    let [bits] = *header.flags else { return None };
    let outside = (
        i32::try_from(&header.message_id).ok()?,
        u32::try_from(&header.max_size).ok()?,
        bits & 7,
        i32::try_from(&header.security_model).ok()?,
        usm.authoritative_engine_id.to_vec(),
        (
            u32::try_from(&usm.authoritative_engine_boots).ok()?,
            u32::try_from(&usm.authoritative_engine_time).ok()?,
        ),
        usm.user_name.to_vec(),
        usm.privacy_parameters.to_vec(),
    );
    match (bits & 2 != 0, message.scoped_data) {
        (true, _) => Some((outside, None)),
        (false, reference::ScopedPduData::CleartextPdu(scoped)) => {
            let data = rasn::ber::encode(&scoped.data).ok()?;
            Some((outside, Some((scoped.engine_id.to_vec(), scoped.name.to_vec(), data))))
        }
        (false, reference::ScopedPduData::EncryptedPdu(_)) => None,
    }
}

proptest! {
    #[test]
    fn what_is_encoded_decodes(model in Model::any()) {
        let octets = model.encode();
        let Ok(Envelope::V3(whole)) = message::open(&octets) else { panic!("{octets:02x?}") };
        let message = V3Message::decode(whole).unwrap();
        let usm = message.usm().unwrap();
        prop_assert_eq!(message.flags.level(), Some(model.head().level()));
        prop_assert_eq!(
            (message.id, message.max_size, message.flags.reportable, message.security_model),
            (model.id, model.max_size, model.reportable, USM)
        );
        prop_assert_eq!((usm.engine_id, usm.user), (&model.engine_id[..], &model.user[..]));
        prop_assert_eq!(Clock { boots: usm.boots, time: usm.time }, model.clock);
        if let Some(key) = &model.auth {
            prop_assert!(message.is_authenticated_by(key, &usm));
            // Any other octet anywhere breaks it.
            let at = usize::from(model.salt[0]) % octets.len();
            let mut other = octets.clone();
            other[at] ^= 1 << (model.salt[1] % 8);
            if let Ok(message) = V3Message::decode(&other)
                && let Ok(usm) = message.usm()
            {
                prop_assert!(!message.is_authenticated_by(key, &usm));
            }
        }
        let mut room = Vec::new();
        let (octets, padded) = match &model.privacy {
            Some(key) => (message.decrypt(key, &usm, &mut room).unwrap(), true),
            None => (message.plain().unwrap(), false),
        };
        let scoped = ScopedPdu::decode(octets, padded).unwrap();
        prop_assert_eq!(scoped.context_engine_id, &model.context_engine_id[..]);
        prop_assert_eq!(scoped.context_name, &model.context_name[..]);
        let pdu = scoped.pdu;
        let head = (pdu.kind, [pdu.request_id, pdu.error_status, pdu.error_index]);
        prop_assert_eq!(head, model.pdu);
        prop_assert_eq!(pdu.varbinds.to_vec(), model.varbinds);
    }

    #[test]
    fn both_read_and_write_the_same(model in Model::any()) {
        let octets = model.encode();
        let ours = ours(&octets).unwrap();
        prop_assert_eq!(Some(ours), of_reference(&octets));
        let whole: reference::Message = rasn::ber::decode(&octets).unwrap();
        prop_assert_eq!(rasn::ber::encode(&whole).unwrap(), octets);
    }

    /// The room for a PDU is all there is and no more, so GETBULK fills a message
    /// to its limit.
    #[test]
    fn room_is_counted_exactly(model in Model::any(), max_size in 100..3000_usize) {
        let head = model.head();
        let room = head.pdu_room(max_size);
        if room > 0 {
            prop_assert!(head.message_len(room) <= max_size);
            // One more octet makes it too long, or a length that would be written
            // longer is in the way.
            prop_assert!(head.message_len(room + 9) > max_size);
        }
    }

    #[test]
    fn a_response_is_never_longer_than_its_limit(
        model in Model::any(),
        max_size in 0..1500_usize,
        refused in any::<bool>(),
    ) {
        let request = model.encode();
        let message = V3Message::decode(&request).unwrap();
        let usm = message.usm().unwrap();
        let mut room = Vec::new();
        let scoped = match &model.privacy {
            Some(key) => message.decrypt(key, &usm, &mut room).unwrap(),
            None => message.plain().unwrap(),
        };
        let scoped = ScopedPdu::decode(scoped, true).unwrap();
        let head = V3Head { reportable: false, ..model.head() };
        let mut out = Vec::new();
        let mut writer = ResponseWriter::v3(&mut out, &head, &scoped.pdu, max_size);
        for varbind in &model.varbinds {
            writer.push(&varbind.name, &varbind.value);
        }
        let size = writer.size();
        let written = match refused {
            true => writer.refuse(lcms_snmp::ErrorStatus::GenErr, 1),
            false => writer.finish(),
        };
        if let Some(written) = written {
            prop_assert!(written.len() <= max_size);
            prop_assert!(refused || written.len() == size);
            let message = V3Message::decode(written).unwrap();
            let usm = message.usm().unwrap();
            prop_assert!(model.auth.as_ref().is_none_or(|key| message.is_authenticated_by(key, &usm)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_damaged_message_is_read_alike_or_differs_deliberately(
        model in Model::any(),
        mutations in prop::collection::vec(Mutation::any(), 1..4),
    ) {
        let mut octets = model.encode();
        mutations.iter().for_each(|mutation| mutation.apply(&mut octets));
        match (ours(&octets), of_reference(&octets)) {
            (Ok(ours), Some(reference)) => prop_assert_eq!(ours, reference),
            (Ok(_), None) | (Err(_), None) => {}
            (Err(refusal), Some(reference)) => {
                prop_assert!(we_refuse(refusal), "{octets:02x?}: {refusal}, {reference:?}");
            }
        }
    }
}

/// Whether only the reference may have read what we refuse so.
fn we_refuse(refusal: DecodeError) -> bool {
    match refusal {
        DecodeError::Ber(BerError::Tag(tag)) | DecodeError::PduKind(tag) => {
            tag & 0x20 != 0 || tag & 0x1f == 0x1f
        }
        DecodeError::Ber(error) => matches!(
            error,
            BerError::Indefinite
                | BerError::LongLength
                | BerError::Oid
                | BerError::Integer
                | BerError::Size
        ),
        // What only we read cannot be written for the comparison.
        DecodeError::Version(-1) => true,
        DecodeError::Version(_) | DecodeError::NotInV1 => false,
    }
}

fn plain() -> Model {
    Model {
        id: 5,
        max_size: 1500,
        reportable: true,
        engine_id: vec![0x80, 0, 0, 0, 1],
        clock: Clock { boots: 3, time: 4 },
        user: b"u".to_vec(),
        auth: None,
        privacy: None,
        salt: [0; 8],
        context_engine_id: Vec::new(),
        context_name: Vec::new(),
        pdu: (PduKind::GetRequest, [9, 0, 0]),
        varbinds: Vec::new(),
    }
}

#[test]
fn what_rfc_3412_does_not_allow_is_refused() {
    let octets = plain().encode();
    assert!(V3Message::decode(&octets).is_ok());
    // `30 xx 02 01 03 30 0e 02 01 05 02 02 05 dc 04 01 04 02 01 03 …`
    let with = |at: usize, octet: u8| {
        let mut octets = octets.clone();
        octets[at] = octet;
        V3Message::decode(&octets).map(|_| ())
    };
    let ber = |error| Err(DecodeError::Ber(error));
    assert_eq!(with(4, 1), Err(DecodeError::Version(1)));
    assert_eq!(with(9, 0xff), ber(BerError::Integer), "a negative msgID");
    assert_eq!(with(12, 1), ber(BerError::Integer), "msgMaxSize below 484");
    assert_eq!(with(12, 0x85), ber(BerError::Integer), "a negative msgMaxSize");
    assert_eq!(with(15, 0), ber(BerError::Size), "msgFlags of no octets");
    assert_eq!(with(19, 0), ber(BerError::Integer), "msgSecurityModel 0");
    assert_eq!(with(19, 0x80), ber(BerError::Integer), "a negative msgSecurityModel");
    assert_eq!(with(16, 0xfc), Ok(()), "bits that mean nothing");
}

#[test]
fn a_user_name_of_more_than_32_octets_is_refused() {
    for (len, good) in [(32, true), (33, false)] {
        let octets = Model { user: vec![b'x'; len], ..plain() }.encode();
        assert_eq!(V3Message::decode(&octets).unwrap().usm().is_ok(), good);
    }
}

#[test]
fn the_flags_and_the_data_have_to_agree() {
    let mut other = plain().encode();
    other[16] |= 3;
    let message = V3Message::decode(&other).unwrap();
    assert_eq!(message.flags.level(), Some(SecurityLevel::AuthPriv));
    assert!(message.plain().is_err());
    other[16] = 2;
    assert_eq!(V3Message::decode(&other).unwrap().flags.level(), None);
}

#[test]
fn a_report_says_one_thing() {
    let model = plain();
    let mut out = Vec::new();
    let octets = v3::report(&mut out, &model.head(), 484, 17, (&[1, 3, 6, 1], 99)).unwrap();
    let message = V3Message::decode(octets).unwrap();
    let scoped = ScopedPdu::decode(message.plain().unwrap(), false).unwrap();
    assert_eq!((scoped.pdu.kind, scoped.pdu.request_id), (PduKind::Report, 17));
    assert_eq!(scoped.pdu.varbinds.len(), 1);
    assert!(v3::report(&mut out, &model.head(), 60, 17, (&[1, 3, 6, 1], 99)).is_none());
}

/// What net-snmp 5.9.3 sends in a session to ask for an engine's name.
const OF_SESSION: [u8; 69] = [
    0x30, 0x43, 0x02, 0x01, 0x03, 0x30, 0x11, 0x02, 0x04, 0x51, 0xd8, 0x02, 0xca, 0x02, 0x03, 0x00,
    0xff, 0xe3, 0x04, 0x01, 0x04, 0x02, 0x01, 0x04, 0x04, 0x00, 0x30, 0x29, 0x04, 0x05, 0x80, 0x00,
    0x00, 0x00, 0x06, 0x04, 0x00, 0xa0, 0x1e, 0x02, 0x04, 0x59, 0x77, 0xed, 0xf8, 0x02, 0x01, 0x00,
    0x02, 0x01, 0x00, 0x30, 0x10, 0x30, 0x0e, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x06, 0x03, 0x0a, 0x02,
    0x01, 0x01, 0x00, 0x05, 0x00,
];

/// A message that its session secures (RFC 5591) is written to what was read, and to
/// what net-snmp writes.
#[test]
fn a_message_of_a_session_has_no_parameters() {
    let message = V3Message::decode(&OF_SESSION).unwrap();
    assert_eq!((message.security_model, message.max_size), (TSM, 65_507));
    assert!(message.usm().is_err() && message.plain().is_ok());
    let scoped = ScopedPdu::decode(message.of_session().unwrap(), false).unwrap();
    assert_eq!(scoped.context_engine_id, EngineId::LOCAL);
    let varbinds = scoped.pdu.varbinds.to_vec();
    for level in [SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthNoPriv, SecurityLevel::AuthPriv] {
        let key = AuthKey::new(AuthProtocol::Sha256, Key::new(&[7; 32]).unwrap()).unwrap();
        let head = V3Head {
            transport: Some(level),
            // Of USM nothing is said.
            user: b"ann",
            engine_id: b"an engine",
            auth: Some(&key),
            context_engine_id: scoped.context_engine_id,
            ..V3Head::unknown(message.id, message.max_size)
        };
        let pdu = OutPdu {
            kind: scoped.pdu.kind,
            request_id: scoped.pdu.request_id,
            error_status: 0,
            error_index: 0,
            varbinds: &varbinds,
        };
        let written = v3::encode(&head, &pdu);
        assert_eq!(written.len(), OF_SESSION.len());
        let again = V3Message::decode(&written).unwrap();
        assert_eq!((again.flags.level(), again.security_model), (Some(level), TSM));
        assert_eq!(again.of_session().unwrap(), message.of_session().unwrap());
        if level == SecurityLevel::NoAuthNoPriv {
            assert_eq!(written, OF_SESSION);
        }
    }
}
