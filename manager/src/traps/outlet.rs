//! Behind the store: a thread that judges by the rules what is passed on and when, and
//! threads that pass it on, each with a queue that is bounded and never waited for.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Counters, Hold, Judged, Passed, Record, Rule, RuleCounts,
    journal::{self, Reader},
    pass_on::{Deliver, Failure},
    position::{Position, Positions},
};

/// So many wait for a consumer; further ones do not get to it.
const QUEUE: usize = 1000;

/// What waited for longer than this and its rule's hold-down is not passed on at a start:
/// nobody has to be woken by the alarms of last week.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// The least time between two words about a full queue.
const SILENCE: Duration = Duration::from_secs(10);

/// A rule at work.
pub(super) struct Outlet {
    rule: Rule,
    hold: Hold,
    /// The number of the last record that was judged.
    judged: u64,
    under_way: Arc<UnderWay>,
    /// How many found no room in the queue since that was said.
    overflowed: u64,
    /// When it was said.
    said: Option<Instant>,
    queue: Option<SyncSender<Passed>>,
    workers: Vec<JoinHandle<()>>,
}

/// What is in a rule's queue or on its way to the consumer.
struct UnderWay {
    rule: String,
    counters: Arc<Counters>,
    records: Mutex<BTreeSet<u64>>,
}

impl UnderWay {
    fn count(&self, count: impl FnOnce(&mut RuleCounts)) {
        self.counters.of_rule(&self.rule, count);
    }

    fn records<T>(&self, with: impl FnOnce(&mut BTreeSet<u64>) -> T) -> T {
        with(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn begin(&self, record: &Record) {
        self.count(|counts| counts.waiting += 1);
        // What is not in the journal cannot be read there again.
        if record.id > 0 {
            self.records(|records| records.insert(record.id));
        }
    }

    fn settle(&self, record: &Record) {
        self.count(|counts| counts.waiting = counts.waiting.saturating_sub(1));
        self.records(|records| records.remove(&record.id));
    }
}

impl Outlet {
    /// Starts the threads of a rule's consumer.
    pub(super) fn start(
        rule: Rule,
        consumers: Vec<Box<dyn Deliver>>,
        counters: Arc<Counters>,
    ) -> io::Result<Self> {
        let (queue, passed) = mpsc::sync_channel(QUEUE);
        let passed = Arc::new(Mutex::new(passed));
        let records = Mutex::default();
        let under_way = Arc::new(UnderWay { rule: rule.name.clone(), counters, records });
        // Another receiver's may have ended before they were done.
        under_way.count(|counts| counts.waiting = 0);
        let mut workers = Vec::new();
        for consumer in consumers {
            let (passed, under_way) = (Arc::clone(&passed), Arc::clone(&under_way));
            let thread = thread::Builder::new().name(format!("to {}", rule.name));
            workers.push(thread.spawn(move || deliver(&passed, consumer, &under_way))?);
        }
        let hold = Hold::new(rule.window, rule.hold_down);
        let queue = Some(queue);
        Ok(Self { rule, hold, judged: 0, under_way, overflowed: 0, said: None, queue, workers })
    }

    fn arrive(&mut self, record: &Arc<Record>, now: Instant) {
        self.expire(now);
        self.judged = self.judged.max(record.id);
        if !self.rule.wanted.is(record) {
            return;
        }
        match self.hold.arrive(Arc::clone(record), now) {
            Judged::Pass(passed) => self.pass(passed),
            Judged::Duplicate => self.under_way.count(|counts| counts.duplicates += 1),
            Judged::Held => self.under_way.count(|counts| counts.held += 1),
        }
    }

    fn expire(&mut self, now: Instant) {
        for passed in self.hold.expire(now) {
            self.pass(passed);
        }
    }

    fn pass(&mut self, passed: Passed) {
        let record = Arc::clone(&passed.record);
        if !self.enqueue(passed) {
            self.under_way.settle(&record);
            self.under_way.count(|counts| counts.overflowed += 1);
            self.overflowed += 1;
        }
    }

    /// Says how many found no room, now and then: a queue that is full may be so for each
    /// second one.
    fn say_overflow(&mut self, now: Instant) {
        let lately = self.said.is_some_and(|said| now.saturating_duration_since(said) < SILENCE);
        if self.overflowed > 0 && !lately {
            let Self { rule, overflowed, .. } = self;
            tracing::warn!("{}: its queue was full, {overflowed} are not passed on", rule.name);
            (self.overflowed, self.said) = (0, Some(now));
        }
    }

    fn enqueue(&self, passed: Passed) -> bool {
        self.under_way.begin(&passed.record);
        let Some(queue) = &self.queue else { return false };
        let queued = queue.try_send(passed).is_ok();
        if queued {
            self.under_way.count(|counts| counts.passed += 1);
        }
        queued
    }

    /// Nothing more will come. What is held goes on now, or waits for the next start.
    fn end(&mut self) {
        self.said = None;
        self.say_overflow(Instant::now());
        for passed in self.hold.end() {
            self.enqueue(passed);
        }
        self.queue = None;
    }

    fn is_old(&self, age: SignedDuration) -> bool {
        // A clock that was set back makes nothing old.
        Duration::try_from(age).is_ok_and(|age| age > OLD.saturating_add(self.rule.hold_down))
    }

    fn position(&self) -> Position {
        let mut waiting = self.under_way.records(|records| records.clone());
        waiting.extend(self.hold.held().filter(|id| *id > 0));
        Position { judged: self.judged, waiting }
    }
}

/// The rules at work, over the journal.
pub(super) struct Outlets {
    pub outlets: Vec<Outlet>,
    pub positions: Positions,
    /// The state folder.
    pub state_dir: PathBuf,
    /// The last record of the time before this start.
    pub last: u64,
    /// Set when nobody waits any more for the end: another receiver may be at work.
    pub abandoned: Arc<AtomicBool>,
}

impl Outlets {
    /// Judges until nothing more can come; what is held then is passed on, and the
    /// consumers end with the last of it.
    pub(super) fn run(mut self, records: &Receiver<Arc<Record>>) {
        self.resume();
        // Whether the positions on disk may not be those that are.
        let mut stale = true;
        loop {
            let mut now = Instant::now();
            if stale && self.positions.due(now) <= now {
                stale = self.outlets.iter().any(|o| !o.under_way.records(|r| r.is_empty()));
                self.keep();
            }
            let held = self.outlets.iter().filter_map(|outlet| outlet.hold.due()).min();
            let due = stale.then(|| self.positions.due(now)).into_iter().chain(held).min();
            let come = match due {
                None => records.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => records.recv_timeout(due.saturating_duration_since(now)),
            };
            now = Instant::now();
            self.outlets.iter_mut().for_each(|outlet| outlet.say_overflow(now));
            match come {
                Ok(record) => {
                    self.outlets.iter_mut().for_each(|outlet| outlet.arrive(&record, now));
                    stale = true;
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.outlets.iter_mut().for_each(|outlet| outlet.expire(now));
                    stale |= held.is_some_and(|held| held <= now);
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.outlets.iter_mut().for_each(Outlet::end);
        let mut workers: VecDeque<JoinHandle<()>> =
            self.outlets.iter_mut().flat_map(|outlet| outlet.workers.drain(..)).collect();
        while let Some(worker) = workers.pop_front() {
            if worker.join().is_err() {
                tracing::error!("the thread of a consumer had died");
            }
        }
        if !self.abandoned.load(Ordering::Relaxed) {
            self.keep();
        }
    }

    fn keep(&mut self) {
        let of = |outlet: &Outlet| (outlet.rule.name.clone(), outlet.position());
        let positions: BTreeMap<String, Position> = self.outlets.iter().map(of).collect();
        self.positions.write(positions, Instant::now());
    }

    /// Judges anew what was not settled at the last end, as if it came now, unless it is
    /// old. A rule that is new begins with what comes.
    fn resume(&mut self) {
        let last = self.last;
        let mut open = Vec::new();
        for outlet in &mut self.outlets {
            let position = self.positions.of(&outlet.rule.name).cloned();
            let position = position.unwrap_or_else(|| Position::behind(last));
            outlet.judged = last;
            open.push((position.open(last), position));
        }
        let first = open.iter().filter_map(|(_, position)| position.first_open(last)).min();
        let Some(first) = first else { return };
        let before = journal::Position::After(first.saturating_sub(1));
        let mut reader = Reader::new(journal::folder(&self.state_dir), before);
        loop {
            let record = match reader.read() {
                Ok(Some(record)) if record.id <= last => Arc::new(record),
                Ok(_) => break,
                Err(error) => {
                    tracing::error!("the journal cannot be read again: {error}");
                    break;
                }
            };
            let now = Instant::now();
            let age = Timestamp::now().duration_since(record.received);
            for (outlet, (left, position)) in self.outlets.iter_mut().zip(&mut open) {
                if position.is_open(record.id) && !outlet.is_old(age) {
                    outlet.arrive(&record, now);
                    *left = left.saturating_sub(1);
                }
            }
        }
        for (outlet, (left, _)) in self.outlets.iter().zip(open).filter(|(_, (left, _))| *left > 0)
        {
            outlet.under_way.count(|counts| counts.lost += left);
            tracing::warn!(
                "{}: {left} notifications that waited are not passed on: older than a day, or \
                 no longer in the journal",
                outlet.rule.name
            );
        }
    }
}

fn deliver(queue: &Mutex<Receiver<Passed>>, mut consumer: Box<dyn Deliver>, under_way: &UnderWay) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(passed) = next else { return };
        match consumer.deliver(&passed) {
            Ok(()) => {}
            // It waits for the next start.
            Err(Failure::Ending) => continue,
            Err(failure) => {
                under_way.count(|counts| counts.failed += 1);
                let Record { id, name, .. } = &*passed.record;
                tracing::warn!("{}: {id} {name}: {failure}", under_way.rule);
            }
        }
        under_way.settle(&passed.record);
    }
}

#[cfg(test)]
mod tests;
