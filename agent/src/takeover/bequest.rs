//! What is given away.

use std::{fs::File, io, net::SocketAddr, os::fd::OwnedFd};

use lcms_lb_core::director::{HandedOver, Handover, Legacy};
use serde::{Deserialize, Serialize};

use super::wire::Parcel;

/// The version of what two processes say to each other. One that says more in the
/// same way keeps it; one that says something else has a greater.
const PROTOCOL: u32 = 1;

/// What the next process needs to prepare itself.
#[derive(Debug)]
pub struct Bequest {
    /// Where SNMP messages arrive.
    pub snmp: Vec<SnmpListener>,
    /// The lock of the state document.
    pub lock: File,
    /// The listeners of the director's services.
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
    pub(super) fn try_clone(&self) -> io::Result<Self> {
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
    Tls,
}

/// What the descriptors are, in their order. What a process does not know it does not
/// read.
#[derive(Serialize, Deserialize)]
struct Letter {
    protocol: u32,
    descriptors: Vec<Descriptor>,
}

/// With the flows' sockets, in their order.
#[derive(Serialize, Deserialize)]
struct LegacyLetter {
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
        let HandedOver { listeners, lock } = director;
        Self { snmp, lock, services: listeners }
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
        let letter = serde_json::to_vec(&Letter { protocol: PROTOCOL, descriptors })?;
        Ok(Parcel { letter, files })
    }

    /// Unpacks it.
    pub(super) fn unpack(Parcel { letter, files }: Parcel) -> io::Result<Self> {
        let Letter { protocol, descriptors } = serde_json::from_slice(&letter)?;
        if protocol > PROTOCOL {
            return Err(wrong(format!(
                "it speaks version {protocol} of the protocol, and this program up to {PROTOCOL}"
            )));
        }
        if descriptors.len() != files.len() {
            let (told, here) = (descriptors.len(), files.len());
            return Err(wrong(format!("{here} descriptors came of {told}")));
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
        let lock = lock.ok_or_else(|| wrong("the lock of the state document is missing".into()))?;
        Ok(Self { snmp, lock, services })
    }
}

/// Packs what a director knows that has paused.
pub(super) fn pack_legacy(Legacy { state, flows }: Legacy) -> serde_json::Result<Parcel> {
    let letter = serde_json::to_vec(&LegacyLetter { director: state })?;
    Ok(Parcel { letter, files: flows })
}

/// Unpacks it. A flow without a socket begins anew.
pub(super) fn unpack_legacy(Parcel { letter, files }: Parcel) -> io::Result<Legacy> {
    let LegacyLetter { director } = serde_json::from_slice(&letter)?;
    Ok(Legacy { state: director, flows: files })
}

fn wrong(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
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
        let bequest = Bequest { snmp, lock: file(), services: vec![file().into()] };
        let mut after = Bequest::unpack(bequest.pack().unwrap()).unwrap();
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
        let error = |text, files| Bequest::unpack(letter(text, files)).unwrap_err().to_string();
        let lock = r#"{"protocol": 1, "descriptors": ["lock"]}"#;
        assert!(Bequest::unpack(letter(lock, vec![file()])).is_ok());
        assert_eq!(error(lock, Vec::new()), "0 descriptors came of 1");
        let none = r#"{"protocol": 1, "descriptors": ["service"]}"#;
        assert_eq!(error(none, vec![file()]), "the lock of the state document is missing");
        let more = r#"{"protocol": 1, "descriptors": ["lock", "newer"], "more": 1}"#;
        assert!(Bequest::unpack(letter(more, vec![file(), file()])).is_ok());
        let newer = error(r#"{"protocol": 2, "descriptors": []}"#, Vec::new());
        assert!(newer.contains("version 2") && newer.contains("up to 1"), "{newer}");
        assert!(Bequest::unpack(letter("{", Vec::new())).is_err());
        let legacy = r#"{"director": {"later": 1}, "more": 1}"#;
        assert!(unpack_legacy(letter(legacy, Vec::new())).is_ok());
    }
}
