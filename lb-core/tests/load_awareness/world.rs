//! The world: clients, directors, computers and a controller, from one event to
//! the next in virtual time.

use std::time::Duration;

use lcms_lb_core::load::HostReport;
use lcms_lb_core::schedule::Load;

use crate::computer::{Computer, Make};
use crate::director::{Director, Given, Rule};
use crate::random::{Length, Random};

/// An agent samples its host each second, and writes jiffies of 10 ms.
const SAMPLE: f64 = 1.0;
const JIFFY: f64 = 0.01;

/// From the look at a host to the report at the director.
const ON_THE_WAY: f64 = 0.02;

/// A director looks at its own counts.
const LOOK: f64 = 0.1;

/// Pages a second from which a host counts as swapping.
const SWAPPING: f64 = 32.0;

/// What happens, as far as the rule of the directors does not matter.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub computers: Vec<Make>,
    /// Jobs of this mean length on a core of speed 1.
    pub mean: f64,
    pub length: Length,
    /// Part of what the computers could do together.
    pub load: f64,
    /// Seconds between two looks of the controller.
    pub poll: f64,
    pub directors: usize,
    /// At this time so many tasks of others begin to run on that computer.
    pub disturbance: Option<(f64, u32)>,
    pub disturbed: usize,
    pub jobs: usize,
    pub seed: u64,
}

impl Scenario {
    /// One director, polls of a second, exponential jobs of a fifth of a second,
    /// and 70 % of what the computers could do if they had nothing else to do.
    pub fn of(name: &str, computers: Vec<Make>) -> Self {
        Self {
            name: name.to_owned(),
            computers,
            mean: 0.2,
            length: Length::Exponential,
            load: 0.7,
            poll: 1.0,
            directors: 1,
            disturbance: None,
            disturbed: 0,
            jobs: 20_000,
            seed: 1,
        }
    }

    /// So much of what is left for the jobs when tasks of others keep one of
    /// four computers busy.
    pub fn beside_others(self, load: f64) -> Self {
        Self { load: load * 0.75, ..self }
    }
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Response times in seconds, sorted; jobs refused took for ever.
    times: Vec<f64>,
    pub refused: usize,
}

impl Outcome {
    pub fn percentile(&self, part: f64) -> f64 {
        self.times[((self.times.len() - 1) as f64 * part) as usize]
    }

    pub fn p99(&self) -> f64 {
        self.percentile(0.99)
    }
}

#[derive(Clone, Copy)]
struct Job {
    came: f64,
    work: f64,
    director: usize,
    begun: f64,
}

/// What an agent published last.
#[derive(Clone, Copy, Default)]
struct Sample {
    at: f64,
    runnable: f64,
    busy: f64,
    runnable_time: f64,
    pages: f64,
    memory_free: f64,
}

pub struct World<'s> {
    scenario: &'s Scenario,
    now: f64,
    computers: Vec<Computer>,
    samples: Vec<Sample>,
    polled: Vec<Sample>,
    directors: Vec<Director>,
    jobs: Vec<Job>,
    times: Vec<f64>,
    refused: usize,
    end: f64,
}

/// Jobs at the beginning that do not count: capacities are not known yet.
const WARM_UP: f64 = 0.2;

impl Scenario {
    /// What the jobs of the clients bring a second.
    fn rate(&self) -> f64 {
        let capacity: f64 = self.computers.iter().map(Make::capacity).sum();
        self.load * capacity / self.mean
    }

    /// Plays it with directors of this rule.
    pub fn play(&self, rule: Rule) -> Outcome {
        let mut world = World::new(self, rule);
        let mut random = Random::new(self.seed);
        let mut next = 0.0;
        for number in 0..self.jobs {
            next += random.exponential(1.0 / self.rate());
            let work = random.length(self.length, self.mean);
            let director = random.below(self.directors);
            world.run_until(next);
            world.comes(Job { came: next, work, director, begun: next }, number);
        }
        world.run_out();
        world.outcome((self.jobs as f64 * WARM_UP) as usize)
    }

    /// As many jobs at once, after the capacities have become known; the time
    /// until the last is done.
    pub fn burst(&self, rule: Rule, jobs: usize) -> f64 {
        let mut world = World::new(self, rule);
        let mut random = Random::new(self.seed);
        let mut next = 0.0;
        for number in 0..self.jobs {
            next += random.exponential(1.0 / self.rate());
            world.run_until(next);
            let work = random.length(self.length, self.mean);
            world.comes(Job { came: next, work, director: 0, begun: next }, number);
        }
        world.run_out();
        let begin = world.now;
        for number in 0..jobs {
            let work = random.length(self.length, self.mean);
            let job = Job { came: begin, work, director: 0, begun: begin };
            world.comes(job, self.jobs + number);
        }
        world.run_out();
        world.end - begin
    }
}

impl<'s> World<'s> {
    fn new(scenario: &'s Scenario, rule: Rule) -> Self {
        let count = scenario.computers.len();
        let director = || Director::new(rule, count, 2_000);
        Self {
            scenario,
            now: 0.0,
            computers: scenario.computers.iter().map(|make| Computer::new(*make)).collect(),
            samples: vec![Sample { memory_free: 1.0, ..Sample::default() }; count],
            polled: vec![Sample::default(); count],
            directors: (0..scenario.directors).map(|_| director()).collect(),
            jobs: Vec::with_capacity(scenario.jobs),
            times: vec![f64::INFINITY; scenario.jobs],
            refused: 0,
            end: 0.0,
        }
    }

    fn comes(&mut self, job: Job, number: usize) {
        self.jobs.push(job);
        self.times.resize(self.jobs.len().max(self.times.len()), f64::INFINITY);
        match self.directors[job.director].comes(number, self.now) {
            Given::To(place) => self.begins(number, place),
            Given::Waits => {}
            Given::Refused => self.refused += 1,
        }
    }

    fn begins(&mut self, number: usize, place: usize) {
        self.jobs[number].begun = self.now;
        self.computers[place].advance(self.now);
        self.computers[place].arrive(number, self.jobs[number].work);
    }

    /// Until the last job is done, or there is no hope for it.
    fn run_out(&mut self) {
        let patience = self.now * 3.0 + 1_000.0;
        while self.now < patience && self.is_at_work() {
            self.run_until(self.now + LOOK);
        }
    }

    fn is_at_work(&self) -> bool {
        self.computers.iter().any(|computer| computer.jobs() > 0)
            || self.directors.iter().any(|director| director.waiting() > 0)
    }

    /// Everything up to a moment, in its order.
    fn run_until(&mut self, until: f64) {
        loop {
            let next_done = (0..self.computers.len())
                .filter_map(|place| Some((self.computers[place].next_done()?, place)))
                .min_by(|one, other| one.0.total_cmp(&other.0));
            let next_look = ((self.now / LOOK + 1e-6).floor() + 1.0) * LOOK;
            match next_done {
                Some((at, place)) if at <= until && at <= next_look => self.done(at, place),
                _ if next_look <= until => self.tick(next_look),
                _ => break,
            }
        }
        self.now = until;
    }

    fn done(&mut self, at: f64, place: usize) {
        self.now = at;
        let Some(number) = self.computers[place].finish(at) else { return };
        self.end = at;
        let job = self.jobs[number];
        self.times[number] = at - job.came;
        let next = self.directors[job.director].ends(place, at - job.begun, at);
        if let Some((waited, place)) = next {
            self.begins(waited, place);
        }
    }

    /// Ten times a second: agents sample, the controller polls, directors look.
    fn tick(&mut self, now: f64) {
        self.now = now;
        let due = |period: f64, offset: f64| {
            ((now - offset) / period).fract().abs() < LOOK / period - 1e-9 && now >= offset
        };
        if let Some((at, tasks)) = self.scenario.disturbance
            && now >= at
        {
            let computer = &mut self.computers[self.scenario.disturbed];
            computer.advance(now);
            computer.make.background = tasks;
        }
        for (place, computer) in self.computers.iter_mut().enumerate() {
            // Each agent has a clock of its own.
            if due(SAMPLE, 0.1 * (place % 9) as f64 + 0.05) {
                computer.advance(now);
                let jiffies = |seconds: f64| (seconds / JIFFY).floor() * JIFFY;
                self.samples[place] = Sample {
                    at: now,
                    runnable: computer.runnable(),
                    busy: jiffies(computer.busy),
                    runnable_time: computer.runnable_time,
                    pages: computer.pages,
                    memory_free: (computer.memory_free() * 1000.0).round() / 1000.0,
                };
            }
        }
        let polls = due(self.scenario.poll, 0.55);
        let reports: Vec<HostReport> = if polls { self.poll(now) } else { Vec::new() };
        for director in 0..self.directors.len() {
            let truth = self.computers.iter().map(|computer| Load {
                others: computer.make.background * 100,
                cores: computer.make.cores,
                capacity: (computer.make.capacity() / self.scenario.mean * 1_000.0) as u64,
                limit: 0,
            });
            self.directors[director].tell(truth);
            self.directors[director].look(now);
            if polls {
                self.directors[director].reports(now, &reports);
            }
            // A limit may have been lifted.
            while let Some((number, place)) = self.directors[director].calls(now) {
                self.begins(number, place);
            }
        }
    }

    fn poll(&mut self, now: f64) -> Vec<HostReport> {
        let report = |place: usize| {
            let (before, sample) = (self.polled[place], self.samples[place]);
            let cores = self.computers[place].make.cores;
            let seconds = sample.at - before.at;
            let over = |value: f64| (seconds > 0.0).then(|| value / seconds);
            HostReport {
                age: Duration::from_secs_f64(now - sample.at + ON_THE_WAY),
                runnable: sample.runnable,
                interval: (seconds > 0.0).then(|| Duration::from_secs_f64(seconds)),
                mean_runnable: over(sample.runnable_time - before.runnable_time),
                utilisation: over((sample.busy - before.busy) / f64::from(cores)),
                memory_free: Some(sample.memory_free),
                swapping: over(sample.pages - before.pages).map(|pages| pages >= SWAPPING),
                cores: Some(cores),
            }
        };
        let reports = (0..self.samples.len()).map(report).collect();
        self.polled.clone_from(&self.samples);
        reports
    }

    fn outcome(&self, warm_up: usize) -> Outcome {
        let mut times = self.times[warm_up..].to_vec();
        times.sort_by(f64::total_cmp);
        Outcome { times, refused: self.refused }
    }
}
