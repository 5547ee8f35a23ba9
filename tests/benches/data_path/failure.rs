//! What can go wrong with a benchmark, and where.

use std::io;

use thiserror::Error;

#[derive(Debug, Error)]
pub enum Failure {
    #[error("{what}: {source}")]
    System { what: String, source: io::Error },
    #[error("{program} is not there: install {package}")]
    Missing { program: &'static str, package: &'static str },
    #[error("there is no lcms-agent: cargo build --release -p lcms-agent")]
    NotBuilt,
    #[error("{party} ended before its time: {said}")]
    Party { party: String, said: String },
    #[error("no right reply within {0} s: {1}")]
    Silent(u64, String),
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// For `map_err`: what was being done when the system said no.
    pub fn doing<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |source| Self::System { what: what.into(), source: source.into() }
    }
}
