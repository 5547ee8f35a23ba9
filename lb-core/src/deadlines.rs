//! Deadlines that are mostly called off before they come.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// A queue of deadlines. Calling one off is the caller's to remember; what was
/// called off is thrown out when it makes up most of the queue, so that the
/// queue stays in proportion to what is alive.
#[derive(Debug)]
pub(crate) struct Deadlines<T> {
    heap: BinaryHeap<Reverse<(Instant, T)>>,
}

/// Below this size a queue is not worth sweeping.
const SMALL: usize = 256;

impl<T: Ord + Copy> Deadlines<T> {
    pub(crate) fn new() -> Self {
        Self { heap: BinaryHeap::new() }
    }

    /// Adds a deadline. `alive` is how many of those in the queue can still
    /// matter, and `matters` tells which.
    pub(crate) fn push(
        &mut self,
        at: Instant,
        what: T,
        alive: usize,
        matters: impl Fn(Instant, T) -> bool,
    ) {
        if self.heap.len() > SMALL && self.heap.len() / 2 > alive {
            self.heap.retain(|Reverse((at, what))| matters(*at, *what));
        }
        self.heap.push(Reverse((at, what)));
    }

    /// The next deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes a deadline that has come.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(Instant, T)> {
        self.next().filter(|at| *at <= now)?;
        self.heap.pop().map(|Reverse(entry)| entry)
    }
}
