//! The thread that owns the state.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use super::assemble::{self, Verdict};
use super::checker::{Asked, Checker, Target};
use super::commit::{CommitError, Draft, Reload, Reloaded};
use super::handle::{DirectorOptions, Message, Published};
use super::handover::{HandedOver, Legacy};
use super::plane;
use super::snapshot::{Listening, Snapshot};
use crate::driver::{Driver, Refusal};
use crate::model::{
    CheckKind, Name, Problem, ProblemKind, RowId, Runtime, ServerId, Service, ServiceId, Wanted,
};
use crate::plan::{Capabilities, plan};
use crate::store::Store;

/// How soon a listener that the system refused is tried again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Most messages handled before what they changed is published.
const BATCH: usize = 1_024;

pub(super) struct Owner {
    local_host: Name,
    allow_scripts: bool,
    store: Option<Store>,
    driver: Box<dyn Driver>,
    checker: Checker,
    verdicts: BTreeMap<ServerId, Verdict>,
    targets: BTreeMap<ServerId, Target>,
    listen_again: Option<Instant>,
    /// When time alone changes a weight or ends connections.
    next_moment: Option<Instant>,
    place: Place,
    current: Arc<Snapshot>,
    published: Arc<Published>,
    messages: Receiver<Message>,
}

/// Whose the place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// This director's.
    Held,
    /// Another process is about to take it.
    Offered,
    /// Another process has it.
    Left,
}

/// What an owner works with.
pub(super) struct Parts {
    pub(super) store: Option<Store>,
    pub(super) driver: Box<dyn Driver>,
    pub(super) checker: Checker,
    pub(super) messages: Receiver<Message>,
}

/// What an owner begins with.
pub(super) struct First {
    /// The state that the first one follows.
    pub(super) before: Snapshot,
    pub(super) wanted: Wanted,
    pub(super) runtime: Runtime,
    pub(super) verdicts: BTreeMap<ServerId, Verdict>,
}

/// What the next state is made from.
struct Step<'a> {
    serial: u64,
    wanted: Arc<Wanted>,
    runtime: Arc<Runtime>,
    principal: &'a str,
    keep: bool,
    companion: Option<&'a str>,
    /// Whether a listener that is new now may stop it.
    strict: bool,
}

impl Owner {
    pub(super) fn new(
        options: &DirectorOptions,
        Parts { store, driver, checker, messages }: Parts,
        First { before, wanted, runtime, verdicts }: First,
    ) -> (Self, Arc<Published>) {
        let serial = before.serial.saturating_add(1);
        let current = Arc::new(before);
        let published = Published::new(current.clone());
        let mut owner = Self {
            local_host: options.local_host,
            allow_scripts: options.allow_scripts,
            store,
            driver,
            checker,
            verdicts,
            targets: BTreeMap::new(),
            listen_again: None,
            next_moment: None,
            place: Place::Held,
            current,
            published: published.clone(),
            messages,
        };
        let step = Step {
            serial,
            wanted: Arc::new(wanted),
            runtime: Arc::new(runtime),
            principal: "",
            keep: false,
            companion: None,
            strict: false,
        };
        // A step that is not strict and keeps nothing has nothing to fail at.
        if let Err(error) = owner.advance(step) {
            tracing::error!(%error, "the first state was refused");
        }
        (owner, published)
    }

    pub(super) fn run(mut self) {
        loop {
            let message = match self.next_deadline() {
                None => self.messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => {
                    self.messages.recv_timeout(at.saturating_duration_since(Instant::now()))
                }
            };
            let mut changed = match message {
                Ok(Message::Shutdown) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(message) => self.handle(message),
                Err(RecvTimeoutError::Timeout) => true,
            };
            // Many servers may go down at once: their news is one snapshot.
            for _ in 0..BATCH {
                match self.messages.try_recv() {
                    Ok(Message::Shutdown) => return,
                    Ok(message) => changed |= self.handle(message),
                    Err(_) => break,
                }
            }
            if changed {
                self.refresh();
            }
        }
    }

    /// When something changes that nobody will tell of.
    fn next_deadline(&self) -> Option<Instant> {
        match self.place {
            Place::Held => {
                let lease = self.current.runtime.next_expiry();
                [lease, self.listen_again, self.next_moment].into_iter().flatten().min()
            }
            Place::Offered => None,
            // What was to end by a deadline ends by it here, too.
            Place::Left => self.next_moment,
        }
    }

    /// Handles a message; true if a new snapshot is due.
    fn handle(&mut self, message: Message) -> bool {
        match message {
            // The document is another process's now.
            Message::Commit(_, reply) if self.place != Place::Held => {
                let _ = reply.send(Err(CommitError::Closed));
                false
            }
            Message::Reload(_, reply) if self.place != Place::Held => {
                let _ = reply.send(Err(CommitError::Closed));
                false
            }
            Message::Commit(draft, reply) => {
                // A caller that went away has no use for the answer.
                let _ = reply.send(self.commit(*draft));
                false
            }
            Message::Reload(reload, reply) => {
                let _ = reply.send(self.reload(*reload));
                false
            }
            Message::HandOver(reply) => {
                let _ = reply.send(self.hand_over());
                false
            }
            Message::Pause(reply) => {
                let _ = reply.send(self.pause());
                false
            }
            Message::Resume => {
                self.place = Place::Held;
                self.driver.resume();
                true
            }
            Message::Retire(reply) => {
                self.place = Place::Left;
                self.checker.watch(BTreeMap::new());
                self.driver.retire();
                let _ = reply.send(());
                false
            }
            Message::Connections(reply) => {
                let _ = reply.send(self.driver.connections());
                false
            }
            Message::Health(_) if self.place == Place::Left => false,
            Message::Health(report) => {
                let target = self.targets.get(&report.server);
                let Some(target) = target.filter(|target| target.epoch == report.epoch) else {
                    return false;
                };
                let super::checker::HealthReport { health, text, ejected, .. } = report;
                match &ejected {
                    Some(ejected) => {
                        tracing::info!(server = %report.server, "ejected: {}", ejected.why);
                    }
                    None => tracing::info!(server = %report.server, ?health, "{text}"),
                }
                let verdict = Verdict { health, text, ejected, address: target.address };
                self.verdicts.insert(report.server, verdict);
                // Else it is seen to when this director goes on, if it does.
                self.place == Place::Held
            }
            Message::Shutdown => false,
        }
    }

    fn commit(&mut self, draft: Draft) -> Result<Arc<Snapshot>, CommitError> {
        let Draft { base, mut wanted, mut runtime, provenance, companion } = draft;
        let before = self.current.clone();
        if base != before.serial {
            return Err(CommitError::Stale);
        }
        let changed =
            !Arc::ptr_eq(&wanted, &before.wanted) && !wanted.asks_the_same(&before.wanted);
        if changed {
            let mut problems = wanted.check_change(&before.wanted);
            problems.extend(wanted.check());
            problems.extend(self.newly_beyond(&wanted));
            if !problems.is_empty() {
                return Err(CommitError::Invalid(problems));
            }
        } else {
            wanted = before.wanted.clone();
        }
        // What the commit is one with is part of the configuration, too.
        if changed || companion.is_some() {
            let document = Arc::make_mut(&mut wanted);
            document.generation = before.wanted.generation.saturating_add(1);
            document.provenance = provenance.clone();
        }
        // What ran out between the draft and now does not come back with it.
        let values = Arc::make_mut(&mut runtime);
        values.expire(Instant::now());
        values.prune(&wanted);
        let keep = changed || companion.is_some() || terms(&runtime) != terms(&before.runtime);
        self.advance(Step {
            serial: before.serial + 1,
            wanted,
            runtime,
            principal: &provenance.principal,
            keep,
            companion: companion.as_deref(),
            strict: true,
        })
    }

    fn reload(&mut self, reload: Reload) -> Result<Reloaded, CommitError> {
        let Reload { config, provenance, companion } = reload;
        let before = self.current.clone();
        let store = self.store.as_mut().ok_or(CommitError::NoDocument)?;
        let (mut wanted, notes) = store.merged(&config, &before.wanted);
        let changed = !wanted.asks_the_same(&before.wanted);
        let problems = self.newly_beyond(&wanted);
        if !problems.is_empty() {
            return Err(CommitError::Invalid(problems));
        }
        let principal = provenance.principal.clone();
        let wanted = if changed {
            wanted.generation = before.wanted.generation.saturating_add(1);
            wanted.provenance = provenance;
            Arc::new(wanted)
        } else {
            before.wanted.clone()
        };
        let mut runtime = before.runtime.clone();
        Arc::make_mut(&mut runtime).prune(&wanted);
        let former = self.store.as_mut().map(|store| store.replace_config(config));
        let step = Step {
            serial: before.serial + 1,
            wanted,
            runtime,
            principal: &principal,
            keep: true,
            companion: companion.as_deref(),
            strict: true,
        };
        match self.advance(step) {
            Ok(snapshot) => Ok(Reloaded { snapshot, changed, notes }),
            Err(error) => {
                if let (Some(store), Some(former)) = (&mut self.store, former) {
                    store.replace_config(former);
                }
                Err(error)
            }
        }
    }

    fn hand_over(&self) -> io::Result<HandedOver> {
        let store = self.store.as_ref();
        let store = store.ok_or_else(|| io::Error::other(CommitError::NoDocument))?;
        Ok(HandedOver { listeners: self.driver.listeners()?, lock: store.lock()? })
    }

    fn pause(&mut self) -> io::Result<Legacy> {
        self.place = Place::Offered;
        let parting = self.driver.pause()?;
        Ok(Legacy::of(&self.current, self.checker.tell(), parting, Instant::now()))
    }

    /// What the document asks for beyond the driver, as the present one does
    /// not: what was so before does not stop other changes.
    fn newly_beyond(&self, wanted: &Wanted) -> Vec<Problem> {
        let can = self.driver.capabilities();
        let known = beyond(&self.current.wanted, &can);
        let mut problems: Vec<Problem> =
            beyond(wanted, &can).into_iter().filter(|one| !known.contains(one)).collect();
        if !self.allow_scripts {
            problems.extend(scripts(wanted, &self.current.wanted));
        }
        problems
    }

    /// Publishes what time and the checks changed.
    fn refresh(&mut self) {
        let now = Instant::now();
        let mut runtime = self.current.runtime.clone();
        if runtime.next_expiry().is_some_and(|end| end <= now) {
            Arc::make_mut(&mut runtime).expire(now);
        }
        let step = Step {
            serial: self.current.serial,
            wanted: self.current.wanted.clone(),
            runtime,
            principal: "",
            keep: false,
            companion: None,
            strict: false,
        };
        if let Err(error) = self.advance(step) {
            tracing::error!(%error, "a change of health or lease was refused");
        }
    }

    /// Makes the step: decide, open what may be refused, write, do, publish.
    fn advance(&mut self, step: Step<'_>) -> Result<Arc<Snapshot>, CommitError> {
        let before = self.current.clone();
        let time = SystemTime::now();
        let mut next = assemble::assemble(
            &before,
            &assemble::Parts {
                serial: step.serial,
                wanted: step.wanted,
                runtime: step.runtime,
                local_host: &self.local_host,
                verdicts: &self.verdicts,
                principal: step.principal,
                now: Instant::now(),
                time,
            },
        );
        let can = self.driver.capabilities();
        let mut want = plane::plane(&next).within(&can);
        let fresh = fresh_listeners(&before, &next, &can);
        let mut failed: BTreeMap<ServiceId, String> = BTreeMap::new();
        let changes = loop {
            let changes = plan(&want, &self.driver.observe(), &can);
            let refusals = self.driver.prepare(&changes);
            if refusals.is_empty() {
                break changes;
            }
            for refusal in refusals {
                if step.strict && fresh.contains(&refusal.service) {
                    self.driver.prepare(&[]);
                    return Err(unavailable(refusal));
                }
                let text = format!("cannot listen on {}: {}", refusal.address, refusal.source);
                if let Some(service) = want.services.get_mut(&refusal.service) {
                    service.listen = None;
                }
                failed.insert(refusal.service, text);
            }
        };
        if step.keep
            && let Some(store) = &mut self.store
            && let Err(error) = store.save(&next.wanted, &next.runtime, step.companion)
        {
            self.driver.prepare(&[]);
            return Err(error.into());
        }
        self.listen_again = (!failed.is_empty()).then(|| Instant::now() + LISTEN_AGAIN);
        self.driver.apply(changes, &next);
        let beyond: BTreeMap<RowId, ProblemKind> =
            beyond(&next.wanted, &can).into_iter().map(|one| (one.row, one.kind)).collect();
        assemble::settle(&mut next, time, |id| {
            if let Some(why) = failed.get(id) {
                return Listening::Failed(why.clone());
            }
            if let Some(why) = beyond.get(&RowId::Service(*id)) {
                return Listening::Failed(why.to_string());
            }
            match want.services.get(id).and_then(|service| service.listen) {
                Some(_) => Listening::Yes,
                None => Listening::No,
            }
        });
        self.next_moment = assemble::next_moment(&next, Instant::now());
        let next = Arc::new(next);
        self.check_servers(&next);
        self.current = next.clone();
        self.published.publish(next.clone());
        Ok(next)
    }

    /// Tells the checker whom to watch from now on.
    fn check_servers(&mut self, next: &Snapshot) {
        let mut targets = BTreeMap::new();
        let mut asked: Option<(ServiceId, Arc<Asked>)> = None;
        for (id, status) in &next.servers {
            let Some(places) = &status.watched else { continue };
            // Servers come in the order of their services, which they share
            // this with.
            let asked = match &asked {
                Some((of, asked)) if *of == id.service() => asked.clone(),
                _ => {
                    let Some(service) = next.wanted.service(&id.service()) else { continue };
                    let fresh = Arc::new(assemble::asked(service, self.allow_scripts));
                    asked.insert((id.service(), fresh)).1.clone()
                }
            };
            let same = self.targets.get(id).filter(|target| {
                (target.address, target.checked) == (places.address, places.checked)
            });
            let epoch = same.map_or_else(|| self.checker.next_epoch(), |target| target.epoch);
            let live = status.live.clone();
            let (address, checked) = (places.address, places.checked);
            targets.insert(*id, Target { address, checked, asked, epoch, live });
        }
        if targets != self.targets {
            self.verdicts.retain(|id, verdict| {
                targets.get(id).is_some_and(|target| target.address == verdict.address)
            });
            self.checker.watch(targets.clone());
            self.targets = targets;
        }
    }
}

/// Services that should listen where they did not have to before. Those that
/// come with the role of director do not count: a promotion is not to fail for
/// one address.
fn fresh_listeners(before: &Snapshot, next: &Snapshot, can: &Capabilities) -> Vec<ServiceId> {
    if !before.driving {
        return Vec::new();
    }
    let old = plane::listeners(before, can);
    let new = plane::listeners(next, can);
    new.into_iter().filter(|(id, at)| old.get(id) != Some(at)).map(|(id, _)| id).collect()
}

/// Services that would be checked by a script from now on.
fn scripts<'a>(wanted: &'a Wanted, before: &'a Wanted) -> impl Iterator<Item = Problem> + 'a {
    let by_script = |service: &Service| service.check.kind == CheckKind::Script;
    wanted
        .services()
        .filter(move |(id, row)| by_script(row) && !before.service(id).is_some_and(by_script))
        .map(|(id, _)| Problem { row: RowId::Service(id), kind: ProblemKind::ScriptsNotAllowed })
}

/// What the document asks for and the driver does not have.
fn beyond(wanted: &Wanted, can: &Capabilities) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, service) in wanted.services() {
        let mut add = |kind| problems.push(Problem { row: RowId::Service(id), kind });
        if !can.schedulers.contains(&service.scheduler) {
            add(ProblemKind::Scheduler(service.scheduler));
        }
        if !can.forwards.contains(&service.forward) {
            add(ProblemKind::Forward(service.forward));
        }
        if !can.protocols.contains(&service.protocol) {
            add(ProblemKind::Protocol(service.protocol));
        }
    }
    problems
}

/// Of the leases, what outlives a restart.
fn terms(runtime: &Runtime) -> impl PartialEq + use<'_> {
    runtime
        .leases
        .iter()
        .map(|(name, lease)| (name, lease.owner.as_str(), lease.term))
        .collect::<Vec<_>>()
}

fn unavailable(refusal: Refusal) -> CommitError {
    let Refusal { service, address, source } = refusal;
    CommitError::Unavailable { service, address, source }
}
