//! An emulated host: a small HTTP server that does work at the rate of its
//! [`Processor`], and publishes its load as a real host would.
//!
//! Each has a thread and a runtime of its own, so that it can be killed as a
//! machine is: with all its connections, in the middle of what it does.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::sync::{Notify, oneshot};

use super::proc_root::ProcRoot;
use super::processor::Processor;
use super::random::Random;

/// How often load is published.
const PUBLISH: Duration = Duration::from_millis(100);

/// The header by which a client learns who answered.
pub const SERVED_BY: &str = "x-served-by";

/// What an emulated host is.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// Processors.
    pub cores: u32,
    /// How fast each is.
    pub speed: f64,
    /// Memory in KiB.
    pub memory_kib: u64,
    /// Processor time a request takes on average at speed 1.
    pub work: Duration,
    /// Where it publishes its load.
    pub proc_root: PathBuf,
}

impl Spec {
    /// Requests a second it can do.
    pub fn capacity(&self) -> f64 {
        f64::from(self.cores) * self.speed / self.work.as_secs_f64()
    }
}

/// A host that runs.
#[derive(Debug)]
pub struct Backend {
    host: Arc<Host>,
    kill: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Backend {
    /// Boots a host that serves on this address.
    pub fn boot(spec: Spec, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let mut proc_root = ProcRoot::create(&spec.proc_root, spec.memory_kib)?;
        let host = Arc::new(Host::new(spec));
        // An agent that starts next finds the files.
        host.publish(&mut proc_root)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (kill, killed) = oneshot::channel();
        let running = Arc::clone(&host);
        let thread = thread::Builder::new().name(host.spec.name.clone()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = killed => {}
                    result = serve(listener, Arc::clone(&running)) => report(&running, result),
                    () = finish_jobs(&running) => {}
                    result = publish(&running, proc_root) => report(&running, result),
                }
            });
            // Dropping the runtime drops every connection where it stands.
            drop(runtime);
        })?;
        Ok(Self { host, kill: Some(kill), thread: Some(thread) })
    }

    /// Kills the host with all it was doing, and says how many requests that
    /// cost.
    pub fn kill(mut self) -> u64 {
        self.stop();
        let mut processor = self.host.processor.lock().unwrap_or_else(PoisonError::into_inner);
        processor.clear().count() as u64
    }

    fn stop(&mut self) {
        drop(self.kill.take());
        if let Some(thread) = self.thread.take() {
            // It ends by the signal; should it have panicked, it has ended too.
            let _ = thread.join();
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.stop();
    }
}

#[derive(Debug)]
struct Host {
    spec: Spec,
    booted: Instant,
    processor: Mutex<Processor<oneshot::Sender<()>>>,
    random: Mutex<Random>,
    arrived: Notify,
}

impl Host {
    fn new(spec: Spec) -> Self {
        Self {
            booted: Instant::now(),
            processor: Mutex::new(Processor::new(spec.cores, spec.speed)),
            random: Mutex::new(Random::new(spec.name.bytes().map(u64::from).sum())),
            arrived: Notify::new(),
            spec,
        }
    }

    /// Brings the processors up to now, which ends the jobs that are done.
    fn advanced<T>(&self, then: impl FnOnce(&mut Processor<oneshot::Sender<()>>) -> T) -> T {
        let mut processor = self.processor.lock().unwrap_or_else(PoisonError::into_inner);
        processor.advance(self.booted.elapsed(), |done, _| {
            // Whoever asked may have gone away meanwhile.
            let _ = done.send(());
        });
        then(&mut processor)
    }

    /// Does the work of one request. Requests are of uneven size.
    async fn work(&self) -> Result<(), oneshot::error::RecvError> {
        let factor = 0.5 + self.random.lock().unwrap_or_else(PoisonError::into_inner).unit();
        let (done, wait) = oneshot::channel();
        self.advanced(|processor| processor.arrive(done, self.spec.work.mul_f64(factor)));
        self.arrived.notify_one();
        wait.await
    }

    fn publish(&self, proc_root: &mut ProcRoot) -> io::Result<()> {
        self.advanced(|processor| proc_root.publish(self.booted.elapsed(), processor))
    }
}

async fn serve(listener: TcpListener, host: Arc<Host>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    axum::serve(listener, Router::new().route("/", get(answer)).with_state(host)).await
}

async fn answer(State(host): State<Arc<Host>>) -> impl IntoResponse {
    match host.work().await {
        Ok(()) => {
            let name = host.spec.name.clone();
            (StatusCode::OK, [(SERVED_BY, name.clone())], name + "\n")
        }
        Err(_) => {
            let name = host.spec.name.clone();
            (StatusCode::SERVICE_UNAVAILABLE, [(SERVED_BY, name)], String::new())
        }
    }
}

/// Wakes whenever a job ends or comes.
async fn finish_jobs(host: &Host) {
    loop {
        let next = host.advanced(|processor| processor.next_done());
        let wake = next.map(|at| host.booted + at);
        tokio::select! {
            () = host.arrived.notified() => {}
            () = sleep_until(wake) => {}
        }
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

async fn publish(host: &Host, mut proc_root: ProcRoot) -> io::Result<()> {
    let mut clock = tokio::time::interval(PUBLISH);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        host.publish(&mut proc_root)?;
    }
}

fn report(host: &Host, result: io::Result<()>) {
    if let Err(error) = result {
        eprintln!("demo: host {} stops: {error}", host.spec.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::clients::Clients;

    fn spec(folder: &std::path::Path) -> Spec {
        Spec {
            name: "rs1".to_owned(),
            cores: 2,
            speed: 1.0,
            memory_kib: 1 << 20,
            work: Duration::from_millis(2),
            proc_root: folder.join("proc"),
        }
    }

    #[tokio::test]
    async fn serves_until_it_is_killed_and_can_boot_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("bound");
        drop(free);
        for _ in 0..2 {
            let backend = Backend::boot(spec(folder.path()), address).expect("boots");
            let clients = Arc::new(Clients::default());
            let running = tokio::spawn(Arc::clone(&clients).run(address, 200.0));
            while clients.tally().total() < 20 {
                tokio::task::yield_now().await;
            }
            assert_eq!(clients.tally().errors, 0);
            backend.kill();
            assert!(std::net::TcpStream::connect(address).is_err());
            running.abort();
        }
    }
}
