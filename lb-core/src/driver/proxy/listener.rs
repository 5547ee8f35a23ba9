//! Listeners, one a shard.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::net::{bind, listen, sockopt};

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
    if alone {
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
