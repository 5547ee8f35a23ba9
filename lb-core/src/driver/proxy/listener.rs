//! Listeners, one a shard.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::net::{SocketType, bind, getsockname, listen, sockopt};

use crate::driver::socket;
use crate::model::Protocol;

/// Connections that may wait to be accepted; the system may allow fewer.
const BACKLOG: i32 = 4_096;

/// Opens `count` listeners on one address.
///
/// SO_REUSEPORT would silently share the address with another process of the
/// same user, which then gets half of the connections: a second director
/// started by mistake, say. So with `alone` the address must be free first.
pub(super) fn open(
    protocol: Protocol,
    address: SocketAddr,
    count: usize,
    alone: bool,
) -> io::Result<Vec<OwnedFd>> {
    if alone && count > 0 {
        bound(protocol, address, false)?;
    }
    (0..count)
        .map(|_| {
            let socket = bound(protocol, address, true)?;
            if protocol == Protocol::Tcp {
                listen(&socket, BACKLOG)?;
            }
            Ok(socket)
        })
        .collect()
}

/// Listeners by protocol and address. What is no listener of ours is given up.
pub(super) fn by_address(sockets: Vec<OwnedFd>) -> BTreeMap<(Protocol, SocketAddr), Vec<OwnedFd>> {
    let mut all: BTreeMap<_, Vec<OwnedFd>> = BTreeMap::new();
    for socket in sockets {
        let protocol = match sockopt::socket_type(&socket) {
            Ok(SocketType::STREAM) => Protocol::Tcp,
            Ok(SocketType::DGRAM) => Protocol::Udp,
            _ => continue,
        };
        if let Ok(address) = getsockname(&socket).and_then(SocketAddr::try_from) {
            all.entry((protocol, address)).or_default().push(socket);
        }
    }
    all
}

fn bound(protocol: Protocol, address: SocketAddr, shared: bool) -> io::Result<OwnedFd> {
    let socket = socket::open(address, socket::kind(protocol))?;
    if protocol == Protocol::Tcp {
        // Past connections do not keep the address. For UDP it would let others
        // take it from us.
        sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    if shared {
        sockopt::set_socket_reuseport(&socket, true)?;
    }
    if shared && protocol == Protocol::Tcp {
        // Accepted sockets inherit both, which saves two calls for each. A
        // client that vanished without a word is found out by keepalive.
        sockopt::set_tcp_nodelay(&socket, true)?;
        sockopt::set_socket_keepalive(&socket, true)?;
    }
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    bind(&socket, &address)?;
    Ok(socket)
}
