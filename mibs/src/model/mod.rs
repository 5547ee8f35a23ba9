//! What the compiler makes of a set of modules: read-only, and cheap to ask.
//!
//! Everything lives in flat tables and is named by number; the handles [`Node`],
//! [`Type`] and [`Module`] are a reference and such a number. Prose stays in the
//! sources and is read when asked for.

mod data;
mod groups;
mod module;
mod node;
mod table;
mod types;

use std::borrow::Cow;

pub use lcms_snmp::object::Access;

pub(crate) use data::{
    Arcs, ComplianceModule, Extra, IndexItem, Mention, ModuleData, ModuleId, NodeData, NodeId,
    Place, PlaceId, Prose, Sequence, TypeData, TypeId,
};
pub(crate) use groups::Groups;
pub use module::Module;
pub use node::{Compliance, DefaultValue, Index, Kind, Node, Status};
pub(crate) use table::{Late, PIECE, Table};
pub use types::{Base, Type};

use crate::{
    diagnostic::{Diagnostic, Record},
    source::{FileId, Source, Span, decode},
    symbol::{FastMap, Symbols},
};

/// A compiled set of modules.
#[derive(Debug, Default)]
pub struct Mib {
    pub(crate) sources: Vec<Source>,
    pub(crate) symbols: Symbols,
    pub(crate) modules: Table<ModuleData>,
    pub(crate) types: Table<TypeData>,
    pub(crate) nodes: Table<NodeData>,
    /// Every OID that has a name, in order.
    pub(crate) places: Table<Place>,
    pub(crate) arcs: Arcs,
    /// Nodes by place; a place's definitions stand together, the one that
    /// speaks for it first.
    pub(crate) by_place: Late<Vec<NodeId>>,
    /// Nodes by the number of their name; of equal names the one that speaks for
    /// it first.
    pub(crate) by_name: Late<Groups>,
    pub(crate) diagnostics: Late<Vec<Diagnostic>>,
}

impl Mib {
    /// The source texts, to show diagnostics with.
    pub fn source(&self, file: FileId) -> Option<&Source> {
        self.sources.get(file.0 as usize)
    }

    /// What is wrong with the modules, in the order they were read.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The diagnostics as plain data.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        self.diagnostics.iter().filter_map(|d| Some(d.record(self.source(d.file)?)))
    }

    /// The diagnostics with the modules they are about.
    pub fn diagnostics_by_module(&self) -> impl Iterator<Item = (Module<'_>, &Diagnostic)> {
        let mut first: FastMap<FileId, ModuleId> = FastMap::default();
        for (at, module) in self.modules.iter().enumerate() {
            first.entry(module.file).or_insert(ModuleId::new(at as u32));
        }
        self.diagnostics.iter().filter_map(move |diagnostic| {
            let id = *first.get(&diagnostic.file)?;
            Some((Module { mib: self, id }, diagnostic))
        })
    }

    /// All modules, in the order they were read.
    pub fn modules(&self) -> impl Iterator<Item = Module<'_>> {
        (0..self.modules.len() as u32).map(|id| Module { mib: self, id: ModuleId::new(id) })
    }

    /// The module of this name.
    pub fn module(&self, name: &str) -> Option<Module<'_>> {
        let name = self.symbols.find(name)?;
        let at = self.modules.iter().position(|module| module.name == name)?;
        Some(Module { mib: self, id: ModuleId::new(at as u32) })
    }

    /// Every definition of an OID, in the order of the OIDs. A name defined in
    /// two modules is there twice.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.by_place.iter().map(|&id| self.node(id))
    }

    pub(crate) fn node(&self, id: NodeId) -> Node<'_> {
        Node { mib: self, id }
    }

    pub(crate) fn text(&self, file: FileId, span: Span) -> &[u8] {
        self.source(file).map(|source| source.slice(span)).unwrap_or_default()
    }

    pub(crate) fn place_arcs(&self, place: &Place) -> &[u32] {
        self.arcs.of(place)
    }

    /// The place that is the longest prefix of `oid`.
    pub(crate) fn longest_prefix(&self, oid: &[u32]) -> Option<PlaceId> {
        // The last place not behind `oid` lies below its longest prefix: all
        // between the two begin with that prefix.
        let behind = self.places.partition_point(|place| self.place_arcs(place) <= oid);
        let mut id = PlaceId::new(u32::try_from(behind.checked_sub(1)?).ok()?);
        loop {
            let place = self.places.get(id.index())?;
            if oid.starts_with(self.place_arcs(place)) {
                return Some(id);
            }
            id = place.parent?;
        }
    }

    /// The node with the longest OID that `oid` begins with, and what remains.
    pub fn lookup<'a>(&self, oid: &'a [u32]) -> Option<(Node<'_>, &'a [u32])> {
        let place = self.places.get(self.longest_prefix(oid)?.index())?;
        let node = self.node(*self.by_place.get(place.nodes as usize)?);
        Some((node, oid.get(place.len as usize..)?))
    }

    /// The type with this name, in this module or the first that has it.
    pub fn type_by_name(&self, module: Option<&str>, name: &str) -> Option<Type<'_>> {
        let name = self.symbols.find(name)?;
        let modules = self.modules().filter(|own| module.is_none_or(|wanted| own.name() == wanted));
        let mut types = modules.flat_map(|module| module.types());
        types.find(|found| found.is_named(name))
    }
}

/// What stands between the quotes, a doubled quote being one.
pub(crate) fn unquote(quoted: &[u8]) -> Cow<'_, str> {
    let inside = quoted.strip_prefix(b"\"").unwrap_or(quoted);
    let inside = inside.strip_suffix(b"\"").unwrap_or(inside);
    let text = decode(inside);
    match text.contains("\"\"") {
        true => Cow::Owned(text.replace("\"\"", "\"")),
        false => text,
    }
}
