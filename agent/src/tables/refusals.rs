//! What kept messages from being answered: snmpMPDStats (RFC 3412), usmStats (RFC
//! 3414), and the counters of contexts among SNMP-TARGET-MIB's objects (RFC 3413).

use lcms_snmp::{Value, object::Scalar};
use load_cluster_mib::{
    snmp_mpd_mib::snmp_mpd_stats,
    snmp_target_mib::snmp_target_objects::{self, Patch},
    snmp_user_based_sm_mib::usm_stats,
};

use crate::{
    engine::{At, Instrumentation, Refusal, Reported, Rows, Statistics, scalar_row},
    state::{AgentState, Draft, Node},
};

/// `snmpMPDStats`.
pub struct SnmpMpdStats;

/// `usmStats`.
pub struct UsmStats;

/// `snmpTargetObjects`.
pub struct SnmpTargetObjects;

struct Row<'s>(&'s Statistics);

struct Targets<'s>(&'s Node);

impl Row<'_> {
    fn reported(&self, reported: Reported) -> Option<u32> {
        Some(self.0.reported(reported).value())
    }
}

impl Instrumentation<AgentState> for SnmpMpdStats {
    type Table = snmp_mpd_stats::SnmpMpdStats;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        snmp_mpd_stats::column(&Row(&at.state.node.statistics), arc)
    }
}

impl snmp_mpd_stats::View<'_> for Row<'_> {
    fn snmp_unknown_security_models(&self) -> Option<u32> {
        Some(self.0.unknown_security_models.value())
    }

    fn snmp_invalid_msgs(&self) -> Option<u32> {
        Some(self.0.invalid_msgs.value())
    }

    fn snmp_unknown_pdu_handlers(&self) -> Option<u32> {
        self.reported(Reported::UnknownPduHandlers)
    }
}

impl Instrumentation<AgentState> for UsmStats {
    type Table = usm_stats::UsmStats;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        usm_stats::column(&Row(&at.state.node.statistics), arc)
    }
}

impl usm_stats::View<'_> for Row<'_> {
    fn unsupported_sec_levels(&self) -> Option<u32> {
        self.reported(Reported::UnsupportedSecLevels)
    }

    fn not_in_time_windows(&self) -> Option<u32> {
        self.reported(Reported::NotInTimeWindows)
    }

    fn unknown_user_names(&self) -> Option<u32> {
        self.reported(Reported::UnknownUserNames)
    }

    fn unknown_engine_i_ds(&self) -> Option<u32> {
        self.reported(Reported::UnknownEngineIds)
    }

    fn wrong_digests(&self) -> Option<u32> {
        self.reported(Reported::WrongDigests)
    }

    fn decryption_errors(&self) -> Option<u32> {
        self.reported(Reported::DecryptionErrors)
    }
}

impl Instrumentation<AgentState> for SnmpTargetObjects {
    type Table = snmp_target_objects::SnmpTargetObjects;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        snmp_target_objects::column(&Targets(&at.state.node), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn assign(&self, draft: &mut Draft, _: &Scalar, patch: &Patch) -> Result<(), Refusal> {
        let arc = snmp_target_objects::col::SNMP_TARGET_SPIN_LOCK;
        draft.claim(|locks| &locks.targets, patch.snmp_target_spin_lock, arc)
    }
}

impl snmp_target_objects::View<'_> for Targets<'_> {
    fn snmp_target_spin_lock(&self) -> Option<i32> {
        Some(self.0.locks.targets.value())
    }

    fn snmp_unavailable_contexts(&self) -> Option<u32> {
        // The one context there is is always available.
        Some(0)
    }

    fn snmp_unknown_contexts(&self) -> Option<u32> {
        Row(&self.0.statistics).reported(Reported::UnknownContexts)
    }
}
