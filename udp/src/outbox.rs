//! What goes.

use std::{
    array,
    io::{self, IoSlice},
    ops::Range,
    os::fd::AsRawFd,
    sync::Arc,
};

use nix::{
    errno::Errno,
    libc::in6_pktinfo,
    sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg},
};

use crate::{Asked, DATAGRAM, Peer, Socket, TOGETHER};

/// What goes from a socket, several answers together. Those that leave from one address
/// can; where another comes, or no more have room, what is there goes first.
#[derive(Debug)]
pub struct Outbox {
    socket: Arc<Socket>,
    octets: Vec<u8>,
    parts: Vec<Range<usize>>,
    to: Vec<Option<SockaddrStorage>>,
    asked: Asked,
    /// Without and with room for where they leave from: room has to be filled.
    plain: MultiHeaders<SockaddrStorage>,
    told: MultiHeaders<SockaddrStorage>,
}

impl Outbox {
    /// An empty one.
    pub fn new(socket: Arc<Socket>) -> Self {
        let control = nix::cmsg_space!(in6_pktinfo);
        Self {
            socket,
            octets: Vec::with_capacity(DATAGRAM),
            parts: Vec::with_capacity(TOGETHER),
            to: Vec::with_capacity(TOGETHER),
            asked: Asked::Own,
            plain: MultiHeaders::preallocate(TOGETHER, None),
            told: MultiHeaders::preallocate(TOGETHER, Some(control)),
        }
    }

    /// Puts an answer in. The error is that of answers before it, as [`Outbox::send`]
    /// gives it.
    pub fn put(&mut self, peer: &Peer, octets: &[u8]) -> io::Result<()> {
        let is_full = self.parts.len() == TOGETHER
            || octets.len() > self.octets.capacity() - self.octets.len();
        let sent = match is_full || peer.asked != self.asked {
            true => self.send(),
            false => Ok(()),
        };
        self.asked = peer.asked;
        let start = self.octets.len();
        self.octets.extend_from_slice(octets);
        self.parts.push(start..self.octets.len());
        self.to.push(Some(peer.address.into()));
        sent
    }

    /// Sends what is there. One answer that cannot be sent keeps no other back; the
    /// error is the last one's.
    pub fn send(&mut self) -> io::Result<()> {
        let (mut first, mut result) = (0, Ok(()));
        while first < self.parts.len() {
            match self.send_from(first) {
                // An error after the first of them ends the call, and comes again.
                Ok(sent) => first += sent.max(1),
                Err(Errno::EINTR) => {}
                Err(error) => {
                    result = Err(error.into());
                    first += 1;
                }
            }
        }
        self.octets.clear();
        self.parts.clear();
        self.to.clear();
        result
    }

    fn send_from(&mut self, first: usize) -> nix::Result<usize> {
        let Self { socket, octets, parts, to, asked, plain, told } = self;
        let headers = if *asked == Asked::Own { plain } else { told };
        let parts = parts.get(first..).unwrap_or_default();
        let to = to.get(first..).unwrap_or_default();
        let slices: [_; TOGETHER] = array::from_fn(|at| {
            let part = parts.get(at).and_then(|part| octets.get(part.clone()));
            [IoSlice::new(part.unwrap_or_default())]
        });
        let flags = MsgFlags::empty();
        asked.told(|told| {
            // There are as many as have somebody to go to.
            let sent = sendmmsg(socket.socket.as_raw_fd(), headers, &slices, to, told, flags)?;
            Ok(sent.count())
        })
    }
}
