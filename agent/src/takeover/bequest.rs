//! What is given away.

use std::{fs::File, net::SocketAddr, os::fd::OwnedFd};

use lcms_lb_core::director::{HandedOver, Handover};
use serde::{Deserialize, Serialize};

use super::wire::Parcel;

/// All that the next process gets.
#[derive(Debug)]
pub struct Bequest {
    /// Where SNMP messages arrive.
    pub snmp: Vec<SnmpListener>,
    /// The lock of the state document.
    pub lock: File,
    /// What the director knows and no file says.
    pub director: Handover,
    /// The listeners of its services.
    pub services: Vec<OwnedFd>,
}

/// A listener of the agent itself.
#[derive(Debug)]
pub struct SnmpListener {
    /// Its transport.
    pub transport: Transport,
    /// Its address in the configuration, where the port may be 0.
    pub configured: SocketAddr,
    /// The socket.
    pub socket: OwnedFd,
}

impl SnmpListener {
    pub(super) fn try_clone(&self) -> std::io::Result<Self> {
        Ok(Self { socket: self.socket.try_clone()?, ..*self })
    }
}

/// How SNMP messages arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Transport {
    Udp,
    Tcp,
}

/// What the descriptors are, in their order, and what is said beside them. What
/// a process does not know it does not read.
#[derive(Serialize, Deserialize)]
struct Letter {
    descriptors: Vec<Descriptor>,
    director: Handover,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Descriptor {
    Lock,
    Snmp(Transport, SocketAddr),
    Service,
    #[serde(other)]
    Unknown,
}

impl Bequest {
    /// What a director gives, and the agent around it.
    pub fn new(snmp: Vec<SnmpListener>, director: HandedOver) -> Self {
        let HandedOver { state, listeners, lock } = director;
        Self { snmp, lock, director: state, services: listeners }
    }

    /// The listener with this address in the configuration.
    pub fn take_snmp(&mut self, transport: Transport, configured: SocketAddr) -> Option<OwnedFd> {
        let is_meant =
            |one: &SnmpListener| (one.transport, one.configured) == (transport, configured);
        let at = self.snmp.iter().position(is_meant)?;
        Some(self.snmp.swap_remove(at).socket)
    }

    /// Packs it.
    pub(super) fn pack(self) -> serde_json::Result<Parcel> {
        let mut descriptors = vec![Descriptor::Lock];
        let mut files = vec![OwnedFd::from(self.lock)];
        for SnmpListener { transport, configured, socket } in self.snmp {
            descriptors.push(Descriptor::Snmp(transport, configured));
            files.push(socket);
        }
        for socket in self.services {
            descriptors.push(Descriptor::Service);
            files.push(socket);
        }
        let letter = serde_json::to_vec(&Letter { descriptors, director: self.director })?;
        Ok(Parcel { letter, files })
    }

    /// Unpacks it; `None` where it has no lock, or fewer descriptors than it
    /// says.
    pub(super) fn unpack(Parcel { letter, files }: Parcel) -> serde_json::Result<Option<Self>> {
        let Letter { descriptors, director } = serde_json::from_slice(&letter)?;
        if descriptors.len() != files.len() {
            return Ok(None);
        }
        let (mut lock, mut snmp, mut services) = (None, Vec::new(), Vec::new());
        for (descriptor, file) in descriptors.into_iter().zip(files) {
            match descriptor {
                Descriptor::Lock => lock = Some(File::from(file)),
                Descriptor::Snmp(transport, configured) => {
                    snmp.push(SnmpListener { transport, configured, socket: file });
                }
                Descriptor::Service => services.push(file),
                Descriptor::Unknown => {}
            }
        }
        Ok(lock.map(|lock| Self { snmp, lock, director, services }))
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let file = || tempfile::tempfile().unwrap();
        let configured = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = UdpSocket::bind(configured).unwrap();
        let bound = socket.local_addr().unwrap();
        let snmp =
            vec![SnmpListener { transport: Transport::Udp, configured, socket: socket.into() }];
        let bequest = Bequest {
            snmp,
            lock: file(),
            director: Handover::default(),
            services: vec![file().into()],
        };
        let mut after = Bequest::unpack(bequest.pack().unwrap()).unwrap().unwrap();
        assert_eq!(after.services.len(), 1);
        assert!(after.take_snmp(Transport::Tcp, configured).is_none());
        let socket = after.take_snmp(Transport::Udp, configured).unwrap();
        assert_eq!(UdpSocket::from(socket).local_addr().unwrap(), bound);
        assert!(after.take_snmp(Transport::Udp, configured).is_none());
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let letter = |text: &str, files| Parcel { letter: text.into(), files };
        let file = || OwnedFd::from(tempfile::tempfile().unwrap());
        let lock = r#"{"descriptors": ["lock"], "director": {}}"#;
        assert!(Bequest::unpack(letter(lock, vec![file()])).unwrap().is_some());
        assert!(Bequest::unpack(letter(lock, Vec::new())).unwrap().is_none());
        let none = r#"{"descriptors": ["service"], "director": {}}"#;
        assert!(Bequest::unpack(letter(none, vec![file()])).unwrap().is_none());
        let newer = r#"{"descriptors": ["lock", "newer"], "director": {}, "more": 1}"#;
        assert!(Bequest::unpack(letter(newer, vec![file(), file()])).unwrap().is_some());
        assert!(Bequest::unpack(letter("{", Vec::new())).is_err());
    }
}
