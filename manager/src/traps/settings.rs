//! What the receiver is told to do; where it was written is none of its business.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use lcms_lb_core::source_rate::SourceRate;
use lcms_snmp::{EngineId, Network, Secret, UserCredentials};

use super::{Rule, journal};

/// All of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where it listens.
    pub listen: Vec<SocketAddr>,
    /// Where its journal, its engine's name and its boots are kept.
    pub state_dir: PathBuf,
    /// The longest message it takes.
    pub max_size: u16,
    /// How often one source may send; `None` is as often as it likes.
    pub source_rate: Option<SourceRate>,
    /// How much is kept.
    pub journal: journal::Limits,
    /// Whose traps of versions 1 and 2c, and informs of 2c, are taken.
    pub communities: Vec<KnownCommunity>,
    /// Whose traps and informs of version 3 are taken.
    pub users: Vec<Authority>,
    /// To whom they are passed on.
    pub pass_on: Vec<Rule>,
}

impl Settings {
    /// The port of receivers (RFC 3417 §3.1).
    pub const PORT: u16 = 162;
    /// The longest message where nobody says otherwise. It is more than fits a
    /// packet; what it holds grows manyfold where it is named and stored.
    pub const MAX_SIZE: u16 = 8192;
    /// As little as everybody has to take (RFC 3417 §3.2.1).
    pub const LEAST_SIZE: u16 = 484;
    /// More objects than any notification has; each makes a name, a value and a text.
    pub const MOST_OBJECTS: usize = 256;
    /// The first time in which what repeats itself is held back.
    pub const WINDOW: Duration = Duration::from_secs(10);
    /// The longest, which it becomes while something flaps.
    pub const HOLD_DOWN: Duration = Duration::from_secs(600);
}

/// A community, and where it may come from.
#[derive(Clone, PartialEq)]
pub struct KnownCommunity {
    /// What it is called where it must not be said.
    pub name: String,
    /// The community.
    pub community: Secret,
    /// Where its messages may come from; from everywhere if it is empty.
    pub sources: Vec<Network>,
}

impl fmt::Debug for KnownCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KnownCommunity").field(&self.name).finish()
    }
}

/// A user, and where he may be.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Name and keys; the level is the least that is taken.
    pub credentials: UserCredentials,
    /// The engines whose traps he may send; any if it is empty. Informs are of our
    /// engine.
    pub engines: Vec<EngineId>,
    /// Where his messages may come from; from everywhere if it is empty.
    pub sources: Vec<Network>,
}

impl PartialEq for Authority {
    fn eq(&self, other: &Self) -> bool {
        // By what the password makes of one and the same engine's name: it is not kept.
        let keys = |of: &Self| {
            let some = EngineId::of_enterprise(0, [0; 12]);
            of.credentials.localised(&some).map(|keys| (keys.auth, keys.privacy))
        };
        let credentials = |of: &Self| (of.credentials.name().to_owned(), of.credentials.level());
        credentials(self) == credentials(other)
            && self.engines == other.engines
            && self.sources == other.sources
            && keys(self) == keys(other)
    }
}

/// Whether messages from there are taken. IPv4 may come dressed as IPv6.
pub(super) fn is_among(sources: &[Network], from: IpAddr) -> bool {
    let from = from.to_canonical();
    sources.is_empty() || sources.iter().any(|network| network.contains(from))
}
