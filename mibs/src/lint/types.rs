//! Types, and the SYNTAX of objects.

use super::{Judge, Rule};
use crate::{
    ast::{Body, Clause, Constraint, Definition, Module, Name, Shape, Syntax},
    model::{Base, Status, Type},
    source::Span,
    symbol::{FastMap, Symbol},
};

impl Judge<'_, '_> {
    pub(super) fn types(&mut self) {
        let mut used: FastMap<Symbol, ()> = FastMap::default();
        for definition in &self.ast.definitions {
            for syntax in syntaxes(self.ast, definition) {
                match &syntax.shape {
                    Shape::Named { name, .. } | Shape::SequenceOf(name) => {
                        used.insert(name.symbol, ());
                    }
                    Shape::Sequence(_) if !matches!(definition.body, Body::Type { .. }) => {}
                    _ => {}
                }
                self.syntax(syntax, definition);
            }
        }
        for definition in &self.ast.definitions {
            let is_type =
                matches!(definition.body, Body::TextualConvention { .. } | Body::Type { .. });
            if is_type && self.is_v2 && !used.contains_key(&definition.name.symbol) {
                self.say(Rule::TypeUnreferenced, definition.name, self.word(definition.name));
            }
            if is_type {
                self.named_type(definition);
            }
        }
    }

    fn type_named(&self, name: Name) -> Option<Type<'_>> {
        let id = self.resolver.quiet_find(self.id, name.symbol)?;
        self.resolver.type_of_definition(id)
    }

    fn named_type(&mut self, definition: &Definition) {
        let Some(own) = self.type_named(definition.name) else { return };
        let wants_hint = match own.base() {
            Base::OctetString | Base::Opaque => true,
            Base::Integer32 | Base::Unsigned32 | Base::Gauge32 => own.labels().next().is_none(),
            _ => false,
        };
        let is_nested = own.is_textual_convention()
            && own.parent().is_some_and(|parent| parent.is_textual_convention());
        let about = self.word(definition.name);
        if wants_hint && own.hint().is_none() {
            self.say(Rule::TypeWithoutFormat, definition.name, about);
        }
        if is_nested {
            self.say(Rule::NestedTextualConvention, definition.name, about);
        }
    }

    fn syntax(&mut self, syntax: &Syntax, definition: &Definition) {
        let at = |len: u32| Span { start: syntax.start, end: syntax.start + len };
        let about = self.word(definition.name);
        if self.is_v2 {
            match &syntax.shape {
                Shape::Integer if syntax.labels.is_empty() => {
                    self.say_at(Rule::IntegerMisuse, at(7), about);
                }
                Shape::Named { name, .. } if self.word(*name) == "Opaque" => {
                    self.say(Rule::OpaqueInSmiV2, *name, about);
                }
                _ => {}
            }
        }
        if let Shape::Named { name, .. } = syntax.shape
            && let Some(known) = self.type_named(name).map(|t| t.labels().collect::<Vec<_>>())
            && !known.is_empty()
        {
            let strange = |label: &&crate::ast::Label| {
                !known.contains(&(self.word(label.name), label.number))
            };
            let labels = &self.ast.pools[syntax.labels];
            let strange: Vec<Name> = labels.iter().filter(strange).map(|l| l.name).collect();
            for name in strange {
                self.say(Rule::LabelNotInType, name, self.word(name));
            }
        }
        let is_bits = matches!(syntax.shape, Shape::Bits);
        let mut names: FastMap<Symbol, ()> = FastMap::default();
        let mut numbers: FastMap<i64, ()> = FastMap::default();
        let mut last = i64::MIN;
        for label in &self.ast.pools[syntax.labels] {
            let word = self.word(label.name);
            if self.is_v2 && word.contains('-') {
                self.say(Rule::HyphenInLabel, label.name, word);
            }
            if names.insert(label.name.symbol, ()).is_some() {
                self.say(Rule::LabelTwice, label.name, word);
            }
            if numbers.insert(label.number, ()).is_some() {
                self.say(Rule::LabelNumberTwice, label.name, word);
            } else if label.number < last && !is_bits && last != i64::MAX {
                self.say(Rule::LabelOrder, label.name, word);
                last = i64::MAX;
            }
            last = last.max(label.number);
        }
        if let Some(Constraint::Range(ranges) | Constraint::Size(ranges)) = syntax.constraint
            && let Some((low, high)) = self.limits(syntax)
        {
            // MIN and MAX are the ends of whatever the type is.
            let is_outside =
                |end: i64| !matches!(end, i64::MIN | i64::MAX) && (end < low || end > high);
            let ranges = &self.ast.pools[ranges];
            if ranges.iter().any(|&(from, to)| is_outside(from) || is_outside(to)) {
                let start = syntax.constraint_start;
                self.say_at(Rule::RangeBounds, Span { start, end: start + 1 }, about);
            }
        }
        if let Some(Constraint::Range(ranges) | Constraint::Size(ranges)) = syntax.constraint {
            let start = syntax.constraint_start;
            self.ranges(&self.ast.pools[ranges], Span { start, end: start + 1 }, about);
        }
        if let Some(constraint) = &syntax.constraint
            && !self.is_allowed(syntax, constraint)
        {
            let start = syntax.constraint_start;
            self.say_at(Rule::SubtypeIllegal, Span { start, end: start + 1 }, about);
        }
        self.status_of_type(syntax, definition);
    }

    /// RFC 2578 §9: of what a type can be restricted by.
    fn is_allowed(&self, syntax: &Syntax, constraint: &Constraint) -> bool {
        let base = match syntax.shape {
            Shape::Integer => Base::Integer32,
            Shape::OctetString => Base::OctetString,
            Shape::Named { name, .. } => self.type_named(name).map_or(Base::None, |t| t.base()),
            _ => Base::None,
        };
        match (base, constraint) {
            (Base::None, _) => true,
            (Base::OctetString | Base::Opaque, Constraint::Size(_)) => true,
            (Base::Integer32 | Base::Unsigned32 | Base::Gauge32, Constraint::Range(_)) => true,
            // Version 1 allowed it of all numbers.
            (_, Constraint::Range(_)) => !self.is_v2 && base.limits().is_some(),
            _ => false,
        }
    }

    /// What the type that is refined can hold at all: numbers, or so many octets.
    fn limits(&self, syntax: &Syntax) -> Option<(i64, i64)> {
        if let Some(Constraint::Size(_)) = syntax.constraint {
            // RFC 2578 §7.1.2.
            return Some((0, i64::from(u16::MAX)));
        }
        match syntax.shape {
            Shape::Integer => Base::Integer32.limits(),
            Shape::Named { name, .. } => self.type_named(name)?.base().limits(),
            _ => None,
        }
    }

    fn ranges(&mut self, ranges: &[(i64, i64)], span: Span, about: &str) {
        if ranges.iter().any(|(low, high)| low > high) {
            self.say_at(Rule::RangeExchanged, span, about);
        }
        let mut sorted = ranges.to_vec();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a.1 >= b.0)) {
            self.say_at(Rule::RangeOverlap, span, about);
        }
    }

    fn status_of_type(&mut self, syntax: &Syntax, definition: &Definition) {
        let Shape::Named { name, .. } = syntax.shape else { return };
        let is_object = matches!(definition.body, Body::Invocation { .. });
        let status = self.type_named(name).and_then(|used| used.status());
        let own = self.status(definition).map(|status| self.word(status));
        let rule = match status {
            Some(Status::Deprecated) if own == Some("current") => Rule::TypeStatusDeprecated,
            Some(Status::Obsolete) if own != Some("obsolete") => Rule::TypeStatusObsolete,
            _ => return,
        };
        if is_object {
            self.say(rule, definition.name, self.word(definition.name));
        }
    }
}

/// Every SYNTAX and WRITE-SYNTAX of a definition.
fn syntaxes<'a>(ast: &'a Module, definition: &Definition) -> impl Iterator<Item = &'a Syntax> {
    let own = match definition.body {
        Body::Type { syntax, .. } => Some(syntax),
        _ => None,
    };
    let clauses = ast.clauses(definition).iter().filter_map(|clause| match *clause {
        Clause::Syntax(syntax) | Clause::WriteSyntax(syntax) => Some(syntax),
        _ => None,
    });
    own.into_iter().chain(clauses).map(|syntax| &ast.pools[syntax])
}
