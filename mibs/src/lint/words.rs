//! The module as a whole: its words, its imports, its identity.

use super::{Judge, Rule};
use crate::{
    ast::{Body, Clause, Definition, Defval, Id, Module, Name, OidValue, Shape, Syntax},
    source::Span,
    symbol::{FastMap, Symbol},
};

/// The types that SMIv2 wants imported.
const BASE_TYPES: &[&str] = &[
    "Integer32",
    "Unsigned32",
    "Gauge32",
    "Counter32",
    "Counter64",
    "TimeTicks",
    "IpAddress",
    "Opaque",
];

impl Judge<'_, '_> {
    pub(super) fn words(&mut self) {
        self.imports();
        self.case();
        self.letters();
        self.identity();
        let name = self.word(self.ast.name);
        if self.is_v2 && !name.ends_with("-MIB") && !name.ends_with("-SMI") {
            let span = Span { start: self.ast.end, end: self.ast.end + 3 };
            self.say_at(Rule::ModuleNameSuffix, span, name);
        }
    }

    fn imports(&mut self) {
        let mut used: FastMap<Symbol, ()> = FastMap::default();
        let mut types: Vec<(Name, bool)> = Vec::new();
        for definition in &self.ast.definitions {
            uses(self.ast, definition, &mut |name| {
                used.insert(name.symbol, ());
            });
            let is_row = self
                .ast
                .syntax(definition)
                .is_some_and(|syntax| matches!(syntax.shape, Shape::Sequence(_)));
            type_uses(self.ast, definition, &mut |name| types.push((name, is_row)));
        }
        if !self.is_v2 {
            return;
        }
        let unit = &self.resolver.units[self.id.index()];
        let mut said: FastMap<Symbol, ()> = FastMap::default();
        for (name, is_row) in types {
            let known = unit.imports.contains_key(&name.symbol) || self.defines(name.symbol);
            // A SEQUENCE repeats what its columns say; each of its lines is one
            // to go through when the import cannot be had.
            let was_said = said.insert(name.symbol, ()).is_some();
            if known || (was_said && !is_row) {
                continue;
            }
            if BASE_TYPES.contains(&self.word(name)) {
                self.say(Rule::BaseTypeNotImported, name, self.word(name));
            }
        }
        let macros = self.ast.definitions.iter().filter_map(|d| d.macro_name());
        let macros: Vec<&str> = macros.collect();
        for import in &self.ast.imports {
            for &name in &self.ast.pools[import.symbols] {
                let word = self.word(name);
                let is_there = self.resolver.is_importable(import.module, name);
                if is_there && !used.contains_key(&name.symbol) && !macros.contains(&word) {
                    self.say(Rule::ImportUnused, name, word);
                }
                if self.word(import.module) == "RFC1213-MIB"
                    && matches!(word, "mib-2" | "transmission" | "DisplayString")
                {
                    self.say(Rule::ObsoleteImport, name, word);
                }
            }
        }
    }

    fn date(&mut self, date: Name) {
        let word = self.word(date);
        if !is_date(word) {
            // With its quotes.
            let span = Span { start: date.start, end: date.start + word.len() as u32 + 2 };
            self.say_at(Rule::DateInvalid, span, word);
        }
    }

    /// RFC 2578 §3.1 and §7: letters, digits and hyphens, and what has an OID begins
    /// with a small letter.
    fn letters(&mut self) {
        for definition in &self.ast.definitions {
            let word = self.word(definition.name);
            let is_value = matches!(definition.body, Body::Value { .. } | Body::Invocation { .. });
            if is_value && word.starts_with(|c: char| c.is_ascii_uppercase()) {
                self.say(Rule::NameCase, definition.name, word);
            }
            if word.contains('_') {
                self.say(Rule::NameUnderscore, definition.name, word);
            }
        }
    }

    fn defines(&self, symbol: Symbol) -> bool {
        self.ast.definitions.iter().any(|d| d.name.symbol == symbol)
    }

    /// Names that differ only in the case of their letters.
    fn case(&mut self) {
        let mut first: FastMap<String, Name> = FastMap::default();
        // A row and the type of its SEQUENCE differ only so, by custom.
        let is_sequence = |definition: &&Definition| {
            !self
                .ast
                .syntax(definition)
                .is_some_and(|syntax| matches!(syntax.shape, Shape::Sequence(_)))
        };
        for definition in self.ast.definitions.iter().filter(is_sequence) {
            let word = self.word(definition.name);
            let before = *first.entry(word.to_ascii_lowercase()).or_insert(definition.name);
            if before.symbol != definition.name.symbol {
                self.say(Rule::CaseMatch, definition.name, word);
                self.say(Rule::PreviousDefinition, before, self.word(before));
            }
        }
    }

    fn identity(&mut self) {
        let Some(identity) = self.ast.definitions.iter().find(|d| d.is_identity()) else {
            if self.is_v2 && !self.ast.definitions.is_empty() {
                let span = Span { start: self.ast.end, end: self.ast.end + 3 };
                self.say_at(Rule::IdentityMissing, span, self.word(self.ast.name));
            }
            return;
        };
        let mut updated = None;
        let mut revisions: Vec<(String, Span)> = Vec::new();
        for clause in self.ast.clauses(identity) {
            match clause {
                Clause::LastUpdated(date) => {
                    self.date(*date);
                    updated = Some(full(self.word(*date)));
                }
                Clause::Revision(date) => {
                    self.date(*date);
                    let span = Span { start: date.start, end: date.start + 2 };
                    revisions.push((full(self.word(*date)), span));
                }
                _ => {}
            }
        }
        let about = self.word(identity.name);
        if let (Some(updated), Some(value)) = (&updated, identity.value()) {
            if !revisions.iter().any(|(date, _)| date == updated) {
                self.say_at(Rule::RevisionMissing, value.span, about);
            }
            for (date, span) in revisions.iter().filter(|(date, _)| date > updated) {
                self.say_at(Rule::RevisionAfterUpdate, *span, date);
            }
        }
        for pair in revisions.windows(2) {
            if let [(before, _), (date, span)] = pair
                && date > before
            {
                self.say_at(Rule::RevisionOrder, *span, date);
            }
        }
        if let Some(oid) = self.meant(identity.name).map(|node| self.oid(node)) {
            let is_controlled = match oid {
                // mib-2, transmission, snmpModules, enterprises and experiments.
                [1, 3, 6, 1, 2, 1, _] | [1, 3, 6, 1, 2, 1, 10, _] => true,
                [1, 3, 6, 1, 2 | 6, ..] => matches!(oid, [1, 3, 6, 1, 6, 3, _]),
                _ => true,
            };
            if !is_controlled {
                self.say(Rule::IdentityRegistration, identity.name, about);
            }
        }
    }
}

/// Whether it is `YYMMDDhhmmZ` or `YYYYMMDDhhmmZ`, of a day and a time there are.
fn is_date(date: &str) -> bool {
    let date = full(date);
    let Some(digits) = date.strip_suffix('Z').filter(|digits| digits.len() == 12) else {
        return false;
    };
    let part = |at: usize| digits.get(at..at + 2).and_then(|part| part.parse::<u32>().ok());
    let (Some(century), Some(year)) = (part(0), part(2)) else { return false };
    let (Some(month), Some(day)) = (part(4), part(6)) else { return false };
    let (Some(hour), Some(minute)) = (part(8), part(10)) else { return false };
    let is_leap = if year == 0 { century % 4 == 0 } else { year % 4 == 0 };
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day) && hour < 24 && minute < 60
}

fn full(date: &str) -> String {
    crate::resolve::with_century(date.trim())
}

impl Definition {
    /// The macro it invokes.
    fn macro_name(&self) -> Option<&'static str> {
        match &self.body {
            Body::Invocation { kind, .. } => Some(kind.keyword()),
            Body::TextualConvention { .. } => Some("TEXTUAL-CONVENTION"),
            _ => None,
        }
    }
}

/// Every name a definition speaks of.
fn uses(ast: &Module, definition: &Definition, visit: &mut impl FnMut(Name)) {
    match &definition.body {
        Body::Type { syntax, .. } => syntax_uses(ast, *syntax, visit),
        Body::Value { value } | Body::Invocation { value, .. } => value_uses(ast, value, visit),
        _ => {}
    }
    for clause in ast.clauses(definition) {
        match *clause {
            Clause::Syntax(syntax) | Clause::WriteSyntax(syntax) => {
                syntax_uses(ast, syntax, visit);
            }
            Clause::Index(items) => {
                ast.pools[items].iter().for_each(|item| syntax_uses(ast, item.syntax, visit));
            }
            Clause::Augments(name)
            | Clause::Group(name)
            | Clause::Object(name)
            | Clause::Supports(name)
            | Clause::Variation(name) => visit(name),
            Clause::Members(names)
            | Clause::MandatoryGroups(names)
            | Clause::Includes(names)
            | Clause::CreationRequires(names) => {
                ast.pools[names].iter().copied().for_each(&mut *visit);
            }
            Clause::Enterprise(value) => value_uses(ast, &ast.pools[value], visit),
            Clause::Defval(defval, _) => match &ast.pools[defval] {
                Defval::Name(name) => visit(*name),
                Defval::Bits(names) => ast.pools[*names].iter().copied().for_each(&mut *visit),
                Defval::Oid(value) => value_uses(ast, value, visit),
                _ => {}
            },
            _ => {}
        }
    }
}

fn value_uses(ast: &Module, value: &OidValue, visit: &mut impl FnMut(Name)) {
    ast.pools[value.parts].iter().filter_map(|part| part.name).for_each(visit);
}

fn syntax_uses(ast: &Module, syntax: Id<Syntax>, visit: &mut impl FnMut(Name)) {
    match ast.pools[syntax].shape {
        Shape::Named { name, .. } | Shape::SequenceOf(name) => visit(name),
        Shape::Sequence(members) => {
            ast.pools[members].iter().for_each(|member| visit(member.syntax));
        }
        _ => {}
    }
}

/// The names that stand where types stand.
fn type_uses(ast: &Module, definition: &Definition, visit: &mut impl FnMut(Name)) {
    if let Body::Type { syntax, .. } = definition.body {
        syntax_uses(ast, syntax, visit);
    }
    for clause in ast.clauses(definition) {
        if let Clause::Syntax(syntax) | Clause::WriteSyntax(syntax) = *clause {
            syntax_uses(ast, syntax, visit);
        }
    }
}
