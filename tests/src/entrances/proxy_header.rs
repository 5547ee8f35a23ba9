//! The first bytes of a connection that a proxy makes.

use lcms_lb_core::proxy_protocol::{self, Header, LONGEST, Origin};

/// Reads a header of the PROXY protocol. One that is read has its length, which
/// what follows does not change, is not read from fewer bytes, and says the same
/// when written again in either version.
pub fn proxy_header(octets: &[u8]) {
    let (header, length) = match proxy_protocol::read(octets) {
        Err(error) => return assert!(!error.to_string().is_empty()),
        Ok(None) => return assert!(octets.len() < LONGEST),
        Ok(Some(read)) => read,
    };
    assert!(length <= octets.len() && length <= LONGEST);
    assert_eq!(proxy_protocol::read(&octets[..length]), Ok(Some((header, length))));
    assert_eq!(proxy_protocol::read(&octets[..length - 1]), Ok(None));
    for written in [proxy_protocol::line(&header), proxy_protocol::binary(&header)] {
        assert_eq!(proxy_protocol::read(&written), Ok(Some((header, written.len()))));
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let end = |text: &str| text.parse().unwrap();
    let headers = [
        Header::Itself,
        Header::For(Origin { source: end("192.0.2.1:1"), destination: end("192.0.2.2:65535") }),
        Header::For(Origin { source: end("[2001:db8::1]:1"), destination: end("[::1]:443") }),
    ];
    let mut seeds: Vec<Vec<u8>> = headers
        .iter()
        .flat_map(|header| [proxy_protocol::line(header), proxy_protocol::binary(header)])
        .collect();
    // With additions behind the addresses, and for a socket of the file system.
    let mut added = proxy_protocol::binary(&headers[1]);
    added[15] += 7;
    added.extend([0x04, 0, 4, 1, 2, 3, 4]);
    seeds.push(added);
    let mut local = proxy_protocol::binary(&Header::Itself);
    local.splice(12..16, [0x21, 0x31, 0, 216]);
    local.extend([b'/'; 216]);
    seeds.push(local);
    seeds
}
