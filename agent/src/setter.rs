//! SETs, one at a time, on a thread that may wait for the disk, so that no
//! reader waits for a writer. Those that come by AgentX have that thread to
//! themselves, and take turns with these.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use lcms_lb_core::director::{CommitError, Snapshot, stand_back};
use lcms_snmp::ErrorStatus;
use lcms_udp::Peer;

use crate::{
    engine::{At, Checked, Engine, Fault, State, Verdict, Workspace},
    security::Principal,
    state::{AgentState, Draft, Publisher, Refused},
    tables, udp,
};

/// SETs that may wait for their turn. A manager that sends more without waiting
/// for answers is told so.
const QUEUE: usize = 64;

/// How often a SET starts over because something else changed the state between
/// its check and its commit.
const ATTEMPTS: usize = 5;

/// The way to the thread.
#[derive(Clone)]
pub struct Setter {
    jobs: SyncSender<Job>,
    engine: Arc<Engine<AgentState>>,
    publisher: Arc<Publisher>,
}

struct Job {
    socket: Arc<lcms_udp::Socket>,
    peer: Peer,
    datagram: Vec<u8>,
}

impl Setter {
    /// Starts the thread. It ends with the last of the setters.
    pub fn start(
        engine: Arc<Engine<AgentState>>,
        publisher: Arc<Publisher>,
    ) -> io::Result<(Self, JoinHandle<()>)> {
        let (jobs, queue) = mpsc::sync_channel(QUEUE);
        let worker = Worker { engine: Arc::clone(&engine), publisher: Arc::clone(&publisher) };
        let thread = thread::Builder::new().name("set".to_owned()).spawn(move || {
            stand_back();
            worker.run(&queue);
        })?;
        Ok((Self { jobs, engine, publisher }, thread))
    }

    /// Hands a SET over; where the queue is full, refuses it here.
    pub fn submit(
        &self,
        socket: &Arc<lcms_udp::Socket>,
        peer: Peer,
        datagram: &[u8],
        workspace: &mut Workspace,
    ) {
        let job = Job { socket: Arc::clone(socket), peer, datagram: datagram.to_vec() };
        match self.jobs.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                let busy = Fault { status: ErrorStatus::ResourceUnavailable, index: 1 };
                let state = self.publisher.current();
                let at = At { state: &**state, now: Instant::now() };
                let mut room = Vec::new();
                let request = self.engine.set(at, peer.address.into(), datagram, &mut room);
                if let Some(Verdict::Reply(reply)) =
                    request.map(|request| request.answer(Err(busy), workspace))
                {
                    udp::send(socket, &peer, reply);
                }
            }
        }
    }
}

struct Worker {
    engine: Arc<Engine<AgentState>>,
    publisher: Arc<Publisher>,
}

impl Worker {
    fn run(&self, queue: &Receiver<Job>) {
        let mut workspace = Workspace::default();
        for Job { socket, peer, datagram } in queue {
            let state = self.publisher.current();
            let at = At { state: &**state, now: Instant::now() };
            let mut room = Vec::new();
            let from = peer.address;
            let request = self.engine.set(at, from.into(), &datagram, &mut room);
            let Some(request) = request else { continue };
            let result = carry_out(&self.publisher, request.principal(), |at| request.check(at));
            if result.is_err() && self.publisher.has_left() {
                continue;
            }
            let result = result.map(|_| ()).inspect_err(|fault| {
                let (principal, status) = (request.principal(), fault.status.name());
                tracing::info!(principal, %from, status, index = fault.index, "SET refused");
            });
            if let Verdict::Reply(reply) = request.answer(result, &mut workspace) {
                udp::send(&socket, &peer, reply);
            }
        }
    }
}

/// What a SET did, for whoever may have to take it back.
#[derive(Debug)]
pub struct Done {
    before: Arc<Snapshot>,
    after: Arc<Snapshot>,
}

/// Checks and commits a SET, on the state as it is then.
pub fn carry_out<'d>(
    publisher: &Publisher,
    principal: &str,
    check: impl Fn(At<'_, AgentState>) -> Result<Checked<'d, Draft>, Fault>,
) -> Result<Done, Fault> {
    // From the check to the commit nobody else may advance a lock.
    let _turn = publisher.turn();
    (0..ATTEMPTS)
        .find_map(|_| attempt(publisher, principal, &check))
        .unwrap_or(Err(Fault { status: ErrorStatus::ResourceUnavailable, index: 1 }))
}

/// `None` if the state that was checked was not that any more when it came to
/// the commit.
fn attempt<'d>(
    publisher: &Publisher,
    principal: &str,
    check: impl Fn(At<'_, AgentState>) -> Result<Checked<'d, Draft>, Fault>,
) -> Option<Result<Done, Fault>> {
    publisher.refresh();
    let state = publisher.current();
    let at = At { state: &**state, now: Instant::now() };
    let Checked { draft, places } = match check(at) {
        Ok(checked) => checked,
        Err(fault) => return Some(Err(fault)),
    };
    let changes_configuration = draft.changes_configuration();
    match draft.commit(publisher.director()) {
        Ok(()) => {
            match changes_configuration {
                true => tracing::info!(principal, "the configuration was changed"),
                // Controllers do this every second.
                false => tracing::debug!(principal, "SET done"),
            }
            // The answer says that it is done, so the next GET must show it.
            publisher.refresh();
            let after = Arc::clone(&publisher.current().snapshot);
            Some(Ok(Done { before: Arc::clone(&state.snapshot), after }))
        }
        Err(Refused::Director(CommitError::Stale)) => None,
        Err(error) => {
            tracing::info!(%error, "the director refused a SET");
            // That a file was not loaded again is part of the state.
            publisher.refresh();
            Some(Err(tables::fault(&error, &places)))
        }
    }
}

/// Makes the state again what it was before a SET. That can be done as long as
/// nobody built on what the SET made of it.
pub fn take_back(
    publisher: &Publisher,
    principal: &Principal<'_>,
    done: Done,
) -> Result<(), Refused> {
    let _turn = publisher.turn();
    publisher.refresh();
    let state = publisher.current();
    if !Arc::ptr_eq(&state.snapshot.wanted, &done.after.wanted) {
        return Err(CommitError::Stale.into());
    }
    let mut draft = state.draft(principal, Instant::now());
    draft.wanted = (*done.before.wanted).clone();
    if Arc::ptr_eq(&state.snapshot.runtime, &done.after.runtime) {
        draft.runtime = (*done.before.runtime).clone();
    }
    draft.commit(publisher.director())?;
    publisher.refresh();
    tracing::info!(principal = principal.name, "a SET was taken back");
    Ok(())
}
