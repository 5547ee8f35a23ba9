//! One question, one answer.

use std::{
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use lcms_snmp::{ErrorStatus, Oid, Request, Response, VarBind};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{
    ClientError, Counts, Credentials, Target,
    counts::Counters,
    session::{SessionFault, Sessions},
    shell::{self, Ask},
};
use crate::tls::Peer;

/// A handle to the tasks that ask; clones share them.
#[derive(Clone, Debug)]
pub struct Client {
    asks: mpsc::Sender<Ask>,
    /// So many answers fit into the sockets' receive buffers.
    slots: Arc<Semaphore>,
    sessions: Arc<Sessions>,
    counters: Arc<Counters>,
}

/// What came back, whatever its error-status says.
#[derive(Debug)]
pub struct Answer {
    /// The response.
    pub response: Response,
    /// Time to it, unless a repetition makes that unknowable.
    pub round_trip: Option<Duration>,
}

impl Client {
    /// Requests under way at once; others wait their turn.
    const CONCURRENT: usize = 128;

    /// Starts the task on the present tokio runtime.
    pub fn start() -> io::Result<Self> {
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        let (asks, receiver) = mpsc::channel(Self::CONCURRENT);
        let counters = Arc::new(Counters::default());
        tokio::spawn(shell::run(receiver, seed, Arc::clone(&counters)));
        let slots = Arc::new(Semaphore::new(Self::CONCURRENT));
        Ok(Self { asks, slots, sessions: Arc::default(), counters })
    }

    /// How often was asked so far.
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// Asks, and leaves it to the caller what the error-status means.
    pub async fn ask(&self, target: &Target, request: Request) -> Result<Answer, ClientError> {
        let credentials = match &target.credentials {
            Credentials::Community(community) => community.clone().into(),
            Credentials::User(user) => user.clone().into(),
            Credentials::Certificate(peer) => {
                return self.ask_in_session(target, peer, request).await;
            }
        };
        let Target { address, retry, .. } = *target;
        let target = lcms_snmp::Target { address, credentials, retry };
        let _slot = self.slots.acquire().await.map_err(|_| ClientError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let ask = Ask { target, request, reply };
        self.asks.send(ask).await.map_err(|_| ClientError::Closed)?;
        answer.await.map_err(|_| ClientError::Closed)?
    }

    async fn ask_in_session(
        &self,
        target: &Target,
        peer: &Peer,
        request: Request,
    ) -> Result<Answer, ClientError> {
        self.counters.requests.fetch_add(1, Relaxed);
        let answered = self.sessions.ask(target, peer, request).await;
        if let Err(ClientError::Session { fault, .. }) = &answered
            && **fault == SessionFault::Silent
        {
            self.counters.timeouts.fetch_add(1, Relaxed);
        }
        answered
    }

    /// Reads exactly these instances. One that an agent does not have comes
    /// back as an exception, and from a version 1 agent as a refusal.
    pub async fn get(
        &self,
        target: &Target,
        names: &[Oid],
    ) -> Result<Vec<VarBind<'static>>, ClientError> {
        let varbinds = self.read(target, Request::get(names.to_vec()), names).await?;
        let same = |(varbind, name): (&VarBind<'_>, &Oid)| varbind.name == *name;
        match varbinds.len() == names.len() && varbinds.iter().zip(names).all(same) {
            true => Ok(varbinds),
            false => Err(ClientError::Unexpected { address: target.address }),
        }
    }

    /// Reads what follows each of these names.
    pub async fn get_next(
        &self,
        target: &Target,
        names: &[Oid],
    ) -> Result<Vec<VarBind<'static>>, ClientError> {
        let varbinds = self.read(target, Request::get_next(names.to_vec()), names).await?;
        match varbinds.len() == names.len() {
            true => Ok(varbinds),
            false => Err(ClientError::Unexpected { address: target.address }),
        }
    }

    /// Reads what follows the first `non_repeaters` names once, and what
    /// follows the others up to `max_repetitions` times.
    pub async fn get_bulk(
        &self,
        target: &Target,
        non_repeaters: u16,
        max_repetitions: u16,
        names: &[Oid],
    ) -> Result<Vec<VarBind<'static>>, ClientError> {
        let request = Request::get_bulk(non_repeaters, max_repetitions, names.to_vec());
        self.read(target, request, names).await
    }

    /// Sets all of these or none, and returns what the agent says it set.
    pub async fn set(
        &self,
        target: &Target,
        varbinds: Vec<VarBind<'static>>,
    ) -> Result<Vec<VarBind<'static>>, ClientError> {
        let names: Vec<Oid> = varbinds.iter().map(|varbind| varbind.name.clone()).collect();
        self.read(target, Request::set(varbinds), &names).await
    }

    async fn read(
        &self,
        target: &Target,
        request: Request,
        names: &[Oid],
    ) -> Result<Vec<VarBind<'static>>, ClientError> {
        let Response { error_status, error_index, varbinds } =
            self.ask(target, request).await?.response;
        if error_status == ErrorStatus::NoError as i32 {
            return Ok(varbinds);
        }
        let at = usize::try_from(error_index).ok().and_then(|index| index.checked_sub(1));
        let name = at.and_then(|at| names.get(at)).cloned();
        Err(ClientError::Refused { address: target.address, status: error_status, name })
    }
}
