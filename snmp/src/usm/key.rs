//! Keys: from passwords (RFC 3414 §2.6 and A.2), for one engine each, and from
//! one key to the next (RFC 3414, the textual convention KeyChange).

use std::fmt;

use sha2::Digest;
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::{Zeroize as _, Zeroizing};

use super::{AuthProtocol, PrivProtocol};
use crate::EngineId;

/// The fewest octets of a password (RFC 3414 §11.2).
pub const MIN_PASSWORD: usize = 8;

/// The octets that a password is repeated up to before it is hashed (RFC 3414
/// A.2), which makes every guess cost as much.
const EXPANDED: usize = 1 << 20;

/// A key's octets, of no more than the longest hash or cipher key. It does not
/// print, and is wiped when dropped.
#[derive(Clone)]
pub struct Key {
    len: u8,
    octets: [u8; Key::MAX],
}

/// A user's key before it is localised. Whoever has it can talk to all engines
/// on which the user has the same password, so it does not last.
#[derive(Clone)]
pub struct MasterKey {
    protocol: AuthProtocol,
    key: Key,
}

/// Why a password or a key is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// RFC 3414 §11.2.
    #[error("a password has at least {MIN_PASSWORD} octets")]
    ShortPassword,
    /// The octets are not as many as the protocol's keys have.
    #[error("a key of {found} octets where the protocol has {expected}")]
    Length {
        /// What was given.
        found: usize,
        /// What would be right.
        expected: usize,
    },
}

impl Key {
    /// SHA-512's.
    const MAX: usize = 64;

    /// Takes octets; `None` beyond the longest key there is.
    pub fn new(octets: &[u8]) -> Option<Self> {
        let mut key = Self { len: u8::try_from(octets.len()).ok()?, octets: [0; Self::MAX] };
        key.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(key)
    }

    /// The octets.
    pub fn expose(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The key, if it is as long as it has to be.
    pub(super) fn exactly(&self, expected: usize) -> Result<&[u8], KeyError> {
        match self.expose() {
            octets if octets.len() == expected => Ok(octets),
            octets => Err(KeyError::Length { found: octets.len(), expected }),
        }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.octets.zeroize();
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key of {} octets", self.len)
    }
}

impl MasterKey {
    /// The key of a password. It takes milliseconds, on purpose.
    pub fn of_password(protocol: AuthProtocol, password: &[u8]) -> Result<Self, KeyError> {
        match password.len() < MIN_PASSWORD {
            true => Err(KeyError::ShortPassword),
            false => Ok(Self { protocol, key: expand(protocol, password) }),
        }
    }

    /// The key as it is known to one engine (RFC 3414 §2.6): that engine cannot
    /// use it to talk to another.
    pub fn localised(&self, engine: &EngineId) -> Key {
        let key = self.key.expose();
        hash(self.protocol, &[key, engine.as_octets(), key])
    }

    /// The key for encryption, localised and as long as the cipher's keys are.
    pub fn localised_for(&self, cipher: PrivProtocol, engine: &EngineId) -> Key {
        let needed = cipher.key_len();
        let mut octets = Zeroizing::new([0; 2 * Key::MAX]);
        let mut len = 0;
        let mut part = self.localised(engine);
        loop {
            let end = len + part.expose().len();
            // At most two hashes are put together: the shortest has 16 octets
            // and the longest key 32.
            if let Some(room) = octets.get_mut(len..end) {
                room.copy_from_slice(part.expose());
            }
            len = end;
            if len >= needed {
                break;
            }
            part = match cipher {
                PrivProtocol::Aes192Reeder | PrivProtocol::Aes256Reeder => {
                    let again = expand(self.protocol, part.expose());
                    Self { protocol: self.protocol, key: again }.localised(engine)
                }
                _ => hash(self.protocol, &[octets.get(..len).unwrap_or_default()]),
            };
        }
        Key::new(octets.get(..needed).unwrap_or_default()).expect("no cipher has longer keys")
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

/// The key that a SET of a KeyChange makes of the present one: the value is as
/// many random octets as the key has, then as many of the difference. `None`
/// where it has another length.
///
/// The hash is that of the user's authentication protocol, for both keys.
pub fn change_key(protocol: AuthProtocol, old: &Key, value: &[u8]) -> Option<Key> {
    let len = old.expose().len();
    let (random, delta) = value.split_at_checked(len)?;
    if delta.len() != len {
        return None;
    }
    let mut new = Key::new(delta)?;
    let mut intermediate = old.clone();
    for part in new.octets.get_mut(..len)?.chunks_mut(protocol.key_len()) {
        intermediate = hash(protocol, &[intermediate.expose(), random]);
        for (octet, mask) in part.iter_mut().zip(intermediate.expose()) {
            *octet ^= mask;
        }
    }
    Some(new)
}

/// The hash of some octets one behind the other.
fn hash(protocol: AuthProtocol, parts: &[&[u8]]) -> Key {
    fn of<D: Digest>(parts: &[&[u8]]) -> Key {
        let mut digest = D::new();
        parts.iter().for_each(|part| digest.update(part));
        let mut output = digest.finalize();
        let key = Key::new(&output).expect("no hash is longer than SHA-512's");
        output.as_mut_slice().zeroize();
        key
    }
    match protocol {
        AuthProtocol::Md5 => of::<md5::Md5>(parts),
        AuthProtocol::Sha1 => of::<sha1::Sha1>(parts),
        AuthProtocol::Sha224 => of::<sha2::Sha224>(parts),
        AuthProtocol::Sha256 => of::<sha2::Sha256>(parts),
        AuthProtocol::Sha384 => of::<sha2::Sha384>(parts),
        AuthProtocol::Sha512 => of::<sha2::Sha512>(parts),
    }
}

/// The hash of octets that are repeated up to 2^20 of them.
fn expand(protocol: AuthProtocol, octets: &[u8]) -> Key {
    if octets.is_empty() {
        return hash(protocol, &[]);
    }
    // As many whole repetitions as fill a few kilobytes, and those as often as
    // fit: hashing a few octets at a time takes ten times as long.
    let repetitions = 4096_usize.div_ceil(octets.len());
    let chunk = Zeroizing::new(octets.repeat(repetitions));
    let whole = EXPANDED / chunk.len();
    let rest = EXPANDED % chunk.len();
    let mut parts = vec![chunk.as_slice(); whole];
    parts.push(chunk.get(..rest).unwrap_or_default());
    hash(protocol, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
            .collect()
    }

    fn engine() -> EngineId {
        EngineId::new(&hex("000000000000000000000002")).unwrap()
    }

    fn maple(protocol: AuthProtocol) -> MasterKey {
        MasterKey::of_password(protocol, b"maplesyrup").unwrap()
    }

    /// RFC 3414 A.3.1 and A.3.2: MD5 and SHA.
    #[test]
    fn keys_of_rfc_3414() {
        for (protocol, master, localised) in [
            (
                AuthProtocol::Md5,
                "9faf3283884e92834ebc9847d8edd963",
                "526f5eed9fcce26f8964c2930787d82b",
            ),
            (
                AuthProtocol::Sha1,
                "9fb5cc0381497b3793528939ff788d5d79145211",
                "6695febc9288e36282235fc7151f128497b38f3f",
            ),
        ] {
            let key = maple(protocol);
            assert_eq!(key.key.expose(), hex(master));
            assert_eq!(key.localised(&engine()).expose(), hex(localised));
        }
    }

    /// The keys of RFC 7860's protocols for the same password and engine; the
    /// RFC has none of its own, so these are of another implementation of A.2.
    #[test]
    fn keys_of_rfc_7860() {
        for (protocol, localised) in [
            (AuthProtocol::Sha224, "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674"),
            (
                AuthProtocol::Sha256,
                "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b",
            ),
            (
                AuthProtocol::Sha384,
                "3b298f16164a11184279d5432bf169e2d2a48307de02b3d3f7e2b4f36eb6f0455a53689a3937eea0
                 7319a633d2ccba78",
            ),
            (
                AuthProtocol::Sha512,
                "22a5a36cedfcc085807a128d7bc6c2382167ad6c0dbc5fdff856740f3d84c099ad1ea87a8db09671
                 4d9788bd544047c9021e4229ce27e4c0a69250adfcffbb0b",
            ),
        ] {
            assert_eq!(maple(protocol).localised(&engine()).expose(), hex(localised));
        }
    }

    /// RFC 3414 A.5.1 and A.5.2: from `maplesyrup` to `newsyrup` with random
    /// octets of zero.
    #[test]
    fn key_changes_of_rfc_3414() {
        for (protocol, cipher, delta) in [
            (AuthProtocol::Md5, None, "8805615141676cc9196174e742a32551"),
            (AuthProtocol::Sha1, None, "9c1017f4fd483d2de8d5fadbf84392cb06457051"),
            (AuthProtocol::Sha1, Some(PrivProtocol::Des), "7ef8d8a4c9cdb26b47591cd852ff88b5"),
        ] {
            let key = |password: &[u8]| {
                let master = MasterKey::of_password(protocol, password).unwrap();
                match cipher {
                    Some(cipher) => master.localised_for(cipher, &engine()),
                    None => master.localised(&engine()),
                }
            };
            let delta = hex(delta);
            let value = [vec![0; delta.len()], delta].concat();
            let old = key(b"maplesyrup");
            assert_eq!(change_key(protocol, &old, &value), Some(key(b"newsyrup")));
            assert_eq!(change_key(protocol, &old, &value[1..]), None);
            assert_eq!(change_key(protocol, &old, &[]), None);
        }
    }

    /// A key longer than the hash is changed piece by piece.
    #[test]
    fn key_changes_of_long_keys() {
        let old = maple(AuthProtocol::Sha1).localised_for(PrivProtocol::Aes256, &engine());
        let (random, new) = ([3; 32], [9; 32]);
        let first = hash(AuthProtocol::Sha1, &[old.expose(), &random]);
        let second = hash(AuthProtocol::Sha1, &[first.expose(), &random]);
        let masks = [first.expose(), second.expose()].concat();
        let delta: Vec<u8> = new.iter().zip(&masks).map(|(a, b)| a ^ b).collect();
        let value = [&random[..], &delta].concat();
        assert_eq!(change_key(AuthProtocol::Sha1, &old, &value), Key::new(&new));
    }

    /// The vectors of draft-reeder-snmpv3-usm-3desede-00 B.1 and B.2, as far as
    /// an AES-256 key goes, and the other extension for the same passwords.
    #[test]
    fn long_keys_are_extended_in_two_ways() {
        for (protocol, cipher, key) in [
            (
                AuthProtocol::Md5,
                PrivProtocol::Aes256Reeder,
                "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0a3a40abfac5acc12",
            ),
            (
                AuthProtocol::Sha1,
                PrivProtocol::Aes256Reeder,
                "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78936ba6e7d19dfd9c",
            ),
            (
                AuthProtocol::Sha1,
                PrivProtocol::Aes256,
                "6695febc9288e36282235fc7151f128497b38f3f505e07eb9af25568fa1f5dbe",
            ),
            (
                AuthProtocol::Sha1,
                PrivProtocol::Aes192,
                "6695febc9288e36282235fc7151f128497b38f3f505e07eb",
            ),
            (AuthProtocol::Sha1, PrivProtocol::Aes128, "6695febc9288e36282235fc7151f1284"),
        ] {
            assert_eq!(maple(protocol).localised_for(cipher, &engine()).expose(), hex(key));
        }
        // Where the hash is long enough there is nothing to extend.
        let key = |cipher| maple(AuthProtocol::Sha256).localised_for(cipher, &engine());
        assert_eq!(key(PrivProtocol::Aes256), key(PrivProtocol::Aes256Reeder));
    }

    #[test]
    fn short_passwords_are_refused() {
        let key = MasterKey::of_password(AuthProtocol::Sha1, b"1234567");
        assert_eq!(key.err(), Some(KeyError::ShortPassword));
    }

    #[test]
    fn keys_do_not_print() {
        let key = maple(AuthProtocol::Md5).localised(&engine());
        assert_eq!(format!("{key:?}"), "Key of 16 octets");
        assert!(!format!("{:?}", maple(AuthProtocol::Md5)).contains("159"));
    }
}
