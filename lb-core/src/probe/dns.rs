//! DNS: one query, by datagram and, where the answer is cut short, by stream
//! (RFC 1035).

use domain::base::{Message, MessageBuilder, Name, Rtype};

use super::{Failure, Outcome};
use crate::model::{DnsQuestion, RecordType, ResponseCode};

/// A query and, by stream, what came back so far.
#[derive(Clone, Debug)]
pub struct DnsExchange {
    asked: DnsQuestion,
    query: Vec<u8>,
    heard: Vec<u8>,
}

/// What a datagram has come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is not the answer, and says nothing about the server.
    Other,
    /// The answer was cut short: by stream there is all of it.
    Truncated,
    /// The answer.
    Answer(Outcome),
}

impl DnsExchange {
    /// A query with this number, which should be hard to guess.
    pub fn new(asked: &DnsQuestion, number: u16) -> Self {
        let query = query(asked, number).unwrap_or_default();
        Self { asked: asked.clone(), query, heard: Vec::new() }
    }

    /// The query as a datagram.
    pub fn query(&self) -> &[u8] {
        &self.query
    }

    /// Judges a datagram.
    pub fn hear(&self, bytes: &[u8]) -> Heard {
        let Ok(answer) = Message::from_octets(bytes) else {
            return Heard::Answer(Err(Failure::Garbage("dns", "shorter than a header")));
        };
        let Ok(query) = Message::from_octets(self.query.as_slice()) else { return Heard::Other };
        // Somebody else's words are passed over: with a number and a port to
        // guess, they are no way to take a server down.
        if answer.header().id() != query.header().id() || !answer.header().qr() {
            return Heard::Other;
        }
        // A server that does not like the query need not repeat it.
        let code = answer.header().rcode().to_string();
        let fine = answer.is_error() || answer.is_answer(&query);
        if !fine {
            return Heard::Answer(Err(Failure::Garbage("dns", "another question")));
        }
        if answer.header().tc() {
            return Heard::Truncated;
        }
        let known = ResponseCode::ALL.iter().find(|known| known.label() == code);
        let good = known.is_some_and(|known| self.asked.wanted.contains(known));
        Heard::Answer(match good {
            true => Ok(format!("dns: {code}")),
            false => Err(Failure::ResponseCode { got: code, wanted: self.asked.wanted.clone() }),
        })
    }

    pub(super) fn ask_by_stream(&self, out: &mut Vec<u8>) {
        let length = u16::try_from(self.query.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.query);
    }

    /// By stream each message has its length before it, at most 64 KiB.
    pub(super) fn hear_by_stream(&mut self, bytes: &[u8]) -> Option<Outcome> {
        self.heard.extend_from_slice(bytes);
        let (length, rest) = self.heard.split_first_chunk::<2>()?;
        let message = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        Some(match self.hear(message) {
            Heard::Answer(outcome) => outcome,
            Heard::Truncated => Err(Failure::Garbage("dns", "cut short by stream as well")),
            Heard::Other => Err(Failure::Garbage("dns", "another question")),
        })
    }
}

fn query(asked: &DnsQuestion, number: u16) -> Option<Vec<u8>> {
    let name: Name<Vec<u8>> = asked.name.parse().ok()?;
    let mut message = MessageBuilder::new_vec();
    message.header_mut().set_id(number);
    message.header_mut().set_rd(true);
    let mut question = message.question();
    question.push((&name, record_type(asked.record))).ok()?;
    Some(question.finish())
}

fn record_type(record: RecordType) -> Rtype {
    match record {
        RecordType::A => Rtype::A,
        RecordType::Aaaa => Rtype::AAAA,
        RecordType::Cname => Rtype::CNAME,
        RecordType::Mx => Rtype::MX,
        RecordType::Ns => Rtype::NS,
        RecordType::Ptr => Rtype::PTR,
        RecordType::Soa => Rtype::SOA,
        RecordType::Srv => Rtype::SRV,
        RecordType::Txt => Rtype::TXT,
    }
}
