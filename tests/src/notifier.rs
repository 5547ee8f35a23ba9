//! Who sends informs, one octet string after the other, and waits for the answers.

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    time::Duration,
};

use lcms_snmp::{Oid, OutMessage, PduKind, Version, message, notification::Notification};
use load_cluster_mib::{NOTIFICATION_NAMES, snmpv2_mib::notifications::ColdStart};

use crate::agent::READ;

/// Informs of the reading community.
pub struct Notifier {
    socket: UdpSocket,
}

impl Notifier {
    /// One that sends to a receiver.
    #[track_caller]
    pub fn to(receiver: SocketAddr) -> Self {
        let any: IpAddr = match receiver {
            SocketAddr::V4(_) => [127, 0, 0, 1].into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        let socket = UdpSocket::bind((any, 0)).expect("loopback has free ports");
        socket.connect(receiver).expect("an address");
        socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
        Self { socket }
    }

    /// Sends a datagram; whether loopback took it.
    pub fn send(&self, datagram: &[u8]) -> bool {
        self.socket.send(datagram).is_ok()
    }

    /// Sends a coldStart until it is acknowledged, as senders of informs do, and gives up
    /// after so many attempts; whether it was.
    pub fn acknowledged(&self, request_id: i32, up_time: u32, attempts: u32) -> bool {
        let inform = inform(request_id, up_time);
        let mut buffer = [0; 2048];
        for _ in 0..attempts {
            self.send(&inform);
            while let Ok(length) = self.socket.recv(&mut buffer) {
                let Ok(answer) = message::decode(&buffer[..length]) else { continue };
                if answer.pdu.kind == PduKind::Response && answer.pdu.request_id == request_id {
                    return true;
                }
            }
        }
        false
    }
}

/// An inform that coldStart happened.
#[must_use]
pub fn inform(request_id: i32, up_time: u32) -> Vec<u8> {
    let name = Oid::new(ColdStart::OID).expect("it is one");
    let notification = Notification { up_time, name, objects: Vec::new() };
    message::encode(&OutMessage {
        version: Version::V2c,
        community: READ.as_bytes(),
        kind: PduKind::InformRequest,
        request_id,
        error_status: 0,
        error_index: 0,
        varbinds: &notification.varbinds(&NOTIFICATION_NAMES),
    })
}

/// A trap of the reading community whose snmpTrapOID has no octets.
#[must_use]
pub fn nameless_trap() -> Vec<u8> {
    let number = tlv(0x02, &[&[0]]);
    let up_time = tlv(0x30, &[b"\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00", b"\x43\x01\x07"]);
    let trap_oid = b"\x06\x0a\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00";
    let no_name = tlv(0x30, &[trap_oid, b"\x06\x00"]);
    let varbinds = tlv(0x30, &[&up_time, &no_name]);
    let pdu = tlv(0xa7, &[&number, &number, &number, &varbinds]);
    tlv(0x30, &[b"\x02\x01\x01", &tlv(0x04, &[READ.as_bytes()]), &pdu])
}

/// Type, length and value of BER, of a value that is short.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let length = u8::try_from(value.len()).ok().filter(|length| *length < 0x80);
    [&[tag, length.expect("it is short")][..], &value].concat()
}
