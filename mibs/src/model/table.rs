//! Tables that a compilation fills, or that lie in a cache and are read from it
//! when they are asked: piece by piece, or as a whole.

use std::{
    fmt,
    ops::{Deref, DerefMut, Index, IndexMut},
    sync::OnceLock,
};

/// How many entries of a kept table are read at once.
pub(crate) const PIECE: usize = 128;

/// Entries by their number.
pub(crate) struct Table<T> {
    made: Vec<T>,
    kept: Option<Kept<T>>,
}

/// Reads a piece by its number; none where it is not what was written.
type ReadPiece<T> = Box<dyn Fn(usize) -> Option<Vec<T>> + Send + Sync>;

struct Kept<T> {
    len: usize,
    pieces: Vec<OnceLock<Vec<T>>>,
    read: ReadPiece<T>,
    /// Stands for what could not be read: a disk may fail after all was well.
    blank: T,
}

impl<T> Table<T> {
    /// So many entries that are read when they are asked for.
    pub fn kept(
        len: usize,
        blank: T,
        read: impl Fn(usize) -> Option<Vec<T>> + Send + Sync + 'static,
    ) -> Self {
        let pieces = (0..len.div_ceil(PIECE)).map(|_| OnceLock::new()).collect();
        Self { made: Vec::new(), kept: Some(Kept { len, pieces, read: Box::new(read), blank }) }
    }

    pub fn len(&self) -> usize {
        self.kept.as_ref().map_or(self.made.len(), |kept| kept.len)
    }

    pub fn get(&self, at: usize) -> Option<&T> {
        match &self.kept {
            None => self.made.get(at),
            Some(kept) => kept.get(at),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.iter_from(0)
    }

    /// The entries from this number on.
    pub fn iter_from(&self, first: usize) -> impl Iterator<Item = &T> + Clone {
        (first..self.len()).filter_map(|at| self.get(at))
    }

    /// How many entries, from the first on, are such; behind them none may be.
    pub fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle).is_some_and(&is_before) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    pub fn push(&mut self, entry: T) {
        self.made.push(entry);
    }

    pub fn reserve(&mut self, more: usize) {
        self.made.reserve(more);
    }

    pub fn shrink_to_fit(&mut self) {
        self.made.shrink_to_fit();
    }
}

impl<T> Kept<T> {
    fn get(&self, at: usize) -> Option<&T> {
        if at >= self.len {
            return None;
        }
        let number = at / PIECE;
        let read = || (self.read)(number).unwrap_or_default();
        let piece = self.pieces.get(number)?.get_or_init(read);
        Some(piece.get(at % PIECE).unwrap_or(&self.blank))
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { made: Vec::new(), kept: None }
    }
}

impl<T> From<Vec<T>> for Table<T> {
    fn from(made: Vec<T>) -> Self {
        Self { made, kept: None }
    }
}

impl<T> FromIterator<T> for Table<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        Vec::from_iter(entries).into()
    }
}

impl<T> Index<usize> for Table<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        self.get(at).expect("an entry's number is below the table's length")
    }
}

/// Only what is made is changed.
impl<T> IndexMut<usize> for Table<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.made[at]
    }
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entries", self.len())
    }
}

/// One value that is made, or read when it is asked for.
pub(crate) struct Late<T> {
    value: OnceLock<T>,
    read: Option<Box<dyn Fn() -> Option<T> + Send + Sync>>,
}

impl<T: Default> Late<T> {
    /// What cannot be read is empty.
    pub fn kept(read: impl Fn() -> Option<T> + Send + Sync + 'static) -> Self {
        Self { value: OnceLock::new(), read: Some(Box::new(read)) }
    }

    pub fn into_inner(self) -> T {
        let Self { value, read } = self;
        value.into_inner().or_else(|| read?()).unwrap_or_default()
    }
}

impl<T: Default> Default for Late<T> {
    fn default() -> Self {
        T::default().into()
    }
}

impl<T> From<T> for Late<T> {
    fn from(value: T) -> Self {
        Self { value: OnceLock::from(value), read: None }
    }
}

impl<T: Default> Deref for Late<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.get_or_init(|| self.read.as_ref().and_then(|read| read()).unwrap_or_default())
    }
}

impl<T: Default> DerefMut for Late<T> {
    fn deref_mut(&mut self) -> &mut T {
        let _: &T = self;
        self.value.get_mut().expect("it has just been made")
    }
}

impl<T: Default + fmt::Debug> fmt::Debug for Late<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
