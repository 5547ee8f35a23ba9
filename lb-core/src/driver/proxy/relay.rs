//! Bytes from one socket to the other, both ways.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering::Relaxed;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};

use super::connection::{Connection, Side};

/// Buffers that one connection moves before others get their turn.
const ROUNDS: u32 = 16;

/// One direction of a connection.
#[derive(Default)]
pub(super) struct Pipe {
    /// What was read and the other side did not take yet. While there is any,
    /// nothing more is read: so a slow peer slows the fast one down, and at
    /// most one buffer is kept.
    parked: Option<Box<Parked>>,
    /// The source has ended.
    ended: bool,
    /// The end was passed on.
    shut: bool,
}

struct Parked {
    bytes: Box<[u8]>,
    sent: usize,
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
    pub(super) fn relay(&mut self, buffer: &mut [u8]) -> Progress {
        let (Some(server), Some(seat)) = (&self.server, &self.seat) else {
            return Progress::Broken;
        };
        let (client, server) = (self.client.as_fd(), server.as_fd());
        let peer = &seat.peer;
        let up = if self.failed {
            Flow::Waits
        } else {
            self.up.pump(
                client,
                &mut self.client_side,
                server,
                &mut self.server_side,
                buffer,
                |n| {
                    peer.live.in_octets.fetch_add(n, Relaxed);
                    peer.service.in_octets.fetch_add(n, Relaxed);
                },
            )
        };
        let down = self.down.pump(
            server,
            &mut self.server_side,
            client,
            &mut self.client_side,
            buffer,
            |n| {
                peer.live.out_octets.fetch_add(n, Relaxed);
                peer.service.out_octets.fetch_add(n, Relaxed);
            },
        );
        // A server may answer and reset: what it answered is passed on first.
        self.failed |= up == Flow::SinkFailed;
        match (up, down) {
            (Flow::SourceFailed, _) | (_, Flow::SourceFailed | Flow::SinkFailed) => {
                Progress::Broken
            }
            // The client has all of the answer, its end included: a reset now
            // could take back what it has not read yet.
            (_, Flow::Waits) if self.failed && self.down.shut => Progress::Finished,
            (_, Flow::Waits) if self.failed && self.down.parked.is_none() => Progress::Broken,
            _ if self.up.shut && self.down.shut => Progress::Finished,
            (Flow::More, _) | (_, Flow::More) => Progress::More,
            _ => Progress::Waits,
        }
    }
}

impl Pipe {
    fn pump(
        &mut self,
        source: BorrowedFd<'_>,
        from: &mut Side,
        sink: BorrowedFd<'_>,
        to: &mut Side,
        buffer: &mut [u8],
        count: impl Fn(u64),
    ) -> Flow {
        for _ in 0..ROUNDS {
            if let Some(parked) = &mut self.parked {
                let rest = parked.bytes.get(parked.sent..).unwrap_or_default();
                let Ok(sent) = push(sink, to, rest) else { return Flow::SinkFailed };
                count(sent as u64);
                parked.sent += sent;
                if parked.sent < parked.bytes.len() {
                    return Flow::Waits;
                }
                self.parked = None;
            }
            if self.ended {
                if !self.shut {
                    self.shut = true;
                    // A sink that is gone already will say so by itself.
                    let _ = shutdown(sink, Shutdown::Write);
                }
                return Flow::Waits;
            }
            if !from.readable || !to.writable {
                return Flow::Waits;
            }
            let read = match recv(source, &mut *buffer, RecvFlags::empty()) {
                Ok((_, 0)) => {
                    self.ended = true;
                    continue;
                }
                Ok((_, read)) => read,
                Err(Errno::AGAIN) => {
                    from.readable = false;
                    return Flow::Waits;
                }
                Err(Errno::INTR) => continue,
                Err(_) => return Flow::SourceFailed,
            };
            // A short read has emptied the socket, and epoll will tell of what
            // comes later. It tells once, so not after it told of the end.
            if read < buffer.len() && !from.ending {
                from.readable = false;
            }
            let bytes = buffer.get(..read).unwrap_or_default();
            let Ok(sent) = push(sink, to, bytes) else { return Flow::SinkFailed };
            count(sent as u64);
            if let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
                self.parked = Some(Box::new(Parked { bytes: rest.into(), sent: 0 }));
                return Flow::Waits;
            }
        }
        Flow::More
    }
}

/// Sends as much as the socket takes.
fn push(sink: BorrowedFd<'_>, to: &mut Side, bytes: &[u8]) -> Result<usize, Errno> {
    let mut sent = 0;
    while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty() && to.writable) {
        match send(sink, rest, SendFlags::NOSIGNAL) {
            Ok(taken) => sent += taken,
            Err(Errno::AGAIN) => to.writable = false,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
