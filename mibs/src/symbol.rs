//! Interned names: one number for each distinct word, whatever number of
//! modules speaks of it.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    iter::repeat_n,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
};

use crate::{model::Late, source::decode};

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

/// All names of one compilation, spread over shards by their hash: threads that
/// read files at the same time rarely wait for one another.
#[derive(Debug)]
pub(crate) struct Symbols {
    shards: Vec<Late<Shard>>,
}

/// A power of two.
const SHARDS: usize = Symbols::SHARDS;

impl Default for Symbols {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Late::default()).collect() }
    }
}

impl Symbols {
    /// How many shards there are.
    pub const SHARDS: usize = 64;

    /// The texts of each shard, and where each of them ends.
    pub fn shards(&self) -> impl Iterator<Item = (&str, &[u32])> {
        self.shards.iter().map(|shard| (shard.texts.as_str(), shard.ends.as_slice()))
    }

    /// Names that are read shard by shard, to be asked only. None where the ends of
    /// a shard are no ends.
    pub fn kept(
        read: impl Fn(usize) -> Option<(String, Vec<u32>)> + Clone + Send + Sync + 'static,
    ) -> Self {
        let shard = |number| {
            let read = read.clone();
            Late::kept(move || {
                let (texts, ends) = read(number)?;
                let is_right = ends.is_sorted()
                    && ends.iter().all(|&end| texts.is_char_boundary(end as usize));
                is_right.then_some(Shard { texts, ends, table: Vec::new() })
            })
        };
        Self { shards: (0..SHARDS).map(shard).collect() }
    }

    pub fn intern(&mut self, text: &str) -> Symbol {
        let hash = hash_of(text.as_bytes());
        let shard = shard_of(hash);
        let at = self.shards.get_mut(shard).map_or(0, |s| s.intern(text.as_bytes(), hash));
        numbered(shard, at)
    }

    pub fn find(&self, text: &str) -> Option<Symbol> {
        let hash = hash_of(text.as_bytes());
        let shard = shard_of(hash);
        let at = self.shards.get(shard)?.find(text.as_bytes(), hash).ok()?;
        Some(numbered(shard, at))
    }

    pub fn text(&self, symbol: Symbol) -> &str {
        let at = symbol.index();
        self.shards.get(at % SHARDS).map_or("", |shard| shard.text((at / SHARDS) as u32))
    }

    /// All numbers are below this one.
    pub fn bound(&self) -> usize {
        self.shards.iter().map(|shard| shard.ends.len()).max().unwrap_or(0) * SHARDS
    }
}

fn shard_of(hash: u64) -> usize {
    hash as usize % SHARDS
}

fn numbered(shard: usize, at: u32) -> Symbol {
    Symbol::at(at as usize * SHARDS + shard).unwrap_or(Symbol::NONE)
}

/// Texts one behind another, and a table that is probed linearly.
#[derive(Debug, Default)]
struct Shard {
    texts: String,
    /// Where each text ends.
    ends: Vec<u32>,
    /// Numbers from 1 by hash, each below the upper half of its hash, so that few
    /// other texts are looked at; zero where there is none. At most half is in use.
    table: Vec<u64>,
}

impl Shard {
    /// The number of a text of any encoding.
    fn intern(&mut self, octets: &[u8], hash: u64) -> u32 {
        if self.table.len() <= self.ends.len() * 2 {
            self.grow();
        }
        let slot = match self.find(octets, hash) {
            Ok(at) => return at,
            Err(slot) => slot,
        };
        self.texts.push_str(&decode(octets));
        let at = self.ends.len() as u32;
        self.ends.push(self.texts.len() as u32);
        if let Some(place) = self.table.get_mut(slot) {
            *place = entry(at, hash);
        }
        at
    }

    /// The number of a text, or the slot where it would go.
    fn find(&self, octets: &[u8], hash: u64) -> Result<u32, usize> {
        if self.table.is_empty() {
            // One that was kept has no table: for a few questions none is made.
            let mut all = 0..self.ends.len() as u32;
            return all.find(|&at| self.text(at).as_bytes() == octets).ok_or(0);
        }
        let mut slot = self.home(hash);
        loop {
            let found = self.table.get(slot).copied().unwrap_or(0);
            let Some(at) = (found as u32).checked_sub(1) else { return Err(slot) };
            if found == entry(at, hash) && self.text(at).as_bytes() == octets {
                return Ok(at);
            }
            slot = self.behind(slot);
        }
    }

    fn text(&self, at: u32) -> &str {
        let at = at as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |&e| e);
        let end = self.ends.get(at).map_or(start, |&end| end);
        self.texts.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Where a hash is looked for first: by its upper half, which the table keeps.
    fn home(&self, hash: u64) -> usize {
        (hash >> 32) as usize & self.table.len().wrapping_sub(1)
    }

    fn behind(&self, slot: usize) -> usize {
        (slot + 1) & self.table.len().wrapping_sub(1)
    }

    fn grow(&mut self) {
        // Written, not only promised to be zero: to be read and then written
        // costs a page two faults.
        let larger = repeat_n(0, (self.table.len() * 2).max(64)).collect();
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
    let mut hasher = FastHasher(octets.len() as u64);
    let (whole, rest) = octets.as_chunks::<8>();
    for chunk in whole {
        hasher.add(u64::from_le_bytes(*chunk));
    }
    if !rest.is_empty() {
        hasher.add(end_of(octets));
    }
    hasher.finish()
}

/// The last eight octets of a word, some of which may have been seen, or all of a
/// shorter one: no copy of a length that only the processor learns.
fn end_of(octets: &[u8]) -> u64 {
    if let Some(last) = octets.last_chunk() {
        return u64::from_le_bytes(*last);
    }
    if let (Some(first), Some(last)) = (octets.first_chunk(), octets.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    // Each of up to three.
    let at = |at: usize| octets.get(at).map_or(0, |&octet| u64::from(octet));
    at(0) | at(1) << 8 | at(2) << 16
}

/// What stands in the table.
fn entry(at: u32, hash: u64) -> u64 {
    (hash >> 32 << 32) | u64::from(at.wrapping_add(1))
}

/// The names of a compilation while several threads read files.
#[derive(Debug)]
pub(crate) struct SharedSymbols {
    shards: Vec<Mutex<Shard>>,
    /// By the number of a symbol, which reserved word it is, counted from 1.
    reserved: Vec<u8>,
}

impl SharedSymbols {
    /// With the reserved words of the language.
    pub fn new<'w>(words: impl Iterator<Item = &'w str>) -> Self {
        let mut symbols = Symbols::default();
        let mut reserved = Vec::new();
        for (at, word) in words.enumerate() {
            let number = symbols.intern(word).index();
            if reserved.len() <= number {
                reserved.resize(number + 1, 0);
            }
            if let Some(place) = reserved.get_mut(number) {
                *place = at as u8 + 1;
            }
        }
        Self {
            shards: symbols
                .shards
                .into_iter()
                .map(|shard| Mutex::new(shard.into_inner()))
                .collect(),
            reserved,
        }
    }

    pub fn into_inner(self) -> Symbols {
        let shards = self.shards.into_iter();
        let shards = shards.map(|s| s.into_inner().unwrap_or_else(PoisonError::into_inner));
        Symbols { shards: shards.map(Late::from).collect() }
    }
}

/// One thread's view of the shared names.
#[derive(Debug)]
pub(crate) struct Words<'s> {
    shared: &'s SharedSymbols,
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
        Self { shared, recent, file: 0 }
    }

    /// What follows is of another text.
    pub fn next_file(&mut self) {
        self.file += 1;
    }

    /// The symbol of a word that stands in the text of the file.
    pub fn intern_at(&mut self, text: &[u8], start: usize, end: usize) -> Symbol {
        let word = text.get(start..end).unwrap_or_default();
        let hash = hash_of(word);
        let slot = (hash as usize / SHARDS) % Self::RECENT;
        let recent = self.recent.get(slot).copied().unwrap_or_default();
        if let Some(symbol) = recent.symbol
            && recent.hash == hash
            && recent.file == self.file
            && text.get(recent.start as usize..(recent.start + recent.len) as usize) == Some(word)
        {
            return symbol;
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
        let number = shard_of(hash);
        let Some(shard) = self.shared.shards.get(number) else { return Symbol::NONE };
        let at = shard.lock().unwrap_or_else(PoisonError::into_inner).intern(word, hash);
        numbered(number, at)
    }

    /// Which reserved word a symbol is, by the order they were given in.
    pub fn reserved(&self, symbol: Symbol) -> Option<usize> {
        let number = *self.shared.reserved.get(symbol.index())?;
        usize::from(number).checked_sub(1)
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
