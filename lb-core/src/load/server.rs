//! A server as its director counts it, and what the scheduler gets to know.

use std::time::Duration;

use super::{Capacity, Company, Fleet, History, HostLoad, HostReport, Measurement, Totals};
use crate::schedule::Load;

/// Capacities are handed over in thousandths of a completion a second.
const UNIT: f64 = 1_000.0;

/// A report whose interval differs from ours by more than this part is about
/// another time: one was lost in between.
const SAME_INTERVAL: f64 = 0.3;

/// Connections that came and have not ended, by which an interval may be out of
/// balance: so many, or this part of those that ended. Beyond that it goes on.
const BALANCE: f64 = 3.0;
const BALANCE_PART: f64 = 0.3;

/// The longest time that a balance is waited for: a server that gets more and more
/// has to be known too.
const PATIENCE: f64 = 60.0;

/// One server: what the director counts, and what it can do.
#[derive(Clone, Debug, Default)]
pub struct ServerLoad {
    own: History,
    capacity: Capacity,
    /// Our own totals at the time of the sample before.
    base: Option<Totals>,
    completed: u64,
    has_company: bool,
    /// Intervals that are one measurement together, as far as it goes.
    open: Option<Open>,
}

/// A measurement that is not over: after many connections at once, busy time comes
/// first and completions at the end, and each for itself would say nothing true.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Our own totals at its beginning.
    from: Totals,
    /// Seconds of full utilisation since, and those of our work.
    used: f64,
    busy: f64,
    /// Whether a part of it is not known.
    is_spoiled: bool,
}

impl Open {
    fn begun(from: Totals) -> Self {
        Self { from, used: 0.0, busy: 0.0, is_spoiled: false }
    }

    /// The measurement, if it is over by now.
    fn ended(&self, now: Totals) -> Option<Measurement> {
        let seconds = now.at.saturating_sub(self.from.at).as_secs_f64();
        let completed = now.completed - self.from.completed;
        let more = now.active - self.from.active;
        // Of as many as there were at the beginning the ends have to be seen too.
        let is_balanced = more.abs() <= BALANCE + BALANCE_PART * completed
            && self.from.active <= BALANCE + completed;
        (is_balanced || seconds > PATIENCE).then(|| Measurement {
            completed: completed.max(0.0).round() as u64,
            seconds,
            utilisation: self.used / seconds,
            share: if self.used > 0.0 { self.busy / self.used } else { 1.0 },
        })
    }
}

/// What outlives a restart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// Completions a second at full utilisation.
    pub per_second: f64,
}

impl ServerLoad {
    /// A server whose capacity is remembered from before.
    pub fn remembered(known: Known) -> Self {
        Self { capacity: Capacity::known(known.per_second), ..Self::default() }
    }

    /// Takes a look at the director's own connections to the server: those in
    /// flight, and those that have ended ever, in the company of what else runs
    /// on its host. Where that is not known any more, it is on another host, and
    /// what was begun is not to be ended.
    pub fn look(&mut self, now: Duration, active: u32, completed: u64, company: Option<Company>) {
        if company.is_none() && self.has_company {
            (self.base, self.open) = (None, None);
        }
        self.has_company = company.is_some();
        self.own.look(now, active, completed, company.unwrap_or_default());
        self.completed = completed;
    }

    /// Learns from a report on its host, which has taken it in and says when
    /// its sample was taken.
    pub fn report(&mut self, taken: Duration, report: &HostReport, host: &HostLoad) {
        let Some(now) = self.own.at(taken) else { return };
        let Some(base) = self.base.replace(now) else { return };
        let seconds = taken.saturating_sub(base.at).as_secs_f64();
        if seconds <= 0.0 {
            return;
        }
        let mut open = self.open.take().unwrap_or(Open::begun(base));
        match busy(seconds, base, now, report, host) {
            Some((used, busy)) => (open.used, open.busy) = (open.used + used, open.busy + busy),
            None => open.is_spoiled = true,
        }
        match open.ended(now) {
            Some(measurement) if !open.is_spoiled => self.capacity.learn(measurement),
            Some(_) => {}
            None => self.open = Some(open),
        }
    }

    /// What it can do, as far as that is known.
    pub fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// What is to be remembered.
    pub fn known(&self) -> Option<Known> {
        self.capacity.per_second().map(|per_second| Known { per_second })
    }
}

/// Seconds of full utilisation in an interval, and those of our work; nothing if
/// what the report says of it teaches nothing.
fn busy(
    seconds: f64,
    base: Totals,
    now: Totals,
    report: &HostReport,
    host: &HostLoad,
) -> Option<(f64, f64)> {
    let interval = report.interval?.as_secs_f64();
    let utilisation = report.utilisation?;
    let is_same = (seconds - interval).abs() <= interval * SAME_INTERVAL;
    if !host.was_steady() || !is_same || report.swapping == Some(true) {
        return None;
    }
    let used = now.used_time - base.used_time;
    let own = now.own_used_time - base.own_used_time;
    let beside_tasks = if used > 0.0 { (own / used).clamp(0.0, 1.0) } else { 1.0 };
    // Where others come and go as our connections do, there are fewest of
    // them when there are many of ours, and means say what each has.
    let time = now.in_flight_time - base.in_flight_time;
    let others = host.others_lately() * seconds;
    let beside_connections = if time + others > 0.0 { time / (time + others) } else { 1.0 };
    let part = host.coming_and_going();
    let share = beside_tasks * (1.0 - part) + beside_connections * part;
    Some((seconds * utilisation, seconds * utilisation * share))
}

/// What the scheduler gets to know of the servers of a service, each with the
/// host it is on, if that is known.
///
/// A server is taken for as good as the others, for its cores, as long as it has
/// not shown otherwise. But while nothing is known of it, it gets its connections
/// only as it completes others: at first as many as its cores, and one more for
/// each that has ended.
pub fn loads<'a>(
    now: Duration,
    members: impl Iterator<Item = (&'a ServerLoad, Option<&'a HostLoad>)> + Clone,
) -> impl Iterator<Item = Load> {
    let fleet = Fleet::of(now, members.clone());
    members.map(move |(server, host)| {
        let cores = host.map_or(0, HostLoad::cores);
        let capacity = fleet.capacity(server, host);
        let trial = match (server.capacity.per_second(), capacity) {
            (None, Some(_)) => Some(u64::from(cores.max(1)) + server.completed),
            _ => None,
        };
        let limit = fleet.limit(now, server, host).map(u64::from);
        let limit = [limit, trial].into_iter().flatten().min();
        Load {
            others: (fleet.others(now, server, host) * 100.0) as u32,
            cores,
            capacity: capacity.map_or(0, |all| ((all * UNIT) as u64).max(1)),
            limit: limit.map_or(0, |limit| u32::try_from(limit).unwrap_or(u32::MAX)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn report(utilisation: f64) -> HostReport {
        HostReport {
            interval: Some(SECOND),
            utilisation: Some(utilisation),
            ..HostReport::default()
        }
    }

    /// A server with two connections at any time that completes so many a
    /// second, with so many tasks of others, on a host that is as this report
    /// says.
    fn worked(completions: u64, others: f64, report: &HostReport) -> ServerLoad {
        let (mut server, mut host) = (ServerLoad::default(), HostLoad::default());
        let report = HostReport {
            runnable: 2.0 + others,
            mean_runnable: Some(2.0 + others),
            cores: Some(1),
            ..*report
        };
        for second in 0..60 {
            let now = SECOND * second;
            server.look(now, 2, completions * u64::from(second), host.company());
            host.look(now, 2, 0);
            host.report(now, &report);
            server.report(now, &report, &host);
        }
        server
    }

    #[test]
    fn capacity_is_completions_over_the_busy_time_they_took() {
        let alone = worked(30, 0.0, &report(0.5)).known().unwrap();
        assert!((alone.per_second - 60.0).abs() < 1.0, "{alone:?}");
        let with_others = worked(30, 2.0, &report(1.0)).known().unwrap();
        assert!((with_others.per_second - 60.0).abs() < 1.0, "{with_others:?}");
    }

    #[test]
    fn nothing_is_learned_while_the_host_swaps_or_when_a_report_was_lost() {
        let swapping = HostReport { swapping: Some(true), ..report(0.1) };
        assert_eq!(worked(30, 0.0, &swapping).known(), None);
        let other_time = HostReport { interval: Some(3 * SECOND), ..report(0.5) };
        assert_eq!(worked(30, 0.0, &other_time).known(), None);
    }

    #[test]
    fn an_unknown_server_starts_slowly_as_one_like_the_others() {
        let known = worked(30, 0.0, &report(0.5));
        let mut fresh = ServerLoad::default();
        let of = |fresh: &ServerLoad| -> Vec<Load> {
            loads(SECOND, [(&known, None), (fresh, None)].into_iter()).collect()
        };
        let both = of(&fresh);
        assert_eq!(both[0].capacity, both[1].capacity);
        assert_eq!((both[0].limit, both[1].limit), (0, 1));
        fresh.look(SECOND, 1, 9, None);
        assert_eq!(of(&fresh)[1].limit, 10);
    }

    #[test]
    fn where_nothing_is_known_the_weights_stand() {
        let servers = [ServerLoad::default(), ServerLoad::default()];
        let all: Vec<Load> = loads(SECOND, servers.iter().map(|one| (one, None))).collect();
        assert_eq!(all, [Load::default(); 2]);
    }

    /// Jobs that come at once end at once, on a computer that they share.
    #[test]
    fn a_burst_tells_what_a_server_can_do_when_it_is_over() {
        let (mut server, mut host) = (ServerLoad::default(), HostLoad::default());
        for tenth in 0..800_u32 {
            let now = SECOND * tenth / 10;
            // A hundred for ten seconds, of every twenty, at ten a second.
            let is_busy = tenth % 200 < 100;
            let active = if is_busy { 100 } else { 0 };
            let completed = u64::from(tenth.saturating_add(100) / 200) * 100;
            server.look(now, active, completed, host.company());
            host.look(now, active, completed);
            if tenth % 10 != 5 {
                continue;
            }
            // The second before was half of the one kind in the first of each ten.
            let before = (tenth + 190) % 200 < 100;
            let used = f64::from(u8::from(is_busy) + u8::from(before)) / 2.0;
            let report = HostReport {
                runnable: f64::from(active),
                mean_runnable: Some(used * 100.0),
                cores: Some(1),
                ..report(used)
            };
            host.report(now, &report);
            server.report(now, &report, &host);
            if let Some(known) = server.known() {
                assert!((9.0..11.5).contains(&known.per_second), "{tenth}: {known:?}");
            }
        }
        assert!(server.known().is_some());
    }

    #[test]
    fn what_was_known_is_remembered() {
        let known = worked(30, 0.0, &report(0.5)).known().unwrap();
        assert_eq!(ServerLoad::remembered(known).known(), Some(known));
    }
}
