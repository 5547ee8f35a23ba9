//! Two editions of modules beside each other: what changed, and whether who knew
//! the old one can live with the new one.

mod definitions;
mod rule;

pub use rule::What;

use std::collections::BTreeMap;

use crate::{
    model::{Mib, Module, Node},
    resolve::with_century,
};

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The module it is in.
    pub module: String,
    /// The definition; the module's name where it is about the module.
    pub name: String,
    /// What it is.
    pub what: What,
    /// As it was, where there is something to show.
    pub old: Option<String>,
    /// As it is.
    pub new: Option<String>,
}

/// The differences between modules of the same name, in the order of the names
/// of the modules and of the new definitions. `is_old` and `is_new` choose the
/// modules that count; others are only there to resolve what those import.
pub fn diff(
    old: &Mib,
    new: &Mib,
    is_old: impl Fn(&Module<'_>) -> bool,
    is_new: impl Fn(&Module<'_>) -> bool,
) -> Vec<Change> {
    let mut pairs: BTreeMap<&str, (Option<Module<'_>>, Option<Module<'_>>)> = BTreeMap::new();
    for module in old.modules().filter(|module| is_old(module)) {
        pairs.entry(module.name()).or_default().0 = Some(module);
    }
    for module in new.modules().filter(|module| is_new(module)) {
        pairs.entry(module.name()).or_default().1 = Some(module);
    }
    let mut changes = Vec::new();
    for (name, pair) in pairs {
        let mut log = Log { module: name, changes: &mut changes };
        match pair {
            (Some(old), Some(new)) => both(&mut log, old, new),
            (Some(_), None) => log.say(name, What::ModuleRemoved, None, None),
            _ => log.say(name, What::ModuleAdded, None, None),
        }
    }
    changes
}

/// The changes of one module.
struct Log<'c> {
    module: &'c str,
    changes: &'c mut Vec<Change>,
}

impl Log<'_> {
    fn say(&mut self, name: &str, what: What, old: Option<String>, new: Option<String>) {
        let (module, name) = (self.module.to_owned(), name.to_owned());
        self.changes.push(Change { module, name, what, old, new });
    }

    /// Says it where the two differ.
    fn compare<T: PartialEq>(
        &mut self,
        name: &str,
        what: What,
        old: T,
        new: T,
        show: impl Fn(&T) -> String,
    ) {
        if old != new {
            self.say(name, what, Some(show(&old)), Some(show(&new)));
        }
    }
}

fn both(log: &mut Log<'_>, old: Module<'_>, new: Module<'_>) {
    let before = log.changes.len();
    let by_name: BTreeMap<&str, Node<'_>> = old.nodes().map(|node| (node.name(), node)).collect();
    let by_oid: BTreeMap<&[u32], Node<'_>> = old.nodes().map(|node| (node.oid(), node)).collect();
    let is_new: BTreeMap<&str, ()> = new.nodes().map(|node| (node.name(), ())).collect();
    let mut renamed: BTreeMap<&str, ()> = BTreeMap::new();
    for node in new.nodes() {
        if let Some(&known) = by_name.get(node.name()) {
            definitions::node(log, known, node);
            continue;
        }
        match by_oid.get(node.oid()) {
            Some(known) if !is_new.contains_key(known.name()) => {
                renamed.insert(known.name(), ());
                let (was, is) = (known.name().to_owned(), node.name().to_owned());
                log.say(node.name(), What::Renamed, Some(was), Some(is));
            }
            Some(known) => {
                log.say(node.name(), What::OidTaken, Some(known.name().to_owned()), None);
            }
            None => definitions::added(log, node, &by_name),
        }
    }
    for node in old.nodes() {
        if !is_new.contains_key(node.name()) && !renamed.contains_key(node.name()) {
            log.say(node.name(), What::Removed, Some(definitions::dotted(node.oid())), None);
        }
    }
    definitions::types(log, old, new);
    let date = |module: Module<'_>| module.last_updated().map(|d| with_century(d.trim()));
    let (was, is) = (date(old), date(new));
    if log.changes.len() > before && is.is_some() && is <= was {
        log.say(new.name(), What::NotDated, was, is);
    }
}
