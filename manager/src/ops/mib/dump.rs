//! Everything a MIB knows, as flat records for programs.

use std::collections::{BTreeMap, BTreeSet};

use lcms_mibs::{Base, Index, Mib, Module, Node};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

/// A line of `mib dump`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum DumpLine<'m> {
    /// A node.
    Node(Box<NodeRecord<'m>>),
    /// A module.
    Module(ModuleRecord<'m>),
}

/// A definition with an OID.
#[derive(Debug, Serialize)]
pub struct NodeRecord<'m> {
    oid: String,
    name: &'m str,
    module: &'m str,
    kind: &'static str,
    syntax: Option<String>,
    base: Option<&'static str>,
    access: Option<&'static str>,
    status: Option<&'static str>,
    indexes: Vec<String>,
    augments: Option<&'m str>,
    enums: Labels<'m>,
    hint: Option<String>,
    units: Option<String>,
    members: Vec<&'m str>,
}

/// A module, and how much is wrong with it.
#[derive(Debug, Serialize)]
pub struct ModuleRecord<'m> {
    kind: &'static str,
    module: &'m str,
    loaded: bool,
    nodes: usize,
    errors: BTreeMap<u8, usize>,
}

/// Labels in the order in which they are written, as one object.
#[derive(Debug)]
struct Labels<'m>(Vec<(&'m str, i64)>);

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut seen = BTreeSet::new();
        // A label that stands twice is a fault of its module; the first counts.
        for (label, number) in self.0.iter().filter(|(label, _)| seen.insert(*label)) {
            map.serialize_entry(label, number)?;
        }
        map.end()
    }
}

/// All nodes in the order of their OIDs, and then all modules.
pub fn dump(mib: &Mib) -> impl Iterator<Item = DumpLine<'_>> {
    let errors = errors(mib);
    let left_out = idle(mib);
    let is_asked = move |module: &str| !left_out.contains(module);
    let is_module = is_asked.clone();
    let nodes = mib
        .nodes()
        .filter(move |node| is_asked(node.module().name()))
        .map(|node| DumpLine::Node(Box::new(node_record(node))));
    let modules = mib.modules().filter(move |module| is_module(module.name())).map(move |module| {
        let errors = errors.get(module.name()).cloned().unwrap_or_default();
        DumpLine::Module(module_record(module, errors))
    });
    nodes.chain(modules)
}

/// The compiler's own modules that nobody else's stands on.
fn idle(mib: &Mib) -> BTreeSet<&str> {
    let mut idle: BTreeSet<&str> =
        mib.modules().filter(|module| module.is_builtin()).map(|module| module.name()).collect();
    if idle.len() == mib.modules().count() {
        return BTreeSet::new();
    }
    let mut used: Vec<Module<'_>> = mib.modules().filter(|m| !m.is_builtin()).collect();
    while let Some(module) = used.pop() {
        let found = module.imports().filter(|name| idle.remove(name));
        used.extend(found.collect::<Vec<_>>().into_iter().filter_map(|name| mib.module(name)));
    }
    idle
}

/// How many diagnostics of each severity a module has.
fn errors(mib: &Mib) -> BTreeMap<&str, BTreeMap<u8, usize>> {
    let mut by_module: BTreeMap<&str, BTreeMap<u8, usize>> = BTreeMap::new();
    for (module, diagnostic) in mib.diagnostics_by_module() {
        let counts = by_module.entry(module.name()).or_default();
        *counts.entry(diagnostic.severity().level()).or_default() += 1;
    }
    by_module
}

fn module_record(module: Module<'_>, errors: BTreeMap<u8, usize>) -> ModuleRecord<'_> {
    let nodes = module.nodes().count();
    ModuleRecord { kind: "module", module: module.name(), loaded: true, nodes, errors }
}

fn node_record(node: Node<'_>) -> NodeRecord<'_> {
    let syntax = node.syntax();
    let base = syntax.and_then(|syntax| match syntax.base() {
        Base::None => None,
        _ if syntax.is_enumeration() => Some("Enum"),
        base => Some(base.name()),
    });
    NodeRecord {
        oid: dotted(node.oid()),
        name: node.name(),
        module: node.module().name(),
        kind: node.kind().name(),
        syntax: syntax.map(|syntax| syntax.written()),
        base,
        access: node.written_access(),
        status: node.status().map(|status| status.name()),
        indexes: node.own_index().map(|index| index_name(&index)).collect(),
        augments: node.written_augments(),
        enums: Labels(syntax.map(|syntax| syntax.labels().collect()).unwrap_or_default()),
        hint: syntax.and_then(|syntax| syntax.hint()).map(|hint| hint.into_owned()),
        units: node.units().map(|units| units.into_owned()),
        members: node.written_members().collect(),
    }
}

fn index_name(index: &Index<'_>) -> String {
    let name = index.name();
    match index.implied() {
        true => format!("IMPLIED {name}"),
        false => name.into_owned(),
    }
}

/// An OID in numbers.
pub(super) fn dotted(oid: &[u32]) -> String {
    let arcs: Vec<String> = oid.iter().map(|arc| arc.to_string()).collect();
    arcs.join(".")
}
