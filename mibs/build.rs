//! Lists the built-in modules: every file of `modules/`, so that a module added
//! there is in the next build. And gives this compiler a fingerprint, so that what
//! another one compiled is not mistaken for its own.

use std::{
    env,
    fmt::Write,
    fs,
    hash::{DefaultHasher, Hasher as _},
    io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let root = Path::new(&root);
    let folder = root.join("modules");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed={}", root.join("src").display());

    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() && !name.contains('.') {
            files.push((name, entry.path()));
        }
    }
    files.sort();

    let mut list = String::from("/// Name and text of each.\n");
    list.push_str("pub(crate) const MODULES: &[(&str, &str)] = &[\n");
    for (name, path) in &files {
        writeln!(list, "    ({name:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    list.push_str("];\n");
    let fingerprint = fingerprint(&root.join("src"), files.into_iter().map(|(_, path)| path))?;
    writeln!(list, "/// Of this compiler and its modules.").map_err(io::Error::other)?;
    writeln!(list, "pub(crate) const FINGERPRINT: u64 = {fingerprint:#x};")
        .map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("builtin.rs"), list)
}

/// A hash of all sources, which changes whenever what is compiled may.
fn fingerprint(source: &Path, modules: impl Iterator<Item = PathBuf>) -> io::Result<u64> {
    let mut folders = vec![source.to_owned()];
    let mut files: Vec<PathBuf> = modules.collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(&fs::read(file)?);
    }
    Ok(hasher.finish())
}
