//! Rust code from modules: typed rows, indexes, patches and notifications.
//!
//! The text that comes out is one file: `tc` with the enumerations, a module
//! for each MIB module, and in it one for each table or group of scalars. It
//! needs lcms-snmp and nothing else. Objects that are obsolete are left out.

mod entries;
mod labels;
mod naming;
mod notifications;
mod shape;
mod tables;

use std::fmt::Write;

use thiserror::Error;

use crate::model::{Kind, Mib, Module};
use entries::EntryPlan;

/// Why no code can be generated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CodegenError {
    /// A module that was asked for is not there.
    #[error("module `{0}` is not loaded")]
    MissingModule(String),
    /// The SYNTAX of an object could not be resolved, or has no form in Rust.
    #[error("`{0}` has a syntax that no code can be generated for")]
    Syntax(String),
    /// Two modules give one name to different enumerations.
    #[error("two different enumerations are named `{0}`")]
    Conflict(String),
    /// Two labels would become one name.
    #[error("two labels of `{0}` would get the same name")]
    Labels(String),
}

/// Generates the code of these modules.
pub fn generate(mib: &Mib, modules: &[&str]) -> Result<String, CodegenError> {
    let mut chosen = Vec::new();
    for &name in modules {
        let missing = || CodegenError::MissingModule(name.to_owned());
        chosen.push(mib.module(name).ok_or_else(missing)?);
    }
    let mut plans = Vec::new();
    for &module in &chosen {
        plans.push((module, entries::plan(module, &chosen)?));
    }

    let mut out = String::from("// Generated from the MIB modules; changes belong there.\n\n");
    catalogue(&mut out, &chosen);
    out.push_str("mod support {\n");
    out.push_str(include_str!("support.rs"));
    out.push_str("}\n\n");
    labels::write_tc(&mut out, &plans)?;
    for (module, plan) in &plans {
        write_module(&mut out, *module, plan)?;
    }
    Ok(out)
}

/// The list for sysORTable.
fn catalogue(out: &mut String, modules: &[Module<'_>]) {
    out.push_str(
        "/// A MIB module this crate was generated from, as sysORTable shows it.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq)]\n\
         pub struct Module {\n\
         \x20   /// The module's name.\n\
         \x20   pub name: &'static str,\n\
         \x20   /// The OID of its MODULE-IDENTITY; empty where it has none.\n\
         \x20   pub oid: &'static [u32],\n\
         \x20   /// What it is for, in a sentence.\n\
         \x20   pub description: &'static str,\n\
         }\n\n\
         /// All modules.\n\
         pub const MODULES: &[Module] = &[\n",
    );
    for module in modules {
        let identity = module.identity();
        let oid = identity.map(|node| node.oid()).unwrap_or_default();
        let description = identity.and_then(|node| node.description());
        line(
            out,
            format_args!(
                "    Module {{ name: {:?}, oid: &{oid:?}, description: {:?} }},",
                module.name(),
                first_sentence(&description.unwrap_or_default()),
            ),
        );
    }
    out.push_str("];\n\n");
}

fn write_module(
    out: &mut String,
    module: Module<'_>,
    plan: &[EntryPlan<'_>],
) -> Result<(), CodegenError> {
    let identity = module.identity();
    let description = identity.and_then(|node| node.description());
    doc(out, "", module.name(), description.as_deref());
    line(out, format_args!("pub mod {} {{", entries::module_name(module)));
    out.push_str("    use lcms_snmp::object::Entry;\n\n");
    let oid = identity.map(|node| node.oid()).unwrap_or_default();
    out.push_str("    /// The OID of the MODULE-IDENTITY.\n");
    line(out, format_args!("    pub const MODULE_OID: &[u32] = &{oid:?};\n"));
    out.push_str("    /// All tables and groups of scalars with instances, in OID order.\n");
    out.push_str("    pub static ENTRIES: &[&Entry] = &[\n");
    let mut served: Vec<&EntryPlan<'_>> =
        plan.iter().filter(|entry| entry.columns.iter().any(|c| c.is_readable())).collect();
    served.sort_by_key(|entry| entry.node.oid());
    for entry in served {
        line(out, format_args!("        &{}::ENTRY,", entry.module));
    }
    out.push_str("    ];\n\n");
    for entry in plan {
        tables::write(out, entry)?;
    }
    notifications::write(out, module, plan)?;
    write_nodes(out, module);
    out.push_str("}\n\n");
    Ok(())
}

/// What has a name and an OID and nothing else: OBJECT-IDENTITY, which other
/// objects have as values, and the branches of the tree.
fn write_nodes(out: &mut String, module: Module<'_>) {
    let nodes: Vec<_> = module.nodes().filter(|node| node.kind() == Kind::Node).collect();
    if nodes.is_empty() {
        return;
    }
    out.push_str("    /// The names of this module that stand for an OID alone.\n");
    out.push_str("    pub mod nodes {\n");
    for node in nodes {
        doc(out, "        ", node.name(), node.description().as_deref());
        let constant = naming::screaming(&naming::snake(node.name()));
        line(out, format_args!("        pub const {constant}: &[u32] = &{:?};", node.oid()));
    }
    out.push_str("    }\n");
}

/// Writes a line; a string takes whatever it is given.
fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a String takes any text");
}

/// A doc comment: the first sentence of a DESCRIPTION, or else the name.
fn doc(out: &mut String, indent: &str, name: &str, description: Option<&str>) {
    let sentence = first_sentence(description.unwrap_or_default());
    let escaped = sentence.replace('[', "\\[").replace(']', "\\]").replace('<', "\\<");
    match escaped.is_empty() {
        true => line(out, format_args!("{indent}/// {name}.")),
        false => line(out, format_args!("{indent}/// {name}: {escaped}")),
    }
}

fn first_sentence(description: &str) -> String {
    let words: Vec<&str> = description.split_whitespace().collect();
    let text = words.join(" ");
    // A full stop ends a sentence where a capital follows; `e.g.` does not.
    let end = text.match_indices(". ").map(|(at, _)| at).find(|&at| {
        text.get(at + 2..).is_some_and(|rest| rest.starts_with(|c: char| c.is_uppercase()))
    });
    match end {
        Some(at) => text.get(..=at).unwrap_or_default().to_owned(),
        None => text,
    }
}
