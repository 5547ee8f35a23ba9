//! Clients with jobs: each comes at its time, whether or not those before it
//! are done, on a connection of its own.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use lcms_manager::demo::random::Random;
use rustix::{
    event::{Timespec, epoll::EventFlags},
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType, connect, socket_with},
};

use crate::events::Events;

/// A job, and when it comes.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// Since the beginning.
    pub at: Duration,
    /// Time it takes alone on a processor of speed 1.
    pub length: Duration,
    /// Which of the directors gets it.
    pub director: usize,
}

/// How long jobs are.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    /// Exponential: many short, few long.
    Exponential,
    /// All the same.
    Equal,
}

/// Independent jobs of this mean length, so many a second, for that time. The
/// same seed gives the same.
pub fn poisson(
    seed: u64,
    (law, mean): (Length, Duration),
    rate: f64,
    time: Duration,
    directors: usize,
) -> Vec<Job> {
    let mut random = Random::new(seed);
    let mut jobs = Vec::new();
    let mut at = Duration::ZERO;
    loop {
        at += Duration::from_secs_f64(random.exponential(1.0 / rate));
        if at >= time {
            return jobs;
        }
        let length = match law {
            Length::Exponential => mean.mul_f64(random.exponential(1.0)),
            Length::Equal => mean,
        };
        let director = (random.unit() * directors as f64) as usize;
        jobs.push(Job { at, length, director });
    }
}

/// What became of a job.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// From when it was due to the answer, or to when there was none.
    pub took: Duration,
    /// The number of the computer; `None` if there was no answer.
    pub by: Option<u8>,
    /// How late it was sent: no merit and no fault of the director's.
    pub late: Duration,
}

/// Sends jobs to these directors, the first at `begin`, and waits for the last
/// answer, but no longer after the last job than `patience`.
#[track_caller]
pub fn send(
    directors: &[SocketAddr],
    jobs: &[Job],
    begin: Instant,
    patience: Duration,
) -> Vec<Answer> {
    let sender = Sender {
        directors,
        begin,
        events: Events::new().expect("an epoll"),
        open: HashMap::new(),
        answers: Vec::with_capacity(jobs.len()),
    };
    sender.run(jobs, patience).expect("sockets and an epoll")
}

struct Sender<'a> {
    directors: &'a [SocketAddr],
    begin: Instant,
    events: Events,
    open: HashMap<usize, Client>,
    answers: Vec<Answer>,
}

struct Client {
    stream: TcpStream,
    due: Duration,
    /// What is still to be said.
    length: Option<[u8; 8]>,
}

impl Sender<'_> {
    fn run(mut self, jobs: &[Job], patience: Duration) -> Result<Vec<Answer>, Errno> {
        let end = jobs.last().map_or(Duration::ZERO, |job| job.at + patience);
        let mut next = 0;
        loop {
            let now = Instant::now().saturating_duration_since(self.begin);
            while let Some(job) = jobs.get(next).filter(|job| job.at <= now) {
                self.ask(next, job)?;
                next += 1;
            }
            if next == jobs.len() && self.open.is_empty() || now > end {
                break;
            }
            let until = self.begin + jobs.get(next).map_or(end, |job| job.at);
            self.listen(until.saturating_duration_since(Instant::now()))?;
        }
        for (number, client) in &self.open {
            self.answers[*number].took = end - client.due;
        }
        Ok(self.answers)
    }

    fn ask(&mut self, number: usize, job: &Job) -> Result<(), Errno> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        match connect(&socket, &self.directors[job.director]) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error),
        }
        let late = self.begin.elapsed().saturating_sub(job.at);
        self.answers.push(Answer { took: Duration::MAX, by: None, late });
        // Each change is told once: that it is connected, and the answer.
        let both = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        self.events.watch_for(&socket, number, both)?;
        let microseconds = u64::try_from(job.length.as_micros()).expect("jobs are short");
        let length = Some(microseconds.to_be_bytes());
        self.open.insert(number, Client { stream: socket.into(), due: job.at, length });
        Ok(())
    }

    fn listen(&mut self, patience: Duration) -> Result<(), Errno> {
        let patience = Timespec::try_from(patience).expect("minutes");
        let (open, answers, begin) = (&mut self.open, &mut self.answers, self.begin);
        for (number, flags) in self.events.wait(Some(&patience))? {
            let Some(client) = open.get_mut(&number) else { continue };
            match client.hears(flags) {
                Heard::Nothing => {}
                heard => {
                    answers[number].took = begin.elapsed() - client.due;
                    answers[number].by = match heard {
                        Heard::Done(by) => Some(by),
                        _ => None,
                    };
                    open.remove(&number);
                }
            }
        }
        Ok(())
    }
}

enum Heard {
    Nothing,
    Done(u8),
    Failure,
}

impl Client {
    fn hears(&mut self, flags: EventFlags) -> Heard {
        if flags.contains(EventFlags::OUT)
            && let Some(length) = self.length.take()
            && self.stream.write_all(&length).is_err()
        {
            return Heard::Failure;
        }
        if !flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            return Heard::Nothing;
        }
        let mut answer = [0];
        match self.stream.read(&mut answer) {
            Ok(1) => Heard::Done(answer[0]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Heard::Nothing,
            _ => Heard::Failure,
        }
    }
}
