//! The log of NOTIFICATION-LOG-MIB (RFC 3014): the one that is there without being
//! made, with an empty name. It holds what the agent has said since it started.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use arc_swap::ArcSwap;
use lcms_snmp::notification::Notification;
use load_cluster_mib::notification_log_mib::{nlm_log, nlm_log_variable};

use crate::{
    engine::Rows,
    security::{MOST_LOG_ENTRIES, NotificationRows},
};

/// The log. The announcer alone writes; readers take what is there.
#[derive(Debug, Default)]
pub struct Log(ArcSwap<LogRows>);

/// Its entries at one moment.
#[derive(Debug, Default)]
pub struct LogRows {
    entries: VecDeque<LogEntry>,
    /// nlmStatsGlobalNotificationsLogged; with it the next number.
    pub logged: u32,
    /// nlmStatsGlobalNotificationsBumped.
    pub bumped: u32,
    /// The rows of nlmLogTable, by number.
    pub index: Rows<u32>,
    /// The rows of nlmLogVariableTable, by number and place.
    pub variables: Rows<(u32, usize)>,
}

/// One notification.
#[derive(Clone, Debug)]
pub struct LogEntry {
    number: u32,
    at: Instant,
    /// By the clock of the system.
    pub time: SystemTime,
    /// What it said.
    pub notification: Arc<Notification>,
}

impl Log {
    /// What is in it.
    pub fn current(&self) -> Arc<LogRows> {
        self.0.load_full()
    }

    /// Puts notifications in, and takes out what is too much or too old.
    pub fn keep(&self, new: &[Arc<Notification>], limits: &NotificationRows, now: Instant) {
        let before = self.0.load();
        let limit = match limits.log_entry_limit {
            0 => MOST_LOG_ENTRIES,
            limit => limit.min(MOST_LOG_ENTRIES),
        } as usize;
        let longest = Duration::from_secs(u64::from(limits.log_age_out) * 60);
        let is_old = |entry: &LogEntry| {
            limits.log_age_out > 0 && now.saturating_duration_since(entry.at) > longest
        };
        if new.is_empty()
            && before.entries.len() <= limit
            && !before.entries.front().is_some_and(is_old)
        {
            return;
        }
        let mut next = LogRows {
            entries: before.entries.clone(),
            logged: before.logged,
            bumped: before.bumped,
            ..LogRows::default()
        };
        for notification in new {
            next.logged = next.logged.wrapping_add(1);
            next.entries.push_back(LogEntry {
                // An index is never 0 (RFC 3014, nlmLogIndex).
                number: next.logged.max(1),
                at: now,
                time: SystemTime::now(),
                notification: Arc::clone(notification),
            });
        }
        while next.entries.front().is_some_and(is_old) {
            next.entries.pop_front();
        }
        while next.entries.len() > limit {
            next.entries.pop_front();
            next.bumped = next.bumped.wrapping_add(1);
        }
        next.number_rows();
        self.0.store(Arc::new(next));
    }
}

impl LogRows {
    /// The entry with a number.
    pub fn entry(&self, number: u32) -> Option<&LogEntry> {
        let first = self.entries.front()?.number;
        self.entries.get(number.wrapping_sub(first) as usize).filter(|one| one.number == number)
    }

    fn number_rows(&mut self) {
        let name = String::new();
        self.index = Rows::new(self.entries.iter().map(|entry| {
            (nlm_log::Index { log_name: name.clone(), log_index: entry.number }, entry.number)
        }));
        self.variables = Rows::new(self.entries.iter().flat_map(|entry| {
            let name = &name;
            (1..).zip(0..entry.notification.objects.len()).map(move |(place, at)| {
                let index = nlm_log_variable::Index {
                    log_name: name.clone(),
                    log_index: entry.number,
                    log_variable_index: place,
                };
                (index, (entry.number, at))
            })
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification() -> Arc<Notification> {
        let name = "1.3.6.1.6.3.1.1.5.1".parse().unwrap();
        Arc::new(Notification { up_time: 1, name, objects: Vec::new() })
    }

    #[test]
    fn the_oldest_make_room_and_the_old_go() {
        let (log, mut now) = (Log::default(), Instant::now());
        let limits = |log_entry_limit, log_age_out| NotificationRows {
            log_entry_limit,
            log_age_out,
            ..NotificationRows::default()
        };
        let numbers = |log: &Log| log.current().index.iter().map(|(_, n)| *n).collect::<Vec<_>>();
        for _ in 0..5 {
            log.keep(&[notification()], &limits(3, 10), now);
            now += Duration::from_secs(60);
        }
        assert_eq!(numbers(&log), [3, 4, 5]);
        let rows = log.current();
        assert_eq!((rows.logged, rows.bumped), (5, 2));
        assert!(rows.entry(2).is_none() && rows.entry(3).is_some() && rows.entry(6).is_none());

        log.keep(&[], &limits(1, 10), now);
        assert_eq!(numbers(&log), [5], "a lower limit counts at once");
        log.keep(&[], &limits(1, 10), now + Duration::from_secs(500));
        log.keep(&[], &limits(1, 0), now + Duration::from_secs(6000));
        assert_eq!(numbers(&log), [5]);
        log.keep(&[], &limits(1, 10), now + Duration::from_secs(601));
        assert_eq!(numbers(&log), [] as [u32; 0], "aged out");
        assert_eq!(log.current().bumped, 4, "which is not to be bumped");
    }

    #[test]
    fn no_limit_is_one_after_all() {
        let (log, now) = (Log::default(), Instant::now());
        let limits = NotificationRows { log_entry_limit: 0, ..NotificationRows::default() };
        let many = vec![notification(); MOST_LOG_ENTRIES as usize + 7];
        log.keep(&many, &limits, now);
        assert_eq!(log.current().index.len(), MOST_LOG_ENTRIES as usize);
    }
}
