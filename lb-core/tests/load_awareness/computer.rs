//! A computer: processors that its tasks share, and memory that may run out.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// What a computer is.
#[derive(Clone, Copy, Debug)]
pub struct Make {
    pub cores: u32,
    /// Seconds of work that one core does in a second.
    pub speed: f64,
    /// Tasks of others that always run.
    pub background: u32,
    pub memory: Memory,
}

/// Its memory, in parts of all of it.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Used without any job.
    pub base: f64,
    /// Used by each job.
    pub each: f64,
}

impl Make {
    /// One core of this speed, nothing else on it, and memory without end.
    pub fn of(speed: f64) -> Self {
        Self { cores: 1, speed, background: 0, memory: Memory { base: 0.2, each: 0.0 } }
    }

    pub fn cores(self, cores: u32) -> Self {
        Self { cores, ..self }
    }

    pub fn background(self, background: u32) -> Self {
        Self { background, ..self }
    }

    /// So many jobs fit into its memory.
    pub fn holds(self, jobs: f64) -> Self {
        Self { memory: Memory { base: 0.3, each: 0.7 / jobs }, ..self }
    }

    /// Seconds of work a second, all cores busy.
    pub fn capacity(&self) -> f64 {
        f64::from(self.cores) * self.speed
    }
}

/// A computer at work. Its tasks share the cores evenly, no task on more than
/// one of them; so all attain the same, and one number tells who is done.
pub struct Computer {
    pub make: Make,
    now: f64,
    attained: f64,
    jobs: BinaryHeap<Job>,
    /// What its sensors count: busy core-seconds, the integral of runnable
    /// tasks, pages read from swap space.
    pub busy: f64,
    pub runnable_time: f64,
    pub pages: f64,
}

#[derive(PartialEq)]
struct Job {
    leaves_at: f64,
    number: usize,
}

impl Computer {
    pub fn new(make: Make) -> Self {
        Self {
            make,
            now: 0.0,
            attained: 0.0,
            jobs: BinaryHeap::new(),
            busy: 0.0,
            runnable_time: 0.0,
            pages: 0.0,
        }
    }

    pub fn arrive(&mut self, number: usize, work: f64) {
        self.jobs.push(Job { leaves_at: self.attained + work, number });
    }

    /// When the next job is done, if none arrives before.
    pub fn next_done(&self) -> Option<f64> {
        let left = (self.jobs.peek()?.leaves_at - self.attained).max(0.0);
        Some(self.now + left / self.rate())
    }

    /// Takes out the job that is done at this time.
    pub fn finish(&mut self, now: f64) -> Option<usize> {
        self.advance(now);
        self.jobs.pop().map(|job| job.number)
    }

    /// Lets time pass.
    pub fn advance(&mut self, now: f64) {
        let seconds = now - self.now;
        let (tasks, slowed) = (self.tasks(), self.slowed());
        self.now = now;
        self.attained += seconds * self.rate();
        // Tasks that wait for their pages are neither runnable nor busy.
        self.busy += seconds * tasks.min(f64::from(self.make.cores)) * slowed;
        self.runnable_time += seconds * tasks * slowed;
        if slowed < 1.0 {
            self.pages += seconds * 2_000.0 * (1.0 - slowed);
        }
    }

    pub fn runnable(&self) -> f64 {
        (self.tasks() * self.slowed()).round()
    }

    pub fn memory_free(&self) -> f64 {
        (1.0 - self.memory_used()).max(0.0)
    }

    pub fn jobs(&self) -> usize {
        self.jobs.len()
    }

    fn tasks(&self) -> f64 {
        self.jobs.len() as f64 + f64::from(self.make.background)
    }

    fn memory_used(&self) -> f64 {
        self.make.memory.base + self.make.memory.each * self.jobs.len() as f64
    }

    /// What is left of its speed: a tenth too much memory in use, and three
    /// quarters of the time go to waiting for pages; at worst nineteen
    /// twentieths.
    fn slowed(&self) -> f64 {
        let too_much = (self.memory_used() - 1.0).max(0.0);
        (1.0 / (1.0 + 30.0 * too_much)).max(0.05)
    }

    fn rate(&self) -> f64 {
        let part = (f64::from(self.make.cores) / self.tasks().max(1.0)).min(1.0);
        self.make.speed * part * self.slowed()
    }
}

impl Eq for Job {}

/// The heap gives its greatest first: the job that leaves soonest.
impl Ord for Job {
    fn cmp(&self, other: &Self) -> Ordering {
        other.leaves_at.total_cmp(&self.leaves_at).then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Job {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
