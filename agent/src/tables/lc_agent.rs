//! The scalars of LOAD-CLUSTER-MIB.

use std::time::SystemTime;

use lcms_lb_core::model::{Source, UnixTime};
use lcms_snmp::{ErrorStatus, Octets, Value, object::Scalar};
use load_cluster_mib::{
    load_cluster_mib::lc_agent::{self, LcConfigReloadStatus, Patch, View, col},
    tc::{LcConfigSource, LcStatus},
};

use super::{cells, words::Word};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows, scalar_row},
    state::{AgentState, Draft},
};

/// `lcAgent`.
pub struct LcAgent;

struct Row<'s>(&'s AgentState);

impl Instrumentation<AgentState> for LcAgent {
    type Table = lc_agent::LcAgent;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        lc_agent::column(&Row(at.state), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn assign(&self, draft: &mut Draft, _: &Scalar, patch: &Patch) -> Result<(), Refusal> {
        let inconsistent = |arc| Refusal::column(arc, ErrorStatus::InconsistentValue);
        draft.claim(|locks| &locks.config, patch.lc_config_lock, col::LC_CONFIG_LOCK)?;
        if let Some(source) = patch.lc_config_last_source {
            let source = Source::model(source)
                .filter(|source| matches!(source, Source::Snmp | Source::Cli | Source::Web));
            draft.source = Some(source.ok_or(inconsistent(col::LC_CONFIG_LAST_SOURCE))?);
        }
        draft.claim(|locks| &locks.reload, patch.lc_config_reload, col::LC_CONFIG_RELOAD)?;
        draft.reloads = patch.lc_config_reload.is_some();
        draft.reason.clone_from(&patch.lc_config_last_reason);
        Ok(())
    }

    /// Source and reason tell of a change, so there must be one.
    fn settle(&self, draft: &mut Draft, _: &Scalar, patch: &Patch) -> Result<(), Refusal> {
        // The file's changes and those of the SET would be two, of which one may
        // fail.
        if draft.reloads && draft.changes_anything() {
            let arc = col::LC_CONFIG_RELOAD;
            return Err(Refusal::column(arc, ErrorStatus::InconsistentValue));
        }
        let arc = match (&patch.lc_config_last_source, &patch.lc_config_last_reason) {
            (Some(_), _) => col::LC_CONFIG_LAST_SOURCE,
            (None, Some(_)) => col::LC_CONFIG_LAST_REASON,
            (None, None) => return Ok(()),
        };
        match draft.changes_configuration() {
            true => Ok(()),
            false => Err(Refusal::column(arc, ErrorStatus::InconsistentValue)),
        }
    }
}

impl<'s> View<'s> for Row<'s> {
    fn lc_overall_status(&self) -> Option<LcStatus> {
        Some(self.0.summary.overall.0.mib())
    }

    fn lc_overall_reason(&self) -> Option<Octets<'s>> {
        Some(self.0.summary.overall.1.as_str().into())
    }

    fn lc_local_host_name(&self) -> Option<Octets<'s>> {
        Some(self.0.node.name.as_str().into())
    }

    fn lc_config_lock(&self) -> Option<i32> {
        Some(self.0.node.locks.config.value())
    }

    fn lc_config_generation(&self) -> Option<u64> {
        Some(self.0.snapshot.wanted.generation)
    }

    fn lc_config_reload(&self) -> Option<i32> {
        Some(self.0.node.locks.reload.value())
    }

    fn lc_config_reload_status(&self) -> Option<LcConfigReloadStatus> {
        Some(match self.0.reloaded.as_deref() {
            None => LcConfigReloadStatus::Never,
            Some(attempt) if attempt.done => LcConfigReloadStatus::Done,
            Some(_) => LcConfigReloadStatus::Refused,
        })
    }

    fn lc_config_reload_time(&self) -> Option<Octets<'s>> {
        Some(cells::date(self.0.reloaded.as_deref().map(|attempt| attempt.time)))
    }

    fn lc_config_reload_reason(&self) -> Option<Octets<'s>> {
        let reason = self.0.reloaded.as_deref().map_or("", |attempt| &attempt.reason);
        Some(cells::admin_string(reason))
    }

    fn lc_notifications_sent(&self) -> Option<u32> {
        Some(self.0.node.statistics.notifications_sent.value())
    }

    fn lc_notifications_dropped(&self) -> Option<u32> {
        Some(self.0.node.statistics.notifications_dropped.value())
    }

    fn lc_informs_unacknowledged(&self) -> Option<u32> {
        Some(self.0.node.statistics.informs_unacknowledged.value())
    }

    fn lc_config_last_principal(&self) -> Option<Octets<'s>> {
        Some(self.0.snapshot.wanted.provenance.principal.as_str().into())
    }

    fn lc_config_last_source(&self) -> Option<LcConfigSource> {
        Some(self.0.snapshot.wanted.provenance.source.mib())
    }

    fn lc_config_last_time(&self) -> Option<Octets<'s>> {
        let time = self.0.snapshot.wanted.provenance.time;
        Some(cells::date((time != UnixTime::default()).then(|| SystemTime::from(time))))
    }

    fn lc_config_last_reason(&self) -> Option<Octets<'s>> {
        Some(self.0.snapshot.wanted.provenance.reason.as_str().into())
    }
}
