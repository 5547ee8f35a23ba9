//! `weight`: the operator's weight of a server.

use lcms_lb_core::model::Weight;

use super::{CliError, Context, Exit, json, text};
use crate::{
    ops::{self, WeightChange, Weights},
    path::RowPath,
};

/// Sets the weight the operator wants; 0 drains. The director goes by it unless
/// a controller's dynamic weight stands in its place.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager weight main/web/rs1 20
  lcms-manager weight rs1 0 --reason 'new kernel'    where rs1 is unique")]
pub struct Args {
    /// CLUSTER/SERVICE/SERVER; the front may be left out where the rest is unique
    server: RowPath,
    /// 0 to 65535
    weight: Weight,
    /// On which director; else the active one
    #[arg(long, value_name = "NODE")]
    on: Option<String>,
    /// Why, for the record that the director keeps
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let (inventory, on) = context.inventory_with(args.on.as_deref())?;
    let client = context.client()?;
    let Args { server, weight, reason, .. } = &args;
    let change =
        ops::weight(client, &inventory, server, *weight, on.as_deref(), reason.as_deref()).await?;
    match context.json() {
        true => json(&change)?,
        false => text(&told(&change))?,
    }
    Ok(Exit::Done)
}

fn told(WeightChange { name, node, changed, before, after, why }: &WeightChange) -> String {
    let mut text = match changed {
        true => format!("{name} on {node}:\n"),
        false => format!("{name} on {node}: unchanged\n"),
    };
    let number = |n: Option<u32>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let of = |w: &Weights| [w.configured, w.dynamic, w.effective].map(number);
    let words = ["configured", "dynamic", "effective"];
    for ((word, before), after) in words.into_iter().zip(of(before)).zip(of(after)) {
        let change = if before == after { after } else { format!("{before} → {after}") };
        text.push_str(&format!("  {word:<10}  {change}\n"));
    }
    if let (Some(source), true) = (after.source, after.effective != after.configured) {
        text.push_str(&format!("  the effective weight is not the configured one: {source}"));
        let why = why.as_deref().map(|why| format!(", {why}"));
        text.push_str(&format!("{}\n", why.unwrap_or_default()));
    }
    text
}

#[cfg(test)]
mod tests {
    use lcms_lb_core::model::WeightSource;

    use super::*;
    use crate::ops::RowName;

    #[test]
    fn says_what_changed_and_what_rules() {
        let names = ["main", "web", "rs1"].map(|name| name.parse().unwrap());
        let before = Weights {
            configured: Some(10),
            dynamic: Some(57),
            effective: Some(57),
            source: Some(WeightSource::Dynamic),
            mode: None,
        };
        let change = WeightChange {
            name: RowName(names.to_vec()),
            node: "lb1".into(),
            changed: true,
            before,
            after: Weights { configured: Some(20), ..before },
            why: Some("capacity 4.0".into()),
        };
        assert_eq!(
            told(&change),
            "main/web/rs1 on lb1:\n  configured  10 → 20\n  dynamic     57\n  effective   57\n  \
             the effective weight is not the configured one: dynamic, capacity 4.0\n"
        );
    }
}
