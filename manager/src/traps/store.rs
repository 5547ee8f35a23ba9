//! The thread of the journal: what was taken is named and written, many at once with
//! one sync, and then acknowledged and handed on.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender},
    },
    time::Instant,
};

use jiff::Timestamp;
use lcms_mibs::Mib;
use lcms_udp::{Peer, Socket};
use tokio::sync::watch;

use super::{Counters, Digest, Recent, Record, Taken, journal::Journal};

/// So many wait for the disk; further ones are not taken, and come again if they are
/// informs.
pub(super) const QUEUE: usize = 256;

/// So many share a sync.
const BATCH: usize = 128;

/// Something to be stored.
pub(super) struct Job {
    pub taken: Box<Taken>,
    pub received: Timestamp,
    /// By which it came and its acknowledgement goes.
    pub socket: Arc<Socket>,
    /// Who is waiting for the answer, and where he asked.
    pub peer: Peer,
}

pub(super) struct Store {
    pub journal: Journal,
    pub recent: Recent,
    /// Another one whenever its files are read again.
    pub mib: watch::Receiver<Arc<Mib>>,
    pub counters: Arc<Counters>,
    pub jobs: Receiver<Job>,
    /// To whoever passes them on.
    pub onward: SyncSender<Arc<Record>>,
    /// How many the journal did not take since it last took one.
    pub lost: u64,
}

impl Store {
    /// Works until nothing more can come.
    pub(super) fn run(mut self) {
        while let Ok(first) = self.jobs.recv() {
            let mut batch = vec![first];
            batch.extend(self.jobs.try_iter().take(BATCH - 1));
            self.store(batch);
        }
    }

    fn store(&mut self, batch: Vec<Job>) {
        let now = Instant::now();
        let mut digests: HashSet<Digest> = HashSet::new();
        let (mut fresh, mut known) = (Vec::new(), Vec::new());
        for job in batch {
            if job.taken.names().any(|name| self.recent.contains(&name, now)) {
                known.push(job);
            } else {
                // It may come twice before it can be stored once.
                let new = job.taken.names().all(|name| digests.insert(name));
                let new = new || !repeats(&job.taken);
                fresh.push((job, new));
            }
        }
        self.counters.retransmitted.many(known.len() as u64);
        for job in &known {
            // Another attempt of a sender may be caught as well.
            job.taken.whole.iter().for_each(|whole| self.recent.insert(*whole, now));
            self.acknowledge(job);
        }
        let new = fresh.iter().filter(|(_, new)| *new);
        let mib = Arc::clone(&self.mib.borrow());
        let mut records: Vec<Record> =
            new.map(|(job, _)| Record::new(&job.taken, job.received, &mib)).collect();
        if records.is_empty() {
            return;
        }
        let count = records.len() as u64;
        match self.journal.append(&mut records) {
            Ok(()) => {
                self.counters.stored.many(count);
                self.counters.retransmitted.many(fresh.len() as u64 - count);
                for (job, _) in &fresh {
                    if repeats(&job.taken) {
                        job.taken.names().for_each(|name| self.recent.insert(name, now));
                    }
                    self.acknowledge(job);
                }
                if self.lost > 0 {
                    tracing::warn!("the journal is written again; {} are not in it", self.lost);
                    self.lost = 0;
                }
            }
            Err(error) => {
                self.counters.unstored.many(count);
                if self.lost == 0 {
                    tracing::error!(
                        %error,
                        "the journal cannot be written; no inform is acknowledged until it can"
                    );
                }
                self.lost = self.lost.saturating_add(count);
                // Their numbers are given to others.
                records.iter_mut().for_each(|record| record.id = 0);
            }
        }
        // What the disk does not take is all the more for somebody to hear. Whoever judges
        // it waits for no consumer, so he may be waited for.
        for record in records {
            if self.onward.send(Arc::new(record)).is_err() {
                tracing::error!("a notification is not passed on: nobody judges any more");
            }
        }
    }

    fn acknowledge(&self, job: &Job) {
        let Some(octets) = &job.taken.acknowledgement else { return };
        // One that gets lost is asked for again.
        match job.socket.reply(&job.peer, octets) {
            Ok(_) => self.counters.acknowledged.add(),
            Err(error) => tracing::debug!(%error, "an acknowledgement was not sent"),
        }
    }
}

/// Whether one that looks the same is the same: a trap of version 1 has nothing to be
/// told by, and two of them may be two.
fn repeats(taken: &Taken) -> bool {
    taken.version != lcms_snmp::Version::V1
}
