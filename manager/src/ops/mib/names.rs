//! Names to OIDs and back, and what a name is.

use lcms_mibs::{Kind, Mib, NameError, Node};
use serde::Serialize;

use super::dump::dotted;

/// A name in all its forms.
#[derive(Debug, Serialize)]
pub struct Translation {
    /// As it was given.
    pub given: String,
    /// In numbers.
    pub oid: String,
    /// With the module in front, and the instance by its index.
    pub name: String,
    /// What the node is.
    pub kind: Option<&'static str>,
}

/// Translates a name, an instance or an OID.
pub fn translate(mib: &Mib, given: &str) -> Result<Translation, NameError> {
    let oid = mib.parse_name(given)?;
    let arcs = oid.arcs();
    Ok(Translation {
        given: given.to_owned(),
        oid: dotted(arcs),
        name: mib.format_full_name(arcs),
        kind: mib.lookup(arcs).map(|(node, _)| node.kind().name()),
    })
}

/// A node that was found, or one of a tree.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// In numbers.
    pub oid: String,
    /// With the module in front.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// The type as it is written.
    pub syntax: Option<String>,
    /// MAX-ACCESS.
    pub access: Option<&'static str>,
    /// How many named nodes stand above it, below the root of the tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<usize>,
}

fn entry(node: Node<'_>, depth: Option<usize>) -> Entry {
    Entry {
        oid: dotted(node.oid()),
        name: format!("{}::{}", node.module().name(), node.name()),
        kind: node.kind().name(),
        syntax: node.syntax().map(|syntax| syntax.written()),
        access: node.written_access(),
        depth,
    }
}

/// The nodes whose name contains a text, or with `deep` their description;
/// the case of letters does not matter.
pub fn find<'m>(mib: &'m Mib, text: &str, deep: bool) -> impl Iterator<Item = Entry> + use<'m> {
    let wanted = text.to_lowercase();
    mib.nodes()
        .filter(move |node| {
            let holds = |text: &str| text.to_lowercase().contains(&wanted);
            holds(node.name()) || (deep && node.description().is_some_and(|text| holds(&text)))
        })
        .map(|node| entry(node, None))
}

/// A node and all below it.
pub fn tree(mib: &Mib, root: &str) -> Result<Vec<Entry>, NameError> {
    let oid = mib.parse_name(root)?;
    let mut above: Vec<&[u32]> = Vec::new();
    let below = mib.nodes().filter(|node| node.oid().starts_with(oid.arcs()));
    let entries = below.filter(|node| node.kind() != Kind::Compliance).map(|node| {
        while above.last().is_some_and(|top| !node.oid().starts_with(top) || *top == node.oid()) {
            above.pop();
        }
        let depth = above.len();
        above.push(node.oid());
        entry(node, Some(depth))
    });
    Ok(entries.collect())
}
