//! What stays the same as long as the agent runs, and the little that belongs
//! to the SNMP entity alone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use lcms_lb_core::model::Name;

use crate::{engine::Statistics, notify::Log, reload::Reloader, security::Keeper};

/// The node this agent is on.
#[derive(Debug)]
pub struct Node {
    /// Its name in the fleet, which is its row in lcHostTable.
    pub name: Name,
    /// What the system group says.
    pub system: System,
    /// When the agent started: the zero of sysUpTime.
    pub started: Instant,
    /// The locks that SETs carry.
    pub locks: Locks,
    /// What happened to messages.
    pub statistics: Arc<Statistics>,
    /// Who may do what.
    pub security: Keeper,
    /// What was notified.
    pub log: Log,
    /// The configuration file, to be loaded again.
    pub reloader: Reloader,
}

/// The texts of the system group. The config has them and nobody else: a SET of
/// sysContact, sysName or sysLocation is notWritable, so that a file under
/// version control stays the truth.
#[derive(Clone, Debug, Default)]
pub struct System {
    /// sysDescr.
    pub description: String,
    /// sysContact.
    pub contact: String,
    /// sysName.
    pub name: String,
    /// sysLocation.
    pub location: String,
}

/// The TestAndIncr objects. Only the thread that carries out SETs changes
/// them.
#[derive(Debug)]
pub struct Locks {
    /// snmpSetSerialNo.
    pub serial: Lock,
    /// lcConfigLock.
    pub config: Lock,
    /// usmUserSpinLock.
    pub users: Lock,
    /// vacmViewSpinLock.
    pub views: Lock,
    /// snmpTargetSpinLock.
    pub targets: Lock,
    /// lcConfigReload.
    pub reload: Lock,
}

/// A TestAndIncr (RFC 2579): a SET of the present value succeeds and advances
/// it, a SET of another one fails.
#[derive(Debug)]
pub struct Lock(AtomicU32);

impl Node {
    /// Hundredths of a second from the start of the agent to a moment, as
    /// TimeTicks count them: modulo 2^32.
    pub fn ticks(&self, moment: Instant) -> u32 {
        let passed = moment.saturating_duration_since(self.started);
        (passed.as_millis() / 10) as u32
    }
}

impl Locks {
    /// Locks that start at `seed`, which should be random: so that a SET
    /// prepared before a restart does not succeed after it by chance.
    pub fn new(seed: u32) -> Self {
        Self {
            serial: Lock::new(seed),
            config: Lock::new(seed.rotate_left(16)),
            users: Lock::new(seed.rotate_left(8)),
            views: Lock::new(seed.rotate_left(24)),
            targets: Lock::new(seed.rotate_left(4)),
            reload: Lock::new(seed.rotate_left(12)),
        }
    }
}

impl Lock {
    /// A lock at this value.
    pub fn new(value: u32) -> Self {
        Self(AtomicU32::new(value & i32::MAX as u32))
    }

    /// The present value.
    pub fn value(&self) -> i32 {
        self.0.load(Ordering::Acquire) as i32
    }

    /// Moves on to the next value, from the greatest to 0.
    pub fn advance(&self) {
        let next = self.0.load(Ordering::Acquire).wrapping_add(1) & i32::MAX as u32;
        self.0.store(next, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_wraps_to_zero() {
        let lock = Lock::new(u32::MAX);
        assert_eq!(lock.value(), i32::MAX);
        lock.advance();
        assert_eq!(lock.value(), 0);
        lock.advance();
        assert_eq!(lock.value(), 1);
    }
}
