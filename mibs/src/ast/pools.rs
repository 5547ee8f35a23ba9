//! The lists of a module's tree, each sort in one vector.

use std::{fmt, marker::PhantomData, ops::Index};

use super::{Clause, Defval, IndexItem, Interval, Label, Member, Name, OidPart, OidValue, Syntax};

/// One element of a pool.
pub(crate) struct Id<T>(u32, PhantomData<fn() -> T>);

/// Elements that stand together in a pool.
pub(crate) struct Slice<T> {
    start: u32,
    len: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> Slice<T> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.len as usize
    }

    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl<T> Default for Slice<T> {
    fn default() -> Self {
        Self { start: 0, len: 0, of: PhantomData }
    }
}

/// Where a list under way begins in its pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(u32);

/// What lies in a pool.
pub(crate) trait Pooled: Sized + 'static {
    fn pool(pools: &Pools) -> &Vec<Self>;
    fn pool_mut(pools: &mut Pools) -> &mut Vec<Self>;
}

macro_rules! pools {
    ($($field:ident: $element:ty,)*) => {
        /// All lists of one module.
        #[derive(Debug, Default)]
        pub(crate) struct Pools {
            $($field: Vec<$element>,)*
        }

        $(impl Pooled for $element {
            fn pool(pools: &Pools) -> &Vec<Self> {
                &pools.$field
            }

            fn pool_mut(pools: &mut Pools) -> &mut Vec<Self> {
                &mut pools.$field
            }
        })*

        impl Pools {
            /// What was gathered, in as much memory as it needs; the memory it
            /// was gathered in stays for the next module.
            pub fn drain(&mut self) -> Self {
                Self { $($field: self.$field.drain(..).collect(),)* }
            }
        }
    };
}

pools! {
    clauses: Clause,
    names: Name,
    parts: OidPart,
    values: OidValue,
    syntaxes: Syntax,
    labels: Label,
    members: Member,
    intervals: Interval,
    items: IndexItem,
    defaults: Defval,
}

impl Pools {
    /// Puts one element in.
    pub fn add<T: Pooled>(&mut self, element: T) -> Id<T> {
        let pool = T::pool_mut(self);
        pool.push(element);
        Id(pool.len() as u32 - 1, PhantomData)
    }

    /// Where the next list of this sort begins.
    pub fn mark<T: Pooled>(&self) -> Mark {
        Mark(T::pool(self).len() as u32)
    }

    /// The list that was put in since its mark was made.
    pub fn since<T: Pooled>(&self, mark: Mark) -> Slice<T> {
        let len = (T::pool(self).len() as u32).saturating_sub(mark.0);
        Slice { start: mark.0, len, of: PhantomData }
    }
}

impl<T: Pooled> Index<Slice<T>> for Pools {
    type Output = [T];

    fn index(&self, slice: Slice<T>) -> &[T] {
        let range = slice.start as usize..slice.start as usize + slice.len();
        T::pool(self).get(range).unwrap_or_default()
    }
}

impl<T: Pooled> Index<Id<T>> for Pools {
    type Output = T;

    fn index(&self, id: Id<T>) -> &T {
        &T::pool(self)[id.0 as usize]
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl<T> Clone for Slice<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slice<T> {}

impl<T> fmt::Debug for Slice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}+{}", self.start, self.len)
    }
}
