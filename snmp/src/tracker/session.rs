//! Requests in a session that secures them (RFC 5591): the messages have no security
//! parameters, and the engine that is meant is named by whoever asks.

use std::{hash::Hash, time::Instant};

use super::{Arrived, LONGEST, RequestId, Tracker, Vain, Who};
use crate::{
    EngineId, PduKind, Request,
    v3::{self, OutPdu, ScopedPdu, SecurityLevel, V3Head, V3Message},
};

/// TLS authenticates and encrypts, and no session here does less.
const LEVEL: SecurityLevel = SecurityLevel::AuthPriv;

pub(super) fn encode(id: RequestId, context: &EngineId, request: &Request) -> Vec<u8> {
    let Request { kind, non_repeaters, max_repetitions, varbinds, context: _ } = request;
    let head = V3Head {
        transport: Some(LEVEL),
        context_engine_id: context.as_octets(),
        ..V3Head::unknown(id.number(), LONGEST)
    };
    let pdu = OutPdu {
        kind: *kind,
        request_id: id.number(),
        error_status: *non_repeaters,
        error_index: *max_repetitions,
        varbinds,
    };
    v3::encode(&head, &pdu)
}

impl<A: Clone + Eq + Hash> Tracker<A> {
    /// RFC 3412 §7.2 and RFC 5591 §5.2 as a client has them.
    pub(super) fn on_session(
        &mut self,
        now: Instant,
        from: &A,
        message: &V3Message<'_>,
    ) -> Result<Arrived<A>, Vain> {
        let octets = message.of_session().map_err(|_| Vain::Malformed)?;
        let scoped = ScopedPdu::decode(octets, false).map_err(|_| Vain::Malformed)?;
        let id = RequestId(message.id);
        let pending = self.pending.get(&id).ok_or(Vain::UnknownId)?;
        let Who::Session(context) = &pending.who else { return Err(Vain::Mismatched) };
        if pending.address != *from {
            return Err(Vain::Mismatched);
        }
        match scoped.pdu.kind {
            PduKind::Report => {
                let name = scoped.pdu.varbinds.names().next().ok_or(Vain::Malformed)?;
                let report = name.to_oid();
                self.remove(id);
                Ok(Arrived::Reported { id, from: from.clone(), report })
            }
            PduKind::Response => {
                // RFC 5343 §3.2 has an engine answer under the name it was asked by.
                let same = message.flags.level() == Some(LEVEL)
                    && scoped.context_engine_id == context.as_octets()
                    && scoped.context_name.is_empty()
                    && scoped.pdu.request_id == id.number();
                self.answered(now, id, &scoped.pdu, same)
            }
            _ => Err(Vain::NotAResponse),
        }
    }
}
