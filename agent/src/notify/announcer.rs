//! What hears of each new state, and says what is worth saying: to the log, to the
//! sender, and to the master of a subagent. It is called on the publisher's thread
//! and waits for none of them.

use std::{sync::Arc, time::Instant};

use lcms_snmp::notification::Notification;
use load_cluster_mib::{NOTIFICATION_NAMES, load_cluster_mib::MODULE_OID};

use super::{Seen, Sender, Start, Watch, words};
use crate::{agentx, state::AgentState};

/// Announces changes.
pub struct Announcer {
    watch: Watch,
    seen: Seen,
    sender: Sender,
    master: Option<agentx::Notifier>,
    start: Option<Start>,
}

impl Announcer {
    /// Takes a first state as known, and announces the start with the next.
    pub fn new(
        state: &AgentState,
        start: Start,
        sender: Sender,
        master: Option<agentx::Notifier>,
    ) -> Self {
        let seen = Seen::of(state, &Seen::default());
        let watch = Watch::new(&seen, Instant::now());
        Self { watch, seen, sender, master, start: Some(start) }
    }

    /// Looks at a state.
    pub fn look(&mut self, state: &AgentState) {
        let now = Instant::now();
        let up_time = state.node.ticks(now);
        self.seen = Seen::of(state, &self.seen);
        let started = self.start.take().and_then(|start| words::of_start(start, up_time));
        let changes = self.watch.changes(&self.seen, now);
        let changed = changes.into_iter().filter_map(|change| words::of(change, state, up_time));
        let new: Vec<Arc<Notification>> =
            started.into_iter().chain(changed).map(Arc::new).collect();
        state.node.log.keep(&new, &state.security.rows.notification, now);
        for notification in &new {
            tracing::debug!(notification = %notification.name, "notifying");
            self.sender.send(notification);
            // How the agent started, and who cannot authenticate himself to it, is
            // not what a master's managers ask for: it tells them of itself.
            if let Some(master) = &self.master
                && notification.name.starts_with(MODULE_OID)
            {
                master.send(notification.varbinds(&NOTIFICATION_NAMES));
            }
        }
    }
}
