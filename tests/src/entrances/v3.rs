//! Messages of version 3, outside and inside.

use std::sync::LazyLock;

use lcms_snmp::{
    EngineId, Oid, PduKind, Value, VarBind,
    usm::{AuthKey, AuthProtocol, Clock, Key, PrivKey, PrivProtocol},
    v3::{self, OutPdu, ScopedPdu, SecurityLevel, TSM, V3Head, V3Message},
};

/// Reads a message as far as one can without keys, and with keys that are not its
/// sender's. What decodes has its parts within the limits of RFC 3412 and 3414; no
/// code fits that was not made with the key; and nothing decrypts into more than
/// came.
pub fn v3_message(octets: &[u8]) {
    let Ok(message) = V3Message::decode(octets) else { return };
    assert!(message.id >= 0 && message.max_size >= 484 && message.security_model > 0);
    if let Ok(octets) = message.of_session() {
        of_session(&message, octets);
    }
    let Ok(usm) = message.usm() else { return };
    assert!(usm.user.len() <= 32);
    assert!(usm.boots <= i32::MAX as u32 && usm.time <= i32::MAX as u32);
    if let Ok(plain) = message.plain() {
        assert!(!message.flags.privacy);
        scoped_pdu(plain);
    }
    for (auth, privacy) in KEYS.iter() {
        let mine = message.is_authenticated_by(auth, &usm);
        // The seeds are signed with these keys; a code for anything else would have
        // to be guessed.
        assert!(!mine || usm.user == USER);
        let mut room = Vec::new();
        if let Ok(plain) = message.decrypt(privacy, &usm, &mut room) {
            assert!(plain.len() <= octets.len());
            let _ = ScopedPdu::decode(plain, true);
        }
    }
    if message.flags.level() != Some(SecurityLevel::NoAuthNoPriv) {
        return;
    }
    // What was read is written to what reads the same.
    let Ok(Ok(scoped)) = message.plain().map(|plain| ScopedPdu::decode(plain, false)) else {
        return;
    };
    let varbinds = scoped.pdu.varbinds.to_vec();
    let head = V3Head {
        id: message.id,
        max_size: message.max_size,
        reportable: message.flags.reportable,
        engine_id: usm.engine_id,
        clock: Clock { boots: usm.boots, time: usm.time },
        user: usm.user,
        auth: None,
        privacy: None,
        transport: None,
        context_engine_id: scoped.context_engine_id,
        context_name: scoped.context_name,
    };
    let again = v3::encode(&head, &out(&scoped, &varbinds));
    let same = V3Message::decode(&again).expect("what was written is read");
    assert_eq!(
        (same.id, same.max_size, same.flags.level(), same.flags.reportable),
        (message.id, message.max_size, message.flags.level(), message.flags.reportable)
    );
    let same_usm = same.usm().expect("with its parameters");
    assert_eq!(
        (same_usm.engine_id, same_usm.boots, same_usm.time, same_usm.user),
        (usm.engine_id, usm.boots, usm.time, usm.user)
    );
    let plain = same.plain().expect("and its data");
    assert_same(&scoped, &ScopedPdu::decode(plain, false).expect("and its PDU"));
}

/// What a session secures is written to what reads the same.
fn of_session(message: &V3Message<'_>, octets: &[u8]) {
    scoped_pdu(octets);
    let Ok(scoped) = ScopedPdu::decode(octets, false) else { return };
    let Some(level) = message.flags.level() else { return };
    let varbinds = scoped.pdu.varbinds.to_vec();
    let head = V3Head {
        reportable: message.flags.reportable,
        transport: Some(level),
        context_engine_id: scoped.context_engine_id,
        context_name: scoped.context_name,
        ..V3Head::unknown(message.id, message.max_size)
    };
    let again = v3::encode(&head, &out(&scoped, &varbinds));
    let same = V3Message::decode(&again).expect("what was written is read");
    assert_eq!((same.security_model, same.flags), (TSM, message.flags));
    let octets = same.of_session().expect("with no parameters");
    assert_same(&scoped, &ScopedPdu::decode(octets, false).expect("and its PDU"));
}

/// Reads a scoped PDU. Padding behind it is borne where it was encrypted, and
/// changes nothing.
pub fn scoped_pdu(octets: &[u8]) {
    let whole = ScopedPdu::decode(octets, false);
    let padded = ScopedPdu::decode(octets, true);
    if let Ok(whole) = &whole {
        assert_same(whole, padded.as_ref().expect("less is asked of it"));
    }
    let Ok(scoped) = padded else { return };
    let more = [octets, &[0; 7]].concat();
    assert_same(&scoped, &ScopedPdu::decode(&more, true).expect("padding is borne"));
    assert_eq!(scoped.pdu.varbinds.to_vec().len(), scoped.pdu.varbinds.len());
}

fn assert_same(one: &ScopedPdu<'_>, other: &ScopedPdu<'_>) {
    assert_eq!(one.context_engine_id, other.context_engine_id);
    assert_eq!(one.context_name, other.context_name);
    let head = |scoped: &ScopedPdu<'_>| {
        let pdu = &scoped.pdu;
        (pdu.kind, pdu.request_id, pdu.error_status, pdu.error_index)
    };
    assert_eq!(head(one), head(other));
    assert_eq!(one.pdu.varbinds.to_vec(), other.pdu.varbinds.to_vec());
}

fn out<'a>(scoped: &ScopedPdu<'_>, varbinds: &'a [VarBind<'a>]) -> OutPdu<'a> {
    OutPdu {
        kind: scoped.pdu.kind,
        request_id: scoped.pdu.request_id,
        error_status: scoped.pdu.error_status,
        error_index: scoped.pdu.error_index,
        varbinds,
    }
}

const USER: &[u8] = b"ann";

/// A key of each pair of protocols.
static KEYS: LazyLock<Vec<(AuthKey, PrivKey)>> = LazyLock::new(|| {
    let pairs = AuthProtocol::ALL.into_iter().zip(PrivProtocol::ALL);
    let key = |len| Key::new(&vec![7; len]).unwrap();
    pairs
        .map(|(auth, privacy)| {
            let auth_key = AuthKey::new(auth, key(auth.key_len())).unwrap();
            (auth_key, PrivKey::new(privacy, key(privacy.key_len())).unwrap())
        })
        .collect()
});

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let engine = super::station::engine_id();
    let head = V3Head {
        id: 4711,
        max_size: 1472,
        reportable: true,
        engine_id: engine.as_octets(),
        clock: Clock { boots: 3, time: 0 },
        user: USER,
        auth: None,
        privacy: None,
        transport: None,
        context_engine_id: engine.as_octets(),
        context_name: b"",
    };
    let name = "1.3.6.1.2.1.1.3.0".parse::<Oid>().unwrap();
    let varbinds = [VarBind { name, value: Value::Null }];
    let pdu = |kind| OutPdu {
        kind,
        request_id: 17,
        error_status: 0,
        error_index: 0,
        varbinds: &varbinds,
    };
    let discovery = V3Head { engine_id: b"", user: b"", context_engine_id: b"", ..head };
    let mut seeds = vec![
        v3::encode(&discovery, &OutPdu { varbinds: &[], ..pdu(PduKind::GetRequest) }),
        v3::encode(&head, &pdu(PduKind::GetBulkRequest)),
        v3::encode(&head, &pdu(PduKind::Report)),
    ];
    for level in [SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthPriv] {
        for context_engine_id in [engine.as_octets(), EngineId::LOCAL] {
            let session = V3Head { transport: Some(level), context_engine_id, ..discovery };
            seeds.push(v3::encode(&session, &pdu(PduKind::GetRequest)));
        }
    }
    for (auth, privacy) in KEYS.iter() {
        let signed = V3Head { auth: Some(auth), ..head };
        seeds.push(v3::encode(&signed, &pdu(PduKind::GetRequest)));
        let encrypted = V3Head { privacy: Some((privacy, [1; 8])), ..signed };
        seeds.push(v3::encode(&encrypted, &pdu(PduKind::SetRequest)));
    }
    seeds
}

pub(super) fn scoped_seeds() -> Vec<Vec<u8>> {
    let plain = |seed: &Vec<u8>| {
        let message = V3Message::decode(seed).unwrap();
        message.plain().map(<[u8]>::to_vec).ok()
    };
    seeds().iter().filter_map(plain).collect()
}
