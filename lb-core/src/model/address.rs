//! IP addresses with the zone that a link-local one needs.

use std::fmt;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::num::NonZeroU16;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An IP address, and the index of its zone (RFC 4007) or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Its zone; 0 for the default one.
    pub zone: u32,
}

/// A text that is no [`Address`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no IP address; write 192.0.2.1, 2001:db8::1 or fe80::1%2")]
pub struct AddressError(String);

impl Address {
    /// The address with a port.
    pub fn with_port(self, port: NonZeroU16) -> SocketAddr {
        match self.ip {
            IpAddr::V4(ip) => SocketAddr::from((ip, port.get())),
            IpAddr::V6(ip) => SocketAddrV6::new(ip, port.get(), 0, self.zone).into(),
        }
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        Self { ip, zone: 0 }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let parse = || {
            let (ip, zone) = match text.split_once('%') {
                Some((ip, zone)) => (ip, zone.parse().ok()?),
                None => (text, 0),
            };
            Some(Self { ip: ip.parse().ok()?, zone })
        };
        parse().ok_or_else(|| AddressError(text.chars().take(60).collect()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.zone {
            0 => fmt::Display::fmt(&self.ip, f),
            zone => write!(f, "{}%{zone}", self.ip),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways() {
        for text in ["192.0.2.1", "::", "2001:db8::1", "fe80::1%7"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in ["", "web", "192.0.2.1:80", "fe80::1%", "fe80::1%eth0", "192.0.2.1/24"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
