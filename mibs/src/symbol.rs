//! Interned names: one number for each distinct word, whatever number of
//! modules speaks of it.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::source::decode;

/// An interned name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(NonZeroU32);

impl Symbol {
    /// A stand-in where there is no word.
    pub(crate) const NONE: Self = Self(NonZeroU32::MIN);

    /// Its place among all.
    pub(crate) fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    pub(crate) fn at(index: usize) -> Option<Self> {
        u32::try_from(index.checked_add(1)?).ok().and_then(NonZeroU32::new).map(Self)
    }
}

/// All names of one compilation: the texts one behind another, and a table that
/// is probed linearly.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    texts: String,
    /// Where each text ends.
    ends: Vec<u32>,
    /// Symbols by hash, each below the upper half of its hash, so that few other
    /// texts are looked at; zero where there is none. At most half is in use.
    table: Vec<u64>,
}

impl Symbols {
    pub fn intern(&mut self, text: &str) -> Symbol {
        self.intern_octets(text.as_bytes(), hash_of(text.as_bytes()))
    }

    /// The same for octets of any encoding.
    fn intern_octets(&mut self, octets: &[u8], hash: u64) -> Symbol {
        if self.table.len() <= self.ends.len() * 2 {
            self.grow();
        }
        let slot = match self.slot(octets, hash) {
            Ok(symbol) => return symbol,
            Err(slot) => slot,
        };
        self.texts.push_str(&decode(octets));
        self.ends.push(self.texts.len() as u32);
        let symbol = Symbol::at(self.ends.len() - 1).unwrap_or(Symbol::NONE);
        if let Some(place) = self.table.get_mut(slot) {
            *place = entry(symbol, hash);
        }
        symbol
    }

    pub fn find(&self, text: &str) -> Option<Symbol> {
        if self.table.is_empty() {
            return None;
        }
        self.slot(text.as_bytes(), hash_of(text.as_bytes())).ok()
    }

    pub fn text(&self, symbol: Symbol) -> &str {
        let at = symbol.index();
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |&e| e);
        let end = self.ends.get(at).map_or(start, |&end| end);
        self.texts.get(start as usize..end as usize).unwrap_or_default()
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The symbol of a text, or the slot where it would go.
    fn slot(&self, octets: &[u8], hash: u64) -> Result<Symbol, usize> {
        let mut slot = self.home(hash);
        loop {
            let found = self.table.get(slot).copied().unwrap_or(0);
            let Some(symbol) = NonZeroU32::new(found as u32).map(Symbol) else { return Err(slot) };
            if found == entry(symbol, hash) && self.text(symbol).as_bytes() == octets {
                return Ok(symbol);
            }
            slot = self.behind(slot);
        }
    }

    /// Where a hash is looked for first: by its upper half, which the table keeps.
    fn home(&self, hash: u64) -> usize {
        (hash >> 32) as usize & self.table.len().wrapping_sub(1)
    }

    fn behind(&self, slot: usize) -> usize {
        (slot + 1) & self.table.len().wrapping_sub(1)
    }

    fn grow(&mut self) {
        let larger = vec![0; (self.table.len() * 2).max(256)];
        for entry in std::mem::replace(&mut self.table, larger).into_iter().filter(|&e| e != 0) {
            let mut slot = self.home(entry);
            while self.table.get(slot).is_some_and(|&taken| taken != 0) {
                slot = self.behind(slot);
            }
            if let Some(place) = self.table.get_mut(slot) {
                *place = entry;
            }
        }
    }
}

fn hash_of(octets: &[u8]) -> u64 {
    let mut hasher = FastHasher::default();
    hasher.write(octets);
    hasher.finish()
}

/// What stands in the table.
fn entry(symbol: Symbol, hash: u64) -> u64 {
    (hash >> 32 << 32) | u64::from(symbol.0.get())
}

/// The names of a compilation while several threads read files.
#[derive(Debug, Default)]
pub(crate) struct SharedSymbols(Mutex<Symbols>);

impl SharedSymbols {
    pub fn new(symbols: Symbols) -> Self {
        Self(Mutex::new(symbols))
    }

    fn lock(&self) -> MutexGuard<'_, Symbols> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn into_inner(self) -> Symbols {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thread's view of the shared names. Almost all words of a module were seen
/// before, and are found here without a lock.
#[derive(Debug)]
pub(crate) struct Words<'s> {
    shared: &'s SharedSymbols,
    own: Symbols,
    /// The shared symbol of each of our own.
    shared_of: Vec<Symbol>,
    /// The words of the file that is read, each where it stood last: a module
    /// says most of its words again and again, and this fits into the
    /// processor's cache, which the names of thousands of modules do not.
    recent: Box<[Recent]>,
    /// The number of the file; what was recent before it is void.
    file: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    hash: u64,
    file: u32,
    start: u32,
    len: u32,
    symbol: Option<Symbol>,
}

impl<'s> Words<'s> {
    const RECENT: usize = 4096;

    pub fn new(shared: &'s SharedSymbols) -> Self {
        let recent = vec![Recent::default(); Self::RECENT].into();
        Self { shared, own: Symbols::default(), shared_of: Vec::new(), recent, file: 0 }
    }

    /// What follows is of another text.
    pub fn next_file(&mut self) {
        self.file += 1;
    }

    /// The symbol of a word that stands in the text of the file.
    pub fn intern_at(&mut self, text: &[u8], start: usize, end: usize) -> Symbol {
        let word = text.get(start..end).unwrap_or_default();
        let hash = hash_of(word);
        let slot = hash as usize % Self::RECENT;
        if let Some(Recent { symbol: Some(symbol), start, len, .. }) =
            self.recent.get(slot).filter(|recent| recent.hash == hash && recent.file == self.file)
            && text.get(*start as usize..(*start + *len) as usize) == Some(word)
        {
            return *symbol;
        }
        let symbol = self.lookup(word, hash);
        if let Some(place) = self.recent.get_mut(slot) {
            let (start, len) = (start as u32, word.len() as u32);
            *place = Recent { hash, file: self.file, start, len, symbol: Some(symbol) };
        }
        symbol
    }

    /// The symbol of a word from anywhere.
    pub fn intern(&mut self, word: &[u8]) -> Symbol {
        self.lookup(word, hash_of(word))
    }

    fn lookup(&mut self, word: &[u8], hash: u64) -> Symbol {
        let own = self.own.intern_octets(word, hash);
        if let Some(&symbol) = self.shared_of.get(own.index()) {
            return symbol;
        }
        let symbol = self.shared.lock().intern_octets(word, hash);
        self.shared_of.push(symbol);
        symbol
    }
}

/// A map for short keys. Names come from files an operator chose to load, so
/// that nothing is gained by a hasher that withstands chosen collisions.
pub(crate) type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<FastHasher>>;

/// Multiply and rotate, eight octets at a time.
#[derive(Default)]
pub(crate) struct FastHasher(u64);

impl FastHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x51_7c_c1_b7_27_22_0a_95);
    }
}

impl Hasher for FastHasher {
    fn write(&mut self, octets: &[u8]) {
        let (whole, rest) = octets.as_chunks::<8>();
        for chunk in whole {
            self.add(u64::from_le_bytes(*chunk));
        }
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.add(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.add(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.add(u64::from(n));
    }

    fn write_usize(&mut self, n: usize) {
        self.add(n as u64);
    }

    fn finish(&self) -> u64 {
        // The map takes its bucket from the low bits, which a multiplication
        // mixes least.
        self.0 ^ (self.0 >> 32)
    }
}
