//! What verbs work with: made when it is first asked for.

use std::{
    cell::OnceCell,
    env, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
};

use lcms_mibs::{Cache, Compiler, Mib};

use super::{CliError, DEFAULT_CONFIG, Global, node, progress::Progress};
use crate::{
    client::{Access, Client, Target, target},
    config::{Config, ConfigError},
    inventory::{Inventory, Node},
};

/// The global arguments, and what follows from them.
#[derive(Debug)]
pub struct Context {
    global: Global,
    mib: OnceCell<Arc<Mib>>,
    client: OnceCell<Client>,
}

impl Context {
    pub(super) fn new(global: Global) -> Self {
        Self { global, mib: OnceCell::new(), client: OnceCell::new() }
    }

    /// Whether output is for programs.
    pub fn json(&self) -> bool {
        self.global.json
    }

    /// The inventory file.
    pub fn config(&self) -> &Path {
        &self.global.config
    }

    /// The inventory, with what the command line says instead.
    pub fn inventory(&self) -> Result<Inventory, CliError> {
        self.settle(Config::load(&self.global.config)?.inventory()?)
    }

    /// An inventory, with what the command line says instead.
    pub fn settle(&self, mut inventory: Inventory) -> Result<Inventory, CliError> {
        for node in &mut inventory.nodes {
            *node = node::settle(&self.global, node.clone())?;
        }
        Ok(inventory)
    }

    /// The inventory, and on which of its nodes to work. A node that is not in
    /// it but has an address is taken for the whole inventory.
    pub fn inventory_with(
        &self,
        on: Option<&str>,
    ) -> Result<(Inventory, Option<String>), CliError> {
        let Some(on) = on else { return Ok((self.inventory()?, None)) };
        let inventory = self.inventory_if_any()?;
        if let Some(node) = inventory.node_at(on) {
            return Ok((self.inventory()?, Some(node.name.to_string())));
        }
        let node = node::node(&self.global, &inventory, on)?;
        let name = node.name.to_string();
        Ok((Inventory { nodes: vec![node], clusters: Vec::new() }, Some(name)))
    }

    /// One node: of the inventory, or any with an address.
    pub fn node(&self, given: &str) -> Result<Node, CliError> {
        node::node(&self.global, &self.inventory_if_any()?, given)
    }

    /// The address of a node's agent.
    pub async fn target(&self, given: &str, access: Access) -> Result<Target, CliError> {
        let node = self.node(given)?;
        let failed = |source| CliError::Resolve { given: given.to_owned(), source };
        target(&node, access).await.map_err(failed)
    }

    /// Nobody needs an inventory to ask one agent; a wrong one is told of all
    /// the same.
    fn inventory_if_any(&self) -> Result<Inventory, CliError> {
        match Config::load(&self.global.config) {
            Err(ConfigError::Read { source, .. })
                if source.kind() == io::ErrorKind::NotFound
                    && self.global.config == Path::new(DEFAULT_CONFIG) =>
            {
                Ok(Inventory::default())
            }
            config => Ok(config?.inventory()?),
        }
    }

    /// The MIB: the built-in modules and those of `--mib-dir`.
    pub fn mib(&self) -> Result<&Mib, CliError> {
        Ok(self.compiled()?)
    }

    fn compiled(&self) -> Result<&Arc<Mib>, CliError> {
        if let Some(mib) = self.mib.get() {
            return Ok(mib);
        }
        let mib = self.read_mib()?;
        Ok(self.mib.get_or_init(|| mib))
    }

    /// Reads it, as its files are now.
    pub fn read_mib(&self) -> Result<Arc<Mib>, CliError> {
        Ok(Arc::new(match self.global.mib_dir.as_slice() {
            [] => Mib::builtin(),
            dirs => {
                let mut compiler = Compiler::with_base();
                for dir in dirs {
                    compiler.tree(dir).map_err(CliError::MibDir)?;
                }
                self.compile(compiler)
            }
        }))
    }

    /// Compiles modules, or takes what was compiled before.
    pub fn compile(&self, compiler: Compiler) -> Mib {
        let (read, count) = (compiler.read_count(), compiler.file_count());
        let (done, wait) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                let mut progress = Progress::default();
                // It ends when the sender is gone.
                while let Err(RecvTimeoutError::Timeout) = wait.recv_timeout(Progress::EVERY) {
                    let read = read.load(Ordering::Relaxed);
                    progress.show(|| format!("{read} of {count} files read"));
                }
            });
            let mib = match cache_folder().filter(|_| !self.global.no_cache) {
                Some(folder) => compiler.compile_with(&Cache::in_folder(folder)),
                None => compiler.compile(),
            };
            drop(done);
            mib
        })
    }

    /// The client.
    pub fn client(&self) -> Result<&Client, CliError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::start().map_err(CliError::System)?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// Where compiled modules are kept, by the XDG base directory specification.
fn cache_folder() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(base.join("lcms/mib"))
}
