//! `mib translate`, `mib find` and `mib tree`: names and what they stand for.

use lcms_mibs::NameError;

use crate::{
    cli::{CliError, Context, Exit, json, json_line, text},
    ops::{self, QueryError},
};

/// Writes names as OIDs, and OIDs as names.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager mib translate ifDescr.3 1.3.6.1.2.1.1.3.0
  lcms-manager mib translate 'lcServerWeight.\"main\".\"web\".\"rs1\"'
Modules of other vendors: --mib-dir DIR")]
pub struct TranslateArgs {
    /// Names, with or without module and instance, or OIDs
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// Finds nodes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  lcms-manager mib find --mib-dir ./mibs octets")]
pub struct FindArgs {
    /// A part of the name, in small letters or capitals
    text: String,
    /// Search the descriptions as well
    #[arg(long)]
    description: bool,
}

/// Shows a part of the tree.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  lcms-manager mib tree lcMIB")]
pub struct TreeArgs {
    /// A name or an OID
    #[arg(default_value = "iso", value_name = "NAME")]
    root: String,
}

pub fn translate(args: &TranslateArgs, context: &Context) -> Result<Exit, CliError> {
    let mib = context.mib()?;
    for name in &args.names {
        let translation = ops::mib::translate(mib, name).map_err(|cause| unknown(name, cause))?;
        match context.json() {
            true => json_line(&translation)?,
            // Whoever gives a name wants the numbers, and the other way round.
            false if name.trim_start_matches('.').starts_with(|c: char| c.is_ascii_digit()) => {
                text(&format!("{}\n", translation.name))?;
            }
            false => text(&format!("{}\n", translation.oid))?,
        }
    }
    Ok(Exit::Done)
}

pub fn find(args: &FindArgs, context: &Context) -> Result<Exit, CliError> {
    let mut found = false;
    for entry in ops::mib::find(context.mib()?, &args.text, args.description) {
        found = true;
        match context.json() {
            true => json_line(&entry)?,
            false => text(&line(&entry))?,
        }
    }
    Ok(if found { Exit::Done } else { Exit::Failed })
}

pub fn tree(args: &TreeArgs, context: &Context) -> Result<Exit, CliError> {
    let entries =
        ops::mib::tree(context.mib()?, &args.root).map_err(|cause| unknown(&args.root, cause))?;
    if context.json() {
        json(&entries)?;
    } else {
        let lines: String = entries.iter().map(line).collect();
        text(&lines)?;
    }
    Ok(if entries.is_empty() { Exit::Failed } else { Exit::Done })
}

fn unknown(given: &str, cause: NameError) -> QueryError {
    QueryError::Name { given: given.to_owned(), cause }
}

fn line(entry: &ops::mib::Entry) -> String {
    let indent = "  ".repeat(entry.depth.unwrap_or(0));
    let name = match entry.depth {
        Some(_) => entry.name.rsplit("::").next().unwrap_or_default(),
        None => &entry.name,
    };
    let words = [Some(entry.kind), entry.syntax.as_deref(), entry.access];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    format!("{indent}{name} ({}) {}\n", entry.oid, words.join(" "))
}
