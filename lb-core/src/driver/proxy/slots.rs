//! Connections by number, and the numbers that epoll hands back.

/// Values in slots. A key is good for one stay of one value: a slot that was
/// emptied and filled again does not answer to old keys.
pub(super) struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    index: u32,
    generation: u32,
}

/// Slots there are from the beginning.
const PREALLOCATED: usize = 64;

/// Generations wrap here, to fit into a token. A key would have to outlive
/// sixteen million stays in one slot to be mistaken, and keys live for one
/// round of events or one deadline.
const GENERATIONS: u32 = 1 << 24;

impl<T> Slots<T> {
    pub(super) fn new() -> Self {
        Self { slots: Vec::with_capacity(PREALLOCATED), free: Vec::with_capacity(PREALLOCATED) }
    }

    /// Puts a value into a free slot; `None` if there are no more numbers.
    pub(super) fn insert(&mut self, value: T) -> Option<Key> {
        if let Some(index) = self.free.pop() {
            let slot = self.slots.get_mut(index as usize)?;
            slot.value = Some(value);
            return Some(Key { index, generation: slot.generation });
        }
        let index = u32::try_from(self.slots.len()).ok()?;
        self.slots.push(Slot { generation: 0, value: Some(value) });
        Some(Key { index, generation: 0 })
    }

    pub(super) fn get(&self, key: Key) -> Option<&T> {
        let slot = self.slots.get(key.index as usize)?;
        slot.value.as_ref().filter(|_| slot.generation == key.generation)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        slot.value.as_mut().filter(|_| slot.generation == key.generation)
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        let value = slot.value.take()?;
        slot.generation = (slot.generation + 1) % GENERATIONS;
        self.free.push(key.index);
        Some(value)
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// All values with their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.slots.iter().zip(0..).filter_map(|(slot, index)| {
            Some((Key { index, generation: slot.generation }, slot.value.as_ref()?))
        })
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// There are orders.
    Bell,
    /// A listener, by number.
    Listener(u32),
    /// The server's side of a flow.
    Flow(Key),
    /// The client's side of a connection.
    Client(Key),
    /// The server's side, of the attempt of this number: an event about an
    /// earlier attempt's socket says nothing about the present one.
    Server(Key, u8),
}

/// Attempts are counted up to here and then from 0 again.
const ATTEMPTS: u8 = 1 << 5;

impl Token {
    /// The server's side of the connection, at its present attempt.
    pub(super) fn server(key: Key, attempt: u8) -> Self {
        Self::Server(key, attempt % ATTEMPTS)
    }

    /// From the top: kind 3 bits, attempt 5, generation 24, index 32.
    pub(super) fn to_bits(self) -> u64 {
        let (kind, attempt, generation, index) = match self {
            Self::Bell => (0, 0, 0, 0),
            Self::Listener(number) => (1, 0, 0, number),
            Self::Client(key) => (2, 0, key.generation, key.index),
            Self::Server(key, attempt) => (3, attempt, key.generation, key.index),
            Self::Flow(key) => (4, 0, key.generation, key.index),
        };
        kind << 61 | u64::from(attempt) << 56 | u64::from(generation) << 32 | u64::from(index)
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        let index = bits as u32;
        let key = Key { index, generation: (bits >> 32) as u32 % GENERATIONS };
        match bits >> 61 {
            0 => Self::Bell,
            1 => Self::Listener(index),
            2 => Self::Client(key),
            3 => Self::server(key, (bits >> 56) as u8),
            _ => Self::Flow(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_old_key_does_not_open_a_slot_that_was_reused() {
        let mut slots = Slots::new();
        let old = slots.insert("a").unwrap();
        assert_eq!(slots.remove(old), Some("a"));
        let new = slots.insert("b").unwrap();
        assert_eq!((slots.get(old), slots.get(new)), (None, Some(&"b")));
        assert_eq!(slots.remove(old), None);
        assert_eq!(slots.iter().map(|(key, _)| key).collect::<Vec<_>>(), [new]);
    }

    proptest! {
        #[test]
        fn a_token_survives_its_bits(index: u32, generation in 0..GENERATIONS, attempt: u8) {
            let key = Key { index, generation };
            for token in [
                Token::Bell,
                Token::Listener(index),
                Token::Client(key),
                Token::server(key, attempt),
                Token::Flow(key),
            ] {
                prop_assert_eq!(Token::from_bits(token.to_bits()), token);
            }
        }
    }
}
