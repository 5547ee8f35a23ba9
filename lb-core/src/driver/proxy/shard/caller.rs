//! The way to a shard, for whoever has something for it.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::super::queue::Queue;
use super::super::slots::Key;
use super::Order;

/// Sends orders, and rings so that they are read at once.
pub(in super::super) struct Caller {
    orders: Sender<Order>,
    bell: Arc<OwnedFd>,
}

impl Caller {
    pub(super) fn new(orders: Sender<Order>, bell: Arc<OwnedFd>) -> Self {
        Self { orders, bell }
    }

    /// It is the turn of a connection that waits.
    pub(in super::super) fn call(&self, queue: Arc<Queue>, key: Key, number: u64) {
        self.send(Order::Call(queue, key, number));
    }

    /// There may be room again.
    pub(in super::super) fn feed(&self) {
        self.send(Order::Feed);
    }

    pub(super) fn send(&self, order: Order) {
        // A shard that is gone needs no orders.
        if self.orders.send(order).is_ok() {
            let _ = rustix::io::write(&*self.bell, &1u64.to_ne_bytes());
        }
    }
}
