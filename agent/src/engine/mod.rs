//! The agent as a function: a datagram and the state of this moment go in, a
//! reply or a named next step comes out.
//!
//! Reading is done at once and in place: no allocation after the first requests,
//! no lock, no waiting. A SET is recognised here and carried out by whoever may
//! wait for the disk, in three steps: [`Engine::set`] reads it, [`SetRequest::check`]
//! works out a draft or the error, and [`SetRequest::answer`] writes the response
//! once the draft is committed.

mod admitted;
mod failures;
mod instrumentation;
mod read;
mod region;
mod registry;
mod rows;
mod set;
mod source;
mod statistics;
mod v3;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use lcms_snmp::{
    DecodeError, Envelope, ErrorStatus, Message, Oid, PduKind, ResponseWriter, Value, Version,
    message, vacm::View,
};

use admitted::Admitted;
use read::Cursor;

pub use instrumentation::{IndexOf, Instrumentation, Instrumented, PatchOf, scalar_row};
pub use region::{Assignment, At, Guess, Refusal, Region, RowSet, State};
pub use registry::{Filter, Object, Place, Registry};
pub use rows::Rows;
pub use set::{Checked, Fault, Places, SetRequest};
pub use source::Source;
pub use statistics::{Counter, Reported, Statistics};
use v3::{Counting, Outcome};

/// An agent's engine. It owns nothing that a request changes but counters.
pub struct Engine<S: State> {
    registry: Registry<S>,
    statistics: Arc<Statistics>,
    max_size: usize,
}

/// What a thread that serves keeps from one request to the next.
#[derive(Debug, Default)]
pub struct Workspace {
    reply: Vec<u8>,
    /// Where the repeated variables of a GETBULK stand.
    walks: Vec<Cursor>,
    /// What was decrypted.
    plain: Vec<u8>,
}

/// What is to be done with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'w> {
    /// Nothing.
    Drop,
    /// This is the answer.
    Reply(&'w [u8]),
    /// This is the answer to somebody who has not shown who they are.
    Report(&'w [u8]),
    /// It is a SET by someone who may write: [`Engine::set`] reads it.
    Set,
}

impl<S: State> Engine<S> {
    /// The least message size that everyone takes (RFC 3417 §3.2.1).
    pub const MIN_SIZE: usize = 484;

    /// An engine that serves these regions, and sends no message longer than
    /// `max_size` octets.
    pub fn new(
        regions: Vec<Box<dyn Region<S>>>,
        statistics: Arc<Statistics>,
        max_size: usize,
    ) -> Self {
        let max_size = max_size.max(Self::MIN_SIZE);
        Self { registry: Registry::new(regions), statistics, max_size }
    }

    /// Answers a datagram, or says what else is to be done with it.
    pub fn receive<'w>(
        &self,
        at: At<'_, S>,
        from: Source<'_>,
        datagram: &[u8],
        workspace: &'w mut Workspace,
    ) -> Verdict<'w> {
        self.statistics.in_pkts.count();
        let Workspace { reply, walks, plain } = workspace;
        match message::open(datagram) {
            Ok(Envelope::Community(message)) => match self.admit(at, from, message) {
                Some(admitted) => self.answer(at, &admitted, reply, walks),
                None => Verdict::Drop,
            },
            Ok(Envelope::V3(whole)) => {
                match v3::open(at, from, whole, plain, Counting(Some(&self.statistics))) {
                    Outcome::Admitted(admitted) => self.answer(at, &admitted, reply, walks),
                    Outcome::Report(report) => {
                        let report = report.write(reply, self.max_size, &self.statistics);
                        report.map_or_else(|| self.silent(), Verdict::Report)
                    }
                    Outcome::Dropped => Verdict::Drop,
                }
            }
            // A notification to an agent, which nobody here takes.
            Ok(Envelope::TrapV1(_)) => {
                self.statistics.reported(Reported::UnknownPduHandlers).count();
                Verdict::Drop
            }
            Err(DecodeError::Version(_)) => {
                self.statistics.in_bad_versions.count();
                Verdict::Drop
            }
            Err(_) => {
                self.statistics.in_asn_parse_errs.count();
                Verdict::Drop
            }
        }
    }

    fn answer<'w>(
        &self,
        at: At<'_, S>,
        request: &Admitted<'_>,
        reply: &'w mut Vec<u8>,
        walks: &mut Vec<Cursor>,
    ) -> Verdict<'w> {
        let kind = request.pdu().kind;
        let rights = request.principal.rights;
        let view = match kind {
            PduKind::GetRequest | PduKind::GetNextRequest | PduKind::GetBulkRequest => {
                rights.read.as_deref()
            }
            PduKind::SetRequest => rights.write.as_deref(),
            // Nobody asked us anything. An inform is a request, but one that only
            // a manager answers.
            PduKind::Response
            | PduKind::Trap
            | PduKind::InformRequest
            | PduKind::SnmpV2Trap
            | PduKind::Report => {
                self.statistics.reported(Reported::UnknownPduHandlers).count();
                return Verdict::Drop;
            }
        };
        let writer = request.writer(reply, self.max_size);
        let Some(view) = view else { return self.unauthorised(request, writer) };
        let filter = Filter { without_counter64: request.version() == Version::V1, view };
        match kind {
            PduKind::GetNextRequest => self.get_next(at, request, filter, writer),
            PduKind::GetBulkRequest => self.get_bulk(at, request, filter, writer, walks),
            PduKind::SetRequest => Verdict::Set,
            _ => self.get(at, request, filter, writer),
        }
    }

    /// RFC 3413 §3.2 (5): there is no view in which the sender could do this,
    /// whatever the variables are.
    fn unauthorised<'w>(
        &self,
        request: &Admitted<'_>,
        writer: ResponseWriter<'w, '_>,
    ) -> Verdict<'w> {
        let version = request.version();
        if version != Version::V3 {
            self.statistics.in_bad_community_uses.count();
        }
        // Version 1 says noSuchName, and that is about a variable.
        let index = match version {
            Version::V1 => usize::from(!request.pdu().varbinds.is_empty()),
            _ => 0,
        };
        self.refuse(writer, ErrorStatus::AuthorizationError, index)
    }

    /// The value of a variable in a view, or what is missing of it.
    pub fn variable<'s>(&self, at: At<'s, S>, view: &View, name: &[u32]) -> Value<'s> {
        self.registry.get(at, Filter { without_counter64: false, view }, name)
    }

    /// The first variable in a view after a name.
    pub fn variable_after(
        &self,
        at: At<'_, S>,
        view: &View,
        name: &[u32],
    ) -> Option<(Oid, Value<'static>)> {
        let filter = Filter { without_counter64: false, view };
        let mut place = self.registry.seek(name);
        loop {
            let object = self.registry.object_at(&place)?;
            if let Some((index, value)) = self.registry.next(at, filter, object, &mut place, name)
                && let Ok(name) = Oid::new([&*object.oid, index].concat())
            {
                return Some((name, value.into_owned()));
            }
            // There is none, or its name is too long to be one.
            place.leave();
        }
    }

    /// Reads a SET that [`Engine::receive`] recognised; `room` is where it is
    /// decrypted. It is looked at as closely as the first time, and not counted
    /// again.
    pub fn set<'d>(
        &'d self,
        at: At<'d, S>,
        from: Source<'d>,
        datagram: &'d [u8],
        room: &'d mut Vec<u8>,
    ) -> Option<SetRequest<'d, S>> {
        let request = match message::open(datagram).ok()? {
            Envelope::Community(message) => {
                let Message { version, community, .. } = message;
                let from = from.of_community()?;
                let principal = at.state.security().community(version, community, from)?;
                Admitted::community(message, principal)
            }
            Envelope::V3(whole) => match v3::open(at, from, whole, room, Counting(None)) {
                Outcome::Admitted(request) => request,
                Outcome::Report(_) | Outcome::Dropped => return None,
            },
            Envelope::TrapV1(_) => return None,
        };
        let view = request.principal.rights.write.as_deref()?;
        let is_set = request.pdu().kind == PduKind::SetRequest;
        is_set.then_some(SetRequest { engine: self, request, view })
    }

    /// Finds the sender of a community message, or counts why it is dropped (RFC
    /// 3418, the snmp group; RFC 3584 §5.2.1).
    fn admit<'d>(
        &self,
        at: At<'d, S>,
        from: Source<'_>,
        message: Message<'d>,
    ) -> Option<Admitted<'d>> {
        let Message { version, community, .. } = message;
        let known = |from| at.state.security().community(version, community, from);
        match from.of_community().and_then(known) {
            Some(principal) => Some(Admitted::community(message, principal)),
            None => {
                self.statistics.in_bad_community_names.count();
                self.statistics.fail(at.state.security());
                let why = "an unknown community, or not from there";
                self.statistics.failures.log(at.now, from.address, why, None);
                None
            }
        }
    }

    fn reply<'w>(&self, writer: ResponseWriter<'w, '_>) -> Verdict<'w> {
        writer.finish().map_or_else(|| self.silent(), Verdict::Reply)
    }

    fn refuse<'w>(
        &self,
        writer: ResponseWriter<'w, '_>,
        status: ErrorStatus,
        index: usize,
    ) -> Verdict<'w> {
        writer.refuse(status, index).map_or_else(|| self.silent(), Verdict::Reply)
    }

    /// Nothing that could be said has room.
    fn silent<'w>(&self) -> Verdict<'w> {
        self.statistics.silent_drops.count();
        Verdict::Drop
    }
}
