//! What `-w` and `-c` take.

use std::str::FromStr;

use thiserror::Error;

use super::{Range, RangeError};

/// `[FIGURE=]RANGE`: without a name it is about the subject's first figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// Which figure.
    pub figure: Option<String>,
    /// Where it may be.
    pub range: Range,
}

/// A text that is no [`Threshold`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ThresholdError {
    /// Its range is none.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// There is nothing before the equals sign.
    #[error("no figure before the equals sign; write RANGE, or FIGURE=RANGE such as cpu=80")]
    NoFigure,
}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let (figure, range) = match text.split_once('=') {
            Some(("", _)) => return Err(ThresholdError::NoFigure),
            Some((figure, range)) => (Some(figure.to_owned()), range),
            None => (None, text),
        };
        Ok(Self { figure, range: range.parse()? })
    }
}

/// When to warn, and when it is critical.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// `-w`.
    pub warning: Vec<Threshold>,
    /// `-c`.
    pub critical: Vec<Threshold>,
}

impl Thresholds {
    /// The figures that are named.
    pub fn figures(&self) -> impl Iterator<Item = &str> {
        self.warning.iter().chain(&self.critical).filter_map(|one| one.figure.as_deref())
    }
}

/// The range for a figure, which is the `nth` of its subject; the last one given
/// stands.
pub(super) fn range<'t>(all: &'t [Threshold], name: &str, nth: usize) -> Option<&'t Range> {
    let about = |one: &&Threshold| match &one.figure {
        Some(figure) => figure == name,
        None => nth == 0,
    };
    all.iter().rev().find(about).map(|one| &one.range)
}
