//! OBJECT IDENTIFIER values.

use super::{DefinitionId, Resolver, tree::Vertex};
use crate::{
    ast::{Body, Clause, Invocation, Name, OidPart, OidValue},
    diagnostic::{Problem, Role},
    model::ModuleId,
};

/// How far a definition's OID is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum OidState {
    /// On the stack: whoever meets it again has gone in a circle.
    Pending,
    /// Where it is in the tree.
    Known(Vertex),
    /// It has none.
    Unknown,
}

/// What a value needs before it can be put together.
enum Step {
    Ready(Vertex),
    First(DefinitionId),
    Never,
}

impl<'a> Resolver<'a> {
    /// The OID of a definition. Parents may be many and written in any order,
    /// so they are followed with a stack.
    pub(super) fn oid_of(&mut self, id: DefinitionId) -> Option<Vertex> {
        let mut waiting: Vec<DefinitionId> = Vec::new();
        let mut next = Some(id);
        while let Some(top) = next {
            let number = self.number(top);
            if !matches!(self.oids[number], Some(OidState::Known(_) | OidState::Unknown)) {
                self.oids[number] = Some(OidState::Pending);
                let state = match self.step(top) {
                    Step::First(needed) => {
                        waiting.push(top);
                        next = Some(needed);
                        continue;
                    }
                    Step::Ready(vertex) => OidState::Known(vertex),
                    Step::Never => OidState::Unknown,
                };
                self.oids[number] = Some(state);
            }
            next = waiting.pop();
        }
        match self.oids[self.number(id)] {
            Some(OidState::Known(vertex)) => Some(vertex),
            _ => None,
        }
    }

    fn step(&mut self, id: DefinitionId) -> Step {
        let definition = self.definition(id);
        let pools = &self.unit_of(id.0).ast.pools;
        match &definition.body {
            Body::Value { value } => self.value(id, value),
            Body::Invocation { kind: Invocation::TrapType, clauses, value } => {
                let enterprise = pools[*clauses].iter().find_map(|clause| match *clause {
                    Clause::Enterprise(value) => Some(&pools[value]),
                    _ => None,
                });
                let number = pools[value.parts].first().and_then(|part| part.number);
                let (Some(enterprise), Some(number)) = (enterprise, number) else {
                    return Step::Never;
                };
                match self.value(id, enterprise) {
                    // RFC 3584 §3: the trap's OID as a notification.
                    Step::Ready(vertex) => match self.below(id, enterprise, vertex, 0) {
                        Step::Ready(vertex) => self.below(id, enterprise, vertex, number),
                        other => other,
                    },
                    other => other,
                }
            }
            Body::Invocation { value, .. } => self.value(id, value),
            _ => Step::Never,
        }
    }

    /// Puts a value together, or says which definition is needed first.
    fn value(&mut self, user: DefinitionId, value: &OidValue) -> Step {
        let mut vertex = Vertex::ROOT;
        let pools = &self.unit_of(user.0).ast.pools;
        let parts = &pools[value.parts];
        for (at, part) in parts.iter().enumerate() {
            let arc = match (part.number, part.name) {
                (Some(number), None) => number,
                // Behind the first part a name with a number is only a remark.
                (Some(number), Some(_)) if at > 0 => number,
                _ => match self.part(user, part, at == 0) {
                    Step::Ready(found) if at == 0 => {
                        vertex = found;
                        continue;
                    }
                    Step::Ready(found) => self.tree.arc(found),
                    other => return other,
                },
            };
            match self.below(user, value, vertex, arc) {
                Step::Ready(found) => vertex = found,
                other => return other,
            }
            // The name in `dod(6)`; the last part's is another for the value itself.
            if let (Some(name), Some(_)) = (part.name, part.number)
                && at > 0
                && at + 1 < parts.len()
            {
                self.passed.push((user.0, name, vertex));
            }
        }
        Step::Ready(vertex)
    }

    fn below(&mut self, user: DefinitionId, value: &OidValue, vertex: Vertex, arc: u32) -> Step {
        match self.tree.child(vertex, arc) {
            Some(child) => Step::Ready(child),
            None => {
                self.report_at(user.0, value.span, Problem::OidTooLong);
                Step::Never
            }
        }
    }

    /// The OID a named part stands for.
    fn part(&mut self, user: DefinitionId, part: &OidPart, first: bool) -> Step {
        let Some(written) = part.name else { return Step::Never };
        let symbol = written.symbol;
        let found = match part.module {
            Some(module) => self.find_in(module, symbol),
            None => self.root_or_definition(user.0, written, part),
        };
        let found = found.map(|id| self.value_above(user.0, id));
        match found {
            Some(id) if !self.is_type(id) => match self.oids[self.number(id)] {
                Some(OidState::Known(vertex)) => Step::Ready(vertex),
                Some(OidState::Pending) => {
                    let name = self.word(written).into();
                    self.report(user.0, written, Problem::Cycle { name });
                    Step::Never
                }
                // It was reported where it is defined.
                Some(OidState::Unknown) => Step::Never,
                None => Step::First(id),
            },
            _ => {
                let name = self.word(written);
                match root_of(name).or(part.number.filter(|_| first)) {
                    Some(root) => match self.tree.child(Vertex::ROOT, root) {
                        Some(vertex) => Step::Ready(vertex),
                        None => Step::Never,
                    },
                    None => {
                        self.report_unknown(user.0, written, Role::Parent);
                        Step::Never
                    }
                }
            }
        }
    }

    /// Of a name with several plain values the first is its node. What its own module has
    /// below the name is below the last, for it was written for what the name became; what
    /// other modules have is below the least of the two. Both have to be known for that:
    /// one that is not yet is the result, as it is needed first.
    fn value_above(&self, user: ModuleId, (module, at): DefinitionId) -> DefinitionId {
        let unit = self.unit_of(module);
        if unit.last.is_empty() {
            return (module, at);
        }
        let is_plain = |id| matches!(self.definition(id).body, Body::Value { .. });
        let last = unit.last.get(&self.definition((module, at)).name.symbol);
        let last = last.map(|&last| (module, last));
        let Some(last) = last.filter(|&last| is_plain((module, at)) && is_plain(last)) else {
            return (module, at);
        };
        let state = |id| self.oids[self.number(id)];
        match (state((module, at)), state(last)) {
            (Some(_), None) => last,
            (Some(OidState::Known(first)), Some(OidState::Known(second))) => {
                match user == module || self.tree.path(second) < self.tree.path(first) {
                    true => last,
                    false => (module, at),
                }
            }
            // One that is below what is below it is no value.
            (Some(OidState::Pending | OidState::Unknown), Some(OidState::Known(_))) => last,
            _ => (module, at),
        }
    }

    /// The roots are nobody's definitions, and a name with a number says itself
    /// what it is; neither needs an import.
    fn root_or_definition(
        &mut self,
        module: ModuleId,
        written: Name,
        part: &OidPart,
    ) -> Option<DefinitionId> {
        let symbol = written.symbol;
        let unit = self.unit_of(module);
        let in_scope = unit.definitions.contains_key(&symbol) || unit.imports.contains_key(&symbol);
        let is_root = root_of(self.mib.symbols.text(symbol)).is_some();
        if (part.number.is_some() || is_root) && !in_scope {
            return None;
        }
        self.find(module, written)
    }
}

/// The sub-identifier of a root of the tree.
pub(crate) fn root_of(name: &str) -> Option<u32> {
    match name {
        "ccitt" | "itu-t" => Some(0),
        "iso" => Some(1),
        "joint-iso-ccitt" | "joint-iso-itu-t" => Some(2),
        _ => None,
    }
}
