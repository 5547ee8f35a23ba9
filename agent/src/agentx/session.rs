//! A session with a master: packets and the time go in, octets to send come out.

use std::time::{Duration, Instant};

use lcms_snmp::{
    ErrorStatus, Oid, Value, VarBind,
    agentx::{CloseReason, Header, Order, Packet, Pdu, Registration, SearchRange},
};

use super::Objects;
use crate::engine::Fault;

/// A part of the tree to register, and what the master's sysORTable is to say
/// of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtree {
    /// Where it begins.
    pub oid: Vec<u32>,
    /// It in words.
    pub description: String,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The master ended it.
    #[error("the master closed the session for reason {0}")]
    Closed(u8),
    /// The master refused the session or a registration.
    #[error("the master refuses with error {0}")]
    Refused(u16),
    /// The master does not answer any more.
    #[error("the master does not answer")]
    Silent,
}

/// How long the master waits for us before it gives up; in seconds.
const TIMEOUT: u8 = 5;

/// The priority that RFC 2741 gives to whoever has no reason for another.
const PRIORITY: u8 = 127;

/// After so long without a word the master is asked whether it is there.
const QUIET: Duration = Duration::from_secs(15);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// No more variables in an answer than this, however many a GETBULK asks for.
const MOST_VARIABLES: usize = 1000;

/// An error that RFC 2741 adds to those of SNMP.
const NOT_OPEN: u16 = 257;
const UNSUPPORTED_CONTEXT: u16 = 262;
const PROCESSING_ERROR: u16 = 268;

/// A session, from the first packet on.
#[derive(Debug)]
pub struct Session<U> {
    subtrees: Vec<Subtree>,
    id: Option<u32>,
    /// Packets of ours that have to be answered.
    unanswered: Vec<u32>,
    /// Those of them that notify: whatever becomes of them the session goes on.
    notifying: Vec<u32>,
    next_packet: u32,
    heard: Instant,
    asked: Option<Instant>,
    set: Option<Set<U>>,
}

/// A SET on its way through test, commit, undo and cleanup.
#[derive(Debug)]
struct Set<U> {
    transaction: u32,
    varbinds: Vec<VarBind<'static>>,
    undo: Option<U>,
}

impl<U> Session<U> {
    /// Begins a session; the octets open it.
    pub fn open(subtrees: Vec<Subtree>, description: &str, now: Instant) -> (Self, Vec<u8>) {
        let mut session = Self {
            subtrees,
            id: None,
            unanswered: Vec::new(),
            notifying: Vec::new(),
            next_packet: 1,
            heard: now,
            asked: None,
            set: None,
        };
        let open = session.request(
            now,
            Pdu::Open {
                timeout: TIMEOUT,
                id: Oid::null().arcs().to_vec(),
                description: description.as_bytes().to_vec(),
            },
        );
        (session, open)
    }

    /// Whether everything is registered.
    pub fn is_running(&self) -> bool {
        self.id.is_some() && self.subtrees.is_empty() && self.unanswered.is_empty()
    }

    /// Takes a packet; what is to be sent for it.
    pub fn receive<O: Objects<Undo = U>>(
        &mut self,
        now: Instant,
        packet: Packet,
        objects: &O,
    ) -> Result<Vec<u8>, Lost> {
        self.heard = now;
        let Packet { header, pdu } = packet;
        match pdu {
            Pdu::Response { error, .. } => self.answered(now, header, error),
            Pdu::Close { reason } => Err(Lost::Closed(reason)),
            // Without a session nothing else can be meant for us.
            _ if self.id != Some(header.session) => Ok(response(header, NOT_OPEN, 0, Vec::new())),
            pdu if pdu.context().is_some() => {
                Ok(response(header, UNSUPPORTED_CONTEXT, 0, Vec::new()))
            }
            Pdu::CleanupSet => {
                // It has no answer (RFC 2741 §7.2.4.4).
                self.set = None;
                Ok(Vec::new())
            }
            pdu => Ok(self.serve(header, pdu, objects)),
        }
    }

    /// Takes note of the time; what is to be sent now.
    pub fn tick(&mut self, now: Instant) -> Result<Vec<u8>, Lost> {
        if let Some(asked) = self.asked {
            return match now.saturating_duration_since(asked) > PATIENCE {
                true => Err(Lost::Silent),
                false => Ok(Vec::new()),
            };
        }
        match now.saturating_duration_since(self.heard) > QUIET {
            true => Ok(self.request(now, Pdu::Ping { context: None })),
            false => Ok(Vec::new()),
        }
    }

    /// What notifies through the master.
    pub fn notify(&mut self, now: Instant, varbinds: Vec<VarBind<'static>>) -> Vec<u8> {
        self.notifying.push(self.next_packet);
        self.request(now, Pdu::Notify { context: None, varbinds })
    }

    /// What ends the session in good order.
    pub fn close(&mut self, now: Instant) -> Vec<u8> {
        self.request(now, Pdu::Close { reason: CloseReason::Shutdown as u8 })
    }

    fn request(&mut self, now: Instant, pdu: Pdu) -> Vec<u8> {
        let header = Header {
            order: Order::Network,
            session: self.id.unwrap_or(0),
            transaction: 0,
            packet: self.next_packet,
        };
        self.next_packet = self.next_packet.wrapping_add(1);
        self.unanswered.push(header.packet);
        self.asked.get_or_insert(now);
        Packet { header, pdu }.encode()
    }

    /// An answer to something of ours. The first opens the session; whatever
    /// follows registers.
    fn answered(&mut self, now: Instant, header: Header, error: u16) -> Result<Vec<u8>, Lost> {
        let Some(at) = self.unanswered.iter().position(|packet| *packet == header.packet) else {
            return Ok(Vec::new());
        };
        self.unanswered.swap_remove(at);
        self.asked = (!self.unanswered.is_empty()).then_some(now);
        if let Some(at) = self.notifying.iter().position(|packet| *packet == header.packet) {
            self.notifying.swap_remove(at);
            if error != 0 {
                tracing::warn!(error, "the AgentX master did not take a notification");
            }
            return Ok(Vec::new());
        }
        if error != 0 {
            return Err(Lost::Refused(error));
        }
        if self.id.is_none() {
            self.id = Some(header.session);
        }
        let mut out = Vec::new();
        for Subtree { oid, description } in std::mem::take(&mut self.subtrees) {
            let registration = Registration {
                timeout: 0,
                priority: PRIORITY,
                range: 0,
                subtree: oid.clone(),
                upper: 0,
            };
            let register = Pdu::Register { context: None, registration, instance: false };
            out.extend(self.request(now, register));
            let description = description.into_bytes();
            out.extend(
                self.request(now, Pdu::AddAgentCaps { context: None, id: oid, description }),
            );
        }
        Ok(out)
    }

    fn serve<O: Objects<Undo = U>>(&mut self, header: Header, pdu: Pdu, objects: &O) -> Vec<u8> {
        match pdu {
            Pdu::Get { ranges, .. } => {
                let get = |range: &SearchRange| {
                    let name = Oid::new(range.start.clone()).ok()?;
                    let value = objects.get(&name);
                    Some(VarBind { name, value })
                };
                answer(header, ranges.iter().map(get).collect())
            }
            Pdu::GetNext { ranges, .. } => {
                answer(header, ranges.iter().map(|range| next(objects, range)).collect())
            }
            Pdu::GetBulk { non_repeaters, max_repetitions, ranges, .. } => {
                answer(header, bulk(objects, non_repeaters, max_repetitions, ranges))
            }
            Pdu::TestSet { varbinds, .. } => {
                let result = self.test(header.transaction, varbinds, objects);
                outcome(header, result)
            }
            Pdu::CommitSet => outcome(header, self.commit(objects)),
            Pdu::UndoSet => outcome(header, self.undo(objects)),
            // A master asks nothing else of a subagent.
            _ => response(header, PROCESSING_ERROR, 0, Vec::new()),
        }
    }

    /// A master may hand over one SET in several parts, one for each subtree it
    /// touches: all of them are one SET to us as well.
    fn test<O: Objects<Undo = U>>(
        &mut self,
        transaction: u32,
        varbinds: Vec<VarBind<'static>>,
        objects: &O,
    ) -> Result<(), Fault> {
        let mut all = match self.set.take() {
            Some(set) if set.transaction == transaction && set.undo.is_none() => set.varbinds,
            _ => Vec::new(),
        };
        let before = all.len();
        all.extend(varbinds);
        let result = objects.test(&all);
        self.set = Some(Set { transaction, varbinds: all, undo: None });
        result.map_err(|fault| Fault {
            status: fault.status,
            // Of the packet at hand; a fault in an earlier part stands for it as
            // a whole.
            index: fault.index.saturating_sub(before).max(1),
        })
    }

    fn commit<O: Objects<Undo = U>>(&mut self, objects: &O) -> Result<(), Fault> {
        let failed = Fault { status: ErrorStatus::CommitFailed, index: 0 };
        let set = self.set.as_mut().ok_or(failed)?;
        if set.undo.is_none() {
            set.undo = Some(objects.commit(&set.varbinds).map_err(|_| failed)?);
        }
        Ok(())
    }

    fn undo<O: Objects<Undo = U>>(&mut self, objects: &O) -> Result<(), Fault> {
        // What was not committed needs no undoing.
        let Some(undo) = self.set.take().and_then(|set| set.undo) else { return Ok(()) };
        objects.undo(undo).map_err(|_| Fault { status: ErrorStatus::UndoFailed, index: 0 })
    }
}

fn next(objects: &impl Objects, range: &SearchRange) -> Option<VarBind<'static>> {
    let start = Oid::new(range.start.clone()).ok()?;
    if range.include {
        let value = objects.get(&start);
        if !value.is_exception() {
            return Some(VarBind { name: start, value });
        }
    }
    let found = objects.after(&start);
    let end = (!range.end.is_empty()).then_some(&range.end);
    match found {
        Some((name, value)) if end.is_none_or(|end| *name < **end) => Some(VarBind { name, value }),
        _ => Some(VarBind { name: start, value: Value::EndOfMibView }),
    }
}

fn bulk(
    objects: &impl Objects,
    non_repeaters: u16,
    max_repetitions: u16,
    mut ranges: Vec<SearchRange>,
) -> Option<Vec<VarBind<'static>>> {
    let mut repeated = ranges.split_off(usize::from(non_repeaters).min(ranges.len()));
    let mut all = Vec::new();
    for range in &ranges {
        all.push(next(objects, range)?);
    }
    for _ in 0..max_repetitions {
        let mut ended = true;
        for range in &mut repeated {
            if all.len() >= MOST_VARIABLES {
                return Some(all);
            }
            let found = next(objects, range)?;
            ended &= found.value.is_exception();
            range.start = found.name.arcs().to_vec();
            range.include = false;
            all.push(found);
        }
        if ended {
            break;
        }
    }
    Some(all)
}

/// An answer with variables, or the error for a name that is none.
fn answer(header: Header, varbinds: Option<Vec<VarBind<'static>>>) -> Vec<u8> {
    match varbinds {
        Some(varbinds) => response(header, 0, 0, varbinds),
        None => response(header, ErrorStatus::GenErr as u16, 1, Vec::new()),
    }
}

fn outcome(header: Header, result: Result<(), Fault>) -> Vec<u8> {
    match result {
        Ok(()) => response(header, 0, 0, Vec::new()),
        Err(Fault { status, index }) => {
            response(header, status as u16, u16::try_from(index).unwrap_or(u16::MAX), Vec::new())
        }
    }
}

/// An answer, in the octet order of the question.
fn response(header: Header, error: u16, index: u16, varbinds: Vec<VarBind<'static>>) -> Vec<u8> {
    Packet { header, pdu: Pdu::Response { up_time: 0, error, index, varbinds } }.encode()
}

#[cfg(test)]
mod tests;
