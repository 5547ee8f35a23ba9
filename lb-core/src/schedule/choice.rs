//! Backup servers: they stand in while no other server can.

use std::sync::Arc;

use super::mh::Table;
use super::{Candidate, Picker, Servers};
use crate::model::{Scheduler, Weight};

/// The servers of a service, and what its shards would each have to work out
/// for themselves from them.
#[derive(Clone, Debug)]
pub struct Lineup {
    first: Vec<Candidate>,
    backup: Vec<Candidate>,
    tables: Option<[Arc<Table>; 2]>,
}

impl Lineup {
    /// These servers for this scheduler, each with whether it is a backup.
    pub fn of(scheduler: Scheduler, servers: &[(Candidate, bool)]) -> Self {
        // Both see the whole list, so that a place means the same to both.
        let part = |backup: bool| -> Vec<Candidate> {
            servers
                .iter()
                .map(|(server, is_backup)| match *is_backup == backup {
                    true => *server,
                    false => Candidate { weight: Weight::MIN, ..*server },
                })
                .collect()
        };
        let (first, backup) = (part(false), part(true));
        let table = |servers: &[Candidate]| Arc::new(Table::of(servers));
        let tables = (scheduler == Scheduler::Mh).then(|| [table(&first), table(&backup)]);
        Self { first, backup, tables }
    }
}

/// A scheduler over the servers of a service and another over their backups.
#[derive(Clone, Debug)]
pub struct Choice {
    scheduler: Scheduler,
    first: Picker,
    backup: Picker,
}

impl Choice {
    /// The scheduler of this name.
    pub fn new(scheduler: Scheduler) -> Self {
        let (first, backup) = (Picker::new(scheduler), Picker::new(scheduler));
        Self { scheduler, first, backup }
    }

    /// Which scheduler it is.
    pub fn scheduler(&self) -> Scheduler {
        self.scheduler
    }

    /// These are the servers from now on.
    pub fn set(&mut self, servers: &Lineup) {
        if let (Picker::Mh(first), Picker::Mh(backup), Some(tables)) =
            (&mut self.first, &mut self.backup, &servers.tables)
        {
            let [of_first, of_backup] = tables;
            first.adopt(of_first.clone());
            backup.adopt(of_backup.clone());
            return;
        }
        self.first.set(&servers.first);
        self.backup.set(&servers.backup);
    }

    /// The place of the server that gets the next connection, if any can.
    pub fn pick(&mut self, servers: &impl Servers) -> Option<usize> {
        self.first.pick(servers).or_else(|| self.backup.pick(servers))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fleet, candidates};
    use super::*;

    #[test]
    fn backups_serve_only_while_no_other_can() {
        let mut choice = Choice::new(Scheduler::Rr);
        let servers = candidates(&[1, 1, 1, 1]);
        let servers: Vec<(Candidate, bool)> =
            servers.into_iter().map(|server| (server, server.key >= 2)).collect();
        choice.set(&Lineup::of(Scheduler::Rr, &servers));
        let mut fleet = Fleet::of(4);
        let mut picks = |fleet: &Fleet| [choice.pick(fleet), choice.pick(fleet)];
        assert_eq!(picks(&fleet), [Some(0), Some(1)]);
        fleet.closed = vec![0];
        assert_eq!(picks(&fleet), [Some(1), Some(1)]);
        fleet.closed = vec![0, 1];
        assert_eq!(picks(&fleet), [Some(2), Some(3)]);
        fleet.closed = vec![0, 1, 2, 3];
        assert_eq!(picks(&fleet), [None, None]);
    }
}
