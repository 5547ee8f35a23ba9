//! What epoll says about connections, by their numbers.

use std::os::fd::{AsFd, OwnedFd};

use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, CreateFlags, Event, EventData, EventFlags},
    },
    io::Errno,
};

/// Events taken at a time.
const MOST: usize = 64;

/// An epoll, and what it said last.
pub struct Events {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Events {
    /// One that watches nothing yet.
    pub fn new() -> Result<Self, Errno> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, events: Vec::with_capacity(MOST) })
    }

    /// Watches a connection for what there is to read.
    pub fn watch(&self, socket: impl AsFd, number: usize) -> Result<(), Errno> {
        self.watch_for(socket, number, EventFlags::IN)
    }

    /// Watches it for this.
    pub fn watch_for(
        &self,
        socket: impl AsFd,
        number: usize,
        flags: EventFlags,
    ) -> Result<(), Errno> {
        epoll::add(&self.epoll, socket, EventData::new_u64(number as u64), flags)
    }

    /// Watches it no longer.
    pub fn forget(&self, socket: impl AsFd) -> Result<(), Errno> {
        epoll::delete(&self.epoll, socket)
    }

    /// What has happened, after a wait if it is nothing yet.
    pub fn wait(
        &mut self,
        patience: Option<&Timespec>,
    ) -> Result<impl Iterator<Item = (usize, EventFlags)>, Errno> {
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), patience) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        Ok(self.events.iter().map(|event| {
            // Packed fields are copied out.
            let (data, flags) = (event.data, event.flags);
            (data.u64() as usize, flags)
        }))
    }
}
