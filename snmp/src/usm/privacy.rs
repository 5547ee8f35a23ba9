//! Encryption of scoped PDUs (RFC 3414 §8, RFC 3826 §3).

use std::fmt;

use aes::{Aes128Enc, Aes192Enc, Aes256Enc};
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _, KeyInit as _};
use des::Des;
use thiserror::Error;
use zeroize::Zeroizing;

use super::{Key, KeyError, PrivProtocol};

/// A localised key, made ready for encrypting and decrypting.
#[derive(Clone)]
pub struct PrivKey {
    protocol: PrivProtocol,
    key: Key,
    cipher: Cipher,
}

/// Round keys. CFB needs the cipher in one direction only.
#[derive(Clone)]
enum Cipher {
    Des {
        cipher: Des,
        /// The second half of the key (RFC 3414 §8.1.1.1).
        pre_iv: Zeroizing<[u8; 8]>,
    },
    Aes128(Aes128Enc),
    Aes192(Aes192Enc),
    Aes256(Aes256Enc),
}

/// An encrypted PDU that cannot be decrypted, whatever the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("msgPrivacyParameters or the encrypted PDU have an impossible length")]
pub struct DecryptionError;

impl PrivKey {
    /// Takes a localised key, if it is as long as the protocol's.
    pub fn new(protocol: PrivProtocol, key: Key) -> Result<Self, KeyError> {
        let octets = key.exactly(protocol.key_len())?;
        let fits = "its length has been looked at";
        let cipher = match protocol {
            PrivProtocol::Des => {
                let (key, pre_iv) = octets.split_at(8);
                let pre_iv = Zeroizing::new(pre_iv.try_into().expect(fits));
                Cipher::Des { cipher: Des::new_from_slice(key).expect(fits), pre_iv }
            }
            PrivProtocol::Aes128 => Cipher::Aes128(Aes128Enc::new_from_slice(octets).expect(fits)),
            PrivProtocol::Aes192 | PrivProtocol::Aes192Reeder => {
                Cipher::Aes192(Aes192Enc::new_from_slice(octets).expect(fits))
            }
            PrivProtocol::Aes256 | PrivProtocol::Aes256Reeder => {
                Cipher::Aes256(Aes256Enc::new_from_slice(octets).expect(fits))
            }
        };
        Ok(Self { protocol, key, cipher })
    }

    /// The protocol.
    pub fn protocol(&self) -> PrivProtocol {
        self.protocol
    }

    /// The localised key, for changing and keeping it.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Encrypts in place what is a multiple of [`PrivProtocol::block_len`] long.
    ///
    /// With one key no salt may serve twice while boots and time are the same;
    /// with DES not while boots are the same. See [`crate::v3::Salts`].
    pub fn encrypt(&self, boots: u32, time: u32, salt: [u8; 8], octets: &mut [u8]) {
        match &self.cipher {
            Cipher::Des { cipher, pre_iv } => {
                let mut mode = cbc::Encryptor::inner_iv_init(cipher, &mask(pre_iv, salt).into());
                for block in octets.as_chunks_mut::<8>().0 {
                    mode.encrypt_block(block.into());
                }
            }
            Cipher::Aes128(cipher) => {
                cfb_mode::Encryptor::inner_iv_init(cipher, &iv(boots, time, salt).into())
                    .encrypt(octets);
            }
            Cipher::Aes192(cipher) => {
                cfb_mode::Encryptor::inner_iv_init(cipher, &iv(boots, time, salt).into())
                    .encrypt(octets);
            }
            Cipher::Aes256(cipher) => {
                cfb_mode::Encryptor::inner_iv_init(cipher, &iv(boots, time, salt).into())
                    .encrypt(octets);
            }
        }
    }

    /// Decrypts in place. Whether the result is a scoped PDU its decoder sees.
    pub fn decrypt(
        &self,
        boots: u32,
        time: u32,
        salt: &[u8],
        octets: &mut [u8],
    ) -> Result<(), DecryptionError> {
        let salt: [u8; 8] = salt.try_into().map_err(|_| DecryptionError)?;
        match &self.cipher {
            Cipher::Des { cipher, pre_iv } => {
                let mut mode = cbc::Decryptor::inner_iv_init(cipher, &mask(pre_iv, salt).into());
                let (blocks, rest) = octets.as_chunks_mut::<8>();
                if !rest.is_empty() {
                    return Err(DecryptionError);
                }
                for block in blocks {
                    mode.decrypt_block(block.into());
                }
            }
            Cipher::Aes128(cipher) => {
                cfb_mode::Decryptor::inner_iv_init(cipher, &iv(boots, time, salt).into())
                    .decrypt(octets);
            }
            Cipher::Aes192(cipher) => {
                cfb_mode::Decryptor::inner_iv_init(cipher, &iv(boots, time, salt).into())
                    .decrypt(octets);
            }
            Cipher::Aes256(cipher) => {
                cfb_mode::Decryptor::inner_iv_init(cipher, &iv(boots, time, salt).into())
                    .decrypt(octets);
            }
        }
        Ok(())
    }
}

/// RFC 3414 §8.1.1.1.
fn mask(pre_iv: &[u8; 8], salt: [u8; 8]) -> [u8; 8] {
    std::array::from_fn(|i| pre_iv[i] ^ salt[i])
}

/// RFC 3826 §3.1.2.1.
fn iv(boots: u32, time: u32, salt: [u8; 8]) -> [u8; 16] {
    let mut iv = [0; 16];
    iv[..4].copy_from_slice(&boots.to_be_bytes());
    iv[4..8].copy_from_slice(&time.to_be_bytes());
    iv[8..].copy_from_slice(&salt);
    iv
}

impl PartialEq for PrivKey {
    fn eq(&self, other: &Self) -> bool {
        self.protocol == other.protocol && self.key == other.key
    }
}

impl Eq for PrivKey {}

impl fmt::Debug for PrivKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivKey").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(protocol: PrivProtocol) -> PrivKey {
        let octets: Vec<u8> = (0..protocol.key_len() as u8).map(|n| n.wrapping_mul(37)).collect();
        PrivKey::new(protocol, Key::new(&octets).unwrap()).unwrap()
    }

    #[test]
    fn what_is_encrypted_decrypts() {
        for protocol in PrivProtocol::ALL {
            let key = key(protocol);
            for blocks in 0..40 {
                let len = blocks * protocol.block_len();
                let plain: Vec<u8> = (0..len).map(|n| n as u8).collect();
                let mut octets = plain.clone();
                key.encrypt(3, 4, [5; 8], &mut octets);
                assert!(len < 8 || octets != plain, "{protocol}");
                key.decrypt(3, 4, &[5; 8], &mut octets).unwrap();
                assert_eq!(octets, plain, "{protocol}");
            }
        }
    }

    /// NIST SP 800-38A F.3.13: CFB128-AES128, with the initialisation vector put
    /// together of boots, time and salt.
    #[test]
    fn the_vector_of_nist() {
        let hex = |text: &str| -> Vec<u8> {
            let digits = text.as_bytes().chunks(2);
            let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
            digits.map(|pair| octet(pair).unwrap()).collect()
        };
        let key = Key::new(&hex("2b7e151628aed2a6abf7158809cf4f3c")).unwrap();
        let key = PrivKey::new(PrivProtocol::Aes128, key).unwrap();
        let mut octets = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
        let salt = hex("08090a0b0c0d0e0f").try_into().unwrap();
        key.encrypt(0x0001_0203, 0x0405_0607, salt, &mut octets);
        let expected = "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b";
        assert_eq!(octets, hex(expected));
    }

    #[test]
    fn impossible_lengths_are_refused() {
        for protocol in PrivProtocol::ALL {
            for len in [0, 7, 9] {
                let found = key(protocol).decrypt(1, 1, &vec![0; len], &mut [0; 16]);
                assert_eq!(found, Err(DecryptionError), "{protocol}");
            }
        }
        let found = key(PrivProtocol::Des).decrypt(1, 1, &[0; 8], &mut [0; 15]);
        assert_eq!(found, Err(DecryptionError));
    }
}
