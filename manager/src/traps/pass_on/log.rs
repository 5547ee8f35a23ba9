//! A log: one object of JSON a line.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{ConsumerFault, Deliver, Failure, json};
use crate::traps::Passed;

pub(super) enum Log {
    File { path: PathBuf, file: File },
    Output,
}

impl Log {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, ConsumerFault> {
        let Some(path) = path else { return Ok(Self::Output) };
        let failed = |source| ConsumerFault::Log { path: path.display().to_string(), source };
        Ok(Self::File { path: path.to_owned(), file: append(path).map_err(failed)? })
    }
}

impl Deliver for Log {
    fn deliver(&mut self, passed: &Passed) -> Result<(), Failure> {
        let mut line = json(passed)?;
        line.push(b'\n');
        match self {
            Self::Output => {
                let mut out = io::stdout().lock();
                out.write_all(&line).and_then(|()| out.flush())?;
            }
            Self::File { path, file } => {
                // Whoever rotates logs has given ours another name.
                let there = std::fs::metadata(&*path).ok().map(|there| (there.dev(), there.ino()));
                let ours = file.metadata()?;
                if there != Some((ours.dev(), ours.ino())) {
                    *file = append(path)?;
                }
                file.write_all(&line)?;
            }
        }
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}
