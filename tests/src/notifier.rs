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
