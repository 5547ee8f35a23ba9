//! The new process: it takes the place of another.

use std::{
    io::{self, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use lcms_lb_core::director::Legacy;
use thiserror::Error;

use super::{Bequest, DONE, SOCKET, bequest, is_gone, wire};

/// How long the other process may take with what it does.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there was nothing to take over.
#[derive(Debug, Error)]
pub enum TakeoverError {
    /// Nobody is there.
    #[error("{}: no agent runs there whose place could be taken: {source}", path.display())]
    Nobody {
        /// Where it would be asked.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What it gave is no use.
    #[error("{}: the agent there does not hand over what is needed: {source}", path.display())]
    Refused {
        /// Where it was asked.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// The way to the process whose place is taken.
pub struct Heir {
    stream: UnixStream,
    path: PathBuf,
}

impl Heir {
    /// Asks the agent with this state folder for its place, which it keeps until it
    /// is told that this one serves. `None` if it dies before all is here.
    pub fn ask(folder: &Path) -> Result<Option<(Self, Bequest)>, TakeoverError> {
        let path = folder.join(SOCKET);
        let stream = UnixStream::connect(&path)
            .map_err(|source| TakeoverError::Nobody { path: path.clone(), source })?;
        let heir = Self { stream, path };
        let receive = || {
            wire::check_peer(&heir.stream)?;
            heir.stream.set_read_timeout(Some(PATIENCE))?;
            heir.stream.set_write_timeout(Some(PATIENCE))?;
            Bequest::unpack(wire::receive(&heir.stream)?)
        };
        match receive() {
            Ok(bequest) => Ok(Some((heir, bequest))),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(heir.refused(error)),
        }
    }

    /// Says that this process is prepared. From when it returns on, it is this one
    /// that clients wait for.
    pub fn prepared(&mut self) -> Result<Legacy, TakeoverError> {
        let mut hear = || {
            self.stream.write_all(DONE)?;
            bequest::unpack_legacy(wire::receive(&self.stream)?)
        };
        match hear() {
            Ok(legacy) => Ok(legacy),
            Err(error) if is_gone(&error) => {
                tracing::warn!(
                    "the process whose place is taken has died: what it had not told is as after a \
                     restart"
                );
                Ok(Legacy::default())
            }
            Err(error) => Err(self.refused(error)),
        }
    }

    /// Says that this process serves. The place is this one's then, unless the other
    /// had lost patience and goes on.
    pub fn started(mut self) -> Result<(), TakeoverError> {
        let Err(error) = self.stream.write_all(DONE) else { return Ok(()) };
        // It listens no more: it has died, or says before it goes on.
        match wire::receive(&self.stream) {
            Err(last) if is_gone(&last) => Ok(()),
            Err(last) => Err(self.refused(last)),
            Ok(_) => Err(self.refused(error)),
        }
    }

    fn refused(&self, source: io::Error) -> TakeoverError {
        TakeoverError::Refused { path: self.path.clone(), source }
    }
}
