//! Behind the store: a thread that judges by the rules what is passed on and when, and
//! threads that pass it on, each with a queue that is bounded and never waited for.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use super::{Counters, Hold, Judged, Passed, Record, Rule, pass_on::Deliver};

/// So many wait for a consumer; further ones do not get to it.
const QUEUE: usize = 1000;

/// A rule at work.
pub(super) struct Outlet {
    rule: Rule,
    hold: Hold,
    queue: Option<SyncSender<Passed>>,
    workers: Vec<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl Outlet {
    /// Starts the threads of a rule's consumer.
    pub(super) fn start(
        rule: Rule,
        consumers: Vec<Box<dyn Deliver>>,
        counters: Arc<Counters>,
    ) -> std::io::Result<Self> {
        let (queue, passed) = mpsc::sync_channel(QUEUE);
        let passed = Arc::new(Mutex::new(passed));
        let mut workers = Vec::new();
        for consumer in consumers {
            let (name, passed) = (rule.name.clone(), Arc::clone(&passed));
            let counters = Arc::clone(&counters);
            let thread = thread::Builder::new().name(format!("to {}", rule.name));
            workers.push(thread.spawn(move || deliver(&name, &passed, consumer, &counters))?);
        }
        counters.of_rule(&rule.name, |_| ());
        let hold = Hold::new(rule.window, rule.hold_down);
        Ok(Self { rule, hold, queue: Some(queue), workers, counters })
    }

    fn arrive(&mut self, record: &Arc<Record>, now: Instant) {
        self.expire(now);
        if !self.rule.wanted.is(record) {
            return;
        }
        match self.hold.arrive(Arc::clone(record), now) {
            Judged::Pass(passed) => self.pass(passed),
            Judged::Duplicate => {
                self.counters.of_rule(&self.rule.name, |counts| counts.duplicates += 1);
            }
            Judged::Held => self.counters.of_rule(&self.rule.name, |counts| counts.held += 1),
        }
    }

    fn expire(&mut self, now: Instant) {
        for passed in self.hold.expire(now) {
            self.pass(passed);
        }
    }

    fn pass(&mut self, passed: Passed) {
        let Some(queue) = &self.queue else { return };
        if queue.try_send(passed).is_ok() {
            self.counters.of_rule(&self.rule.name, |counts| counts.passed += 1);
            return;
        }
        self.counters.of_rule(&self.rule.name, |counts| counts.overflowed += 1);
        tracing::warn!("{}: a notification is not passed on: its queue is full", self.rule.name);
    }
}

/// Judges until nothing more can come; what is held then is passed on, and the
/// consumers end with the last of it.
pub(super) fn run(records: &Receiver<Arc<Record>>, mut outlets: Vec<Outlet>) {
    loop {
        let due = outlets.iter().filter_map(|outlet| outlet.hold.due()).min();
        let come = match due {
            None => records.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => records.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        let now = Instant::now();
        match come {
            Ok(record) => outlets.iter_mut().for_each(|outlet| outlet.arrive(&record, now)),
            Err(RecvTimeoutError::Timeout) => {
                outlets.iter_mut().for_each(|outlet| outlet.expire(now));
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    for outlet in &mut outlets {
        for passed in outlet.hold.end() {
            outlet.pass(passed);
        }
        outlet.queue = None;
    }
    let mut workers: VecDeque<JoinHandle<()>> =
        outlets.iter_mut().flat_map(|outlet| outlet.workers.drain(..)).collect();
    while let Some(worker) = workers.pop_front() {
        if worker.join().is_err() {
            tracing::error!("the thread of a consumer had died");
        }
    }
}

fn deliver(
    rule: &str,
    queue: &Mutex<Receiver<Passed>>,
    mut consumer: Box<dyn Deliver>,
    counters: &Counters,
) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(passed) = next else { return };
        if let Err(failure) = consumer.deliver(&passed) {
            counters.of_rule(rule, |counts| counts.failed += 1);
            tracing::warn!("{rule}: {} {}: {failure}", passed.record.id, passed.record.name);
        }
    }
}
