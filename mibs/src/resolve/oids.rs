//! OBJECT IDENTIFIER values.

use super::{DefinitionId, Resolver};
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
    /// Where it stands among the arcs.
    Known { start: u32, len: u32 },
    /// It has none.
    Unknown,
}

/// What a value needs before it can be put together.
enum Step {
    Ready(Vec<u32>),
    First(DefinitionId),
    Never,
}

impl<'a> Resolver<'a> {
    /// The OID of a definition. Parents may be many and written in any order,
    /// so they are followed with a stack.
    pub(super) fn oid_of(&mut self, id: DefinitionId) -> Option<(u32, u32)> {
        let mut stack = vec![id];
        while let Some(&top) = stack.last() {
            if let Some(OidState::Known { .. } | OidState::Unknown) = self.oids[self.number(top)] {
                stack.pop();
                continue;
            }
            let number = self.number(top);
            self.oids[number] = Some(OidState::Pending);
            let state = match self.step(top) {
                Step::First(needed) => {
                    stack.push(needed);
                    continue;
                }
                Step::Ready(arcs) => self.keep(top, &arcs),
                Step::Never => OidState::Unknown,
            };
            self.oids[number] = Some(state);
            stack.pop();
        }
        match self.oids[self.number(id)] {
            Some(OidState::Known { start, len }) => Some((start, len)),
            _ => None,
        }
    }

    fn keep(&mut self, id: DefinitionId, arcs: &[u32]) -> OidState {
        if arcs.len() > lcms_snmp::Oid::MAX_ARCS {
            let name = self.definition(id).name;
            self.report(id.0, name, Problem::OidTooLong);
            return OidState::Unknown;
        }
        let start = self.mib.arcs.len() as u32;
        self.mib.arcs.extend_from_slice(arcs);
        OidState::Known { start, len: arcs.len() as u32 }
    }

    fn step(&mut self, id: DefinitionId) -> Step {
        let definition = self.definition(id);
        match &definition.body {
            Body::Value { value } => self.value(id, value),
            Body::Invocation { kind: Invocation::TrapType, clauses, value } => {
                let enterprise = clauses.iter().find_map(|clause| match clause {
                    Clause::Enterprise(value) => Some(value),
                    _ => None,
                });
                let number = value.parts.first().and_then(|part| part.number);
                let (Some(enterprise), Some(number)) = (enterprise, number) else {
                    return Step::Never;
                };
                match self.value(id, enterprise) {
                    // RFC 3584 §3: the trap's OID as a notification.
                    Step::Ready(mut arcs) => {
                        arcs.extend([0, number]);
                        Step::Ready(arcs)
                    }
                    other => other,
                }
            }
            Body::Invocation { value, .. } => self.value(id, value),
            _ => Step::Never,
        }
    }

    /// Puts a value together, or says which definition is needed first.
    fn value(&mut self, user: DefinitionId, value: &OidValue) -> Step {
        let mut arcs: Vec<u32> = Vec::new();
        for (at, part) in value.parts.iter().enumerate() {
            match (part.number, part.name) {
                (Some(number), None) => arcs.push(number),
                // Behind the first part a name with a number is only a remark.
                (Some(number), Some(_)) if at > 0 => arcs.push(number),
                _ => match self.part(user, part, at == 0) {
                    Step::Ready(found) if at == 0 => arcs = found,
                    Step::Ready(found) => arcs.extend(found.last()),
                    other => return other,
                },
            }
            if arcs.len() > lcms_snmp::Oid::MAX_ARCS {
                self.report_at(user.0, value.span, Problem::OidTooLong);
                return Step::Never;
            }
        }
        Step::Ready(arcs)
    }

    /// The OID a named part stands for.
    fn part(&mut self, user: DefinitionId, part: &OidPart, first: bool) -> Step {
        let Some(written) = part.name else { return Step::Never };
        let symbol = written.symbol;
        let found = match part.module {
            Some(module) => self.find_in(module, symbol),
            None => self.root_or_definition(user.0, written, part),
        };
        match found {
            Some(id) if !self.is_type(id) => match self.oids[self.number(id)] {
                Some(OidState::Known { start, len }) => {
                    let arcs = self.mib.arcs.get(start as usize..(start + len) as usize);
                    Step::Ready(arcs.unwrap_or_default().to_vec())
                }
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
                    Some(root) => Step::Ready(vec![root]),
                    None => {
                        self.report_unknown(user.0, written, Role::Parent);
                        Step::Never
                    }
                }
            }
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
