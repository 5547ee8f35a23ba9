//! What client and server say to each other.
//!
//! A request is 100 octets: a mark, how long the reply is to be, a serial
//! number, and the pattern up to its end. A reply is the serial number and the
//! pattern, so that neither a byte lost nor one that belongs to another
//! connection goes unnoticed.

/// Octets in a request.
pub const REQUEST: usize = 100;

/// Octets in a reply, but for bulk.
pub const REPLY: usize = 100;

/// A reply this long never ends, and is the pattern alone.
pub const ENDLESS: u32 = u32::MAX;

/// Octets before the pattern repeats. More than the caches next to a processor
/// hold: what a director really copies, it fetches from further away.
pub const PERIOD: usize = 16 << 20;

const MARK: [u8; 4] = *b"LCMS";

pub type Request = [u8; REQUEST];
pub type Reply = [u8; REPLY];

/// The octet of the pattern at a position.
fn octet(position: usize) -> u8 {
    ((position % 251) ^ (position >> 16)) as u8
}

/// A period of the pattern.
pub fn pattern() -> Vec<u8> {
    (0..PERIOD).map(octet).collect()
}

pub fn request(serial: u64, length: u32) -> Request {
    let mut request: Request = std::array::from_fn(octet);
    request[..4].copy_from_slice(&MARK);
    request[4..8].copy_from_slice(&length.to_le_bytes());
    request[8..16].copy_from_slice(&serial.to_le_bytes());
    request
}

/// Serial number and length of the reply that a request asks for, if it is one.
pub fn parse(request: &Request) -> Option<(u64, u32)> {
    let length = u32::from_le_bytes(request[4..8].try_into().ok()?);
    let serial = u64::from_le_bytes(request[8..16].try_into().ok()?);
    (*request == self::request(serial, length)).then_some((serial, length))
}

pub fn reply(serial: u64) -> Reply {
    let mut reply: Reply = std::array::from_fn(octet);
    reply[..8].copy_from_slice(&serial.to_le_bytes());
    reply
}
