//! `why`: what makes the weight of each server what it is.

use std::time::Duration;

use super::{
    CliError, Context, Exit,
    grid::{Grid, known},
    json, plain, text,
};
use crate::{
    ops::{self, Asked, PolicyWhy, ServerWhy, ServiceWhy, Why},
    path::RowPath,
};

/// Says why each server's weight is what it is: state, health, slow start and drain,
/// the controller's reasons and bounds, and how old its figures are.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager why main                  all servers of a cluster
  lcms-manager why main/web/rs1
  lcms-manager why main/web --over 10    shares observed over ten seconds

Configured is the operator's weight, dynamic a controller's, effective what the director
uses; observed is the share of connections really seen, since the director's counters
began or over the time that --over gives.")]
pub struct Args {
    /// CLUSTER, CLUSTER/SERVICE or CLUSTER/SERVICE/SERVER; the front may be left out
    /// where the rest is unique
    path: RowPath,
    /// On which director; else the active one
    #[arg(long, value_name = "NODE")]
    on: Option<String>,
    /// Count observed shares for so long
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    over: Option<u64>,
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let (inventory, on) = context.inventory_with(args.on.as_deref())?;
    let client = context.client()?;
    let over = args.over.map(Duration::from_secs);
    let asked = Asked { path: &args.path, on: on.as_deref(), over };
    let found = ops::why(client, &inventory, asked).await?;
    match context.json() {
        true => json(&found)?,
        false => text(&found.iter().map(cluster).collect::<Vec<_>>().join("\n"))?,
    }
    Ok(Exit::Done)
}

fn cluster(why: &Why) -> String {
    let lease = match &why.lease {
        Some(lease) => {
            format!("{} controls it, term {}, {} s left", lease.owner, lease.term, lease.seconds)
        }
        None => "nobody controls it: there is no lease".to_owned(),
    };
    let head = format!("{} on {}: {lease}\n", why.cluster, why.node);
    let services = why.services.iter().map(|one| service(&why.cluster, one));
    std::iter::once(head).chain(services).collect::<Vec<_>>().join("\n")
}

fn service(cluster: &str, service: &ServiceWhy) -> String {
    let scheduler = known(service.scheduler);
    let policy = service.policy.as_ref().map_or_else(|| "no policy".to_owned(), policy);
    let mut grid =
        Grid::new(["server", "configured", "dynamic", "effective", "share", "observed", "state"]);
    for server in &service.servers {
        grid.row([
            server.name.clone(),
            known(server.configured),
            known(server.dynamic),
            known(server.effective),
            percent(server.share),
            percent(server.observed),
            known(server.state),
        ]);
    }
    let reasons: String = service.servers.iter().map(reasons).collect();
    format!("{cluster}/{}: {scheduler}, {policy}\n{}{reasons}", service.name, grid.whole())
}

fn policy(policy: &PolicyWhy) -> String {
    let PolicyWhy { name, kind, floor, ceiling, step, hysteresis, smoothing_permille, .. } = policy;
    let step = match step {
        0 => String::new(),
        step => format!(", by {step} at most"),
    };
    let hysteresis = match hysteresis {
        0 => String::new(),
        hysteresis => format!(", by more than {hysteresis}"),
    };
    let kept = match smoothing_permille {
        0 => String::new(),
        kept => format!(", {}% damped", kept / 10),
    };
    format!("policy {name}: {kind}, {floor} to {ceiling}{step}{hysteresis}{kept}")
}

fn reasons(server: &ServerWhy) -> String {
    let mut lines: Vec<String> = server.because.iter().map(|line| plain(line)).collect();
    if let Some(changed) = &server.changed {
        let by = changed.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        let before = changed.before.map(|was| format!(", {was} before")).unwrap_or_default();
        lines.push(plain(&format!("last changed {}{by}{before}", changed.at)));
    }
    format!("\n{}: {}\n", server.name, lines.join("\n  "))
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}
