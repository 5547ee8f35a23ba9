//! The objects in INDEX.

use super::{Judge, Rule};
use crate::{
    ast::{Clause, Definition},
    model::{Access, Base, Index, Kind, Node, NodeId},
    source::Span,
};

/// RFC 2578 §3.5.
const MOST_ARCS: i64 = 128;

impl Judge<'_, '_> {
    pub(super) fn indexes(&mut self) {
        for (definition, id) in self.nodes() {
            if self.node(id).kind == Kind::Row {
                self.row(definition, id);
            }
        }
    }

    fn row(&mut self, definition: &Definition, id: NodeId) {
        let row = self.resolver.mib.node(id);
        let columns: Vec<Node<'_>> = row.children().filter(|c| c.kind() == Kind::Column).collect();
        let index: Vec<Index<'_>> = row.own_index().collect();
        // With an object that nobody knows, it is another index.
        if index.iter().any(|part| part.syntax().base() == Base::None) {
            return;
        }
        let items = self.ast.clauses(definition).iter().find_map(|clause| match *clause {
            Clause::Index(items) => Some(&self.ast.pools[items]),
            _ => None,
        });
        for (at, (part, item)) in index.iter().zip(items.unwrap_or_default()).enumerate() {
            let start = self.ast.pools[item.syntax].start;
            let name = part.name();
            let span = Span { start, end: start + name.len() as u32 };
            // Apart from each other they may be two protocols, or two addresses.
            let before = at.checked_sub(1).and_then(|before| index.get(before)?.node());
            if before.is_some() && before == part.node() {
                self.say_at(Rule::IndexElementTwice, span, &name);
            }
            let syntax = part.syntax();
            let is_string = matches!(syntax.base(), Base::OctetString | Base::ObjectIdentifier);
            if part.implied() && (!is_string || syntax.fixed_size().is_some()) {
                self.say_at(Rule::ImpliedFixed, span, &name);
            }
        }
        let elements: Vec<Node<'_>> = index.iter().filter_map(|part| part.node()).collect();
        let all_index = columns.iter().all(|column| elements.contains(column));
        for part in &index {
            let Some(node) = part.node() else { continue };
            let is_own = node.row() == Some(row);
            // One without an access was reported.
            let is_hidden = node.access().is_none_or(|access| access == Access::NotAccessible);
            if is_own && !is_hidden && !all_index && self.is_v2 {
                self.say(Rule::IndexElementAccessible, definition.name, node.name());
            }
            // One of another module is judged where it is used.
            let is_ours = node.module().id == self.id;
            let start = definition.name.start;
            let end = start + self.word(definition.name).len() as u32;
            let span = if is_ours { node.span() } else { Span { start, end } };
            self.element(part, node, span);
        }
        let most: i64 = index.iter().map(most_arcs).sum();
        let total = row.oid().len() as i64 + 1 + most;
        if total > MOST_ARCS && !index.is_empty() && self.is_v2 {
            self.say(Rule::IndexTooLarge, definition.name, &(total - MOST_ARCS).to_string());
        }
    }

    fn element(&mut self, part: &Index<'_>, node: Node<'_>, span: Span) {
        let syntax = part.syntax();
        let is_plain = syntax.labels().next().is_none();
        match syntax.base() {
            Base::Integer32 if is_plain && syntax.ranges().iter().all(|r| r.0 < 0) => {
                self.say_at(Rule::IndexElementNoRange, span, node.name());
            }
            Base::OctetString if syntax.sizes().is_empty() => {
                self.say_at(Rule::IndexElementNoSize, span, node.name());
            }
            Base::ObjectIdentifier => {
                self.say_at(Rule::IndexElementNoSize, span, node.name());
            }
            _ => {}
        }
        if node.default().is_some() {
            self.say_at(Rule::IndexElementDefault, span, node.name());
        }
    }
}

/// The most sub-identifiers a part of an index can have.
fn most_arcs(part: &Index<'_>) -> i64 {
    let syntax = part.syntax();
    let length = i64::from(!part.bare());
    match syntax.base() {
        Base::OctetString | Base::Bits | Base::Opaque => {
            let most = syntax.sizes().iter().map(|size| size.1).max();
            most.unwrap_or(i64::from(u16::MAX)).min(i64::from(u16::MAX)) + length
        }
        Base::ObjectIdentifier => MOST_ARCS + length,
        Base::IpAddress => 4,
        _ => 1,
    }
}
