//! The configuration file read again while the agent runs.
//!
//! What a start does is done once more: the file is checked as a whole, and its
//! rows are merged into the state with the file as it was before as the third
//! side. So what was set over SNMP stands, but for the values that the file
//! itself changed. Users, communities and views are the file's anew. A file that
//! is wrong, or that asks for what cannot be, changes nothing.

use std::{path::PathBuf, sync::Arc, time::SystemTime};

use arc_swap::ArcSwapOption;
use lcms_lb_core::{
    director::{CommitError, DirectorHandle, Reload, Reloaded},
    model::{Name, Provenance, Source, UnixTime},
};
use thiserror::Error;

use crate::{
    config::{Config, ConfigError, Senders},
    security::Keeper,
};

/// Reads the file again, and remembers what came of it.
#[derive(Debug, Default)]
pub struct Reloader {
    started: Option<Config>,
    last: ArcSwapOption<Attempt>,
}

/// An attempt to load the file again.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Whether it was done, or else refused.
    pub done: bool,
    /// When.
    pub time: SystemTime,
    /// What came of it, or what is wrong, in one line.
    pub reason: String,
}

/// Why a file was not loaded again. Everything is as it was.
#[derive(Debug, Error)]
pub enum ReloadError {
    /// There is none.
    #[error("this agent was started without a configuration file")]
    NoFile,
    /// It is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It is another node's, or this one is to be called otherwise.
    #[error(
        "{}: name = \"{is}\", and this agent runs as \"{was}\": a name is changed by a restart",
        path.display()
    )]
    Name {
        /// The file.
        path: PathBuf,
        /// The name of this node.
        was: Name,
        /// The name in the file.
        is: Name,
    },
    /// The director cannot do what it asks for.
    #[error("{}: {source}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What the director says.
        source: Box<CommitError>,
    },
    /// Users and views cannot be written.
    #[error("users and views cannot be written: {0}")]
    Unwritten(#[from] std::io::Error),
}

impl Reloader {
    /// For an agent that was started with this configuration.
    pub fn of(config: &Config) -> Self {
        // What is merged is in the state document, and secrets are not kept.
        let (senders, wanted) = (Senders::default(), Default::default());
        let started = Config { senders, wanted, ..config.clone() };
        Self { started: Some(started), last: ArcSwapOption::empty() }
    }

    /// The last attempt.
    pub fn last(&self) -> Option<Arc<Attempt>> {
        self.last.load_full()
    }

    /// Loads the file again, on behalf of somebody; empty is the operator of
    /// this machine. What came of it is said when it is in force, which `publish` sees
    /// to: whoever reads that acts on it.
    pub fn reload(
        &self,
        principal: &str,
        director: &DirectorHandle,
        keeper: &Keeper,
        publish: impl FnOnce(),
    ) -> Result<(), ReloadError> {
        let result = self.try_reload(principal, director, keeper);
        let (done, reason) = match &result {
            Ok(reason) => (true, reason.clone()),
            Err(error) => (false, error.to_string()),
        };
        let attempt = Attempt { done, time: SystemTime::now(), reason: reason.replace('\n', " ") };
        self.last.store(Some(Arc::new(attempt)));
        publish();
        match done {
            true => tracing::info!(principal, "the configuration was loaded again: {reason}"),
            false => tracing::error!(
                principal,
                "the configuration was not loaded again, and nothing changed: {reason}"
            ),
        }
        result.map(|_| ())
    }

    fn try_reload(
        &self,
        principal: &str,
        director: &DirectorHandle,
        keeper: &Keeper,
    ) -> Result<String, ReloadError> {
        let started = self.started.as_ref().ok_or(ReloadError::NoFile)?;
        let path = started.path.clone();
        let config = Config::load(&path)?;
        if config.name != started.name {
            return Err(ReloadError::Name { path, was: started.name, is: config.name });
        }
        let later = config.fixed_keys_that_differ(started);
        let rows = config.senders.rows(keeper.current().engine.id);
        keeper.settle()?;
        let prepared = keeper.prepare(keeper.under(rows))?;
        let provenance = Provenance {
            principal: principal.to_owned(),
            source: Source::Config,
            time: UnixTime::from(SystemTime::now()),
            reason: "the configuration file was loaded again".to_owned(),
        };
        let companion = Some(prepared.name());
        let reloaded = director.reload(Reload { config: config.wanted, provenance, companion });
        let Reloaded { changed, notes, .. } =
            reloaded.map_err(|error| ReloadError::Refused { path, source: Box::new(error) })?;
        keeper.accept(prepared);
        let mut reason = match changed {
            true => "its changes are in force".to_owned(),
            false => "its clusters and hosts ask for nothing new".to_owned(),
        };
        if !later.is_empty() {
            reason += &format!("; only a restart or an upgrade changes {}", later.join(", "));
        }
        for note in notes {
            reason += &format!("; {note}");
        }
        Ok(reason)
    }
}
