//! Compiled modules on disk.
//!
//! A folder of thousands of modules is compiled once; the next time its tables are
//! there, which takes a fraction of the time. One file holds what one list of files
//! was compiled to, under a name made of that list:
//!
//! * a header with the fingerprint of this compiler, so that what another version
//!   made of the same texts is not taken for its own work; the sizes of the tables;
//!   and a checksum of each section and of the header itself;
//! * the list of files, each with its length, its time and a checksum of its text.
//!   A file of the same length and time is the same; of one with another time the
//!   text decides;
//! * the tables.
//!
//! When it is opened every octet is compared with the checksums, and none is kept:
//! most who ask, ask for a few names of thousands of modules. The tables are in
//! pieces, each of which is read when something in it is asked for.
//!
//! Whatever does not fit is as good as none: then the modules are compiled, and
//! the file is written anew, beside the old one and renamed over it. Prose is not
//! in it; it is read from the modules when it is asked for, as always, as long as
//! they are the texts that were compiled.

mod bytes;
mod nodes;
mod orders;
mod problems;
mod section;
mod tables;

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::SystemTime,
};

pub(crate) use bytes::checksum;
use bytes::{Reader, Writer};
#[cfg(test)]
pub(crate) use problems::every_problem;
use section::{Section, Store};
use tables::Sizes;

use crate::{
    builtin,
    compiler::Compiler,
    model::Mib,
    source::{Source, Stamp},
};

/// Where compiled modules are kept.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

const MAGIC: [u8; 8] = *b"LCMSMIB\x02";

/// The list of files, and the tables.
const SECTIONS: usize = 1 + tables::WRITERS.len();

const HEADER: usize = MAGIC.len() + 8 + 8 + 6 * 4 + SECTIONS * 16 + 8;

impl Cache {
    /// Fewer files are compiled sooner than their cache is found.
    const FEW: usize = 32;

    /// How many compiled sets are kept; the oldest go.
    const KEPT: usize = 8;

    /// Compiled modules are kept in this folder, which need not be there yet.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn open(&self, compiler: &Compiler, key: u64) -> Option<Mib> {
        let file = File::open(self.path(key)).ok()?;
        let mut octets = [0; HEADER];
        file.read_exact_at(&mut octets, 0).ok()?;
        let header = Header::read(&octets, key)?;
        if header.len() != file.metadata().ok()?.len() {
            return None;
        }
        let [sources, tables @ ..] = header.sections(file)?;
        if !header.is_whole(0, &sources) {
            return None;
        }
        let sources = sources_in(&sources.read()?, &compiler.sources)?;
        // Whether the tables are what was written, and the files what was compiled.
        let sections =
            (1..SECTIONS).zip(&tables).map(|(number, section)| Part::Table(number, section));
        let files = sources.chunks(256).map(Part::Files);
        let parts: Vec<Part<'_>> = sections.chain(files).collect();
        let are_good = on_all_cores(&parts, |part| match part {
            Part::Table(number, section) => header.is_whole(*number, section),
            Part::Files(files) => files.iter().all(is_fresh),
        });
        if !are_good.into_iter().all(|is_good| is_good) {
            return None;
        }
        Some(Mib { sources, ..tables::read(tables, header.sizes)? })
    }

    /// Keeps what was compiled. That this fails takes nothing from anybody.
    fn keep(&self, mib: &Mib, key: u64) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let name = format!(".{key:016x}.{}", std::process::id());
        let beside = self.folder.join(name);
        let kept = self.write(mib, key, &beside);
        let done = kept.and_then(|()| fs::rename(&beside, self.path(key)));
        if done.is_err() {
            fs::remove_file(&beside).ok();
        }
        self.prune();
        done
    }

    fn write(&self, mib: &Mib, key: u64, path: &Path) -> io::Result<()> {
        // One of that name is of a process that died.
        fs::remove_file(path).ok();
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&[0; HEADER])?;
        let mut out = Writer::to(file);
        let mut header = Header { sizes: Sizes::of(mib), sections: Vec::new() };
        let unfit = || io::Error::from(io::ErrorKind::InvalidData);
        sources_out(&mib.sources, &mut out).ok_or_else(unfit)?;
        header.sections.push(out.end_section()?);
        for table in tables::WRITERS {
            table(mib, &mut out).ok_or_else(unfit)?;
            header.sections.push(out.end_section()?);
        }
        let Some(mut file) = out.into_parts().0 else { return Ok(()) };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header.write(key))
    }

    fn path(&self, key: u64) -> PathBuf {
        self.folder.join(format!("{key:016x}.mib"))
    }

    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let kept = entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "mib"));
        let mut kept: Vec<(SystemTime, PathBuf)> = kept
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        kept.sort();
        let surplus = kept.len().saturating_sub(Self::KEPT);
        for (_, path) in kept.drain(..surplus) {
            fs::remove_file(path).ok();
        }
    }
}

impl Compiler {
    /// Compiles everything, or takes what was compiled before where nothing has
    /// changed. What was judged, or is not in files, is always compiled.
    pub fn compile_with(mut self, cache: &Cache) -> Mib {
        let files = self.sources.iter().filter(|source| source.path().is_some()).count();
        let Some(key) = self.key().filter(|_| files >= Cache::FEW && !self.judge) else {
            return self.compile();
        };
        if let Some(mib) = cache.open(&self, key) {
            return mib;
        }
        self.sources.iter_mut().for_each(Source::watch);
        let mib = self.compile();
        cache.keep(&mib, key).ok();
        mib
    }

    /// What this set of files is kept under; none where a text is in memory only.
    fn key(&self) -> Option<u64> {
        let mut list = vec![self.preset as u8];
        for (source, origin) in self.sources.iter().zip(&self.origins) {
            list.push(*origin as u8);
            match source.path() {
                Some(path) => list.extend_from_slice(path.as_os_str().as_bytes()),
                None if is_builtin(source.name()) => {
                    list.extend_from_slice(source.name().as_bytes());
                }
                None => return None,
            }
            list.push(0);
        }
        // A relative path means something else in another folder.
        let here = std::env::current_dir().ok()?;
        list.extend_from_slice(here.as_os_str().as_bytes());
        Some(checksum(&list))
    }
}

/// The tables of a MIB as octets, without the checksums that would keep a fuzzer
/// out.
#[doc(hidden)]
pub fn tables_of(mib: &Mib) -> Option<Vec<u8>> {
    let mut out = Writer::default();
    Sizes::of(mib).write(&mut out);
    for table in tables::WRITERS {
        let mut section = Writer::default();
        table(mib, &mut section)?;
        out.octets(&section.into_parts().1);
    }
    Some(out.into_parts().1)
}

/// And back: whatever this accepts can be asked anything.
#[doc(hidden)]
pub fn from_tables(octets: &[u8]) -> Option<Mib> {
    let mut reader = Reader(octets);
    let sizes = Sizes::read(&mut reader).filter(|sizes| sizes.files <= 64)?;
    let sources = (0..sizes.files).map(|_| Source::new("kept", Vec::new())).collect();
    let sections = tables::WRITERS.map(|_| reader.octets().map(Section::in_memory));
    let sections: Vec<Section> = sections.into_iter().collect::<Option<_>>()?;
    Some(Mib { sources, ..tables::read(sections.try_into().ok()?, sizes)? })
}

fn is_builtin(name: &str) -> bool {
    builtin::MODULES.iter().any(|&(known, _)| known == name)
}

/// The beginning of the file.
struct Header {
    sizes: Sizes,
    /// Length and checksum of each section.
    sections: Vec<(u64, u64)>,
}

impl Header {
    fn write(&self, key: u64) -> Vec<u8> {
        let mut out = Writer::default();
        MAGIC.iter().for_each(|&octet| out.u8(octet));
        out.u64(builtin::FINGERPRINT);
        out.u64(key);
        self.sizes.write(&mut out);
        for &(len, sum) in &self.sections {
            out.u64(len);
            out.u64(sum);
        }
        let mut octets = out.into_parts().1;
        let sum = checksum(&octets);
        octets.extend_from_slice(&sum.to_le_bytes());
        octets
    }

    fn read(octets: &[u8; HEADER], key: u64) -> Option<Self> {
        let (own, sum) = octets.split_last_chunk::<8>()?;
        if checksum(own) != u64::from_le_bytes(*sum) {
            return None;
        }
        let mut reader = Reader(own.strip_prefix(&MAGIC)?);
        if reader.u64()? != builtin::FINGERPRINT || reader.u64()? != key {
            return None;
        }
        let sizes = Sizes::read(&mut reader)?;
        let sections = (0..SECTIONS).map(|_| Some((reader.u64()?, reader.u64()?)));
        Some(Self { sizes, sections: sections.collect::<Option<_>>()? })
    }

    /// How long the whole file is.
    fn len(&self) -> u64 {
        let lengths = self.sections.iter().map(|&(len, _)| len);
        lengths.fold(HEADER as u64, u64::saturating_add)
    }

    /// The sections of a file, which is as long as they are together.
    fn sections(&self, file: File) -> Option<[Section; SECTIONS]> {
        let store = Arc::new(Store::File(file));
        let mut start = HEADER as u64;
        let sections = self.sections.iter().map(|&(len, _)| {
            let section = Section::of(&store, start, len);
            start = start.saturating_add(len);
            section
        });
        sections.collect::<Option<Vec<_>>>()?.try_into().ok()
    }

    /// Whether a section is what was written.
    fn is_whole(&self, number: usize, section: &Section) -> bool {
        let sum = self.sections.get(number).map(|&(_, sum)| sum);
        sum.is_some() && section.sum() == sum
    }
}

/// None where a file could not be read: it may be there the next time.
fn sources_out(sources: &[Source], out: &mut Writer) -> Option<()> {
    for source in sources {
        match source.path() {
            None => {
                out.u8(0);
                out.octets(source.name().as_bytes());
            }
            Some(path) => {
                let Stamp { len, modified, sum } = source.stamp()?;
                out.u8(1);
                out.octets(path.as_os_str().as_bytes());
                out.u64(len);
                out.i64(modified);
                out.u64(sum);
            }
        }
    }
    Some(())
}

/// The texts as they were compiled, if they are these.
fn sources_in(octets: &[u8], wanted: &[Source]) -> Option<Vec<Source>> {
    let mut reader = Reader(octets);
    let mut sources = Vec::with_capacity(wanted.len());
    for source in wanted {
        let (is_file, name) = (reader.u8()? == 1, reader.octets()?);
        sources.push(match source.path() {
            Some(path) if is_file && path.as_os_str().as_bytes() == name => {
                let stamp =
                    Stamp { len: reader.u64()?, modified: reader.i64()?, sum: reader.u64()? };
                Source::stamped(path.to_owned(), stamp)
            }
            None if !is_file && source.name().as_bytes() == name => {
                let &(name, text) =
                    builtin::MODULES.iter().find(|(known, _)| *known == source.name())?;
                Source::new(name, text.as_bytes())
            }
            _ => return None,
        });
    }
    reader.is_empty().then_some(sources)
}

/// What is found to be good before anything is believed.
enum Part<'a> {
    Table(usize, &'a Section),
    Files(&'a [Source]),
}

fn is_fresh(source: &Source) -> bool {
    match (source.path(), source.stamp()) {
        (Some(path), Some(stamp)) => stamp.is_fresh(path),
        _ => true,
    }
}

/// What `work` makes of each item, the items shared out among all cores.
fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = work(item);
            done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
        }
    };
    let cores = thread::available_parallelism().map_or(1, |n| n.get()).min(items.len());
    thread::scope(|scope| {
        for _ in 1..cores {
            scope.spawn(run);
        }
        run();
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}
