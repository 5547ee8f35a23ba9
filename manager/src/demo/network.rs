//! Addresses for a cluster on one machine.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// UDP port of each node's agent.
pub const AGENT_PORT: u16 = 1161;

/// TCP port of each server, and of the service.
pub const HTTP_PORT: u16 = 8080;

/// How many networks are tried.
const ATTEMPTS: usize = 20;

/// A /24 of loopback addresses of our own: whatever else this machine runs,
/// and be it another demo, its ports are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    second: u8,
    third: u8,
}

impl Network {
    /// Finds a network where the agents and servers of so many nodes can
    /// listen.
    pub fn find(nodes: u8) -> io::Result<Self> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let mut random = [0; 2];
            getrandom::fill(&mut random).map_err(io::Error::other)?;
            // Below 16, people and distributions have addresses of their own.
            let network = Self { second: random[0].max(16), third: random[1] };
            match network.is_free(nodes) {
                Ok(()) => return Ok(network),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::Error::from(io::ErrorKind::AddrInUse)))
    }

    /// The address of a node, counted from 1.
    pub fn node(self, number: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.second, self.third, number)
    }

    /// Where a node's agent listens.
    pub fn agent(self, number: u8) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(self.node(number)), AGENT_PORT)
    }

    /// Where a node serves.
    pub fn http(self, number: u8) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(self.node(number)), HTTP_PORT)
    }

    fn is_free(self, nodes: u8) -> io::Result<()> {
        for number in 1..=nodes {
            UdpSocket::bind(self.agent(number))?;
            TcpListener::bind(self.http(number))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_is_found_is_free_and_of_its_own() {
        let network = Network::find(4).expect("a free network");
        let _taken = UdpSocket::bind(network.agent(3)).expect("free");
        assert!(network.is_free(4).is_err() && network.is_free(2).is_ok());
        assert_eq!(network.node(1).octets()[0], 127);
    }
}
