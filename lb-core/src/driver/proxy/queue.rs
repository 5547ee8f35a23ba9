//! Where the connections of a service wait for a server.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::fence;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::line::{Entered, Line, Outcome};
use super::shard::Caller;
use super::slots::Key;
use crate::director::ServiceLive;

/// The line of one service, shared by all shards.
///
/// It costs a connection nothing while nobody waits: whoever gives a seat back
/// looks at one counter, and whoever comes looks at the same one.
pub(super) struct Queue {
    line: Mutex<Line<Waiter>>,
    live: Arc<ServiceLive>,
}

/// A connection that waits, and how to reach it.
pub(super) struct Waiter {
    pub(super) shard: Arc<Caller>,
    pub(super) key: Key,
}

/// A connection's part in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) number: u64,
    pub(super) state: TurnState,
}

/// How far that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TurnState {
    /// It waits for a call.
    Waits,
    /// It was called and looks for a seat.
    Called,
    /// It had a seat. Should that server fail, it comes back to its place.
    Served,
}

impl Queue {
    pub(super) fn new(live: Arc<ServiceLive>) -> Self {
        Self { line: Mutex::new(Line::new()), live }
    }

    /// Whether somebody is there, so that newcomers have to wait.
    pub(super) fn is_busy(&self) -> bool {
        self.live.queued.load(Relaxed) > 0
    }

    /// Comes into the line, back to its place if it had one before; `None` if
    /// so many wait already.
    pub(super) fn enter(&self, most: u32, before: Option<Turn>, who: Waiter) -> Option<Turn> {
        let mut line = self.lock();
        if before.is_none() && line.len() >= most {
            return None;
        }
        let entered = line.enter(before.map(|turn| turn.number), who);
        self.publish(&line);
        drop(line);
        // Whoever gives back a seat from here on sees that somebody waits, and
        // one that was given back before is seen by looking once more.
        fence(SeqCst);
        Some(match entered {
            Entered::Waits(number) => Turn { number, state: TurnState::Waits },
            Entered::Called(number) => Turn { number, state: TurnState::Called },
        })
    }

    /// One that waits goes away.
    pub(super) fn leave(self: &Arc<Self>, turn: Turn) {
        match turn.state {
            TurnState::Waits => {
                let mut line = self.lock();
                line.leave(turn.number);
                self.publish(&line);
            }
            TurnState::Called => self.settle(turn.number, Outcome::Gone),
            TurnState::Served => {}
        }
    }

    /// A seat has become free.
    pub(super) fn freed(self: &Arc<Self>) {
        if self.live.queued.load(SeqCst) > 0 {
            self.step(Line::freed);
        }
    }

    /// Servers, weights or limits are other than they were.
    pub(super) fn rouse(self: &Arc<Self>) {
        if self.live.queued.load(SeqCst) > 0 {
            self.step(Line::rouse);
        }
    }

    /// What came of a call.
    pub(super) fn settle(self: &Arc<Self>, number: u64, outcome: Outcome<Waiter>) {
        self.step(|line| line.settle(number, outcome));
    }

    fn step(self: &Arc<Self>, step: impl FnOnce(&mut Line<Waiter>) -> Option<(u64, Waiter)>) {
        let mut line = self.lock();
        let call = step(&mut line);
        self.publish(&line);
        drop(line);
        if let Some((number, waiter)) = call {
            waiter.shard.call(self.clone(), waiter.key, number);
        }
    }

    fn publish(&self, line: &Line<Waiter>) {
        let queued = line.len();
        self.live.queued.store(queued, SeqCst);
        self.live.queued_max.fetch_max(queued, Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Line<Waiter>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
