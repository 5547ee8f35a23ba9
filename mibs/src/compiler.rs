//! From files to a [`Mib`].

use std::{fs, io, path::Path};

use crate::{
    builtin,
    model::Mib,
    parser::{File, parse_file},
    resolve::{Origin, resolve},
    source::Source,
};

/// Collects source texts and compiles them together.
#[derive(Debug, Default)]
pub struct Compiler {
    sources: Vec<Source>,
    origins: Vec<Origin>,
}

impl Compiler {
    /// Without any module, not even the base.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the built-in modules.
    pub fn with_base() -> Self {
        let mut compiler = Self::new();
        for (name, text) in builtin::MODULES {
            compiler.push(Source::new(*name, text.as_bytes()), Origin::BuiltIn);
        }
        compiler
    }

    /// Adds a text under a name for diagnostics.
    pub fn text(&mut self, name: impl Into<String>, octets: impl Into<Vec<u8>>) -> &mut Self {
        self.push(Source::new(name, octets.into()), Origin::User);
        self
    }

    /// Adds a file, whatever its name.
    pub fn file(&mut self, path: &Path) -> io::Result<&mut Self> {
        let octets = fs::read(path)?;
        Ok(self.text(path.display().to_string(), octets))
    }

    /// Adds all files of a folder, by name, folders below it left out. Hidden
    /// files and those without a module header are passed over.
    pub fn dir(&mut self, path: &Path) -> io::Result<&mut Self> {
        let mut files = Vec::new();
        for entry in fs::read_dir(path)? {
            let path = entry?.path();
            let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
            if !hidden && path.is_file() {
                files.push(path);
            }
        }
        files.sort();
        for file in files {
            let octets = fs::read(&file)?;
            if memchr::memmem::find(&octets, b"DEFINITIONS").is_some() {
                self.text(file.display().to_string(), octets);
            }
        }
        Ok(self)
    }

    /// Adds all files of a folder and of those below it, as [`Compiler::dir`]
    /// does for one.
    pub fn tree(&mut self, path: &Path) -> io::Result<&mut Self> {
        let mut folders = vec![path.to_owned()];
        while let Some(folder) = folders.pop() {
            self.dir(&folder)?;
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let hidden = entry.file_name().to_string_lossy().starts_with('.');
                // A link to a folder above would never end.
                if !hidden && entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        Ok(self)
    }

    /// How many texts there are; the next one's number.
    pub fn file_count(&self) -> u32 {
        self.sources.len() as u32
    }

    fn push(&mut self, source: Source, origin: Origin) {
        self.sources.push(source);
        self.origins.push(origin);
    }

    /// Compiles everything. What is wrong with it is in [`Mib::diagnostics`].
    pub fn compile(self) -> Mib {
        let files: Vec<File> = self.sources.iter().map(|s| parse_file(s.octets())).collect();
        resolve(self.sources, &files, &self.origins)
    }
}

impl Mib {
    /// The built-in modules: LOAD-CLUSTER-MIB and all it stands on.
    pub fn builtin() -> Self {
        Compiler::with_base().compile()
    }

    /// The built-in modules and every module in these folders.
    pub fn load_dirs<P: AsRef<Path>>(dirs: impl IntoIterator<Item = P>) -> io::Result<Self> {
        let mut compiler = Compiler::with_base();
        for dir in dirs {
            compiler.dir(dir.as_ref())?;
        }
        Ok(compiler.compile())
    }

    /// The built-in modules and those in these files.
    pub fn load_files<P: AsRef<Path>>(files: impl IntoIterator<Item = P>) -> io::Result<Self> {
        let mut compiler = Compiler::with_base();
        for file in files {
            compiler.file(file.as_ref())?;
        }
        Ok(compiler.compile())
    }
}

/// Reads one text as far as its syntax goes, for fuzzing and for timing. The
/// number of definitions that were read, and of problems.
pub fn parse(octets: &[u8]) -> (usize, usize) {
    let file = parse_file(octets);
    let definitions = file.modules.iter().map(|module| module.definitions.len()).sum();
    (definitions, file.problems.len())
}
