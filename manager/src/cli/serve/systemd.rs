//! What systemd is told, where it started this process and wants to know.

use std::{env, future};

use sd_notify::NotifyState;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// The service manager.
pub struct Systemd {
    listens: bool,
    watchdog: Option<Interval>,
}

impl Systemd {
    /// By the environment of this process.
    pub fn here() -> Self {
        let watchdog = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero());
        let watchdog = watchdog.map(|limit| {
            // Twice in the time it allows.
            let mut interval = interval(limit / 2);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        });
        Self { listens: env::var_os("NOTIFY_SOCKET").is_some(), watchdog }
    }

    /// All parts run, and have looked once.
    pub fn ready(&self) {
        self.tell(NotifyState::Ready);
    }

    /// The end has begun.
    pub fn stopping(&self) {
        self.tell(NotifyState::Stopping);
    }

    /// Says that the program is alive, when that is due again; for ever where
    /// nobody asks for it.
    pub async fn watchdog(&mut self) {
        match &mut self.watchdog {
            Some(interval) => {
                interval.tick().await;
                self.tell(NotifyState::Watchdog);
            }
            None => future::pending().await,
        }
    }

    fn tell(&self, what: NotifyState<'_>) {
        if self.listens
            && let Err(error) = sd_notify::notify(&[what])
        {
            tracing::warn!(%error, "systemd cannot be told");
        }
    }
}
