//! Nodes and their places in the tree.

use std::cmp::Reverse;

use super::{DefinitionId, Resolver, with_century};
use crate::{
    ast::{Body, Clause, Invocation, Name},
    diagnostic::Problem,
    model::{Access, Kind, Mib, ModuleId, NodeData, NodeId, Place, PlaceId, Sequence, TypeId},
};

impl<'a> Resolver<'a> {
    pub(super) fn resolve_nodes(&mut self) {
        // Node, start and length of its OID.
        let mut found: Vec<(NodeId, u32, u32)> = Vec::new();
        for id in self.definition_ids() {
            let body = &self.definition(id).body;
            if !matches!(body, Body::Value { .. } | Body::Invocation { .. }) {
                continue;
            }
            if let Some((start, len)) = self.oid_of(id) {
                let node = self.node(id);
                found.push((node, start, len));
            }
        }
        self.place(found);
        self.settle_columns();
    }

    fn node(&mut self, id: DefinitionId) -> NodeId {
        let definition = self.definition(id);
        let name = definition.name.symbol;
        let mut node = NodeData {
            name,
            module: id.0,
            place: PlaceId(0),
            kind: Kind::Node,
            span: self.span_of(definition.name),
            syntax: None,
            access: None,
            status: None,
            units: None,
            description: None,
            reference: None,
            extra: None,
        };
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
            self.read_clauses(id, clauses, &mut node);
            if *kind == Invocation::ObjectType {
                node.kind = self.object_kind(id, &node, clauses);
            }
        }
        let node_id = NodeId(self.mib.nodes.len() as u32);
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
                    node.syntax = Some(self.object_type(id.0, syntax));
                }
                Clause::Access(span) | Clause::OldAccess(span) => {
                    node.access = self.access(id.0, *span);
                }
                Clause::Status(span) => node.status = self.status(id.0, *span),
                Clause::Units(span) => node.units = Some(*span),
                Clause::Description(span) => node.description = Some(*span),
                Clause::Reference(span) => node.reference = Some(*span),
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
        Some(match word {
            "not-accessible" | "not-implemented" => Access::NotAccessible,
            "accessible-for-notify" => Access::AccessibleForNotify,
            "read-only" => Access::ReadOnly,
            // SMIv1's write-only can be set, and reading it yields what it may.
            "read-write" | "write-only" => Access::ReadWrite,
            "read-create" => Access::ReadCreate,
            _ => {
                let word = word.into();
                self.report(module, name, Problem::BadAccess { word });
                return None;
            }
        })
    }

    fn object_kind(&mut self, id: DefinitionId, node: &NodeData, clauses: &[Clause]) -> Kind {
        let sequence = node.syntax.map(|TypeId(t)| &self.mib.types[t as usize].sequence);
        let has_index = clauses.iter().any(|c| matches!(c, Clause::Index(_) | Clause::Augments(_)));
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
        let imports = &self.unit_of(module).ast.imports;
        imports.iter().any(|import| {
            matches!(self.word(import.module), "RFC1155-SMI" | "RFC1065-SMI")
                && import.symbols.iter().any(|&name| self.word(name) == "OBJECT-TYPE")
        })
    }

    /// Sorts the nodes by OID and finds every place's parent.
    fn place(&mut self, mut found: Vec<(NodeId, u32, u32)>) {
        let Mib { arcs, places, nodes, by_place, .. } = &mut self.mib;
        let oid = |start: u32, len: u32| -> &[u32] {
            arcs.get(start as usize..(start + len) as usize).unwrap_or_default()
        };
        found.sort_by(|a, b| oid(a.1, a.2).cmp(oid(b.1, b.2)).then(a.0.cmp(&b.0)));
        // The places the current one lies below.
        let mut above: Vec<PlaceId> = Vec::new();
        for (node, start, len) in found {
            let own = oid(start, len);
            let is_same =
                places.last().is_some_and(|last: &Place| oid(last.start, last.len) == own);
            if !is_same {
                while let Some(top) = above.last() {
                    let top = &places[top.0 as usize];
                    match own.starts_with(oid(top.start, top.len)) {
                        true => break,
                        false => above.pop(),
                    };
                }
                let parent = above.last().copied();
                above.push(PlaceId(places.len() as u32));
                let first = by_place.len() as u32;
                places.push(Place { start, len, parent, nodes: first, node_count: 0 });
            }
            by_place.push(node);
            nodes[node.0 as usize].place = PlaceId(places.len() as u32 - 1);
            if let Some(last) = places.last_mut() {
                last.node_count += 1;
            }
        }
    }

    /// A scalar right below a row is a column.
    fn settle_columns(&mut self) {
        for at in 0..self.mib.nodes.len() {
            let node = &self.mib.nodes[at];
            if node.kind != Kind::Scalar {
                continue;
            }
            let place = self.mib.places[node.place.0 as usize];
            let Some(parent) = place.parent.map(|id| self.mib.places[id.0 as usize]) else {
                continue;
            };
            let above = &self.mib.by_place
                [parent.nodes as usize..(parent.nodes + parent.node_count) as usize];
            let below_row = above.iter().any(|id| self.mib.nodes[id.0 as usize].kind == Kind::Row);
            if below_row && parent.len + 1 == place.len {
                self.mib.nodes[at].kind = Kind::Column;
            }
        }
    }
}

impl Mib {
    /// Puts the definition that speaks for a place, or for a name, first: an
    /// object before a plain value, a newer module before an older one.
    pub(crate) fn order_definitions(&mut self) {
        let dates: Vec<String> = self
            .modules()
            .map(|module| with_century(module.last_updated().unwrap_or_default().trim()))
            .collect();
        let rank = |nodes: &[NodeData], id: NodeId| {
            let node = &nodes[id.0 as usize];
            let date = dates.get(node.module.0 as usize).cloned().unwrap_or_default();
            (node.kind == Kind::Node, Reverse(date), node.module, id)
        };
        for place in &self.places {
            let range = place.nodes as usize..(place.nodes + place.node_count) as usize;
            if let Some(nodes) = self.by_place.get_mut(range)
                && nodes.len() > 1
            {
                nodes.sort_by_cached_key(|&id| rank(&self.nodes, id));
            }
        }
        for at in 0..self.nodes.len() as u32 {
            let name = self.nodes[at as usize].name;
            self.by_name.entry(name).or_default().push(NodeId(at));
        }
        for nodes in self.by_name.values_mut().filter(|nodes| nodes.len() > 1) {
            nodes.sort_by_cached_key(|&id| rank(&self.nodes, id));
        }
    }
}
