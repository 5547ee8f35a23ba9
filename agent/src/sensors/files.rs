//! The files of /proc the agent reads, as it found them.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::Path,
};

/// A file under `proc_root`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the paths say it")]
pub enum ProcFile {
    LoadAvg,
    Stat,
    MemInfo,
    VmStat,
    PressureCpu,
    PressureMemory,
    PressureIo,
    NetDev,
    NetSnmp,
    NetRoute,
    Uptime,
    Mounts,
    CommandLine,
    Ipv6Forwarding,
    Ipv6HopLimit,
}

impl ProcFile {
    /// The files of one sample.
    pub const SAMPLED: &[Self] = &[
        Self::LoadAvg,
        Self::Stat,
        Self::MemInfo,
        Self::VmStat,
        Self::PressureCpu,
        Self::PressureMemory,
        Self::PressureIo,
        Self::NetDev,
        Self::NetSnmp,
        Self::Uptime,
    ];

    /// Where it stands under `proc_root`.
    pub fn path(self) -> &'static str {
        match self {
            Self::LoadAvg => "loadavg",
            Self::Stat => "stat",
            Self::MemInfo => "meminfo",
            Self::VmStat => "vmstat",
            Self::PressureCpu => "pressure/cpu",
            Self::PressureMemory => "pressure/memory",
            Self::PressureIo => "pressure/io",
            Self::NetDev => "net/dev",
            Self::NetSnmp => "net/snmp",
            Self::NetRoute => "net/route",
            Self::Uptime => "uptime",
            Self::Mounts => "mounts",
            Self::CommandLine => "cmdline",
            Self::Ipv6Forwarding => "sys/net/ipv6/conf/all/forwarding",
            Self::Ipv6HopLimit => "sys/net/ipv6/conf/all/hop_limit",
        }
    }

    /// Reads it.
    pub fn read(self, proc_root: &Path) -> Text {
        match read(&proc_root.join(self.path())) {
            Ok(text) => Text::Read(text),
            Err(error) => match error.kind() {
                // A kernel without the feature, one with the feature switched
                // off, and an emulated host that does not play it.
                io::ErrorKind::NotFound
                | io::ErrorKind::NotADirectory
                | io::ErrorKind::Unsupported => Text::Absent,
                kind => Text::Unreadable(kind),
            },
        }
    }
}

/// What stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// There is no such file, which is no fault.
    Absent,
    /// There is one, but it cannot be read.
    Unreadable(io::ErrorKind),
    /// This.
    Read(String),
}

impl Text {
    /// What was read, if anything was.
    pub fn read(&self) -> Option<&str> {
        match self {
            Self::Read(text) => Some(text),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Read(text.to_owned())
    }
}

/// The texts of one sample.
#[derive(Clone, Debug, Default)]
pub struct Files(BTreeMap<ProcFile, Text>);

impl Files {
    /// All files under `proc_root` as they are now.
    pub fn read(proc_root: &Path) -> Self {
        Self(ProcFile::SAMPLED.iter().map(|file| (*file, file.read(proc_root))).collect())
    }

    /// The text of a file; absent if it was not read.
    pub fn text(&self, file: ProcFile) -> &Text {
        self.0.get(&file).unwrap_or(&Text::Absent)
    }
}

impl<T: Into<Text>> FromIterator<(ProcFile, T)> for Files {
    fn from_iter<I: IntoIterator<Item = (ProcFile, T)>>(texts: I) -> Self {
        Self(texts.into_iter().map(|(file, text)| (file, text.into())).collect())
    }
}

/// Greatest part of a file that is read. The stat file of the largest machines
/// stays below it, and `proc_root` may name a folder that somebody else fills.
const MOST: u64 = 1 << 20;

pub(super) fn read(path: &Path) -> io::Result<String> {
    let mut octets = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut octets)?;
    Ok(String::from_utf8(octets)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_is_read_as_it_is() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        fs::create_dir(root.path().join("pressure"))?;
        fs::write(root.path().join("pressure/cpu"), "some")?;
        fs::write(root.path().join("net"), "a file where a folder should be")?;
        fs::write(root.path().join("loadavg"), b"1 \xff 2")?;
        fs::create_dir(root.path().join("stat"))?;
        let files = Files::read(root.path());
        assert_eq!(*files.text(ProcFile::PressureCpu), Text::from("some"));
        assert_eq!(*files.text(ProcFile::NetDev), Text::Absent);
        assert_eq!(*files.text(ProcFile::LoadAvg), Text::from("1 \u{fffd} 2"));
        assert_eq!(*files.text(ProcFile::Stat), Text::Unreadable(io::ErrorKind::IsADirectory));
        assert_eq!(*files.text(ProcFile::MemInfo), Text::Absent);
        Ok(())
    }

    #[test]
    fn a_huge_file_is_cut() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        fs::write(root.path().join("vmstat"), vec![b'x'; (MOST + 1000) as usize])?;
        let Text::Read(text) = ProcFile::VmStat.read(root.path()) else {
            panic!("the file can be read")
        };
        assert_eq!(text.len() as u64, MOST);
        Ok(())
    }
}
