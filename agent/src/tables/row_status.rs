//! RowStatus (RFC 2579): how rows come, change state and go.

use std::collections::BTreeMap;

use lcms_lb_core::model::{Cluster, DirectorRow, Host, Policy, RowState, Server, Service};
use lcms_snmp::ErrorStatus;
use load_cluster_mib::tc::RowStatus;

use crate::engine::Refusal;

/// A row of the document that managers make and destroy.
pub trait Creatable: Default {
    /// Its state.
    fn state(&mut self) -> &mut RowState;
}

macro_rules! creatable {
    ($($row:ty)+) => {$(
        impl Creatable for $row {
            fn state(&mut self) -> &mut RowState {
                &mut self.row
            }
        }
    )+};
}

creatable!(Host Policy Cluster DirectorRow Service Server);

/// What a SET says of one row.
pub struct Change<'p, P> {
    /// The column of the RowStatus.
    pub arc: u32,
    /// Its new value, if the SET has one.
    pub asked: Option<RowStatus>,
    /// What the SET has.
    pub patch: &'p P,
    /// What a new row has before that, which the MIB alone decides.
    pub defaults: P,
}

/// Does what a SET asks of a row: of its RowStatus first, then of its columns
/// with `write`. Returns the row, or `None` if it is destroyed: then the columns
/// do not matter.
///
/// This is the table of RFC 2579. Whether the columns suffice for `active` shows
/// once they are written: see [`complete`].
pub fn apply<'d, K: Ord, R: Creatable, P>(
    rows: &'d mut BTreeMap<K, R>,
    name: K,
    change: Change<'_, P>,
    write: impl Fn(&mut R, &P) -> Result<(), Refusal>,
) -> Result<Option<&'d mut R>, Refusal> {
    let Change { arc, asked, patch, defaults } = change;
    let exists = rows.contains_key(&name);
    let state = match (asked, exists) {
        (Some(RowStatus::NotReady), _) => {
            return Err(Refusal::column(arc, ErrorStatus::WrongValue));
        }
        (Some(RowStatus::Destroy), _) => {
            rows.remove(&name);
            return Ok(None);
        }
        (None, false) => return Err(Refusal::row(ErrorStatus::InconsistentName)),
        (None, true) => None,
        (Some(RowStatus::CreateAndGo), false) | (Some(RowStatus::Active), true) => {
            Some(RowState::Active)
        }
        (Some(RowStatus::CreateAndWait), false) | (Some(RowStatus::NotInService), true) => {
            Some(RowState::NotInService)
        }
        (Some(RowStatus::CreateAndGo | RowStatus::CreateAndWait), true)
        | (Some(RowStatus::Active | RowStatus::NotInService), false) => {
            return Err(Refusal::column(arc, ErrorStatus::InconsistentValue));
        }
    };
    let row = rows.entry(name).or_default();
    if !exists {
        write(row, &defaults)?;
    }
    write(row, patch)?;
    if let Some(state) = state {
        *row.state() = state;
    }
    Ok(Some(row))
}

/// Whether a row with gaps may be in the state it was asked to be in: it cannot
/// be active, nor be told to be notInService while it is notReady.
pub fn complete(arc: u32, asked: Option<RowStatus>, missing: bool) -> Result<(), Refusal> {
    match asked {
        Some(RowStatus::Active | RowStatus::CreateAndGo | RowStatus::NotInService) if missing => {
            Err(Refusal::column(arc, ErrorStatus::InconsistentValue))
        }
        _ => Ok(()),
    }
}

/// The state of a row as a GET shows it.
pub fn shown(state: RowState, missing: bool) -> RowStatus {
    match (state, missing) {
        (RowState::Active, _) => RowStatus::Active,
        (RowState::NotInService, false) => RowStatus::NotInService,
        (RowState::NotInService, true) => RowStatus::NotReady,
    }
}

#[cfg(test)]
mod tests {
    use lcms_lb_core::model::Name;

    use super::*;

    /// What each request does to a row: the columns of the table in RFC 2579.
    #[test]
    fn the_table_of_the_textual_convention() {
        use ErrorStatus::{InconsistentName, InconsistentValue, WrongValue};
        use RowStatus::*;
        let (active, waiting) = (Some(RowState::Active), Some(RowState::NotInService));
        for (asked, absent, parked, running) in [
            (Some(CreateAndGo), Ok(active), Err(InconsistentValue), Err(InconsistentValue)),
            (Some(CreateAndWait), Ok(waiting), Err(InconsistentValue), Err(InconsistentValue)),
            (Some(Active), Err(InconsistentValue), Ok(active), Ok(active)),
            (Some(NotInService), Err(InconsistentValue), Ok(waiting), Ok(waiting)),
            (Some(NotReady), Err(WrongValue), Err(WrongValue), Err(WrongValue)),
            (Some(Destroy), Ok(None), Ok(None), Ok(None)),
            (None, Err(InconsistentName), Ok(waiting), Ok(active)),
        ] {
            for (before, expected) in [(None, absent), (waiting, parked), (active, running)] {
                let name: Name = "h1".parse().unwrap();
                let mut rows = BTreeMap::new();
                rows.extend(before.map(|row| (name, Host { row, ..Host::default() })));
                let change = Change { arc: 22, asked, patch: &(), defaults: () };
                let applied = apply(&mut rows, name, change, |_, ()| Ok(()));
                let found = applied.map(|row| row.map(|row| row.row)).map_err(|e| e.status);
                assert_eq!(found, expected, "{asked:?} of {before:?}");
            }
        }
    }
}
