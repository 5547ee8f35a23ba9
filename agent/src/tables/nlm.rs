//! NOTIFICATION-LOG-MIB (RFC 3014), with the one log that needs no name.

use std::borrow::Cow;

use lcms_snmp::{ErrorStatus, Octets, Oid, Value, VarBind, object::Scalar};
use load_cluster_mib::notification_log_mib::{
    nlm_config, nlm_log,
    nlm_log_variable::{self, NlmLogVariableValueType as ValueType},
    nlm_stats,
};

use super::cells;
use crate::{
    engine::{At, Instrumentation, Refusal, Rows, scalar_row},
    notify::{LogEntry, LogRows},
    security::{MOST_LOG_ENTRIES, NotificationRows},
    state::{AgentState, Draft},
};

/// `nlmConfig`.
pub struct NlmConfig;

/// `nlmStats`.
pub struct NlmStats;

/// `nlmLogEntry`.
pub struct NlmLog;

/// `nlmLogVariableEntry`.
pub struct NlmLogVariable;

struct Limits<'s>(&'s NotificationRows);

impl Instrumentation<AgentState> for NlmConfig {
    type Table = nlm_config::NlmConfig;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        nlm_config::column(&Limits(&at.state.security.rows.notification), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn assign(
        &self,
        draft: &mut Draft,
        _: &Scalar,
        patch: &nlm_config::Patch,
    ) -> Result<(), Refusal> {
        let rows = &mut draft.security_mut().notification;
        if let Some(limit) = patch.global_entry_limit {
            // 0 is no limit, and then ours is one still.
            if limit > MOST_LOG_ENTRIES {
                let arc = nlm_config::col::GLOBAL_ENTRY_LIMIT;
                return Err(Refusal::column(arc, ErrorStatus::InconsistentValue));
            }
            rows.log_entry_limit = limit;
        }
        if let Some(minutes) = patch.global_age_out {
            rows.log_age_out = minutes;
        }
        Ok(())
    }
}

impl nlm_config::View<'_> for Limits<'_> {
    fn global_entry_limit(&self) -> Option<u32> {
        Some(self.0.log_entry_limit)
    }

    fn global_age_out(&self) -> Option<u32> {
        Some(self.0.log_age_out)
    }
}

struct Stats<'s>(&'s LogRows);

impl Instrumentation<AgentState> for NlmStats {
    type Table = nlm_stats::NlmStats;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        nlm_stats::column(&Stats(&at.state.log), arc)
    }
}

impl nlm_stats::View<'_> for Stats<'_> {
    fn global_notifications_logged(&self) -> Option<u32> {
        Some(self.0.logged)
    }

    fn global_notifications_bumped(&self) -> Option<u32> {
        Some(self.0.bumped)
    }
}

struct Entry<'s> {
    entry: &'s LogEntry,
    state: &'s AgentState,
}

impl Instrumentation<AgentState> for NlmLog {
    type Table = nlm_log::NlmLog;
    type Key = u32;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<u32> {
        &state.log.index
    }

    fn column<'s>(&self, at: At<'s, AgentState>, number: &'s u32, arc: u32) -> Option<Value<'s>> {
        let entry = at.state.log.entry(*number)?;
        nlm_log::column(&Entry { entry, state: at.state }, arc)
    }
}

impl<'s> nlm_log::View<'s> for Entry<'s> {
    fn time(&self) -> Option<u32> {
        Some(self.entry.notification.up_time)
    }

    fn date_and_time(&self) -> Option<Octets<'s>> {
        Some(cells::date(Some(self.entry.time)))
    }

    fn engine_id(&self) -> Option<Octets<'s>> {
        // There are notifications of one engine alone, which RFC 3014 says so.
        Some("".into())
    }

    fn engine_t_address(&self) -> Option<Octets<'s>> {
        Some("".into())
    }

    fn engine_t_domain(&self) -> Option<Cow<'s, Oid>> {
        Some(Cow::Owned(Oid::null()))
    }

    fn context_engine_id(&self) -> Option<Octets<'s>> {
        Some(self.state.security.engine.id.as_octets().into())
    }

    fn context_name(&self) -> Option<Octets<'s>> {
        Some("".into())
    }

    fn notification_id(&self) -> Option<Cow<'s, Oid>> {
        Some(Cow::Borrowed(&self.entry.notification.name))
    }
}

struct Variable<'s>(&'s VarBind<'static>);

impl Instrumentation<AgentState> for NlmLogVariable {
    type Table = nlm_log_variable::NlmLogVariable;
    type Key = (u32, usize);

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<(u32, usize)> {
        &state.log.variables
    }

    fn column<'s>(
        &self,
        at: At<'s, AgentState>,
        (number, place): &'s (u32, usize),
        arc: u32,
    ) -> Option<Value<'s>> {
        let object = at.state.log.entry(*number)?.notification.objects.get(*place)?;
        nlm_log_variable::column(&Variable(object), arc)
    }
}

/// One column holds the value, by its type; the others have no instance.
impl<'s> nlm_log_variable::View<'s> for Variable<'s> {
    fn id(&self) -> Option<Cow<'s, Oid>> {
        Some(Cow::Borrowed(&self.0.name))
    }

    fn value_type(&self) -> Option<ValueType> {
        Some(match &self.0.value {
            Value::Counter32(_) => ValueType::Counter32,
            Value::Gauge32(_) => ValueType::Unsigned32,
            Value::TimeTicks(_) => ValueType::TimeTicks,
            Value::Integer(_) => ValueType::Integer32,
            Value::IpAddress(_) => ValueType::IpAddress,
            Value::OctetString(_) => ValueType::OctetString,
            Value::ObjectIdentifier(_) => ValueType::ObjectId,
            Value::Counter64(_) => ValueType::Counter64,
            Value::Opaque(_) => ValueType::Opaque,
            Value::Null | Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => {
                return None;
            }
        })
    }

    fn counter32_val(&self) -> Option<u32> {
        if let Value::Counter32(n) = self.0.value { Some(n) } else { None }
    }

    fn unsigned32_val(&self) -> Option<u32> {
        if let Value::Gauge32(n) = self.0.value { Some(n) } else { None }
    }

    fn time_ticks_val(&self) -> Option<u32> {
        if let Value::TimeTicks(n) = self.0.value { Some(n) } else { None }
    }

    fn integer32_val(&self) -> Option<i32> {
        if let Value::Integer(n) = self.0.value { Some(n) } else { None }
    }

    fn octet_string_val(&self) -> Option<Octets<'s>> {
        if let Value::OctetString(octets) = &self.0.value { Some((&**octets).into()) } else { None }
    }

    fn ip_address_val(&self) -> Option<[u8; 4]> {
        if let Value::IpAddress(octets) = self.0.value { Some(octets) } else { None }
    }

    fn oid_val(&self) -> Option<Cow<'s, Oid>> {
        if let Value::ObjectIdentifier(oid) = &self.0.value {
            Some(Cow::Borrowed(oid))
        } else {
            None
        }
    }

    fn counter64_val(&self) -> Option<u64> {
        if let Value::Counter64(n) = self.0.value { Some(n) } else { None }
    }

    fn opaque_val(&self) -> Option<Octets<'s>> {
        if let Value::Opaque(octets) = &self.0.value { Some((&**octets).into()) } else { None }
    }
}
