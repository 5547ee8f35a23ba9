//! The file systems: what is mounted, and how full it is.

use std::{collections::BTreeMap, path::Path};

use super::proc_texts;
use crate::sensors::files::ProcFile;

/// One mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// Its row in hrStorageTable, the same as long as the agent runs.
    pub index: i32,
    /// Where it is mounted.
    pub point: String,
    /// What it lies on.
    pub medium: Medium,
    /// What is mounted there.
    pub device: String,
    /// Its type, as Linux calls it.
    pub kind: String,
    /// Whether nothing can be written to it.
    pub read_only: bool,
    /// Octets of one unit.
    pub unit: i32,
    /// Size in units.
    pub size: i32,
    /// Units in use.
    pub used: i32,
}

/// What a file system lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// A disk of the host.
    Disk,
    /// Memory.
    Memory,
    /// Another host.
    Network,
}

impl Medium {
    fn of(kind: &str) -> Self {
        match kind {
            "tmpfs" | "ramfs" | "devtmpfs" => Self::Memory,
            "nfs" | "nfs4" | "cifs" | "smb3" | "afs" | "ceph" | "glusterfs" | "fuse.sshfs" => {
                Self::Network
            }
            _ => Self::Disk,
        }
    }
}

/// What was seen before: the row of each mount point.
#[derive(Debug, Default)]
pub struct Mounted {
    rows: BTreeMap<String, i32>,
}

/// The rows before are those of memory.
const FIRST: i32 = 31;

/// No more than so many are shown.
const MOST: usize = 1000;

/// Asks every file system that has a size. This can hang where one lies on a
/// host that is gone.
pub fn collect(proc_root: &Path, mounted: &mut Mounted) -> Vec<FileSystem> {
    let text = ProcFile::Mounts.read(proc_root);
    let mut all: Vec<FileSystem> = Vec::new();
    for mount in proc_texts::mounts(text.read().unwrap_or("")) {
        if all.len() >= MOST || all.iter().any(|other| other.point == mount.point) {
            continue;
        }
        let Ok(stat) = rustix::fs::statvfs(&mount.point) else { continue };
        // proc, sysfs and their like have no size.
        if stat.f_blocks == 0 {
            continue;
        }
        let used = stat.f_blocks.saturating_sub(stat.f_bfree);
        let (unit, size, used) = units(stat.f_frsize, stat.f_blocks, used);
        let Some(index) = mounted.row(&mount.point) else { continue };
        let medium = Medium::of(&mount.kind);
        let proc_texts::Mount { device, point, kind, read_only } = mount;
        all.push(FileSystem { index, point, medium, device, kind, read_only, unit, size, used });
    }
    all
}

impl Mounted {
    fn row(&mut self, point: &str) -> Option<i32> {
        if let Some(row) = self.rows.get(point) {
            return Some(*row);
        }
        let row = FIRST.checked_add(i32::try_from(self.rows.len()).ok()?)?;
        // What comes and goes under ever new names must not fill memory.
        (self.rows.len() < 10 * MOST).then(|| {
            self.rows.insert(point.to_owned(), row);
            row
        })
    }
}

/// Numbers of 31 bits must do, so a file system too great for its own unit is
/// shown in greater ones.
fn units(mut unit: u64, mut size: u64, mut used: u64) -> (i32, i32, i32) {
    const MOST: u64 = i32::MAX as u64;
    while size > MOST && unit <= MOST / 2 {
        (unit, size, used) = (unit * 2, size / 2, used / 2);
    }
    let number = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
    (number(unit).max(1), number(size), number(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_mounted_somewhere() {
        let mut mounted = Mounted::default();
        let all = collect(Path::new("/proc"), &mut mounted);
        let root = all.iter().find(|system| system.point == "/").expect("every host has one");
        assert!(root.size > 0 && root.used <= root.size);
        let again = collect(Path::new("/proc"), &mut mounted);
        let index = |all: &[FileSystem]| all.iter().find(|s| s.point == "/").map(|s| s.index);
        assert_eq!(index(&all), index(&again));
    }

    #[test]
    fn great_sizes_come_in_great_units() {
        assert_eq!(units(4096, 1000, 10), (4096, 1000, 10));
        assert_eq!(units(4096, 1 << 33, 1 << 32), (32_768, 1 << 30, 1 << 29));
        assert_eq!(units(0, 5, 1), (1, 5, 1));
        assert_eq!(units(1 << 40, u64::MAX, u64::MAX), (i32::MAX, i32::MAX, i32::MAX));
    }
}
