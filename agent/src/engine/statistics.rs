//! What happened to messages, counted where it happened: the snmp group (RFC
//! 3418), and what keeps a message of version 3 from its PDU (RFC 3412, 3413 and
//! 3414).

use std::sync::{
    LazyLock,
    atomic::{AtomicU32, Ordering},
};

use arc_swap::ArcSwapOption;
use load_cluster_mib::{
    snmp_mpd_mib::snmp_mpd_stats, snmp_target_mib::snmp_target_objects,
    snmp_user_based_sm_mib::usm_stats,
};

use super::failures::Failures;
use crate::security::Security;

/// A Counter32: it wraps, and it is only ever added to.
#[derive(Debug, Default)]
pub struct Counter(AtomicU32);

impl Counter {
    /// Counts one.
    pub fn count(&self) {
        // Relaxed, since no counter promises anything about another.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The present value.
    pub fn value(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters. Those of the snmp group that RFC 3418 calls obsolete, one for
/// each PDU and error, are not kept.
#[derive(Debug, Default)]
pub struct Statistics {
    /// Messages received.
    pub in_pkts: Counter,
    /// Messages of a version that is not spoken here.
    pub in_bad_versions: Counter,
    /// Messages with a community that is unknown, or not from where it may come.
    pub in_bad_community_names: Counter,
    /// Messages that asked for what their community does not allow.
    pub in_bad_community_uses: Counter,
    /// Messages that could not be decoded.
    pub in_asn_parse_errs: Counter,
    /// Requests to which not even an empty response fits.
    pub silent_drops: Counter,
    /// Messages of a security model that is not known here.
    pub unknown_security_models: Counter,
    /// Messages with privacy and without authentication.
    pub invalid_msgs: Counter,
    /// Traps that were sent, and informs, each once however often it was repeated.
    pub notifications_sent: Counter,
    /// Notifications that had to make room before they were sent.
    pub notifications_dropped: Counter,
    /// Informs that nobody acknowledged.
    pub informs_unacknowledged: Counter,
    /// Messages of the Transport Security Model that came in no session.
    pub tsm_invalid_caches: Counter,
    /// Messages to be sent in a name that lacks its transport's prefix.
    pub tsm_invalid_prefixes: Counter,
    /// Sessions of TLS that were to be opened here.
    pub tls_opens: Counter,
    /// Of these, those that were not.
    pub tls_open_errors: Counter,
    /// Sessions that were opened here, and ended.
    pub tls_client_closes: Counter,
    /// Sessions that were not opened since nobody knows the other end's certificate.
    pub tls_unknown_server_certificate: Counter,
    /// Sessions that were not opened since that is known, and not valid.
    pub tls_invalid_server_certificates: Counter,
    /// With which target that was so the last time.
    pub tls_invalid_target: ArcSwapOption<String>,
    /// Sessions of TLS with at least one message.
    pub tls_accepts: Counter,
    /// Sessions that were ended here.
    pub tls_server_closes: Counter,
    /// Answers whose session was over.
    pub tls_no_sessions: Counter,
    /// Sessions that were refused for the certificate of the client.
    pub tls_invalid_client_certificates: Counter,
    /// Messages whose sender was not who it said it was, or nobody, while that was to be
    /// told: what authenticationFailure tells of (RFC 3418). A message out of time is not
    /// among them, for with that every exchange may begin.
    pub failures_to_tell: Counter,
    /// What the log has of those that were not let in.
    pub(super) failures: Failures,
    /// Those of which a report tells the sender.
    reported: [Counter; Reported::COUNT],
}

/// Why a request is answered with a report: the variable in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Reported {
    UnsupportedSecLevels,
    NotInTimeWindows,
    UnknownUserNames,
    UnknownEngineIds,
    WrongDigests,
    DecryptionErrors,
    UnknownPduHandlers,
    UnknownContexts,
}

impl Reported {
    const COUNT: usize = 8;

    /// The name of the counter.
    pub fn name(self) -> &'static [u32] {
        static NAMES: LazyLock<[Vec<u32>; Reported::COUNT]> = LazyLock::new(|| {
            let usm = |arc| usm_stats::ENTRY.instance(arc, &[0]);
            [
                usm(usm_stats::col::UNSUPPORTED_SEC_LEVELS),
                usm(usm_stats::col::NOT_IN_TIME_WINDOWS),
                usm(usm_stats::col::UNKNOWN_USER_NAMES),
                usm(usm_stats::col::UNKNOWN_ENGINE_I_DS),
                usm(usm_stats::col::WRONG_DIGESTS),
                usm(usm_stats::col::DECRYPTION_ERRORS),
                snmp_mpd_stats::ENTRY
                    .instance(snmp_mpd_stats::col::SNMP_UNKNOWN_PDU_HANDLERS, &[0]),
                snmp_target_objects::ENTRY
                    .instance(snmp_target_objects::col::SNMP_UNKNOWN_CONTEXTS, &[0]),
            ]
        });
        NAMES.get(self as usize).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Reported {
    /// What the log says, where it is about whether the sender is who it says it is. A
    /// message out of time or to an engine of another name is not: with either every
    /// exchange may begin.
    pub(super) fn failure(self) -> Option<&'static str> {
        match self {
            Self::UnsupportedSecLevels => Some("a level that is not one of user"),
            Self::UnknownUserNames => Some("unknown user"),
            Self::WrongDigests => Some("wrong digest of user"),
            Self::DecryptionErrors => Some("nothing that decrypts, of user"),
            Self::NotInTimeWindows
            | Self::UnknownEngineIds
            | Self::UnknownPduHandlers
            | Self::UnknownContexts => None,
        }
    }
}

impl Statistics {
    /// Counts a message that was not let in, if that is to be told at this moment.
    pub(super) fn fail(&self, security: &Security) {
        if security.rows.notification.authen_traps {
            self.failures_to_tell.count();
        }
    }

    /// The counter of a reported fault.
    pub fn reported(&self, reported: Reported) -> &Counter {
        &self.reported[reported as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_has_a_name_and_a_counter_of_its_own() {
        use Reported::*;
        let all = [
            UnsupportedSecLevels,
            NotInTimeWindows,
            UnknownUserNames,
            UnknownEngineIds,
            WrongDigests,
            DecryptionErrors,
            UnknownPduHandlers,
            UnknownContexts,
        ];
        assert_eq!(all.len(), Reported::COUNT);
        let statistics = Statistics::default();
        for (at, reported) in all.into_iter().enumerate() {
            statistics.reported(reported).count();
            assert_eq!(statistics.reported(reported).value(), 1);
            assert!(all[..at].iter().all(|other| other.name() != reported.name()));
        }
        // RFC 3414 §5: usmStatsUnknownEngineIDs.0, by which discovery is known.
        assert_eq!(UnknownEngineIds.name(), [1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0]);
    }
}
