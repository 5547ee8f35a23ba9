//! Passive checks: connections of clients fail, and the checker sees for itself.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::super::Sign;
use super::super::conversation::Conversation;
use super::probing::{NotBegun, Wire, datagram_answered};
use super::{Alarm, Watch, Watchman};
use crate::driver::socket;
use crate::health::Progress;
use crate::model::{Protocol, Question, ServerId};
use crate::probe::Dialogue;

/// How long a connect of our own may take to confirm that a server is there,
/// when one of a client's has had no answer: longer where its checks are, and
/// at the end of each ejection that follows another, since far servers are slow
/// without being ill.
const CONFIRM_WITHIN: Duration = Duration::from_millis(400);

impl Watchman {
    /// A connection of a client failed.
    pub(super) fn suspect(&mut self, id: ServerId, watch: &mut Watch, sign: Sign) {
        let live = &watch.target.live;
        live.suspected.store(false, Relaxed);
        let progress = Progress {
            accepted: live.connections.load(Relaxed),
            octets: live.out_octets.load(Relaxed),
        };
        let (base, now) = (watch.target.asked.ejection, Instant::now());
        let (ejected, why) = match sign {
            Sign::Refused(why) => (watch.ejection.refused(progress, base, now), why),
            Sign::Slow => (false, "no answer to connects"),
            Sign::Reset => (watch.ejection.reset(progress, base, now), "connections reset"),
        };
        if ejected {
            self.eject(id, watch, why.to_owned());
        }
        let free = watch.confirm.is_none() && watch.ejection.until().is_none();
        if sign != Sign::Reset && free && !base.is_zero() {
            self.confirm(id, watch, now);
        }
        let Sign::Refused(why) = sign else { return };
        if watch.target.asked.question.is_some() {
            self.judge(id, watch, false, why.to_owned(), false);
            if watch.monitor.is_in_doubt() && watch.check.is_none() {
                let soon = now + watch.target.asked.check.doubt_interval.milliseconds();
                if watch.due(Alarm::Check).is_some_and(|due| due > soon) {
                    self.alarm(id, watch, Alarm::Check, Some(soon));
                }
            }
        }
    }

    /// Sees for itself whether the server accepts.
    pub(super) fn confirm(&mut self, id: ServerId, watch: &mut Watch, now: Instant) {
        let address = watch.target.address;
        let begun = match watch.target.asked.protocol {
            Protocol::Udp => self.datagram(id, Alarm::Confirm, address),
            Protocol::Tcp => Conversation::begin(address, Dialogue::Connect, None)
                .map_err(NotBegun::from)
                .and_then(|conversation| self.stream(id, Alarm::Confirm, conversation)),
        };
        match begun {
            Ok(probe) => {
                watch.confirm = Some(probe);
                let again = watch.ejection.until().map_or(1, |_| watch.ejection.times() + 1);
                let usual = match watch.target.asked.question {
                    Some(Question::Connect) => 2 * watch.usual,
                    _ => Duration::ZERO,
                };
                let within = (again * CONFIRM_WITHIN).max(usual);
                self.alarm(id, watch, Alarm::Confirm, Some(now + within));
            }
            Err(NotBegun::Failed(why)) => self.confirmed(id, watch, Err(why)),
            Err(NotBegun::Here(_)) => self.confirmed(id, watch, Ok(())),
        }
    }

    pub(super) fn confirm_answered(&mut self, id: ServerId, watch: &mut Watch) {
        let Some(probe) = &mut watch.confirm else { return };
        let outcome = match &mut probe.wire {
            Wire::Stream(conversation) => conversation.proceed(),
            Wire::Datagram(socket) => datagram_answered(socket, "answered"),
            Wire::Dns(..) | Wire::Script => None,
        };
        match outcome {
            None => {}
            // It did accept.
            Some(Err(why)) if Some(why.as_str()) == socket::reason(Errno::CONNRESET) => {
                self.confirmed(id, watch, Ok(()));
            }
            Some(outcome) => self.confirmed(id, watch, outcome.map(drop)),
        }
    }

    /// What came of seeing for itself.
    pub(super) fn confirmed(
        &mut self,
        id: ServerId,
        watch: &mut Watch,
        outcome: Result<(), String>,
    ) {
        self.drop_probe(watch.confirm.take());
        self.alarm(id, watch, Alarm::Confirm, None);
        let (base, now) = (watch.target.asked.ejection, Instant::now());
        let is_over = watch.ejection.expire(now);
        match outcome {
            Err(why) if watch.ejection.confirmed(base, now) => self.eject(id, watch, why),
            _ if is_over => self.report(id, watch),
            _ => {}
        }
    }

    fn eject(&mut self, id: ServerId, watch: &mut Watch, why: String) {
        watch.why = why;
        watch.target.live.ejections.fetch_add(1, Relaxed);
        let until = watch.ejection.until();
        self.alarm(id, watch, Alarm::Ejection, until);
        // Its checks are to say the same, or the contrary, before it is over.
        if watch.check.is_none() && watch.target.asked.question.is_some() {
            self.alarm(id, watch, Alarm::Check, Some(Instant::now()));
        }
        self.report(id, watch);
    }
}
