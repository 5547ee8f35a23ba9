//! Text that must never be shown.

use std::{
    fmt, fs,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// A community of more octets fits no sensible message.
const MAX: usize = 255;

/// A community or password. It does not print, and is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Why a file gives no secret.
#[derive(Debug, Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than its owner can read it.
    #[error("{}: others than its owner may read it (mode {mode:04o})", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// There is nothing in its first line.
    #[error("{}: its first line is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Its first line is longer than any secret.
    #[error("{}: its first line has more than {MAX} octets", path.display())]
    Long {
        /// The file.
        path: PathBuf,
    },
}

impl SecretError {
    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Read { path, source } if source.kind() == io::ErrorKind::NotFound => {
                format!("write the secret, and nothing else, into {}, mode 0600", path.display())
            }
            Self::Read { path, .. } => {
                format!("make {} readable for the user who runs this", path.display())
            }
            Self::Open { path, .. } => format!("chmod 600 {}", path.display()),
            Self::Empty { path } | Self::Long { path } => {
                format!(
                    "write the secret into the first line of {}, 1 to {MAX} octets",
                    path.display()
                )
            }
        }
    }
}

impl Secret {
    /// Takes the octets.
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(octets.into())
    }

    /// Reads the first line of a file that only its owner may read.
    pub fn read(path: &Path) -> Result<Self, SecretError> {
        let failed = |source| SecretError::Read { path: path.into(), source };
        // The file that is looked at is the one that is read.
        let opened = fs::File::open(path).map_err(failed)?;
        let mode = opened.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretError::Open { path: path.into(), mode });
        }
        // The whole file is wiped with the value that holds it.
        // Room for a line end, and for seeing that there is too much; more is
        // not read, so that the buffer never grows and leaves a copy behind.
        let most = MAX + 3;
        let mut file = Self(Vec::with_capacity(most + 64));
        opened.take(most as u64).read_to_end(&mut file.0).map_err(failed)?;
        let line = file.0.split(|octet| *octet == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line {
            [] => Err(SecretError::Empty { path: path.into() }),
            line if line.len() > MAX => Err(SecretError::Long { path: path.into() }),
            line => Ok(Self(line.to_vec())),
        }
    }

    /// The octets, for the one place that sends them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // Or the compiler would find that nobody reads what was filled.
        std::hint::black_box(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn the_first_line_is_the_secret() {
        let secret = Secret::read(file("correct horse\r\n# note\n", 0o600).path()).unwrap();
        assert_eq!(secret.expose(), b"correct horse");
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    #[test]
    fn a_file_that_others_read_is_refused() {
        let error = Secret::read(file("public\n", 0o640).path()).unwrap_err();
        assert!(error.to_string().ends_with("(mode 0640)"), "{error}");
        assert!(error.advice().starts_with("chmod 600 "));
    }

    #[test]
    fn an_empty_file_is_no_secret() {
        let error = Secret::read(file("\n", 0o600).path()).unwrap_err();
        assert!(matches!(error, SecretError::Empty { .. }));
    }

    #[test]
    fn a_secret_is_never_cut() {
        let longest = "x".repeat(MAX);
        let secret = Secret::read(file(&format!("{longest}\r\nnote"), 0o600).path()).unwrap();
        assert_eq!(secret.expose(), longest.as_bytes());
        let error = Secret::read(file(&format!("{longest}x\n"), 0o600).path()).unwrap_err();
        assert!(matches!(error, SecretError::Long { .. }));
    }
}
