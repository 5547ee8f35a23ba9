//! What comes.

use std::{
    array,
    io::{self, IoSliceMut},
    net::{Ipv6Addr, SocketAddr},
    os::fd::AsRawFd,
    sync::Arc,
};

use nix::{
    libc::in6_pktinfo,
    sys::socket::{
        ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrStorage, recvmmsg,
    },
};

use crate::{Asked, DATAGRAM, Peer, Socket, TOGETHER};

/// What comes to a socket, as many datagrams together as there are. As much of its room
/// becomes memory as the longest took.
#[derive(Debug)]
pub struct Inbox {
    socket: Arc<Socket>,
    octets: Vec<u8>,
    /// Of their room for where a datagram arrived the system leaves, for good, what the
    /// first ones needed: enough for others to the same socket.
    headers: MultiHeaders<SockaddrStorage>,
    arrived: Vec<(usize, Option<Peer>)>,
}

impl Inbox {
    /// With room for the longest.
    pub fn new(socket: Arc<Socket>) -> Self {
        let control = nix::cmsg_space!(in6_pktinfo);
        Self {
            socket,
            octets: vec![0; DATAGRAM * TOGETHER],
            headers: MultiHeaders::preallocate(TOGETHER, Some(control)),
            arrived: Vec::with_capacity(TOGETHER),
        }
    }

    /// Takes the datagrams that are there, [`TOGETHER`] at most, or says that there is
    /// none with [`io::ErrorKind::WouldBlock`].
    pub fn receive(&mut self) -> io::Result<impl Iterator<Item = (&[u8], Peer)>> {
        let Self { socket, octets, headers, arrived } = self;
        let mut rooms = octets.chunks_exact_mut(DATAGRAM);
        let mut rooms: [_; TOGETHER] =
            array::from_fn(|_| [IoSliceMut::new(rooms.next().unwrap_or_default())]);
        let socket = socket.socket.as_raw_fd();
        let messages = recvmmsg(socket, headers, &mut rooms, MsgFlags::MSG_DONTWAIT, None)?;
        arrived.clear();
        arrived.extend(messages.map(|message| (message.bytes, peer(&message))));
        // Nobody sends by these families without an address.
        Ok(octets
            .chunks_exact(DATAGRAM)
            .zip(&*arrived)
            .filter_map(|(room, (length, peer))| Some((room.get(..*length)?, (*peer)?))))
    }
}

fn peer(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<Peer> {
    let address = message.address.as_ref().and_then(socket_addr)?;
    let asked = message.cmsgs().ok().and_then(|mut told| told.find_map(asked));
    Some(Peer { address, asked: asked.unwrap_or(Asked::Own) })
}

fn socket_addr(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|&v4| SocketAddr::V4(v4.into()));
    v4.or_else(|| address.as_sockaddr_in6().map(|&v6| SocketAddr::V6(v6.into())))
}

/// Where a datagram arrived. The interface is left to the routes but where an address
/// means nothing without it.
fn asked(told: ControlMessageOwned) -> Option<Asked> {
    match told {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            Some(Asked::V4(info.ipi_spec_dst.s_addr.to_ne_bytes().into()))
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
            let interface = if address.is_unicast_link_local() { info.ipi6_ifindex } else { 0 };
            // Nobody answers as a group.
            (!address.is_multicast()).then_some(Asked::V6(address, interface))
        }
        _ => None,
    }
}
