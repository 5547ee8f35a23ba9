//! Messages of version 3 on their way in (RFC 3412 §7.2), secured by USM (RFC 3414
//! §3.2) or by the session they came in (RFC 5591 §5.2). With USM it is step by step
//! and in this order: is the message one at all, is it for this engine, is
//! the user known and able to what the message claims, is its code right, is it
//! timely, and only then what it says. Whoever is not authenticated makes us
//! compute one code over the octets that came, and nothing more.

use std::{net::SocketAddr, time::Instant};

use lcms_snmp::{
    EngineId, Pdu, PduKind,
    usm::UsmParameters,
    v3::{self, ScopedPdu, SecurityLevel, TSM, USM, V3Head, V3Message},
};

use super::{Admitted, At, Reported, Source, State, Statistics};
use crate::security::{LocalEngine, Principal, Security, User};

/// What became of a message.
pub(super) enum Outcome<'d> {
    /// It is a request, whose sender is known.
    Admitted(Admitted<'d>),
    /// Its sender is to be told why it was not taken.
    Report(Report<'d>),
    /// Nothing is to be done.
    Dropped,
}

/// A report before it is counted and written.
pub(super) struct Report<'d> {
    head: V3Head<'d>,
    request_id: i32,
    max_size: u32,
    /// What it says.
    pub(super) reported: Reported,
}

impl Report<'_> {
    /// Writes it.
    pub(super) fn write<'w>(
        &self,
        out: &'w mut Vec<u8>,
        limit: usize,
        statistics: &Statistics,
    ) -> Option<&'w [u8]> {
        let limit = limit.min(self.max_size as usize);
        let variable = (self.reported.name(), statistics.reported(self.reported).value());
        v3::report(out, &self.head, limit, self.request_id, variable)
    }
}

/// Where counts go: nowhere when a message is read a second time.
#[derive(Clone, Copy)]
pub(super) struct Counting<'a>(pub(super) Option<&'a Statistics>);

impl Counting<'_> {
    fn asn_parse_error(self) {
        if let Some(statistics) = self.0 {
            statistics.in_asn_parse_errs.count();
        }
    }
}

/// A message, and what stands around an answer to it as long as its sender is not
/// known.
struct Received<'d> {
    message: V3Message<'d>,
    level: SecurityLevel,
    security: &'d Security,
    engine: &'d LocalEngine,
    head: V3Head<'d>,
    from: SocketAddr,
    now: Instant,
}

/// What a message says, and who is known to say it.
struct Secured<'d> {
    octets: &'d [u8],
    /// Whether padding may be behind it.
    padded: bool,
    principal: Principal<'d>,
    /// What stands around an answer.
    head: V3Head<'d>,
}

/// Takes a message: the whole outermost element. `room` is where it is decrypted.
pub(super) fn open<'d, S: State>(
    at: At<'d, S>,
    source: Source<'d>,
    whole: &'d [u8],
    room: &'d mut Vec<u8>,
    counting: Counting<'_>,
) -> Outcome<'d> {
    let security: &Security = at.state.security();
    let Some(received) = Received::read(at, source, security, whole, counting) else {
        return Outcome::Dropped;
    };
    match received.message.security_model {
        TSM => received.of_session(security, source, counting),
        _ => received.of_user(security, room, counting),
    }
}

impl<'d> Received<'d> {
    fn read<S: State>(
        at: At<'d, S>,
        source: Source<'_>,
        security: &'d Security,
        whole: &'d [u8],
        counting: Counting<'_>,
    ) -> Option<Self> {
        let Ok(message) = V3Message::decode(whole) else {
            counting.asn_parse_error();
            return None;
        };
        // RFC 3412 §7.2 (2) to (5): neither is worth an answer.
        if !matches!(message.security_model, USM | TSM) {
            counting.0.inspect(|statistics| statistics.unknown_security_models.count());
            return None;
        }
        let Some(level) = message.flags.level() else {
            counting.0.inspect(|statistics| statistics.invalid_msgs.count());
            return None;
        };
        let engine = &*security.engine;
        let id = engine.id.as_octets();
        let head = V3Head {
            id: message.id,
            max_size: engine.max_size,
            reportable: false,
            engine_id: security.engine.id.as_octets(),
            clock: engine.clock(at.now),
            user: &[],
            auth: None,
            privacy: None,
            transport: None,
            context_engine_id: id,
            context_name: &[],
        };
        let (from, now) = (source.address, at.now);
        Some(Self { message, level, security, engine, head, from, now })
    }

    /// RFC 5591 §5.2: the session says who it is, and secures as much as a message can
    /// ask for, so that no level is ever too high for it (step 4).
    fn of_session(
        self,
        security: &'d Security,
        source: Source<'d>,
        counting: Counting<'_>,
    ) -> Outcome<'d> {
        let Some(name) = source.session else {
            counting.0.inspect(|statistics| statistics.tsm_invalid_caches.count());
            return Outcome::Dropped;
        };
        let Ok(octets) = self.message.of_session() else {
            counting.asn_parse_error();
            return Outcome::Dropped;
        };
        let head = V3Head { transport: Some(self.level), ..self.head };
        let principal = security.session(name, self.level);
        self.deliver(security, Secured { octets, padded: false, principal, head }, counting)
    }

    /// RFC 3414 §3.2.
    fn of_user(
        mut self,
        security: &'d Security,
        room: &'d mut Vec<u8>,
        counting: Counting<'_>,
    ) -> Outcome<'d> {
        let Ok(usm) = self.message.usm() else {
            counting.asn_parse_error();
            return Outcome::Dropped;
        };
        self.head.user = usm.user;
        let user = match self.authenticate(&usm, security) {
            Ok(user) => user,
            Err((reported, head)) => return self.report(reported, head, None, counting),
        };
        let (octets, padded) = match &user.privacy {
            Some(key) if self.level == SecurityLevel::AuthPriv => {
                match self.message.decrypt(key, &usm, room) {
                    // What another key was meant for decrypts to nothing.
                    Ok(octets) if octets.first() == Some(&lcms_snmp::ber::tag::SEQUENCE) => {
                        (octets, true)
                    }
                    _ => {
                        let head = self.head;
                        return self.report(Reported::DecryptionErrors, head, None, counting);
                    }
                }
            }
            _ => match self.message.plain() {
                Ok(octets) => (octets, false),
                Err(_) => {
                    counting.asn_parse_error();
                    return Outcome::Dropped;
                }
            },
        };
        let (principal, head) = (user.principal(self.level), self.secured(user));
        self.deliver(security, Secured { octets, padded, principal, head }, counting)
    }

    /// RFC 3414 §3.2 (3) to (7): the user, or what is wrong and what stands around the
    /// report of it.
    fn authenticate(
        &self,
        usm: &UsmParameters<'d>,
        security: &'d Security,
    ) -> Result<&'d User, (Reported, V3Head<'d>)> {
        let wrong = |reported| (reported, self.head);
        if usm.engine_id != self.engine.id.as_octets() {
            return Err(wrong(Reported::UnknownEngineIds));
        }
        let user = security.user(usm.user).ok_or(wrong(Reported::UnknownUserNames))?;
        if !user.supports(self.level) {
            return Err(wrong(Reported::UnsupportedSecLevels));
        }
        if self.level == SecurityLevel::NoAuthNoPriv {
            return Ok(user);
        }
        let key = user.auth.as_ref().ok_or(wrong(Reported::UnsupportedSecLevels))?;
        if !self.message.is_authenticated_by(key, usm) {
            return Err(wrong(Reported::WrongDigests));
        }
        let claimed = lcms_snmp::usm::Clock { boots: usm.boots, time: usm.time };
        match self.head.clock.admits(claimed) {
            true => Ok(user),
            // The one report that is signed: else anybody could set a manager's
            // clock.
            false => {
                Err((Reported::NotInTimeWindows, V3Head { auth: user.auth.as_ref(), ..self.head }))
            }
        }
    }

    /// RFC 3412 §7.2 (7) to (13) and §4.2.2.1: what the message says, to whom and
    /// about what.
    fn deliver(
        self,
        security: &'d Security,
        secured: Secured<'d>,
        counting: Counting<'_>,
    ) -> Outcome<'d> {
        let Secured { octets, padded, mut principal, head } = secured;
        let Ok(scoped) = ScopedPdu::decode(octets, padded) else {
            counting.asn_parse_error();
            return Outcome::Dropped;
        };
        let pdu = scoped.pdu;
        // A response or a report answers nothing that was asked from here.
        if matches!(pdu.kind, PduKind::Response | PduKind::Report) {
            return Outcome::Dropped;
        }
        let about = Some(&pdu);
        // By its name this engine is meant, and, by whoever reads in order to learn that
        // name, by the one that every engine goes by (RFC 5343 §3).
        let is_discovery = scoped.context_engine_id == EngineId::LOCAL && is_read(pdu.kind);
        let is_meant = is_discovery || scoped.context_engine_id == self.engine.id.as_octets();
        if !is_meant || !is_answered_here(pdu.kind) {
            return self.report(Reported::UnknownPduHandlers, head, about, counting);
        }
        // What was asked of `localEngineID` is answered in its name (RFC 3412 §7.1).
        let head = V3Head { context_engine_id: scoped.context_engine_id, ..head };
        if !scoped.context_name.is_empty() {
            let named = V3Head { context_name: scoped.context_name, ..head };
            return self.report(Reported::UnknownContexts, named, about, counting);
        }
        if is_discovery {
            principal = security.discoverer(principal);
        }
        Outcome::Admitted(Admitted::v3(head, pdu, self.message.max_size, principal))
    }

    /// What stands around an answer at the message's own level.
    fn secured(&self, user: &'d User) -> V3Head<'d> {
        let salt = || self.engine.salts.next();
        let auth = user.auth.as_ref().filter(|_| self.level >= SecurityLevel::AuthNoPriv);
        let privacy = user.privacy.as_ref().filter(|_| self.level == SecurityLevel::AuthPriv);
        V3Head { auth, privacy: privacy.map(|key| (key, salt())), ..self.head }
    }

    /// Counts, and decides whether the sender is to be told, in a message with this
    /// head.
    fn report(
        self,
        reported: Reported,
        head: V3Head<'d>,
        pdu: Option<&Pdu<'_>>,
        counting: Counting<'_>,
    ) -> Outcome<'d> {
        if let Some(statistics) = counting.0 {
            statistics.reported(reported).count();
            if matches!(reported, Reported::UnknownUserNames | Reported::WrongDigests) {
                statistics.fail(self.security);
            }
            if let Some(why) = reported.failure() {
                statistics.failures.log(self.now, self.from, why, Some(self.head.user));
            }
        }
        // RFC 3412 §6.4: what the PDU is decides, and the flag where nobody can
        // tell. So a report never answers a report.
        let plain = || ScopedPdu::decode(self.message.plain().ok()?, false).ok();
        let known = match pdu {
            Some(pdu) => Some((pdu.kind, pdu.request_id)),
            None => plain().map(|scoped| (scoped.pdu.kind, scoped.pdu.request_id)),
        };
        let (wanted, request_id) = match known {
            Some((kind, request_id)) => (is_confirmed(kind), request_id),
            None => (self.message.flags.reportable, 0),
        };
        if !wanted {
            return Outcome::Dropped;
        }
        Outcome::Report(Report { head, request_id, max_size: self.message.max_size, reported })
    }
}

/// The Read Class.
fn is_read(kind: PduKind) -> bool {
    matches!(kind, PduKind::GetRequest | PduKind::GetNextRequest | PduKind::GetBulkRequest)
}

/// The Confirmed Class of RFC 3411 §2.8: whoever sends it waits for an answer.
fn is_confirmed(kind: PduKind) -> bool {
    match kind {
        PduKind::GetRequest
        | PduKind::GetNextRequest
        | PduKind::GetBulkRequest
        | PduKind::SetRequest
        | PduKind::InformRequest => true,
        PduKind::Response | PduKind::Trap | PduKind::SnmpV2Trap | PduKind::Report => false,
    }
}

/// What a command responder takes; notifications are for managers.
fn is_answered_here(kind: PduKind) -> bool {
    is_confirmed(kind) && kind != PduKind::InformRequest
}
