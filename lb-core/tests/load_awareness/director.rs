//! A director: it picks by the real schedulers, or by one of the rules they are
//! held against.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use lcms_lb_core::load::{HostLoad, HostReport, ServerLoad, loads};
use lcms_lb_core::model::{Scheduler, Weight};
use lcms_lb_core::schedule::{Candidate, ChangeLog, Load, PeakEwma, Picker, Servers, hash_of_name};

/// How connections are given away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// One of ours, all weights the same.
    Ours(Scheduler),
    /// HAProxy's `leastconn`: the fewest connections; of equals, the server that
    /// has not changed for the longest time (`lbprm.c`, `lb_fwlc.c`).
    Leastconn,
    /// freest, told at every moment what it otherwise has to find out; but not
    /// of memory, nor of other directors.
    AllKnowing,
    /// All to the server that was freest at the last look: the stampede.
    FreestAtTheLastPoll,
}

pub struct Director {
    rule: Rule,
    picker: Picker,
    fleet: Fleet,
    queue: VecDeque<usize>,
    queue_limit: usize,
    /// For leastconn: when each server's count last changed.
    changed: Vec<u64>,
    changes: u64,
    /// For the stampede: free capacity as last seen.
    seen_free: Vec<f64>,
}

#[derive(Default)]
struct Fleet {
    active: Vec<u32>,
    completed: Vec<u64>,
    latency: Vec<PeakEwma>,
    loads: Vec<Load>,
    servers: Vec<ServerLoad>,
    hosts: Vec<HostLoad>,
    now: Duration,
}

impl Director {
    pub fn new(rule: Rule, servers: usize, queue_limit: usize) -> Self {
        let scheduler = match rule {
            Rule::Ours(scheduler) => scheduler,
            Rule::AllKnowing => Scheduler::Freest,
            _ => Scheduler::Lc,
        };
        let mut picker = Picker::new(scheduler);
        let candidate = |at: usize| Candidate {
            key: at as u64,
            name: hash_of_name(&format!("rs{at}")),
            weight: Weight::clamped(10),
        };
        picker.set(&(0..servers).map(candidate).collect::<Vec<_>>());
        let fleet = Fleet {
            active: vec![0; servers],
            completed: vec![0; servers],
            latency: vec![PeakEwma::default(); servers],
            loads: vec![Load::default(); servers],
            servers: (0..servers).map(|_| ServerLoad::default()).collect(),
            hosts: (0..servers).map(|_| HostLoad::default()).collect(),
            now: Duration::ZERO,
        };
        Self {
            rule,
            picker,
            fleet,
            queue: VecDeque::new(),
            queue_limit,
            changed: vec![0; servers],
            changes: 0,
            seen_free: vec![0.0; servers],
        }
    }

    /// A connection comes: the server that gets it, if it does not wait.
    pub fn comes(&mut self, job: usize, now: f64) -> Given {
        if self.queue.is_empty()
            && let Some(place) = self.pick(now)
        {
            return Given::To(place);
        }
        if self.queue.len() >= self.queue_limit {
            return Given::Refused;
        }
        self.queue.push_back(job);
        Given::Waits
    }

    /// A connection has ended, which took so long; the one that waited longest
    /// and gets a server now, if any.
    pub fn ends(&mut self, place: usize, took: f64, now: f64) -> Option<(usize, usize)> {
        self.fleet.active[place] -= 1;
        self.fleet.completed[place] += 1;
        self.touch(place);
        self.fleet.latency[place]
            .observe(Duration::from_secs_f64(took), Duration::from_secs_f64(now));
        self.calls(now)
    }

    /// Whoever waits and gets a server now.
    pub fn calls(&mut self, now: f64) -> Option<(usize, usize)> {
        let job = *self.queue.front()?;
        let place = self.pick(now)?;
        self.queue.pop_front();
        Some((job, place))
    }

    /// The director's own look at its counts, ten times a second.
    pub fn look(&mut self, now: f64) {
        let now = Duration::from_secs_f64(now);
        let fleet = &mut self.fleet;
        for place in 0..fleet.active.len() {
            let active = fleet.active[place];
            let company = fleet.hosts[place].company();
            fleet.servers[place].look(now, active, fleet.completed[place], company);
            fleet.hosts[place].look(now, active, fleet.completed[place]);
        }
        self.assess(now);
    }

    /// A controller's reports come.
    pub fn reports(&mut self, now: f64, reports: &[HostReport]) {
        let now = Duration::from_secs_f64(now);
        let hosts = self.fleet.hosts.iter_mut().zip(reports);
        let taken: Vec<_> = hosts.map(|(host, report)| host.report(now, report)).collect();
        HostLoad::compare(self.fleet.hosts.iter_mut());
        for (place, (report, taken)) in reports.iter().zip(taken).enumerate() {
            self.fleet.servers[place].report(taken, report, &self.fleet.hosts[place]);
            let cores = f64::from(report.cores.unwrap_or(1));
            self.seen_free[place] = cores - report.runnable;
        }
        self.assess(now);
    }

    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// What the all-knowing knows.
    pub fn tell(&mut self, truth: impl Iterator<Item = Load>) {
        if self.rule == Rule::AllKnowing {
            self.fleet.loads = truth.collect();
        }
    }

    fn assess(&mut self, now: Duration) {
        if self.rule == Rule::AllKnowing {
            return;
        }
        let fleet = &mut self.fleet;
        let members = fleet.servers.iter().zip(&fleet.hosts).map(|(one, host)| (one, Some(host)));
        fleet.loads = loads(now, members).collect();
    }

    fn pick(&mut self, now: f64) -> Option<usize> {
        self.fleet.now = Duration::from_secs_f64(now);
        let servers = 0..self.fleet.active.len();
        let place = match self.rule {
            Rule::Ours(_) | Rule::AllKnowing => self.picker.pick(&self.fleet)?,
            Rule::Leastconn => {
                servers.min_by_key(|at| (self.fleet.active[*at], self.changed[*at]))?
            }
            Rule::FreestAtTheLastPoll => {
                servers.max_by(|a, b| self.seen_free[*a].total_cmp(&self.seen_free[*b]))?
            }
        };
        self.fleet.active[place] += 1;
        self.touch(place);
        Some(place)
    }

    fn touch(&mut self, place: usize) {
        self.changes += 1;
        self.changed[place] = self.changes;
    }
}

/// What becomes of a connection that comes.
pub enum Given {
    To(usize),
    Waits,
    Refused,
}

impl Servers for Fleet {
    fn usable(&self, place: usize) -> bool {
        !self.full(place)
    }

    fn active(&self, place: usize) -> u32 {
        self.active[place]
    }

    fn source(&self) -> Option<IpAddr> {
        None
    }

    fn destination(&self) -> Option<IpAddr> {
        None
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn full(&self, place: usize) -> bool {
        let limit = self.loads[place].limit;
        limit > 0 && self.active[place] >= limit
    }

    fn latency(&self, place: usize) -> f64 {
        self.latency[place].seconds_at(self.now)
    }

    fn load(&self, place: usize) -> Load {
        self.loads[place]
    }

    fn change_log(&self) -> Option<&ChangeLog> {
        None
    }

    fn epoch(&self) -> u64 {
        0
    }
}
