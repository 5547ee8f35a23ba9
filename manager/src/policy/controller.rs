//! What is remembered between the rounds of a controller.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lcms_lb_core::load::{Capacity, Measurement};
use lcms_lb_core::model::{Name, PolicyWindow, ServerId};

use super::decide::{self, Candidate, Decision, Prospect};
use super::share::Share;
use super::{HostReading, Report, ServerReading, ServiceReading, Settings};

/// Pages a second read from swap space from which a host counts as swapping.
/// A healthy host now and then fetches back a page it had put away.
const SWAPPING: f64 = 32.0;

/// The longest time a report tells, in milliseconds.
const LONGEST: u32 = 3_600_000;

/// The memory of a controller: the last look at each host and server, and what
/// was learned from the looks before. `now` is any clock that does not go
/// back.
#[derive(Debug, Default)]
pub struct Controller {
    hosts: BTreeMap<Name, HostTrack>,
    servers: BTreeMap<ServerId, ServerTrack>,
}

impl Controller {
    /// Takes in a look at a host.
    pub fn observe_host(&mut self, now: Duration, name: Name, reading: HostReading) {
        self.hosts.entry(name).or_default().observe(now, reading);
    }

    /// Forgets all hosts and servers but these.
    pub fn retain(&mut self, hosts: &BTreeSet<Name>, servers: &BTreeSet<ServerId>) {
        self.hosts.retain(|name, _| hosts.contains(name));
        self.servers.retain(|path, _| servers.contains(path));
    }

    /// What to tell the director of a host, as long as it is fresh.
    pub fn report(&self, now: Duration, host: Name, stale_limit: Duration) -> Option<Report> {
        let track = self.hosts.get(&host)?;
        (track.age(now)? < stale_limit).then(|| track.report(now)).flatten()
    }

    /// Takes in a look at a service's servers, after the looks at the hosts of
    /// the same round.
    pub fn observe_servers(&mut self, now: Duration, service: &ServiceReading) {
        for server in &service.servers {
            let host = server.host.and_then(|name| self.hosts.get(&name));
            let track = self.servers.entry(service.id.server(server.name)).or_insert_with(|| {
                ServerTrack { inherited: server.dynamic.is_some(), ..ServerTrack::default() }
            });
            track.observe(now, server, host);
        }
    }

    /// Decides the weights of a service, after the look at its servers.
    pub fn decide(&mut self, now: Duration, service: &ServiceReading) -> Vec<Decision> {
        let best_core = self.best_core(service);
        let candidates: Vec<Candidate<'_>> = service
            .servers
            .iter()
            .map(|server| Candidate {
                server,
                id: service.id.server(server.name),
                prospect: self.prospect(now, service, server, best_core),
            })
            .collect();
        for candidate in &candidates {
            if let (Prospect::Room { room, .. }, Some(track)) =
                (&candidate.prospect, self.servers.get_mut(&candidate.id))
            {
                track.last_room = Some((service.settings.window, *room));
            }
        }
        decide::decide(&service.settings, &candidates)
    }

    /// What a server could complete in a second, as far as it is known.
    pub fn capacity(&self, server: ServerId) -> Option<f64> {
        self.servers.get(&server)?.capacity.per_second()
    }

    /// The capacity of the best core known in the service: what a server that
    /// has done nothing yet is expected to have.
    fn best_core(&self, service: &ServiceReading) -> Option<f64> {
        let of = |server: &ServerReading| {
            let known = self.servers.get(&service.id.server(server.name))?.capacity.per_second()?;
            let host = self.hosts.get(&server.host?)?;
            Some(known / host.cores())
        };
        service.servers.iter().filter_map(of).max_by(f64::total_cmp)
    }

    fn prospect(
        &self,
        now: Duration,
        service: &ServiceReading,
        server: &ServerReading,
        best_core: Option<f64>,
    ) -> Prospect {
        let settings = &service.settings;
        let Some(track) = self.servers.get(&service.id.server(server.name)) else {
            return Prospect::Unknown { because: "not looked at yet".to_owned() };
        };
        let held = |because: String| Prospect::Held {
            room: track.last_room.filter(|(window, _)| *window == settings.window).map(|r| r.1),
            because,
        };
        let Some(name) = server.host else {
            return Prospect::Unknown { because: "no host is named for it".to_owned() };
        };
        if !server.up {
            return held("the server does not serve".to_owned());
        }
        let Some((host, age)) = self.hosts.get(&name).and_then(|host| Some((host, host.age(now)?)))
        else {
            let because = format!("no load figures from {name}");
            return match track.inherited {
                true => held(because),
                false => Prospect::Unknown { because },
            };
        };
        if age >= settings.stale_limit {
            let (age, limit) = (age.as_secs_f64(), settings.stale_limit.as_secs_f64());
            return held(format!("load figures of {name} are {age:.1} s old, limit {limit:.1} s"));
        }
        if host.swapping == Some(true) {
            return Prospect::Room { room: 0.0, because: format!("{name} swaps") };
        }
        match settings.window {
            PolicyWindow::Instant => track.capacity_prospect(server, host, settings, best_core),
            PolicyWindow::OneMinute => free_prospect(server, host, settings, 0, 1),
            PolicyWindow::FiveMinutes => free_prospect(server, host, settings, 1, 5),
            PolicyWindow::FifteenMinutes => free_prospect(server, host, settings, 2, 15),
        }
    }
}

/// The free-share rule: cores times the mean free share.
fn free_prospect(
    server: &ServerReading,
    host: &HostTrack,
    settings: &Settings,
    slot: usize,
    minutes: u32,
) -> Prospect {
    let Some(load) = host.last.as_ref().and_then(|(_, last)| last.load.get(slot).copied()?) else {
        return Prospect::Unknown { because: format!("no {minutes}-minute load average") };
    };
    let (load, cores) = (f64::from(load) / 100.0, host.cores());
    let free = (1.0 - load / cores).clamp(0.0, 1.0);
    let headroom = host.headroom(server, settings, free);
    let percent = headroom * 100.0;
    Prospect::Room {
        room: cores * headroom,
        because: format!("load {load:.2} over {minutes} min on {cores} cores: {percent:.0}% free"),
    }
}

#[derive(Debug, Default)]
struct ServerTrack {
    base: Option<Look>,
    /// Whether it had a dynamic weight before this controller came.
    inherited: bool,
    share: Share,
    capacity: Capacity,
    /// The room it had when that was last known, by the window's measure.
    last_room: Option<(PolicyWindow, f64)>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Duration,
    connections: u64,
    active: u32,
    discontinuity: Option<u32>,
}

impl ServerTrack {
    /// Learns from the time since the last look, if host and server both
    /// counted through it.
    fn observe(&mut self, now: Duration, server: &ServerReading, host: Option<&HostTrack>) {
        let look = Look {
            at: now,
            connections: server.connections,
            active: server.active,
            discontinuity: server.discontinuity,
        };
        let Some(host) = host.filter(|_| server.up) else {
            self.base = None;
            return;
        };
        let base = *self.base.get_or_insert(look);
        match host.step(now) {
            // No newer sample from the agent: one interval more.
            Step::Same => {}
            Step::Restarted => self.base = Some(look),
            Step::Interval(interval) => {
                self.base = Some(look);
                if let Some(completed) = completed(&base, &look) {
                    let in_flight = f64::from(base.active + look.active) / 2.0;
                    if let Some(runnable) = interval.runnable {
                        self.share.observe(in_flight, runnable);
                    }
                    let seconds = (look.at.saturating_sub(base.at)).as_secs_f64();
                    if seconds > 0.0 && host.swapping != Some(true) {
                        self.capacity.learn(Measurement {
                            completed,
                            seconds,
                            utilisation: interval.utilisation,
                            share: self.share.value(),
                        });
                    }
                }
            }
        }
    }

    fn capacity_prospect(
        &self,
        server: &ServerReading,
        host: &HostTrack,
        settings: &Settings,
        best_core: Option<f64>,
    ) -> Prospect {
        // With weights in proportion to capacity the free share of processors
        // is the same everywhere; memory and connections alone can differ.
        let headroom = host.headroom(server, settings, 1.0);
        match (self.capacity.per_second(), best_core) {
            (Some(known), _) => {
                let seen = self.capacity.last().map_or_else(String::new, |last| {
                    let percent = last.utilisation * 100.0;
                    let (n, seconds) = (last.completed, last.seconds);
                    format!(" ({n} in {seconds:.1} s at {percent:.0}% CPU)")
                });
                let limited = match headroom < 0.995 {
                    true => format!(", {:.0}% of it by memory and connections", headroom * 100.0),
                    false => String::new(),
                };
                Prospect::Room {
                    room: known * headroom,
                    because: format!("can complete {known:.0}/s{seen}{limited}"),
                }
            }
            (None, Some(best)) => {
                let expected = best * host.cores();
                Prospect::Room {
                    room: expected * headroom,
                    because: format!("not measured yet, by its cores expected {expected:.0}/s"),
                }
            }
            (None, None) => Prospect::Unknown { because: "nothing measured yet".to_owned() },
        }
    }
}

/// Connections that ended between two looks.
fn completed(base: &Look, look: &Look) -> Option<u64> {
    if base.discontinuity != look.discontinuity {
        return None;
    }
    let accepted = look.connections.checked_sub(base.connections)?;
    let before = accepted.checked_add(u64::from(base.active))?;
    Some(before.saturating_sub(u64::from(look.active)))
}

#[derive(Debug, Default)]
struct HostTrack {
    /// The look before, from which the next interval is counted.
    last: Option<(Duration, HostReading)>,
    step: Step,
    /// The last interval there was.
    interval: Option<Interval>,
    utilisation: Option<f64>,
    swapping: Option<bool>,
}

/// What the latest look at a host brought.
#[derive(Clone, Copy, Debug, Default)]
enum Step {
    /// No sample newer than the one before.
    #[default]
    Same,
    /// A first sample, or counters that started anew.
    Restarted,
    /// Figures of the time between two samples.
    Interval(Interval),
}

#[derive(Clone, Copy, Debug)]
struct Interval {
    length: Duration,
    utilisation: f64,
    runnable: Option<f64>,
}

impl HostTrack {
    fn observe(&mut self, now: Duration, reading: HostReading) {
        self.step = match &self.last {
            None => Step::Restarted,
            Some((_, before)) => self.step_between(before, &reading),
        };
        match self.step {
            Step::Interval(interval) => {
                self.swapping = self.swapped_since(&reading);
                self.utilisation = Some(interval.utilisation);
                self.interval = Some(interval);
            }
            Step::Restarted => {
                (self.swapping, self.utilisation, self.interval) = (None, None, None);
            }
            Step::Same => {}
        }
        // Without a newer sample the look is still the newest word on its age.
        self.last = Some((now, reading));
    }

    fn step_between(&self, before: &HostReading, reading: &HostReading) -> Step {
        if before.discontinuity != reading.discontinuity {
            return Step::Restarted;
        }
        let (Some(busy), Some(total)) = (
            difference(before.busy_time, reading.busy_time),
            difference(before.total_time, reading.total_time),
        ) else {
            return Step::Restarted;
        };
        if total == 0 {
            return Step::Same;
        }
        let milliseconds = total as f64 / f64::from(reading.cores.unwrap_or(1).max(1));
        Step::Interval(Interval {
            length: Duration::from_secs_f64(milliseconds / 1_000.0),
            utilisation: (busy as f64 / total as f64).min(1.0),
            runnable: difference(before.runnable_time, reading.runnable_time)
                .map(|tasks| tasks as f64 / milliseconds),
        })
    }

    fn swapped_since(&self, reading: &HostReading) -> Option<bool> {
        let (_, before) = self.last.as_ref()?;
        let pages = difference(before.swap_in, reading.swap_in)?;
        let total = difference(before.total_time, reading.total_time)?;
        let seconds = total as f64 / f64::from(reading.cores.unwrap_or(1).max(1)) / 1000.0;
        Some(pages as f64 >= SWAPPING * seconds)
    }

    /// What this round's look brought; a host not reached brought nothing.
    fn step(&self, now: Duration) -> Step {
        match &self.last {
            Some((at, _)) if *at == now => self.step,
            _ => Step::Same,
        }
    }

    fn age(&self, now: Duration) -> Option<Duration> {
        let (at, reading) = self.last.as_ref()?;
        now.saturating_sub(*at).checked_add(reading.sample_age)
    }

    fn cores(&self) -> f64 {
        let cores = self.last.as_ref().and_then(|(_, reading)| reading.cores);
        f64::from(cores.unwrap_or(1).max(1))
    }

    /// The mean of the free shares, weighted by the policy's coefficients. A
    /// figure the host does not have takes no part.
    fn headroom(&self, server: &ServerReading, settings: &Settings, cpu: f64) -> f64 {
        let memory = self.last.as_ref().and_then(|(_, last)| last.memory_available);
        let connections = match server.connection_limit {
            0 => 1.0,
            limit => (1.0 - f64::from(server.active) / f64::from(limit)).max(0.0),
        };
        let parts = [
            (settings.cpu, Some(cpu)),
            (settings.memory, memory.map(|free| f64::from(free.min(1000)) / 1000.0)),
            (settings.connections, Some(connections)),
        ];
        let known = parts.iter().filter_map(|(part, free)| Some((f64::from(*part), (*free)?)));
        let (sum, weight) = known
            .fold((0.0, 0.0), |(sum, weight), (part, free)| (sum + part * free, weight + part));
        if weight > 0.0 { sum / weight } else { cpu }
    }

    fn report(&self, now: Duration) -> Option<Report> {
        let (_, last) = self.last.as_ref()?;
        let milliseconds = |time: Duration| u32::try_from(time.as_millis()).ok();
        Some(Report {
            runnable: last.runnable?.saturating_mul(100),
            utilisation: self.utilisation.map(|share| (share * 1000.0).round() as u32),
            memory_available: last.memory_available.map(|free| free.min(1000)),
            swapping: self.swapping,
            cores: last.cores.filter(|cores| (1..=65535).contains(cores)),
            sample_age: self.age(now).and_then(milliseconds)?.min(LONGEST),
            interval: self
                .interval
                .and_then(|interval| milliseconds(interval.length))
                .filter(|interval| (1..=LONGEST).contains(interval)),
            mean_runnable: self
                .interval
                .and_then(|interval| interval.runnable)
                .map(|mean| (mean * 100.0).round() as u32),
        })
    }
}

/// How much a counter grew; `None` when it is unknown or went back.
fn difference(before: Option<u64>, after: Option<u64>) -> Option<u64> {
    after?.checked_sub(before?)
}
