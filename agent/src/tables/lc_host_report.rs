//! lcHostReportTable: what a controller measured on the hosts behind a director.

use std::time::{Duration, Instant, SystemTime};

use lcms_lb_core::model::{LoadReport, Name, Permille, RowState};
use lcms_snmp::{ErrorStatus, Octets, Value};
use load_cluster_mib::load_cluster_mib::{
    lc_host::Index,
    lc_host_report::{self, Patch, View, col},
};

use super::cells;
use crate::{
    engine::{At, Instrumentation, Refusal, Rows},
    state::{AgentState, Draft},
};

/// `lcHostReportEntry`.
pub struct LcHostReport;

struct Row<'s> {
    report: &'s LoadReport,
    now: Instant,
}

impl Instrumentation<AgentState> for LcHostReport {
    type Table = lc_host_report::LcHostReport;
    type Key = Name;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<Name> {
        &state.reports
    }

    fn column<'s>(&self, at: At<'s, AgentState>, key: &'s Name, arc: u32) -> Option<Value<'s>> {
        let report = at.state.snapshot.runtime.reports.get(key)?;
        lc_host_report::column(&Row { report, now: at.now }, arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &Index) -> bool {
        name(index).is_ok()
    }

    /// Only looks whether the host takes reports: under which lease it is
    /// written shows when the clusters have had their turn.
    fn assign(&self, draft: &mut Draft, index: &Index, patch: &Patch) -> Result<(), Refusal> {
        match draft.wanted.hosts.get(&name(index)?).map(|row| row.row) {
            None => Err(Refusal::row(ErrorStatus::InconsistentName)),
            Some(RowState::NotInService) => Err(Refusal::row(ErrorStatus::InconsistentValue)),
            Some(RowState::Active) if patch.runnable.is_none() => {
                Err(Refusal::row(ErrorStatus::InconsistentValue))
            }
            Some(RowState::Active) => Ok(()),
        }
    }

    fn settle(&self, draft: &mut Draft, index: &Index, patch: &Patch) -> Result<(), Refusal> {
        let host = name(index)?;
        let by = lease_owner(draft, host).ok_or(Refusal::row(ErrorStatus::InconsistentValue))?;
        let permille = |arc, number: Option<u32>| {
            let wrong = |_| Refusal::column(arc, ErrorStatus::WrongValue);
            number.map(Permille::new).transpose().map_err(wrong)
        };
        let report = LoadReport {
            runnable: patch.runnable.unwrap_or_default(),
            utilisation: permille(col::UTILISATION, patch.utilisation)?,
            memory_free: permille(col::MEMORY_AVAIL_PERMILLE, patch.memory_avail_permille)?,
            swapping: patch.swapping,
            cores: patch.cores,
            sample_age: milliseconds(patch.sample_age).unwrap_or_default(),
            interval: milliseconds(patch.interval),
            mean_runnable: patch.mean_runnable,
            by,
            at: draft.now,
            time: SystemTime::now(),
        };
        draft.runtime.reports.insert(host, report);
        Ok(())
    }
}

/// The owner of the lease under which the SET may report on a host: that of the
/// first cluster with a server there whose term the SET carries.
fn lease_owner(draft: &Draft, host: Name) -> Option<String> {
    let (cluster, _) = draft.terms.iter().find(|(cluster, term)| {
        let on_host = draft.wanted.clusters.get(cluster).is_some_and(|row| {
            let servers = row.services.values().flat_map(|service| service.servers.values());
            servers.into_iter().any(|server| server.host == Some(host))
        });
        on_host && draft.runtime.permits(cluster, **term, draft.now).is_ok()
    })?;
    Some(draft.runtime.lease(cluster).owner)
}

fn milliseconds(number: Option<u32>) -> Option<Duration> {
    number.map(|number| Duration::from_millis(number.into()))
}

fn in_milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

fn name(index: &Index) -> Result<Name, Refusal> {
    cells::index_name(&index.host_name)
}

impl<'s> View<'s> for Row<'s> {
    fn age(&self) -> Option<u32> {
        Some(in_milliseconds(self.now.saturating_duration_since(self.report.at)))
    }

    fn runnable(&self) -> Option<u32> {
        Some(self.report.runnable)
    }

    fn utilisation(&self) -> Option<u32> {
        self.report.utilisation.map(Permille::value)
    }

    fn memory_avail_permille(&self) -> Option<u32> {
        self.report.memory_free.map(Permille::value)
    }

    fn swapping(&self) -> Option<bool> {
        self.report.swapping
    }

    fn cores(&self) -> Option<u32> {
        self.report.cores
    }

    fn by(&self) -> Option<Octets<'s>> {
        Some(self.report.by.as_str().into())
    }

    fn sample_age(&self) -> Option<u32> {
        Some(in_milliseconds(self.report.sample_age))
    }

    fn interval(&self) -> Option<u32> {
        self.report.interval.map(in_milliseconds)
    }

    fn mean_runnable(&self) -> Option<u32> {
        self.report.mean_runnable
    }
}
