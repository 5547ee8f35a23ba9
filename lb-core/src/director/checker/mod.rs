//! The thread that checks servers: nonblocking sockets, one epoll, one queue
//! of deadlines. However many servers there are and however they hang, it is
//! one thread; scripts alone, which no epoll can wait for, have a few of their
//! own.
//!
//! A check of TCP opens a connection and resets it, as other balancers do: the
//! server's kernel drops it cheaply, and no TIME_WAIT is left here for each
//! server and interval. A check of UDP sends an empty datagram: a server that is
//! there need not answer, but a host without one says so by ICMP.
//!
//! What the shards see of a server's connections is heard here too. A connect
//! that is refused, or not answered for a while, is tried again from here at
//! once; if that fails as well, the server is ejected, long before its checks
//! have counted to their fall.

mod conversation;
mod script;
mod trust;
mod watchman;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Sender, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use serde::{Deserialize, Serialize};

use self::watchman::Watchman;
use super::handle::Message;
use super::live::ServerLive;
use crate::health::{EjectionLeft, Monitor};
use crate::model::{Check, Health, Protocol, Question, ServerId};

/// A server to watch.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Where its clients' connections go.
    pub(super) address: SocketAddr,
    /// Where it is checked.
    pub(super) checked: SocketAddr,
    pub(super) asked: Arc<Asked>,
    /// Tells a row from a later one of the same name or another address.
    pub(super) epoch: u64,
    pub(super) live: Arc<ServerLive>,
}

/// Where a server is reached, and where it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) address: SocketAddr,
    pub(super) checked: SocketAddr,
}

/// How the servers of a service are watched.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) check: Check,
    /// `None` if they are not checked.
    pub(super) question: Option<Question>,
    pub(super) protocol: Protocol,
    /// How long the first ejection of a server is; none if zero.
    pub(super) ejection: Duration,
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.epoch == other.epoch
            && self.address == other.address
            && self.checked == other.checked
            && (Arc::ptr_eq(&self.asked, &other.asked) || self.asked == other.asked)
    }
}

/// News about a server.
#[derive(Debug)]
pub(super) struct HealthReport {
    pub(super) server: ServerId,
    pub(super) epoch: u64,
    pub(super) health: Health,
    pub(super) text: String,
    pub(super) ejected: Option<Ejected>,
}

/// What a checker knows of a server, for that of another process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WatchLeft {
    pub(super) server: ServerId,
    /// Where its clients' connections go, and where it is checked. Of a server
    /// elsewhere nothing is known.
    pub(super) address: SocketAddr,
    pub(super) checked: SocketAddr,
    pub(super) monitor: Monitor,
    /// What the last check said that made a difference.
    pub(super) text: String,
    pub(super) ejection: EjectionLeft,
    /// Why it is ejected, or last was.
    pub(super) why: String,
    /// How long the last check took that passed.
    pub(super) usual: Duration,
}

/// That a server is ejected: its connections failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ejected {
    /// Up to then, unless a check lifts it.
    pub until: Instant,
    /// How the connections failed.
    pub why: String,
}

/// The checking thread, which ends with this.
pub(super) struct Checker {
    post: Post,
    epochs: AtomicU64,
    thread: Option<JoinHandle<()>>,
}

/// The way for a driver to say how connections to a server fail.
#[derive(Clone, Debug)]
pub struct Suspicion {
    post: Post,
}

/// How a connection to a server failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It was refused, or timed out.
    Refused(&'static str),
    /// It is not refused and not accepted either, for longer than is usual.
    Slow,
    /// It was accepted and then reset, before the server had said a word.
    Reset,
}

#[derive(Debug)]
enum Order {
    Watch(BTreeMap<ServerId, Target>),
    Suspect(ServerId, Sign),
    Ran(u64, script::Ran),
    /// Tell what is known of each server.
    Tell(SyncSender<Vec<WatchLeft>>),
    Stop,
}

/// Where orders to the thread go.
#[derive(Clone, Debug)]
struct Post {
    orders: Sender<Order>,
    bell: Arc<OwnedFd>,
}

impl Suspicion {
    /// Takes a failed connection into account. Said again before it was heard,
    /// it is said once, so a flood of refusals does not flood the checker.
    pub fn failed(&self, server: ServerId, live: &ServerLive, sign: Sign) {
        if !live.suspected.swap(true, Relaxed) {
            self.post.send(Order::Suspect(server, sign));
        }
    }
}

impl Post {
    fn send(&self, order: Order) {
        // A checker that is gone needs no orders.
        if self.orders.send(order).is_ok() {
            let _ = rustix::io::write(&*self.bell, &1u64.to_ne_bytes());
        }
    }
}

impl Checker {
    /// Starts to check, from what another process knew.
    pub(super) fn start(to_owner: Sender<Message>, known: Vec<WatchLeft>) -> io::Result<Self> {
        let bell = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let (orders, inbox) = mpsc::channel();
        let post = Post { orders, bell };
        let watchman = Watchman::new(post.clone(), inbox, to_owner, known)?;
        let thread = thread::Builder::new().name("checker".into()).spawn(move || watchman.run())?;
        Ok(Self { post, epochs: AtomicU64::new(0), thread: Some(thread) })
    }

    pub(super) fn suspicion(&self) -> Suspicion {
        Suspicion { post: self.post.clone() }
    }

    pub(super) fn next_epoch(&self) -> u64 {
        self.epochs.fetch_add(1, Relaxed)
    }

    /// Watches these servers from now on, and no others.
    pub(super) fn watch(&self, targets: BTreeMap<ServerId, Target>) {
        self.post.send(Order::Watch(targets));
    }

    /// What is known of each server. A checker that is gone knows nothing.
    pub(super) fn tell(&self) -> Vec<WatchLeft> {
        let (tell, told) = mpsc::sync_channel(1);
        self.post.send(Order::Tell(tell));
        told.recv().unwrap_or_default()
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        self.post.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
