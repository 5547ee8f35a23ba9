//! Emulated computers: job servers that share a stated capacity among their
//! jobs, and publish how loaded they are as a real host does.
//!
//! A connection brings one job, its length in microseconds in eight octets, and
//! gets one octet when it is done: the computer's number. Jobs burn nothing of
//! the machine below: each waits as long as its part of the emulated processors
//! takes, so a small machine emulates many computers.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::{SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use lcms_manager::demo::{
    proc_root::{ProcRoot, memory_kib_for},
    processor::Processor,
};
use rustix::{event::Timespec, io::Errno};

use crate::events::Events;

/// What a computer is.
#[derive(Clone, Copy, Debug)]
pub struct Make {
    /// Processors.
    pub cores: u32,
    /// Seconds of work that each of them does in a second.
    pub speed: f64,
    /// Tasks of others that always run.
    pub others: u32,
    /// How many tasks its memory holds; with more it pages.
    pub holds: u32,
}

impl Make {
    /// One processor of this speed, nothing else on it, and memory enough.
    pub fn of(speed: f64) -> Self {
        Self { cores: 1, speed, others: 0, holds: 100_000 }
    }

    /// Seconds of work a second, all cores busy.
    pub fn capacity(&self) -> f64 {
        f64::from(self.cores) * self.speed
    }
}

/// A computer at work. It ends with this.
pub struct Computer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<Vec<Duration>, Errno>>>,
}

#[derive(Default)]
struct Shared {
    jobs: AtomicU64,
    ending: AtomicBool,
}

impl Computer {
    /// Starts on a free port of 127.0.0.1, with this number for an answer, and
    /// publishes its load in this folder.
    #[track_caller]
    pub fn start(number: u8, make: Make, proc_root: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        listener.set_nonblocking(true).expect("it is a socket");
        // Hundreds of jobs may come at once.
        rustix::net::listen(&listener, 4_096).expect("it listens");
        let mut files = ProcRoot::create(proc_root, memory_kib_for(make.holds)).expect("a folder");
        let shared = Arc::new(Shared::default());
        let mut processor = Processor::new(make.cores, make.speed).holding(make.holds);
        (0..make.others).for_each(|_| processor.arrive(OTHERS, FOR_EVER));
        let (publish, published) = sync_channel::<Look>(1);
        // Beside the jobs, which are not to wait for a disk.
        let write = move || {
            for (now, processor) in published {
                files.publish(now, &processor).expect("the folder is ours");
            }
        };
        let writer = thread::spawn(write);
        let run = {
            let shared = shared.clone();
            move || {
                let machine = Machine {
                    number,
                    listener,
                    events: Events::new()?,
                    begun: Instant::now(),
                    processor,
                    publish,
                    clients: HashMap::new(),
                    next: LISTENER + 1,
                    late: Vec::new(),
                    shared,
                };
                let late = machine.run();
                writer.join().expect("the folder is ours");
                late
            }
        };
        let thread = thread::Builder::new().name(format!("computer {number}")).spawn(run);
        Self { address, shared, thread: Some(thread.expect("a thread")) }
    }

    /// Where jobs are taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Jobs taken so far.
    pub fn jobs(&self) -> u64 {
        self.shared.jobs.load(Relaxed)
    }

    /// Stops, and says how late each answer was given: it is no part of what is
    /// emulated.
    #[track_caller]
    pub fn stop(mut self) -> Vec<Duration> {
        self.shared.ending.store(true, Relaxed);
        let thread = self.thread.take().expect("it is stopped once");
        thread.join().expect("a computer does not panic").expect("epoll waits")
    }
}

impl Drop for Computer {
    fn drop(&mut self) {
        self.shared.ending.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that died has said so.
            let _ = thread.join();
        }
    }
}

/// How often load is published.
const PUBLISH: Duration = Duration::from_millis(100);

const LISTENER: usize = 0;

/// A task of others, in the place of a client's number.
const OTHERS: usize = LISTENER;
const FOR_EVER: Duration = Duration::from_secs(1_000_000);

struct Machine {
    number: u8,
    listener: TcpListener,
    events: Events,
    begun: Instant,
    processor: Processor<usize>,
    publish: SyncSender<Look>,
    clients: HashMap<usize, Client>,
    next: usize,
    late: Vec<Duration>,
    shared: Arc<Shared>,
}

/// The processors at a moment.
type Look = (Duration, Processor<usize>);

struct Client {
    stream: TcpStream,
    /// What it said of its job so far.
    said: Vec<u8>,
}

impl Machine {
    fn run(mut self) -> Result<Vec<Duration>, Errno> {
        self.events.watch(&self.listener, LISTENER)?;
        let mut publish = Duration::ZERO;
        while !self.shared.ending.load(Relaxed) {
            let now = self.advance();
            if now >= publish {
                // One that is late with the last has no use for this.
                let _ = self.publish.try_send((now, self.processor.clone()));
                publish = now + PUBLISH;
            }
            let next = self.processor.next_done().map_or(publish, |done| done.min(publish));
            let patience = next.saturating_sub(self.begun.elapsed());
            let patience = Timespec::try_from(patience).expect("a tenth of a second");
            let numbers: Vec<usize> =
                self.events.wait(Some(&patience))?.map(|(number, _)| number).collect();
            for number in numbers {
                match number {
                    LISTENER => self.accept()?,
                    number => self.hear(number)?,
                }
            }
        }
        Ok(self.late)
    }

    /// Brings the processors up to now, and answers whose jobs are done.
    fn advance(&mut self) -> Duration {
        let now = self.begun.elapsed();
        let (clients, late) = (&mut self.clients, &mut self.late);
        self.processor.advance(now, |number, done| {
            if let Some(mut client) = clients.remove(&number) {
                // Whoever asked may have gone away meanwhile.
                let _ = client.stream.write_all(&[self.number]);
                late.push(now - done);
            }
        });
        now
    }

    fn accept(&mut self) -> Result<(), Errno> {
        // One that fails says so again, or has gone away.
        while let Ok((stream, _)) = self.listener.accept() {
            stream.set_nonblocking(true).expect("it is a socket");
            self.events.watch(&stream, self.next)?;
            self.clients.insert(self.next, Client { stream, said: Vec::new() });
            self.next += 1;
        }
        Ok(())
    }

    fn hear(&mut self, number: usize) -> Result<(), Errno> {
        let Some(client) = self.clients.get_mut(&number) else { return Ok(()) };
        let mut octets = [0; 8];
        match client.stream.read(&mut octets) {
            Ok(read @ 1..) => client.said.extend(octets.iter().take(read)),
            // A check, which asks for nothing.
            _ => drop(self.clients.remove(&number)),
        }
        let job = self.clients.get(&number).and_then(|client| client.said.first_chunk());
        if let Some(job) = job {
            let work = Duration::from_micros(u64::from_be_bytes(*job));
            self.events.forget(&self.clients[&number].stream)?;
            self.advance();
            self.processor.arrive(number, work);
            self.shared.jobs.fetch_add(1, Relaxed);
        }
        Ok(())
    }
}
