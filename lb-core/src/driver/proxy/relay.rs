//! Bytes from one socket to the other, both ways.
//!
//! A direction begins by copying through the shard's one buffer. Once a read
//! fills that buffer, more is under way than is worth copying, and the kernel
//! moves the pages itself, by splice(2) through a pipe that the shard lends;
//! after a turn that moved little it is back to copying, which is cheaper for
//! small things. Nothing more is read while the sink has not taken all that was
//! read before: so a slow peer slows the fast one down, and what is kept for it
//! is at most one buffer, or one pipe, in each direction.

use std::cell::Cell;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering::Relaxed;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown, sockopt};

use super::connection::{Connection, Side};
use super::expiry::Clock;
use super::kernel_pipe::{KernelPipe, KernelPipes};

/// Octets that one direction moves before other connections get their turn.
const SHARE: usize = 1 << 20;

/// A turn of splicing that moved no more than this was not worth it.
const LITTLE: usize = 16 << 10;

/// What the connections of a shard relay with.
pub(super) struct Means {
    buffer: Option<Box<[u8]>>,
    pub(super) pipes: KernelPipes,
}

/// The buffer that all bytes of a shard pass through.
const BUFFER: usize = 64 << 10;

impl Means {
    pub(super) fn new(pipes: KernelPipes) -> Self {
        Self { buffer: None, pipes }
    }

    /// All copied bytes pass through here. It is made for the first of them: most nodes
    /// of a cluster direct nobody.
    pub(super) fn buffer(&mut self) -> &mut [u8] {
        self.buffer.get_or_insert_with(|| vec![0; BUFFER].into())
    }
}

/// One direction of a connection.
#[derive(Default)]
pub(super) struct Pipe {
    /// What was read and the other side did not take yet.
    backlog: Option<Box<Backlog>>,
    /// Reads fill the buffer: splicing pays.
    bulk: bool,
    /// The source has ended.
    ended: bool,
    /// The end was passed on.
    shut: bool,
    /// Something was read at all.
    spoke: bool,
}

enum Backlog {
    Copied { bytes: Box<[u8]>, sent: usize },
    Spliced(KernelPipe),
}

/// One end of a direction: a socket, and what is known of it.
struct End<'a> {
    socket: BorrowedFd<'a>,
    side: &'a mut Side,
}

/// How far a pipe came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// To where an event has to come first.
    Waits,
    /// Further than its share; there is more to do at once.
    More,
    /// To a source that failed.
    SourceFailed,
    /// To a sink that failed.
    SinkFailed,
}

/// What kept bytes from getting on.
enum Stop {
    Source(Errno),
    Sink,
}

/// What a connection has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It waits for an event.
    Waits,
    /// It has more to do.
    More,
    /// Both ends have ended.
    Finished,
    /// One end failed.
    Broken,
}

impl Connection {
    /// Moves what can be moved, both ways.
    pub(super) fn relay(&mut self, means: &mut Means, clock: &Clock) -> Progress {
        let (went_up, came_down) = (Cell::new(false), Cell::new(false));
        let progress = self.relay_both(means, &went_up, &came_down);
        self.time_answer(went_up.get(), came_down.get(), clock);
        progress
    }

    fn relay_both(
        &mut self,
        means: &mut Means,
        went_up: &Cell<bool>,
        came_down: &Cell<bool>,
    ) -> Progress {
        let (Some(server), Some(seat)) = (&self.server, &self.seat) else {
            return Progress::Broken;
        };
        let (client, server) = (self.client.as_fd(), server.as_fd());
        let peer = &seat.peer;
        let up = if self.failed {
            Flow::Waits
        } else {
            let source = End { socket: client, side: &mut self.client_side };
            let sink = End { socket: server, side: &mut self.server_side };
            self.up.pump(source, sink, means, self.down.shut, |n| {
                went_up.set(true);
                peer.live.in_octets.fetch_add(n, Relaxed);
                peer.service.in_octets.fetch_add(n, Relaxed);
            })
        };
        let source = End { socket: server, side: &mut self.server_side };
        let sink = End { socket: client, side: &mut self.client_side };
        let down = self.down.pump(source, sink, means, self.up.shut, |n| {
            came_down.set(true);
            peer.live.out_octets.fetch_add(n, Relaxed);
            peer.service.out_octets.fetch_add(n, Relaxed);
        });
        // A server may answer and reset: what it answered is passed on first.
        self.failed |= up == Flow::SinkFailed;
        match (up, down) {
            (Flow::SourceFailed, _) | (_, Flow::SourceFailed | Flow::SinkFailed) => {
                Progress::Broken
            }
            // The client has all of the answer, its end included: a reset now
            // could take back what it has not read yet.
            (_, Flow::Waits) if self.failed && self.down.shut => Progress::Finished,
            (_, Flow::Waits) if self.failed && self.down.backlog.is_none() => Progress::Broken,
            _ if self.up.shut && self.down.shut => Progress::Finished,
            (Flow::More, _) | (_, Flow::More) => Progress::More,
            _ => Progress::Waits,
        }
    }

    /// Whether the server reset it without having said a word.
    pub(super) fn was_cut(&self) -> bool {
        self.failed && !self.down.spoke
    }
}

impl Pipe {
    /// Moves what can be moved. With `last` the other direction is over: the
    /// end of this one need not be passed on, since closing the socket says it.
    fn pump(
        &mut self,
        mut source: End<'_>,
        mut sink: End<'_>,
        means: &mut Means,
        last: bool,
        count: impl Fn(u64),
    ) -> Flow {
        let mut moved = 0;
        loop {
            match self.flush(&mut sink, means, &count) {
                Ok(true) => {}
                Ok(false) => return Flow::Waits,
                Err(_) => return Flow::SinkFailed,
            }
            if self.ended {
                if !mem::replace(&mut self.shut, true) && !last {
                    // A sink that is gone already will say so by itself.
                    let _ = shutdown(sink.socket, Shutdown::Write);
                }
                return Flow::Waits;
            }
            if !source.side.readable || !sink.side.writable {
                return Flow::Waits;
            }
            if moved >= SHARE {
                return Flow::More;
            }
            let pipe = if self.bulk { means.pipes.lend() } else { None };
            let read = match pipe {
                Some(pipe) => self.splice(&source, &mut sink, pipe, means, &count),
                None => self.copy(&mut source, &mut sink, means.buffer(), &count),
            };
            match read {
                Ok(octets) => {
                    moved += octets;
                    self.spoke |= octets > 0;
                }
                Err(Stop::Source(Errno::AGAIN)) => {
                    source.side.readable = false;
                    self.bulk &= moved > LITTLE;
                    return Flow::Waits;
                }
                Err(Stop::Source(Errno::INTR)) => {}
                Err(Stop::Source(_)) => return Flow::SourceFailed,
                Err(Stop::Sink) => return Flow::SinkFailed,
            }
        }
    }

    /// Passes on what was read before; true once that is all.
    fn flush(
        &mut self,
        sink: &mut End<'_>,
        means: &mut Means,
        count: impl Fn(u64),
    ) -> Result<bool, Errno> {
        let Some(mut backlog) = self.backlog.take() else { return Ok(true) };
        let rest = match &mut *backlog {
            Backlog::Copied { bytes, sent } => {
                let rest = bytes.get(*sent..).unwrap_or_default();
                let taken = sink.push(rest, SendFlags::empty())?;
                count(taken as u64);
                *sent += taken;
                rest.len() - taken
            }
            Backlog::Spliced(pipe) => {
                while pipe.held() > 0 && sink.side.writable {
                    sink.speaks();
                    match pipe.empty_into(sink.socket) {
                        Ok(taken) => count(taken as u64),
                        Err(Errno::AGAIN) => sink.side.writable = false,
                        Err(Errno::INTR) => {}
                        Err(error) => return Err(error),
                    }
                }
                pipe.held()
            }
        };
        if rest > 0 {
            self.backlog = Some(backlog);
            return Ok(false);
        }
        if let Backlog::Spliced(pipe) = *backlog {
            means.pipes.give_back(pipe);
        }
        Ok(true)
    }

    /// Has the kernel move what there is to read, up to what the pipe holds.
    fn splice(
        &mut self,
        source: &End<'_>,
        sink: &mut End<'_>,
        mut pipe: KernelPipe,
        means: &mut Means,
        count: impl Fn(u64),
    ) -> Result<usize, Stop> {
        match pipe.fill_from(source.socket) {
            Ok(read) => {
                self.ended = read == 0;
                self.backlog = Some(Box::new(Backlog::Spliced(pipe)));
                self.flush(sink, means, count).map_err(|_| Stop::Sink)?;
                Ok(read)
            }
            Err(error) => {
                means.pipes.give_back(pipe);
                Err(Stop::Source(error))
            }
        }
    }

    /// Moves one buffer at most.
    fn copy(
        &mut self,
        source: &mut End<'_>,
        sink: &mut End<'_>,
        buffer: &mut [u8],
        count: impl Fn(u64),
    ) -> Result<usize, Stop> {
        let (_, read) =
            recv(source.socket, &mut *buffer, RecvFlags::empty()).map_err(Stop::Source)?;
        if read < buffer.len() {
            // A short read has emptied the socket. If the end was known to be
            // behind what was read, this is it; if not, epoll will tell of what
            // comes later.
            self.ended = read == 0 || source.side.ends;
            source.side.readable = source.side.over;
        } else {
            self.bulk = true;
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        // The end goes into the same segment as the last bytes.
        let flags = if self.ended { SendFlags::MORE } else { SendFlags::empty() };
        let sent = sink.push(bytes, flags).map_err(|_| Stop::Sink)?;
        count(sent as u64);
        if let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
            self.backlog = Some(Box::new(Backlog::Copied { bytes: rest.into(), sent: 0 }));
        }
        Ok(read)
    }
}

impl End<'_> {
    /// Sends as much as the socket takes.
    fn push(&mut self, bytes: &[u8], flags: SendFlags) -> Result<usize, Errno> {
        let mut sent = 0;
        while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty())
            && self.side.writable
        {
            self.speaks();
            match send(self.socket, rest, SendFlags::NOSIGNAL | flags) {
                Ok(taken) => sent += taken,
                Err(Errno::AGAIN) => self.side.writable = false,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }

    /// Sees to it that what is sent leaves at once. Nagle's algorithm holds a
    /// small segment back only while another is unacknowledged (RFC 9293,
    /// 3.7.4), so the first send of a socket needs no option for that.
    fn speaks(&mut self) {
        if !self.side.prompt && mem::replace(&mut self.side.spoke, true) {
            // Without it the peer is served later, and served all the same.
            let _ = sockopt::set_tcp_nodelay(self.socket, true);
            self.side.prompt = true;
        }
    }
}
