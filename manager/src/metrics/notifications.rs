//! The receiver of notifications.

use std::fmt;

use prometheus_client::encoding::DescriptorEncoder;

use super::family::Rows;
use crate::traps::{Counters, version_word};

pub(super) fn encode(to: &mut DescriptorEncoder<'_>, counters: &Counters) -> fmt::Result {
    // A daemon that receives nothing has no figures of it.
    if !counters.has_begun() {
        return Ok(());
    }
    let received = counters.received().map(|(version, kind, count)| {
        ([("version", version_word(version)), ("kind", kind.word())], count)
    });
    Rows::new(to, received).counter(
        "lcms_notifications_received",
        "Traps and informs from those who may send them.",
        Some,
    )?;
    let dropped = counters.dropped().map(|(reason, count)| ([("reason", reason.word())], count));
    Rows::new(to, dropped).counter(
        "lcms_notifications_dropped",
        "Datagrams of which nothing came, by reason.",
        Some,
    )?;
    for (name, help, counter) in [
        ("datagrams", "Datagrams that came to the receiver.", &counters.datagrams),
        ("reports", "Reports of version 3 that were sent.", &counters.reports),
        ("stored", "Notifications in the journal.", &counters.stored),
        ("retransmitted", "That came again after they were stored.", &counters.retransmitted),
        ("acknowledged", "Acknowledgements of informs.", &counters.acknowledged),
        ("unstored", "That the journal did not take.", &counters.unstored),
    ] {
        let name = format!("lcms_notifications_{name}");
        Rows::new(to, [([], counter.value())]).counter(&name, help, Some)?;
    }
    let rules = counters.rules();
    let rows = || rules.iter().map(|(name, counts)| ([("rule", name.as_str())], *counts));
    let mut rows = Rows::new(to, rows());
    rows.counter("lcms_notifications_passed", "Handed to the rule's consumer.", |c| {
        Some(c.passed)
    })?;
    rows.counter("lcms_notifications_duplicates", "The same again.", |c| Some(c.duplicates))?;
    rows.counter("lcms_notifications_held", "Held back for a while.", |c| Some(c.held))?;
    rows.counter("lcms_notifications_failed", "Not taken by the consumer.", |c| Some(c.failed))?;
    rows.counter("lcms_notifications_overflowed", "For which its queue had no room.", |c| {
        Some(c.overflowed)
    })?;
    rows.counter("lcms_notifications_lost", "That waited and left the journal.", |c| Some(c.lost))?;
    rows.gauge("lcms_notifications_waiting", "In the queue or on their way.", |c| Some(c.waiting))
}
