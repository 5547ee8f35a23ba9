//! Small files that are whole or not there.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// No file of ours is longer, so nothing else is read into memory.
const LONGEST: u64 = 1 << 24;

/// The content of a file, or `None` if there is no such file.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    use io::Read as _;
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text)?;
    Ok(Some(text))
}

/// A new content, on disk and not yet in place.
#[derive(Debug)]
pub struct Written {
    temporary: PathBuf,
    path: PathBuf,
}

/// Writes a file that only its owner can read, and returns once it is on disk.
pub fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    prepare(path, text)?.put_in_place()
}

/// Writes what a file is to be.
pub fn prepare(path: &Path, text: &[u8]) -> io::Result<Written> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let temporary = path.with_extension("new");
    // What is there was left over by a run that ended in the middle of this.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(text)?;
    file.sync_all()?;
    Ok(Written { temporary, path: path.to_owned() })
}

impl Written {
    /// Makes it the file.
    pub fn put_in_place(self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.path)?;
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// Gives a damaged file another name, which it returns.
pub fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let name = |number: u32| path.with_extension(format!("damaged-{number}"));
    let mut free = (1..).map(name).filter(|path| !path.exists());
    let kept = free.next().unwrap_or_else(|| name(0));
    fs::rename(path, &kept)?;
    Ok(kept)
}
