//! Capacities of servers, remembered over restarts.
//!
//! They are measured and can be measured again: a file that is damaged, or of
//! another format, is passed over, and nothing waits for the disk.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::replace;

const FORMAT: u32 = 1;

/// Largest file read: ten thousand servers take less than one.
const MOST: u64 = 4 << 20;

/// The file.
#[derive(Clone, Debug)]
pub struct Capacities(PathBuf);

#[derive(Default, Serialize, Deserialize)]
struct Remembered {
    format: u32,
    /// Completions a second at full utilisation, by the server's path.
    per_second: BTreeMap<String, f64>,
}

impl Capacities {
    /// The file at this place.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// What was remembered; nothing if that cannot be read.
    pub fn read(&self) -> BTreeMap<String, f64> {
        let is_small = std::fs::metadata(&self.0).is_ok_and(|file| file.len() <= MOST);
        let bytes = std::fs::read(&self.0).ok().filter(|_| is_small).unwrap_or_default();
        let found: Remembered = serde_json::from_slice(&bytes).unwrap_or_default();
        match found.format {
            FORMAT => found.per_second,
            _ => BTreeMap::new(),
        }
    }

    /// Remembers these.
    pub fn write(&self, per_second: &BTreeMap<String, f64>) -> io::Result<()> {
        let remembered = Remembered { format: FORMAT, per_second: per_second.clone() };
        replace(&self.0, &serde_json::to_vec_pretty(&remembered)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nonsense_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = Capacities::at(folder.path().join("state.json.capacities"));
        assert_eq!(file.read(), BTreeMap::new());
        let known = BTreeMap::from([("main/web/rs1".to_owned(), 12.5)]);
        file.write(&known).unwrap();
        assert_eq!(file.read(), known);
        std::fs::write(&file.0, "{\"format\": 2}").unwrap();
        assert_eq!(file.read(), BTreeMap::new());
    }
}
