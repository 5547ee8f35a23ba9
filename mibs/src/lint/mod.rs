//! What is questionable in modules that can be understood.
//!
//! The resolver says what is wrong; here, with everything at hand, each module
//! is held against the rules of RFC 2578 to 2580 and good custom. Only who asks
//! for it pays for it.

mod conformance;
mod indexes;
mod objects;
mod rule;
mod tables;
mod types;
mod words;

pub use rule::Rule;

use crate::{
    ast::{self, Body, Clause, Definition, Name},
    diagnostic::Problem,
    model::{Kind, ModuleId, NodeData, NodeId},
    resolve::{DefinitionId, Origin, Resolver},
    source::{FileId, Span},
    symbol::FastMap,
};

/// Judges every module that was not built in.
pub(crate) fn judge(resolver: &mut Resolver<'_>) {
    let grave = resolver.mib.diagnostics.iter().filter(|diagnostic| {
        let is_misplaced = matches!(
            diagnostic.problem,
            Problem::DuplicateDefinition { .. } | Problem::NumberTooLarge
        );
        diagnostic.severity() <= crate::Severity::Severe || is_misplaced
    });
    let damaged: FastMap<FileId, ()> = grave.map(|diagnostic| (diagnostic.file, ())).collect();
    for at in 0..resolver.units.len() {
        let id = ModuleId::new(at as u32);
        if resolver.units[at].origin == Origin::BuiltIn || resolver.units[at].is_base {
            continue;
        }
        let mut judge = Judge::new(resolver, id);
        judge.words();
        judge.types();
        judge.objects();
        judge.tables();
        judge.indexes();
        judge.conformance();
        let found = judge.found;
        // Where something could not be read, what seems to be missing was
        // perhaps there.
        let is_damaged = damaged.contains_key(&resolver.file_of(id));
        for (span, problem) in found {
            if is_damaged
                && let Problem::Style { rule, .. } = &problem
                && rule.is_about_absence()
            {
                continue;
            }
            resolver.report_at(id, span, problem);
        }
    }
}

/// One module before the rules.
struct Judge<'r, 'a> {
    resolver: &'r Resolver<'a>,
    id: ModuleId,
    ast: &'a ast::Module,
    /// Whether it is written in SMIv2.
    is_v2: bool,
    found: Vec<(Span, Problem)>,
}

impl<'r, 'a> Judge<'r, 'a> {
    fn new(resolver: &'r Resolver<'a>, id: ModuleId) -> Self {
        let ast = resolver.units[id.index()].ast;
        let is_v2 = ast.definitions.iter().any(|d| d.is_identity())
            || ast.imports.iter().any(|import| {
                matches!(resolver.word(import.module), "SNMPv2-SMI" | "SNMPv2-TC" | "SNMPv2-CONF")
            });
        Self { resolver, id, ast, is_v2, found: Vec::new() }
    }

    fn say(&mut self, rule: Rule, at: Name, about: &str) {
        let end = at.start + self.resolver.word(at).len() as u32;
        self.say_at(rule, Span { start: at.start, end }, about);
    }

    fn say_at(&mut self, rule: Rule, span: Span, about: &str) {
        self.found.push((span, Problem::Style { rule, name: about.into() }));
    }

    fn word(&self, name: Name) -> &'r str {
        self.resolver.word(name)
    }

    fn status(&self, definition: &Definition) -> Option<Name> {
        self.ast.clauses(definition).iter().find_map(|clause| match clause {
            Clause::Status(name) => Some(*name),
            _ => None,
        })
    }

    /// The definitions that count, with their nodes.
    fn nodes(&self) -> Vec<(&'a Definition, NodeId)> {
        let numbered = self.ast.definitions.iter().enumerate();
        numbered
            .filter_map(|(at, definition)| {
                let node = self.resolver.node_id((self.id, at as u32))?;
                Some((definition, node))
            })
            .collect()
    }

    fn node(&self, id: NodeId) -> &'r NodeData {
        &self.resolver.mib.nodes[id.index()]
    }

    fn name_of(&self, id: NodeId) -> &'r str {
        self.resolver.mib.symbols.text(self.node(id).name)
    }

    fn oid(&self, id: NodeId) -> &'r [u32] {
        self.resolver.mib.node(id).oid()
    }

    /// The node that speaks for the place right above, if there is one.
    fn parent(&self, id: NodeId) -> Option<NodeId> {
        let mib = &self.resolver.mib;
        let place = mib.places.get(self.node(id).place.index())?;
        let above = mib.places.get(place.parent?.index())?;
        if above.len + 1 != place.len {
            return None;
        }
        let nodes =
            mib.by_place.get(above.nodes as usize..(above.nodes + above.node_count) as usize)?;
        let own = nodes.iter().find(|&&n| self.node(n).module == self.id);
        own.or(nodes.first()).copied()
    }

    /// What a name stands for here.
    fn meant(&self, name: Name) -> Option<NodeId> {
        let found: DefinitionId = self.resolver.quiet_find(self.id, name.symbol)?;
        self.resolver.node_id(found)
    }
}

impl Definition {
    fn is_identity(&self) -> bool {
        let kind = ast::Invocation::ModuleIdentity;
        matches!(&self.body, Body::Invocation { kind: found, .. } if *found == kind)
    }

    /// The value behind `::=`.
    fn value(&self) -> Option<&ast::OidValue> {
        match &self.body {
            Body::Value { value } | Body::Invocation { value, .. } => Some(value),
            _ => None,
        }
    }
}

impl Kind {
    fn is_object(self) -> bool {
        matches!(self, Self::Scalar | Self::Column | Self::Table | Self::Row)
    }
}
