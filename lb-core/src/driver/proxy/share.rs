//! How many to take from a queue that does not say how many there are.

/// As many as there were the last time, and more where that was not enough.
/// Asking once too often costs a system call, and one that makes a socket
/// first in the case of accept(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share(u8);

/// Taken from one queue before others get their turn.
const MOST: u8 = 64;

impl Share {
    pub(super) fn new() -> Self {
        Self(1)
    }

    /// How many to take now.
    pub(super) fn size(self) -> u8 {
        self.0
    }

    /// There were no more than so many.
    pub(super) fn shrink(&mut self, taken: u8) {
        self.0 = taken.max(1);
    }

    /// All of the share was taken, and there may be more.
    pub(super) fn grow(&mut self) {
        self.0 = self.0.saturating_mul(2).min(MOST);
    }
}
