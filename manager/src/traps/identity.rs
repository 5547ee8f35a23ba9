//! The receiver's own engine between two starts: its name and its boots, in a file of
//! the state folder.
//!
//! The agent keeps its own in the same form. The two share what an identity is, and
//! not this file of code: that would need a room that both know and that has a disk.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use lcms_snmp::usm::{Identity, LATCHED};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::document;

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

/// The identity for a start, on disk when this returns: that of the last one, started
/// once more. Where that is damaged nobody can say how often it has started, and the
/// engine takes a new name, of which no message was ever written.
pub fn identity(state_dir: &Path, random: [u8; 12]) -> Result<Identity, IdentityError> {
    let path = state_dir.join(FILE);
    let failed = |doing, source| IdentityError { path: path.clone(), doing, source };
    let last = match fs::read(&path) {
        Ok(text) => {
            let kept = parse(&text);
            if kept.is_none() {
                let aside = path.with_extension("damaged");
                fs::rename(&path, &aside).map_err(|error| failed("put aside", error))?;
                tracing::error!(
                    "{}: damaged, and kept as {}; the receiver's engine takes a new name",
                    path.display(),
                    aside.display()
                );
            }
            kept
        }
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(failed("read", error)),
    };
    let identity = last.map_or_else(|| Identity::new(random), Identity::again);
    if identity.boots == LATCHED {
        tracing::error!(
            "snmpEngineBoots has come to its end; no inform of SNMPv3 is taken until {} is \
             removed and the engine so gets a new name",
            path.display()
        );
    }
    write(&path, identity).map_err(|error| failed("write", error))?;
    Ok(identity)
}

fn parse(text: &[u8]) -> Option<Identity> {
    let document: Document = serde_json::from_slice(text).ok()?;
    Identity::kept(&document.engine_id, document.boots)
}

fn write(path: &Path, Identity { id, boots }: Identity) -> io::Result<()> {
    let document = Document { engine_id: id.to_string(), boots };
    document::replace(path, &serde_json::to_vec(&document)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boots_grow_by_one_and_the_name_stays_unless_the_file_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let first = identity(&state, [1; 12]).unwrap();
        assert_eq!(first.boots, 1);
        for boots in 2..5 {
            assert_eq!(identity(&state, [2; 12]).unwrap(), Identity { boots, ..first });
        }
        fs::write(state.join(FILE), "{\"boots\":3}").unwrap();
        let other = identity(&state, [2; 12]).unwrap();
        assert!(other.id != first.id && other.boots == 1);
        assert!(state.join("engine.damaged").exists());
    }

    #[test]
    fn without_a_place_to_write_there_is_no_engine() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(FILE)).unwrap();
        let error = identity(folder.path(), [1; 12]).unwrap_err();
        assert!(error.to_string().contains("cannot read"), "{error}");
    }
}
