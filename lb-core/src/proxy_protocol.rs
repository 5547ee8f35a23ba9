//! The PROXY protocol, versions 1 and 2: a header before the first byte of a
//! connection that says whom a proxy makes it for.
//!
//! Source: "The PROXY protocol, versions 1 & 2" (haproxy.org, proxy-protocol.txt),
//! sections 2.1 and 2.2. Nothing in a header is trusted but its form; whether
//! the peer may be believed is for the operator to say.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How version 2 begins (2.2). No line of text does.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// How version 1 begins (2.1).
const WORD: &[u8; 6] = b"PROXY ";

/// Longest header of version 1, its CRLF included (2.1).
const LONGEST_LINE: usize = 107;

/// Longest header of version 2 that is read. The format allows 64 KiB; what
/// proxies send after the addresses, a certificate's name at most, is far less.
pub const LONGEST: usize = 4 << 10;

/// Both ends of the connection that a proxy passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The client.
    pub source: SocketAddr,
    /// Where the client connected to.
    pub destination: SocketAddr,
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The connection is made for this one.
    For(Origin),
    /// The proxy speaks for itself, or cannot say for whom: the ends of the
    /// connection itself count.
    Itself,
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// They begin like neither version.
    #[error("no header of the PROXY protocol")]
    NoHeader,
    /// A line of version 1 is none of the form that is laid down.
    #[error("not a line of PROXY protocol version 1")]
    Line,
    /// A header of version 2 has another version or command.
    #[error("not a version and command of PROXY protocol version 2: {0:#04x}")]
    Command(u8),
    /// Addresses of version 2 do not fit into the length that is given.
    #[error("too short for its addresses")]
    Short,
    /// The header is longer than anyone needs.
    #[error("longer than {LONGEST} octets")]
    Long,
}

/// Reads a header from the first bytes of a connection: what it says, and how
/// long it is. `None` if there have to be more bytes to tell.
pub fn read(bytes: &[u8]) -> Result<Option<(Header, usize)>, Malformed> {
    if begins(bytes, SIGNATURE) {
        read_binary(bytes)
    } else if begins(bytes, WORD) {
        read_line(bytes)
    } else {
        Err(Malformed::NoHeader)
    }
}

/// Whether these could be, or are, the first bytes of what begins so.
fn begins(bytes: &[u8], beginning: &[u8]) -> bool {
    bytes.iter().zip(beginning).all(|(one, other)| one == other)
}

fn read_line(bytes: &[u8]) -> Result<Option<(Header, usize)>, Malformed> {
    let window = bytes.get(..LONGEST_LINE).unwrap_or(bytes);
    let Some(end) = window.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < LONGEST_LINE { Ok(None) } else { Err(Malformed::Line) };
    };
    let line = window.get(WORD.len()..end).ok_or(Malformed::Line)?;
    let line = std::str::from_utf8(line).map_err(|_| Malformed::Line)?;
    Ok(Some((said_in(line).ok_or(Malformed::Line)?, end + 2)))
}

/// What stands after the word: a family, and for those that are known two
/// addresses and two ports, one space apart.
fn said_in(line: &str) -> Option<Header> {
    let (family, rest) = line.split_once(' ').unwrap_or((line, ""));
    if family == "UNKNOWN" {
        return Some(Header::Itself);
    }
    let mut parts = rest.split(' ');
    let mut part = || parts.next();
    let (source, destination): (IpAddr, IpAddr) = match family {
        "TCP4" => {
            (part()?.parse::<Ipv4Addr>().ok()?.into(), part()?.parse::<Ipv4Addr>().ok()?.into())
        }
        "TCP6" => {
            (part()?.parse::<Ipv6Addr>().ok()?.into(), part()?.parse::<Ipv6Addr>().ok()?.into())
        }
        _ => return None,
    };
    let (source_port, destination_port) = (port(part()?)?, port(part()?)?);
    if part().is_some() {
        return None;
    }
    Some(Header::For(Origin {
        source: (source, source_port).into(),
        destination: (destination, destination_port).into(),
    }))
}

/// Digits alone, and no 0 before others (2.1).
fn port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|digit| digit.is_ascii_digit());
    let leading = text.len() > 1 && text.starts_with('0');
    text.parse().ok().filter(|_| plain && !leading)
}

fn read_binary(bytes: &[u8]) -> Result<Option<(Header, usize)>, Malformed> {
    let Some(&[command, family, high, low]) = bytes.get(SIGNATURE.len()..SIGNATURE.len() + 4)
    else {
        return Ok(None);
    };
    let itself = match command {
        0x20 => true,
        0x21 => false,
        other => return Err(Malformed::Command(other)),
    };
    let start = SIGNATURE.len() + 4;
    let length = start + usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST {
        return Err(Malformed::Long);
    }
    let Some(addresses) = bytes.get(start..length) else { return Ok(None) };
    let header = match family {
        _ if itself => Header::Itself,
        0x11 => Header::For(addresses_of::<4>(addresses).ok_or(Malformed::Short)?),
        0x21 => Header::For(addresses_of::<16>(addresses).ok_or(Malformed::Short)?),
        // Other families are to be passed over, not refused (2.2).
        _ => Header::Itself,
    };
    Ok(Some((header, length)))
}

/// Two addresses of so many octets, two ports; whatever follows is additional.
fn addresses_of<const N: usize>(bytes: &[u8]) -> Option<Origin>
where
    IpAddr: From<[u8; N]>,
{
    let (source, rest) = bytes.split_first_chunk::<N>()?;
    let (destination, rest) = rest.split_first_chunk::<N>()?;
    let (&source_port, rest) = rest.split_first_chunk()?;
    let (&destination_port, _) = rest.split_first_chunk()?;
    let end = |address: &[u8; N], port| (IpAddr::from(*address), u16::from_be_bytes(port)).into();
    Some(Origin {
        source: end(source, source_port),
        destination: end(destination, destination_port),
    })
}

/// A header of version 1.
pub fn line(header: &Header) -> Vec<u8> {
    let unknown = || b"PROXY UNKNOWN\r\n".to_vec();
    let Header::For(Origin { source, destination }) = header else { return unknown() };
    let family = match (source, destination) {
        (SocketAddr::V4(_), SocketAddr::V4(_)) => "TCP4",
        (SocketAddr::V6(_), SocketAddr::V6(_)) => "TCP6",
        _ => return unknown(),
    };
    // A scope has no meaning beyond this machine, and no place in the line.
    let (from, to) = (source.ip(), destination.ip());
    format!("PROXY {family} {from} {to} {} {}\r\n", source.port(), destination.port()).into_bytes()
}

/// A header of version 2.
pub fn binary(header: &Header) -> Vec<u8> {
    let ends = match header {
        Header::For(origin) => Some([origin.source, origin.destination]),
        Header::Itself => None,
    };
    let mut bytes = SIGNATURE.to_vec();
    match ends.map(|ends| ends.map(|end| end.ip())) {
        Some([IpAddr::V4(source), IpAddr::V4(destination)]) => {
            bytes.extend([0x21, 0x11, 0, 12]);
            bytes.extend(source.octets());
            bytes.extend(destination.octets());
        }
        Some([IpAddr::V6(source), IpAddr::V6(destination)]) => {
            bytes.extend([0x21, 0x21, 0, 36]);
            bytes.extend(source.octets());
            bytes.extend(destination.octets());
        }
        Some(_) => {
            bytes.extend([0x21, 0, 0, 0]);
            return bytes;
        }
        None => {
            bytes.extend([0x20, 0, 0, 0]);
            return bytes;
        }
    }
    bytes.extend(ends.iter().flatten().flat_map(|end| end.port().to_be_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origin(source: &str, destination: &str) -> Origin {
        Origin { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
    }

    fn any_header() -> impl Strategy<Value = Header> {
        let v4 = (any::<[Ipv4Addr; 2]>(), any::<[u16; 2]>()).prop_map(|(ip, port)| Origin {
            source: (ip[0], port[0]).into(),
            destination: (ip[1], port[1]).into(),
        });
        let v6 = (any::<[Ipv6Addr; 2]>(), any::<[u16; 2]>()).prop_map(|(ip, port)| Origin {
            source: (ip[0], port[0]).into(),
            destination: (ip[1], port[1]).into(),
        });
        prop_oneof![v4.prop_map(Header::For), v6.prop_map(Header::For), Just(Header::Itself)]
    }

    #[test]
    fn lines_of_the_specification() {
        let four = Header::For(origin("255.255.255.255:65535", "192.0.2.1:0"));
        let six = Header::For(origin("[2001:db8::1]:1", "[::ffff:192.0.2.1]:443"));
        for (line, expected) in [
            ("PROXY TCP4 255.255.255.255 192.0.2.1 65535 0\r\n", four),
            ("PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 1 443\r\n", six),
            ("PROXY UNKNOWN\r\n", Header::Itself),
            ("PROXY UNKNOWN ffff::1 whatever it be 65535\r\n", Header::Itself),
        ] {
            let bytes = [line.as_bytes(), b"GET /"].concat();
            assert_eq!(read(&bytes), Ok(Some((expected, line.len()))), "{line}");
        }
    }

    #[test]
    fn lines_that_are_none() {
        for line in [
            "PROXY \r\n",
            "PROXY TCP5 1.1.1.1 1.1.1.1 1 1\r\n",
            "PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n",
            "PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n",
            "PROXY TCP4 1.1.1.1  1.1.1.1 1 1\r\n",
            "PROXY TCP4 ::1 ::1 1 1\r\n",
            "PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n",
            "PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n",
            "PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n",
            "PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n",
            "PROXY TCP4 01.1.1.1 1.1.1.1 1 1\r\n",
            "PROXY tcp4 1.1.1.1 1.1.1.1 1 1\r\n",
        ] {
            assert_eq!(read(line.as_bytes()), Err(Malformed::Line), "{line}");
        }
        assert_eq!(read(&[WORD.as_slice(), &[b'x'; 200]].concat()), Err(Malformed::Line));
        assert_eq!(read(b"GET / HTTP/1.1\r\n"), Err(Malformed::NoHeader));
        assert_eq!(read(b"\r\n\r\nGET"), Err(Malformed::NoHeader));
    }

    #[test]
    fn binary_headers_at_their_limits() {
        let with = |rest: &[u8]| [SIGNATURE.as_slice(), rest].concat();
        assert_eq!(read(&with(&[0x20, 0, 0, 0])), Ok(Some((Header::Itself, 16))));
        assert_eq!(read(&with(&[0x21, 0, 0, 0])), Ok(Some((Header::Itself, 16))));
        assert_eq!(read(&with(&[0x21, 0x31, 0, 1, 7])), Ok(Some((Header::Itself, 17))));
        assert_eq!(read(&with(&[0x31, 0x11, 0, 12])), Err(Malformed::Command(0x31)));
        assert_eq!(read(&with(&[0x22, 0x11, 0, 12])), Err(Malformed::Command(0x22)));
        assert_eq!(read(&with(&[0x21, 0x11, 0xff, 0xff])), Err(Malformed::Long));
        let short = [&[0x21, 0x11, 0, 11][..], &[0; 11]].concat();
        assert_eq!(read(&with(&short)), Err(Malformed::Short));
        // What stands behind the addresses is passed over with them.
        let mut long = binary(&Header::For(origin("192.0.2.1:1", "192.0.2.2:2")));
        long[15] += 5;
        long.extend([4, 0, 2, 1, 2]);
        let expected = Header::For(origin("192.0.2.1:1", "192.0.2.2:2"));
        assert_eq!(read(&long), Ok(Some((expected, 33))));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(said in any_header(), after: Vec<u8>) {
            for header in [line(&said), binary(&said)] {
                let bytes = [&header[..], &after].concat();
                prop_assert_eq!(read(&bytes), Ok(Some((said, header.len()))));
                for short in 0..header.len() {
                    prop_assert_eq!(read(&header[..short]), Ok(None), "{} octets", short);
                }
            }
        }

        #[test]
        fn ends_of_two_families_are_nobodys(port: u16) {
            let mixed = Header::For(Origin {
                source: (Ipv4Addr::LOCALHOST, port).into(),
                destination: (Ipv6Addr::LOCALHOST, port).into(),
            });
            for header in [line(&mixed), binary(&mixed)] {
                prop_assert_eq!(read(&header), Ok(Some((Header::Itself, header.len()))));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, kind in 0usize..3) {
            let start: &[u8] = [b"".as_slice(), SIGNATURE, WORD][kind];
            let bytes = [start, &bytes].concat();
            if let Ok(Some((_, length))) = read(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }
    }
}
