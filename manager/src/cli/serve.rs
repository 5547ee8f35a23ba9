//! `serve`: polling, the control loop and metrics in one daemon.

mod receiving;
mod systemd;
mod teller;

use std::{str::FromStr as _, sync::Arc, time::Duration};

use lcms_mibs::Mib;
use tokio::signal::unix::{SignalKind, signal};

use self::{
    receiving::Receiving,
    systemd::Systemd,
    teller::{events, teller},
};
use super::{CliError, Context, Exit, LAST_WORDS, Stop, auto, text};
use crate::{
    config::{Config, Listen},
    inventory::Inventory,
    serve::{Controlled, Orders, Serve, Settings},
    traps,
};

/// Polls all nodes again and again, keeps weights in step with the measured load as
/// `auto` does, and serves what it knows. Runs until Ctrl-C or SIGTERM, and then
/// gives its leases back; SIGHUP loads the file again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lcms-manager serve                    as [serve] of the configuration says
  lcms-manager serve --check            whether that is right; starts nothing
  lcms-manager serve --no-control       only watch
  lcms-manager serve --metrics 9780     and http://127.0.0.1:9780/metrics
  lcms-manager serve --json | jq -r 'select(.event == \"decision\") | .why'

The section, with its defaults:
  [serve]
  interval_ms = 5000                    # from one poll to the next
  control = true                        # or false, or some clusters: [\"main\"]
  # metrics = \"127.0.0.1:9780\"         # for Prometheus; left out: nowhere
  state_dir = \"/var/lib/lcms-manager\"")]
pub struct Args {
    /// Only say whether the configuration is right
    #[arg(long)]
    check: bool,
    /// Serve metrics for Prometheus here; a port alone is loopback's
    #[arg(long, value_name = "ADDR", value_parser = Listen::from_str)]
    metrics: Option<Listen>,
    /// Set no weights and take no lease, whatever the file says
    #[arg(long)]
    no_control: bool,
}

pub async fn run(args: Args, context: &Context) -> Result<Exit, CliError> {
    let Loaded { inventory, settings, receiver, mib } = load(&args, context)?;
    if args.check {
        text(&format!("{}: right\n", context.config().display()))?;
        return Ok(Exit::Done);
    }
    let mut stop = Stop::listen().map_err(CliError::System)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(CliError::System)?;
    let client = context.client()?;
    let orders = Orders::new(inventory.clone(), settings, auto::owner(false)?);
    let events = context.json().then(events).transpose().map_err(CliError::System)?;
    let mut serve = Serve::start(client, orders, &teller(events.clone())).await?;
    let counters = serve.published().notifications;
    let mut receiving = Receiving::start(receiver, mib, client, &inventory, counters)?;
    let mut systemd = Systemd::here();
    let started = tokio::select! {
        () = serve.polled_once() => true,
        () = stop.wait() => false,
    };
    let mut ended = Ok(Exit::Done);
    if started {
        systemd.ready();
        loop {
            tokio::select! {
                () = stop.wait() => break,
                () = systemd.watchdog() => {}
                failed = serve.failed() => {
                    ended = Err(failed.into());
                    break;
                }
                () = receiving.failed() => {
                    ended = Err(CliError::ReceiverEnded);
                    break;
                }
                _ = hangup.recv() => {
                    match reload(&args, context, &mut serve, &mut receiving).await {
                        Ok(()) => tracing::info!("the configuration is loaded again"),
                        Err(error) => tracing::error!(
                            %error,
                            "the configuration is not loaded again: all goes on as before"
                        ),
                    }
                }
            }
        }
    }
    systemd.stopping();
    tracing::info!("ending");
    // Also after a fault of ours: whoever comes next need not wait for the leases. But
    // agents that do not answer must not keep us, nor do consumers keep the leases.
    let given_back = tokio::time::timeout(LAST, serve.stop());
    let (_, given_back) = tokio::join!(receiving.stop(), given_back);
    if let Some(events) = events {
        events.flush(LAST_WORDS);
    }
    if given_back.is_err() {
        tracing::warn!("leases were not given back within {} s", LAST.as_secs());
        return ended.and(Ok(Exit::Partial));
    }
    ended
}

/// How long the end may take.
const LAST: Duration = Duration::from_secs(20);

/// Loads the file and the MIB again. All goes on by that, or else as before.
async fn reload(
    args: &Args,
    context: &Context,
    serve: &mut Serve,
    receiving: &mut Receiving,
) -> Result<(), CliError> {
    let Loaded { inventory, settings, receiver, mib } = load(args, context)?;
    let before = serve.move_metrics(settings.metrics).await?;
    if let Err(error) = receiving.reload(receiver, mib, &inventory).await {
        serve.move_metrics(before).await?;
        return Err(error.into());
    }
    serve.reload(inventory, settings);
    Ok(())
}

/// What the file says, and the MIB.
struct Loaded {
    inventory: Inventory,
    settings: Settings,
    receiver: Option<traps::Settings>,
    mib: Arc<Mib>,
}

fn load(args: &Args, context: &Context) -> Result<Loaded, CliError> {
    let config = Config::load(context.config())?;
    let mut settings = config.serve()?;
    if let Some(Listen(address)) = args.metrics {
        settings.metrics = Some(address);
    }
    if args.no_control {
        settings.control = Controlled::None;
    }
    let inventory = context.settle(config.inventory()?)?;
    Ok(Loaded { inventory, settings, receiver: config.receiver()?, mib: context.read_mib()? })
}
