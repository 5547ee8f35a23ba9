//! Names of rows as operators write them: `main/web/rs1`.

use std::{fmt, str::FromStr};

use lcms_lb_core::model::{Name, NameError};
use thiserror::Error;

/// One to three names, of which the first ones may have been left out where
/// the rest is unique: `main/web/rs1`, `web/rs1` and `rs1` can be one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowPath(Vec<Name>);

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PathError {
    /// One of the names is no name.
    #[error("{part:?} is no name: {cause}; write CLUSTER/SERVICE/SERVER, such as main/web/rs1")]
    Name {
        /// The text between the slashes.
        part: String,
        /// What is wrong with it.
        cause: NameError,
    },
    /// More names than any row has.
    #[error("{0} names; a path has at most three: CLUSTER/SERVICE/SERVER")]
    TooLong(usize),
}

impl RowPath {
    /// The greatest number of names.
    const MAX: usize = 3;

    /// The names, outermost first.
    pub fn names(&self) -> &[Name] {
        &self.0
    }

    /// Whether a row of this full name is meant.
    pub fn matches<'a, I>(&self, full: I) -> bool
    where
        I: IntoIterator<Item = &'a str>,
        I::IntoIter: DoubleEndedIterator,
    {
        let mut full = full.into_iter().rev();
        self.0.iter().rev().all(|name| full.next() == Some(name.as_str()))
    }
}

impl FromStr for RowPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let names: Vec<Name> = text
            .split('/')
            .map(|part| {
                part.parse().map_err(|cause| PathError::Name {
                    part: part.chars().take(60).collect(),
                    cause,
                })
            })
            .collect::<Result<_, _>>()?;
        match names.len() {
            1..=Self::MAX => Ok(Self(names)),
            n => Err(PathError::TooLong(n)),
        }
    }
}

impl fmt::Display for RowPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            let slash = if i == 0 { "" } else { "/" };
            write!(f, "{slash}{name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_prefix_may_be_left_out() {
        for text in ["main/web/rs1", "web/rs1", "rs1"] {
            let path: RowPath = text.parse().unwrap();
            assert_eq!(path.to_string(), text);
            assert!(path.matches(["main", "web", "rs1"]), "{text}");
            assert!(!path.matches(["main", "web", "rs2"]), "{text}");
        }
        let path: RowPath = "main/web/rs1".parse().unwrap();
        assert!(!path.matches(["other", "web", "rs1"]));
        assert!(!path.matches(["web", "rs1"]), "a longer path names no shorter row");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "main//rs1", "/main", "main/web/", "Main/web", "a b"] {
            assert!(matches!(text.parse::<RowPath>(), Err(PathError::Name { .. })), "{text:?}");
        }
        assert_eq!("a/b/c/d".parse::<RowPath>(), Err(PathError::TooLong(4)));
    }

    proptest! {
        #[test]
        fn text_goes_both_ways(text in "[a-z0-9._-]{1,32}(/[a-z0-9._-]{1,32}){0,2}") {
            prop_assert_eq!(text.parse::<RowPath>().unwrap().to_string(), text);
        }
    }
}
