//! SNMP over TLS (RFC 6353): a session for each agent, kept and used again.
//!
//! Each has a task of its own, so that an agent that hangs keeps nobody waiting but
//! those who ask it. The task opens a session for the first question, and another for
//! the first after that has ended: where one cannot be opened, all that wait then are
//! told, and nothing is tried again until somebody asks.

mod fault;
mod link;
mod open;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lcms_snmp::Request;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};

pub use self::fault::SessionFault;
use self::open::{Session, Unanswered};
use super::{Answer, ClientError, Target};
use crate::tls::Peer;

/// Questions to one agent that wait for their turn.
const QUEUE: usize = 128;
/// A session that nobody has used for so long is closed, before an agent of ours does
/// so, which may be at the moment of a question.
const IDLE: Duration = Duration::from_secs(45);

/// The tasks, by the agents they ask.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<SocketAddr, Asked>>);

#[derive(Debug)]
struct Asked {
    peer: Peer,
    asks: mpsc::Sender<Ask>,
}

/// A question on its way to a task.
#[derive(Debug)]
struct Ask {
    request: Request,
    /// When whoever asks gives up.
    until: Instant,
    reply: oneshot::Sender<Result<Answer, ClientError>>,
    /// Whether it was asked in a session that has ended.
    is_repeated: bool,
}

impl Sessions {
    /// Asks in the session with an agent, or in a new one.
    pub(super) async fn ask(
        &self,
        target: &Target,
        peer: &Peer,
        request: Request,
    ) -> Result<Answer, ClientError> {
        let address = target.address;
        let silent = || ClientError::Session { address, fault: Arc::new(SessionFault::Silent) };
        let until = Instant::now() + target.patience();
        let (reply, answer) = oneshot::channel();
        let mut ask = Ask { request, until, reply, is_repeated: false };
        let answered = async {
            // A task that has just ended gives it back.
            while let Err(mpsc::error::SendError(back)) = self.of(address, peer).send(ask).await {
                ask = back;
            }
            // It is let go of when its time is over, and this may be heard of before that.
            answer.await.unwrap_or_else(|_| Err(silent()))
        };
        timeout_at(until, answered).await.unwrap_or_else(|_| Err(silent()))
    }

    /// The way to the task that asks an agent.
    fn of(&self, address: SocketAddr, peer: &Peer) -> mpsc::Sender<Ask> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = all.get(&address)
            && asked.peer.is(peer)
            && !asked.asks.is_closed()
        {
            return asked.asks.clone();
        }
        all.retain(|_, asked| !asked.asks.is_closed());
        let (asks, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(run(address, peer.clone(), receiver));
        // Whatever was asked with other certificates is answered yet.
        all.insert(address, Asked { peer: peer.clone(), asks: asks.clone() });
        asks
    }
}

/// Runs until nobody has asked for a while, or nobody will any more.
async fn run(address: SocketAddr, peer: Peer, mut asks: mpsc::Receiver<Ask>) {
    let mut again = Vec::new();
    loop {
        let first = match again.pop() {
            Some(ask) => ask,
            None => match next(&mut asks).await {
                Some(ask) => ask,
                None => return,
            },
        };
        if first.reply.is_closed() {
            continue;
        }
        match timeout_at(first.until, Session::open(address, &peer)).await {
            Ok(Ok(session)) => {
                again.push(first);
                let Unanswered { repeated, refused, fault } = session.serve(again, &mut asks).await;
                again = repeated;
                refuse(refused, address, fault);
            }
            Ok(Err(fault)) => {
                let waiting = std::iter::from_fn(|| asks.try_recv().ok());
                refuse(again.drain(..).chain([first]).chain(waiting), address, fault);
            }
            // Whoever asked has given up by now; others have time of their own.
            Err(_) => {}
        }
    }
}

fn refuse(asks: impl IntoIterator<Item = Ask>, address: SocketAddr, fault: SessionFault) {
    let fault = Arc::new(fault);
    for ask in asks {
        // Whoever asked may have gone away, which is their affair.
        let _ = ask.reply.send(Err(ClientError::Session { address, fault: Arc::clone(&fault) }));
    }
}

/// The next question. Once there was none for long, those that are on their way are the
/// last.
async fn next(asks: &mut mpsc::Receiver<Ask>) -> Option<Ask> {
    match timeout(IDLE, asks.recv()).await {
        Ok(ask) => ask,
        Err(_) => {
            asks.close();
            asks.recv().await
        }
    }
}
