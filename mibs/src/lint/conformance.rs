//! Groups and compliance statements.

use super::{Judge, Rule};
use crate::{
    ast::{Body, Clause, Definition, Invocation, Name},
    model::{Access, Kind, NodeId, Status},
    symbol::{FastMap, Symbol},
};

impl Judge<'_, '_> {
    pub(super) fn conformance(&mut self) {
        let nodes = self.nodes();
        let mut grouped: FastMap<NodeId, ()> = FastMap::default();
        let mut listed: FastMap<Symbol, ()> = FastMap::default();
        let mut has_compliance = false;
        for &(definition, id) in &nodes {
            match self.node(id).kind {
                Kind::Group => {
                    for member in self.resolver.mib.node(id).members() {
                        grouped.insert(member.id, ());
                    }
                    self.group(definition, id);
                }
                Kind::Compliance => {
                    has_compliance = true;
                    self.compliance(definition, &mut listed);
                }
                _ => {}
            }
        }
        for (definition, id) in nodes {
            let node = self.node(id);
            let about = self.word(definition.name);
            let is_reachable = match node.kind {
                Kind::Scalar | Kind::Column => {
                    node.access.is_some_and(|access| access != Access::NotAccessible)
                }
                Kind::Notification => true,
                _ => false,
            };
            if self.is_v2 && is_reachable && !grouped.contains_key(&id) {
                self.say(Rule::GroupMembership, definition.name, about);
            }
            // What is obsolete is asked for by nobody, and rightly so.
            let is_obsolete = node.status == Some(Status::Obsolete);
            if node.kind == Kind::Group
                && has_compliance
                && !is_obsolete
                && !listed.contains_key(&node.name)
            {
                self.say(Rule::GroupUnreferenced, definition.name, about);
            }
        }
    }

    fn group(&mut self, definition: &Definition, id: NodeId) {
        let own = self.node(id).status;
        let is_objects =
            matches!(definition.body, Body::Invocation { kind: Invocation::ObjectGroup, .. });
        for member in self.resolver.mib.node(id).members() {
            let fits = match member.kind() {
                Kind::Scalar | Kind::Column => {
                    is_objects && member.access() != Some(Access::NotAccessible)
                }
                Kind::Notification => !is_objects,
                _ => false,
            };
            if !fits {
                self.say(Rule::GroupMemberInvalid, definition.name, member.name());
            }
            if is_behind(member.status(), own) {
                self.say(Rule::GroupObjectStatus, definition.name, member.name());
            }
        }
    }

    fn compliance(&mut self, definition: &Definition, listed: &mut FastMap<Symbol, ()>) {
        let own = self.meant(definition.name).and_then(|id| self.node(id).status);
        let mut members: FastMap<NodeId, ()> = FastMap::default();
        let clauses = self.ast.clauses(definition);
        let groups = clauses.iter().flat_map(|clause| match clause {
            Clause::MandatoryGroups(names) => &self.ast.pools[*names],
            Clause::Group(name) => std::slice::from_ref(name),
            _ => &[],
        });
        let groups: Vec<Name> = groups.copied().collect();
        for group in groups {
            listed.insert(group.symbol, ());
            let Some(id) = self.meant(group) else { continue };
            for member in self.resolver.mib.node(id).members() {
                members.insert(member.id, ());
            }
            if is_behind(self.node(id).status, own) {
                self.say(Rule::ComplianceGroupStatus, group, self.word(group));
            }
        }
        self.refinements(clauses);
        for clause in clauses {
            if let Clause::Object(object) = clause
                && let Some(id) = self.meant(*object)
                && self.node(id).module == self.id
                && !members.contains_key(&id)
            {
                self.say(Rule::RefinementNotListed, *object, self.word(*object));
            }
        }
    }

    /// RFC 2580 §5.4.2: a refinement has labels of the object's.
    fn refinements(&mut self, clauses: &[Clause]) {
        let mut object = None;
        for clause in clauses {
            let syntax = match *clause {
                Clause::Object(name) => {
                    object = self.meant(name);
                    continue;
                }
                Clause::Syntax(syntax) | Clause::WriteSyntax(syntax) => syntax,
                _ => continue,
            };
            let Some(known) = object.and_then(|id| self.resolver.mib.node(id).syntax()) else {
                continue;
            };
            let known: Vec<(&str, i64)> = known.labels().collect();
            let labels = &self.ast.pools[self.ast.pools[syntax].labels];
            for label in labels.iter().filter(|_| !known.is_empty()) {
                let word = self.word(label.name);
                if !known.contains(&(word, label.number)) {
                    self.say(Rule::LabelNotInType, label.name, word);
                }
            }
        }
    }
}

/// Whether something that is current contains what is not any more.
fn is_behind(member: Option<Status>, group: Option<Status>) -> bool {
    let rank = |status| match status {
        Some(Status::Deprecated) => 1,
        Some(Status::Obsolete) => 2,
        _ => 0,
    };
    rank(member) > rank(group)
}
