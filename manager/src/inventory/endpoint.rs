//! Where an agent listens, as people write it.

use std::{borrow::Cow, fmt, net::Ipv6Addr, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A host name or address, a port, and what carries messages there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// A datagram for each message, or sessions.
    pub transport: Transport,
    /// A name to be resolved, or an address without brackets.
    pub host: String,
    /// UDP port, or TCP port under TLS.
    pub port: u16,
}

/// What carries messages to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// RFC 3417.
    Udp,
    /// TLS over TCP (RFC 6353); written with `tls:` in front.
    Tls,
}

/// A text that is no [`Endpoint`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is no address; write HOST, HOST:PORT, 192.0.2.1:161 or [2001:db8::1]:161, and over \
     TLS tls:HOST or tls:HOST:PORT"
)]
pub struct EndpointError(String);

impl Endpoint {
    /// Whether it is reached over TLS.
    pub fn is_tls(&self) -> bool {
        self.transport == Transport::Tls
    }
}

impl Transport {
    /// The port that RFC 3417 and RFC 6353 §8 give agents.
    pub const fn port(self) -> u16 {
        match self {
            Self::Udp => 161,
            Self::Tls => 10161,
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let wrong = || EndpointError(text.chars().take(80).collect());
        let (transport, text) = match text.strip_prefix("tls:") {
            Some(rest) => (Transport::Tls, rest),
            None => (Transport::Udp, text),
        };
        let usual = transport.port();
        let port = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
            true => text.parse().ok().filter(|port| *port > 0).ok_or_else(wrong),
            false => Err(wrong()),
        };
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            match rest.split_once(']') {
                Some((host, "")) => (host, usual),
                Some((host, rest)) => (host, port(rest.strip_prefix(':').ok_or_else(wrong)?)?),
                None => return Err(wrong()),
            }
        } else if is_ipv6(text) {
            (text, usual)
        } else {
            match text.split_once(':') {
                Some((host, rest)) => (host, port(rest)?),
                None => (text, usual),
            }
        };
        match is_ipv6(host) || is_word(host) {
            true => Ok(Self { transport, host: host.to_owned(), port }),
            false => Err(wrong()),
        }
    }
}

/// Whether this is an IPv6 address, with or without a zone.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    address.parse::<Ipv6Addr>().is_ok() && is_word(zone)
}

/// Whether this could be the name of a host, or of an interface.
fn is_word(text: &str) -> bool {
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty() && text.chars().all(named)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_tls() {
            f.write_str("tls:")?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, shown) in [
            ("lb1", "lb1:161"),
            ("lb1.example.org:1161", "lb1.example.org:1161"),
            ("192.0.2.1", "192.0.2.1:161"),
            ("192.0.2.1:1161", "192.0.2.1:1161"),
            ("::1", "[::1]:161"),
            ("[::1]", "[::1]:161"),
            ("[fe80::1%2]:1161", "[fe80::1%2]:1161"),
            ("tls:lb1", "tls:lb1:10161"),
            ("tls:[::1]:1", "tls:[::1]:1"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":161",
            "lb1:",
            "lb1:0",
            "lb1:99999",
            "lb1:+1",
            "[::1",
            "[::1]161",
            "a b",
            "fe80::1%2]:1161",
            "::1%",
            "::%]",
            "tls:",
            "tls:tls:lb1",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text:?}");
        }
    }
}
