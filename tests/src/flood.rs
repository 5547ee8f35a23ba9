//! Messages that an agent has no reason to answer, or can only report on, and that no
//! receiver takes: the seeds of the entrances, damaged in the ways that reach far into
//! a decoder.

use lcms_snmp::{
    PduKind,
    usm::{AuthKey, AuthProtocol, Clock, Key, PrivKey, PrivProtocol},
    v3::{self, OutPdu, V3Head, V3Message},
};

use crate::entrances::{self, Entrance};

/// The largest payload of a UDP datagram over IPv4.
const LARGEST: usize = 65_507;

/// A GET of nothing.
const NOTHING: OutPdu<'_> = OutPdu {
    kind: PduKind::GetRequest,
    request_id: 4711,
    error_status: 0,
    error_index: 0,
    varbinds: &[],
};

fn head<'a>(engine_id: &'a [u8], clock: Clock, user: &'a str) -> V3Head<'a> {
    V3Head {
        id: 815,
        max_size: 65_507,
        reportable: true,
        engine_id,
        clock,
        user: user.as_bytes(),
        auth: None,
        privacy: None,
        transport: None,
        context_engine_id: engine_id,
        context_name: b"",
    }
}

/// What asks an agent for its engine's name and clock (RFC 3414 §4).
pub fn discovery() -> Vec<u8> {
    v3::encode(&head(b"", Clock { boots: 0, time: 0 }, ""), &NOTHING)
}

/// An endless sequence, the same for the same seed.
pub struct Flood {
    seeds: Vec<Vec<u8>>,
    state: u64,
}

impl Flood {
    /// A sequence.
    pub fn new(seed: u64) -> Self {
        let of_messages =
            |one: &&Entrance| matches!(one.name, "message" | "notification" | "v3_message");
        let seeds = entrances::ALL.iter().filter(of_messages).flat_map(|one| (one.seeds)());
        Self { seeds: seeds.collect(), state: seed | 1 }
    }

    /// A sequence for the agent that made a report of version 3. Of its messages many are
    /// right by name and clock of its engine and the name of a user, so that their code
    /// is what refuses them.
    pub fn at(seed: u64, report: &[u8], user: &str) -> Self {
        let mut flood = Self::new(seed);
        let message = V3Message::decode(report).expect("a message");
        let usm = message.usm().expect("its parameters");
        let key = Key::new(&[7; 32]).expect("octets");
        let auth = AuthKey::new(AuthProtocol::Sha256, key).expect("a key of SHA-256");
        let key = Key::new(&[7; 16]).expect("octets");
        let privacy = PrivKey::new(PrivProtocol::Aes128, key).expect("a key of AES-128");
        for privacy in [None, Some((&privacy, [9; 8]))] {
            let head = V3Head {
                auth: Some(&auth),
                privacy,
                ..head(usm.engine_id, Clock { boots: usm.boots, time: usm.time }, user)
            };
            // As many as the other seeds of version 3 are.
            flood.seeds.extend(vec![v3::encode(&head, &NOTHING); 8]);
        }
        flood
    }

    /// The next message; no community of it is one that an agent was given.
    pub fn message(&mut self) -> Vec<u8> {
        let seed = self.below(self.seeds.len());
        let mut octets = self.seeds[seed].clone();
        match self.below(10) {
            // As it is: a community or a user that nobody knows.
            0 => {}
            // Cut short.
            1 => octets.truncate(self.below(octets.len())),
            // With more behind it.
            2 => octets.extend((0..self.below(300)).map(|at| at as u8)),
            // A length that lies: far too much, or indefinite.
            3 => {
                let at = self.below(octets.len().max(2) - 1) + 1;
                let lie: &[u8] =
                    [&b"\x84\xff\xff\xff\xff"[..], b"\x80", b"\x88\x7f"][self.below(3)];
                octets.splice(at..(at + 1).min(octets.len()), lie.iter().copied());
            }
            // Nothing but headers inside headers.
            4 => octets = [0x30, 0x82].repeat(self.below(2_000) + 1),
            // One large field.
            5 => {
                let size = self.below(LARGEST - 8) as u16;
                octets = vec![0x30, 0x82, 0, 0, 2, 1, 1, 4];
                octets.resize(usize::from(size) + 8, 0xff);
            }
            // Anything at all.
            6 => octets = (0..self.below(600)).map(|_| self.next() as u8).collect(),
            // Some octets changed.
            _ => {
                for _ in 0..=self.below(4) {
                    let at = self.below(octets.len());
                    if let Some(octet) = octets.get_mut(at) {
                        *octet = self.next() as u8;
                    }
                }
            }
        }
        octets
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Marsaglia's xorshift: what is sent can be sent again.
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}
