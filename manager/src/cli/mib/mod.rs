//! `mib`: questions about modules, which need no agent.

mod codegen;
mod diff;
mod doc;
mod dump;
mod lint;
mod load;
mod loading;
mod names;

use clap::Subcommand;

use self::loading::Loading;
use super::{CliError, Context, Exit};

/// A toolkit for MIB modules.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Load modules and count what is in them
    Load(load::Args),
    /// Write everything known of modules, one object a line
    Dump(dump::Args),
    /// Say what is wrong with modules
    Lint(lint::Args),
    /// Say what changed between two editions
    Diff(diff::Args),
    /// Write pages about modules
    Doc(doc::Args),
    /// Write Rust for modules
    Codegen(codegen::Args),
    /// Names to OIDs and back
    Translate(names::TranslateArgs),
    /// Nodes by a part of their name
    Find(names::FindArgs),
    /// A node and all below it
    Tree(names::TreeArgs),
}

pub fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    match args.verb {
        Verb::Load(args) => load::run(&args, context),
        Verb::Dump(args) => dump::run(&args, context),
        Verb::Lint(args) => lint::run(&args, context),
        Verb::Diff(args) => diff::run(&args, context),
        Verb::Doc(args) => doc::run(&args, context),
        Verb::Codegen(args) => codegen::run(&args, context),
        Verb::Translate(args) => names::translate(&args, context),
        Verb::Find(args) => names::find(&args, context),
        Verb::Tree(args) => names::tree(&args, context),
    }
}
