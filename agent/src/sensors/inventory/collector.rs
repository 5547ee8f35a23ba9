//! A thread that collects something on a clock of its own.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use arc_swap::ArcSwap;

/// How long the end of an agent waits for a collector. One that hangs in the
/// kernel cannot be ended at all; the process ends over it.
const PATIENCE: Duration = Duration::from_millis(200);

/// A running collector. Dropping it ends its thread.
#[derive(Debug)]
pub struct Collector<T> {
    latest: Arc<ArcSwap<T>>,
    stop: Option<mpsc::Sender<()>>,
    ended: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + Sync + 'static> Collector<T> {
    /// Publishes `first` and goes on collecting, at once and then each `period`.
    pub fn start(
        name: &str,
        period: Duration,
        first: T,
        mut collect: impl FnMut() -> T + Send + 'static,
    ) -> io::Result<Self> {
        let latest = Arc::new(ArcSwap::from_pointee(first));
        let (stop, stopped) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let thread = thread::Builder::new().name(name.to_owned()).spawn({
            let latest = Arc::clone(&latest);
            move || {
                // Dropped as the thread ends, which is how that is heard of.
                let _end: mpsc::Sender<()> = end;
                loop {
                    latest.store(Arc::new(collect()));
                    match stopped.recv_timeout(period) {
                        Err(RecvTimeoutError::Timeout) => {}
                        Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            }
        })?;
        Ok(Self { latest, stop: Some(stop), ended, thread: Some(thread) })
    }

    /// What was collected last, without waiting.
    pub fn latest(&self) -> Arc<T> {
        self.latest.load_full()
    }
}

impl<T> Drop for Collector<T> {
    fn drop(&mut self) {
        self.stop = None;
        if let Err(RecvTimeoutError::Timeout) = self.ended.recv_timeout(PATIENCE) {
            tracing::warn!("a collector hangs and is left alone");
            return;
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a collector's thread had died");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_collector_that_hangs_delays_nobody() {
        let (release, hang) = mpsc::channel::<()>();
        let collector = Collector::start("hangs", Duration::ZERO, 1, move || {
            let _ = hang.recv();
            2
        });
        let collector = collector.expect("a thread is to be had");
        assert_eq!(*collector.latest(), 1);
        let start = Instant::now();
        drop(collector);
        assert!(start.elapsed() < Duration::from_secs(5));
        drop(release);
    }

    #[test]
    fn what_is_collected_is_published() {
        let mut count = 0;
        let collector = Collector::start("counts", Duration::from_millis(1), 0, move || {
            count += 1;
            count
        });
        let collector = collector.expect("a thread is to be had");
        let limit = Instant::now() + Duration::from_secs(20);
        while *collector.latest() < 3 {
            assert!(Instant::now() < limit, "nothing new is published");
            thread::yield_now();
        }
    }
}
