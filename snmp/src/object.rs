//! Object types as the MIB defines them: what generated code is made of, and
//! what engine and clients know a table by.
//!
//! The MIB compiler writes one module for each table and each group of scalars.
//! It holds an [`Entry`] (the description below), a typed index, a `View` trait
//! with a method for each readable column, a `Row` of options, and a `Patch` of
//! the writable columns. A group of scalars is an entry whose only index is
//! `.0`, so that nothing has to tell the two apart.

use crate::{ErrorStatus, Oid, Value};

/// A table's conceptual row, or a group of scalars with one parent.
#[derive(Debug)]
pub struct Entry {
    /// The descriptor of the row object (`lcServerEntry`), or of the scalars'
    /// parent (`system`).
    pub name: &'static str,
    /// Its OID; a column's arc and an index follow.
    pub oid: &'static [u32],
    /// The columns that have instances a manager may name, by ascending arc.
    /// Index objects that are not accessible are left out.
    pub columns: &'static [Column],
    /// The components of the index, outermost first; empty for scalars.
    pub index: &'static [IndexPart],
}

impl Entry {
    /// The column with this arc.
    pub fn column(&self, arc: u32) -> Option<&'static Column> {
        let at = self.columns.binary_search_by_key(&arc, |column| column.arc).ok()?;
        self.columns.get(at)
    }

    /// The first column with this arc or a later one.
    pub fn column_from(&self, arc: u32) -> Option<&'static Column> {
        let at = self.columns.partition_point(|column| column.arc < arc);
        self.columns.get(at)
    }

    /// Whether the entry is a group of scalars.
    pub fn is_scalars(&self) -> bool {
        self.index.is_empty()
    }

    /// The name of an instance: `entry.column.index`.
    pub fn instance(&self, arc: u32, index: &[u32]) -> Vec<u32> {
        [self.oid, &[arc], index].concat()
    }

    /// The column and index of an instance's name, if it lies below this entry.
    pub fn split<'a>(&self, name: &'a [u32]) -> Option<(u32, &'a [u32])> {
        let (arc, index) = name.strip_prefix(self.oid)?.split_first()?;
        Some((*arc, index))
    }
}

/// A column, or a scalar.
#[derive(Debug)]
pub struct Column {
    /// Its sub-identifier below the entry.
    pub arc: u32,
    /// Its descriptor, `lcServerWeight`.
    pub name: &'static str,
    /// MAX-ACCESS.
    pub access: Access,
    /// What it can hold.
    pub syntax: Syntax,
    /// UNITS, or the empty string.
    pub units: &'static str,
}

/// MAX-ACCESS of an object type (RFC 2578 §7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Access {
    NotAccessible,
    AccessibleForNotify,
    ReadOnly,
    ReadWrite,
    ReadCreate,
}

impl Access {
    /// Whether a SET may name the object.
    pub fn is_writable(self) -> bool {
        matches!(self, Self::ReadWrite | Self::ReadCreate)
    }

    /// Whether a GET may name the object.
    pub fn is_readable(self) -> bool {
        self >= Self::ReadOnly
    }
}

/// The base type of a SYNTAX, after all textual conventions are resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Base {
    Integer32,
    OctetString,
    ObjectIdentifier,
    IpAddress,
    Counter32,
    Gauge32,
    TimeTicks,
    Opaque,
    Counter64,
    Bits,
}

/// What a column can hold: base type and the narrowest sub-typing.
#[derive(Debug)]
pub struct Syntax {
    /// The base type, whose tag a value must carry.
    pub base: Base,
    /// Allowed values, both ends included; empty allows all. Enumerations have
    /// none: their labels are the list.
    pub ranges: &'static [(i64, i64)],
    /// Allowed lengths in octets, both ends included; empty allows all.
    pub sizes: &'static [(u32, u32)],
    /// Labels of an enumeration, or of BITS with their positions.
    pub labels: &'static [(&'static str, i32)],
    /// Whether the octets are UTF-8 text: DisplayString, SnmpAdminString and
    /// whatever is refined from them.
    pub text: bool,
}

/// How a value fails its SYNTAX (RFC 3416 §4.2.5, steps 4 to 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    /// The value carries another type's tag.
    WrongType,
    /// The type is right, its length can never be.
    WrongLength,
    /// The value can never be assigned.
    WrongValue,
}

impl From<SyntaxError> for ErrorStatus {
    fn from(error: SyntaxError) -> Self {
        match error {
            SyntaxError::WrongType => ErrorStatus::WrongType,
            SyntaxError::WrongLength => ErrorStatus::WrongLength,
            SyntaxError::WrongValue => ErrorStatus::WrongValue,
        }
    }
}

impl Syntax {
    /// Whether the value could ever be assigned to an object of this syntax.
    pub fn check(&self, value: &Value<'_>) -> Result<(), SyntaxError> {
        match (self.base, value) {
            (Base::Integer32, Value::Integer(n)) if !self.labels.is_empty() => {
                match self.labels.iter().any(|(_, number)| number == n) {
                    true => Ok(()),
                    false => Err(SyntaxError::WrongValue),
                }
            }
            (Base::Integer32, Value::Integer(n)) => self.check_range(i64::from(*n)),
            (Base::Gauge32, Value::Gauge32(n))
            | (Base::Counter32, Value::Counter32(n))
            | (Base::TimeTicks, Value::TimeTicks(n)) => self.check_range(i64::from(*n)),
            (Base::Bits, Value::OctetString(octets)) => self.check_bits(octets),
            (Base::OctetString, Value::OctetString(octets)) => {
                self.check_size(octets.len())?;
                match self.text && octets.text().is_none() {
                    true => Err(SyntaxError::WrongValue),
                    false => Ok(()),
                }
            }
            (Base::Opaque, Value::Opaque(octets)) => self.check_size(octets.len()),
            (Base::ObjectIdentifier, Value::ObjectIdentifier(_))
            | (Base::IpAddress, Value::IpAddress(_))
            | (Base::Counter64, Value::Counter64(_)) => Ok(()),
            _ => Err(SyntaxError::WrongType),
        }
    }

    fn check_range(&self, n: i64) -> Result<(), SyntaxError> {
        let allowed = self.ranges.iter().any(|&(low, high)| (low..=high).contains(&n));
        match self.ranges.is_empty() || allowed {
            true => Ok(()),
            false => Err(SyntaxError::WrongValue),
        }
    }

    fn check_size(&self, len: usize) -> Result<(), SyntaxError> {
        let fits = |&(low, high): &(u32, u32)| (low as usize..=high as usize).contains(&len);
        match self.sizes.is_empty() || self.sizes.iter().any(fits) {
            true => Ok(()),
            false => Err(SyntaxError::WrongLength),
        }
    }

    /// A bit that is set must have a name; trailing zero octets are harmless.
    fn check_bits(&self, octets: &[u8]) -> Result<(), SyntaxError> {
        let named = |position: usize| self.labels.iter().any(|&(_, p)| p as usize == position);
        let set = (0..octets.len() * 8).filter(|p| octets[p / 8] & (0x80 >> (p % 8)) != 0);
        // A length beyond any label is refused before its bits are looked at.
        let room = self.labels.iter().map(|&(_, p)| p as usize / 8 + 1).max().unwrap_or(0);
        if octets.len() > room.max(1) + 8 {
            return Err(SyntaxError::WrongLength);
        }
        match set.into_iter().all(named) {
            true => Ok(()),
            false => Err(SyntaxError::WrongValue),
        }
    }
}

/// One component of a table's index (RFC 2578 §7.7).
#[derive(Debug)]
pub struct IndexPart {
    /// The descriptor of the index object.
    pub name: &'static str,
    /// Its syntax, by which its sub-identifiers are read and printed.
    pub syntax: Syntax,
    /// No length stands in front: fixed size, or IMPLIED.
    pub bare: bool,
}

/// A typed index: its `Ord` is the order of the OIDs it encodes to.
pub trait Index: Ord + Clone + Sized {
    /// Appends the sub-identifiers.
    fn encode(&self, out: &mut Vec<u32>);

    /// Reads a whole index; `None` when the sub-identifiers are too few, too
    /// many, or no value of the index objects' types.
    fn decode(arcs: &[u32]) -> Option<Self>;
}

/// The index of scalars: the single sub-identifier 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scalar;

impl Index for Scalar {
    fn encode(&self, out: &mut Vec<u32>) {
        out.push(0);
    }

    fn decode(arcs: &[u32]) -> Option<Self> {
        (arcs == [0]).then_some(Self)
    }
}

/// A generated table or group of scalars, for code that works on any of them.
pub trait Table {
    /// The typed index; [`Scalar`] for scalars.
    type Index: Index;
    /// Every readable column as an option: what a client has collected.
    type Row: Default + Clone;
    /// Every writable column as an option: what a SET asks for.
    type Patch: Default + Clone;
    /// What the MIB says of it.
    const ENTRY: &'static Entry;

    /// Puts a column's value into a row. It takes what deployed agents send: the
    /// unsigned types for one another, and strings of any size.
    fn fill(row: &mut Self::Row, arc: u32, value: &Value<'_>) -> Result<(), SyntaxError>;

    /// Puts a column's value into a patch. The value is checked against the
    /// SYNTAX first; a column that is not writable is refused as `WrongType`,
    /// and callers have asked [`Access::is_writable`] before.
    fn write(patch: &mut Self::Patch, arc: u32, value: &Value<'_>) -> Result<(), SyntaxError>;

    /// The columns a patch sets, by ascending arc.
    fn patch_columns(patch: &Self::Patch) -> Vec<(u32, Value<'static>)>;

    /// The variable bindings that carry a patch to the row at `index`.
    fn varbinds(index: &Self::Index, patch: &Self::Patch) -> Vec<crate::VarBind<'static>> {
        let mut arcs = Vec::new();
        index.encode(&mut arcs);
        Self::patch_columns(patch)
            .into_iter()
            .filter_map(|(arc, value)| {
                let name = Oid::new(Self::ENTRY.instance(arc, &arcs)).ok()?;
                Some(crate::VarBind { name, value })
            })
            .collect()
    }
}
