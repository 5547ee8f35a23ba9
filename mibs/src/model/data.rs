//! The flat tables.

use std::num::NonZeroU32;

use super::{Access, Base, DefaultValue, Kind, Late, Status};
use crate::{
    source::{FileId, Span},
    symbol::Symbol,
};

macro_rules! ids {
    ($($name:ident),*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(NonZeroU32);

        impl $name {
            /// The entry of this number, counted from 0. It is kept as one more,
            /// so that there is room for none.
            pub fn new(number: u32) -> Self {
                Self(NonZeroU32::MIN.saturating_add(number))
            }

            pub fn number(self) -> u32 {
                self.0.get() - 1
            }

            pub fn index(self) -> usize {
                self.number() as usize
            }
        }
    )*};
}

ids!(ModuleId, TypeId, NodeId, PlaceId);

#[derive(Debug)]
pub(crate) struct ModuleData {
    pub name: Symbol,
    pub file: FileId,
    pub last_updated: Option<Symbol>,
    pub identity: Option<NodeId>,
    pub nodes: Vec<NodeId>,
    pub types: Vec<TypeId>,
    pub imports: Vec<Symbol>,
}

#[derive(Clone, Debug)]
pub(crate) struct TypeData {
    /// The type's own name; none for a SYNTAX that refines another in place.
    pub name: Option<Symbol>,
    pub module: Option<ModuleId>,
    pub parent: Option<TypeId>,
    pub base: Base,
    pub textual_convention: bool,
    /// What this type adds itself; the effective ones are found by the numbers
    /// below.
    pub ranges: Box<[(i64, i64)]>,
    pub sizes: Box<[(i64, i64)]>,
    pub labels: Box<[(Symbol, i64)]>,
    pub hint: Option<Symbol>,
    pub ranges_at: Option<TypeId>,
    pub sizes_at: Option<TypeId>,
    pub labels_at: Option<TypeId>,
    pub hint_at: Option<TypeId>,
    pub status: Option<Status>,
    pub description: Option<Span>,
    /// NetworkAddress of RFC 1155, whose index form has its choice in front.
    pub network_address: bool,
    /// The name of a SEQUENCE's row type, or the one of its rows' type.
    pub sequence: Sequence,
}

/// Whether a type is a table's or a row's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sequence {
    No,
    Of(Symbol),
    Members(Box<[Symbol]>),
}

/// Where a text stands. It has its quotes, and so is never empty, which leaves
/// room for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prose {
    start: u32,
    len: NonZeroU32,
}

impl Prose {
    pub fn at(span: Span) -> Option<Self> {
        let len = NonZeroU32::new(span.end.saturating_sub(span.start))?;
        Some(Self { start: span.start, len })
    }

    pub fn span(self) -> Span {
        Span { start: self.start, end: self.start.saturating_add(self.len.get()) }
    }
}

#[derive(Debug)]
pub(crate) struct NodeData {
    pub name: Symbol,
    pub module: ModuleId,
    pub place: PlaceId,
    pub kind: Kind,
    pub span: Span,
    pub syntax: Option<TypeId>,
    pub access: Option<Access>,
    /// SMIv1's write-only, which is taken for read-write.
    pub write_only: bool,
    pub status: Option<Status>,
    pub units: Option<Symbol>,
    pub description: Option<Prose>,
    pub reference: Option<Prose>,
    pub extra: Option<Box<Extra>>,
}

/// What few nodes have.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    pub index: Vec<IndexItem>,
    pub augments: Option<Mention>,
    pub members: Vec<Mention>,
    pub default: Option<DefaultValue>,
    pub compliance: Vec<ComplianceModule>,
}

/// A name in a clause, and the node it stands for where somebody defines it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mention {
    pub name: Symbol,
    pub node: Option<NodeId>,
}

#[derive(Clone, Debug)]
pub(crate) struct IndexItem {
    /// None for a type of the language, which SMIv1 allows here.
    pub object: Option<Mention>,
    pub syntax: TypeId,
    pub implied: bool,
}

/// What MODULE-COMPLIANCE asks of one module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ComplianceModule {
    pub module: Symbol,
    pub mandatory: Vec<Symbol>,
    pub groups: Vec<Symbol>,
    pub objects: Vec<(Symbol, Option<Access>)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub start: u32,
    pub len: u32,
    pub parent: Option<PlaceId>,
    /// Where its definitions begin in `by_place`.
    pub nodes: u32,
    pub node_count: u32,
}

/// The sub-identifiers of all places.
#[derive(Debug)]
pub(crate) enum Arcs {
    /// One after another.
    Made(Vec<u32>),
    /// By the piece of the table of places, in which a place's begin within
    /// [`Arcs::SPAN`].
    Kept(Vec<Late<Vec<u32>>>),
}

impl Arcs {
    /// No piece of the table of places has more of them.
    pub const SPAN: usize = super::PIECE * lcms_snmp::Oid::MAX_ARCS;

    pub fn of(&self, place: &Place) -> &[u32] {
        let start = place.start as usize;
        let (arcs, start) = match self {
            Self::Made(arcs) => (arcs.as_slice(), start),
            Self::Kept(pieces) => match pieces.get(start / Self::SPAN) {
                Some(piece) => (piece.as_slice(), start % Self::SPAN),
                None => return &[],
            },
        };
        arcs.get(start..start + place.len as usize).unwrap_or_default()
    }
}

impl Default for Arcs {
    fn default() -> Self {
        Self::Made(Vec::new())
    }
}
