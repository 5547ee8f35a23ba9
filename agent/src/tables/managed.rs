//! Rows of users, groups, access, views, targets and certificates: made by managers, or
//! read-only and the configuration's.

use std::collections::BTreeMap;

use lcms_lb_core::model::RowState;
use lcms_snmp::ErrorStatus;
use load_cluster_mib::tc::{RowStatus, StorageType};

use super::row_status::{self, Creatable};
use crate::{
    engine::Refusal,
    security::{
        AccessRow, CertificateRow, ClientRow, FamilyRow, FilterRow, GroupRow, MOST_ROWS, NotifyRow,
        ParamsRow, ProfileRow, ServerRow, Storage, TargetRow, UserRow,
    },
};

/// A row with a StorageType.
pub trait Managed: Creatable {
    /// Its storage.
    fn storage(&mut self) -> &mut Storage;
}

macro_rules! managed {
    ($($row:ty)+) => {$(
        impl Creatable for $row {
            fn state(&mut self) -> &mut RowState {
                &mut self.row
            }
        }

        impl Managed for $row {
            fn storage(&mut self) -> &mut Storage {
                &mut self.storage
            }
        }
    )+};
}

managed!(UserRow GroupRow AccessRow FamilyRow CertificateRow);
managed!(TargetRow ParamsRow NotifyRow ProfileRow FilterRow ServerRow ClientRow);

/// What a SET says of a row's RowStatus and StorageType, and in which columns.
#[derive(Clone, Copy)]
pub struct Asked {
    /// The RowStatus.
    pub status: (u32, Option<RowStatus>),
    /// The StorageType.
    pub storage: (u32, Option<StorageType>),
}

/// Makes, changes or destroys a row, but for the columns of its own; `None` if it
/// is destroyed.
pub fn apply<K: Ord, R: Managed>(
    rows: &mut BTreeMap<K, R>,
    key: K,
    asked: Asked,
) -> Result<Option<&mut R>, Refusal> {
    let (arc, status) = asked.status;
    match rows.get_mut(&key).map(|row| *row.storage()) {
        Some(Storage::ReadOnly) => return Err(Refusal::row(ErrorStatus::InconsistentValue)),
        None if rows.len() >= MOST_ROWS => {
            return Err(Refusal::row(ErrorStatus::ResourceUnavailable));
        }
        _ => {}
    }
    let change = row_status::Change { arc, asked: status, patch: &(), defaults: () };
    let Some(row) = row_status::apply(rows, key, change, |_, ()| Ok(()))? else { return Ok(None) };
    match asked.storage {
        (_, None) => {}
        (_, Some(StorageType::Volatile)) => *row.storage() = Storage::Volatile,
        (_, Some(StorageType::NonVolatile)) => *row.storage() = Storage::NonVolatile,
        // The others are for rows that managers do not make.
        (arc, Some(_)) => return Err(Refusal::column(arc, ErrorStatus::WrongValue)),
    }
    Ok(Some(row))
}

/// A StorageType as a GET shows it.
pub fn storage(storage: Storage) -> StorageType {
    match storage {
        Storage::Volatile => StorageType::Volatile,
        Storage::NonVolatile => StorageType::NonVolatile,
        Storage::ReadOnly => StorageType::ReadOnly,
    }
}
