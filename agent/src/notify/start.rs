//! Whether a start is cold or warm.
//!
//! RFC 3418 tells the two apart by the configuration: after coldStart it may be
//! another than before, after warmStart it is the same. So a start is warm when
//! the configuration file says, octet for octet, what it said at the last start,
//! the program is of the same version, and the state document and the engine's name
//! were found as they had been left. What SNMP had set in between is part of that
//! state, and unaltered. A secret that was changed in its own file is not seen, for
//! no trace of secrets is kept.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::Path,
};

use lcms_lb_core::store::Note;

use crate::security::{Identity, file};

/// Name of the file in the state folder.
const FILE: &str = "started";

/// How the agent has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The configuration may be another than before.
    Cold,
    /// It is what it was.
    Warm,
}

impl Start {
    /// What this start is, given the text of the configuration; what the next is to
    /// be compared with is on disk then.
    pub fn of(
        folder: &Path,
        text: &str,
        identity: &Identity,
        notes: &[Note],
    ) -> Result<Self, io::Error> {
        let altered = |note: &Note| match note {
            Note::Created(_) | Note::ConfigChanged | Note::Damaged { .. } | Note::Mended(_) => true,
            Note::LeftOver(_) => false,
        };
        let mut hasher = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), identity.id.as_octets(), text).hash(&mut hasher);
        let now = format!("{:016x}\n", hasher.finish());
        let path = folder.join(FILE);
        let same = file::read(&path)?.is_some_and(|before| before == now.as_bytes());
        if !same {
            file::write(&path, now.as_bytes())?;
        }
        Ok(match same && !notes.iter().any(altered) {
            true => Self::Warm,
            false => Self::Cold,
        })
    }
}

#[cfg(test)]
mod tests {
    use lcms_snmp::EngineId;

    use super::*;

    #[test]
    fn a_start_is_warm_when_nothing_is_other_than_before() {
        let folder = tempfile::tempdir().unwrap();
        let engine = |octet| Identity { id: EngineId::of_enterprise(1, [octet; 12]), boots: 1 };
        let start = |text, octet, notes: &[Note]| {
            Start::of(folder.path(), text, &engine(octet), notes).unwrap()
        };
        assert_eq!(start("a", 1, &[]), Start::Cold, "there was none before");
        assert_eq!(start("a", 1, &[]), Start::Warm);
        assert_eq!(start("b", 1, &[]), Start::Cold);
        assert_eq!(start("b", 1, &[]), Start::Warm);
        assert_eq!(start("b", 1, &[Note::ConfigChanged]), Start::Cold);
        assert_eq!(start("b", 2, &[]), Start::Cold, "another engine");
        assert_eq!(start("b", 2, &[]), Start::Warm);
    }
}
