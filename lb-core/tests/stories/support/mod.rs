//! The parties of the stories.

pub mod backend;
pub mod client;
pub mod dark;
pub mod director;
pub mod peer;
pub mod speaker;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long anything in a story may take before the story has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An address that nobody else uses: a loopback address of this process, one
/// for each call, with a port that was free. So nothing can take the port
/// between this call and its use, and tests run side by side.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    let ip = Ipv4Addr::from(0x7f00_0000 | (process % 0xfff + 1) << 12 | (number % 0xffe + 1));
    free_on(ip.into())
}

/// An address on this very IP address, with a port that was free.
pub fn free_on(ip: IpAddr) -> SocketAddr {
    let listener = TcpListener::bind((ip, 0)).expect("loopback has free ports");
    listener.local_addr().expect("a bound socket has an address")
}

/// Waits for what nobody announces, such as a counter.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::yield_now();
    }
}
