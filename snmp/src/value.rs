//! The values a variable binding can hold (RFC 3416 §3).

use std::{borrow::Cow, fmt, net::IpAddr, ops::Deref};

use crate::Oid;

/// The value of one variable binding, borrowed from a datagram or a snapshot
/// where it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `INTEGER` and `Integer32`, enumerations included.
    Integer(i32),
    /// `OCTET STRING` and `BITS`.
    OctetString(Octets<'a>),
    /// The absence of a value in a request; `unSpecified` of RFC 3416.
    Null,
    /// `OBJECT IDENTIFIER`.
    ObjectIdentifier(Cow<'a, Oid>),
    /// `IpAddress`, four octets in network order.
    IpAddress([u8; 4]),
    /// `Counter32`.
    Counter32(u32),
    /// `Gauge32` and `Unsigned32`, which share a tag.
    Gauge32(u32),
    /// `TimeTicks`, hundredths of a second.
    TimeTicks(u32),
    /// `Opaque`.
    Opaque(Octets<'a>),
    /// `Counter64`; never in a version 1 message.
    Counter64(u64),
    /// The agent has no such object type in this view.
    NoSuchObject,
    /// The object type exists, this instance does not.
    NoSuchInstance,
    /// There is no name after the requested one.
    EndOfMibView,
}

impl Value<'_> {
    /// The value with everything it borrows copied.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::OctetString(octets) => Value::OctetString(octets.into_owned()),
            Value::Opaque(octets) => Value::Opaque(octets.into_owned()),
            Value::ObjectIdentifier(oid) => Value::ObjectIdentifier(Cow::Owned(oid.into_owned())),
            Value::Integer(n) => Value::Integer(n),
            Value::Null => Value::Null,
            Value::IpAddress(octets) => Value::IpAddress(octets),
            Value::Counter32(n) => Value::Counter32(n),
            Value::Gauge32(n) => Value::Gauge32(n),
            Value::TimeTicks(n) => Value::TimeTicks(n),
            Value::Counter64(n) => Value::Counter64(n),
            Value::NoSuchObject => Value::NoSuchObject,
            Value::NoSuchInstance => Value::NoSuchInstance,
            Value::EndOfMibView => Value::EndOfMibView,
        }
    }

    /// Whether this stands for the absence of a value in a response.
    pub fn is_exception(&self) -> bool {
        matches!(self, Self::NoSuchObject | Self::NoSuchInstance | Self::EndOfMibView)
    }
}

/// An instance's name with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VarBind<'a> {
    /// The whole name, instance included.
    pub name: Oid,
    /// Its value, or `Null` in a request to read.
    pub value: Value<'a>,
}

/// Octets that are borrowed, owned, or few enough to be carried along, so that
/// a computed address or date costs no allocation.
#[derive(Clone)]
pub struct Octets<'a>(Repr<'a>);

#[derive(Clone)]
enum Repr<'a> {
    Inline(u8, [u8; Octets::INLINE]),
    Shared(Cow<'a, [u8]>),
}

impl<'a> Octets<'a> {
    /// An IPv6 address with its zone, the longest InetAddress that is no name.
    const INLINE: usize = 20;

    /// Copies octets; no allocation for up to twenty of them.
    pub fn copied(octets: &[u8]) -> Octets<'static> {
        let mut inline = [0; Octets::INLINE];
        match inline.get_mut(..octets.len()) {
            Some(room) => {
                room.copy_from_slice(octets);
                Octets(Repr::Inline(octets.len() as u8, inline))
            }
            None => Octets(Repr::Shared(Cow::Owned(octets.to_vec()))),
        }
    }

    /// The same octets, borrowing nothing.
    pub fn into_owned(self) -> Octets<'static> {
        match self.0 {
            Repr::Inline(len, octets) => Octets(Repr::Inline(len, octets)),
            Repr::Shared(Cow::Owned(octets)) => Octets(Repr::Shared(Cow::Owned(octets))),
            Repr::Shared(Cow::Borrowed(octets)) => Octets::copied(octets),
        }
    }

    /// The octets as text, where they are UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self).ok()
    }
}

impl Deref for Octets<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline(len, octets) => octets.get(..usize::from(*len)).unwrap_or_default(),
            Repr::Shared(octets) => octets,
        }
    }
}

impl PartialEq for Octets<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Octets<'_> {}

impl fmt::Debug for Octets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => write!(f, "{text:?}"),
            None => write!(f, "{:02x?}", &**self),
        }
    }
}

impl<'a> From<&'a [u8]> for Octets<'a> {
    fn from(octets: &'a [u8]) -> Self {
        Self(Repr::Shared(Cow::Borrowed(octets)))
    }
}

impl<'a> From<&'a str> for Octets<'a> {
    fn from(text: &'a str) -> Self {
        text.as_bytes().into()
    }
}

impl From<Vec<u8>> for Octets<'_> {
    fn from(octets: Vec<u8>) -> Self {
        Self(Repr::Shared(Cow::Owned(octets)))
    }
}

impl From<String> for Octets<'_> {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<IpAddr> for Octets<'_> {
    /// The InetAddress form of RFC 4001: four or sixteen octets.
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Octets::copied(&v4.octets()),
            IpAddr::V6(v6) => Octets::copied(&v6.octets()),
        }
    }
}
