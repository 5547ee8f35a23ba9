//! Request-ids that a stranger cannot guess.
//!
//! Somebody who cannot see our requests could otherwise answer them: the source
//! address of a datagram is easily forged. The ids are SipHash-2-4 of a counter
//! under a key that the caller has from the system, which is a pseudo-random
//! function made for this kind of use, and short enough to need no crate.

/// The stream of request-ids.
#[derive(Clone)]
pub(crate) struct RequestIds {
    key: [u64; 2],
    counter: u64,
}

impl RequestIds {
    pub(crate) fn new(seed: [u8; 16]) -> Self {
        let (low, high) = seed.split_at(8);
        let word = |octets: &[u8]| octets.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
        Self { key: [word(low), word(high)], counter: 0 }
    }
}

impl Iterator for RequestIds {
    type Item = i32;

    /// A number from 1 to 2147483647: some agents mishandle the others.
    fn next(&mut self) -> Option<i32> {
        loop {
            self.counter = self.counter.wrapping_add(1);
            let id = (siphash(self.key, self.counter) >> 33) as i32;
            if id != 0 {
                return Some(id);
            }
        }
    }
}

/// SipHash-2-4 of eight octets (Aumasson and Bernstein, 2012).
fn siphash([k0, k1]: [u64; 2], message: u64) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    // The message's one word, then its length in the top octet of the last one.
    for word in [message, 8 << 56] {
        v[3] ^= word;
        round(&mut v);
        round(&mut v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for _ in 0..4 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

fn round([v0, v1, v2, v3]: &mut [u64; 4]) {
    *v0 = v0.wrapping_add(*v1);
    *v1 = v1.rotate_left(13) ^ *v0;
    *v0 = v0.rotate_left(32);
    *v2 = v2.wrapping_add(*v3);
    *v3 = v3.rotate_left(16) ^ *v2;
    *v0 = v0.wrapping_add(*v3);
    *v3 = v3.rotate_left(21) ^ *v0;
    *v2 = v2.wrapping_add(*v1);
    *v1 = v1.rotate_left(17) ^ *v2;
    *v2 = v2.rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector for the message 00 01 … 07 in the authors' reference code.
    #[test]
    fn siphash_agrees_with_its_authors() {
        let ids = RequestIds::new(std::array::from_fn(|i| i as u8));
        let message = 0x0706_0504_0302_0100;
        let expected = [0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93];
        assert_eq!(siphash(ids.key, message).to_le_bytes(), expected);
    }

    #[test]
    fn ids_are_positive_and_depend_on_the_seed() {
        let of = |seed| RequestIds::new([seed; 16]).take(1000).collect::<Vec<_>>();
        assert!(of(1).iter().all(|&id| id > 0));
        assert!(of(1).iter().zip(of(2)).all(|(a, b)| *a != b));
    }
}
