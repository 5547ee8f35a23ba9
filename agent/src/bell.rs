//! A bell for a thread that waits at a socket.
//!
//! A socket that another process is to go on with cannot be shut down to wake
//! the thread that waits for it: that would be the end of it for both.

use std::{io, os::fd::AsFd, os::fd::OwnedFd};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::io::Errno;

/// Rung once, it rings for good.
#[derive(Debug)]
pub struct Bell(OwnedFd);

impl Bell {
    /// A bell that does not ring.
    pub fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Rings.
    pub fn ring(&self) {
        // The one way for it to fail is that it rings already.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Waits until there is something to read; false once the bell rings.
    pub fn wait(&self, socket: impl AsFd) -> io::Result<bool> {
        let socket = socket.as_fd();
        loop {
            let mut both =
                [PollFd::new(&socket, PollFlags::IN), PollFd::new(&self.0, PollFlags::IN)];
            match poll(&mut both, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [there, rung] = both.map(|one| !one.revents().is_empty());
            if there || rung {
                return Ok(!rung);
            }
        }
    }
}
