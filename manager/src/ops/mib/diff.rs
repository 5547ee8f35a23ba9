//! What changed between two editions, as records.

use lcms_mibs::Change;
use serde::Serialize;

/// A line of `mib diff --json`.
#[derive(Debug, Serialize)]
pub struct Difference {
    module: String,
    name: String,
    change: &'static str,
    compatible: bool,
    clause: &'static str,
    text: &'static str,
    old: Option<String>,
    new: Option<String>,
}

impl Difference {
    /// Whether whoever knew the old definition can live with the new one.
    pub fn is_compatible(&self) -> bool {
        self.compatible
    }

    /// In one line, for people.
    pub fn line(&self) -> String {
        let mark = if self.compatible { "  " } else { "! " };
        let place = match self.module == self.name {
            true => self.module.clone(),
            false => format!("{}::{}", self.module, self.name),
        };
        let values = match (&self.old, &self.new) {
            (Some(old), Some(new)) => format!(": {old} -> {new}"),
            (Some(old), None) => format!(": was {old}"),
            (None, Some(new)) => format!(": {new}"),
            (None, None) => String::new(),
        };
        format!("{mark}{place} {}{values} ({})", self.text, self.clause)
    }
}

/// A change with what the standard says of it.
pub fn difference(change: Change) -> Difference {
    let Change { module, name, what, old, new } = change;
    Difference {
        module,
        name,
        change: what.code(),
        compatible: what.is_compatible(),
        clause: what.clause(),
        text: what.text(),
        old,
        new,
    }
}
