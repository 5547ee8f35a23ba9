//! Files with secrets.

use std::path::{Path, PathBuf};

use lcms_snmp::{Secret, SecretError};
use thiserror::Error;

/// A file that gives no secret.
#[derive(Debug, Error)]
#[error("{} {error}", path.display())]
pub struct SecretFault {
    path: PathBuf,
    error: SecretError,
}

impl SecretFault {
    /// What to do about it.
    pub fn advice(&self) -> String {
        self.error.form(&self.path)
    }
}

/// Reads the secret in a file.
pub fn read(path: &Path) -> Result<Secret, SecretFault> {
    Secret::read(path).map_err(|error| SecretFault { path: path.into(), error })
}
