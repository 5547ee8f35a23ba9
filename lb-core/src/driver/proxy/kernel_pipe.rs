//! Pipes that the kernel moves pages through from one socket to another.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use super::capacity::{Capacity, Room};

/// Octets a pipe should hold. The system's limits may allow fewer.
const SIZE: usize = 1 << 20;

/// Pipes of a shard that are kept although nobody needs them at present.
const SPARE: usize = 64;

/// Never blocking, and without copies where the kernel can do without.
const HOW: SpliceFlags = SpliceFlags::NONBLOCK.union(SpliceFlags::MOVE);

/// One pipe, and how much is in it.
pub(super) struct KernelPipe {
    out_of: OwnedFd,
    into: OwnedFd,
    held: usize,
    _room: Room,
}

impl KernelPipe {
    /// Octets that are in it.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Takes what the socket has, as far as it fits; 0 is the socket's end.
    /// The pipe is to be empty: so EAGAIN speaks of the socket.
    pub(super) fn fill_from(&mut self, socket: BorrowedFd<'_>) -> Result<usize, Errno> {
        let taken = splice(socket, None, &self.into, None, SIZE, HOW)?;
        self.held += taken;
        Ok(taken)
    }

    /// Gives the socket what it takes.
    ///
    /// Unlike send(2), splice(2) has no way to ask for no SIGPIPE: programs in
    /// Rust ignore that signal from their start.
    pub(super) fn empty_into(&mut self, socket: BorrowedFd<'_>) -> Result<usize, Errno> {
        let given = splice(&self.out_of, None, socket, None, self.held, HOW)?;
        self.held = self.held.saturating_sub(given);
        Ok(given)
    }
}

/// The pipes of a shard. Each is lent for as long as there are bytes in it, so
/// that idle connections hold none.
pub(super) struct KernelPipes {
    spare: Vec<KernelPipe>,
    capacity: Arc<Capacity>,
}

impl KernelPipes {
    pub(super) fn new(capacity: Arc<Capacity>) -> Self {
        Self { spare: Vec::new(), capacity }
    }

    /// An empty pipe, if there may be one more.
    pub(super) fn lend(&mut self) -> Option<KernelPipe> {
        self.spare.pop().or_else(|| {
            let room = self.capacity.take().ok()?;
            let (out_of, into) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).ok()?;
            // A smaller one serves as well, in more steps.
            let _ = fcntl_setpipe_size(&into, SIZE);
            Some(KernelPipe { out_of, into, held: 0, _room: room })
        })
    }

    /// Takes back one that is empty again.
    pub(super) fn give_back(&mut self, pipe: KernelPipe) {
        if pipe.held == 0 && self.spare.len() < SPARE {
            self.spare.push(pipe);
        }
    }
}
