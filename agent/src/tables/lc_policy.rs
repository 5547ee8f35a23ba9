//! lcPolicyTable: how controllers derive dynamic weights from load.

use lcms_lb_core::model::{Name, Policy};
use lcms_snmp::Value;
use load_cluster_mib::{
    load_cluster_mib::lc_policy::{self, Index, LcPolicyKind, LcPolicyWindow, Patch, View, col},
    tc::{RowStatus, StorageType},
};

use super::{cells, row_status, words::Word};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    state::{AgentState, Draft},
};

/// `lcPolicyEntry`.
pub struct LcPolicy;

struct Row<'s>(&'s Policy);

impl Instrumentation<AgentState> for LcPolicy {
    type Table = lc_policy::LcPolicy;
    type Key = Name;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<Name> {
        &state.index.policies
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s Name, arc: u32) -> Option<Value<'s>> {
        lc_policy::column(&Row(at.state.snapshot.wanted.policies.get(key)?), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &Index) -> bool {
        name(index).is_ok()
    }

    fn assign(&self, draft: &mut Draft, index: &Index, patch: &Patch) -> Result<(), Refusal> {
        let change = row_status::Change {
            arc: col::ROW_STATUS,
            asked: patch.row_status,
            patch,
            defaults: lc_policy::Row::defaults(),
        };
        row_status::apply(&mut draft.wanted.policies, name(index)?, change, write)?;
        Ok(())
    }
}

fn write(row: &mut Policy, patch: &Patch) -> Result<(), Refusal> {
    cells::set_word(col::KIND, &mut row.kind, patch.kind)?;
    cells::set_word(col::WINDOW, &mut row.window, patch.window)?;
    cells::set_number(col::CPU_COEFFICIENT, &mut row.cpu_coefficient, patch.cpu_coefficient)?;
    cells::set_number(
        col::MEMORY_COEFFICIENT,
        &mut row.memory_coefficient,
        patch.memory_coefficient,
    )?;
    cells::set_number(
        col::CONNECTION_COEFFICIENT,
        &mut row.connection_coefficient,
        patch.connection_coefficient,
    )?;
    cells::set_number(col::INTERVAL, &mut row.interval, patch.interval)?;
    cells::set_number(col::SMOOTHING, &mut row.smoothing, patch.smoothing)?;
    cells::set_number(col::FLOOR, &mut row.floor, patch.floor)?;
    cells::set_number(col::CEILING, &mut row.ceiling, patch.ceiling)?;
    cells::set_number(col::STEP, &mut row.step, patch.step)?;
    cells::set_number(col::HYSTERESIS, &mut row.hysteresis, patch.hysteresis)?;
    cells::set_number(col::STALE_LIMIT, &mut row.stale_limit, patch.stale_limit)
}

fn name(index: &Index) -> Result<Name, Refusal> {
    cells::index_name(&index.policy_name)
}

impl View<'_> for Row<'_> {
    fn kind(&self) -> Option<LcPolicyKind> {
        Some(self.0.kind.mib())
    }

    fn window(&self) -> Option<LcPolicyWindow> {
        Some(self.0.window.mib())
    }

    fn cpu_coefficient(&self) -> Option<u32> {
        Some(self.0.cpu_coefficient.value())
    }

    fn memory_coefficient(&self) -> Option<u32> {
        Some(self.0.memory_coefficient.value())
    }

    fn connection_coefficient(&self) -> Option<u32> {
        Some(self.0.connection_coefficient.value())
    }

    fn interval(&self) -> Option<u32> {
        Some(self.0.interval.value())
    }

    fn smoothing(&self) -> Option<u32> {
        Some(self.0.smoothing.value())
    }

    fn floor(&self) -> Option<u32> {
        Some(self.0.floor.value())
    }

    fn ceiling(&self) -> Option<u32> {
        Some(self.0.ceiling.value())
    }

    fn step(&self) -> Option<u32> {
        Some(self.0.step.value())
    }

    fn hysteresis(&self) -> Option<u32> {
        Some(self.0.hysteresis.value())
    }

    fn stale_limit(&self) -> Option<u32> {
        Some(self.0.stale_limit.value())
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(self.0.storage.mib())
    }

    fn row_status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.0.row, false))
    }
}
