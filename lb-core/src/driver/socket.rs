//! Nonblocking sockets, as the checker and the proxy use them.

use std::fs;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::time::Duration;

use crate::model::Protocol;
use rustix::event::Timespec;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType, sockopt};

/// When the acknowledgement that ends a handshake is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// At once.
    Prompt,
    /// With the first data, which saves a segment. Without data it is to be
    /// asked for, see [`acknowledge`]: the server does not accept before.
    WithData,
}

/// Begins a connection; true if it stands already.
pub(crate) fn connect(address: SocketAddr, handshake: Handshake) -> Result<(OwnedFd, bool), Errno> {
    let socket = open(address, SocketType::STREAM)?;
    if handshake == Handshake::WithData {
        sockopt::set_tcp_quickack(&socket, false)?;
    }
    match net::connect(&socket, &address) {
        Ok(()) => Ok((socket, true)),
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((socket, false)),
        Err(error) => Err(error),
    }
}

/// A socket for datagrams to and from there.
pub(crate) fn datagram(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = open(address, SocketType::DGRAM)?;
    net::connect(&socket, &address)?;
    Ok(socket)
}

/// The kind of socket for a protocol.
pub(crate) fn kind(protocol: Protocol) -> SocketType {
    match protocol {
        Protocol::Tcp => SocketType::STREAM,
        Protocol::Udp => SocketType::DGRAM,
    }
}

/// A socket of the family of this address.
pub(crate) fn open(address: SocketAddr, kind: SocketType) -> Result<OwnedFd, Errno> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    net::socket_with(family, kind, flags, None)
}

/// Whether a connection to there may turn out to be one of the socket to itself.
///
/// A connect to a free port of this very machine may be given that port as its
/// own, and then TCP's simultaneous open connects it to itself. The ports that
/// are given to sockets are a range of the system's.
pub(crate) fn may_reflect(address: SocketAddr) -> bool {
    static GIVEN: OnceLock<RangeInclusive<u16>> = OnceLock::new();
    let read = || {
        let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
        let mut ends = text.split_whitespace().map(str::parse);
        Some(ends.next()?.ok()?..=ends.next()?.ok()?)
    };
    GIVEN.get_or_init(|| read().unwrap_or(0..=u16::MAX)).contains(&address.port())
}

/// Sends the acknowledgement of a handshake that waits for data.
pub(crate) fn acknowledge(socket: BorrowedFd<'_>) {
    // A socket that is gone already will say so by itself.
    let _ = sockopt::set_tcp_quickack(socket, true);
}

/// How a connection that was begun ended up, once its socket has news.
pub(crate) fn connected(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    error(socket)?;
    if net::getpeername(socket)? == Some(net::getsockname(socket)?) {
        return Err(Errno::CONNREFUSED);
    }
    Ok(())
}

/// The error that is pending, if there is one.
pub(crate) fn error(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    sockopt::socket_error(socket)?
}

/// Closes with a reset, so that the peer learns of it as a failure.
pub(crate) fn abort(socket: OwnedFd) {
    // If this fails, the socket is closed all the same.
    let _ = sockopt::set_socket_linger(&socket, Some(Duration::ZERO));
}

/// Whether the error is about this machine and says nothing about the peer.
pub(crate) fn is_local(error: Errno) -> bool {
    matches!(
        error,
        Errno::MFILE
            | Errno::NFILE
            | Errno::NOBUFS
            | Errno::NOMEM
            | Errno::ADDRNOTAVAIL
            | Errno::NOSPC
    )
}

/// The error in a few words for people.
pub(crate) fn describe(error: Errno) -> String {
    reason(error).map_or_else(|| error.to_string(), str::to_owned)
}

/// The common ones of [`describe`].
pub(crate) fn reason(error: Errno) -> Option<&'static str> {
    Some(match error {
        Errno::CONNREFUSED => "connection refused",
        Errno::CONNRESET => "connection reset",
        Errno::TIMEDOUT => "connection timed out",
        Errno::HOSTUNREACH => "no route to the host",
        Errno::NETUNREACH => "network unreachable",
        _ => return None,
    })
}

/// The time from now to a deadline, as the system wants it.
pub(crate) fn timeout(left: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: left.subsec_nanos().into(),
    }
}
