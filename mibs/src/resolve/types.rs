//! Types: from the name in a SYNTAX down to the base.

use super::{DefinitionId, Resolver};
use crate::{
    ast::{self, Body, Clause, Constraint, Name, Shape, Syntax},
    diagnostic::{Problem, Role},
    hint::Hint,
    model::{Base, Mib, ModuleId, Sequence, Status, TypeData, TypeId},
    similar::nearest,
    symbol::{FastMap, Symbol},
};

/// The types that are part of the language.
pub(super) struct Language {
    integer: TypeId,
    octet_string: TypeId,
    object_identifier: TypeId,
    bits: TypeId,
    pub(super) none: TypeId,
    /// The application types, for modules whose base module is not loaded.
    named: FastMap<Symbol, TypeId>,
}

impl Language {
    pub fn new(mib: &mut Mib) -> Self {
        let Mib { symbols, types, .. } = mib;
        let mut add = |name: &str, base| {
            types.push(TypeData::new(Some(symbols.intern(name)), base));
            TypeId::new(types.len() as u32 - 1)
        };
        let integer = add("INTEGER", Base::Integer32);
        let octet_string = add("OCTET STRING", Base::OctetString);
        let object_identifier = add("OBJECT IDENTIFIER", Base::ObjectIdentifier);
        let bits = add("BITS", Base::Bits);
        let none = add("NULL", Base::None);
        let named = APPLICATION
            .iter()
            .map(|&(name, base)| {
                let id = add(name, base);
                (name, id)
            })
            .collect::<Vec<_>>();
        let named = named.into_iter().map(|(name, id)| (symbols.intern(name), id)).collect();
        Self { integer, octet_string, object_identifier, bits, none, named }
    }

    pub fn names(&self) -> impl Iterator<Item = Symbol> {
        self.named.keys().copied()
    }

    pub fn named(&self, name: Symbol) -> Option<TypeId> {
        self.named.get(&name).copied()
    }
}

const APPLICATION: &[(&str, Base)] = &[
    ("Integer32", Base::Integer32),
    ("Unsigned32", Base::Unsigned32),
    // RFC 1442's name for it.
    ("UInteger32", Base::Unsigned32),
    ("Gauge32", Base::Gauge32),
    ("Gauge", Base::Gauge32),
    ("Counter32", Base::Counter32),
    ("Counter", Base::Counter32),
    ("Counter64", Base::Counter64),
    ("TimeTicks", Base::TimeTicks),
    ("IpAddress", Base::IpAddress),
    ("NetworkAddress", Base::IpAddress),
    ("Opaque", Base::Opaque),
];

impl TypeData {
    fn new(name: Option<Symbol>, base: Base) -> Self {
        Self {
            name,
            module: None,
            parent: None,
            base,
            textual_convention: false,
            ranges: Box::default(),
            sizes: Box::default(),
            labels: Box::default(),
            hint: None,
            ranges_at: None,
            sizes_at: None,
            labels_at: None,
            hint_at: None,
            status: None,
            description: None,
            network_address: false,
            sequence: Sequence::No,
        }
    }
}

impl<'a> Resolver<'a> {
    pub(super) fn resolve_types(&mut self) {
        for id in self.definition_ids() {
            if self.is_type(id) {
                self.type_of(id);
            }
        }
    }

    /// The type a definition makes. Chains of types may be long, so they are
    /// followed with a stack.
    fn type_of(&mut self, id: DefinitionId) -> TypeId {
        let mut chain: Vec<DefinitionId> = Vec::new();
        let mut on_chain: FastMap<DefinitionId, ()> = FastMap::default();
        let mut next = id;
        let mut parent = loop {
            if let Some(&known) = self.type_ids.get(self.number(next)).and_then(Option::as_ref) {
                break known;
            }
            if on_chain.insert(next, ()).is_some() {
                let definition = self.definition(next);
                let name = self.word(definition.name).into();
                self.report(next.0, definition.name, Problem::Cycle { name });
                break self.language.none;
            }
            chain.push(next);
            let Some(syntax) = self.syntax_of(next) else { break self.language.none };
            match self.parent_of(next.0, syntax) {
                Parent::Type(id) => break id,
                Parent::Definition(id) => next = id,
            }
        };
        while let Some(id) = chain.pop() {
            parent = self.make_named(id, parent);
            let number = self.number(id);
            self.type_ids[number] = Some(parent);
        }
        parent
    }

    fn syntax_of(&mut self, id: DefinitionId) -> Option<&'a Syntax> {
        let definition = self.definition(id);
        let ast = self.unit_of(id.0).ast;
        let syntax = ast.syntax(definition);
        if syntax.is_none() && !ast.is_broken(definition) {
            let name = self.word(definition.name).into();
            self.report(id.0, definition.name, Problem::MissingSyntax { name });
        }
        syntax
    }

    fn parent_of(&mut self, module: ModuleId, syntax: &Syntax) -> Parent {
        let (written, name) = match &syntax.shape {
            Shape::Integer => return Parent::Type(self.language.integer),
            Shape::OctetString => return Parent::Type(self.language.octet_string),
            Shape::ObjectIdentifier => return Parent::Type(self.language.object_identifier),
            Shape::Bits => return Parent::Type(self.language.bits),
            Shape::Named { module, name } => (*module, *name),
            _ => return Parent::Type(self.language.none),
        };
        let symbol = name.symbol;
        let found = match written {
            Some(target) => self.find_in(target, symbol),
            None => {
                // A module that does not import Counter32 still means it; only
                // who defines it himself means something else.
                let unit = self.unit_of(module);
                let in_scope =
                    unit.definitions.contains_key(&symbol) || unit.imports.contains_key(&symbol);
                match self.language.named(symbol) {
                    Some(id) if !in_scope => return Parent::Type(id),
                    _ => self.find(module, name),
                }
            }
        };
        match found.filter(|&id| self.is_type(id)) {
            Some(id) => Parent::Definition(id),
            None => {
                if let Some(id) = self.language.named(symbol) {
                    return Parent::Type(id);
                }
                self.report_unknown(module, name, Role::Type);
                Parent::Type(self.language.none)
            }
        }
    }

    fn make_named(&mut self, id: DefinitionId, parent: TypeId) -> TypeId {
        let definition = self.definition(id);
        let ast = self.unit_of(id.0).ast;
        let name = definition.name.symbol;
        let mut data = match ast.syntax(definition) {
            Some(syntax) => self.refine(ast, syntax, parent),
            None => TypeData::new(None, Base::None),
        };
        data.name = Some(name);
        data.module = Some(id.0);
        let own = TypeId::new(self.mib.types.len() as u32);
        match &definition.body {
            Body::Type { application_tag: Some(tag), .. } if self.unit_of(id.0).is_base => {
                data.base = application_base(*tag, self.mib.symbols.text(name), data.base);
                // The range written beside the tag is the new base's own, and
                // was cut to that of INTEGER.
                (data.ranges_at, data.ranges) = (None, Default::default());
            }
            Body::Type { syntax, .. } if self.unit_of(id.0).is_base => {
                if let Shape::Choice = ast.pools[*syntax].shape
                    && self.mib.symbols.text(name) == "NetworkAddress"
                {
                    data.base = Base::IpAddress;
                    data.network_address = true;
                }
            }
            Body::TextualConvention { clauses } => {
                data.textual_convention = true;
                for clause in &ast.pools[*clauses] {
                    match clause {
                        Clause::DisplayHint(hint) => {
                            data.hint = Some(hint.symbol);
                            data.hint_at = Some(own);
                            self.check_hint(id.0, *hint, data.base);
                        }
                        Clause::Status(span) => data.status = self.status(id.0, *span),
                        Clause::Description(span) => data.description = Some(*span),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        if data.base == Base::Gauge32 && self.mib.symbols.text(name) == "Unsigned32" {
            // The two are one on the wire, so a module in version 1, which has no
            // Unsigned32, makes its own of a Gauge.
            data.base = Base::Unsigned32;
        }
        self.push_type(data)
    }

    fn check_hint(&mut self, module: ModuleId, hint: Name, base: Base) {
        let text = self.word(hint);
        let is_octets = base.limits().is_none();
        if base != Base::None && Hint::parse(text, is_octets).is_none() {
            self.report(module, hint, Problem::BadHint);
        }
    }

    fn push_type(&mut self, data: TypeData) -> TypeId {
        self.mib.types.push(data);
        TypeId::new(self.mib.types.len() as u32 - 1)
    }

    /// The type of an object's SYNTAX: a named one, or a refinement in place.
    pub(super) fn object_type(&mut self, module: ModuleId, syntax: &Syntax) -> TypeId {
        let parent = match self.parent_of(module, syntax) {
            Parent::Type(id) => id,
            Parent::Definition(id) => self.type_of(id),
        };
        let plain = syntax.constraint.is_none() && syntax.labels.is_empty();
        let is_sequence = matches!(syntax.shape, Shape::SequenceOf(_) | Shape::Sequence(_));
        if plain && !is_sequence {
            return parent;
        }
        let ast = self.unit_of(module).ast;
        // Of one type many objects allow the same few values.
        let allowed = match syntax.constraint {
            _ if !syntax.labels.is_empty() || is_sequence => None,
            Some(Constraint::Range(ranges)) => Some((false, &ast.pools[ranges])),
            Some(Constraint::Size(sizes)) => Some((true, &ast.pools[sizes])),
            None => None,
        };
        let key = allowed.map(|(is_size, intervals)| (parent, is_size, intervals));
        if self.refined.0 != module {
            self.refined = (module, FastMap::default());
        }
        if let Some(&known) = key.and_then(|key| self.refined.1.get(&key)) {
            return known;
        }
        let mut data = self.refine(ast, syntax, parent);
        data.module = Some(module);
        let id = self.push_type(data);
        if let Some(key) = key {
            self.refined.1.insert(key, id);
        }
        id
    }

    /// A type that adds what `syntax` says to its parent.
    fn refine(&self, ast: &ast::Module, syntax: &Syntax, parent: TypeId) -> TypeData {
        let own = TypeId::new(self.mib.types.len() as u32);
        let mut data = match self.mib.types.get(parent.index()) {
            Some(above) => TypeData {
                parent: Some(parent),
                ranges_at: above.ranges_at,
                sizes_at: above.sizes_at,
                labels_at: above.labels_at,
                hint_at: above.hint_at,
                network_address: above.network_address,
                sequence: above.sequence.clone(),
                ..TypeData::new(None, above.base)
            },
            None => TypeData::new(None, Base::None),
        };
        match syntax.constraint {
            Some(Constraint::Range(ranges)) => {
                let (low, high) = data.base.limits().unwrap_or((i64::MIN, i64::MAX));
                let clamp = |&(a, b): &(i64, i64)| (a.max(low), b.min(high));
                data.ranges = ast.pools[ranges].iter().map(clamp).collect();
                data.ranges_at = Some(own);
            }
            Some(Constraint::Size(sizes)) => {
                data.sizes = ast.pools[sizes].into();
                data.sizes_at = Some(own);
            }
            None => {}
        }
        if !syntax.labels.is_empty() {
            let labels = &ast.pools[syntax.labels];
            data.labels = labels.iter().map(|l| (l.name.symbol, l.number)).collect();
            data.labels_at = Some(own);
        }
        match syntax.shape {
            Shape::SequenceOf(row) => data.sequence = Sequence::Of(row.symbol),
            Shape::Sequence(members) => {
                let names = ast.pools[members].iter().map(|member| member.name.symbol);
                data.sequence = Sequence::Members(names.collect());
            }
            _ => {}
        }
        data
    }

    pub(super) fn status(&mut self, module: ModuleId, name: Name) -> Option<Status> {
        let word = self.word(name);
        let status = Status::of_word(word);
        if status.is_none() {
            let like = nearest(word, Status::ALL.map(Status::name).into_iter()).map(Box::from);
            let word = word.into();
            self.report(module, name, Problem::BadStatus { word, like });
        }
        status
    }
}

enum Parent {
    Type(TypeId),
    Definition(DefinitionId),
}

/// RFC 2578 §2; Gauge32 and Unsigned32 share a tag.
fn application_base(tag: u32, name: &str, otherwise: Base) -> Base {
    match tag {
        0 => Base::IpAddress,
        1 => Base::Counter32,
        2 if name == "Unsigned32" => Base::Unsigned32,
        2 => Base::Gauge32,
        3 => Base::TimeTicks,
        4 => Base::Opaque,
        6 => Base::Counter64,
        _ => otherwise,
    }
}
