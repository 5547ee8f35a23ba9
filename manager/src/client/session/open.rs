//! A session that is open, and the questions in it.

use std::{collections::HashMap, future, io, net::SocketAddr, time::Duration};

use lcms_snmp::{
    Arrived, Completed, Credentials, EngineId, Expired, Oid, Request, RequestId, Response, Retry,
    Target, Tracker, Value,
};
use load_cluster_mib::snmp_framework_mib::snmp_engine;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::{Ask, SessionFault, link::Link, next};
use crate::{
    client::{Answer, ClientError, Rejection},
    tls::Peer,
};

/// Questions under way in a session; others wait their turn.
const MOST: usize = 128;
/// How long a question is kept that whoever asked has given up: so that its silence is
/// seen here, and not taken for theirs.
const GRACE: Duration = Duration::from_secs(1);
/// How long an answer to the first question is waited for that follows the handshake at
/// once. net-snmp reads ahead, and does not notice it where both come together: in another
/// session its tickets, which come when it is done, are waited for as long.
const HASTE: Duration = Duration::from_millis(250);

pub(super) struct Session {
    address: SocketAddr,
    link: Link,
    tracker: Tracker<()>,
    /// Whose context all questions are about.
    engine: EngineId,
    waiting: HashMap<RequestId, Waiting>,
    /// When a message came last.
    heard: Instant,
}

struct Waiting {
    ask: Ask,
    since: Instant,
}

/// What is left of a session that has ended.
pub(super) struct Unanswered {
    /// What can be asked once more: it changes nothing.
    pub(super) repeated: Vec<Ask>,
    /// Whoever asked the others has to see for themselves what was done.
    pub(super) refused: Vec<Ask>,
    /// Why it has ended.
    pub(super) fault: SessionFault,
}

impl Session {
    /// Opens one, and asks for the name of the engine (RFC 5343 §3). In TLS 1.3 its answer
    /// is the first sign that the agent takes the own certificate.
    pub(super) async fn open(address: SocketAddr, peer: &Peer) -> Result<Self, SessionFault> {
        let at_once = Self::connect(address, peer).await?;
        if let Ok(opened) = timeout(HASTE, at_once.discover()).await {
            return opened;
        }
        let mut patient = Self::connect(address, peer).await?;
        if let Ok(turned) = timeout(HASTE, patient.link.turn()).await {
            turned?;
        }
        patient.discover().await
    }

    async fn connect(address: SocketAddr, peer: &Peer) -> Result<Self, SessionFault> {
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).map_err(|_| SessionFault::Connection(io::ErrorKind::Other))?;
        Ok(Self {
            address,
            link: Link::open(address, peer).await?,
            tracker: Tracker::new(seed),
            engine: EngineId::local(),
            waiting: HashMap::new(),
            heard: Instant::now(),
        })
    }

    /// Learns the name of the engine.
    async fn discover(mut self) -> Result<Self, SessionFault> {
        let name = Oid::new(snmp_engine::ENTRY.instance(snmp_engine::col::ID, &[0]));
        let name = name.expect("generated names are valid");
        self.transmit(&Request::get([name]), GRACE);
        loop {
            while let Some(message) = self.link.message()? {
                match self.tracker.on_datagram(std::time::Instant::now(), &(), &message) {
                    Some(Arrived::Completed(completed)) => {
                        self.engine = engine(&completed.response)?;
                        return Ok(self);
                    }
                    Some(Arrived::Reported { .. }) => return Err(SessionFault::NoEngine),
                    Some(Arrived::Send(_)) | None => {}
                }
            }
            self.link.turn().await?;
        }
    }

    /// Asks these and what comes, until it ends; `asks` are over then or are not.
    pub(super) async fn serve(
        mut self,
        first: Vec<Ask>,
        asks: &mut mpsc::Receiver<Ask>,
    ) -> Unanswered {
        for ask in first {
            self.submit(ask);
        }
        let fault = match self.run(asks).await {
            Err(SessionFault::Closed) | Ok(()) => SessionFault::Ended,
            Err(fault) => fault,
        };
        tracing::debug!(address = %self.address, %fault, "a session is over");
        let left = self.waiting.drain().map(|(_, waiting)| waiting.ask);
        let (repeated, refused) =
            left.partition::<Vec<_>, _>(|ask| ask.request.is_read() && !ask.is_repeated);
        let repeated = repeated.into_iter().map(|ask| Ask { is_repeated: true, ..ask }).collect();
        Unanswered { repeated, refused, fault }
    }

    async fn run(&mut self, asks: &mut mpsc::Receiver<Ask>) -> Result<(), SessionFault> {
        let mut is_last = false;
        while !(is_last && self.waiting.is_empty()) {
            let has_room = self.waiting.len() < MOST && !self.link.is_behind();
            let deadline = self.tracker.poll_timeout();
            tokio::select! {
                ask = next(asks), if has_room && !is_last => match ask {
                    Some(ask) => self.submit(ask),
                    None => is_last = true,
                },
                moved = self.link.turn() => {
                    // The last words may be answers.
                    self.take()?;
                    moved?;
                }
                () = until(deadline) => self.expire()?,
            }
        }
        Ok(())
    }

    fn submit(&mut self, ask: Ask) {
        let since = Instant::now();
        let patience = ask.until.saturating_duration_since(since);
        if ask.reply.is_closed() || patience.is_zero() {
            return;
        }
        let id = self.transmit(&ask.request, patience + GRACE);
        self.waiting.insert(id, Waiting { ask, since });
    }

    fn transmit(&mut self, request: &Request, patience: Duration) -> RequestId {
        let retry = Retry { timeout: patience, ceiling: patience, retries: 0 };
        let credentials = Credentials::Session(self.engine);
        let target = Target { address: (), credentials, retry };
        let transmit = self.tracker.submit(std::time::Instant::now(), &target, request);
        self.link.send(&transmit.octets);
        transmit.id
    }

    /// Takes what has come.
    fn take(&mut self) -> Result<(), SessionFault> {
        while let Some(message) = self.link.message()? {
            self.heard = Instant::now();
            let (id, answer) = match self.tracker.on_datagram(self.heard.into_std(), &(), &message)
            {
                Some(Arrived::Completed(Completed { id, response, round_trip, .. })) => {
                    (id, Ok(Answer { response, round_trip }))
                }
                Some(Arrived::Reported { id, report, .. }) => {
                    let (address, rejection) = (self.address, Rejection::of(&report));
                    (id, Err(ClientError::Reported { address, rejection }))
                }
                Some(Arrived::Send(_)) | None => continue,
            };
            if let Some(Waiting { ask, .. }) = self.waiting.remove(&id) {
                // Whoever asked may have gone away, which is their affair.
                let _ = ask.reply.send(answer);
            }
        }
        Ok(())
    }

    /// Forgets what was given up. Where nothing has come since that was asked, the agent
    /// may have gone without a word: the next question is to have another session.
    fn expire(&mut self) -> Result<(), SessionFault> {
        while let Some(expired) = self.tracker.on_timeout(std::time::Instant::now()) {
            let id = match expired {
                Expired::GaveUp { id, .. } => id,
                Expired::Resend(transmit) => transmit.id,
            };
            let forgotten = self.waiting.remove(&id);
            if forgotten.is_some_and(|waiting| waiting.since > self.heard) {
                return Err(SessionFault::Silent);
            }
        }
        Ok(())
    }
}

/// The name that an engine says it has.
fn engine(response: &Response) -> Result<EngineId, SessionFault> {
    match response.varbinds.as_slice() {
        [varbind] => match &varbind.value {
            Value::OctetString(octets) => EngineId::new(octets).map_err(|_| SessionFault::NoEngine),
            _ => Err(SessionFault::NoEngine),
        },
        _ => Err(SessionFault::NoEngine),
    }
}

async fn until(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => future::pending().await,
    }
}
