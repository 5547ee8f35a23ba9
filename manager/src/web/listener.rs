//! HTTP with bounds: what clients do costs them and nobody else.
//!
//! A connection is one request and has ten seconds for all of it. Where there are
//! too many, the oldest goes: those that are slow are old, and a scrape is over in
//! milliseconds.

use std::{collections::VecDeque, future::Future, io, net::SocketAddr, pin::pin, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};

/// All that a connection may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections at once.
const CONNECTIONS: usize = 64;
/// Octets of a request's head.
const HEAD: usize = 8192;
/// Headers of a request.
const HEADERS: usize = 64;
/// How long to rest where the system gives no connection: it has no files left.
const REST: Duration = Duration::from_millis(100);

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
}

impl Listener {
    /// Takes the address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { socket: TcpListener::bind(address).await? })
    }

    /// The address it has.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop`; what is under way then is cut.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut connections = JoinSet::new();
        let mut oldest_first: VecDeque<AbortHandle> = VecDeque::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                () = &mut stop => return,
            };
            match accepted {
                Ok((stream, _)) => {
                    oldest_first.retain(|connection| !connection.is_finished());
                    if oldest_first.len() >= CONNECTIONS
                        && let Some(oldest) = oldest_first.pop_front()
                    {
                        oldest.abort();
                    }
                    oldest_first.push_back(connections.spawn(answer(stream, router.clone())));
                }
                Err(error) => {
                    tracing::warn!(%error, "accepting HTTP connections");
                    sleep(REST).await;
                }
            }
        }
    }
}

async fn answer(stream: TcpStream, router: Router) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false)
        .max_header_size(HEAD)
        .max_headers(HEADERS);
    let served = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    match timeout(PATIENCE, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "an HTTP connection"),
        Err(_) => tracing::debug!("an HTTP connection took too long"),
    }
}
