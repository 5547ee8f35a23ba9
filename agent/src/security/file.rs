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

/// A new content on disk, which goes with this unless it is to be put in its place.
#[derive(Debug)]
pub struct Written {
    ready: PathBuf,
    path: PathBuf,
    is_due: bool,
}

/// Writes a file that only its owner can read, and returns once it is on disk.
pub fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    prepare(path, &path.with_extension("new"), text)?.put_in_place()
}

/// Writes what a file is to be to another one in its folder.
pub fn prepare(path: &Path, ready: &Path, text: &[u8]) -> io::Result<Written> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    // What is there was left over by a run that ended in the middle of this.
    remove(ready)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(ready)?;
    let written = Written { ready: ready.to_owned(), path: path.to_owned(), is_due: false };
    file.write_all(text)?;
    file.sync_all()?;
    sync_folder(ready)?;
    Ok(written)
}

/// Puts `ready` in the place of a file, where nobody has done so yet.
pub fn put_in_place(path: &Path, ready: &Path) -> io::Result<()> {
    match fs::rename(ready, path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        renamed => renamed.and_then(|()| sync_folder(path)),
    }
}

/// Removes a file, if it is there.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

impl Written {
    /// Makes it the file. Where that fails it can be tried again.
    pub fn put_in_place(&mut self) -> io::Result<()> {
        self.is_due = true;
        put_in_place(&self.path, &self.ready)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if !self.is_due {
            // What stays all the same, the next start removes.
            let _ = remove(&self.ready);
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
