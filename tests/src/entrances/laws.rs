//! What an agent's reply owes its request (RFC 3416 §4.2).

use lcms_snmp::{ErrorStatus, Message, Oid, PduKind, Value, VarBind, Version};

/// Asserts it.
pub(super) fn assert_answers(reply: &Message<'_>, request: &Message<'_>) {
    assert_eq!(reply.pdu.kind, PduKind::Response);
    assert_eq!(reply.pdu.request_id, request.pdu.request_id);
    assert_eq!(reply.version, request.version);
    assert_eq!(reply.community, request.community);
    let asked: Vec<Oid> = request.pdu.varbinds.names().map(|name| name.to_oid()).collect();
    let got = reply.pdu.varbinds.to_vec();
    let names = || got.iter().map(|varbind| &varbind.name);
    let status = ErrorStatus::from_number(reply.pdu.error_status).expect("a status of the RFCs");
    if status != ErrorStatus::NoError {
        let index = usize::try_from(reply.pdu.error_index).expect("never negative");
        assert!(index <= asked.len(), "{index} of {}", asked.len());
        if status == ErrorStatus::TooBig && request.version == Version::V2c {
            assert!(got.is_empty() && index == 0);
        } else {
            assert_eq!(got, request.pdu.varbinds.to_vec(), "a refusal repeats the request");
        }
        return;
    }
    assert_eq!(reply.pdu.error_index, 0);
    match request.pdu.kind {
        PduKind::GetRequest => assert!(names().eq(&asked)),
        PduKind::SetRequest => assert_eq!(got, request.pdu.varbinds.to_vec()),
        PduKind::GetNextRequest => {
            assert_eq!(got.len(), asked.len());
            got.iter().zip(&asked).for_each(|(got, asked)| assert_follows(got, asked));
        }
        PduKind::GetBulkRequest => assert_bulk(request, &asked, &got),
        kind => panic!("{kind:?} was answered"),
    }
}

fn assert_follows(got: &VarBind<'_>, before: &Oid) {
    match got.value {
        Value::EndOfMibView => assert_eq!(got.name, *before),
        _ => assert!(got.name > *before, "{} after {before}", got.name),
    }
}

fn assert_bulk(request: &Message<'_>, asked: &[Oid], got: &[VarBind<'_>]) {
    let number = |n| usize::try_from(n).unwrap_or(0);
    let once = number(request.pdu.error_status).min(asked.len());
    let (single, repeated) = asked.split_at(once);
    let most = once + number(request.pdu.error_index).saturating_mul(repeated.len());
    assert!(got.len() <= most, "{} of {most}", got.len());
    assert!(!got.is_empty() || most == 0, "an empty answer that says nothing");
    // Each variable follows the one a repetition before it.
    let before = single.iter().chain(repeated);
    let later = got.iter().skip(once).map(|varbind| &varbind.name);
    before.chain(later).zip(got).for_each(|(before, got)| assert_follows(got, before));
}
