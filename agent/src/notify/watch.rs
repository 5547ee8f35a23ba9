//! What has changed since it was last told.
//!
//! Each thing is compared with what was said of it last, not with how it was a
//! moment ago. So a first change is told at once; what changes again soon after is
//! told when its time has come, if it is still another than was said; and what has
//! flapped back meanwhile was nothing. Nothing has to be remembered but what was
//! said, and nothing is lost by being too much.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use lcms_lb_core::model::{Name, OperState, Roles, ServerId, Status, Weight};

use super::{LinkIs, Seen};

/// The least time between two notifications of the same thing's state.
const STATE: Duration = Duration::from_secs(5);

/// The same of a weight, which controllers change all the time.
const WEIGHT: Duration = Duration::from_secs(30);

/// The same of the configuration.
const CONFIG: Duration = Duration::from_secs(1);

/// The least time between two of authenticationFailure: whoever sends bad messages
/// must not make us send more than this.
const FAILURE: Duration = Duration::from_secs(5);

/// The same of receivers that are not what they should be: each attempt to tell them
/// something finds that out again.
const REFUSED: Duration = Duration::from_secs(60);

/// How many notifications may come at once, and how many a second in the long run.
const BURST: u32 = 50;
const RATE: u32 = 10;

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the notifications'")]
pub enum Change {
    ServerUp(ServerId),
    ServerDown(ServerId),
    ServerWeightChanged(ServerId),
    ClusterDegraded(Name),
    ClusterRestored(Name),
    HostLost(Name),
    HostFound(Name),
    HostRoleChanged(Name),
    ConfigChanged,
    AuthenticationFailure,
    ServerCertificateUnknown,
    ServerInvalidCertificate,
    LinkUp(u32),
    LinkDown(u32),
}

/// What was told, and when.
#[derive(Debug)]
pub struct Watch {
    servers: BTreeMap<ServerId, ServerTold>,
    /// The servers of which everything is told.
    settled: Option<Arc<BTreeMap<ServerId, (bool, Weight)>>>,
    clusters: BTreeMap<Name, Told<Status>>,
    hosts: BTreeMap<Name, HostTold>,
    generation: Told<u64>,
    failures: Told<u32>,
    unknown: Told<u32>,
    invalid: Told<u32>,
    links: BTreeMap<u32, Told<LinkIs>>,
    budget: Budget,
}

/// A value that was said, and when something was said because of it.
#[derive(Clone, Copy, Debug)]
struct Told<T> {
    value: T,
    at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct ServerTold {
    down: Told<bool>,
    weight: Told<Weight>,
}

#[derive(Clone, Copy, Debug)]
struct HostTold {
    lost: Told<bool>,
    /// Whether it was up when it was last known how it is.
    up: bool,
    roles: Told<Roles>,
}

/// How much may be said now.
#[derive(Debug)]
struct Budget {
    left: u32,
    at: Instant,
}

impl<T: Copy + PartialEq> Told<T> {
    fn new(value: T) -> Self {
        Self { value, at: None }
    }

    /// Takes note of a value that is not worth telling.
    fn adopt(&mut self, value: T) {
        self.value = value;
    }

    /// Whether a value may be told now; then it is.
    fn tell(&mut self, value: T, now: Instant, hold: Duration, budget: &mut Budget) -> bool {
        let due = self.at.is_none_or(|at| now.saturating_duration_since(at) >= hold);
        let told = due && budget.take(now);
        if told {
            *self = Self { value, at: Some(now) };
        }
        told
    }
}

impl Budget {
    fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at);
        let more = passed.as_millis().saturating_mul(RATE.into()) / 1000;
        if more > 0 {
            self.left = u32::try_from(more).unwrap_or(BURST).saturating_add(self.left).min(BURST);
            self.at = now;
        }
        let taken = self.left > 0;
        self.left = self.left.saturating_sub(1);
        taken
    }
}

impl Watch {
    /// Takes a first state as told.
    pub fn new(seen: &Seen, now: Instant) -> Self {
        let mut watch = Self {
            servers: BTreeMap::new(),
            settled: None,
            clusters: BTreeMap::new(),
            hosts: BTreeMap::new(),
            generation: Told::new(seen.generation),
            failures: Told::new(seen.failures.1),
            unknown: Told::new(seen.refused.0),
            invalid: Told::new(seen.refused.1),
            links: BTreeMap::new(),
            budget: Budget { left: BURST, at: now },
        };
        watch.changes(seen, now);
        watch
    }

    /// What is to be told now that things are so.
    pub fn changes(&mut self, seen: &Seen, now: Instant) -> Vec<Change> {
        let mut changes = Vec::new();
        self.config(seen, now, &mut changes);
        self.servers(seen, now, &mut changes);
        self.clusters(seen, now, &mut changes);
        self.hosts(seen, now, &mut changes);
        self.links(seen, now, &mut changes);
        changes
    }

    fn config(&mut self, seen: &Seen, now: Instant, changes: &mut Vec<Change>) {
        let Self { generation, failures, unknown, invalid, budget, .. } = self;
        if seen.generation != generation.value
            && generation.tell(seen.generation, now, CONFIG, budget)
        {
            changes.push(Change::ConfigChanged);
        }
        match seen.failures {
            // It has just been disabled.
            (false, count) => failures.adopt(count),
            (true, count) => {
                if failures.value != count && failures.tell(count, now, FAILURE, budget) {
                    changes.push(Change::AuthenticationFailure);
                }
            }
        }
        for (told, count, change) in [
            (unknown, seen.refused.0, Change::ServerCertificateUnknown),
            (invalid, seen.refused.1, Change::ServerInvalidCertificate),
        ] {
            if told.value != count && told.tell(count, now, REFUSED, budget) {
                changes.push(change);
            }
        }
    }

    fn servers(&mut self, seen: &Seen, now: Instant, changes: &mut Vec<Change>) {
        // Ten times a second nothing has changed, and there may be many.
        if self.settled.as_ref().is_some_and(|settled| Arc::ptr_eq(settled, &seen.servers)) {
            return;
        }
        let Self { servers, budget, .. } = self;
        let mut pending = false;
        servers.retain(|id, _| seen.servers.contains_key(id));
        for (id, &(down, weight)) in &*seen.servers {
            let told = servers
                .entry(*id)
                .or_insert_with(|| ServerTold { down: Told::new(down), weight: Told::new(weight) });
            if told.down.value != down {
                if !told.down.tell(down, now, STATE, budget) {
                    pending = true;
                    continue;
                }
                told.weight.adopt(weight);
                changes.push(match down {
                    true => Change::ServerDown(*id),
                    false => Change::ServerUp(*id),
                });
            } else if down {
                told.weight.adopt(weight);
            } else if told.weight.value != weight {
                match told.weight.tell(weight, now, WEIGHT, budget) {
                    true => changes.push(Change::ServerWeightChanged(*id)),
                    false => pending = true,
                }
            }
        }
        self.settled = (!pending).then(|| Arc::clone(&seen.servers));
    }

    fn clusters(&mut self, seen: &Seen, now: Instant, changes: &mut Vec<Change>) {
        let Self { clusters, budget, .. } = self;
        clusters.retain(|name, _| seen.clusters.contains_key(name));
        for (name, &status) in &seen.clusters {
            let told = clusters.entry(*name).or_insert(Told::new(status));
            let change = match (told.value, status) {
                // Who knows nothing has nothing to say.
                (_, Status::Unknown) => continue,
                (Status::Warning, Status::Critical) => Change::ClusterDegraded(*name),
                (Status::Ok | Status::Unknown, Status::Warning | Status::Critical) => {
                    Change::ClusterDegraded(*name)
                }
                (Status::Warning | Status::Critical, Status::Ok) => Change::ClusterRestored(*name),
                _ => {
                    told.adopt(status);
                    continue;
                }
            };
            if told.tell(status, now, STATE, budget) {
                changes.push(change);
            }
        }
    }

    fn hosts(&mut self, seen: &Seen, now: Instant, changes: &mut Vec<Change>) {
        let Self { hosts, budget, .. } = self;
        hosts.retain(|name, _| seen.hosts.contains_key(name));
        for (name, &(state, roles)) in &seen.hosts {
            let told = hosts.entry(*name).or_insert_with(|| HostTold {
                lost: Told::new(state == OperState::Down),
                up: false,
                roles: Told::new(roles),
            });
            let lost = match state {
                OperState::Down => true,
                OperState::Up | OperState::Overloaded => false,
                OperState::Unknown if told.up => true,
                // Neither does it say that the host is there.
                _ => told.lost.value,
            };
            if lost != told.lost.value && told.lost.tell(lost, now, STATE, budget) {
                changes.push(match lost {
                    true => Change::HostLost(*name),
                    false => Change::HostFound(*name),
                });
            }
            if state != OperState::Unknown || told.lost.value {
                told.up = matches!(state, OperState::Up | OperState::Overloaded);
            }
            if told.roles.value != roles && told.roles.tell(roles, now, STATE, budget) {
                changes.push(Change::HostRoleChanged(*name));
            }
        }
    }

    fn links(&mut self, seen: &Seen, now: Instant, changes: &mut Vec<Change>) {
        let Self { links, budget, .. } = self;
        links.retain(|index, _| seen.links.contains_key(index));
        for (&index, &(is, tells)) in &*seen.links {
            let told = links.entry(index).or_insert(Told::new(is));
            let change = match (told.value, is) {
                (LinkIs::Up, LinkIs::Down) if tells => Change::LinkDown(index),
                (LinkIs::Down, LinkIs::Up) if tells => Change::LinkUp(index),
                // Also what comes from or goes to notPresent.
                _ => {
                    told.adopt(is);
                    continue;
                }
            };
            if told.tell(is, now, STATE, budget) {
                changes.push(change);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lcms_lb_core::model::ServiceId;

    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn server(number: u32) -> ServerId {
        let id = ServiceId { cluster: name("main"), service: name("web") };
        id.server(name(&format!("rs{number}")))
    }

    fn servers(count: u32, down: bool, weight: u16) -> Seen {
        let weight = Weight::new(weight.into()).unwrap();
        let all = (0..count).map(|number| (server(number), (down, weight))).collect();
        Seen { servers: Arc::new(all), ..Seen::default() }
    }

    fn cluster(status: Status) -> Seen {
        Seen { clusters: [(name("main"), status)].into(), ..Seen::default() }
    }

    fn host(state: OperState) -> Seen {
        Seen { hosts: [(name("rs1"), (state, Roles::default()))].into(), ..Seen::default() }
    }

    /// The story that a watch tells of states half a minute apart.
    fn story(states: &[Seen]) -> Vec<Change> {
        let mut now = Instant::now();
        let mut watch = Watch::new(&states[0], now);
        let mut told = Vec::new();
        for seen in &states[1..] {
            now += Duration::from_secs(40);
            told.extend(watch.changes(seen, now));
        }
        told
    }

    #[test]
    fn servers_go_up_and_down_and_change_weight() {
        let (up, down, heavy) = (servers(1, false, 10), servers(1, true, 0), servers(1, false, 20));
        let none = Seen::default();
        let (gone, back) = (Change::ServerDown(server(0)), Change::ServerUp(server(0)));
        assert_eq!(story(&[up.clone(), up.clone()]), []);
        assert_eq!(story(&[up.clone(), down.clone(), up.clone()]), [gone, back]);
        assert_eq!(story(&[up.clone(), heavy.clone()]), [Change::ServerWeightChanged(server(0))]);
        // Its weight went with it, and came back another: that is no news of its own.
        assert_eq!(story(&[up.clone(), down.clone(), heavy]), [gone, back]);
        assert_eq!(story(&[down.clone(), down, up.clone()]), [back]);
        assert_eq!(story(&[none.clone(), up, none]), [], "rows that come and go");
    }

    #[test]
    fn clusters_degrade_and_are_restored() {
        use Status::{Critical, Ok, Unknown, Warning};
        let degraded = Change::ClusterDegraded(name("main"));
        let restored = Change::ClusterRestored(name("main"));
        for (statuses, expected) in [
            (&[Unknown, Ok, Warning, Critical, Ok][..], &[degraded, degraded, restored][..]),
            (&[Ok, Critical, Warning, Critical], &[degraded, degraded]),
            (&[Warning, Unknown, Warning, Unknown, Ok], &[restored]),
            (&[Unknown, Critical, Unknown, Critical], &[degraded]),
        ] {
            let states: Vec<Seen> = statuses.iter().map(|status| cluster(*status)).collect();
            assert_eq!(story(&states), expected, "{statuses:?}");
        }
    }

    #[test]
    fn hosts_are_lost_and_found() {
        use OperState::{Down, Maintenance, Overloaded, Unknown, Up};
        let (lost, found) = (Change::HostLost(name("rs1")), Change::HostFound(name("rs1")));
        for (hosts, expected) in [
            (&[Up, Down, Up][..], &[lost, found][..]),
            (&[Overloaded, Unknown, Overloaded], &[lost, found]),
            (&[Unknown, Up, Unknown, Down, Up], &[lost, found]),
            (&[Unknown, Unknown, Up], &[]),
            (&[Maintenance, Unknown, Up], &[]),
            (&[Up, Down, Maintenance, Up], &[lost, found]),
        ] {
            let states: Vec<Seen> = hosts.iter().map(|state| host(*state)).collect();
            assert_eq!(story(&states), expected, "{hosts:?}");
        }
    }

    #[test]
    fn interfaces_go_down_and_up() {
        use LinkIs::{Down, NotPresent, Up};
        let seen = |is: Option<LinkIs>| {
            let links = is.map(|is| (7, (is, true))).into_iter().collect();
            Seen { links: Arc::new(links), ..Seen::default() }
        };
        let (up, down) = (Change::LinkUp(7), Change::LinkDown(7));
        for (links, expected) in [
            (&[Some(Up), Some(Down), Some(Up)][..], &[down, up][..]),
            (&[Some(Up), Some(NotPresent), Some(Down), Some(Up)], &[up]),
            (&[Some(Down), Some(NotPresent), Some(Up)], &[]),
            // One that has come or gone.
            (&[None, Some(Down), None, Some(Up)], &[]),
        ] {
            let states: Vec<Seen> = links.iter().map(|is| seen(*is)).collect();
            assert_eq!(story(&states), expected, "{links:?}");
        }
        let seen =
            |is, tells| Seen { links: Arc::new([(7, (is, tells))].into()), ..Seen::default() };
        let states = [seen(Up, true), seen(Down, false), seen(Down, true), seen(Up, true)];
        assert_eq!(story(&states), [up], "what happened meanwhile was not to be told");
    }

    #[test]
    fn what_flaps_is_told_rarely_and_rightly() {
        let mut now = Instant::now();
        let mut watch = Watch::new(&servers(1, false, 1), now);
        let mut told = Vec::new();
        // A minute of flapping ten times a second, ending down.
        for turn in 0..600 {
            now += Duration::from_millis(100);
            told.extend(watch.changes(&servers(1, turn % 2 == 0, 1), now));
        }
        now += STATE;
        told.extend(watch.changes(&servers(1, true, 1), now));
        assert!(told.len() <= 14, "{}", told.len());
        assert_eq!(told.first(), Some(&Change::ServerDown(server(0))));
        assert_eq!(told.last(), Some(&Change::ServerDown(server(0))), "the truth comes last");
    }

    #[test]
    fn a_crowd_is_told_of_little_by_little_and_whole() {
        let mut now = Instant::now();
        let mut watch = Watch::new(&servers(500, false, 1), now);
        let down = servers(500, true, 0);
        let mut told = watch.changes(&down, now);
        assert_eq!(told.len(), BURST as usize);
        for _ in 0..450 {
            now += Duration::from_millis(100);
            let more = watch.changes(&down, now);
            assert!(more.len() <= RATE as usize / 10 + 1);
            told.extend(more);
        }
        assert_eq!(told.len(), 500, "each of them, once");
    }

    #[test]
    fn bad_messages_are_told_of_once_in_a_while_and_only_if_that_is_enabled() {
        let failures = |enabled, count| Seen { failures: (enabled, count), ..Seen::default() };
        let mut now = Instant::now();
        let mut watch = Watch::new(&failures(false, 5), now);
        assert_eq!(watch.changes(&failures(true, 5), now), [], "those of before");
        let mut told = 0;
        for count in 0..1000 {
            now += Duration::from_millis(10);
            told += watch.changes(&failures(true, 6 + count), now).len();
        }
        assert_eq!(told, 2, "in ten seconds");
        // What has come since it was enabled is told, though nobody has looked between.
        now += FAILURE;
        assert_eq!(watch.changes(&failures(false, 1005), now), []);
        assert_eq!(watch.changes(&failures(true, 1006), now), [Change::AuthenticationFailure]);
    }

    /// Each attempt to tell a receiver something finds out again what it is.
    #[test]
    fn receivers_that_are_not_what_they_should_be_are_told_of_once_a_minute() {
        let refused = |unknown, invalid| Seen { refused: (unknown, invalid), ..Seen::default() };
        let mut now = Instant::now();
        let mut watch = Watch::new(&refused(3, 4), now);
        assert_eq!(watch.changes(&refused(3, 4), now), [], "those of before");
        let mut told = Vec::new();
        for count in 0..=60 {
            told.extend(watch.changes(&refused(4 + count, 4), now));
            now += Duration::from_secs(1);
        }
        told.extend(watch.changes(&refused(64, 5), now));
        let expected = [
            Change::ServerCertificateUnknown,
            Change::ServerCertificateUnknown,
            Change::ServerInvalidCertificate,
        ];
        assert_eq!(told, expected);
    }
}
