//! A host as reports show it.

use std::time::Duration;

use super::{Company, History, MemoryGuard, Overload};

/// A report counts as fresh for so many of the intervals at which reports come.
const FRESH_INTERVALS: u32 = 3;

/// The time, in seconds, in which work of others is believed in by half. Other
/// directors' connections come and go faster than reports do: to follow each
/// report would be a small stampede.
const SETTLING: f64 = 2.0;

/// The most that one report moves it: where reports are rare, all directors
/// together would go from one extreme to the other with each of them.
const MOST_GAIN: f64 = 1.0 / 3.0;

/// The time, in seconds, by which the host's interval and the one that we take for
/// it may differ. While our connections become many more or fewer, so much of the
/// change is seen as work of others, or is missing there.
const MISTIMED: f64 = 0.1;

/// How much an instant counts against the one after it.
const INSTANT_KEPT: f64 = 0.9;

/// Variance of an instant that says nothing: whether a connection that comes or
/// goes just then is among the tasks that were seen is up to chance.
const INSTANT_NOISE: f64 = 0.25;

/// What all hosts of a director say of how much others come and go counts as so many
/// instants of each: a few of its own are chance.
const FELLOWS: f64 = 5.0;

/// What a report sees of others may differ from what was believed by so many
/// tasks, and by this part of them; beyond that the time between is one of change.
const STEADY: f64 = 0.5;
const STEADY_PART: f64 = 0.5;

/// Tasks that may seem to be fewer than our connections: cut off at none, what is
/// too much in one report would not cancel with what is missing in another.
const UNSEEN: f64 = 0.5;

/// A time, in seconds, whose mean says by itself whether there are others.
const LONG: f64 = 4.0;

/// The interval reports are taken to come at before there were two.
const FIRST_INTERVAL: Duration = Duration::from_secs(5);

/// What a controller saw on a host.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HostReport {
    /// How old the sample is as the report arrives.
    pub age: Duration,
    /// Tasks that ran or waited for a processor when the sample was taken.
    pub runnable: f64,
    /// The time up to the sample over which these were measured.
    pub interval: Option<Duration>,
    /// Mean of the runnable tasks in that time.
    pub mean_runnable: Option<f64>,
    /// Busy share of the processors in that time, 0 to 1.
    pub utilisation: Option<f64>,
    /// Available part of the memory, 0 to 1.
    pub memory_free: Option<f64>,
    /// Whether it swapped in that time.
    pub swapping: Option<bool>,
    /// Processors.
    pub cores: Option<u32>,
}

/// A host, and the director's own work on it over all of its servers.
#[derive(Clone, Debug, Default)]
pub struct HostLoad {
    own: History,
    /// The most connections since the report before.
    most: u32,
    memory: MemoryGuard,
    overload: Overload,
    cores: u32,
    /// Work of others, and until when that counts.
    others: f64,
    /// The same from means over the time between samples, once there were two.
    settled: Option<f64>,
    /// The same for the time up to the last sample alone.
    lately: f64,
    /// Our own connections, in the mean of the same times.
    usual: f64,
    /// Others at the instants of the samples: weighted sums of 1, x and x².
    instants: [f64; 3],
    /// How much others come and go on all hosts of the director, once that was said.
    usual_coming: Option<f64>,
    /// Whether the last report saw as much of others as was believed.
    steady: bool,
    /// When the last sample was taken, our connections' time up to it, and how many
    /// they were.
    base: Option<(Duration, f64, f64)>,
    fresh_until: Option<Duration>,
    /// When the last report came, and the time between two.
    came: Option<(Duration, Duration)>,
}

impl HostLoad {
    /// Takes a look at the director's own connections on the host: those in flight,
    /// and those that have ended ever.
    pub fn look(&mut self, now: Duration, own: u32, ended: u64) {
        let company = self.company().unwrap_or_default();
        self.own.look(now, own, 0, company);
        self.most = self.most.max(own);
        self.overload.look(now, own, ended);
    }

    /// Takes in a report, and says when its sample was taken.
    pub fn report(&mut self, now: Duration, report: &HostReport) -> Duration {
        let taken = now.saturating_sub(report.age);
        let own = self.own.at(taken).unwrap_or_default();
        let base = self.base.replace((taken, own.in_flight_time, own.active));
        let instant = (report.runnable - own.active).max(0.0);
        // Never below our own: a task that waits for a disk or a peer is not
        // runnable, and is work all the same.
        let seen = match (base, report.mean_runnable) {
            (Some((before, time, active)), Some(runnable)) if taken > before => {
                let seconds = (taken - before).as_secs_f64();
                let ours = (own.in_flight_time - time) / seconds;
                let gain = (seconds / (seconds + SETTLING)).min(MOST_GAIN);
                self.usual += (ours - self.usual) * gain;
                let seen = (runnable - ours).max(-UNSEEN);
                let mistimed = (own.active - active).abs() * MISTIMED / seconds;
                let doubt = 1.0 + (mistimed / STEADY).powi(2);
                // Before anything is known, a long time without others is as good.
                let expected = self.settled.or((seconds >= LONG).then_some(0.0));
                self.steady = expected.is_some_and(|expected| {
                    (seen - expected).abs() <= STEADY + STEADY_PART * expected + mistimed
                });
                let known = self.settled.unwrap_or(self.others);
                self.lately = known + (seen - known) * seconds / (seconds + SETTLING);
                *self.settled.insert(known + (seen - known) * gain / doubt)
            }
            // Without means, what was seen at an instant has to do.
            _ => self.others + (instant - self.others) * MOST_GAIN,
        };
        for (sum, power) in self.instants.iter_mut().zip([1.0, instant, instant * instant]) {
            *sum = *sum * INSTANT_KEPT + power;
        }
        self.others = seen.max(0.0);
        self.cores = report.cores.unwrap_or(self.cores);
        let interval = match self.came {
            Some((before, _)) => now.saturating_sub(before),
            None => FIRST_INTERVAL,
        };
        self.came = Some((now, interval));
        self.fresh_until = Some(now + interval * FRESH_INTERVALS);
        let most = std::mem::take(&mut self.most);
        self.overload.report(taken, most, report.swapping == Some(true));
        let most = f64::from(most).max(own.active);
        let (tasks, most) = (own.active.max(report.runnable), most + self.others);
        self.memory.observe(tasks, most, report.memory_free, report.swapping);
        taken
    }

    /// Work of others on the host, in tasks; 0 where that is not known, or was
    /// learned too long ago.
    pub fn others(&self, now: Duration) -> f64 {
        if self.is_fresh(now) { self.others } else { 0.0 }
    }

    /// Whether the last report still counts.
    pub fn is_fresh(&self, now: Duration) -> bool {
        self.fresh_until.is_some_and(|until| now <= until)
    }

    /// When the report ceases to count.
    pub fn fresh_until(&self) -> Option<Duration> {
        self.fresh_until
    }

    /// Processors; 0: not known.
    pub fn cores(&self) -> u32 {
        self.cores
    }

    /// Connections of this director beyond which the host would page, if that
    /// is known. What was learned of memory does not age.
    pub fn limit(&self, now: Duration) -> Option<u32> {
        let overload = self.overload.limit().filter(|_| self.is_fresh(now));
        [self.by_memory(now), overload].into_iter().flatten().min()
    }

    /// The same by what was learned of memory alone.
    fn by_memory(&self, now: Duration) -> Option<u32> {
        let tasks = self.memory.limit()?;
        // Others who come and go have a part of it at any time, as we do.
        let (part, others) = (self.coming_and_going(), self.others(now));
        let shared = tasks * (self.usual + 1.0) / (self.usual + 1.0 + others);
        let ours = (tasks - others) * (1.0 - part) + shared * part;
        // One always gets through, or nothing more would ever be learned.
        Some((ours.floor() as u32).max(1))
    }

    /// Work of others in the time up to the last sample. A long time tells it by
    /// itself; it is no guide to what comes.
    pub fn others_lately(&self) -> f64 {
        self.lately.max(0.0)
    }

    /// Whether others did as before in the time up to the last sample. What the
    /// director counted in that time it split by what it believed then.
    pub fn was_steady(&self) -> bool {
        self.steady
    }

    /// How much others come and go, from 0 for tasks that are always there to 1
    /// for connections of other directors, whose number varies by as much as
    /// there are.
    pub fn coming_and_going(&self) -> f64 {
        let (weight, excess, mean) = self.wavering();
        if mean <= 0.0 {
            return 0.0;
        }
        let (usual, worth) = self.usual_coming.map_or((0.0, 0.0), |usual| (usual, FELLOWS));
        let all = weight + worth;
        if all <= 0.0 {
            0.0
        } else {
            ((excess / mean * weight + usual * worth) / all).clamp(0.0, 1.0)
        }
    }

    /// By how much others' number at the instants varied beyond what an instant does by
    /// itself, and their mean; before them, how many instants say so.
    fn wavering(&self) -> (f64, f64, f64) {
        let [all, sum, squares] = self.instants;
        let weight = all - 1.0;
        if weight <= 0.0 {
            return (0.0, 0.0, 0.0);
        }
        let mean = sum / all;
        let variance = (squares / all - mean * mean) * all / weight;
        (weight, variance - INSTANT_NOISE, mean)
    }

    /// Tells the hosts of a director what all of them together say of how much others
    /// come and go. What others do on one they mostly do on all: other directors have
    /// the same servers.
    pub fn compare<'a>(hosts: impl Iterator<Item = &'a mut Self>) {
        let hosts: Vec<_> = hosts.collect();
        let all = hosts.iter().map(|host| host.wavering());
        let (excess, mean) = all.fold((0.0, 0.0), |sum, (weight, excess, mean)| {
            (sum.0 + weight * excess, sum.1 + weight * mean)
        });
        let usual = (mean > 0.0).then(|| (excess / mean).clamp(0.0, 1.0));
        hosts.into_iter().for_each(|host| host.usual_coming = usual);
    }

    /// What ran there beside the director's connections, in the mean; `None`
    /// before two reports told.
    pub fn company(&self) -> Option<Company> {
        let others = self.settled?;
        Some(Company { others: others.max(0.0), cores: f64::from(self.cores) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn report(age: Duration, runnable: f64) -> HostReport {
        HostReport { age, runnable, cores: Some(2), ..HostReport::default() }
    }

    #[test]
    fn own_connections_at_the_time_of_the_sample_are_not_others() {
        let mut host = HostLoad::default();
        host.look(SECOND, 5, 0);
        host.look(2 * SECOND, 50, 0);
        let mut often = |report: HostReport| {
            for _ in 0..20 {
                host.report(2 * SECOND, &report);
            }
            host.others(2 * SECOND)
        };
        assert!((often(report(SECOND, 7.0)) - 2.0).abs() < 0.01);
        assert!(often(report(Duration::ZERO, 7.0)) < 0.01);
    }

    #[test]
    fn tasks_that_stay_are_told_from_connections_of_other_directors() {
        let after = |others: &[f64]| {
            let mut host = HostLoad::default();
            for (second, others) in (1u32..).zip(others.iter().cycle()).take(40) {
                host.report(SECOND * second, &report(Duration::ZERO, *others));
            }
            host.coming_and_going()
        };
        assert_eq!(after(&[3.0]), 0.0);
        assert!(after(&[1.0, 1.0, 0.0, 1.0, 2.0]) < 0.25);
        assert_eq!(after(&[0.0, 4.0, 1.0, 3.0]), 1.0);
    }

    /// Two looks may show the same number by chance; what all hosts show is no chance.
    #[test]
    fn a_host_seen_twice_is_taken_for_one_like_the_others() {
        let mut hosts = [[3.0, 3.0], [0.0, 6.0], [5.0, 1.0], [1.0, 4.0]].map(|others| {
            let mut host = HostLoad::default();
            for (second, others) in (1u32..).zip(others) {
                host.report(SECOND * second, &report(Duration::ZERO, others));
            }
            host
        });
        assert_eq!(hosts[0].coming_and_going(), 0.0);
        HostLoad::compare(hosts.iter_mut());
        assert!(hosts[0].coming_and_going() > 0.7, "{}", hosts[0].coming_and_going());
    }

    #[test]
    fn an_old_report_does_not_count() {
        let mut host = HostLoad::default();
        host.report(10 * SECOND, &report(Duration::ZERO, 9.0));
        assert_eq!(host.others(10 * SECOND), 3.0);
        host.report(11 * SECOND, &report(Duration::ZERO, 9.0));
        assert_eq!(host.others(14 * SECOND), 5.0);
        assert_eq!(host.others(14 * SECOND + SECOND / 10), 0.0);
        assert_eq!(host.cores(), 2);
    }

    /// Two directors with as many connections each: what the host's memory holds is
    /// for both, however few the other has just now.
    #[test]
    fn memory_is_shared_with_others_who_come_and_go() {
        let limit = |others: &dyn Fn(u32) -> f64| {
            let mut host = HostLoad::default();
            let mut now = Duration::ZERO;
            for second in 1..40 {
                now = SECOND * second;
                let (ours, others) = (4 + second % 3, others(second));
                host.look(now, ours, 0);
                let runnable = f64::from(ours) + others;
                let report = HostReport {
                    mean_runnable: Some(5.0 + 4.0),
                    memory_free: Some(0.9 - runnable / 50.0),
                    swapping: Some(false),
                    ..report(Duration::ZERO, runnable)
                };
                host.report(now, &report);
            }
            f64::from(host.limit(now).expect("memory goes with the tasks"))
        };
        // Forty-one tasks, and four of them others'.
        let beside_tasks = limit(&|_| 4.0);
        assert!((36.0..=38.0).contains(&beside_tasks), "{beside_tasks}");
        let beside_a_director = limit(&|second| f64::from(second % 2 * 8));
        assert!((20.0..=26.0).contains(&beside_a_director), "{beside_a_director}");
    }
}
