//! The flat tables.

use super::{Access, Base, DefaultValue, Kind, Status};
use crate::{
    source::{FileId, Span},
    symbol::Symbol,
};

macro_rules! ids {
    ($($name:ident),*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub u32);
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

#[derive(Debug)]
pub(crate) struct NodeData {
    pub name: Symbol,
    pub module: ModuleId,
    pub place: PlaceId,
    pub kind: Kind,
    pub span: Span,
    pub syntax: Option<TypeId>,
    pub access: Option<Access>,
    pub status: Option<Status>,
    pub units: Option<Symbol>,
    pub description: Option<Span>,
    pub reference: Option<Span>,
    pub extra: Option<Box<Extra>>,
}

/// What few nodes have.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    pub index: Vec<IndexItem>,
    pub augments: Option<NodeId>,
    pub members: Vec<NodeId>,
    pub default: Option<DefaultValue>,
    pub compliance: Vec<ComplianceModule>,
}

#[derive(Clone, Debug)]
pub(crate) struct IndexItem {
    pub node: Option<NodeId>,
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
