//! The policy against a simulated cluster: processor-sharing hosts, Poisson
//! arrivals spread by smooth weighted round robin, agents that sample on their
//! own clocks, and a controller that polls; all in virtual time.

use std::time::Duration;

use lcms_lb_core::model::{Name, PolicyWindow, ServiceId};
use proptest::{prelude::*, test_runner::RngSeed};

use super::*;
use crate::demo::processor::Processor;
use crate::demo::random::Random;

fn name(prefix: &str, i: usize) -> Name {
    format!("{prefix}{i}").parse().expect("a name")
}

struct Node {
    processor: Processor<()>,
    /// Requests a second it could do.
    capacity: f64,
    configured: u32,
    dynamic: Option<u32>,
    /// What smooth weighted round robin keeps for it.
    current: i64,
    accepted: u64,
    /// Accepted since the last poll.
    recent: u64,
    sample: HostReading,
    sampled_at: Duration,
    /// Where its agent's clock stands against the controller's.
    offset: Duration,
    load: f64,
    agent_up: bool,
    /// Pages read from swap space so far.
    pages: u64,
}

const SAMPLE: Duration = Duration::from_secs(1);
const WORK: f64 = 0.025;

impl Node {
    fn new(cores: u32, speed: f64, offset: Duration) -> Self {
        Self {
            processor: Processor::new(cores, speed),
            capacity: f64::from(cores) * speed / WORK,
            configured: 10,
            dynamic: None,
            current: 0,
            accepted: 0,
            recent: 0,
            sample: HostReading::default(),
            sampled_at: Duration::ZERO,
            offset,
            load: 0.0,
            agent_up: true,
            pages: 0,
        }
    }

    fn weight(&self) -> u32 {
        self.dynamic.unwrap_or(self.configured)
    }

    fn sample(&mut self, now: Duration) {
        self.processor.advance(now, |(), _| {});
        self.sampled_at = now;
        let runnable = self.processor.runnable() as f64;
        self.load += (runnable - self.load) * (1.0 - (-1.0f64 / 60.0).exp());
        let cores = self.processor.cores();
        let ticks = |seconds: f64| (seconds * 100.0) as u64 * 10;
        self.sample = HostReading {
            sample_age: Duration::ZERO,
            cores: Some(cores),
            runnable: Some(runnable as u32),
            runnable_time: Some((self.processor.runnable_time() * 1000.0) as u64),
            busy_time: Some(ticks(self.processor.busy())),
            total_time: Some(ticks(now.as_secs_f64() * f64::from(cores))),
            load: [Some((self.load * 100.0) as u32), None, None],
            memory_available: Some(500),
            swap_in: Some(self.pages),
            discontinuity: Some(0),
        };
    }
}

struct Cluster {
    nodes: Vec<Node>,
    settings: Settings,
    controller: Controller,
    random: Random,
    now: Duration,
    next_arrival: Duration,
    next_poll: Duration,
    /// Requests a second from the clients.
    rate: f64,
    decisions: Vec<Decision>,
}

impl Cluster {
    /// Hosts of these cores and speeds, loaded to this part of their capacity.
    fn new(hosts: &[(u32, f64)], load: f64, settings: Settings, seed: u64) -> Self {
        let nodes: Vec<Node> = (0u32..)
            .zip(hosts)
            .map(|(i, &(cores, speed))| {
                Node::new(cores, speed, Duration::from_millis(i as u64 * 270))
            })
            .collect();
        let rate = load * nodes.iter().map(|node| node.capacity).sum::<f64>();
        Self {
            nodes,
            settings,
            controller: Controller::default(),
            random: Random::new(seed),
            now: Duration::ZERO,
            next_arrival: Duration::ZERO,
            next_poll: settings.interval,
            rate,
            decisions: Vec::new(),
        }
    }

    /// Lets the cluster run until the next round of the controller is done.
    fn round(&mut self) {
        while self.next_arrival < self.next_poll {
            self.now = self.next_arrival;
            self.sample_due();
            self.dispatch();
            let gap = self.random.exponential(1.0 / self.rate);
            self.next_arrival += Duration::from_secs_f64(gap);
        }
        self.now = self.next_poll;
        self.sample_due();
        self.poll();
        self.next_poll += self.settings.interval;
    }

    fn sample_due(&mut self) {
        for node in &mut self.nodes {
            let due = node.sampled_at
                + SAMPLE
                + if node.sampled_at.is_zero() { node.offset } else { Duration::ZERO };
            if due <= self.now {
                node.sample(due);
            }
        }
    }

    fn dispatch(&mut self) {
        let total: i64 = self.nodes.iter().map(|node| i64::from(node.weight())).sum();
        for node in &mut self.nodes {
            node.current += i64::from(node.weight());
        }
        let chosen = self.nodes.iter_mut().max_by_key(|node| node.current).expect("some nodes");
        chosen.current -= total;
        chosen.accepted += 1;
        chosen.recent += 1;
        chosen.processor.advance(self.now, |(), _| {});
        // Jobs of uneven size, with the mean of WORK.
        let work = WORK * (0.5 + self.random.unit());
        chosen.processor.arrive((), Duration::from_secs_f64(work));
    }

    fn poll(&mut self) {
        let now = self.now;
        let mut servers = Vec::new();
        for (i, node) in self.nodes.iter_mut().enumerate() {
            node.processor.advance(now, |(), _| {});
            node.recent = 0;
            if node.agent_up {
                let sample_age = now - node.sampled_at;
                let reading = HostReading { sample_age, ..node.sample.clone() };
                self.controller.observe_host(now, name("h", i), reading);
            }
            servers.push(ServerReading {
                name: name("rs", i),
                host: Some(name("h", i)),
                configured: node.configured,
                dynamic: node.dynamic,
                follows_load: true,
                up: true,
                active: node.processor.runnable() as u32,
                connections: node.accepted,
                connection_limit: 0,
                discontinuity: Some(0),
            });
        }
        let service = ServiceReading {
            id: ServiceId { cluster: name("c", 0), service: name("s", 0) },
            settings: self.settings,
            servers,
        };
        self.controller.observe_servers(now, &service);
        self.decisions = self.controller.decide(now, &service);
        for (node, decision) in self.nodes.iter_mut().zip(&self.decisions) {
            node.dynamic = decision.weight;
        }
    }

    /// The weights' shares over the capacities' shares: 1 is perfect.
    fn ratios(&self) -> Vec<f64> {
        let weights: f64 = self.nodes.iter().map(|node| f64::from(node.weight())).sum();
        let capacity: f64 = self.nodes.iter().map(|node| node.capacity).sum();
        let ratio = |node: &Node| f64::from(node.weight()) / weights / (node.capacity / capacity);
        self.nodes.iter().map(ratio).collect()
    }

    fn within(&self, band: f64) -> bool {
        self.ratios().iter().all(|ratio| (ratio - 1.0).abs() <= band)
    }
}

/// Four cores, two cores, and two slow ones that do the work of one: cores
/// alone do not tell.
const UNEQUAL: [(u32, f64); 3] = [(4, 1.0), (2, 1.0), (2, 0.5)];

fn every(seconds: u64) -> Settings {
    Settings { interval: Duration::from_secs(seconds), ..Settings::default() }
}

#[test]
fn weights_reach_capacity_shares_and_stay_there() {
    for (settings, load) in [
        (every(1), 0.65),
        (every(1), 0.85),
        (every(5), 0.65),
        (Settings { smoothing: 500, ..every(1) }, 0.6),
        (Settings { smoothing: 0, step: 0, ..every(5) }, 0.85),
    ] {
        for seed in 1..4 {
            let mut cluster = Cluster::new(&UNEQUAL, load, settings, seed);
            let reached = (0..200).find(|_| {
                cluster.round();
                cluster.within(0.1)
            });
            assert!(reached.is_some_and(|rounds| rounds <= 25), "{reached:?} {settings:?}");
            (0..10).for_each(|_| cluster.round());
            for round in 0..100 {
                cluster.round();
                let ratios = cluster.ratios();
                assert!(cluster.within(0.2), "{load} {seed} {round} {ratios:?} {settings:?}");
            }
        }
    }
}

#[test]
fn the_load_average_policy_settles_too() {
    let settings = Settings { window: PolicyWindow::OneMinute, ..every(2) };
    let mut cluster = Cluster::new(&[(4, 1.0), (2, 1.0), (1, 1.0)], 0.6, settings, 7);
    for _ in 0..200 {
        cluster.round();
    }
    for _ in 0..100 {
        cluster.round();
        let ratios = cluster.ratios();
        assert!(cluster.within(0.35), "{ratios:?}");
    }
}

#[test]
fn stale_figures_hold_the_weight_and_say_so() {
    let mut cluster = Cluster::new(&UNEQUAL, 0.6, every(1), 3);
    (0..30).for_each(|_| cluster.round());
    cluster.nodes[1].agent_up = false;
    (0..15).for_each(|_| cluster.round());
    let held = cluster.nodes[1].weight();
    for _ in 0..30 {
        cluster.round();
        assert_eq!(cluster.nodes[1].weight(), held);
        let decision = &cluster.decisions[1];
        assert!(decision.frozen && decision.why.contains("s old"), "{decision:?}");
        assert!(cluster.within(0.3), "{:?}", cluster.ratios());
    }
}

#[test]
fn a_host_that_swaps_goes_to_the_floor_step_by_step() {
    let mut cluster = Cluster::new(&UNEQUAL, 0.5, every(1), 4);
    (0..30).for_each(|_| cluster.round());
    for _ in 0..30 {
        cluster.nodes[0].pages += 1000;
        let before = cluster.nodes[0].weight();
        cluster.round();
        let after = cluster.nodes[0].weight();
        assert!(before.abs_diff(after) <= cluster.settings.step);
    }
    assert_eq!(cluster.nodes[0].weight(), cluster.settings.floor);
    assert!(cluster.decisions[0].why.contains("swaps"), "{:?}", cluster.decisions[0]);
}

#[test]
fn an_operators_drain_is_obeyed_at_once() {
    let mut cluster = Cluster::new(&UNEQUAL, 0.5, every(1), 5);
    (0..20).for_each(|_| cluster.round());
    cluster.nodes[0].configured = 0;
    cluster.round();
    assert_eq!(cluster.nodes[0].weight(), 0);
}

#[test]
fn without_any_figures_the_configured_weights_stand() {
    let mut cluster = Cluster::new(&UNEQUAL, 0.3, every(1), 6);
    cluster.nodes.iter_mut().for_each(|node| node.agent_up = false);
    (0..5).for_each(|_| cluster.round());
    assert!(cluster.nodes.iter().all(|node| node.dynamic.is_none()));
}

#[test]
fn a_server_without_figures_gets_its_configured_share_among_measured_ones() {
    let mut cluster = Cluster::new(&[(2, 1.0), (2, 1.0), (2, 1.0)], 0.4, every(1), 8);
    cluster.nodes[2].agent_up = false;
    (0..40).for_each(|_| cluster.round());
    assert!(cluster.within(0.2), "{:?}", cluster.ratios());
}

proptest! {
    // How close shares come is a matter of statistics: the same clusters each time.
    #![proptest_config(ProptestConfig {
        cases: 24,
        rng_seed: RngSeed::Fixed(2001),
        ..ProptestConfig::default()
    })]

    /// On any cluster and at any load: no weight moves by more than a step or
    /// leaves the range, and in the end shares are in proportion to capacity.
    #[test]
    fn any_cluster_converges(
        hosts in prop::collection::vec((1..9u32, 0.5..2.0f64), 2..5),
        load in 0.3..0.9f64,
        seed in 1..1000u64,
        interval in prop::sample::select(vec![1u64, 2, 5]),
    ) {
        let mut cluster = Cluster::new(&hosts, load, every(interval), seed);
        for _ in 0..60 {
            let before: Vec<u32> = cluster.nodes.iter().map(Node::weight).collect();
            cluster.round();
            for (node, before) in cluster.nodes.iter().zip(before) {
                prop_assert!(node.weight().abs_diff(before) <= cluster.settings.step);
                prop_assert!((cluster.settings.floor..=cluster.settings.ceiling)
                    .contains(&node.weight()));
            }
        }
        // A weight is a whole number: beside a host of 32 times its capacity a
        // small one is off by as much as rounding makes.
        let smallest = cluster.nodes.iter().map(Node::weight).min().expect("some nodes");
        let band = 0.25 + 1.0 / f64::from(smallest.max(1));
        prop_assert!(cluster.within(band), "{:?}", cluster.ratios());
    }
}
