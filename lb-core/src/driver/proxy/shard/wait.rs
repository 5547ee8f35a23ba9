//! Waiting for a server while all are full.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::super::connection::Stage;
use super::super::expiry::Patience;
use super::super::line::Outcome;
use super::super::queue::{Queue, Turn, TurnState, Waiter};
use super::super::slots::Key;
use super::Shard;

impl Shard {
    /// No server takes the connection now: it waits, or is sent away. True if
    /// it is to look once more at once.
    pub(super) fn wait(&mut self, key: Key) -> bool {
        let Some(connection) = self.connections.get_mut(key) else { return false };
        let Some(service) = self.services.get(&connection.service) else { return false };
        let route = service.route.clone();
        let tried = connection.tried();
        if route.settings.queue_limit == 0 || !route.has_hope(tried) {
            let counter = match tried {
                [] => &route.live.refused,
                _ => &route.live.failed,
            };
            counter.fetch_add(1, Relaxed);
            self.abort(key);
            return false;
        }
        let waiter = Waiter { shard: self.caller.clone(), key };
        let turn = match connection.turn() {
            Some(turn @ Turn { state: TurnState::Called, number }) => {
                let outcome = match tried {
                    [] => Outcome::None(waiter),
                    _ => Outcome::NoneOfMine(waiter),
                };
                route.queue.settle(number, outcome);
                Some(Turn { state: TurnState::Waits, ..turn })
            }
            before => route.queue.enter(route.settings.queue_limit, before, waiter),
        };
        let Some(turn) = turn else {
            route.live.refused.fetch_add(1, Relaxed);
            route.live.queue_overflows.fetch_add(1, Relaxed);
            self.abort(key);
            return false;
        };
        let first = connection.turn().is_none();
        connection.prelude.get_or_insert_default().turn = Some(turn);
        connection.stage = Stage::Waiting;
        if first {
            self.expect(key, Patience::Turn, route.settings.queue_timeout);
        }
        if turn.state == TurnState::Called {
            return true;
        }
        self.watch_waiting(key);
        false
    }

    /// It is the turn of a connection that waits.
    pub(super) fn called(&mut self, queue: &Arc<Queue>, key: Key, number: u64) {
        let waits = Turn { number, state: TurnState::Waits };
        let connection = self.connections.get_mut(key);
        match connection.filter(|one| one.stage == Stage::Waiting && one.turn() == Some(waits)) {
            Some(connection) => {
                let turn = Turn { number, state: TurnState::Called };
                connection.prelude.get_or_insert_default().turn = Some(turn);
                self.connect(key);
            }
            // It is gone: the next may have its turn.
            None => queue.settle(number, Outcome::Gone),
        }
    }

    /// A client that waits said something, or is gone. One that has ended
    /// without a word wants nothing any more; one that asked first may still
    /// wait for its answer.
    pub(super) fn watch_waiting(&mut self, key: Key) {
        let Some(connection) = self.connections.get(key) else { return };
        if !connection.client_side.over {
            return;
        }
        match recv(&connection.client, &mut [0; 1], RecvFlags::PEEK) {
            Ok((_, 1..)) | Err(Errno::AGAIN | Errno::INTR) => {}
            Ok(_) | Err(_) => self.abort(key),
        }
    }

    /// No server had a seat in time.
    pub(super) fn waited_in_vain(&mut self, key: Key) {
        let service = self.connections.get(key).map(|connection| connection.service);
        if let Some(service) = service.and_then(|service| self.services.get(&service)) {
            let live = &service.route.live;
            live.refused.fetch_add(1, Relaxed);
            live.queue_timeouts.fetch_add(1, Relaxed);
        }
        self.abort(key);
    }
}
