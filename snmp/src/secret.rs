//! Secrets: files of their own, read once, never shown.

use std::{
    fmt,
    fs::OpenOptions,
    io::{self, Read},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use rustix::fs::OFlags;
use thiserror::Error;
use zeroize::Zeroizing;

/// A community or password. It does not print, and is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// Why a file gives no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    /// It is a folder, a pipe or a device.
    #[error("is no regular file")]
    NotAFile,
    /// Others than its owner may read or write it.
    #[error("is open to others than its owner (mode {0:04o})")]
    Open(u32),
    /// Its first line is empty.
    #[error("has nothing in its first line")]
    Empty,
    /// Its first line is longer than [`Secret::MAX`].
    #[error("has a first line of more than 255 octets")]
    Long,
}

impl Secret {
    /// The longest secret; a community of more octets fits no sensible message.
    pub const MAX: usize = 255;

    /// More than any key takes.
    const MOST_OF_FILE: usize = 64 << 10;

    /// Takes octets.
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(octets.into()))
    }

    /// Reads the first line of a file that nobody but its owner may touch.
    pub fn read(path: &Path) -> Result<Self, SecretError> {
        // Room for a line end, and for seeing that there is too much.
        let whole = octets(path, Self::MAX + 3)?;
        let line = whole.split(|octet| *octet == b'\n').next().unwrap_or_default();
        match line.strip_suffix(b"\r").unwrap_or(line) {
            [] => Err(SecretError::Empty),
            line if line.len() > Self::MAX => Err(SecretError::Long),
            line => Ok(Self::new(line)),
        }
    }

    /// Reads the whole of a file that nobody but its owner may touch: a key, of as many
    /// lines as that takes.
    pub fn read_file(path: &Path) -> Result<Self, SecretError> {
        match octets(path, Self::MOST_OF_FILE + 1)? {
            whole if whole.is_empty() => Err(SecretError::Empty),
            whole if whole.len() > Self::MOST_OF_FILE => Err(SecretError::Long),
            whole => Ok(Self(whole)),
        }
    }

    /// The octets, for the one place that sends, compares or hashes them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// As much of a file as is wanted, if nobody but its owner may touch it.
fn octets(path: &Path, most: usize) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let failed = |error: io::Error| SecretError::Unreadable(error.kind());
    // Without it a pipe that nobody writes into would hold us up before
    // anybody could see that it is one.
    let nonblock = OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path).map_err(failed)?;
    // Of the open file, not of the path: that may be another one by now.
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(SecretError::NotAFile);
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Open(mode));
    }
    // The buffer never grows, which would leave a copy behind unwiped.
    let mut whole = Zeroizing::new(Vec::with_capacity(most + 64));
    file.take(most as u64).read_to_end(&mut whole).map_err(failed)?;
    Ok(whole)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl SecretError {
    /// What to do about it.
    pub fn form(self, path: &Path) -> String {
        match self {
            Self::Unreadable(io::ErrorKind::NotFound) => format!(
                "write the secret, and nothing else, into {}, mode 0600; relative paths count \
                 from the folder of the configuration file",
                path.display()
            ),
            Self::Unreadable(_) => format!(
                "make {} readable for the user who runs this, and nobody else",
                path.display()
            ),
            Self::NotAFile => format!("make {} a file with the secret in it", path.display()),
            Self::Open(_) => format!("chmod 600 {}", path.display()),
            Self::Empty | Self::Long => format!(
                "write the secret into the first line of {}, 1 to 255 octets",
                path.display()
            ),
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
    }

    #[test]
    fn a_secret_is_never_cut() {
        assert_eq!(octets(&[b'x'; 255]), Ok(vec![b'x'; 255]));
        assert_eq!(octets(&[b'x'; 256]), Err(SecretError::Long));
        assert_eq!(octets(&[b'x'; 100_000]), Err(SecretError::Long));
    }

    #[test]
    fn a_key_is_the_whole_file() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let read = |text: &[u8]| {
            fs::write(file.path(), text).expect("to write it");
            Secret::read_file(file.path()).map(|secret| secret.expose().to_vec())
        };
        assert_eq!(read(b"two\nlines\n"), Ok(b"two\nlines\n".to_vec()));
        assert_eq!(read(b""), Err(SecretError::Empty));
        assert_eq!(read(&[b'x'; 64 << 10]), Ok(vec![b'x'; 64 << 10]));
        assert_eq!(read(&[b'x'; (64 << 10) + 1]), Err(SecretError::Long));
        fs::set_permissions(file.path(), Permissions::from_mode(0o640)).expect("to own it");
        assert_eq!(read(b"key"), Err(SecretError::Open(0o640)));
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

    /// A pipe into which nobody writes would be waited for without an end.
    #[test]
    fn a_pipe_is_no_secret() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg("-m").arg("600").arg(&pipe).status();
        assert!(made.expect("mkfifo is there").success());
        assert_eq!(Secret::read(&pipe), Err(SecretError::NotAFile));
        assert_eq!(Secret::read(folder.path()), Err(SecretError::NotAFile));
    }

    #[test]
    fn a_secret_does_not_print() -> Result<(), SecretError> {
        let secret = read(b"hush", 0o600)?;
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret Secret");
        Ok(())
    }
}
