//! Lines for a stream that nobody waits for: a daemon goes on where whoever reads its
//! output has stopped to. What finds no room is left out, and how much is said as soon
//! as somebody reads again.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// The end of a stream that is written to.
#[derive(Clone, Debug)]
pub struct Lines {
    queue: SyncSender<Item>,
    left_out: Arc<AtomicU64>,
}

enum Item {
    Line(Vec<u8>),
    /// Tells somebody that all before it is written.
    Mark(SyncSender<()>),
}

impl Lines {
    /// Begins a thread that writes them, with room for so many that wait. `gap` says in a
    /// line how many were left out.
    pub fn start(
        room: usize,
        out: impl Write + Send + 'static,
        gap: impl Fn(u64) -> String + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, items) = mpsc::sync_channel(room);
        let left_out = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&left_out);
        let thread = thread::Builder::new().name("lines".to_owned());
        thread.spawn(move || write(out, &items, &counted, &gap))?;
        Ok(Self { queue, left_out })
    }

    /// Writes a line, which has its end, or leaves it out.
    pub fn line(&self, line: Vec<u8>) {
        if self.queue.try_send(Item::Line(line)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits so long until all is written.
    pub fn flush(&self, limit: Duration) {
        let (done, wait) = mpsc::sync_channel(1);
        // Where there is no room, there is nobody to wait for.
        if self.queue.try_send(Item::Mark(done)).is_ok() {
            let _ = wait.recv_timeout(limit);
        }
    }
}

/// An event of the log is one call.
impl Write for Lines {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.line(octets.to_vec());
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn write(
    mut out: impl Write,
    items: &Receiver<Item>,
    left_out: &AtomicU64,
    gap: &dyn Fn(u64) -> String,
) {
    // A reader that is gone is nobody's trouble: the daemon does not end with it.
    let mut put = |line: &[u8]| {
        let _ = out.write_all(line).and_then(|()| out.flush());
    };
    for item in items {
        match item {
            Item::Line(line) => put(&line),
            Item::Mark(done) => {
                let _ = done.send(());
            }
        }
        let count = left_out.swap(0, Ordering::Relaxed);
        if count > 0 {
            put(gap(count).as_bytes());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::io::{BufRead as _, BufReader};

    use super::*;

    #[test]
    fn a_reader_that_has_stopped_holds_up_nobody_and_hears_of_the_gap() {
        let (read, to) = io::pipe().unwrap();
        const ROOM: usize = 1024;
        let lines = Lines::start(ROOM, to, |count| format!("gap {count}\n")).unwrap();
        let long = [&[b'x'; 999][..], b"\n"].concat();
        let sent = 2 * ROOM as u64;
        (0..sent).for_each(|_| lines.line(long.clone()));
        lines.flush(Duration::from_millis(1));
        let (mut whole, mut gap) = (0, 0);
        for line in BufReader::new(read).lines().map(Result::unwrap) {
            match line.strip_prefix("gap ") {
                Some(count) => gap += count.parse::<u64>().unwrap(),
                None => whole += 1,
            }
            if whole + gap == sent {
                break;
            }
        }
        assert!(gap > 0 && whole >= ROOM as u64, "{whole} and {gap}");
    }
}
