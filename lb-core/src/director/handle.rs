//! The way to a director from any thread.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{self, Sender, SyncSender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::checker::{Checker, HealthReport};
use super::commit::{CommitError, Draft, Reload, Reloaded};
use super::gauge::Gauge;
use super::handover::{HandedOver, Heard, Legacy};
use super::owner::{First, Owner, Parts};
use super::priority::stand_back;
use super::snapshot::Snapshot;
use crate::driver::proxy::{Proxy, ProxyOptions};
use crate::model::{Name, Runtime, Wanted};
use crate::store::Store;

/// What a director needs to know beside its document.
#[derive(Clone, Debug)]
pub struct DirectorOptions {
    /// Name of the host it runs on. Its role status says whether it drives.
    pub local_host: Name,
    /// Whether servers may be checked by scripts.
    pub allow_scripts: bool,
    /// How the proxy works.
    pub proxy: ProxyOptions,
}

/// The owner of the state.
pub struct Director;

/// A director, to be asked and told. Clones are the same director, which ends
/// with [`DirectorHandle::shutdown`] or with the last of them.
#[derive(Clone)]
pub struct DirectorHandle {
    inner: Arc<Inner>,
}

struct Inner {
    published: Arc<Published>,
    to_owner: Sender<Message>,
    threads: Mutex<Option<(JoinHandle<()>, Gauge)>>,
}

/// What the owner is told.
pub(super) enum Message {
    /// Make this the next state.
    Commit(Box<Draft>, SyncSender<Result<Arc<Snapshot>, CommitError>>),
    /// Merge this configuration into the state.
    Reload(Box<Reload>, SyncSender<Result<Reloaded, CommitError>>),
    /// Tell what a process needs that takes over.
    HandOver(SyncSender<io::Result<HandedOver>>),
    /// Accept no more, and tell what a process goes on with that takes over.
    Pause(SyncSender<io::Result<Legacy>>),
    /// No process has taken over.
    Resume,
    /// Another process has taken over.
    Retire(SyncSender<()>),
    /// Tell how many connections there are.
    Connections(SyncSender<usize>),
    /// The checks have found this.
    Health(HealthReport),
    /// End.
    Shutdown,
}

/// The present snapshot, and a bell that rings when it changes.
pub(super) struct Published {
    current: ArcSwap<Snapshot>,
    count: Mutex<u64>,
    changed: Condvar,
}

impl Director {
    /// Starts a director. Without `store` nothing is kept. A service that
    /// cannot listen does not stop the start: it is reported and retried.
    pub fn start(
        options: DirectorOptions,
        store: Option<Store>,
        wanted: Wanted,
        runtime: Runtime,
    ) -> io::Result<DirectorHandle> {
        Self::take_over(options, store, wanted, runtime, (Vec::new(), Legacy::default()))
    }

    /// Starts a director in the place of another process's, which has paused: with
    /// its listeners where they fit, and with what it knew.
    pub fn take_over(
        options: DirectorOptions,
        store: Option<Store>,
        wanted: Wanted,
        runtime: Runtime,
        (listeners, legacy): (Vec<OwnedFd>, Legacy),
    ) -> io::Result<DirectorHandle> {
        let Heard { before, mut runtime, verdicts, watches, parting } =
            legacy.hear(runtime, Instant::now());
        runtime.prune(&wanted);
        let (to_owner, messages) = mpsc::channel();
        let checker = Checker::start(to_owner.clone(), watches)?;
        let proxy = Proxy::start(&options.proxy, checker.suspicion(), (listeners, parting))?;
        let first = First { before, wanted, runtime, verdicts };
        let parts = Parts { store, driver: Box::new(proxy), checker, messages };
        let capacities = parts.store.as_ref().map(Store::capacities);
        let (owner, published) = Owner::new(&options, parts, first);
        let gauge = Gauge::start(published.clone(), capacities)?;
        let thread = thread::Builder::new().name("director".into()).spawn(move || {
            stand_back();
            owner.run();
        })?;
        let threads = Mutex::new(Some((thread, gauge)));
        let inner = Inner { published, to_owner, threads };
        Ok(DirectorHandle { inner: Arc::new(inner) })
    }
}

impl DirectorHandle {
    /// The director at this moment. It never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.published.current.load_full()
    }

    /// Makes the draft the present state, or says why not. When it returns,
    /// the document is on disk and new connections follow the new state.
    pub fn commit(&self, draft: Draft) -> Result<Arc<Snapshot>, CommitError> {
        let (reply, answer) = mpsc::sync_channel(1);
        let message = Message::Commit(Box::new(draft), reply);
        self.inner.to_owner.send(message).map_err(|_| CommitError::Closed)?;
        answer.recv().map_err(|_| CommitError::Closed)?
    }

    /// Merges another configuration into the present state, as a start would,
    /// or says why not; then nothing is changed. No connection ends by it but
    /// those of servers and services that are no more.
    pub fn reload(&self, reload: Reload) -> Result<Reloaded, CommitError> {
        let (reply, answer) = mpsc::sync_channel(1);
        let message = Message::Reload(Box::new(reload), reply);
        self.inner.to_owner.send(message).map_err(|_| CommitError::Closed)?;
        answer.recv().map_err(|_| CommitError::Closed)?
    }

    /// What a process needs to prepare itself that takes over from this one.
    /// Whoever asks for it sees to it that nothing is committed until that is done.
    pub fn hand_over(&self) -> io::Result<HandedOver> {
        self.ask(Message::HandOver)?
    }

    /// Accepts no more, and tells what such a process goes on with. Clients wait
    /// in the listeners until either it does so or this director resumes.
    pub fn pause(&self) -> io::Result<Legacy> {
        self.with_gauge(Gauge::keep);
        self.ask(Message::Pause)?
    }

    /// Goes on after a pause: nobody took over.
    pub fn resume(&self) {
        // A director that is shut down has nothing to go on with.
        let _ = self.inner.to_owner.send(Message::Resume);
    }

    /// After a pause, gives up the listeners and checks no more, since another
    /// process has taken over. What is established goes on until it ends, but for
    /// flows: they are the other's.
    pub fn retire(&self) -> io::Result<()> {
        self.with_gauge(Gauge::retire);
        self.ask(Message::Retire)
    }

    fn with_gauge(&self, act: impl FnOnce(&Gauge)) {
        let threads = self.inner.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, gauge)) = &*threads {
            act(gauge);
        }
    }

    /// How many connections there are, those that wait for a server included.
    pub fn connections(&self) -> io::Result<usize> {
        self.ask(Message::Connections)
    }

    fn ask<T>(&self, message: impl FnOnce(SyncSender<T>) -> Message) -> io::Result<T> {
        let (reply, answer) = mpsc::sync_channel(1);
        let gone = || io::Error::other("the director is shut down");
        self.inner.to_owner.send(message(reply)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())
    }

    /// Waits until a snapshot is as `wished`, and gives up after `timeout`.
    pub fn wait_until(
        &self,
        timeout: Duration,
        wished: impl Fn(&Snapshot) -> bool,
    ) -> Option<Arc<Snapshot>> {
        let end = Instant::now() + timeout;
        let published = &self.inner.published;
        let mut count = published.count.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let snapshot = published.current.load_full();
            if wished(&snapshot) {
                return Some(snapshot);
            }
            let left = end.checked_duration_since(Instant::now())?;
            let woken = published.changed.wait_timeout(count, left);
            count = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Stops everything: listeners, connections, checks. Returns when it is so.
    pub fn shutdown(&self) {
        self.inner.shutdown();
    }
}

impl Inner {
    fn shutdown(&self) {
        // An owner that is gone already needs no telling.
        let _ = self.to_owner.send(Message::Shutdown);
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((thread, gauge)) = threads {
            drop(gauge);
            let _ = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shutdown();
    }
}

impl Published {
    pub(super) fn new(first: Arc<Snapshot>) -> Arc<Self> {
        Arc::new(Self {
            current: ArcSwap::new(first),
            count: Mutex::new(0),
            changed: Condvar::new(),
        })
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    pub(super) fn publish(&self, next: Arc<Snapshot>) {
        self.current.store(next);
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }
}
