//! What is said in a check, and what is made of the answer. No socket, no
//! clock: bytes go in, and bytes to send or an outcome come out.
//!
//! All of it comes from a server that may be broken, or somebody else: each
//! dialogue reads a bounded number of octets, and what it quotes in a reason is
//! printable and short.

mod dns;
mod http;
mod smtp;

use std::fmt;

use crate::model::{Question, ResponseCode};

pub use dns::{DnsExchange, Heard};
pub use http::HttpExchange;
pub use smtp::SmtpExchange;

/// How a check ended: both ways in a few words for people.
pub type Outcome = Result<String, Failure>;

/// Why a check failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server ended the connection before it had answered.
    #[error("{0}: the server closed the connection before it had answered")]
    Closed(&'static str),
    /// The answer is none of this protocol.
    #[error("{0}: not an answer of this protocol: {1}")]
    Garbage(&'static str, &'static str),
    /// The answer is longer than anybody should have to read.
    #[error("{0}: no end of the answer within {1} octets")]
    TooLong(&'static str, usize),
    /// A status code of HTTP that is not a good one.
    #[error("http: {got}, wanted {wanted}")]
    Status {
        /// The code.
        got: u16,
        /// The good ones.
        wanted: String,
    },
    /// The body of a response lacks what it has to contain.
    #[error("http: the body lacks {0:?}")]
    Content(String),
    /// A reply of SMTP that is not a good one.
    #[error("smtp: {said} was answered by {}", Quoted(reply))]
    Reply {
        /// What was said before.
        said: &'static str,
        /// The reply.
        reply: String,
    },
    /// A response code of the DNS that is not a good one.
    #[error("dns: {got}, wanted {}", list(wanted))]
    ResponseCode {
        /// The code.
        got: String,
        /// The good ones.
        wanted: Vec<ResponseCode>,
    },
}

/// A conversation over a stream.
#[derive(Debug)]
pub enum Dialogue {
    /// Over as soon as the stream stands.
    Connect,
    /// HTTP.
    Http(Box<HttpExchange>),
    /// SMTP.
    Smtp(SmtpExchange),
    /// DNS, with each message behind its length.
    Dns(DnsExchange),
}

impl Dialogue {
    /// The dialogue of a question, if it is one for a stream. `server` is what
    /// the server is called where the question does not say.
    pub fn new(question: &Question, server: &str) -> Option<Self> {
        Some(match question {
            Question::Connect | Question::Tls(_) => Self::Connect,
            Question::Http(asked) => Self::Http(Box::new(HttpExchange::new(asked, server))),
            Question::Smtp(hello) => Self::Smtp(SmtpExchange::new(hello)),
            Question::Datagram | Question::Dns(_) | Question::Script(_) => return None,
        })
    }

    /// The stream stands; what is to be sent goes to `out`.
    pub fn open(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        match self {
            Self::Connect => return Some(Ok("connected".to_owned())),
            Self::Http(exchange) => exchange.ask(out),
            Self::Smtp(_) => {}
            Self::Dns(exchange) => exchange.ask_by_stream(out),
        }
        None
    }

    /// The server said this; what is to be sent goes to `out`.
    pub fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Option<Outcome> {
        match self {
            Self::Connect => None,
            Self::Http(exchange) => exchange.hear(bytes),
            Self::Smtp(exchange) => exchange.hear(bytes, out),
            Self::Dns(exchange) => exchange.hear_by_stream(bytes),
        }
    }

    /// The server says no more.
    pub fn end(&mut self) -> Outcome {
        match self {
            Self::Connect => Err(Failure::Closed("tcp")),
            Self::Http(exchange) => exchange.end(),
            Self::Smtp(exchange) => exchange.end(),
            Self::Dns(_) => Err(Failure::Closed("dns")),
        }
    }
}

/// Foreign text as it may be shown: without control characters, and short.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

/// Characters of foreign text that are shown.
const SHOWN: usize = 160;

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.trim().chars().take(SHOWN) {
            write!(f, "{}", if c.is_control() { '?' } else { c })?;
        }
        Ok(())
    }
}

fn list(codes: &[ResponseCode]) -> String {
    codes.iter().map(|code| code.label()).collect::<Vec<_>>().join(",")
}
