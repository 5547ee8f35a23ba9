//! Lists the built-in modules: every file of `modules/`, so that a module added
//! there is in the next build.

use std::{env, fmt::Write, fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let folder = Path::new(&root).join("modules");
    println!("cargo::rerun-if-changed={}", folder.display());

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
    for (name, path) in files {
        writeln!(list, "    ({name:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    list.push_str("];\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("builtin.rs"), list)
}
