//! Clauses of objects and notifications.

use super::{Judge, Rule};
use crate::{
    ast::{Body, Clause, Definition, Invocation},
    model::{Access, Base, Kind, NodeId},
    source::Span,
    symbol::FastMap,
};

impl Judge<'_, '_> {
    pub(super) fn objects(&mut self) {
        for definition in &self.ast.definitions {
            self.clauses(definition);
        }
        let mut taken: FastMap<&[u32], NodeId> = FastMap::default();
        for (definition, node) in self.nodes() {
            self.value(definition, node);
            self.access(definition, node);
            let before = *taken.entry(self.oid(node)).or_insert(node);
            if before != node {
                let both =
                    self.node(node).kind != Kind::Node && self.node(before).kind != Kind::Node;
                let rule = if both { Rule::DuplicateOid } else { Rule::OidReuse };
                let value = definition.value();
                let start = value.map(|value| value.last).unwrap_or_default();
                let end = value.map(|value| value.span.end).unwrap_or_default();
                self.say_at(rule, Span { start, end: end.max(start) }, self.name_of(before));
            }
        }
    }

    fn clauses(&mut self, definition: &Definition) {
        let about = self.word(definition.name);
        let has_status = match &definition.body {
            Body::Invocation { kind, .. } => {
                !matches!(kind, Invocation::ModuleIdentity | Invocation::TrapType)
            }
            Body::TextualConvention { .. } => true,
            _ => false,
        };
        if has_status && self.status(definition).is_none() && !self.ast.is_broken(definition) {
            self.say(Rule::StatusMissing, definition.name, about);
        }
        // RFC 1212 lets it be left out.
        let is_described =
            |clause: &Clause| matches!(clause, Clause::Description(_) | Clause::Broken);
        if has_status
            && self.is_v2
            && !self.ast.clauses(definition).iter().any(is_described)
            && !self.ast.is_broken(definition)
        {
            self.say(Rule::DescriptionMissing, definition.name, about);
        }
        for clause in self.ast.clauses(definition) {
            match clause {
                Clause::OldAccess(word) if self.is_v2 && !definition.is_capabilities() => {
                    self.say(Rule::AccessInSmiV2, *word, about);
                }
                Clause::Access(word) if !self.is_v2 => {
                    self.say(Rule::MaxAccessInSmiV1, *word, about);
                }
                Clause::Access(word) if self.word(*word) == "write-only" => {
                    self.say(Rule::WriteOnly, *word, about);
                }
                Clause::Status(word) => {
                    let is_v1_word = matches!(self.word(*word), "mandatory" | "optional");
                    let is_v2_word = self.word(*word) == "current";
                    if self.is_v2 && is_v1_word && !definition.is_capabilities() {
                        self.say(Rule::StatusInSmiV2, *word, about);
                    } else if !self.is_v2 && is_v2_word {
                        self.say(Rule::StatusInSmiV1, *word, about);
                    }
                }
                Clause::Description(span) if span.end - span.start <= 2 => {
                    self.say_at(Rule::EmptyDescription, *span, about);
                }
                _ => {}
            }
        }
    }

    /// The OBJECT IDENTIFIER itself.
    fn value(&mut self, definition: &Definition, node: NodeId) {
        let Some(value) = definition.value() else { return };
        let oid = self.oid(node);
        let about = self.word(definition.name);
        let is_notification = self.node(node).kind == Kind::Notification;
        let is_trap =
            matches!(definition.body, Body::Invocation { kind: Invocation::TrapType, .. });
        // `foo(3)` on the way gives the node between a name.
        let parts = &self.ast.pools[value.parts];
        let between = parts.get(1..parts.len().saturating_sub(1)).unwrap_or_default();
        if between.iter().any(|part| part.name.is_none()) && !is_trap {
            self.say_at(Rule::NodeImplicit, value.span, about);
        }
        // RFC 3584 §3.1 has the six standard traps apart.
        let is_standard = matches!(oid, [1, 3, 6, 1, 6, 3, 1, 1, 5, _]);
        let is_reversible = oid.iter().rev().nth(1) == Some(&0) || is_standard;
        if is_notification && !is_trap && !is_reversible {
            self.say(Rule::NotificationNotReversible, definition.name, about);
        }
    }

    fn access(&mut self, definition: &Definition, id: NodeId) {
        let node = self.node(id);
        let about = self.word(definition.name);
        let access = node.access.unwrap_or(Access::NotAccessible);
        match node.kind {
            Kind::Table if access != Access::NotAccessible => {
                self.say(Rule::TableAccess, definition.name, about);
            }
            Kind::Row if access != Access::NotAccessible => {
                self.say(Rule::RowAccess, definition.name, about);
            }
            // One that could not be read was said to be none.
            Kind::Scalar | Kind::Column if node.access.is_some() => {
                self.value_access(definition, id, access);
            }
            Kind::Notification => {
                let handle = self.resolver.mib.node(id);
                for member in handle.members() {
                    let is_hidden = member.access() == Some(Access::NotAccessible);
                    if is_hidden && member.kind().is_object() {
                        self.say(Rule::NotificationObjectAccess, definition.name, member.name());
                    }
                }
            }
            _ => {}
        }
    }

    fn value_access(&mut self, definition: &Definition, id: NodeId, access: Access) {
        let about = self.word(definition.name);
        let Some(syntax) = self.resolver.mib.node(id).syntax() else { return };
        if matches!(syntax.base(), Base::Counter32 | Base::Counter64)
            && !matches!(access, Access::ReadOnly | Access::AccessibleForNotify)
            && self.is_v2
        {
            self.say(Rule::CounterAccess, definition.name, about);
        }
        if syntax.name() == "RowStatus" && self.is_v2 {
            if access != Access::ReadCreate {
                self.say(Rule::RowStatusAccess, definition.name, about);
            }
            let default = self.resolver.mib.node(id).default();
            // createAndGo, createAndWait and destroy are done, not kept.
            if let Some(crate::DefaultValue::Integer(4..=6)) = default {
                self.say(Rule::RowStatusDefault, definition.name, about);
            }
        }
    }
}

impl Definition {
    fn is_capabilities(&self) -> bool {
        let kind = Invocation::AgentCapabilities;
        matches!(&self.body, Body::Invocation { kind: found, .. } if *found == kind)
    }
}
