//! Emulated computers as the servers of a service, and who directs it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    agent::{Agent, director, free_port},
    computer::{Computer, Make},
    eventually,
    haproxy::Haproxy,
    jobs,
    manager::Manager,
    process::Process,
};

/// Computers of these makes, and directors before them.
pub struct Fleet {
    computers: Vec<Computer>,
    directors: Vec<SocketAddr>,
    kept: Kept,
}

/// What ends with the fleet.
enum Kept {
    Ours { controllers: Vec<(Process, Manager)>, _agents: Vec<Agent> },
    Haproxy { _directors: Vec<Haproxy>, _folders: Vec<TempDir> },
}

impl Fleet {
    /// So many directors with the scheduler freest and equal weights, an agent
    /// on each computer, and for each director a controller that polls them at
    /// this interval. `rest` is what else the service has.
    #[track_caller]
    pub fn freest(makes: &[Make], directors: usize, poll: Duration, rest: &str) -> Self {
        let name = |at: usize| format!("rs{}", at + 1);
        let hosts: Vec<Agent> = (0..makes.len()).map(|at| Agent::start(&name(at), "")).collect();
        let computers: Vec<Computer> = (0u8..)
            .zip(makes.iter().zip(&hosts))
            .map(|(number, (make, host))| {
                Computer::start(number, *make, &host.folder().join("proc"))
            })
            .collect();
        let mut rows = rest.to_owned();
        for (at, computer) in computers.iter().enumerate() {
            let (name, address) = (name(at), computer.address());
            rows += &format!(
                "[[cluster.service.server]]\nname = \"{name}\"\nhost = \"{name}\"\n\
                 address = \"{}\"\nport = {}\nweight = 10\n",
                address.ip(),
                address.port()
            );
        }
        (0..makes.len()).for_each(|at| rows += &format!("[[host]]\nname = \"{}\"\n", name(at)));
        let mut agents = hosts;
        let (mut controllers, mut addresses) = (Vec::new(), Vec::new());
        for _ in 0..directors {
            let port = free_port();
            let directs = Agent::start("lb1", &(director(port, "freest", &[]) + &rows));
            let hosts = agents.iter().take(makes.len());
            let nodes: Vec<_> = std::iter::once(&directs)
                .chain(hosts)
                .map(|agent| (agent.name(), agent.address()))
                .collect();
            let manager = Manager::of(&nodes);
            let interval = format!("{}", poll.as_secs_f64());
            controllers.push((manager.start(&["auto", "--interval", &interval]), manager));
            addresses.push(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
            agents.push(directs);
        }
        let kept = Kept::Ours { controllers, _agents: agents };
        Self { computers, directors: addresses, kept }.once_it_works()
    }

    /// So many HAProxies with `leastconn` and these weights, or `None` where it
    /// is not installed.
    #[track_caller]
    pub fn leastconn(makes: &[Make], directors: usize, weights: &[u32]) -> Option<Self> {
        let folders: Vec<TempDir> =
            makes.iter().map(|_| tempfile::tempdir().expect("a temporary directory")).collect();
        let computers: Vec<Computer> = (0u8..)
            .zip(makes.iter().zip(&folders))
            .map(|(number, (make, folder))| Computer::start(number, *make, folder.path()))
            .collect();
        let servers: Vec<(SocketAddr, u32)> =
            computers.iter().map(Computer::address).zip(weights.iter().copied()).collect();
        let balanced: Option<Vec<Haproxy>> =
            (0..directors).map(|_| Haproxy::balance("leastconn", &servers)).collect();
        let balanced = balanced?;
        let directors = balanced.iter().map(Haproxy::address).collect();
        let kept = Kept::Haproxy { _directors: balanced, _folders: folders };
        Some(Self { computers, directors, kept }.once_it_works())
    }

    #[track_caller]
    fn once_it_works(self) -> Self {
        let job = jobs::Job { at: Duration::ZERO, length: Duration::from_micros(1), director: 0 };
        for director in &self.directors {
            eventually("the director gives jobs away", Duration::from_secs(20), || {
                let begin = std::time::Instant::now();
                let answers = jobs::send(&[*director], &[job], begin, Duration::from_secs(1));
                answers.iter().all(|one| one.by.is_some()).then_some(()).ok_or(String::new())
            });
        }
        self
    }

    /// Where jobs go.
    pub fn directors(&self) -> &[SocketAddr] {
        &self.directors
    }

    /// Jobs that each computer took so far.
    pub fn jobs(&self) -> Vec<u64> {
        self.computers.iter().map(Computer::jobs).collect()
    }

    /// What our first director has learned of its servers: for each column its
    /// values, in the order of the servers. Nothing of HAProxy.
    #[track_caller]
    pub fn learned(&self) -> Vec<(&'static str, Vec<u32>)> {
        let Kept::Ours { controllers, .. } = &self.kept else { return Vec::new() };
        let columns = ["lcServerCapacity", "lcServerOtherTasks", "lcServerLearnedLimit"];
        let values = |column| {
            let said = controllers.iter().take(1).map(|(_, manager)| {
                let said = manager.run(&["walk", "lb1", column]);
                // Each ends with its unit, if it has one.
                let number = |line: &str| line.split(' ').rev().find_map(|word| word.parse().ok());
                said.out.lines().filter_map(number).collect()
            });
            said.flat_map(|values: Vec<u32>| values).collect()
        };
        columns.map(|column| (column, values(column))).to_vec()
    }

    /// Stops it, and says how late each answer of the computers was.
    pub fn stop(self) -> Vec<Duration> {
        self.computers.into_iter().flat_map(Computer::stop).collect()
    }
}
