//! The demo's clients: requests at a steady rate, whether or not the ones
//! before have been answered, each on a connection of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::backend::SERVED_BY;
use super::random::Random;

/// How long a client waits for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How far behind their time requests are still sent. Clients that could not
/// send for longer, on a machine with too much to do, do not make up for it.
const LATE: Duration = Duration::from_millis(100);

/// Requests under way at most. Beyond that the clients themselves give up, so
/// that an overload cannot grow without bound.
const UNDER_WAY: usize = 400;

/// The greatest answer a client reads.
const ANSWER: u64 = 4096;

/// What became of the requests.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Answered, by the server that did.
    pub answered: BTreeMap<String, Answered>,
    /// Ended without an answer.
    pub errors: u64,
}

/// Requests one server answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answered {
    /// How many.
    pub count: u64,
    /// The sum of their latencies.
    pub latency: Duration,
}

impl Answered {
    /// The mean latency.
    pub fn mean_latency(&self) -> Option<Duration> {
        u32::try_from(self.count).ok().filter(|count| *count > 0).map(|count| self.latency / count)
    }
}

impl Tally {
    /// Answered requests in all.
    pub fn total(&self) -> u64 {
        self.answered.values().map(|answered| answered.count).sum()
    }

    /// A server's part of the answered requests.
    pub fn share(&self, server: &str) -> Option<f64> {
        let total = self.total();
        let count = self.answered.get(server).map_or(0, |answered| answered.count);
        (total > 0).then(|| count as f64 / total as f64)
    }

    /// What came since an earlier tally.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        since.errors = since.errors.saturating_sub(earlier.errors);
        for (server, answered) in &mut since.answered {
            if let Some(before) = earlier.answered.get(server) {
                answered.count = answered.count.saturating_sub(before.count);
                answered.latency = answered.latency.saturating_sub(before.latency);
            }
        }
        since
    }

    fn count(&mut self, outcome: Option<String>, latency: Duration) {
        match outcome {
            Some(server) => {
                let answered = self.answered.entry(server).or_default();
                answered.count += 1;
                answered.latency += latency;
            }
            None => self.errors += 1,
        }
    }
}

/// The clients, all of them.
#[derive(Debug, Default)]
pub struct Clients {
    tally: Mutex<Tally>,
}

impl Clients {
    /// What became of the requests so far.
    pub fn tally(&self) -> Tally {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends requests to the service, `rate` a second, until dropped.
    pub async fn run(self: Arc<Self>, service: SocketAddr, rate: f64) {
        let mut random = Random::new(u64::from(service.port()));
        let places = Arc::new(Semaphore::new(UNDER_WAY));
        let mut requests = JoinSet::new();
        let mut next = Instant::now();
        loop {
            next += Duration::from_secs_f64(random.exponential(1.0 / rate));
            if next.elapsed() > LATE {
                next = Instant::now();
            }
            tokio::time::sleep_until(next.into()).await;
            while requests.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                self.lock().errors += 1;
                continue;
            };
            let clients = Arc::clone(&self);
            requests.spawn(async move {
                let begun = Instant::now();
                let outcome = tokio::time::timeout(PATIENCE, request(service)).await;
                clients.lock().count(outcome.ok().flatten(), begun.elapsed());
                drop(place);
            });
        }
    }
}

/// One request on one connection; the name of the server that answered.
async fn request(service: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(service).await.ok()?;
    let text = format!("GET / HTTP/1.1\r\nHost: {service}\r\nConnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.take(ANSWER).read_to_end(&mut answer).await.ok()?;
    served_by(std::str::from_utf8(&answer).ok()?).map(str::to_owned)
}

/// Who gave this answer, if it is one.
fn served_by(answer: &str) -> Option<&str> {
    let (head, _) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    if lines.next()?.split(' ').nth(1)? != "200" {
        return None;
    }
    lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(SERVED_BY).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_200_counts() {
        let answer = "HTTP/1.1 200 OK\r\nX-Served-By: rs1\r\n\r\nrs1\n";
        assert_eq!(served_by(answer), Some("rs1"));
        assert_eq!(served_by(&answer.replace("200", "503")), None);
        assert_eq!(served_by("HTTP/1.1 200 OK\r\nX-Served-By: rs1\r\n"), None);
        assert_eq!(served_by(""), None);
    }

    #[test]
    fn tallies_subtract() {
        let mut before = Tally::default();
        before.count(Some("rs1".to_owned()), Duration::from_millis(10));
        let mut after = before.clone();
        after.count(Some("rs1".to_owned()), Duration::from_millis(30));
        after.count(Some("rs2".to_owned()), Duration::from_millis(20));
        after.count(None, Duration::ZERO);
        let since = after.since(&before);
        assert_eq!((since.total(), since.errors), (2, 1));
        assert_eq!(since.share("rs1"), Some(0.5));
        assert_eq!(since.answered["rs1"].mean_latency(), Some(Duration::from_millis(30)));
    }
}
