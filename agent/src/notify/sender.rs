//! The thread that sends notifications and hears of informs. Whoever notifies
//! hands over and goes on; what does not fit its queue is dropped and counted, so
//! that no receiver can hold anybody up.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket as StdSocket},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use lcms_snmp::notification::Notification;
use tokio::{
    net::UdpSocket,
    sync::mpsc::{self, Receiver, error::TrySendError},
    time::{MissedTickBehavior, interval, sleep_until},
};

use super::{Client, Couriers, Datagram, Originator, Own};
use crate::{engine::Statistics, state::Publisher, tables};

/// Notifications that may wait for the thread.
const QUEUE: usize = 256;

/// How often it is looked whether those who are told over TLS still are to be.
const LOOK: Duration = Duration::from_secs(1);

/// A whole UDP datagram.
const DATAGRAM: usize = 65_535;

/// The way to the thread, which ends with the last of them.
#[derive(Clone, Debug)]
pub struct Sender {
    queue: mpsc::Sender<Arc<Notification>>,
    statistics: Arc<Statistics>,
}

impl Sender {
    /// Starts the thread. Without a certificate of our own nobody is told over TLS.
    pub fn start(
        publisher: Arc<Publisher>,
        seed: [u8; 16],
        client: Option<Client>,
    ) -> io::Result<(Self, JoinHandle<()>)> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let statistics = Arc::clone(&publisher.current().node.statistics);
        let originator = Originator::new(seed, Arc::clone(&statistics));
        let couriers = Couriers::new(client, Arc::clone(&statistics));
        let thread = thread::Builder::new().name("notify".to_owned()).spawn(move || {
            runtime.block_on(run(&publisher, waiting, originator, couriers));
        })?;
        Ok((Self { queue, statistics }, thread))
    }

    /// Hands a notification over.
    pub fn send(&self, notification: &Arc<Notification>) {
        match self.queue.try_send(Arc::clone(notification)) {
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full(_)) => {
                self.statistics.notifications_dropped.count();
                let dropped = self.statistics.notifications_dropped.value();
                tracing::warn!(dropped, "notifications come faster than they can be sent");
            }
        }
    }
}

async fn run(
    publisher: &Publisher,
    mut waiting: Receiver<Arc<Notification>>,
    mut originator: Originator,
    mut couriers: Couriers,
) {
    let mut sockets = Sockets::default();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let due = originator.poll_timeout();
        let out = tokio::select! {
            notification = waiting.recv() => {
                let Some(notification) = notification else { return };
                let security = Arc::clone(&publisher.current().security);
                let own = Own { object_id: tables::object_id(), address: &own_address };
                couriers.notify(&notification, &security);
                originator.notify(Instant::now(), &notification, &security, &own)
            }
            (datagram, from) = arrived(&mut sockets.v4) => {
                originator.on_datagram(Instant::now(), from, datagram)
            }
            (datagram, from) = arrived(&mut sockets.v6) => {
                originator.on_datagram(Instant::now(), from, datagram)
            }
            // Whoever is not to be told any more is let go of also while nothing is told.
            _ = look.tick(), if couriers.are_some() => {
                couriers.follow(&publisher.current().security);
                Vec::new()
            }
            () = sleep_until(due.unwrap_or_else(Instant::now).into()), if due.is_some() => {
                originator.on_timeout(Instant::now())
            }
        };
        out.iter().for_each(|datagram| sockets.send(datagram));
    }
}

/// One socket for each kind of address, made when the first receiver has one.
#[derive(Default)]
struct Sockets {
    v4: Option<Socket>,
    v6: Option<Socket>,
}

/// A socket by its two ends: what is sent goes at once or not at all, so that a
/// receiver whose neighbourhood does not answer keeps nobody else waiting.
struct Socket {
    sends: StdSocket,
    hears: UdpSocket,
    heard: Vec<u8>,
}

impl Socket {
    fn bind(any: SocketAddr) -> io::Result<Self> {
        let sends = StdSocket::bind(any)?;
        sends.set_nonblocking(true)?;
        let hears = UdpSocket::from_std(sends.try_clone()?)?;
        Ok(Self { sends, hears, heard: Vec::with_capacity(DATAGRAM) })
    }
}

impl Sockets {
    /// Sends what can be sent at once; the rest is lost, as datagrams may be.
    fn send(&mut self, Datagram { to, octets }: &Datagram) {
        let (place, any) = match to {
            SocketAddr::V4(_) => (&mut self.v4, SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))),
            SocketAddr::V6(_) => (&mut self.v6, SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))),
        };
        if place.is_none() {
            match Socket::bind(any) {
                Ok(socket) => *place = Some(socket),
                Err(error) => tracing::warn!(%error, "no socket to send notifications from"),
            }
        }
        let Some(socket) = place else { return };
        if let Err(error) = socket.sends.send_to(octets, to) {
            tracing::debug!(%error, %to, "a notification was not sent");
        }
    }
}

/// The next datagram; never, where there is no socket. An error is that of an
/// earlier packet, and of no interest.
async fn arrived(socket: &mut Option<Socket>) -> (&[u8], SocketAddr) {
    let Some(Socket { hears, heard, .. }) = socket else { return std::future::pending().await };
    loop {
        heard.clear();
        match hears.recv_buf_from(heard).await {
            Ok((_, from)) => return (heard, from),
            Err(error) => tracing::debug!(%error, "while waiting for acknowledgements"),
        }
    }
}

/// The address from which this host would send to another: nothing is sent to
/// find that out.
fn own_address(to: SocketAddr) -> [u8; 4] {
    let found = || {
        let socket = StdSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
        socket.connect(to).ok()?;
        match socket.local_addr().ok()? {
            SocketAddr::V4(own) => Some(own.ip().octets()),
            SocketAddr::V6(_) => None,
        }
    };
    found().unwrap_or_default()
}
