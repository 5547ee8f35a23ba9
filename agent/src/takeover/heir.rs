//! The new process: it takes the place of another.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use thiserror::Error;

use super::{Bequest, SOCKET, wire};

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
    /// Asks the agent with this state folder for its place. Until it is told
    /// that this one has started, it goes on.
    pub fn ask(folder: &Path) -> Result<(Self, Bequest), TakeoverError> {
        let path = folder.join(SOCKET);
        let stream = UnixStream::connect(&path)
            .map_err(|source| TakeoverError::Nobody { path: path.clone(), source })?;
        let receive = || {
            wire::check_peer(&stream)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            let bequest = Bequest::unpack(wire::receive(&stream)?)?;
            bequest.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
        };
        match receive() {
            Ok(bequest) => Ok((Self { stream, path }, bequest)),
            Err(source) => Err(TakeoverError::Refused { path, source }),
        }
    }

    /// Says that this process has started. When it returns, the other accepts no
    /// more.
    pub fn started(mut self) -> Result<(), TakeoverError> {
        let mut tell = || {
            self.stream.write_all(b".")?;
            self.stream.read_exact(&mut [0])
        };
        tell().map_err(|source| TakeoverError::Refused { path: self.path.clone(), source })
    }
}
