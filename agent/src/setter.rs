//! SETs, one at a time, on a thread that may wait for the disk, so that no
//! reader waits for a writer.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        mpsc::{self, Receiver, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use lcms_lb_core::director::CommitError;
use lcms_snmp::ErrorStatus;

use crate::{
    engine::{At, Checked, Engine, Fault, SetRequest, Verdict, Workspace},
    state::{AgentState, Publisher},
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
    socket: Arc<UdpSocket>,
    from: SocketAddr,
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
        let thread =
            thread::Builder::new().name("set".to_owned()).spawn(move || worker.run(&queue))?;
        Ok((Self { jobs, engine, publisher }, thread))
    }

    /// Hands a SET over; where the queue is full, refuses it here.
    pub fn submit(
        &self,
        socket: &Arc<UdpSocket>,
        from: SocketAddr,
        datagram: &[u8],
        workspace: &mut Workspace,
    ) {
        let job = Job { socket: Arc::clone(socket), from, datagram: datagram.to_vec() };
        match self.jobs.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                let busy = Fault { status: ErrorStatus::ResourceUnavailable, index: 1 };
                let state = self.publisher.current();
                let at = At { state: &**state, now: Instant::now() };
                let mut room = Vec::new();
                let request = self.engine.set(at, from, datagram, &mut room);
                if let Some(Verdict::Reply(reply)) =
                    request.map(|request| request.answer(Err(busy), workspace))
                {
                    udp::send(socket, from, reply);
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
        for Job { socket, from, datagram } in queue {
            let state = self.publisher.current();
            let at = At { state: &**state, now: Instant::now() };
            let mut room = Vec::new();
            let request = self.engine.set(at, from, &datagram, &mut room);
            let Some(request) = request else { continue };
            let result = (0..ATTEMPTS)
                .find_map(|_| self.attempt(&request))
                .unwrap_or(Err(Fault { status: ErrorStatus::ResourceUnavailable, index: 1 }));
            if let Err(fault) = &result {
                let (principal, status) = (request.principal(), fault.status.name());
                tracing::info!(principal, %from, status, index = fault.index, "SET refused");
            }
            if let Verdict::Reply(reply) = request.answer(result, &mut workspace) {
                udp::send(&socket, from, reply);
            }
        }
    }

    /// Checks and commits a SET on the state as it is now; `None` if that was not
    /// the state any more when it came to the commit.
    fn attempt(&self, request: &SetRequest<'_, AgentState>) -> Option<Result<(), Fault>> {
        self.publisher.refresh();
        let state = self.publisher.current();
        let at = At { state: &**state, now: Instant::now() };
        let Checked { draft, places } = match request.check(at) {
            Ok(checked) => checked,
            Err(fault) => return Some(Err(fault)),
        };
        let changes_configuration = draft.changes_configuration();
        match draft.commit(self.publisher.director()) {
            Ok(()) => {
                let principal = request.principal();
                match changes_configuration {
                    true => tracing::info!(principal, "the configuration was changed"),
                    // Controllers do this every second.
                    false => tracing::debug!(principal, "SET done"),
                }
                // The answer says that it is done, so the next GET must show it.
                self.publisher.refresh();
                Some(Ok(()))
            }
            Err(CommitError::Stale) => None,
            Err(error) => {
                tracing::info!(%error, "the director refused a SET");
                Some(Err(tables::fault(&error, &places)))
            }
        }
    }
}
