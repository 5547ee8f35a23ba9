//! One definition beside its successor.

use std::collections::BTreeMap;

use super::{Log, What};
use crate::model::{Kind, Module, Node, Status, Type};

/// An object, a notification, a group, or whatever else has an OID.
pub(super) fn node(log: &mut Log<'_>, old: Node<'_>, new: Node<'_>) {
    let name = new.name();
    log.compare(name, What::Moved, old.oid(), new.oid(), |oid| dotted(oid));
    log.compare(name, What::Kind, old.kind(), new.kind(), |kind| kind.name().to_owned());
    if let (Some(old), Some(new)) = (old.syntax(), new.syntax()) {
        syntax(log, name, old, new);
    }
    let word = |access: &Option<&str>| access.unwrap_or("none").to_owned();
    log.compare(name, What::Access, old.written_access(), new.written_access(), word);
    status(log, name, old.status(), new.status());
    match (old.units(), new.units()) {
        (was, is) if was == is => {}
        (None, Some(is)) => log.say(name, What::UnitsAdded, None, Some(is.into_owned())),
        (was, is) => {
            let (was, is) = (was.map(|was| was.into_owned()), is.map(|is| is.into_owned()));
            log.say(name, What::UnitsChanged, was, is);
        }
    }
    match (old.default(), new.default()) {
        (was, is) if was == is => {}
        (_, Some(_)) => log.say(name, What::DefaultChanged, None, None),
        (_, None) => log.say(name, What::DefaultRemoved, None, None),
    }
    log.compare(name, What::Index, index(old), index(new), |index| index.join(", "));
    let what = if new.kind() == Kind::Group { What::Members } else { What::Objects };
    let members = |node: Node<'_>| {
        let mut names: Vec<String> = node.written_members().map(str::to_owned).collect();
        // The objects of a notification have an order, the members of a group none.
        if node.kind() == Kind::Group {
            names.sort();
        }
        names
    };
    log.compare(name, what, members(old), members(new), |members| members.join(", "));
    log.compare(name, What::Compliance, asked(old), asked(new), |asked| asked.join(", "));
    prose(log, name, What::Description, old.description(), new.description());
    prose(log, name, What::Reference, old.reference(), new.reference());
}

/// A definition that was not there. A column is added at the end of its row.
pub(super) fn added(log: &mut Log<'_>, node: Node<'_>, known: &BTreeMap<&str, Node<'_>>) {
    let is_inserted = node.kind() == Kind::Column
        && node.row().is_some_and(|row| {
            let mut old = row.children().filter(|column| known.contains_key(column.name()));
            old.any(|column| column.arc() > node.arc())
        });
    let what = if is_inserted { What::ColumnInserted } else { What::Added };
    log.say(node.name(), what, None, Some(dotted(node.oid())));
}

/// The named types of a module.
pub(super) fn types(log: &mut Log<'_>, old: Module<'_>, new: Module<'_>) {
    let rows = |t: &Type<'_>| !t.is_sequence();
    let known: BTreeMap<&str, Type<'_>> =
        old.types().filter(rows).filter_map(|t| Some((t.own_name()?, t))).collect();
    let mut left = known.clone();
    for is in new.types().filter(rows) {
        let Some(name) = is.own_name() else { continue };
        left.remove(name);
        let Some(&was) = known.get(name) else {
            log.say(name, What::Added, None, None);
            continue;
        };
        values(log, name, was, is);
        status(log, name, was.status(), is.status());
        prose(log, name, What::Hint, was.hint(), is.hint());
        prose(log, name, What::Description, was.description(), is.description());
    }
    for name in left.into_keys() {
        log.say(name, What::Removed, None, None);
    }
}

fn syntax(log: &mut Log<'_>, name: &str, old: Type<'_>, new: Type<'_>) {
    if old.base() == new.base() && old.written() != new.written() {
        log.say(name, What::TypeName, Some(old.written()), Some(new.written()));
    }
    // What a type's own entry says is not said again of each of its objects.
    let is_same = old.own_name().is_some()
        && old.own_name() == new.own_name()
        && old.module().map(|m| m.name()) == new.module().map(|m| m.name())
        && old.module().is_some();
    if !is_same {
        values(log, name, old, new);
    }
}

fn values(log: &mut Log<'_>, name: &str, old: Type<'_>, new: Type<'_>) {
    log.compare(name, What::Base, old.base(), new.base(), |base| base.name().to_owned());
    if old.base() != new.base() {
        return;
    }
    let both = |t: Type<'_>| (t.ranges().to_vec(), t.sizes().to_vec());
    log.compare(name, What::Values, both(old), both(new), |(ranges, sizes)| {
        intervals(if ranges.is_empty() { sizes } else { ranges })
    });
    let was: BTreeMap<i64, &str> = old.labels().map(|(label, number)| (number, label)).collect();
    let is: BTreeMap<i64, &str> = new.labels().map(|(label, number)| (number, label)).collect();
    let show = |label: &str, number: i64| Some(format!("{label}({number})"));
    for (&number, &label) in &is {
        match was.get(&number) {
            Some(&known) if known == label => {}
            Some(known) => {
                log.say(name, What::LabelChanged, show(known, number), show(label, number));
            }
            // An enumeration where there was none allows less than before.
            None if was.is_empty() => {
                log.say(name, What::Values, None, show(label, number));
            }
            None => log.say(name, What::LabelAdded, None, show(label, number)),
        }
    }
    for (&number, &label) in was.iter().filter(|(number, _)| !is.contains_key(number)) {
        log.say(name, What::LabelRemoved, show(label, number), None);
    }
}

fn status(log: &mut Log<'_>, name: &str, old: Option<Status>, new: Option<Status>) {
    let age = |status: Option<Status>| match status {
        Some(Status::Deprecated) => 1,
        Some(Status::Obsolete) => 2,
        _ => 0,
    };
    let word = |status: Option<Status>| status.map(|status| status.name().to_owned());
    if age(new) > age(old) {
        log.say(name, What::StatusAged, word(old), word(new));
    } else if age(new) < age(old) {
        log.say(name, What::StatusRevived, word(old), word(new));
    }
}

/// Texts that differ in more than the space between their words.
fn prose<T: AsRef<str>>(log: &mut Log<'_>, name: &str, what: What, old: Option<T>, new: Option<T>) {
    let words = |text: &Option<T>| -> Vec<String> {
        let text = text.as_ref().map(AsRef::as_ref).unwrap_or_default();
        text.split_whitespace().map(str::to_owned).collect()
    };
    if words(&old) != words(&new) {
        log.say(name, what, None, None);
    }
}

fn index(node: Node<'_>) -> Vec<String> {
    if node.kind() != Kind::Row {
        return Vec::new();
    }
    let own = node.own_index().map(|part| {
        let object = part.name();
        if part.implied() { format!("IMPLIED {object}") } else { object.into_owned() }
    });
    own.chain(node.written_augments().map(|row| format!("AUGMENTS {row}"))).collect()
}

fn asked(node: Node<'_>) -> Vec<String> {
    let mut asked = Vec::new();
    for part in node.compliance() {
        asked.extend(part.mandatory().map(|group| format!("{group} mandatory")));
        asked.extend(part.groups().map(str::to_owned));
        let objects = part.objects();
        asked.extend(objects.map(|(object, access)| format!("{object} {access:?}")));
    }
    asked.sort();
    asked
}

fn intervals(all: &[(i64, i64)]) -> String {
    let one = |&(low, high): &(i64, i64)| match low == high {
        true => low.to_string(),
        false => format!("{low}..{high}"),
    };
    match all.is_empty() {
        true => "any".to_owned(),
        false => all.iter().map(one).collect::<Vec<_>>().join(" | "),
    }
}

pub(super) fn dotted(oid: &[u32]) -> String {
    oid.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}
