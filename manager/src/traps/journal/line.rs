//! One record, one line: a JSON object whose first member is a checksum of the
//! rest. So every tool that reads JSON reads it, and a line that a crash has cut or
//! a disk has changed is known for what it is.

use sha2::{Digest as _, Sha256};

/// What a line begins with, up to the checksum.
const HEAD: &[u8] = b"{\"sum\":\"";
/// What stands between the checksum and the rest of the object.
const AFTER: &[u8] = b"\",";
/// Hexadecimal digits of the checksum.
const SUM: usize = 16;

/// Writes a line of an object's text, which has members and no line end in it.
pub(super) fn write(object: &str, out: &mut Vec<u8>) {
    let rest = object.strip_prefix('{').unwrap_or(object).as_bytes();
    out.extend_from_slice(HEAD);
    out.extend_from_slice(sum(rest).as_bytes());
    out.extend_from_slice(AFTER);
    out.extend_from_slice(rest);
    out.push(b'\n');
}

/// The object of a line without its end, if the line is as it was written. The
/// checksum stays in it.
pub(super) fn read(line: &[u8]) -> Option<&[u8]> {
    let (given, rest) = line.strip_prefix(HEAD)?.split_at_checked(SUM)?;
    let rest = rest.strip_prefix(AFTER)?;
    (sum(rest).as_bytes() == given).then_some(line)
}

/// It is against damage and not against malice: who can write the journal can write
/// its checksums.
fn sum(rest: &[u8]) -> String {
    let whole = Sha256::digest(rest);
    whole.iter().take(SUM / 2).map(|octet| format!("{octet:02x}")).collect()
}
