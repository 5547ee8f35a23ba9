//! What nodes say of each other: indexes, members, defaults, compliance.

use super::{DefinitionId, Resolver};
use crate::{
    ast::{self, Body, Clause, Defval, Name, Shape, Slice},
    diagnostic::{Problem, Role},
    model::{
        Base, ComplianceModule, DefaultValue, Extra, IndexItem, Kind, Mention, ModuleId, NodeId,
        Sequence, TypeId,
    },
    source::Span,
    symbol::Symbol,
};

impl<'a> Resolver<'a> {
    pub(super) fn resolve_objects(&mut self) {
        for id in self.definition_ids() {
            let Some(&node) = self.node_id(id).as_ref() else { continue };
            let Body::Invocation { clauses, .. } = &self.definition(id).body else { continue };
            let extra = self.extra(id, node, *clauses);
            let is_empty = extra.index.is_empty()
                && extra.augments.is_none()
                && extra.members.is_empty()
                && extra.default.is_none()
                && extra.compliance.is_empty();
            if !is_empty {
                self.mib.nodes[node.index()].extra = Some(Box::new(extra));
            }
            self.check_member(id, node);
        }
    }

    fn extra(&mut self, id: DefinitionId, node: NodeId, clauses: Slice<Clause>) -> Extra {
        let pools = &self.unit_of(id.0).ast.pools;
        let clauses = &pools[clauses];
        let mut extra = Extra::default();
        let (kind, syntax) = {
            let data = &self.mib.nodes[node.index()];
            (data.kind, data.syntax)
        };
        if kind == Kind::Compliance {
            extra.compliance = self.compliance(id, clauses);
            return extra;
        }
        for clause in clauses {
            match clause {
                Clause::Index(items) => extra.index = self.index(id.0, &pools[*items]),
                Clause::Augments(row) => {
                    extra.augments = Some(self.mention(id.0, *row, Role::Row));
                }
                Clause::Members(names) => {
                    let members =
                        pools[*names].iter().map(|&n| self.mention(id.0, n, Role::Member));
                    extra.members = members.collect();
                }
                Clause::Defval(defval, start) if kind != Kind::Capabilities => {
                    let Some(syntax) = syntax else { continue };
                    extra.default = self.default_value(id, syntax, &pools[*defval], *start);
                }
                // What follows speaks of other objects.
                Clause::Supports(_) => break,
                _ => {}
            }
        }
        extra
    }

    /// The node a name stands for.
    fn named(&mut self, module: ModuleId, written: Name, role: Role) -> Option<NodeId> {
        let found = self.find(module, written).map(|id| (id, self.node_id(id)));
        match found {
            Some((_, Some(node))) => Some(node),
            // It is defined and has no OID, which was reported there.
            Some((id, None)) if !self.is_type(id) => None,
            _ => {
                self.report_unknown(module, written, role);
                None
            }
        }
    }

    /// A name stays what it is, whoever fails to define it.
    fn mention(&mut self, module: ModuleId, written: Name, role: Role) -> Mention {
        Mention { name: written.symbol, node: self.named(module, written, role) }
    }

    fn index(&mut self, module: ModuleId, items: &'a [ast::IndexItem]) -> Vec<IndexItem> {
        let mut index = Vec::with_capacity(items.len());
        for item in items {
            let implied = item.implied;
            let written = &self.unit_of(module).ast.pools[item.syntax];
            let name = match written.shape {
                Shape::Named { name, .. } => Some(name),
                _ => None,
            };
            let object = name.filter(|&name| self.is_object(module, name));
            let Some(name) = object else {
                let syntax = self.object_type(module, written);
                let is_known = self.type_handle(syntax).base() != Base::None;
                let name = name.filter(|_| !is_known);
                let object = name.map(|name| Mention { name: name.symbol, node: None });
                index.push(IndexItem { object, syntax, implied });
                continue;
            };
            let object = self.mention(module, name, Role::Object);
            let syntax = object.node.and_then(|node| self.mib.nodes[node.index()].syntax);
            let syntax = syntax.unwrap_or(self.language.none);
            index.push(IndexItem { object: Some(object), syntax, implied });
        }
        index
    }

    /// Whether a name in INDEX is that of an object. It begins with a small letter;
    /// some objects do not.
    fn is_object(&self, module: ModuleId, name: Name) -> bool {
        self.word(name).starts_with(|c: char| c.is_ascii_lowercase())
            || self.quiet_find(module, name.symbol).is_some_and(|id| !self.is_type(id))
    }

    fn default_value(
        &mut self,
        id: DefinitionId,
        syntax: TypeId,
        defval: &'a Defval,
        start: u32,
    ) -> Option<DefaultValue> {
        let value = self.convert_default(id, syntax, defval);
        if value.is_none() && self.type_handle(syntax).base() != Base::None {
            self.report_at(id.0, Span { start, end: start + 1 }, Problem::BadDefault);
        }
        value
    }

    fn convert_default(
        &mut self,
        id: DefinitionId,
        syntax: TypeId,
        defval: &'a Defval,
    ) -> Option<DefaultValue> {
        let base = self.type_handle(syntax).base();
        let number_of = |resolver: &Self, name: Name| {
            let word = resolver.word(name);
            resolver.type_handle(syntax).labels().find(|&(label, _)| label == word).map(|l| l.1)
        };
        match (base, defval) {
            (Base::Bits, Defval::Bits(names)) => {
                let names = &self.unit_of(id.0).ast.pools[*names];
                let positions = names.iter().map(|&span| number_of(self, span)?.try_into().ok());
                Some(DefaultValue::Bits(positions.collect::<Option<_>>()?))
            }
            (Base::Bits, Defval::Name(span)) => {
                let position = number_of(self, *span)?.try_into().ok()?;
                Some(DefaultValue::Bits([position].into()))
            }
            (Base::ObjectIdentifier, _) => self.default_oid(id, defval),
            (_, Defval::Number(number)) if base.limits().is_some() => {
                Some(DefaultValue::Integer(*number))
            }
            (_, Defval::Name(span)) if base.limits().is_some() => {
                number_of(self, *span).map(DefaultValue::Integer)
            }
            (_, Defval::Bits(names)) if base.limits().is_some() => {
                match self.unit_of(id.0).ast.pools[*names] {
                    [only] => number_of(self, only).map(DefaultValue::Integer),
                    _ => None,
                }
            }
            (_, Defval::Text(octets)) if base.limits().is_none() => {
                Some(DefaultValue::Octets(octets.clone()))
            }
            (_, Defval::Hex(digits)) => default_octets(base, digits, 16),
            (_, Defval::Binary(digits)) => default_octets(base, digits, 2),
            // An address in dots, a number for a string: seen, and clear enough.
            (Base::OctetString | Base::IpAddress | Base::Opaque | Base::Bits, _) => None,
            _ => None,
        }
    }

    fn default_oid(&mut self, id: DefinitionId, defval: &'a Defval) -> Option<DefaultValue> {
        let one;
        let pools = &self.unit_of(id.0).ast.pools;
        let parts: &[ast::OidPart] = match defval {
            Defval::Oid(value) => &pools[value.parts],
            Defval::Name(name) => {
                one = [ast::OidPart { module: None, name: Some(*name), number: None }];
                &one
            }
            Defval::Bits(names) => {
                let [name] = pools[*names] else { return None };
                one = [ast::OidPart { module: None, name: Some(name), number: None }];
                &one
            }
            _ => return None,
        };
        let mut arcs = Vec::new();
        for part in parts {
            match (part.number, part.name) {
                (Some(number), _) => arcs.push(number),
                (None, Some(span)) => {
                    let node = self.named(id.0, span, Role::Object)?;
                    let place = self.mib.places[self.mib.nodes[node.index()].place.index()];
                    arcs.extend_from_slice(self.mib.place_arcs(&place));
                }
                (None, None) => return None,
            }
        }
        Some(DefaultValue::Oid(arcs.into()))
    }

    fn compliance(&mut self, id: DefinitionId, clauses: &'a [Clause]) -> Vec<ComplianceModule> {
        let own = self.unit_of(id.0).name;
        let pools = &self.unit_of(id.0).ast.pools;
        let mut modules: Vec<ComplianceModule> = Vec::new();
        for clause in clauses {
            if let Clause::Module(name) = clause {
                let module = name.map_or(own, |name| name.symbol);
                let (mandatory, groups, objects) = Default::default();
                modules.push(ComplianceModule { module, mandatory, groups, objects });
            }
            let Some(current) = modules.last_mut() else { continue };
            self.check_compliance(id.0, current.module, clause);
            match clause {
                Clause::MandatoryGroups(names) => {
                    current.mandatory.extend(pools[*names].iter().map(|name| name.symbol));
                }
                Clause::Group(name) => current.groups.push(name.symbol),
                Clause::Object(name) => current.objects.push((name.symbol, None)),
                Clause::MinAccess(span) => {
                    let access = self.access(id.0, *span);
                    if let Some((_, minimum)) =
                        modules.last_mut().and_then(|m| m.objects.last_mut())
                    {
                        *minimum = access;
                    }
                }
                _ => {}
            }
        }
        modules
    }

    /// Whether what a compliance statement asks for is there, in a module that is.
    fn check_compliance(&mut self, user: ModuleId, module: Symbol, clause: &Clause) {
        let (names, role) = match clause {
            Clause::MandatoryGroups(names) => (&self.unit_of(user).ast.pools[*names], Role::Group),
            Clause::Group(name) => (std::slice::from_ref(name), Role::Group),
            Clause::Object(name) => (std::slice::from_ref(name), Role::Object),
            _ => return,
        };
        for &name in names {
            if self.is_loaded(module) && self.find_in(module, name.symbol).is_none() {
                self.report_unknown(user, name, role);
            }
        }
    }

    /// A column's name stands in the SEQUENCE of its row too.
    fn check_member(&mut self, id: DefinitionId, node: NodeId) {
        let data = &self.mib.nodes[node.index()];
        if data.kind != Kind::Column {
            return;
        }
        let own = data.name;
        let place = self.mib.places[data.place.index()];
        let Some(parent) = place.parent.map(|id| self.mib.places[id.index()]) else { return };
        let rows =
            &self.mib.by_place[parent.nodes as usize..(parent.nodes + parent.node_count) as usize];
        let missing = rows.iter().any(|row| {
            let row = &self.mib.nodes[row.index()];
            let sequence = row.syntax.map(|id| &self.mib.types[id.index()].sequence);
            match sequence {
                Some(Sequence::Members(names)) => row.module == id.0 && !names.contains(&own),
                _ => false,
            }
        });
        if missing {
            let name = self.mib.symbols.text(own).into();
            let written = self.definition(id).name;
            self.report(id.0, written, Problem::MissingMember { name });
        }
    }
}

/// `'0F'H` and `'1010'B`, which stand for octets or for a number.
fn default_octets(base: Base, digits: &str, radix: u32) -> Option<DefaultValue> {
    let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(radix)).collect();
    if base.limits().is_some() {
        let value = digits.iter().try_fold(0_i64, |value, &digit| {
            value.checked_mul(i64::from(radix))?.checked_add(i64::from(digit))
        });
        return value.map(DefaultValue::Integer);
    }
    let digits_in_octet = if radix == 16 { 2 } else { 8 };
    let octets: Vec<u8> = digits
        .chunks(digits_in_octet)
        .map(|chunk| {
            // A last octet that is not full is filled with zeros.
            let filled = chunk.iter().copied().chain(std::iter::repeat(0));
            filled.take(digits_in_octet).fold(0, |octet, digit| octet * radix + digit) as u8
        })
        .collect();
    if base == Base::Bits {
        let is_set =
            |p: &u32| octets.get(*p as usize / 8).is_some_and(|o| o & (0x80 >> (p % 8)) != 0);
        return Some(DefaultValue::Bits((0..octets.len() as u32 * 8).filter(is_set).collect()));
    }
    Some(DefaultValue::Octets(octets.into()))
}
