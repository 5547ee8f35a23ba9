//! Secrets: files of their own, read once, never shown.

use std::{
    fmt,
    fs::File,
    hint,
    io::{self, Read},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

/// A community. It does not print, and is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Why a file gives no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    /// Others than its owner may read or write it.
    #[error("is open to others than its owner (mode {0:04o})")]
    Open(u32),
    /// Its first line is empty.
    #[error("has nothing in its first line")]
    Empty,
    /// Its first line is longer than 255 octets.
    #[error("has a first line of more than 255 octets")]
    Long,
}

impl Secret {
    const MAX: usize = 255;

    /// Reads the first line of a file that nobody but its owner may touch.
    pub fn read(path: &Path) -> Result<Self, SecretError> {
        let failed = |error: io::Error| SecretError::Unreadable(error.kind());
        let file = File::open(path).map_err(failed)?;
        // Of the open file, not of the path: that may be another one by now.
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretError::Open(mode));
        }
        // Room for a line end, and for seeing that there is too much. The
        // buffer never grows, which would leave a copy behind unwiped.
        let most = Self::MAX + 3;
        let mut whole = Self(Vec::with_capacity(most + 64));
        file.take(most as u64).read_to_end(&mut whole.0).map_err(failed)?;
        let line = whole.0.split(|octet| *octet == b'\n').next().unwrap_or_default();
        match line.strip_suffix(b"\r").unwrap_or(line) {
            [] => Err(SecretError::Empty),
            line if line.len() > Self::MAX => Err(SecretError::Long),
            line => Ok(Self(line.to_vec())),
        }
    }

    /// The octets, for the one place that compares them.
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
        // Or the compiler finds that nobody reads what was filled.
        hint::black_box(&self.0);
    }
}

impl SecretError {
    /// What to do about it.
    pub fn form(self, path: &Path) -> String {
        match self {
            Self::Unreadable(io::ErrorKind::NotFound) => "write the community, and nothing else, \
                 into that file, mode 0600; relative paths count from the folder of the \
                 configuration file"
                .to_owned(),
            Self::Unreadable(_) => {
                "make it readable for the user the agent runs as, and nobody else".to_owned()
            }
            Self::Open(_) => format!("chmod 600 {}", path.display()),
            Self::Empty | Self::Long => {
                "write the community there, 1 to 255 octets and nothing else".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    fn read(text: &[u8], mode: u32) -> Result<Secret, SecretError> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), text).expect("to write it");
        fs::set_permissions(file.path(), Permissions::from_mode(mode)).expect("to own it");
        Secret::read(file.path())
    }

    fn octets(text: &[u8]) -> Result<Vec<u8>, SecretError> {
        read(text, 0o600).map(|secret| secret.expose().to_vec())
    }

    #[test]
    fn the_first_line_is_the_secret() {
        assert_eq!(octets(b"correct horse"), Ok(b"correct horse".to_vec()));
        assert_eq!(octets(b"correct horse\n"), Ok(b"correct horse".to_vec()));
        assert_eq!(octets(b"correct horse\r\n# a note\n"), Ok(b"correct horse".to_vec()));
        assert_eq!(octets(b"\n"), Err(SecretError::Empty));
        assert_eq!(octets(b""), Err(SecretError::Empty));
        assert_eq!(octets(&[b'x'; 255]), Ok(vec![b'x'; 255]));
        assert_eq!(octets(&[b'x'; 256]), Err(SecretError::Long));
        assert_eq!(octets(&[b'x'; 100_000]), Err(SecretError::Long));
    }

    #[test]
    fn only_its_owner_may_touch_the_file() {
        for mode in [0o640, 0o604, 0o620, 0o601, 0o666] {
            assert_eq!(read(b"public", mode), Err(SecretError::Open(mode)));
        }
        assert!(read(b"public", 0o400).is_ok());
    }

    #[test]
    fn a_missing_file_is_said_to_be_missing() {
        let error = Secret::read(Path::new("/nowhere/community")).expect_err("no such file");
        assert_eq!(error.to_string(), "cannot be read: entity not found");
        assert!(error.form(Path::new("gone")).contains("mode 0600"));
    }

    #[test]
    fn a_secret_does_not_print() -> Result<(), SecretError> {
        let secret = read(b"hush", 0o600)?;
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret Secret");
        Ok(())
    }
}
