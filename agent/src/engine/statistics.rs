//! The counters of the snmp group (RFC 3418; the obsolete ones of RFC 1213 with
//! them, because monitoring systems still draw them).

use std::sync::atomic::{AtomicU32, Ordering};

use lcms_snmp::{ErrorStatus, PduKind};

/// A Counter32: it wraps, and it is only ever added to.
#[derive(Debug, Default)]
pub struct Counter(AtomicU32);

impl Counter {
    /// Counts one.
    pub fn count(&self) {
        self.add(1);
    }

    /// Counts several.
    pub fn add(&self, n: usize) {
        // Relaxed, since no counter promises anything about another.
        self.0.fetch_add(n as u32, Ordering::Relaxed);
    }

    /// The present value.
    pub fn value(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What happened to messages, counted where it happened.
#[derive(Debug, Default)]
#[allow(missing_docs, reason = "the names are those of the snmp group")]
pub struct Statistics {
    pub in_pkts: Counter,
    pub out_pkts: Counter,
    pub in_bad_versions: Counter,
    pub in_bad_community_names: Counter,
    pub in_bad_community_uses: Counter,
    pub in_asn_parse_errs: Counter,
    pub in_total_req_vars: Counter,
    pub in_total_set_vars: Counter,
    pub in_get_requests: Counter,
    pub in_get_nexts: Counter,
    pub in_set_requests: Counter,
    pub in_get_responses: Counter,
    pub in_traps: Counter,
    pub out_too_bigs: Counter,
    pub out_no_such_names: Counter,
    pub out_bad_values: Counter,
    pub out_gen_errs: Counter,
    pub out_get_responses: Counter,
    pub silent_drops: Counter,
}

impl Statistics {
    /// A PDU came in whose sender may send it.
    pub(super) fn received(&self, kind: PduKind) {
        match kind {
            PduKind::GetRequest => self.in_get_requests.count(),
            PduKind::GetNextRequest => self.in_get_nexts.count(),
            PduKind::SetRequest => self.in_set_requests.count(),
            PduKind::Response => self.in_get_responses.count(),
            PduKind::Trap | PduKind::SnmpV2Trap | PduKind::InformRequest => self.in_traps.count(),
            PduKind::GetBulkRequest | PduKind::Report => {}
        }
    }

    /// A response is on its way.
    pub(super) fn answered(&self, status: ErrorStatus) {
        self.out_pkts.count();
        self.out_get_responses.count();
        match status {
            ErrorStatus::TooBig => self.out_too_bigs.count(),
            ErrorStatus::NoSuchName => self.out_no_such_names.count(),
            ErrorStatus::BadValue => self.out_bad_values.count(),
            ErrorStatus::GenErr => self.out_gen_errs.count(),
            _ => {}
        }
    }
}
