//! Notifications of others: received, stored, named, and passed on.
//!
//! A datagram goes through the [`Entrance`], which knows who may send what; what it
//! takes is named by the MIB, written to the [`Journal`](journal::Journal) and only
//! then acknowledged. Behind the journal each [`Rule`] has a [`Hold`] of its own,
//! which passes on the first at once and holds back what repeats itself, and hands
//! what is left to its consumer: a log, a program, a web server, Nagios.
//!
//! All of these are functions of what came and of the time. Around them
//! are threads: one listens, one stores and acknowledges, one holds back, and each
//! consumer has its own, behind queues that are bounded and never waited for. So a
//! consumer that hangs delays neither the journal nor the others. What waits for one is
//! named on disk, so a restart passes it on.

mod counters;
mod document;
mod engines;
mod entrance;
mod hold;
mod identity;
pub mod journal;
mod listener;
mod meaning;
mod outlet;
mod pass_on;
mod position;
mod receiver;
mod recent;
mod record;
mod rule;
mod settings;
mod severity;
mod store;
mod taken;

pub use self::{
    counters::{Counter, Counters, Reason, RuleCounts},
    entrance::{Arrived, Entrance},
    hold::{Hold, Judged, Passed},
    identity::IdentityError,
    meaning::{About, meaning},
    pass_on::{Asking, ConsumerError},
    receiver::{Receiver, ReceiverError, Sockets},
    recent::Recent,
    record::{Engine, Kind, Record, version_word},
    rule::{Command, Consumer, Pattern, Rule, Wanted, Webhook},
    settings::{Authority, KnownCommunity, Settings},
    severity::{Severity, SeverityError},
    taken::{Digest, Taken},
};
