//! UDP as a server of many addresses needs it: the answer to a datagram leaves from the
//! address that the datagram came to.
//!
//! A socket that is bound to one address does so by itself. Of one on `0.0.0.0` or
//! `[::]` the routes would choose the source, which on a host with several addresses is
//! often another than the one that was asked, a director's virtual address say; clients
//! that compare drop such an answer. There the kernel is asked where each datagram
//! arrived (`IP_PKTINFO`, `IPV6_PKTINFO`: RFC 3542 §6), and told when it is answered.

use std::{
    io::{self, IoSlice, IoSliceMut},
    net::{Ipv6Addr, SocketAddr, UdpSocket},
    os::fd::{AsFd, AsRawFd, BorrowedFd},
};

use nix::{
    libc::{in_pktinfo, in6_pktinfo},
    sys::socket::{
        ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg,
        setsockopt, sockopt,
    },
};
use rustix::net::{RecvFlags, recvfrom};

/// A whole UDP datagram.
const DATAGRAM: usize = 65_535;

/// A bound socket.
#[derive(Debug)]
pub struct Socket {
    socket: UdpSocket,
    address: SocketAddr,
}

/// Who sent a datagram, and where it arrived: where the answer goes.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The sender.
    pub address: SocketAddr,
    asked: Asked,
}

/// The address that a datagram came to, where the socket's own does not say.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Own,
    V4(in_pktinfo),
    V6(in6_pktinfo),
}

/// Room for a datagram. As much of it becomes memory as the longest took.
#[derive(Debug)]
pub struct Room {
    octets: Vec<u8>,
    control: Vec<u8>,
}

impl Room {
    /// Room for the longest.
    pub fn new() -> Self {
        let control = nix::cmsg_space!(in6_pktinfo);
        Self { octets: vec![0; DATAGRAM], control: vec![0; control.capacity()] }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::new()
    }
}

impl Socket {
    /// Takes a bound socket.
    pub fn new(socket: UdpSocket) -> io::Result<Self> {
        let address = socket.local_addr()?;
        if address.ip().is_unspecified() {
            match address {
                SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?,
                SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?,
            }
        }
        Ok(Self { socket, address })
    }

    /// Where it is bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes the next datagram, or says that there is none with
    /// [`io::ErrorKind::WouldBlock`].
    pub fn receive<'r>(&self, room: &'r mut Room) -> io::Result<(&'r [u8], Peer)> {
        let Room { octets, control } = room;
        let (length, peer) = match self.address.ip().is_unspecified() {
            true => self.receive_told(octets, control)?,
            false => {
                let (length, _, from) = recvfrom(&self.socket, &mut **octets, RecvFlags::DONTWAIT)?;
                let from = from.map(SocketAddr::try_from).and_then(Result::ok);
                (length, Peer::of(from.ok_or_else(nobody)?))
            }
        };
        Ok((octets.get(..length).unwrap_or_default(), peer))
    }

    fn receive_told(&self, octets: &mut [u8], control: &mut [u8]) -> io::Result<(usize, Peer)> {
        let mut parts = [IoSliceMut::new(octets)];
        let (socket, flags) = (self.socket.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
        let message = recvmsg::<SockaddrStorage>(socket, &mut parts, Some(control), flags)?;
        let address = message.address.as_ref().and_then(socket_addr).ok_or_else(nobody)?;
        let asked = message.cmsgs()?.find_map(asked).unwrap_or(Asked::Own);
        Ok((message.bytes, Peer { address, asked }))
    }

    /// Sends an answer.
    pub fn reply(&self, peer: &Peer, octets: &[u8]) -> io::Result<()> {
        let told = match &peer.asked {
            Asked::Own => {
                self.socket.send_to(octets, peer.address)?;
                return Ok(());
            }
            Asked::V4(asked) => ControlMessage::Ipv4PacketInfo(asked),
            Asked::V6(asked) => ControlMessage::Ipv6PacketInfo(asked),
        };
        let to = SockaddrStorage::from(peer.address);
        let parts = [IoSlice::new(octets)];
        sendmsg(self.socket.as_raw_fd(), &parts, &[told], MsgFlags::empty(), Some(&to))?;
        Ok(())
    }

    /// A duplicate for another process.
    pub fn try_clone(&self) -> io::Result<UdpSocket> {
        self.socket.try_clone()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Peer {
    /// A peer that is answered from the socket's own address.
    fn of(address: SocketAddr) -> Self {
        Self { address, asked: Asked::Own }
    }
}

fn nobody() -> io::Error {
    io::Error::other("a datagram without a sender")
}

fn socket_addr(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|&v4| SocketAddr::V4(v4.into()));
    v4.or_else(|| address.as_sockaddr_in6().map(|&v6| SocketAddr::V6(v6.into())))
}

/// What an answer has to be told of where the datagram arrived. The interface is left
/// to the routes but where an address means nothing without it.
fn asked(told: ControlMessageOwned) -> Option<Asked> {
    match told {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            Some(Asked::V4(in_pktinfo { ipi_ifindex: 0, ..info }))
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
            // Nobody answers as a group.
            if address.is_multicast() {
                return None;
            }
            let ipi6_ifindex = match address.is_unicast_link_local() {
                true => info.ipi6_ifindex,
                false => 0,
            };
            Some(Asked::V6(in6_pktinfo { ipi6_ifindex, ..info }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error, time::Duration};

    use super::*;

    type Outcome = Result<(), Box<dyn Error>>;

    /// Whether somebody who is connected to an address is answered from there.
    fn is_answered(bound: &str, asked: &str) -> Result<bool, Box<dyn Error>> {
        let server = Socket::new(UdpSocket::bind(bound)?)?;
        let client = UdpSocket::bind(match asked.contains(':') {
            true => "[::1]:0",
            false => "127.0.0.1:0",
        })?;
        client.set_read_timeout(Some(Duration::from_secs(5)))?;
        client.connect((asked.parse::<std::net::IpAddr>()?, server.address().port()))?;
        client.send(b"where")?;
        let mut room = Room::new();
        // On loopback what was sent has arrived.
        let (octets, peer) = server.receive(&mut room)?;
        assert_eq!((octets, peer.address), (&b"where"[..], client.local_addr()?));
        server.reply(&peer, b"here")?;
        let mut buffer = [0; 9];
        // The kernel drops what comes from elsewhere.
        Ok(client.recv(&mut buffer)? == 4)
    }

    #[test]
    fn an_answer_comes_from_the_address_that_was_asked() -> Outcome {
        for (bound, asked) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("0.0.0.0:0", "127.0.0.1"),
            ("0.0.0.0:0", "127.0.0.2"),
            ("0.0.0.0:0", "127.8.7.6"),
        ] {
            assert!(is_answered(bound, asked)?, "{bound} {asked}");
        }
        Ok(())
    }

    #[test]
    fn so_it_does_over_ipv6() -> Outcome {
        if UdpSocket::bind("[::1]:0").is_err() {
            eprintln!("skipped: this host has no IPv6");
            return Ok(());
        }
        assert!(is_answered("[::1]:0", "::1")? && is_answered("[::]:0", "::1")?);
        Ok(())
    }

    #[test]
    fn where_there_is_nothing_nobody_waits() -> Outcome {
        let mut room = Room::new();
        for address in ["127.0.0.1:0", "0.0.0.0:0"] {
            let socket = Socket::new(UdpSocket::bind(address)?)?;
            let error = socket.receive(&mut room).expect_err("nobody sent anything");
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        }
        Ok(())
    }
}
