//! Clients that ask one question after the other until they are told to stop.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use crate::client::ask;

/// A load on a service, a connection for each question.
pub struct Load {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Told>>,
}

/// What the clients of a load were told.
#[derive(Debug, Default)]
pub struct Told {
    /// Answers by server.
    pub servers: BTreeMap<String, usize>,
    /// Questions without an answer, each with why.
    pub failures: Vec<String>,
}

impl Load {
    /// So many clients at a time.
    pub fn start(service: SocketAddr, clients: usize) -> Self {
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let clients = (0..clients)
            .map(|_| {
                let (stop, asked) = (stop.clone(), asked.clone());
                thread::spawn(move || {
                    let mut told = Told::default();
                    while !stop.load(Ordering::Relaxed) {
                        match ask(service) {
                            Ok(server) => *told.servers.entry(server).or_default() += 1,
                            Err(error) => told.failures.push(error.to_string()),
                        }
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                    told
                })
            })
            .collect();
        Self { stop, asked, clients }
    }

    /// How many questions there were so far.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Stops, and tells what they were told.
    pub fn stop(self) -> Told {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Told::default();
        for client in self.clients {
            let told = client.join().expect("a client does not panic");
            for (server, answers) in told.servers {
                *all.servers.entry(server).or_default() += answers;
            }
            all.failures.extend(told.failures);
        }
        all
    }
}
