//! Tables, rows and their SEQUENCEs.

use super::{Judge, Rule};
use crate::{
    ast::{Body, Definition, Member, Shape},
    model::{Kind, NodeId},
    source::Span,
    symbol::{FastMap, Symbol},
};

/// The number at the end of a definition's OID.
fn last_part(definition: &Definition) -> Span {
    let (start, end) = definition.value().map_or((0, 0), |value| (value.last, value.span.end));
    Span { start, end: end.max(start) }
}

impl Judge<'_, '_> {
    pub(super) fn tables(&mut self) {
        let nodes = self.nodes();
        // Columns by the row they are in, in the order of their numbers.
        let mut columns: FastMap<NodeId, Vec<(u32, NodeId)>> = FastMap::default();
        for &(definition, id) in &nodes {
            let parent = self.parent(id);
            let parent_kind = parent.map(|parent| self.node(parent).kind);
            let about = self.word(definition.name);
            match (self.node(id).kind, parent_kind) {
                (Kind::Column, _) => {
                    let number = self.oid(id).last().copied().unwrap_or(0);
                    if self.resolver.lacks_index(self.id) {
                        self.say(Rule::NoIndexMacro, definition.name, about);
                    }
                    if number == 0 {
                        self.say_at(Rule::ColumnZero, last_part(definition), about);
                    }
                    if let Some(row) = parent {
                        columns.entry(row).or_default().push((number, id));
                    }
                }
                (Kind::Scalar, Some(Kind::Table)) => {
                    self.say(Rule::ColumnParent, definition.name, about);
                }
                (Kind::Scalar, Some(Kind::Scalar | Kind::Column)) => {
                    self.say(Rule::ScalarParent, definition.name, about);
                }
                (Kind::Row, Some(kind)) if kind != Kind::Table => {
                    self.say(Rule::RowParent, definition.name, about);
                }
                (Kind::Row, Some(Kind::Table)) => {
                    if self.oid(id).last() != Some(&1) {
                        self.say_at(Rule::RowNumber, last_part(definition), about);
                    }
                    self.names(definition, parent);
                }
                (Kind::Table, _) if !about.ends_with("Table") => {
                    self.say(Rule::TableName, definition.name, about);
                }
                _ => {}
            }
        }
        for (definition, id) in nodes {
            if self.node(id).kind == Kind::Row {
                let mut own = columns.remove(&id).unwrap_or_default();
                own.sort_unstable();
                self.sequence(definition, &own);
            }
        }
    }

    fn names(&mut self, row: &Definition, table: Option<NodeId>) {
        let Some(table) = table else { return };
        let (row_name, table_name) = (self.word(row.name), self.name_of(table));
        let stem = |name: &str, end: &str| name.strip_suffix(end).map(str::to_owned);
        if let (Some(a), Some(b)) = (stem(row_name, "Entry"), stem(table_name, "Table"))
            && a != b
        {
            self.say(Rule::RowName, row.name, row_name);
        }
        let of = match self.node(table).syntax {
            Some(id) => match &self.resolver.mib.types[id.index()].sequence {
                crate::model::Sequence::Of(name) => Some(*name),
                _ => None,
            },
            None => None,
        };
        let own = self.ast.syntax(row).and_then(|syntax| match syntax.shape {
            Shape::Named { name, .. } => Some(name.symbol),
            _ => None,
        });
        let (Some(of), Some(own)) = (of, own) else { return };
        let is_known = |name| self.resolver.quiet_find(self.id, name).is_some();
        // That the row's own type is unknown was said.
        if of == own || !is_known(own) {
            return;
        }
        // A name that stands for nothing is wrong where it is written.
        let table = self.resolver.quiet_find(self.id, self.node(table).name);
        let table = table.filter(|id| id.0 == self.id);
        let written = table.and_then(|(_, at)| {
            let table = self.ast.definitions.get(at as usize)?;
            match self.ast.syntax(table)?.shape {
                Shape::SequenceOf(name) => Some(name),
                _ => None,
            }
        });
        let at = written.filter(|_| !is_known(of)).unwrap_or(row.name);
        self.say(Rule::TableType, at, self.resolver.mib.symbols.text(of));
    }

    /// The SEQUENCE of a row against the columns there are.
    fn sequence(&mut self, row: &Definition, columns: &[(u32, NodeId)]) {
        let Some(Shape::Named { name, .. }) = self.ast.syntax(row).map(|syntax| &syntax.shape)
        else {
            return;
        };
        let own = self.ast.definitions.iter().find(|d| d.name.symbol == name.symbol);
        let Some(own) = own else { return };
        let Body::Type { syntax, .. } = own.body else { return };
        let Shape::Sequence(members) = self.ast.pools[syntax].shape else { return };
        let by_name: FastMap<Symbol, usize> =
            columns.iter().enumerate().map(|(at, &(_, id))| (self.node(id).name, at)).collect();
        let mut last = None;
        // Two columns of one number have no order, which is said where they are.
        let mut ordered = !columns.windows(2).any(|pair| matches!(pair, [a, b] if a.0 == b.0));
        for member in &self.ast.pools[members] {
            match by_name.get(&member.name.symbol) {
                None => {
                    let about = self.word(member.name);
                    self.say(Rule::SequenceNoColumn, member.name, about);
                }
                Some(&at) => {
                    if ordered && last.is_some_and(|last| at < last) {
                        ordered = false;
                        self.say(Rule::SequenceOrder, own.name, self.word(member.name));
                    }
                    last = Some(at);
                    self.member_type(member);
                }
            }
        }
    }

    fn member_type(&mut self, member: &Member) {
        let definition = self.ast.definitions.iter().find(|d| d.name.symbol == member.name.symbol);
        let Some(syntax) = definition.and_then(|definition| self.ast.syntax(definition)) else {
            return;
        };
        let written = match &syntax.shape {
            Shape::Named { name, .. } => self.word(*name),
            Shape::Integer => "INTEGER",
            Shape::OctetString => "OCTET",
            Shape::ObjectIdentifier => "OBJECT",
            Shape::Bits => "BITS",
            _ => return,
        };
        let in_sequence = self.word(member.syntax);
        // INTEGER and Integer32 are two spellings of one type.
        let plain =
            |word: &str| if word == "Integer32" { "INTEGER".to_owned() } else { word.to_owned() };
        // An enumeration of a textual convention may be written as INTEGER.
        let is_base = matches!(in_sequence, "INTEGER" | "OCTET" | "OBJECT");
        let is_named = matches!(syntax.shape, Shape::Named { .. });
        if plain(written) != plain(in_sequence) && !(is_base && is_named) {
            let value = definition.and_then(|definition| definition.value());
            let span = value.map(|value| value.span).unwrap_or_default();
            self.say_at(Rule::SequenceTypeMismatch, span, self.word(member.name));
        }
    }
}
