//! What a director's figures mean, in sentences: a pure function.

use lcms_lb_core::model::{OperState, PolicyKind, Scheduler, WeightMode, WeightSource};

use super::{PolicyWhy, ServerWhy, ServiceWhy};
use crate::poll::Lease;

/// Says of each server why its weight is what it is.
pub(super) fn service(service: &mut ServiceWhy, lease: Option<&Lease>) {
    let ServiceWhy { scheduler, slow_start_ms, policy, servers, .. } = service;
    for server in servers {
        let mut because = vec![source(server, lease)];
        because.extend(slow_start(server, slow_start_ms.unwrap_or(0)));
        if server.source == Some(WeightSource::Dynamic) {
            because.extend(policy.as_ref().and_then(|policy| bounds(server, policy)));
        }
        if server.mode == Some(WeightMode::Dynamic) {
            because.extend(figures(server, policy.as_ref()));
        }
        because.extend(limits(server));
        because.extend(backup(server));
        because.extend(scheduler.and_then(|scheduler| beside_weights(scheduler, server)));
        server.because = because;
    }
}

/// What decides the effective weight.
fn source(server: &ServerWhy, lease: Option<&Lease>) -> String {
    let why = server.why.as_deref().unwrap_or("the director does not say why");
    match server.source {
        Some(WeightSource::Dynamic) => {
            let by = lease.map_or("a controller", |lease| &lease.owner);
            format!("dynamic, by {by}: {why}")
        }
        Some(WeightSource::AdminState) => {
            let active = server.active_connections.unwrap_or(0);
            let left = match (active, server.drain_deadline_ms.unwrap_or(0)) {
                (0, _) => "it has none".to_owned(),
                (active, 0) => format!("it has {active}, up to their end"),
                (active, deadline) => {
                    format!("it has {active}, cut {} after the drain began", time(deadline))
                }
            };
            format!("{why}: no new connections; {left}")
        }
        Some(WeightSource::Health) => match server.ejection_left_ms.filter(|left| *left > 0) {
            Some(left) => format!("{why}; for another {}", time(left)),
            None => why.to_owned(),
        },
        Some(WeightSource::Configured) if server.configured == Some(0) => {
            "configured as 0: a drain".to_owned()
        }
        Some(WeightSource::Configured) if server.mode == Some(WeightMode::Dynamic) => {
            let missing = match lease {
                None => "no controller holds the cluster's lease".to_owned(),
                Some(lease) => format!("{} has written none", lease.owner),
            };
            format!("configured; there is no dynamic weight: {missing}")
        }
        Some(WeightSource::Configured) => {
            "configured; its weight mode is static, so no controller changes it".to_owned()
        }
        None => why.to_owned(),
    }
}

fn slow_start(server: &ServerWhy, over: u32) -> Option<String> {
    let full = match server.source? {
        WeightSource::Dynamic => server.dynamic,
        _ => server.configured,
    }?;
    let is_on = server.state == Some(OperState::SlowStart);
    is_on.then(|| format!("slow start: it grows to {full} over {}", time(over)))
}

/// Where a dynamic weight stands between the policy's bounds.
fn bounds(server: &ServerWhy, policy: &PolicyWhy) -> Option<String> {
    let dynamic = server.dynamic?;
    let PolicyWhy { name, floor, ceiling, .. } = policy;
    if dynamic == *ceiling {
        Some(format!("at the ceiling of {ceiling} that policy {name} sets"))
    } else if dynamic == *floor {
        Some(format!("at the floor of {floor} that policy {name} sets"))
    } else if !(*floor..=*ceiling).contains(&dynamic) {
        Some(format!("outside of {floor} to {ceiling}, which policy {name} sets"))
    } else {
        None
    }
}

/// How good the figures are that a controller goes by.
fn figures(server: &ServerWhy, policy: Option<&PolicyWhy>) -> Option<String> {
    let Some(policy) = policy.filter(|policy| policy.kind != PolicyKind::Static) else {
        return Some("no policy asks a controller to change it".to_owned());
    };
    let Some(host) = &server.host else {
        return Some("no host is named for it, so no load figures apply".to_owned());
    };
    let Some(age) = server.report_age_ms else {
        return Some(format!("no controller has reported load figures of {host}"));
    };
    let limit = policy.stale_limit_ms;
    match u64::from(age) > limit {
        true => Some(format!(
            "load figures of {host} are {} old, and from {} on they no longer count: the weight \
             stays",
            time(age),
            time(u32::try_from(limit).unwrap_or(u32::MAX))
        )),
        false => Some(format!("load figures of {host} are {} old", time(age))),
    }
}

fn limits(server: &ServerWhy) -> Option<String> {
    let active = server.active_connections?;
    let at = |limit: Option<u32>| limit.filter(|limit| *limit > 0 && active >= *limit);
    if let Some(limit) = at(server.connection_limit) {
        return Some(format!("at its connection limit of {limit}: it gets none at present"));
    }
    let limit = at(server.learned_limit)?;
    Some(format!("at the limit of {limit} that the director learned"))
}

fn backup(server: &ServerWhy) -> Option<String> {
    let text = "a backup: it gets connections while the others cannot, or are below the quorum";
    (server.backup? && server.effective? > 0).then(|| text.to_owned())
}

/// Where the scheduler goes by something else.
fn beside_weights(scheduler: Scheduler, server: &ServerWhy) -> Option<String> {
    if server.effective? == 0 {
        return None;
    }
    match (scheduler, server.capacity) {
        (Scheduler::Rr | Scheduler::Lc, _) => {
            Some(format!("{scheduler} asks only whether a weight is above 0"))
        }
        (Scheduler::Freest, Some(capacity)) => {
            Some(format!("freest goes by its measured capacity, {capacity:.1} connections/s"))
        }
        (Scheduler::Freest, None) => {
            Some("freest goes by weights until it has measured capacities".to_owned())
        }
        _ => None,
    }
}

fn time(milliseconds: u32) -> String {
    let seconds = f64::from(milliseconds) / 1e3;
    match milliseconds.is_multiple_of(1_000) {
        true => format!("{seconds:.0} s"),
        false => format!("{seconds:.1} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease() -> Lease {
        Lease { owner: "ctl@m1".to_owned(), term: 3, seconds: 8 }
    }

    fn policy() -> PolicyWhy {
        PolicyWhy {
            name: "usual".to_owned(),
            kind: PolicyKind::Headroom,
            floor: 1,
            ceiling: 100,
            step: 20,
            hysteresis: 0,
            smoothing_permille: 750,
            stale_limit_ms: 10_000,
        }
    }

    fn server() -> ServerWhy {
        ServerWhy {
            configured: Some(10),
            effective: Some(10),
            source: Some(WeightSource::Configured),
            mode: Some(WeightMode::Static),
            state: Some(OperState::Up),
            active_connections: Some(0),
            ..ServerWhy::default()
        }
    }

    fn said(server: ServerWhy, lease: Option<&Lease>) -> Vec<String> {
        let mut of = ServiceWhy {
            name: "web".to_owned(),
            scheduler: Some(Scheduler::Wrr),
            slow_start_ms: Some(30_000),
            policy: Some(policy()),
            servers: vec![server],
        };
        service(&mut of, lease);
        of.servers.remove(0).because
    }

    #[test]
    fn a_dynamic_weight_is_explained_by_its_controller_its_bounds_and_its_figures() {
        let dynamic = ServerWhy {
            dynamic: Some(100),
            effective: Some(100),
            source: Some(WeightSource::Dynamic),
            mode: Some(WeightMode::Dynamic),
            why: Some("can complete 32/s".to_owned()),
            host: Some("rs1".to_owned()),
            report_age_ms: Some(1_200),
            ..server()
        };
        let expected = [
            "dynamic, by ctl@m1: can complete 32/s",
            "at the ceiling of 100 that policy usual sets",
            "load figures of rs1 are 1.2 s old",
        ];
        assert_eq!(said(dynamic.clone(), Some(&lease())), expected);
        let old = ServerWhy { report_age_ms: Some(12_000), dynamic: Some(40), ..dynamic.clone() };
        let expected = "load figures of rs1 are 12 s old, and from 10 s on they no longer count: \
                        the weight stays";
        assert_eq!(said(old, Some(&lease()))[1], expected);
        let floor = ServerWhy { dynamic: Some(1), ..dynamic };
        assert_eq!(said(floor, None)[1], "at the floor of 1 that policy usual sets");
    }

    #[test]
    fn without_a_dynamic_weight_it_is_said_what_is_missing() {
        let dynamic = ServerWhy { mode: Some(WeightMode::Dynamic), ..server() };
        let expected = [
            "configured; there is no dynamic weight: no controller holds the cluster's lease",
            "no host is named for it, so no load figures apply",
        ];
        assert_eq!(said(dynamic.clone(), None), expected);
        let expected = "configured; there is no dynamic weight: ctl@m1 has written none";
        assert_eq!(said(dynamic, Some(&lease()))[0], expected);
        let expected = ["configured; its weight mode is static, so no controller changes it"];
        assert_eq!(said(server(), Some(&lease())), expected);
    }

    #[test]
    fn drains_ejections_slow_starts_and_limits_have_their_own_words() {
        let drained = ServerWhy {
            effective: Some(0),
            source: Some(WeightSource::AdminState),
            why: Some("the server is in drain".to_owned()),
            active_connections: Some(3),
            drain_deadline_ms: Some(30_000),
            ..server()
        };
        let expected =
            "the server is in drain: no new connections; it has 3, cut 30 s after the drain began";
        assert_eq!(said(drained, None), [expected]);
        let ejected = ServerWhy {
            effective: Some(0),
            source: Some(WeightSource::Health),
            why: Some("ejected: connection refused".to_owned()),
            ejection_left_ms: Some(4_200),
            ..server()
        };
        assert_eq!(said(ejected, None), ["ejected: connection refused; for another 4.2 s"]);
        let starting =
            ServerWhy { effective: Some(2), state: Some(OperState::SlowStart), ..server() };
        assert_eq!(said(starting, None)[1], "slow start: it grows to 10 over 30 s");
        let full = ServerWhy { active_connections: Some(7), connection_limit: Some(7), ..server() };
        assert_eq!(said(full, None)[1], "at its connection limit of 7: it gets none at present");
    }
}
