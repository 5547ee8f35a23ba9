//! The servers of a service side by side: what one alone does not tell.
//!
//! Each figure of a server is a measurement and wavers. Taken for what they are,
//! the same few servers would always come first among equals, and with several
//! directors they would be the first for all of these. So what is equal as far
//! as can be told is taken for equal.

use std::time::Duration;

use super::{HostLoad, ServerLoad};

/// Work of others that differs from what is usual among the servers by less
/// than so many tasks, or this part of the usual, is taken for that. It is
/// mostly connections of other directors, whose differences are gone before
/// they are known; and all directors would go at once where there were least.
const NOTED: f64 = 0.4;
const NOTED_PART: f64 = 0.5;

/// Computers whose cores differ by less than this from the next slower one are
/// of one make, as long as the make's fastest and slowest do not differ by more
/// than that: machines are bought by the dozen.
const NEXT: f64 = 1.1;
const WITHIN: f64 = 1.3;

/// How much longer a connection may take on a server whose end is not known than on
/// one that has as many as it can hold.
const LONGER: f64 = 2.0;

/// Connections for each core that any server may have whatever the others' end: it
/// is never to stand idle while somebody waits.
const AT_LEAST: f64 = 2.0;

/// What is known of all servers of a service together.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// Completions a second for each core, once any server's are known.
    of_core: Option<f64>,
    /// The same for each make, with that of its slowest before it.
    makes: Vec<(f64, f64)>,
    /// Work of others for each completion a second, as it is usual.
    level: f64,
    /// Connections for each completion a second that no server is to have more of,
    /// once any server's end is known.
    room: Option<f64>,
}

impl Fleet {
    /// Puts the servers side by side, each with the host it is on, if that is
    /// known.
    pub fn of<'a>(
        now: Duration,
        members: impl Iterator<Item = (&'a ServerLoad, Option<&'a HostLoad>)> + Clone,
    ) -> Self {
        let known = members
            .clone()
            .filter_map(|(server, host)| Some((server.capacity().per_second()?, cores(host))));
        let (all, cores) = known.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let of_core = (cores > 0.0).then(|| all / cores);
        let mut fleet = Self { of_core, ..Self::default() };
        let each = members.clone().filter_map(|(server, host)| fleet.measured(server, host));
        fleet.makes = makes(each.collect());
        let ends = members.clone().filter_map(|(server, host)| {
            let end = host.and_then(|host| host.limit(now))?;
            Some(f64::from(end) / fleet.size(server, host))
        });
        fleet.room = ends.reduce(f64::max).map(|most| most * LONGER);
        let levels = members.map(|(server, host)| {
            host.map_or(0.0, |host| host.others(now)) / fleet.size(server, host)
        });
        fleet.level = lower_median(levels.collect());
        fleet
    }

    /// Completions a second of this one, once any server's are known.
    pub fn capacity(&self, server: &ServerLoad, host: Option<&HostLoad>) -> Option<f64> {
        let measured = self.measured(server, host)?;
        let make = self.makes.partition_point(|(slowest, _)| *slowest <= measured).checked_sub(1);
        let make = make.and_then(|at| self.makes.get(at)).map(|(_, mean)| *mean);
        Some(make.unwrap_or(measured) * cores(host))
    }

    /// Connections that this one is not to have more of, if there is a reason.
    ///
    /// Beyond its end it would page. One whose end is not known gets all that others
    /// at theirs do not take; but for a connection that would be much later done
    /// there than with these, it is better to wait until one of these is free.
    pub fn limit(
        &self,
        now: Duration,
        server: &ServerLoad,
        host: Option<&HostLoad>,
    ) -> Option<u32> {
        if let Some(own) = host.and_then(|host| host.limit(now)) {
            return Some(own);
        }
        let least = AT_LEAST * cores(host);
        self.room.map(|room| (room * self.size(server, host)).max(least) as u32)
    }

    /// Work of others beside it, in tasks.
    pub fn others(&self, now: Duration, server: &ServerLoad, host: Option<&HostLoad>) -> f64 {
        let others = host.map_or(0.0, |host| host.others(now));
        let usual = self.level * self.size(server, host);
        match (others - usual).abs() > NOTED + NOTED_PART * usual {
            true => others,
            false => usual,
        }
    }

    /// How much it can do beside others: completions a second, or its cores as long
    /// as nothing is known of any.
    fn size(&self, server: &ServerLoad, host: Option<&HostLoad>) -> f64 {
        self.capacity(server, host).unwrap_or_else(|| cores(host))
    }

    /// Completions a second for each core of this one, as far as it has shown
    /// them, and for the rest as with the others.
    fn measured(&self, server: &ServerLoad, host: Option<&HostLoad>) -> Option<f64> {
        let cores = cores(host);
        self.of_core.map(|of_core| server.capacity().beside(of_core * cores) / cores)
    }
}

fn cores(host: Option<&HostLoad>) -> f64 {
    f64::from(host.map_or(0, HostLoad::cores).max(1))
}

/// The slowest of each make, and their mean.
fn makes(mut each: Vec<f64>) -> Vec<(f64, f64)> {
    each.sort_unstable_by(f64::total_cmp);
    let mut makes: Vec<(f64, f64)> = Vec::new();
    let (mut before, mut sum, mut count) = (0.0, 0.0, 0.0);
    for one in each {
        match makes.last_mut() {
            Some((slowest, mean)) if one <= before * NEXT && one <= *slowest * WITHIN => {
                (sum, count) = (sum + one, count + 1.0);
                *mean = sum / count;
            }
            _ => {
                makes.push((one, one));
                (sum, count) = (one, 1.0);
            }
        }
        before = one;
    }
    makes
}

fn lower_median(mut values: Vec<f64>) -> f64 {
    let Some(middle) = values.len().checked_sub(1).map(|last| last / 2) else { return 0.0 };
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::HostReport;

    #[test]
    fn machines_of_one_make_are_one_and_others_are_not() {
        let found = makes(vec![102.0, 50.0, 98.0, 400.0, 100.0]);
        assert_eq!(found, [(50.0, 50.0), (98.0, 100.0), (400.0, 400.0)]);
        assert_eq!(makes(Vec::new()), []);
    }

    #[test]
    fn a_slow_rise_is_not_one_make_from_end_to_end() {
        let found = makes((0..20).map(|step| 1.05f64.powi(step)).collect());
        assert!(found.len() >= 4, "{found:?}");
    }

    #[test]
    fn beside_a_full_server_the_others_are_not_filled_without_end() {
        let host = |cores: u32, swapping: bool| {
            let mut host = HostLoad::default();
            host.look(Duration::ZERO, 20, 0);
            let report = HostReport {
                swapping: Some(swapping),
                memory_free: Some(0.5),
                cores: Some(cores),
                ..HostReport::default()
            };
            host.report(Duration::ZERO, &report);
            host
        };
        let (full, well, wide) = (host(2, true), host(2, false), host(8, false));
        let server = ServerLoad::default();
        let limits = |hosts: &[&HostLoad]| -> Vec<Option<u32>> {
            let members = hosts.iter().map(|host| (&server, Some(*host)));
            let fleet = Fleet::of(Duration::ZERO, members);
            hosts.iter().map(|host| fleet.limit(Duration::ZERO, &server, Some(host))).collect()
        };
        assert_eq!(limits(&[&well, &wide]), [None, None]);
        assert_eq!(limits(&[&full, &well, &wide]), [Some(10), Some(20), Some(80)]);
    }
}
