//! Nodes and their places in the tree.

use std::cmp::Reverse;

use super::{
    DefinitionId, Resolver,
    tree::{Places, Tree, Vertex},
    with_century,
};
use crate::{
    ast::{Body, Clause, Invocation, Name},
    diagnostic::Problem,
    model::{
        Access, Arcs, Groups, Kind, Mib, ModuleId, NodeData, NodeId, PlaceId, Prose, Sequence,
        Status, Table,
    },
    similar::nearest,
    symbol::{FastMap, Symbol},
};

/// The words of RFC 2578 §7.3, of RFC 1212, whose write-only can be set, and reading it
/// yields what it may, and of the VARIATIONs of RFC 2580.
const ACCESSES: [(&str, Access); 7] = [
    ("not-accessible", Access::NotAccessible),
    ("accessible-for-notify", Access::AccessibleForNotify),
    ("read-only", Access::ReadOnly),
    ("read-write", Access::ReadWrite),
    ("read-create", Access::ReadCreate),
    ("write-only", Access::ReadWrite),
    ("not-implemented", Access::NotAccessible),
];

impl<'a> Resolver<'a> {
    pub(super) fn resolve_nodes(&mut self) {
        let ids = self.definition_ids();
        self.tree.reserve(ids.len());
        self.mib.nodes.reserve(ids.len());
        let mut found: Vec<(NodeId, Vertex)> = Vec::with_capacity(ids.len());
        for id in ids {
            let body = &self.definition(id).body;
            if !matches!(body, Body::Value { .. } | Body::Invocation { .. }) {
                continue;
            }
            if let Some(vertex) = self.oid_of(id) {
                let node = self.node(id);
                found.push((node, vertex));
            }
        }
        self.passed_nodes(&mut found);
        self.mib.nodes.shrink_to_fit();
        self.oids = Vec::new();
        let nodes = &mut self.mib.nodes;
        let tree = std::mem::replace(&mut self.tree, Tree::new());
        let settle = |node: NodeId, place| nodes[node.index()].place = place;
        let Places { places, arcs, by_place } = tree.places(&found, settle);
        (self.mib.places, self.mib.by_place) = (places.into(), by_place.into());
        self.mib.arcs = Arcs::Made(arcs);
        self.settle_columns();
    }

    /// A place that a module names on the way, `{ iso org(3) ieee(111) 2 }`, has that
    /// name in it, unless it is defined where the module sees it: there, in what it
    /// imports from, or in the base.
    fn passed_nodes(&mut self, found: &mut Vec<(NodeId, Vertex)>) {
        let passed = std::mem::take(&mut self.passed);
        let names: FastMap<Symbol, ()> =
            passed.iter().map(|(_, name, _)| (name.symbol, ())).collect();
        let named = |node: &NodeId| self.mib.nodes[node.index()].name;
        let mut defined: FastMap<(Symbol, Vertex), Vec<ModuleId>> = FastMap::default();
        for (node, vertex) in found.iter().filter(|(node, _)| names.contains_key(&named(node))) {
            let owner = self.mib.nodes[node.index()].module;
            defined.entry((named(node), *vertex)).or_default().push(owner);
        }
        let mut seen: (Option<ModuleId>, FastMap<ModuleId, ()>) = Default::default();
        let mut said: FastMap<(ModuleId, Symbol, Vertex), ()> = FastMap::default();
        for (module, name, vertex) in passed {
            let is_defined = defined.get(&(name.symbol, vertex)).is_some_and(|owners| {
                if seen.0 != Some(module) {
                    seen = (Some(module), self.seen_from(module));
                }
                owners.iter().any(|o| seen.1.contains_key(o) || self.unit_of(*o).is_base)
            });
            if !is_defined && said.insert((module, name.symbol, vertex), ()).is_none() {
                let node = self.plain_node(module, name);
                found.push((NodeId::new(self.mib.nodes.len() as u32), vertex));
                self.mib.nodes.push(node);
            }
        }
    }

    /// A module, those it imports from, and so on.
    fn seen_from(&self, module: ModuleId) -> FastMap<ModuleId, ()> {
        let mut seen: FastMap<ModuleId, ()> = FastMap::default();
        let mut next = vec![module];
        while let Some(module) = next.pop() {
            if seen.insert(module, ()).is_none() {
                next.extend(self.unit_of(module).imports.values().flatten());
            }
        }
        seen
    }

    fn plain_node(&self, module: ModuleId, name: Name) -> NodeData {
        NodeData {
            name: name.symbol,
            module,
            place: PlaceId::new(0),
            kind: Kind::Node,
            span: self.span_of(name),
            syntax: None,
            access: None,
            write_only: false,
            status: None,
            units: None,
            description: None,
            reference: None,
            extra: None,
        }
    }

    fn node(&mut self, id: DefinitionId) -> NodeId {
        let definition = self.definition(id);
        let mut node = self.plain_node(id.0, definition.name);
        if let Body::Invocation { kind, clauses, .. } = &definition.body {
            node.kind = match kind {
                Invocation::ModuleIdentity => Kind::Identity,
                Invocation::ObjectIdentity => Kind::Node,
                // Tables, rows and columns are told apart below.
                Invocation::ObjectType => Kind::Scalar,
                Invocation::NotificationType | Invocation::TrapType => Kind::Notification,
                Invocation::ObjectGroup | Invocation::NotificationGroup => Kind::Group,
                Invocation::ModuleCompliance => Kind::Compliance,
                Invocation::AgentCapabilities => Kind::Capabilities,
            };
            let clauses = &self.unit_of(id.0).ast.pools[*clauses];
            self.read_clauses(id, clauses, &mut node);
            // It has no STATUS clause, and is in force.
            if *kind == Invocation::TrapType {
                node.status.get_or_insert(Status::Current);
            }
            if *kind == Invocation::ObjectType {
                node.kind = self.object_kind(id, &node, clauses);
            }
        }
        let node_id = NodeId::new(self.mib.nodes.len() as u32);
        self.mib.nodes.push(node);
        let number = self.number(id);
        self.node_ids[number] = Some(node_id);
        node_id
    }

    fn read_clauses(&mut self, id: DefinitionId, clauses: &'a [Clause], node: &mut NodeData) {
        // Behind these, clauses speak of something else.
        let ends = |clause: &&Clause| {
            !matches!(clause, Clause::Revision(_) | Clause::Module(_) | Clause::Supports(_))
        };
        for clause in clauses.iter().take_while(ends) {
            match clause {
                Clause::Syntax(syntax) if node.kind == Kind::Scalar => {
                    let syntax = &self.unit_of(id.0).ast.pools[*syntax];
                    node.syntax = Some(self.object_type(id.0, syntax));
                }
                Clause::Access(span) | Clause::OldAccess(span) => {
                    node.access = self.access(id.0, *span);
                    node.write_only = self.word(*span) == "write-only";
                }
                Clause::Status(span) => node.status = self.status(id.0, *span),
                Clause::Units(span) => node.units = Some(*span),
                Clause::Description(span) => node.description = Prose::at(*span),
                Clause::Reference(span) => node.reference = Prose::at(*span),
                _ => {}
            }
        }
        if node.kind == Kind::Scalar && !clauses.iter().any(|c| matches!(c, Clause::Broken)) {
            let name: Box<str> = self.mib.symbols.text(node.name).into();
            if node.syntax.is_none() {
                self.report_at(id.0, node.span, Problem::MissingSyntax { name: name.clone() });
            }
            if !clauses
                .iter()
                .any(|clause| matches!(clause, Clause::Access(_) | Clause::OldAccess(_)))
            {
                self.report_at(id.0, node.span, Problem::MissingAccess { name });
            }
        }
    }

    pub(super) fn access(&mut self, module: ModuleId, name: Name) -> Option<Access> {
        let word = self.word(name);
        let access = ACCESSES.iter().find(|(known, _)| *known == word).map(|(_, access)| *access);
        if access.is_none() {
            let like = nearest(word, ACCESSES.iter().map(|(known, _)| *known)).map(Box::from);
            let word = word.into();
            self.report(module, name, Problem::BadAccess { word, like });
        }
        access
    }

    fn object_kind(&mut self, id: DefinitionId, node: &NodeData, clauses: &[Clause]) -> Kind {
        let sequence = node.syntax.map(|id| &self.mib.types[id.index()].sequence);
        let has_index = has_index(clauses);
        match sequence {
            Some(Sequence::Of(_)) => Kind::Table,
            Some(Sequence::Members(_)) if !has_index && !self.lacks_index(id.0) => {
                let name = self.mib.symbols.text(node.name).into();
                self.report_at(id.0, node.span, Problem::MissingIndex { name });
                Kind::Row
            }
            Some(Sequence::Members(_)) => Kind::Row,
            _ if has_index => Kind::Row,
            _ => Kind::Scalar,
        }
    }

    /// Whether the module uses the OBJECT-TYPE of RFC 1155, which had no INDEX.
    pub(crate) fn lacks_index(&self, module: ModuleId) -> bool {
        let ast = self.unit_of(module).ast;
        ast.imports.iter().any(|import| {
            matches!(self.word(import.module), "RFC1155-SMI" | "RFC1065-SMI")
                && ast.pools[import.symbols].iter().any(|&name| self.word(name) == "OBJECT-TYPE")
        })
    }

    /// A scalar right below a row is a column.
    fn settle_columns(&mut self) {
        self.settle_rows();
        for at in 0..self.mib.nodes.len() {
            let node = &self.mib.nodes[at];
            if node.kind != Kind::Scalar {
                continue;
            }
            let place = self.mib.places[node.place.index()];
            let Some(parent) = place.parent else { continue };
            let is_right_below = self.mib.places[parent.index()].len + 1 == place.len;
            if is_right_below && self.holds_columns(parent, node.module) {
                self.mib.nodes[at].kind = Kind::Column;
            }
        }
    }

    /// What has the syntax of a row, and neither an index nor a table above it, is a
    /// group of scalars that somebody thought of as a record.
    fn settle_rows(&mut self) {
        for at in 0..self.mib.nodes.len() {
            let node = &self.mib.nodes[at];
            if node.kind != Kind::Row {
                continue;
            }
            let above = self.mib.places[node.place.index()].parent;
            let mut above = above.into_iter().flat_map(|id| self.mib.defined_at(id));
            let is_in_table = above.any(|id| self.mib.nodes[id.index()].kind == Kind::Table);
            if !is_in_table && !self.has_index(node) {
                self.mib.nodes[at].kind = Kind::Scalar;
            }
        }
    }

    /// Whether what stands at a place is a row, in the eyes of a module: two
    /// vendors may give one OID to different things.
    fn holds_columns(&self, place: PlaceId, module: ModuleId) -> bool {
        let nodes = || self.mib.defined_at(place).iter().map(|id| &self.mib.nodes[id.index()]);
        let is_own = |node: &&NodeData| node.module == module;
        match nodes().any(|node| is_own(&node)) {
            true => nodes().filter(is_own).any(|node| match node.kind {
                Kind::Row => true,
                Kind::Table => self.has_index(node),
                _ => false,
            }),
            false => nodes().any(|node| node.kind == Kind::Row),
        }
    }

    /// Whether a row, or a table in its place, has INDEX or AUGMENTS.
    fn has_index(&self, node: &NodeData) -> bool {
        let definition = self.quiet_find(node.module, node.name);
        definition.is_some_and(|id| has_index(self.unit_of(id.0).ast.clauses(self.definition(id))))
    }
}

fn has_index(clauses: &[Clause]) -> bool {
    clauses.iter().any(|clause| matches!(clause, Clause::Index(_) | Clause::Augments(_)))
}

impl Mib {
    /// The definitions of a place.
    fn defined_at(&self, place: PlaceId) -> &[NodeId] {
        let place = &self.places[place.index()];
        &self.by_place[place.nodes as usize..(place.nodes + place.node_count) as usize]
    }

    /// Puts the definition that speaks for a place, or for a name, first: an
    /// object before a plain value, a newer module before an older one.
    pub(crate) fn order_definitions(&mut self) {
        let dates: Vec<String> = self
            .modules()
            .map(|module| with_century(module.last_updated().unwrap_or_default().trim()))
            .collect();
        let rank = |nodes: &Table<NodeData>, id: NodeId| {
            let node = &nodes[id.index()];
            let date = dates.get(node.module.index()).cloned().unwrap_or_default();
            (node.kind == Kind::Node, Reverse(date), node.module, id)
        };
        for place in self.places.iter() {
            let range = place.nodes as usize..(place.nodes + place.node_count) as usize;
            if let Some(nodes) = self.by_place.get_mut(range)
                && nodes.len() > 1
            {
                nodes.sort_by_cached_key(|&id| rank(&self.nodes, id));
            }
        }
        let named = self.nodes.iter().enumerate();
        let named = named.map(|(at, node)| (node.name.index() as u32, at as u32));
        self.by_name = Groups::new(self.symbols.bound(), named).into();
        for name in 0..self.symbols.bound() as u32 {
            let nodes = self.by_name.of_mut(name);
            if nodes.len() > 1 {
                nodes.sort_by_cached_key(|&id| rank(&self.nodes, NodeId::new(id)));
            }
        }
    }
}
