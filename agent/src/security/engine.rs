//! The own engine's name and how often it has started, between two starts.
//!
//! Name and boots stand in one file of the state folder, written before the
//! agent answers anybody. So boots grow by one with every start, whatever ended
//! the run before. Where the file is damaged nobody can say how often this engine
//! has started, and to guess could make an old message valid again. The agent
//! then takes a new name, of which no message was ever written: users of the
//! configuration get keys for it, and managers find it out as they did the first
//! time (RFC 3414 §2.2.1 and §2.3 have the same way out of boots that have come to
//! their end). The damaged file is kept aside.

use std::{
    io,
    path::{Path, PathBuf},
};

use lcms_snmp::usm::{Identity, LATCHED};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::file;

/// Name of the file in the state folder.
const FILE: &str = "engine.json";

/// Why there is no identity.
#[derive(Debug, Error)]
#[error("{}: cannot {doing} the engine's name and boots: {source}", path.display())]
pub struct IdentityError {
    path: PathBuf,
    doing: &'static str,
    source: io::Error,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    engine_id: String,
    boots: u32,
}

/// The identity for a start: that of the last one with boots one higher, or a new
/// one. When this returns, it is on disk.
pub fn identity(folder: &Path, random: [u8; 12]) -> Result<Identity, IdentityError> {
    let path = folder.join(FILE);
    let failed = |doing, source| IdentityError { path: path.clone(), doing, source };
    let last = match file::read(&path).map_err(|error| failed("read", error))? {
        None => None,
        Some(text) => match parse(&text) {
            Some(identity) => Some(identity),
            None => {
                let kept = file::put_aside(&path).map_err(|error| failed("put aside", error))?;
                tracing::error!(
                    "{}: damaged, and kept as {}; the engine takes a new name, and users that \
                     were made by SNMP are not known to it",
                    path.display(),
                    kept.display()
                );
                None
            }
        },
    };
    let identity = last.map_or_else(|| Identity::new(random), Identity::again);
    if identity.boots == LATCHED {
        tracing::error!(
            "snmpEngineBoots has come to its end; no SNMPv3 message is taken until {} is \
             removed and the engine so gets a new name",
            path.display()
        );
    }
    let document = Document { engine_id: identity.id.to_string(), boots: identity.boots };
    let text = serde_json::to_vec(&document).expect("a number and a string are JSON");
    file::write(&path, &text).map_err(|error| failed("write", error))?;
    Ok(identity)
}

fn parse(text: &[u8]) -> Option<Identity> {
    let document: Document = serde_json::from_slice(text).ok()?;
    Identity::kept(&document.engine_id, document.boots)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn boots_grow_by_one_and_the_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        let first = identity(folder.path(), [1; 12]).unwrap();
        assert_eq!(first.boots, 1);
        for boots in 2..20 {
            let next = identity(folder.path(), [2; 12]).unwrap();
            assert_eq!(next, Identity { id: first.id, boots });
        }
    }

    #[test]
    fn a_damaged_file_makes_a_new_engine() {
        for text in ["", "{", "{\"engine_id\":\"8000\",\"boots\":3}", "{\"boots\":3}"] {
            let folder = tempfile::tempdir().unwrap();
            let first = identity(folder.path(), [1; 12]).unwrap();
            fs::write(folder.path().join(FILE), text).unwrap();
            let next = identity(folder.path(), [2; 12]).unwrap();
            assert_ne!(next.id, first.id, "no message to the old one is valid");
            assert_eq!(next.boots, 1);
            let kept = fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(kept, 2, "the damaged file is kept");
        }
    }

    #[test]
    fn boots_stop_at_their_end() {
        let folder = tempfile::tempdir().unwrap();
        let text = "{\"engine_id\":\"80001f8805010203\",\"boots\":2147483646}";
        fs::write(folder.path().join(FILE), text).unwrap();
        for _ in 0..2 {
            let next = identity(folder.path(), [1; 12]).unwrap();
            assert_eq!(next.boots, LATCHED);
        }
    }

    #[test]
    fn without_a_place_to_write_there_is_no_engine() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(FILE)).unwrap();
        let error = identity(folder.path(), [1; 12]).unwrap_err();
        assert!(error.to_string().contains("engine.json: cannot read"), "{error}");
    }
}
