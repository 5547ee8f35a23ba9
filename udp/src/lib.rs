//! UDP as a server of many addresses needs it: the answer to a datagram leaves from the
//! address that the datagram came to, and what has come together is taken and answered
//! together.
//!
//! A socket that is bound to one address answers from there by itself. Of one on
//! `0.0.0.0` or `[::]` the routes would choose the source, which on a host with several
//! addresses is often another than the one that was asked, a director's virtual address
//! say; clients that compare drop such an answer. There the kernel is asked where each
//! datagram arrived (`IP_PKTINFO`, `IPV6_PKTINFO`: RFC 3542 §6), and told when it is
//! answered.
//!
//! An [`Inbox`] takes up to [`TOGETHER`] datagrams with one call of the system, an
//! [`Outbox`] sends as many answers with another. Of a small question's cost on a busy
//! socket a quarter is the two calls that it would need for itself.

mod inbox;
mod outbox;

use std::{
    io::{self, IoSlice},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    os::fd::{AsFd, AsRawFd, BorrowedFd},
};

use nix::{
    libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo},
    sys::socket::{ControlMessage, MsgFlags, SockaddrStorage, sendmsg, setsockopt, sockopt},
};

pub use inbox::Inbox;
pub use outbox::Outbox;

/// So many datagrams are taken, or sent, with one call. Twice as many would save a
/// hundredth more, and cost as much memory again where the longest come.
pub const TOGETHER: usize = 8;

/// A whole UDP datagram, with what makes it a multiple of a page.
const DATAGRAM: usize = 65_536;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Own,
    V4(Ipv4Addr),
    /// With the interface, where the address means nothing without it.
    V6(Ipv6Addr, u32),
}

impl Asked {
    /// Does something with what a message has to say to leave from there.
    fn told<T>(self, with: impl FnOnce(&[ControlMessage<'_>]) -> T) -> T {
        match self {
            Self::Own => with(&[]),
            Self::V4(address) => {
                // The system takes it in the order of the network, as it is here.
                let ipi_spec_dst = in_addr { s_addr: u32::from_ne_bytes(address.octets()) };
                let any = in_addr { s_addr: 0 };
                let info = in_pktinfo { ipi_ifindex: 0, ipi_spec_dst, ipi_addr: any };
                with(&[ControlMessage::Ipv4PacketInfo(&info)])
            }
            Self::V6(address, ipi6_ifindex) => {
                let ipi6_addr = in6_addr { s6_addr: address.octets() };
                let info = in6_pktinfo { ipi6_addr, ipi6_ifindex };
                with(&[ControlMessage::Ipv6PacketInfo(&info)])
            }
        }
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

    /// Sends one answer.
    pub fn reply(&self, peer: &Peer, octets: &[u8]) -> io::Result<()> {
        if peer.asked == Asked::Own {
            self.socket.send_to(octets, peer.address)?;
            return Ok(());
        }
        let to = SockaddrStorage::from(peer.address);
        let (socket, parts) = (self.socket.as_raw_fd(), [IoSlice::new(octets)]);
        peer.asked.told(|told| sendmsg(socket, &parts, told, MsgFlags::empty(), Some(&to)))?;
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

#[cfg(test)]
mod tests {
    use std::{error::Error, io::ErrorKind, net::IpAddr, sync::Arc, time::Duration};

    use super::*;

    type Outcome = Result<(), Box<dyn Error>>;

    /// Somebody who is connected to an address: the kernel drops what comes from
    /// elsewhere.
    fn client(server: &Socket, asked: &str) -> Result<UdpSocket, Box<dyn Error>> {
        let client = UdpSocket::bind(match asked.contains(':') {
            true => "[::1]:0",
            false => "127.0.0.1:0",
        })?;
        client.set_read_timeout(Some(Duration::from_secs(5)))?;
        client.connect((asked.parse::<IpAddr>()?, server.address().port()))?;
        Ok(client)
    }

    fn boxes(server: &Arc<Socket>) -> (Inbox, Outbox) {
        (Inbox::new(Arc::clone(server)), Outbox::new(Arc::clone(server)))
    }

    /// Whether forty questions at each address are answered from there and in their
    /// order, and one alone too.
    fn is_answered(bound: &str, asked: &[&str]) -> Result<bool, Box<dyn Error>> {
        const EACH: u32 = 40;
        let server = Arc::new(Socket::new(UdpSocket::bind(bound)?)?);
        let clients: Vec<_> =
            asked.iter().map(|asked| client(&server, asked)).collect::<Result<_, _>>()?;
        for number in 0..EACH {
            for client in &clients {
                client.send(&number.to_be_bytes())?;
            }
        }
        let (mut inbox, mut outbox) = boxes(&server);
        // On loopback what was sent has arrived.
        let mut last = None;
        while let Ok(datagrams) = inbox.receive() {
            for (octets, peer) in datagrams {
                outbox.put(&peer, octets)?;
                last = Some(peer);
            }
            outbox.send()?;
        }
        server.reply(&last.ok_or("nothing came")?, b"last")?;
        let mut buffer = [0; 9];
        for number in 0..EACH {
            for client in &clients {
                let length = client.recv(&mut buffer)?;
                assert_eq!(buffer.get(..length), Some(&number.to_be_bytes()[..]));
            }
        }
        let last = clients.last().ok_or("nobody asked")?;
        Ok(last.recv(&mut buffer)? == 4 && buffer.starts_with(b"last"))
    }

    #[test]
    fn an_answer_comes_from_the_address_that_was_asked() -> Outcome {
        assert!(is_answered("127.0.0.1:0", &["127.0.0.1", "127.0.0.1"])?);
        let several = ["127.0.0.1", "127.0.0.2", "127.0.0.2", "127.8.7.6", "127.0.0.1"];
        assert!(is_answered("0.0.0.0:0", &several)?);
        Ok(())
    }

    #[test]
    fn so_it_does_over_ipv6() -> Outcome {
        if UdpSocket::bind("[::1]:0").is_err() {
            eprintln!("skipped: this host has no IPv6");
            return Ok(());
        }
        assert!(is_answered("[::1]:0", &["::1"])? && is_answered("[::]:0", &["::1", "::1"])?);
        Ok(())
    }

    #[test]
    fn where_there_is_nothing_nobody_waits() -> Outcome {
        for address in ["127.0.0.1:0", "0.0.0.0:0"] {
            let socket = Socket::new(UdpSocket::bind(address)?)?;
            let error =
                Inbox::new(Arc::new(socket)).receive().err().ok_or("nobody sent anything")?;
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        }
        Ok(())
    }

    #[test]
    fn the_longest_go_and_come() -> Outcome {
        let server = Arc::new(Socket::new(UdpSocket::bind("0.0.0.0:0")?)?);
        let client = client(&server, "127.0.0.1")?;
        client.send(b"how long")?;
        let (mut inbox, mut outbox) = boxes(&server);
        let (_, peer) = inbox.receive()?.next().ok_or("nothing came")?;
        // Several have no room together.
        let longest = vec![7; 65_507];
        let mut buffer = vec![0; DATAGRAM];
        for _ in 0..3 {
            outbox.put(&peer, &longest)?;
        }
        outbox.send()?;
        for _ in 0..3 {
            assert_eq!(client.recv(&mut buffer)?, longest.len());
        }
        client.send(&longest)?;
        let (octets, _) = inbox.receive()?.next().ok_or("nothing came")?;
        assert_eq!(octets, longest);
        Ok(())
    }

    #[test]
    fn one_that_cannot_be_sent_keeps_no_other_back() -> Outcome {
        for bound in ["127.0.0.1:0", "0.0.0.0:0"] {
            let server = Arc::new(Socket::new(UdpSocket::bind(bound)?)?);
            let client = client(&server, "127.0.0.1")?;
            client.send(b"who")?;
            let (mut inbox, mut outbox) = boxes(&server);
            let (_, peer) = inbox.receive()?.next().ok_or("nothing came")?;
            let nobody = Peer { address: ([127, 0, 0, 1], 0).into(), ..peer };
            for (at, to) in [nobody, peer, nobody, nobody, peer, nobody].iter().enumerate() {
                outbox.put(to, &[u8::try_from(at)?])?;
            }
            let error = outbox.send().err().ok_or("nobody has port 0")?;
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let mut buffer = [0; 2];
            for at in [1, 4] {
                assert_eq!((client.recv(&mut buffer)?, buffer[0]), (1, at));
            }
            // Nor does anything of it stay.
            outbox.put(&peer, b"9")?;
            outbox.send()?;
            assert_eq!((client.recv(&mut buffer)?, buffer[0]), (1, b'9'));
        }
        Ok(())
    }
}
