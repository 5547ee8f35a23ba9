//! What stands on the stage: hosts, agents, clients and the controller, each
//! started and stopped by itself.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::agent::{Agent, AgentError};
use super::backend::{Backend, Spec};
use super::clients::Clients;
use super::folder::{DIRECTOR, Folder};
use super::network::Network;
use super::outcome::Weights;
use crate::client::{Access, Client, ResolveError, target};
use crate::config::{Config, ConfigError};
use crate::inventory::Inventory;
use crate::ops::auto::{Auto, Event, Options, Round};

/// Part of all capacity that the clients ask for.
const LOAD: f64 = 0.55;

/// Processor time of a request at speed 1.
const WORK: Duration = Duration::from_millis(25);

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Something the system refused.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// An agent does not run.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The inventory the demo wrote is none.
    #[error(transparent)]
    Inventory(#[from] ConfigError),
    /// The director has no address.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
}

impl DemoError {
    /// What to do about it.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Agent(AgentError::NoProgram(_)) => Some(
                "build it beside this program: cargo build --release -p lcms-agent -p lcms-manager"
                    .to_owned(),
            ),
            Self::System { what, .. } => {
                Some(format!("the demo needs {what}; TMPDIR names the folder for its files"))
            }
            _ => None,
        }
    }
}

/// All that runs.
pub struct Stage {
    /// Its addresses.
    pub network: Network,
    /// What the hosts are.
    pub specs: Vec<Spec>,
    /// The clients.
    pub clients: Arc<Clients>,
    /// Where managers find everything.
    pub inventory_file: PathBuf,
    inventory: Inventory,
    client: Client,
    director: Option<Agent>,
    hosts: Vec<Host>,
    requests: Option<JoinHandle<()>>,
    controller: Option<Running>,
    /// Last, for what runs uses its files.
    pub folder: Folder,
}

/// A host and its agent, while they run.
#[derive(Default)]
struct Host {
    backend: Option<Backend>,
    agent: Option<Agent>,
    errors: u64,
}

/// A controller that runs.
struct Running {
    stop: oneshot::Sender<()>,
    rounds: watch::Receiver<Round>,
    told: watch::Receiver<Option<String>>,
    task: JoinHandle<Vec<Event>>,
}

impl Stage {
    /// Boots the hosts, then the agents, the director last.
    pub async fn set() -> Result<Self, DemoError> {
        let folder = Folder::create().map_err(system("a temporary folder"))?;
        let specs = specs(&folder);
        let nodes = u8::try_from(specs.len() + 1).unwrap_or(u8::MAX);
        let network = Network::find(nodes).map_err(system("free loopback addresses"))?;
        let inventory_file = folder.inventory(network, &specs).map_err(system("the inventory"))?;
        let mut stage = Self {
            inventory: Config::load(&inventory_file)?.inventory()?,
            client: Client::start().map_err(system("an SNMP client"))?,
            clients: Arc::new(Clients::default()),
            director: None,
            hosts: specs.iter().map(|_| Host::default()).collect(),
            requests: None,
            controller: None,
            inventory_file,
            network,
            specs,
            folder,
        };
        for host in 0..stage.specs.len() {
            stage.boot(host).await?;
        }
        let config = stage
            .folder
            .director(network, &stage.specs)
            .map_err(system("the director's configuration"))?;
        stage.director = Some(Agent::start(DIRECTOR, &config).await?);
        Ok(stage)
    }

    /// Where the clients send their requests.
    pub fn service(&self) -> SocketAddr {
        self.network.http(1)
    }

    /// Requests a second the clients send.
    pub fn rate(&self) -> f64 {
        LOAD * self.specs.iter().map(Spec::capacity).sum::<f64>()
    }

    /// Boots a host with its agent.
    pub async fn boot(&mut self, at: usize) -> Result<(), DemoError> {
        let (Some(spec), Some(host)) = (self.specs.get(at), self.hosts.get_mut(at)) else {
            return Ok(());
        };
        let number = u8::try_from(at + 2).unwrap_or(u8::MAX);
        let backend = Backend::boot(spec.clone(), self.network.http(number))
            .map_err(system("an emulated host"))?;
        host.backend = Some(backend);
        let config = self
            .folder
            .server(self.network, number, spec)
            .map_err(system("an agent's configuration"))?;
        host.agent = Some(Agent::start(&spec.name, &config).await?);
        Ok(())
    }

    /// Kills a host with its agent.
    pub async fn kill(&mut self, at: usize) {
        let Some(host) = self.hosts.get_mut(at) else { return };
        if let Some(backend) = host.backend.take() {
            host.errors += backend.kill();
        }
        if let Some(agent) = host.agent.take() {
            agent.kill().await;
        }
    }

    /// Whether a host runs.
    pub fn is_alive(&self, at: usize) -> bool {
        self.hosts.get(at).is_some_and(|host| host.backend.is_some())
    }

    /// Requests a host was working on when it was killed.
    pub fn errors(&self, at: usize) -> u64 {
        self.hosts.get(at).map_or(0, |host| host.errors)
    }

    /// Lets the clients begin.
    pub fn start_clients(&mut self) {
        let clients = Arc::clone(&self.clients);
        self.requests = Some(tokio::spawn(clients.run(self.service(), self.rate())));
    }

    /// Lets the controller begin.
    pub fn start_controller(&mut self) {
        let options =
            Options { owner: format!("demo-{}", std::process::id()), ..Options::default() };
        let mut auto = Auto::new(self.client.clone(), self.inventory.clone(), options);
        let (stop, stopped) = oneshot::channel();
        let (sender, rounds) = watch::channel(Round::default());
        let (teller, told) = watch::channel(None);
        let task = tokio::spawn(async move {
            let stopped = async {
                // A stage that is gone has stopped it too.
                let _ = stopped.await;
            };
            let tell = |round: Round| {
                let worth = |event: &&Event| {
                    matches!(event, Event::Decision { .. } | Event::Trouble { .. })
                };
                if let Some(event) = round.events.iter().rfind(worth) {
                    teller.send_replace(Some(event.to_string()));
                }
                sender.send_replace(round);
            };
            auto.run(stopped, tell).await
        });
        self.controller = Some(Running { stop, rounds, told, task });
    }

    /// The controller's latest round, once there was one.
    pub fn round(&self) -> Option<Round> {
        self.controller.as_ref().map(|running| running.rounds.borrow().clone())
    }

    /// The latest decision or trouble the controller told of.
    pub fn told(&self) -> Option<String> {
        self.controller.as_ref()?.told.borrow().clone()
    }

    /// The weights on the director, by server.
    pub async fn weights(&self) -> Result<BTreeMap<String, Weights>, DemoError> {
        use load_cluster_mib::load_cluster_mib::lc_server::{LcServer, col};
        let Some(node) = self.inventory.node(DIRECTOR) else { return Ok(BTreeMap::new()) };
        let director = target(node, Access::Read).await?;
        let columns = [col::WEIGHT, col::DYNAMIC_WEIGHT, col::EFFECTIVE_WEIGHT];
        // Not answered in time: not known. The next look is a second away.
        let rows = self.client.table::<LcServer>(&director, &columns).await.unwrap_or_default();
        let weights = rows.into_iter().map(|(index, row)| {
            let weights = Weights {
                configured: row.weight,
                dynamic: row.dynamic_weight,
                effective: row.effective_weight,
            };
            (index.server_name, weights)
        });
        Ok(weights.collect())
    }

    /// Stops everything, and says whether all of it stopped cleanly. The
    /// clients first: nobody shall see the others go.
    pub async fn clear(mut self) -> bool {
        if let Some(requests) = self.requests.take() {
            requests.abort();
        }
        let mut clean = true;
        if let Some(Running { stop, task, .. }) = self.controller.take() {
            let _ = stop.send(());
            let released = task.await.unwrap_or_default();
            clean &= released.iter().any(|event| matches!(event, Event::Released { .. }));
        }
        let agents = self.hosts.iter_mut().filter_map(|host| host.agent.take());
        let agents: Vec<Agent> = self.director.take().into_iter().chain(agents).collect();
        for agent in agents {
            clean &= agent.stop().await;
        }
        clean
    }
}

/// Four processors; two; and two at half the speed, which the number of
/// processors does not tell. In all 4 : 2 : 1.
fn specs(folder: &Folder) -> Vec<Spec> {
    let spec = |name: &str, cores, speed| Spec {
        name: name.to_owned(),
        cores,
        speed,
        memory_kib: u64::from(cores) << 20,
        work: WORK,
        proc_root: folder.join(Path::new(name).join("proc")),
    };
    vec![spec("rs1", 4, 1.0), spec("rs2", 2, 1.0), spec("rs3", 2, 0.5)]
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> DemoError {
    move |source| DemoError::System { what, source }
}
