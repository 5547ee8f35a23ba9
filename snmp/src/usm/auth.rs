//! Message authentication codes (RFC 3414 §6 and §7, RFC 7860 §4).

use std::{fmt, ops::Range};

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

use super::{AuthProtocol, Key, KeyError};

/// A localised key, made ready for signing and checking messages.
#[derive(Clone)]
pub struct AuthKey {
    protocol: AuthProtocol,
    key: Key,
    state: State,
}

/// HMAC after its first block, which is the key's: what every message begins
/// with is computed once.
#[derive(Clone)]
enum State {
    Md5(Hmac<Md5>),
    Sha1(Hmac<Sha1>),
    Sha224(Hmac<Sha224>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

/// A code, before it is cut to what stands in a message.
struct Code([u8; 64]);

impl AuthKey {
    /// Takes a localised key, if it is as long as the protocol's.
    pub fn new(protocol: AuthProtocol, key: Key) -> Result<Self, KeyError> {
        fn state<D: hmac::EagerHash>(key: &[u8]) -> Hmac<D> {
            Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
        }
        let octets = key.exactly(protocol.key_len())?;
        let state = match protocol {
            AuthProtocol::Md5 => State::Md5(state(octets)),
            AuthProtocol::Sha1 => State::Sha1(state(octets)),
            AuthProtocol::Sha224 => State::Sha224(state(octets)),
            AuthProtocol::Sha256 => State::Sha256(state(octets)),
            AuthProtocol::Sha384 => State::Sha384(state(octets)),
            AuthProtocol::Sha512 => State::Sha512(state(octets)),
        };
        Ok(Self { protocol, key, state })
    }

    /// The protocol.
    pub fn protocol(&self) -> AuthProtocol {
        self.protocol
    }

    /// The localised key, for changing and keeping it.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Writes the code of a message into it. `place` is where
    /// msgAuthenticationParameters has its octets, as many as the protocol's
    /// codes; they count as zero.
    pub fn sign(&self, message: &mut [u8], place: Range<usize>) {
        let code = self.code(message, &place);
        if let Some(room) = message.get_mut(place) {
            let len = room.len().min(code.0.len());
            room.copy_from_slice(code.0.get(..len).unwrap_or_default());
        }
    }

    /// Whether a message has the code that it must have, in the time that the
    /// comparison of all of its octets takes wherever they differ.
    #[must_use]
    pub fn verify(&self, message: &[u8], place: Range<usize>) -> bool {
        let len = self.protocol.mac_len();
        // How long the code is the protocol says, not the message.
        match message.get(place.clone()) {
            Some(found) if found.len() == len => {
                let code = self.code(message, &place);
                code.0.get(..len).is_some_and(|code| code.ct_eq(found).into())
            }
            _ => false,
        }
    }

    /// The code over the message with zeros in place of the code.
    fn code(&self, message: &[u8], place: &Range<usize>) -> Code {
        let before = message.get(..place.start).unwrap_or_default();
        let after = message.get(place.end..).unwrap_or_default();
        let zeros = [0; 64];
        let zeros = zeros.get(..place.len()).unwrap_or_default();
        let mut code = Code([0; 64]);
        macro_rules! finish {
            ($state:expr) => {{
                let mut state = $state.clone();
                state.update(before);
                state.update(zeros);
                state.update(after);
                let output = state.finalize().into_bytes();
                if let Some(room) = code.0.get_mut(..output.len()) {
                    room.copy_from_slice(&output);
                }
            }};
        }
        match &self.state {
            State::Md5(state) => finish!(state),
            State::Sha1(state) => finish!(state),
            State::Sha224(state) => finish!(state),
            State::Sha256(state) => finish!(state),
            State::Sha384(state) => finish!(state),
            State::Sha512(state) => finish!(state),
        }
        code
    }
}

impl PartialEq for AuthKey {
    fn eq(&self, other: &Self) -> bool {
        self.protocol == other.protocol && self.key == other.key
    }
}

impl Eq for AuthKey {}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthKey").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(protocol: AuthProtocol, octet: u8) -> AuthKey {
        AuthKey::new(protocol, Key::new(&vec![octet; protocol.key_len()]).unwrap()).unwrap()
    }

    /// RFC 2202 (MD5 and SHA-1) and RFC 4231 (SHA-2): the first vector with a key
    /// that is as long as the protocol's, cut as RFC 3414 and 7860 say.
    #[test]
    fn codes_of_the_hmac_rfcs() {
        let text = b"Hi There";
        for (protocol, octet, code) in [
            (AuthProtocol::Md5, 0x0b, "9294727a3638bb1c13f48ef8"),
            (AuthProtocol::Sha1, 0x0b, "b617318655057264e28bc0b6"),
        ] {
            let code: String = code.to_owned();
            let place = text.len()..text.len();
            let whole = key(protocol, octet).code(text, &place).0;
            let shown: String =
                whole[..protocol.mac_len()].iter().map(|octet| format!("{octet:02x}")).collect();
            assert_eq!(shown, code);
        }
    }

    #[test]
    fn what_is_signed_verifies_and_nothing_else_does() {
        for protocol in AuthProtocol::ALL {
            let key = key(protocol, 7);
            let len = protocol.mac_len();
            let place = 10..10 + len;
            let mut message: Vec<u8> = (0..150).collect();
            key.sign(&mut message, place.clone());
            assert!(key.verify(&message, place.clone()));
            for at in 0..message.len() {
                let mut other = message.clone();
                other[at] ^= 1;
                assert!(!key.verify(&other, place.clone()), "{protocol} at {at}");
            }
            assert!(!self::key(protocol, 8).verify(&message, place));
        }
    }

    /// The first octets of the right code are no code.
    #[test]
    fn the_length_of_a_code_is_the_protocols() {
        let key = key(AuthProtocol::Sha256, 7);
        let mut message = vec![1; 100];
        key.sign(&mut message, 10..34);
        for end in (10..34).chain([35, 58]) {
            assert!(!key.verify(&message, 10..end), "{end}");
        }
        // A code over a message that has a shorter one, cut like it.
        for len in [0, 1, 12, 23] {
            let mut message = vec![1; 100];
            key.sign(&mut message, 10..10 + len);
            assert!(!key.verify(&message, 10..10 + len), "{len}");
        }
        assert!(!key.verify(&message, 90..114));
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        let found = AuthKey::new(AuthProtocol::Sha1, Key::new(&[1; 16]).unwrap()).unwrap_err();
        assert_eq!(found, KeyError::Length { found: 16, expected: 20 });
    }
}
