//! `[serve]`: how the daemon works.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use lcms_lb_core::model::Name;
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use super::{
    error::{Fault, Placed},
    tables::Word,
};
use crate::serve::{Controlled, Settings};

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServeTable {
    interval_ms: Option<Spanned<u64>>,
    control: Option<Controlled>,
    metrics: Option<Word<Listen>>,
    state_dir: Option<PathBuf>,
}

impl ServeTable {
    /// What it says, and the defaults for the rest.
    pub(super) fn settings(&self) -> Placed<Settings> {
        let mut settings = Settings::default();
        if let Some(interval) = &self.interval_ms {
            let milliseconds = *interval.get_ref();
            if !(100..=3_600_000).contains(&milliseconds) {
                return Err((interval.span(), Fault::Interval(milliseconds)));
            }
            settings.interval = Duration::from_millis(milliseconds);
        }
        settings.metrics = self.metrics.as_ref().map(|Word(Listen(address))| *address);
        if let Some(control) = &self.control {
            settings.control = control.clone();
        }
        if let Some(folder) = &self.state_dir {
            settings.state_dir = folder.clone();
        }
        Ok(settings)
    }
}

/// An address to listen on; a port alone is loopback's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let loopback = text.parse().map(|port: u16| ([127, 0, 0, 1], port).into());
        let address = loopback.or_else(|_| text.parse());
        address.map(Self).map_err(
            |_| "an address to listen on is PORT for 127.0.0.1, ADDRESS:PORT or [ADDRESS]:PORT",
        )
    }
}

impl<'de> Deserialize<'de> for Controlled {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Scope)
    }
}

/// Reads `true`, `false` or a list of names.
struct Scope;

impl<'de> de::Visitor<'de> for Scope {
    type Value = Controlled;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or a list of clusters")
    }

    fn visit_bool<E: de::Error>(self, all: bool) -> Result<Controlled, E> {
        Ok(if all { Controlled::All } else { Controlled::None })
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Controlled, A::Error> {
        let mut clusters: Vec<Name> = Vec::new();
        while let Some(cluster) = list.next_element()? {
            clusters.push(cluster);
        }
        // An empty list means what it says, not "all".
        Ok(if clusters.is_empty() { Controlled::None } else { Controlled::Clusters(clusters) })
    }
}
