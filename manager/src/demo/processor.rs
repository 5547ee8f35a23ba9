//! The processors of an emulated host: processor sharing in virtual time.
//!
//! All jobs run at once and share the cores evenly, no job on more than one
//! core. So every job gets the same service per second, and one number, the
//! service each job present since the beginning would have got (*attained*),
//! tells who is done: a job that arrives at attained `a` with work `w` leaves
//! at attained `a + w`.
//!
//! Where memory holds only so many jobs, more of them page: all wait for their
//! pages most of the time, and are then neither running nor waiting to run.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

/// A host's processors, with the jobs on them and what they have done so far.
#[derive(Clone, Debug)]
pub struct Processor<J> {
    cores: u32,
    speed: f64,
    now: Duration,
    attained: f64,
    jobs: BinaryHeap<Job<J>>,
    arrivals: u64,
    holds: Option<u32>,
    busy: f64,
    runnable_time: f64,
    paged_in: f64,
}

/// With twice the jobs that memory holds, so many times as long is waited for
/// pages as is worked.
const PAGING: f64 = 20.0;

/// What is left of the speed at worst.
const LEFT: f64 = 0.05;

/// Pages read in a second by a host that does nothing else.
const PAGES: f64 = 2_000.0;

#[derive(Clone, Debug)]
struct Job<J> {
    leaves_at: f64,
    order: u64,
    job: J,
}

impl<J> Processor<J> {
    /// Idle processors: `cores` of them, each doing `speed` seconds' worth of
    /// work in a second.
    pub fn new(cores: u32, speed: f64) -> Self {
        Self {
            cores: cores.max(1),
            speed: speed.max(f64::MIN_POSITIVE),
            now: Duration::ZERO,
            attained: 0.0,
            jobs: BinaryHeap::new(),
            arrivals: 0,
            holds: None,
            busy: 0.0,
            runnable_time: 0.0,
            paged_in: 0.0,
        }
    }

    /// With memory for so many jobs.
    #[must_use]
    pub fn holding(self, jobs: u32) -> Self {
        Self { holds: Some(jobs.max(1)), ..self }
    }

    /// Adds a job of so much work.
    pub fn arrive(&mut self, job: J, work: Duration) {
        let leaves_at = self.attained + work.as_secs_f64();
        self.jobs.push(Job { leaves_at, order: self.arrivals, job });
        self.arrivals += 1;
    }

    /// Lets time pass until `now`, and hands over each job that is done with
    /// the time it was done at.
    pub fn advance(&mut self, now: Duration, mut done: impl FnMut(J, Duration)) {
        while let Some(at) = self.next_done().filter(|at| *at <= now) {
            self.pass(at);
            if let Some(job) = self.jobs.pop() {
                // Rounding must not leave the clock short of the job's end.
                self.attained = self.attained.max(job.leaves_at);
                done(job.job, at);
            }
        }
        self.pass(now);
    }

    /// When the next job will be done if none arrives before.
    pub fn next_done(&self) -> Option<Duration> {
        let left = (self.jobs.peek()?.leaves_at - self.attained).max(0.0);
        Some(self.now + Duration::from_secs_f64(left / self.rate()))
    }

    /// Takes all jobs away, undone.
    pub fn clear(&mut self) -> impl Iterator<Item = J> + '_ {
        self.jobs.drain().map(|job| job.job)
    }

    /// Jobs that are not done.
    pub fn jobs(&self) -> usize {
        self.jobs.len()
    }

    /// Jobs that run or wait for a core.
    pub fn runnable(&self) -> usize {
        (self.jobs.len() as f64 * self.unhindered()).round() as usize
    }

    /// Pages read from swap space.
    pub fn paged_in(&self) -> f64 {
        self.paged_in
    }

    /// Cores.
    pub fn cores(&self) -> u32 {
        self.cores
    }

    /// Seconds of core time that were not idle, over all cores.
    pub fn busy(&self) -> f64 {
        self.busy
    }

    /// Time integral of the jobs that run or wait for a core, in seconds.
    pub fn runnable_time(&self) -> f64 {
        self.runnable_time
    }

    /// Work done for each job in a second.
    fn rate(&self) -> f64 {
        let part = (f64::from(self.cores) / self.jobs.len() as f64).min(1.0);
        self.speed * part * self.unhindered()
    }

    /// The part of the time that jobs do not wait for pages.
    fn unhindered(&self) -> f64 {
        let Some(holds) = self.holds else { return 1.0 };
        let too_many = (self.jobs.len() as f64 / f64::from(holds) - 1.0).max(0.0);
        (1.0 / (1.0 + PAGING * too_many)).max(LEFT)
    }

    fn pass(&mut self, now: Duration) {
        let seconds = now.saturating_sub(self.now).as_secs_f64();
        self.now = self.now.max(now);
        let jobs = self.jobs.len();
        if jobs == 0 {
            return;
        }
        let unhindered = self.unhindered();
        self.attained += seconds * self.rate();
        self.busy += seconds * f64::from(self.cores).min(jobs as f64) * unhindered;
        self.runnable_time += seconds * jobs as f64 * unhindered;
        self.paged_in += seconds * PAGES * (1.0 - unhindered);
    }
}

/// The heap gives its greatest first: the job that leaves soonest, and of
/// several the one that came first.
impl<J> Ord for Job<J> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.leaves_at.total_cmp(&self.leaves_at).then(other.order.cmp(&self.order))
    }
}

impl<J> PartialOrd for Job<J> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<J> PartialEq for Job<J> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<J> Eq for Job<J> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn run(processor: &mut Processor<u32>, until: Duration) -> Vec<(u32, Duration)> {
        let mut done = Vec::new();
        processor.advance(until, |job, at| done.push((job, at)));
        done
    }

    fn close(a: Duration, b: Duration) -> bool {
        a.abs_diff(b) < Duration::from_micros(1)
    }

    #[test]
    fn two_jobs_on_one_core_take_twice_as_long() {
        let mut processor = Processor::new(1, 1.0);
        processor.arrive(1, SECOND);
        processor.arrive(2, SECOND);
        let done = run(&mut processor, 3 * SECOND);
        assert!(done.iter().all(|(_, at)| close(*at, 2 * SECOND)), "{done:?}");
        assert!((processor.busy() - 2.0).abs() < 1e-6);
        assert!((processor.runnable_time() - 4.0).abs() < 1e-6);
    }

    #[test]
    fn a_job_uses_one_core_only() {
        let mut processor = Processor::new(4, 1.0);
        processor.arrive(1, SECOND);
        assert!(close(run(&mut processor, 9 * SECOND)[0].1, SECOND));
        assert!((processor.busy() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_short_job_overtakes_a_long_one() {
        let mut processor = Processor::new(1, 1.0);
        processor.arrive(1, 10 * SECOND);
        assert!(run(&mut processor, SECOND).is_empty());
        processor.arrive(2, SECOND);
        let done = run(&mut processor, 20 * SECOND);
        assert_eq!(done[0].0, 2);
        assert!(close(done[0].1, 3 * SECOND) && close(done[1].1, 11 * SECOND), "{done:?}");
    }

    #[test]
    fn one_job_more_than_memory_holds_slows_all_of_them() {
        let mut processor = Processor::new(1, 1.0).holding(4);
        (0..4).for_each(|job| processor.arrive(job, SECOND));
        assert!(run(&mut processor, SECOND).is_empty());
        assert_eq!((processor.paged_in(), processor.runnable()), (0.0, 4));
        processor.arrive(4, SECOND);
        assert!(run(&mut processor, 4 * SECOND).is_empty());
        assert!(processor.paged_in() > 1_000.0 && processor.runnable() < 2, "{processor:?}");
        assert!((processor.busy() - 1.5).abs() < 1e-6, "{processor:?}");
    }

    proptest! {
        /// Whatever comes whenever: overloaded processors complete their
        /// stated capacity, neither more nor less.
        #[test]
        fn gives_its_stated_capacity(
            cores in 1..9u32,
            speed in 0.25..4.0f64,
            work in prop::collection::vec(1..40u64, 400),
            ticks in prop::collection::vec(1..400u64, 50),
        ) {
            let mut processor = Processor::new(cores, speed);
            let total: u64 = work.iter().sum();
            for (job, work) in (0u32..).zip(&work) {
                processor.arrive(job, Duration::from_millis(*work));
            }
            // At most `cores` jobs are left when the last cores fall idle.
            let full = Duration::from_secs_f64(total as f64 / 1000.0 / f64::from(cores) / speed);
            let tail = Duration::from_secs_f64(0.040 / speed);
            let (mut now, mut done) = (Duration::ZERO, Vec::new());
            for tick in ticks {
                now += Duration::from_millis(tick);
                done.extend(run(&mut processor, now));
            }
            done.extend(run(&mut processor, now + full + tail));
            prop_assert_eq!(done.len(), work.len());
            let last = done.last().expect("400 jobs").1;
            prop_assert!(last + Duration::from_micros(10) >= full && last <= full + tail);
            let core_seconds = total as f64 / 1000.0 / speed;
            prop_assert!((processor.busy() - core_seconds).abs() < 1e-3);
        }
    }
}
