//! How the daemon works: `[serve]` of the manager's file.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use lcms_lb_core::model::Name;

/// How the daemon works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// From one poll of a node to the next.
    pub interval: Duration,
    /// Whose weights follow the load.
    pub control: Controlled,
    /// Where metrics can be read, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// Where the daemon keeps what has to survive it.
    pub state_dir: PathBuf,
}

/// The clusters whose weights the daemon sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Controlled {
    /// None: it watches.
    None,
    /// All that its directors have.
    All,
    /// These.
    Clusters(Vec<Name>),
}

impl Settings {
    /// Where state is kept unless the file says another place.
    pub const STATE_DIR: &str = "/var/lib/lcms-manager";
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            control: Controlled::All,
            metrics: None,
            state_dir: PathBuf::from(Self::STATE_DIR),
        }
    }
}
