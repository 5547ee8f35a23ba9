//! hrFSTable: the file systems, which are in hrStorageTable under the same numbers.

use std::{borrow::Cow, sync::LazyLock};

use lcms_snmp::{Octets, Oid, Value};
use load_cluster_mib::{
    host_resources_mib::hr_fs::{self, HrFsAccess, View},
    host_resources_types as types,
};

use super::figures::identity;
use crate::{
    engine::{At, Instrumentation, Rows},
    sensors::inventory::{FileSystem, Medium},
    state::AgentState,
};

/// `hrFSEntry`.
pub struct HrFs;

/// What the module says of a date that nobody knows.
const NEVER: [u8; 8] = [0, 0, 1, 1, 0, 0, 0, 0];

/// The identities of the types, by what Linux calls them; the first is that of all
/// others.
static TYPES: LazyLock<Vec<(Oid, &[&str])>> = LazyLock::new(|| {
    [
        (types::HR_F_S_OTHER, &[][..]),
        (types::HR_F_S_LINUX_EXT2, &["ext2", "ext3", "ext4"]),
        (types::HR_F_S_JOURNALED, &["xfs", "jfs", "reiserfs"]),
        (types::HR_F_S_N_F_S, &["nfs", "nfs4"]),
        (types::HR_F_S_FAT, &["msdos"]),
        (types::HR_F_S_FAT32, &["vfat", "exfat"]),
        (types::HR_F_S_N_T_F_S, &["ntfs", "ntfs3", "fuseblk"]),
        (types::HR_F_SISO9660, &["iso9660"]),
        (types::HR_F_S_H_F_S, &["hfs", "hfsplus"]),
        (types::HR_F_S_A_F_S, &["afs"]),
    ]
    .map(|(arcs, kinds)| (identity(arcs), kinds))
    .into()
});

struct Row<'s>(&'s FileSystem);

impl Instrumentation<AgentState> for HrFs {
    type Table = hr_fs::HrFs;
    type Key = usize;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<usize> {
        &state.host.file_systems
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s usize, arc: u32) -> Option<Value<'s>> {
        let row = Row(at.state.sample.inventory.storage.get(*key)?);
        hr_fs::column(&row, arc)
    }
}

/// What fits the size of the module's names of places.
fn place(path: &str) -> Octets<'_> {
    path.get(..path.floor_char_boundary(128)).unwrap_or_default().into()
}

impl<'s> View<'s> for Row<'s> {
    fn index(&self) -> Option<i32> {
        Some(self.0.index)
    }

    fn mount_point(&self) -> Option<Octets<'s>> {
        Some(place(&self.0.point))
    }

    fn remote_mount_point(&self) -> Option<Octets<'s>> {
        Some(match self.0.medium {
            Medium::Network => place(&self.0.device),
            Medium::Disk | Medium::Memory => "".into(),
        })
    }

    fn type_(&self) -> Option<Cow<'s, Oid>> {
        let is_it = |(_, kinds): &&(Oid, &[&str])| kinds.contains(&&*self.0.kind);
        let (oid, _) = TYPES.iter().find(is_it).or(TYPES.first())?;
        Some(Cow::Borrowed(oid))
    }

    fn access(&self) -> Option<HrFsAccess> {
        Some(match self.0.read_only {
            true => HrFsAccess::ReadOnly,
            false => HrFsAccess::ReadWrite,
        })
    }

    fn bootable(&self) -> Option<bool> {
        // As net-snmp has it: the host was started from its root.
        Some(self.0.point == "/")
    }

    fn storage_index(&self) -> Option<i32> {
        Some(self.0.index)
    }

    fn last_full_backup_date(&self) -> Option<Octets<'s>> {
        Some(Octets::copied(&NEVER))
    }

    fn last_partial_backup_date(&self) -> Option<Octets<'s>> {
        Some(Octets::copied(&NEVER))
    }
}
