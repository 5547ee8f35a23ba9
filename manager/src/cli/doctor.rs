//! `doctor`: what is wrong with a node, and the fix.

use super::{CliError, Context, Exit, json, plain, text};
use crate::ops::{self, Diagnosis, Outcome, Step};

/// Finds out, step by step, what is wrong with a node: port, community, user,
/// passwords, clock, view, MIB, name, lease, and what the agent says of itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager doctor lb1
  lcms-manager doctor 192.0.2.1:161 -u ann --auth-file ann.password
  lcms-manager doctor lb1 --json | jq -r '.steps[] | select(.outcome == \"wrong\") | .cause'

Exit codes: 0 nothing is wrong, 1 something is, 2 wrong arguments or configuration.")]
pub struct Args {
    /// A node of the inventory, or HOST[:PORT]
    node: String,
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let (inventory, on) = context.inventory_with(Some(&args.node))?;
    let node = on.as_deref().and_then(|on| inventory.node(on));
    let node = match node {
        Some(node) => node.clone(),
        None => context.node(&args.node)?,
    };
    // A name that was made of an address says nothing about the agent's.
    let named = args.node == node.name.as_str();
    let diagnosis = ops::doctor(context.client()?, &node, named).await;
    match context.json() {
        true => json(&diagnosis)?,
        false => text(&told(&diagnosis))?,
    }
    Ok(if diagnosis.is_wrong() { Exit::Failed } else { Exit::Done })
}

fn told(diagnosis: &Diagnosis) -> String {
    let mut out = format!("{} at {}\n", diagnosis.node, diagnosis.address);
    // Where one thing is wrong, all that stands on it is not looked at.
    let is_waiting = |step: &&Step| step.outcome == Outcome::NotLookedAt && diagnosis.is_wrong();
    for step in diagnosis.steps.iter().filter(|step| !is_waiting(step)) {
        let word = match step.outcome {
            Outcome::Ok => "ok",
            Outcome::Note => "note",
            Outcome::Wrong => "WRONG",
            Outcome::NotLookedAt => "-",
        };
        out.push_str(&format!("  {:<11}  {word:<5}  {}\n", step.name, plain(&step.text)));
        for more in [&step.fix, &step.command].into_iter().flatten() {
            out.push_str(&format!("  {:<11}  {:<5}  → {}\n", "", "", plain(more)));
        }
    }
    let waiting: Vec<&str> =
        diagnosis.steps.iter().filter(is_waiting).map(|step| step.name).collect();
    if !waiting.is_empty() {
        out.push_str(&format!("  not looked at: {}\n", waiting.join(", ")));
    }
    out
}
