//! Asking as a user of version 3: authPriv with SHA-256 and AES-128.

use std::net::UdpSocket;

use lcms_snmp::{
    EngineId, PduKind, VarBind,
    usm::{AuthKey, AuthProtocol, Clock, MasterKey, PrivKey, PrivProtocol},
    v3::{self, OutPdu, ScopedPdu, V3Head, V3Message},
};

/// The user that every party but the echo knows.
pub const NAME: &str = "bench";

/// Both of its passwords.
pub const PASSWORD: &str = "bench-password";

/// One message in so many is decrypted and read; all are counted.
const READ: u32 = 16;

/// Keys for one engine, and what its clock was when it was asked.
pub struct User {
    engine: EngineId,
    clock: Clock,
    auth: AuthKey,
    privacy: PrivKey,
}

/// Requests that are ready, told apart by their msgID: an agent has to verify,
/// decrypt and answer each, whether it came before or not.
pub struct Ring {
    messages: Vec<Vec<u8>>,
}

impl User {
    /// Asks the party who it is, as RFC 3414 §4 has it.
    pub fn discover(socket: &UdpSocket) -> Self {
        socket.send(&v3::discovery(1, 65_507)).expect("loopback");
        let mut buffer = [0; 2048];
        let length = socket.recv(&mut buffer).expect("a report");
        let report = V3Message::decode(&buffer[..length]).expect("a report");
        let usm = report.usm().expect("the parameters of USM");
        let engine = EngineId::new(usm.engine_id).expect("an engine's id");
        let master = MasterKey::of_password(AuthProtocol::Sha256, PASSWORD.as_bytes())
            .expect("it is long enough");
        let auth = AuthKey::new(AuthProtocol::Sha256, master.localised(&engine));
        let cipher = PrivProtocol::Aes128;
        let privacy = PrivKey::new(cipher, master.localised_for(cipher, &engine));
        Self {
            clock: Clock { boots: usm.boots, time: usm.time },
            auth: auth.expect("the key is of its length"),
            privacy: privacy.expect("the key is of its length"),
            engine,
        }
    }

    /// So many requests, each with a salt of its own.
    pub fn ring(
        &self,
        kind: PduKind,
        repetitions: i32,
        varbinds: &[VarBind<'_>],
        count: u32,
    ) -> Ring {
        let message = |id: u32| {
            let head = V3Head {
                id: id.cast_signed(),
                max_size: 65_507,
                reportable: true,
                engine_id: self.engine.as_octets(),
                clock: self.clock,
                user: NAME.as_bytes(),
                auth: Some(&self.auth),
                privacy: Some((&self.privacy, u64::from(id).to_be_bytes())),
                transport: None,
                context_engine_id: self.engine.as_octets(),
                context_name: &[],
            };
            v3::encode(&head, &pdu(kind, repetitions, varbinds))
        };
        Ring { messages: (0..count).map(message).collect() }
    }

    /// The number of the request that is answered; an answer that is read must
    /// be signed and hold so many variables.
    pub fn check(&self, answer: &[u8], expected: usize) -> u32 {
        let message = V3Message::decode(answer).expect("a message");
        let id = message.id.cast_unsigned();
        if id.is_multiple_of(READ) {
            let usm = message.usm().expect("the parameters of USM");
            assert!(message.is_authenticated_by(&self.auth, &usm), "a wrong code");
            let mut room = Vec::new();
            let plain = message.decrypt(&self.privacy, &usm, &mut room).expect("encrypted");
            let pdu = ScopedPdu::decode(plain, true).expect("a scoped PDU").pdu;
            assert_eq!(
                (pdu.kind, pdu.error_status, pdu.varbinds.len()),
                (PduKind::Response, 0, expected)
            );
        }
        id
    }
}

impl Ring {
    /// The request of a number, counted round the ring.
    pub fn message(&self, number: u32) -> &[u8] {
        &self.messages[number as usize % self.messages.len()]
    }
}

fn pdu<'a>(kind: PduKind, repetitions: i32, varbinds: &'a [VarBind<'a>]) -> OutPdu<'a> {
    OutPdu { kind, request_id: 1, error_status: 0, error_index: repetitions, varbinds }
}
