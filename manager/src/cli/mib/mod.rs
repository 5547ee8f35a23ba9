//! `mib`: questions about modules, which need no agent.

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
        Verb::Translate(args) => names::translate(&args, context),
        Verb::Find(args) => names::find(&args, context),
        Verb::Tree(args) => names::tree(&args, context),
    }
}
