//! Counters that the data path writes and everybody reads.
//!
//! They live as long as their row does, across commits. All accesses are
//! relaxed: each counter is true by itself, and no two are promised to agree.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use crate::model::UnixTime;
use crate::persistence::Clients;
use crate::schedule::{ChangeLog, Load, PeakEwma};
use crate::source_rate::Buckets;

/// Live figures of one service.
#[derive(Debug)]
pub struct ServiceLive {
    /// Connections accepted from clients, whatever became of them.
    pub connections: AtomicU64,
    /// Of those, closed because every server tried failed.
    pub failed: AtomicU64,
    /// Of those, closed because there was no server to try.
    pub refused: AtomicU64,
    /// Of those refused, the ones that waited too long for a server.
    pub queue_timeouts: AtomicU64,
    /// Of those refused, the ones for which too many waited already.
    pub queue_overflows: AtomicU64,
    /// Of those refused, the ones whose source connected too often.
    pub rate_overruns: AtomicU64,
    /// Connections that wait for a server.
    pub queued: AtomicU32,
    /// Most that waited at a time.
    pub queued_max: AtomicU32,
    /// Octets from clients passed to servers.
    pub in_octets: AtomicU64,
    /// Octets from servers passed to clients.
    pub out_octets: AtomicU64,
    /// Grows whenever something that schedulers ask for, beside the counts of
    /// connections, has changed.
    pub(crate) epoch: AtomicU64,
    change_log: OnceLock<ChangeLog>,
    clients: OnceLock<Clients>,
    buckets: OnceLock<Buckets>,
    timed: AtomicBool,
    since: Instant,
}

/// Live figures of one server.
#[derive(Debug)]
pub struct ServerLive {
    /// Connections given to it and not ended, those in flight included.
    pub active: AtomicU32,
    /// Of those, the ones it has not yet accepted.
    pub in_flight: AtomicU32,
    /// Connections it accepted.
    pub connections: AtomicU64,
    /// Connections given to it that it did not accept. Checks do not count.
    pub failed: AtomicU64,
    /// Octets from clients passed to it.
    pub in_octets: AtomicU64,
    /// Octets from it passed to clients.
    pub out_octets: AtomicU64,
    /// Checks that failed.
    pub check_failures: AtomicU64,
    /// How often it was ejected.
    pub ejections: AtomicU64,
    /// Set while the checker has yet to hear of a refused connection.
    pub(crate) suspected: AtomicBool,
    latency: AtomicU64,
    others_and_cores: AtomicU64,
    capacity: AtomicU64,
    limit: AtomicU32,
    last_check: AtomicU64,
    last_success: AtomicU64,
    since: Instant,
}

impl ServiceLive {
    /// All zero, from now on.
    pub fn new(since: Instant) -> Self {
        Self {
            connections: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            queue_timeouts: AtomicU64::new(0),
            queue_overflows: AtomicU64::new(0),
            rate_overruns: AtomicU64::new(0),
            queued: AtomicU32::new(0),
            queued_max: AtomicU32::new(0),
            in_octets: AtomicU64::new(0),
            out_octets: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            change_log: OnceLock::new(),
            clients: OnceLock::new(),
            buckets: OnceLock::new(),
            timed: AtomicBool::new(false),
            since,
        }
    }

    /// When the counters started.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Who is with which server, where clients stay with their servers.
    pub(crate) fn clients(&self) -> &Clients {
        self.clients.get_or_init(Clients::default)
    }

    /// How often each source has connected, where there is a limit to it.
    pub(crate) fn buckets(&self) -> &Buckets {
        self.buckets.get_or_init(Buckets::default)
    }

    /// How many clients are with a server, some of them perhaps since just now
    /// no longer.
    pub fn persistent_clients(&self, now: Instant, timeout: Duration) -> u32 {
        let count = self.clients.get().map_or(0, |clients| clients.count(now, timeout));
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Time since then: one clock for all shards.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    /// Whether latencies of its servers are measured: only where its scheduler
    /// asks for them.
    pub(crate) fn is_timed(&self) -> bool {
        self.timed.load(Relaxed)
    }

    /// Measures latencies from now on, or no longer.
    pub(crate) fn time(&self, timed: bool) {
        self.timed.store(timed, Relaxed);
    }

    /// Tells of changed counts of its servers from now on.
    pub(crate) fn keep_change_log(&self) {
        self.change_log.get_or_init(ChangeLog::default);
    }

    /// Where changes of its servers' counts are told, if that is done.
    pub(crate) fn change_log(&self) -> Option<&ChangeLog> {
        self.change_log.get()
    }
}

impl ServerLive {
    /// All zero, from now on.
    pub fn new(since: Instant) -> Self {
        Self {
            active: AtomicU32::new(0),
            in_flight: AtomicU32::new(0),
            connections: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            in_octets: AtomicU64::new(0),
            out_octets: AtomicU64::new(0),
            check_failures: AtomicU64::new(0),
            ejections: AtomicU64::new(0),
            suspected: AtomicBool::new(false),
            latency: AtomicU64::new(PeakEwma::default().to_bits()),
            others_and_cores: AtomicU64::new(0),
            capacity: AtomicU64::new(0),
            limit: AtomicU32::new(0),
            last_check: AtomicU64::new(0),
            last_success: AtomicU64::new(0),
            since,
        }
    }

    /// When the counters started.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Takes in how long it took to answer.
    pub(crate) fn answered(&self, latency: Duration, now: Duration) {
        let observe = |bits| {
            let mut average = PeakEwma::from_bits(bits);
            average.observe(latency, now);
            Some(average.to_bits())
        };
        // It always says Some, so it is never refused.
        let _ = self.latency.fetch_update(Relaxed, Relaxed, observe);
    }

    /// Moving average of its latency, in seconds.
    pub(crate) fn latency(&self, now: Duration) -> f64 {
        PeakEwma::from_bits(self.latency.load(Relaxed)).seconds_at(now)
    }

    /// What is known of its load.
    pub fn load(&self) -> Load {
        let others_and_cores = self.others_and_cores.load(Relaxed);
        Load {
            others: (others_and_cores >> 32) as u32,
            cores: others_and_cores as u32,
            capacity: self.capacity.load(Relaxed),
            limit: self.limit.load(Relaxed),
        }
    }

    /// Writes down what is known of its load; true if that is something else
    /// than before.
    pub(crate) fn set_load(&self, load: Load) -> bool {
        let before = self.load();
        self.others_and_cores
            .store((u64::from(load.others) << 32) | u64::from(load.cores), Relaxed);
        self.capacity.store(load.capacity, Relaxed);
        self.limit.store(load.limit, Relaxed);
        before != load
    }

    /// When the latest check ended.
    pub fn last_check(&self) -> Option<UnixTime> {
        stamp(&self.last_check)
    }

    /// When a check last succeeded.
    pub fn last_success(&self) -> Option<UnixTime> {
        stamp(&self.last_success)
    }

    /// Notes the outcome of a check that ended at this time.
    pub(crate) fn checked(&self, passed: bool, at: SystemTime) {
        let at = UnixTime::from(at).0;
        self.last_check.store(at, Relaxed);
        if passed {
            self.last_success.store(at, Relaxed);
        } else {
            self.check_failures.fetch_add(1, Relaxed);
        }
    }
}

/// 0 stands for never.
fn stamp(at: &AtomicU64) -> Option<UnixTime> {
    match at.load(Relaxed) {
        0 => None,
        time => Some(UnixTime(time)),
    }
}
