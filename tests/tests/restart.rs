//! A director that is killed comes back as it was.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use lcms_tests::{
    agent::{Agent, director, free_port},
    backend::Backend,
    client::ask_many,
    eventually,
};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn after_a_kill_weights_and_states_are_those_that_were_acknowledged() {
    let backends = ["a", "b", "c"].map(Backend::start);
    let [a, b, c] = &backends;
    let rows = [("a", a.address(), 1), ("b", b.address(), 1), ("c", c.address(), 1)];
    let port = free_port();
    let mut agent = Agent::start("lb1", &director(port, "wrr", &rows));
    let service = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    eventually("all serve", SOON, || match ask_many(service, 6, 1) {
        (servers, 0) if servers.len() == 3 => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let row = |column: &str, server: &str| format!("{column}.\"main\".\"web\".\"{server}\"");
    let set = [
        [row("lcServerWeight", "a"), "u".into(), "3".into()],
        [row("lcServerAdminState", "b"), "i".into(), "2".into()],
        [row("lcServerAdminState", "c"), "i".into(), "1".into()],
    ]
    .concat();
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    for round in 0..5 {
        // What was acknowledged just before is there as well.
        let weight = (round + 3).to_string();
        let set: Vec<&str> =
            set.iter().map(|one| if *one == "3" { &weight } else { *one }).collect();
        let Some(said) = agent.snmpset(&set) else { return };
        assert_eq!(said.code, Some(0), "{}", said.errors);
        agent.kill_and_restart();
        let (servers, errors) = ask_many(service, 40 * (round + 4), 1);
        assert_eq!((errors, servers.get("b")), (0, None), "{servers:?}");
        let (heavy, light) = (servers["a"], servers["c"]);
        let share = 40 * (round + 3);
        assert!(heavy.abs_diff(share) <= share / 10, "{heavy} to {light} in round {round}");
    }
}
