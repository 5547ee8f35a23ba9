//! Sources that connect too often.

use std::net::IpAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::super::route::Route;

/// Whether the source of a connection has connected too often. It is then
/// counted as refused. Who asks for no limit pays nothing, not even to find the
/// source.
pub(super) fn overruns(
    route: &Route,
    source: impl FnOnce() -> Option<IpAddr>,
    now: Instant,
) -> bool {
    let Some(rate) = route.settings.source_rate else { return false };
    let Some(source) = source() else { return false };
    if route.live.buckets().admit(source, route.live.age(now), rate) {
        return false;
    }
    route.live.refused.fetch_add(1, Relaxed);
    route.live.rate_overruns.fetch_add(1, Relaxed);
    true
}
