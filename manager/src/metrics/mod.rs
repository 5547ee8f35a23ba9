//! What the daemon knows, as Prometheus reads it.
//!
//! The figures are those of [`crate::poll`], [`crate::check`] and the control loop
//! at the moment of the scrape; nobody is asked for one. So a row that is gone is
//! gone from here, and there are as many series as there are rows.

mod clusters;
mod control;
mod family;
mod hosts;
mod nodes;
mod notifications;
mod servers;
mod services;

use std::fmt;

use lcms_lb_core::model::Status;
use load_cluster_mib::tc::LcStatus;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, prometheus_text, text},
    registry::Registry,
};

use self::family::Rows;
use crate::{client::Client, serve::Published};

/// A form of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// OpenMetrics, which Prometheus asks for.
    OpenMetrics,
    /// Prometheus' own, which everybody reads.
    Prometheus,
}

impl Form {
    /// The best form for whoever sends this Accept header (RFC 9110 §12.5.1): OpenMetrics
    /// for who names it and does not like plain text better.
    pub fn accepted(accept: &str) -> Self {
        let quality = |wanted: &str| {
            let named = accept.split(',').filter_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                if !parts.next()?.eq_ignore_ascii_case(wanted) {
                    return None;
                }
                let weight = parts.find_map(|part| {
                    let (name, value) = part.split_once('=')?;
                    name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
                });
                // What nobody can read is no wish.
                Some(weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
            });
            named.fold(0.0, f32::max)
        };
        let open = quality("application/openmetrics-text");
        match open > 0.0 && open >= quality("text/plain") {
            true => Self::OpenMetrics,
            false => Self::Prometheus,
        }
    }

    /// Its Content-Type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
        }
    }

    /// All metrics in this form.
    pub fn encode(self, registry: &Registry) -> Result<String, fmt::Error> {
        let mut text = String::new();
        match self {
            Self::OpenMetrics => text::encode(&mut text, registry)?,
            Self::Prometheus => prometheus_text::encode(&mut text, registry)?,
        }
        Ok(text)
    }
}

/// The metrics of a daemon. Whoever has others registers a collector of its own.
pub fn registry(published: Published, client: Client) -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Daemon { published, client }));
    registry
}

#[derive(Debug)]
struct Daemon {
    published: Published,
    client: Client,
}

impl Collector for Daemon {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        Rows::new(encoder, [([], ())]).info("lcms_build", "The program.", |()| Some(version))?;
        // Whole values: what follows is of one moment.
        let polled = self.published.polled.borrow().clone();
        let control = self.published.control.borrow().clone();
        nodes::encode(encoder, &polled)?;
        nodes::encode_client(encoder, self.client.counts())?;
        hosts::encode(encoder, &polled.state)?;
        clusters::encode(encoder, &polled)?;
        services::encode(encoder, &polled.state)?;
        servers::encode(encoder, &polled.state)?;
        control::encode(encoder, &control)?;
        notifications::encode(encoder, &self.published.notifications)
    }
}

/// A status as a number: that of the MIB, which is a plugin's exit code too.
fn number(status: Option<Status>) -> f64 {
    let status = status.unwrap_or(Status::Unknown);
    let same = LcStatus::ALL.iter().find(|other| other.label() == status.label());
    same.unwrap_or(&LcStatus::Unknown).number().into()
}

/// Thousandths as a share of one.
fn ratio(permille: Option<u32>) -> Option<f64> {
    permille.map(|permille| f64::from(permille) / 1e3)
}

/// Milliseconds as seconds.
fn seconds(milliseconds: Option<u32>) -> Option<f64> {
    milliseconds.map(|milliseconds| f64::from(milliseconds) / 1e3)
}

#[cfg(test)]
mod tests;
