//! The agent as a function: a datagram and the state of this moment go in, a
//! reply or a named next step comes out.
//!
//! Reading is done at once and in place: no allocation after the first requests,
//! no lock, no waiting. A SET is recognised here and carried out by whoever may
//! wait for the disk, in three steps: [`Engine::set`] reads it, [`SetRequest::check`]
//! works out a draft or the error, and [`SetRequest::answer`] writes the response
//! once the draft is committed.

mod instrumentation;
mod read;
mod region;
mod registry;
mod rows;
mod set;
mod statistics;

#[cfg(test)]
pub(crate) mod tests;

use std::{net::SocketAddr, sync::Arc};

use lcms_snmp::{
    DecodeError, Envelope, ErrorStatus, Message, OidBuf, PduKind, ResponseWriter, Version, message,
};

pub use instrumentation::{IndexOf, Instrumentation, Instrumented, PatchOf, scalar_row};
pub use region::{Assignment, At, Refusal, Region, RowSet, State};
pub use registry::{Filter, Object, Registry};
pub use rows::Rows;
pub use set::{Checked, Fault, Places, SetRequest};
pub use statistics::{Counter, Statistics};

use crate::access::{Access, Principal};

/// An agent's engine. It owns nothing that a request changes but counters.
pub struct Engine<S: State> {
    registry: Registry<S>,
    access: Access,
    statistics: Arc<Statistics>,
    max_size: usize,
}

/// What a thread that serves keeps from one request to the next.
#[derive(Debug, Default)]
pub struct Workspace {
    reply: Vec<u8>,
    /// The names at which the repeated variables of a GETBULK stand.
    names: Vec<OidBuf>,
}

/// What is to be done with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'w> {
    /// Nothing.
    Drop,
    /// This is the answer.
    Reply(&'w [u8]),
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
        access: Access,
        statistics: Arc<Statistics>,
        max_size: usize,
    ) -> Self {
        let max_size = max_size.max(Self::MIN_SIZE);
        Self { registry: Registry::new(regions), access, statistics, max_size }
    }

    /// Answers a datagram, or says what else is to be done with it.
    pub fn receive<'w>(
        &self,
        at: At<'_, S>,
        from: SocketAddr,
        datagram: &[u8],
        workspace: &'w mut Workspace,
    ) -> Verdict<'w> {
        self.statistics.in_pkts.count();
        let Some((message, principal)) = self.admit(from, datagram) else { return Verdict::Drop };
        let Workspace { reply, names } = workspace;
        let writer = ResponseWriter::new(reply, &message, self.max_size);
        match message.pdu.kind {
            PduKind::GetRequest => self.get(at, &message, writer),
            PduKind::GetNextRequest => self.get_next(at, &message, writer),
            PduKind::GetBulkRequest => self.get_bulk(at, &message, writer, names),
            PduKind::SetRequest if principal.may_write => Verdict::Set,
            PduKind::SetRequest => {
                self.statistics.in_bad_community_uses.count();
                // RFC 3584 §5.2.3 by way of RFC 3416 §4.2.5 (1): no variable is
                // in the view for writing, the first as little as any other.
                let index = usize::from(!message.pdu.varbinds.is_empty());
                self.refuse(writer, ErrorStatus::NoAccess, index)
            }
            // Nobody asked us anything. An inform is a request, but one that
            // only a manager answers.
            PduKind::Response
            | PduKind::Trap
            | PduKind::InformRequest
            | PduKind::SnmpV2Trap
            | PduKind::Report => Verdict::Drop,
        }
    }

    /// Reads a SET that [`Engine::receive`] recognised.
    pub fn set<'d>(&'d self, from: SocketAddr, datagram: &'d [u8]) -> Option<SetRequest<'d, S>> {
        let message = message::decode(datagram).ok()?;
        let principal = self.access.principal(message.community, from)?;
        let is_set = message.pdu.kind == PduKind::SetRequest && principal.may_write;
        is_set.then_some(SetRequest { engine: self, message, principal })
    }

    /// Decodes a message and finds its sender, or counts why it is dropped (RFC
    /// 3418, the snmp group; RFC 3584 §5.2.1 for communities).
    fn admit<'d>(
        &self,
        from: SocketAddr,
        datagram: &'d [u8],
    ) -> Option<(Message<'d>, Principal<'_>)> {
        let message = match message::open(datagram) {
            Ok(Envelope::Community(message)) => message,
            Ok(Envelope::TrapV1(_)) => return None,
            // Version 3 is on its way; until then it is a version like any other
            // that is not spoken here.
            Ok(Envelope::V3(_)) | Err(DecodeError::Version(_)) => {
                self.statistics.in_bad_versions.count();
                return None;
            }
            Err(DecodeError::Ber(_) | DecodeError::PduKind(_) | DecodeError::NotInV1) => {
                self.statistics.in_asn_parse_errs.count();
                return None;
            }
        };
        let principal = self.access.principal(message.community, from);
        if principal.is_none() {
            self.statistics.in_bad_community_names.count();
        }
        Some((message, principal?))
    }

    /// What a walk on behalf of this message passes over.
    fn filter(message: &Message<'_>) -> Filter {
        Filter { without_counter64: message.version == Version::V1 }
    }

    fn reply<'w>(&self, writer: ResponseWriter<'w, '_>) -> Verdict<'w> {
        self.sent(writer.finish())
    }

    fn refuse<'w>(
        &self,
        writer: ResponseWriter<'w, '_>,
        status: ErrorStatus,
        index: usize,
    ) -> Verdict<'w> {
        self.sent(writer.refuse(status, index))
    }

    fn sent<'w>(&self, reply: Option<&'w [u8]>) -> Verdict<'w> {
        match reply {
            Some(reply) => Verdict::Reply(reply),
            None => {
                self.statistics.silent_drops.count();
                Verdict::Drop
            }
        }
    }
}
