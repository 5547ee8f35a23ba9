//! From files to a [`Mib`].

use std::{
    fs, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    builtin,
    diagnostic::Severity,
    lexer::reserved,
    model::Mib,
    parser::{Desk, File, parse_file},
    resolve::{Origin, resolve},
    source::Source,
    symbol::SharedSymbols,
};

/// Collects source texts and compiles them together.
#[derive(Debug, Default)]
pub struct Compiler {
    pub(crate) sources: Vec<Source>,
    pub(crate) origins: Vec<Origin>,
    pub(crate) judge: bool,
    pub(crate) preset: Preset,
    read: Arc<AtomicUsize>,
}

/// How much is forgiven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// The standard's word: a name that is neither defined nor imported stands
    /// for nothing.
    Strict,
    /// What is meant is found where it can be guessed, and it is said.
    #[default]
    Normal,
    /// The same, and only what is lost or was guessed is worth a word.
    Permissive,
}

impl Preset {
    /// The least grave severity to speak of.
    pub fn shows(self) -> Severity {
        match self {
            Self::Strict | Self::Normal => Severity::Info,
            Self::Permissive => Severity::Error,
        }
    }

    /// The least grave severity that makes a module bad.
    pub fn fails(self) -> Severity {
        match self {
            Self::Strict => Severity::Warning,
            Self::Normal => Severity::Minor,
            Self::Permissive => Severity::Severe,
        }
    }
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

    /// Adds a file, whatever its name. It is read when all are compiled.
    pub fn file(&mut self, path: &Path) -> io::Result<&mut Self> {
        fs::File::open(path)?;
        self.push(Source::on_disk(path.to_owned()), Origin::User);
        Ok(self)
    }

    /// Adds all files of a folder, by name, folders below it left out. Hidden
    /// files and those without a module header are passed over.
    pub fn dir(&mut self, path: &Path) -> io::Result<&mut Self> {
        self.folder(path, false)
    }

    /// Adds all files of a folder and of those below it, as [`Compiler::dir`]
    /// does for one.
    pub fn tree(&mut self, path: &Path) -> io::Result<&mut Self> {
        self.folder(path, true)
    }

    fn folder(&mut self, path: &Path, deep: bool) -> io::Result<&mut Self> {
        let mut folders = vec![path.to_owned()];
        while let Some(folder) = folders.pop() {
            let mut files = Vec::new();
            let mut below = Vec::new();
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let name = entry.file_name();
                let kind = entry.file_type()?;
                if name.as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                // A link to a folder above would never end; one to a file is fine.
                if kind.is_dir() {
                    below.push(name);
                } else if kind.is_file() || entry.path().is_file() {
                    files.push(name);
                }
            }
            // By their names: to compare paths is to take them apart.
            files.sort();
            for file in files {
                self.push(Source::on_disk(folder.join(file)), Origin::Found);
            }
            if deep {
                below.sort_by(|a, b| b.cmp(a));
                folders.extend(below.into_iter().map(|name| folder.join(name)));
            }
        }
        Ok(self)
    }

    /// Looks for what is questionable as well, not only for what is wrong.
    pub fn judge(&mut self) -> &mut Self {
        self.judge = true;
        self
    }

    /// How much is forgiven.
    pub fn preset(&mut self, preset: Preset) -> &mut Self {
        self.preset = preset;
        self
    }

    /// Counts the texts that were read, for who wants to watch.
    pub fn read_count(&self) -> Arc<AtomicUsize> {
        self.read.clone()
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
        let symbols = reserved();
        let files = self.parse(&symbols);
        let strict = self.preset == Preset::Strict;
        resolve(self.sources, &files, &self.origins, symbols.into_inner(), self.judge, strict)
    }

    /// Reads all files on all cores.
    fn parse(&self, symbols: &SharedSymbols) -> Vec<File> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut desk = Desk::new(symbols);
            let (mut read, mut buffer) = (Vec::new(), Vec::new());
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((source, origin)) = self.sources.get(at).zip(self.origins.get(at)) else {
                    return read;
                };
                self.read.fetch_add(1, Ordering::Relaxed);
                read.push((at, parse_source(source, *origin, &mut desk, &mut buffer)));
            }
        };
        let cores = thread::available_parallelism().map_or(1, |n| n.get());
        let threads = cores.min(self.sources.len() / Self::FEW);
        let read = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut read = work();
            // A thread that panicked has lost its files, which are read as empty.
            others.into_iter().filter_map(|other| other.join().ok()).for_each(|r| read.extend(r));
            read
        });
        let mut files: Vec<File> = self.sources.iter().map(|_| File::default()).collect();
        for (at, file) in read {
            if let Some(slot) = files.get_mut(at) {
                *slot = file;
            }
        }
        files
    }

    /// For fewer files no thread is worth its start.
    const FEW: usize = 16;
}

fn parse_source(
    source: &Source,
    origin: Origin,
    desk: &mut Desk<'_>,
    buffer: &mut Vec<u8>,
) -> File {
    match source.read(buffer) {
        Ok(text) => match origin {
            // A folder may hold anything; only what is named is expected to be
            // a module.
            Origin::Found if memchr::memmem::find(text, b"DEFINITIONS").is_none() => {
                File::default()
            }
            Origin::Found => {
                let file = parse_file(text, desk);
                if file.modules.is_empty() { File::default() } else { file }
            }
            _ => parse_file(text, desk),
        },
        Err(error) => File::unreadable(&error),
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
    let symbols = reserved();
    let file = parse_file(octets, &mut Desk::new(&symbols));
    let definitions = file.modules.iter().map(|module| module.definitions.len()).sum();
    (definitions, file.problems.len())
}
