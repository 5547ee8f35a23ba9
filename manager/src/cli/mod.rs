//! The command line: one file a verb.
//!
//! A verb parses its arguments, calls one operation of [`crate::ops`] and
//! prints what that returns, for people or with `--json` for programs.

mod auto;
mod check;
mod cluster;
mod completions;
mod context;
mod demo;
mod director;
mod doctor;
mod drain;
mod edit;
mod error;
mod exit;
mod export;
mod get;
mod grid;
mod host;
mod man;
mod mib;
mod node;
mod policy;
mod poll;
mod print;
mod progress;
mod query;
mod serve;
mod server;
mod service;
mod set;
mod stop;
mod table;
mod traps;
mod walk;
mod weight;
mod why;

use std::{env, path::PathBuf, process::ExitCode, time::Duration};

use crate::inventory;
use lcms_snmp::{
    usm::{AuthProtocol, PrivProtocol},
    v3::SecurityLevel,
};

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use lcms_lines::Lines;
use lcms_tls::Fingerprint;
use tracing_subscriber::{
    Layer as _,
    filter::Targets,
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

pub use self::{
    context::Context,
    error::CliError,
    exit::Exit,
    print::{event_line, json, json_event, json_line, plain, text},
    progress::Progress,
    stop::Stop,
};

/// Manages load clusters over SNMP.
#[derive(Debug, Parser)]
#[command(name = "lcms-manager", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  lcms-manager poll --watch              the state of all clusters, again and again
  lcms-manager weight main/web/rs1 20    the operator's weight of a server
  lcms-manager why main/web              why its servers' weights are what they are
  lcms-manager drain rs1 --wait          no new connections; returns when the last has gone
  lcms-manager walk lb1 lcServerTable    any table of any agent
  lcms-manager server add main/web/rs4 address=192.0.2.14:80 host=rs4

Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration, 3 done in part;
of check: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.";

/// What every verb takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The manager's file, with the inventory of nodes and clusters
    #[arg(long, global = true, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
    /// A folder with MIB modules of other vendors; may be repeated
    #[arg(long, global = true, value_name = "DIR")]
    mib_dir: Vec<PathBuf>,
    /// Compile MIB modules anew, and keep nothing of it below the user's cache folder
    #[arg(long, global = true)]
    no_cache: bool,
    /// File with the community, mode 0600; else the inventory's, or that named
    /// by LCMS_COMMUNITY_FILE
    #[arg(short = 'c', long, global = true, value_name = "FILE")]
    community_file: Option<PathBuf>,
    /// User of SNMPv3 instead of the inventory's
    #[arg(short = 'u', long, global = true, value_name = "NAME")]
    user: Option<String>,
    /// Security level of the user: noAuthNoPriv, authNoPriv or authPriv
    #[arg(long, global = true, value_name = "LEVEL", default_value = "authPriv")]
    level: SecurityLevel,
    /// How the user is authenticated: SHA-224, SHA-256, SHA-384, SHA-512, SHA, MD5
    #[arg(long, global = true, value_name = "PROTOCOL", default_value_t = inventory::user::AUTH)]
    auth: AuthProtocol,
    /// File with the user's password, mode 0600
    #[arg(long, global = true, value_name = "FILE")]
    auth_file: Option<PathBuf>,
    /// How messages are encrypted: AES-128, AES-192, AES-256, AES-192-C, AES-256-C, DES
    #[arg(long = "priv", global = true, value_name = "PROTOCOL", default_value_t = inventory::user::PRIV)]
    privacy: PrivProtocol,
    /// File with the password for that, where it is another
    #[arg(long, global = true, value_name = "FILE")]
    priv_file: Option<PathBuf>,
    /// Own certificate for agents over TLS, tls:HOST, instead of the inventory's
    #[arg(long, global = true, value_name = "FILE")]
    certificate_file: Option<PathBuf>,
    /// File with the key to it, mode 0600
    #[arg(long, global = true, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// SHA-256 fingerprint of the agent's certificate
    #[arg(long, global = true, value_name = "DIGITS")]
    fingerprint: Option<Fingerprint>,
    /// File with the certificates of authorities that may have signed the agent's
    #[arg(long, global = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Name in the agent's certificate, where it is not the host's in the address
    #[arg(long, global = true, value_name = "NAME")]
    server_name: Option<String>,
    /// Protocol version instead of the inventory's
    #[arg(short = 'v', long = "snmp-version", global = true, value_name = "1|2c|3")]
    snmp_version: Option<node::WireVersion>,
    /// How long an answer is waited for, in milliseconds
    #[arg(long, global = true, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=60_000))]
    timeout_ms: Option<u64>,
    /// How often a question is repeated
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=20))]
    retries: Option<u32>,
}

/// Where the inventory is looked for.
pub const DEFAULT_CONFIG: &str = "/etc/lcms/manager.toml";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Ask all nodes and show the state of all clusters
    Poll(poll::Args),
    /// Set the operator's weight of a server
    Weight(weight::Args),
    /// Say why weights are what they are
    Why(why::Args),
    /// Give a server no new connections
    Drain(drain::Args),
    /// Give a drained server connections again
    #[command(visible_alias = "enable")]
    Undrain(drain::UndoArgs),
    /// Hosts: add, remove, show, set
    Host(host::Args),
    /// Clusters: add, remove, show, set
    Cluster(cluster::Args),
    /// Directors of clusters: add, remove, show, set
    Director(director::Args),
    /// Services: add, remove, show, set
    Service(service::Args),
    /// Servers of services: add, remove, show, set
    Server(server::Args),
    /// Policies for dynamic weights: add, remove, show, set
    Policy(policy::Args),
    /// Find out what is wrong with a node, and what to do about it
    Doctor(doctor::Args),
    /// Check something, as a plugin of Nagios and its relatives
    Check(Box<check::Args>),
    /// Write ready files for other monitoring systems
    Export(export::Args),
    /// Keep dynamic weights in step with the measured load
    Auto(auto::Args),
    /// Poll, control and serve metrics, as a daemon
    Serve(serve::Args),
    /// Show the notifications that serve has received
    Traps(traps::Args),
    /// Show a load cluster on this machine
    Demo(demo::Args),
    /// Read variables of an agent
    Get(get::Args),
    /// Read the variables that follow
    Next(get::Args),
    /// Read all below a name, one by one
    Walk(walk::Args),
    /// Read all below a name, many at once
    Bulkwalk(walk::BulkArgs),
    /// Set variables of an agent, all or none
    Set(set::Args),
    /// Show a table of an agent
    Table(table::Args),
    /// Questions about MIB modules, without any agent
    Mib(mib::Args),
    /// Write shell completions
    Completions(completions::Args),
    /// Write the manual pages
    Man(man::Args),
}

/// Parses the command line and carries it out.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if is_check() => return check::unparsed(&error).into(),
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return match error.print() {
                Ok(()) => code.into(),
                Err(_) => Exit::Failed.into(),
            };
        }
    };
    // A daemon does not wait for whoever reads its log.
    let lines = match matches!(cli.verb, Verb::Serve(_)).then(log_lines).transpose() {
        Ok(lines) => lines,
        Err(error) => return CliError::System(error).report().into(),
    };
    match &lines {
        Some(lines) => log("info", lines.clone()),
        None => log("warn", std::io::stderr),
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return CliError::System(error).report().into(),
    };
    let done = runtime.block_on(run(cli));
    // A name that is still being resolved must not keep us.
    runtime.shutdown_background();
    if let Some(lines) = lines {
        lines.flush(LAST_WORDS);
    }
    done.unwrap_or_else(|error| error.report()).into()
}

/// Whether the verb is `check`, as far as a command line that is wrong tells:
/// plugins have exit codes of their own for that too.
fn is_check() -> bool {
    let cli = Cli::command();
    let is_verb = |word: &str| word == "help" || cli.find_subcommand(word).is_some();
    let mut words = env::args_os().skip(1).filter_map(|word| word.into_string().ok());
    words.find(|word| is_verb(word)).is_some_and(|verb| verb == "check")
}

async fn run(Cli { global, verb }: Cli) -> Result<Exit, CliError> {
    let context = Context::new(global);
    match verb {
        Verb::Poll(args) => poll::run(args, &context).await,
        Verb::Weight(args) => weight::run(args, &context).await,
        Verb::Why(args) => why::run(args, &context).await,
        Verb::Drain(args) => drain::run(args, &context).await,
        Verb::Undrain(args) => drain::undo(args, &context).await,
        Verb::Host(args) => host::run(args, &context).await,
        Verb::Cluster(args) => cluster::run(args, &context).await,
        Verb::Director(args) => director::run(args, &context).await,
        Verb::Service(args) => service::run(args, &context).await,
        Verb::Server(args) => server::run(args, &context).await,
        Verb::Policy(args) => policy::run(args, &context).await,
        Verb::Doctor(args) => doctor::run(args, &context).await,
        Verb::Check(args) => check::run(*args, &context).await,
        Verb::Export(args) => export::run(args, &context).await,
        Verb::Auto(args) => auto::run(args, &context).await,
        Verb::Serve(args) => serve::run(args, &context).await,
        Verb::Traps(args) => traps::run(args, &context).await,
        Verb::Demo(args) => demo::run(args, &context).await,
        Verb::Get(args) => get::get(args, &context).await,
        Verb::Next(args) => get::next(args, &context).await,
        Verb::Walk(args) => walk::run(args, &context).await,
        Verb::Bulkwalk(args) => walk::bulk(args, &context).await,
        Verb::Set(args) => set::run(args, &context).await,
        Verb::Table(args) => table::run(args, &context).await,
        Verb::Mib(args) => mib::run(args, &context),
        Verb::Completions(args) => completions::run(args, Cli::command()),
        Verb::Man(args) => man::run(args, Cli::command()),
    }
}

/// How long the end of a daemon waits for whoever reads its log.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// So many lines of a daemon wait for whoever reads them.
const WAITING_LINES: usize = 4096;

/// Standard error for the log of a daemon.
fn log_lines() -> std::io::Result<Lines> {
    let gap = |count| format!("lcms-manager: {count} lines are left out: nobody read them\n");
    Lines::start(WAITING_LINES, std::io::stderr(), gap)
}

/// Diagnostics, to standard error: so much, or what RUST_LOG asks for.
fn log<W>(level: &str, to: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let asked = env::var("RUST_LOG").ok().filter(|asked| !asked.is_empty());
    let asked = asked.unwrap_or_else(|| level.to_owned());
    let filter = asked.parse::<Targets>().unwrap_or_else(|error| {
        eprintln!("lcms-manager: RUST_LOG is not used: {error}; right is lcms_manager=debug,warn");
        Targets::new()
    });
    let lines = fmt::layer().with_writer(to).with_ansi(false);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}
