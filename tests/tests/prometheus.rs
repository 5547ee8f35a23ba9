//! Prometheus reads the daemon's metrics, and its tools find nothing wrong with them
//! or with the rules that we ship.

use std::fs;

use lcms_tests::{
    agent::{self, Agent, PASSWORD, READ},
    backend::Backend,
    client::ask_many,
    exporter::Exporter,
    http::get_as,
    manager::Manager,
    prometheus::{self, Prometheus, promtool},
    root,
    serve::Serve,
};

#[test]
fn prometheus_reads_what_poll_shows() {
    if !prometheus::installed() {
        return;
    }
    let backend = Backend::start("rs1");
    let port = agent::free_port();
    let agent =
        Agent::start("lb1", &agent::director(port, "wlc", &[("rs1", backend.address(), 30)]));
    let manager = Manager::of_agent(&agent);
    manager.configure("[serve]\ninterval_ms = 200\n");
    let serve = Serve::start(&manager, &[]);
    ask_many(([127, 0, 0, 1], port).into(), 9, 1);

    let folder = root().join("examples/prometheus");
    let shipped = fs::read_to_string(folder.join("prometheus.yml")).expect("the sample");
    let config = shipped
        .replace("127.0.0.1:9780", &format!("127.0.0.1:{}", serve.port()))
        .replace(": 15s", ": 1s");
    let prometheus = Prometheus::start(&config, &folder);

    let server = "cluster=\"main\",service=\"web\",server=\"rs1\"";
    let connections = format!("lcms_server_connections_total{{{server}}} == 9");
    assert_eq!(prometheus.value(&connections), 9.0);
    let state = manager.run(&["poll", "--json"]).ok().json();
    let cluster = &state["clusters"][0];
    let row = &cluster["services"][0]["servers"][0];
    let host = &state["hosts"][0];
    for (query, told) in [
        ("up{job=\"lcms\"}".to_owned(), Some(1.0)),
        (connections, row["connections"].as_f64()),
        (format!("lcms_server_configured_weight{{{server}}}"), row["configured"].as_f64()),
        (format!("lcms_server_effective_weight{{{server}}}"), row["effective"].as_f64()),
        (format!("lcms_server_in_bytes_total{{{server}}}"), row["in_octets"].as_f64()),
        ("lcms_cluster_lease_term".to_owned(), cluster["lease"]["term"].as_f64()),
        (
            "lcms_host_memory_available_bytes".to_owned(),
            host["load"]["memory_available_octets"].as_f64(),
        ),
    ] {
        assert_eq!(Some(prometheus.value(&query)), told, "{query} and {state}");
    }
    let state = format!("lcms_server_state{{{server}}} == 1");
    let is = prometheus.query(&state).expect("it answers");
    assert_eq!(is[0]["metric"]["state"], row["oper_state"]);
    assert_eq!(is.len(), 1);
}

/// Through the exporter of the newer form, by what we export for it: once by community,
/// once by a user as the file's head says.
#[test]
fn prometheus_reads_the_mib_through_its_exporter() {
    if !prometheus::installed() {
        return;
    }
    let backend = Backend::start("rs1");
    let servers = [("rs1", backend.address(), 30)];
    let config = agent::director(agent::free_port(), "wlc", &servers);
    let user = "[[user]]\nname = \"ann\"\nauth_file = \"user.password\"\n";
    let agent = Agent::start("lb1", &format!("{config}{user}"));
    let manager = Manager::of_agent(&agent);
    let kind = ["export", "prometheus-snmp-exporter", "--format", "0.23"];
    let exported = manager.run(&kind).ok().out;
    let by_community = exported.replace("LCMS_COMMUNITY", READ);
    let by_user = exported.replace(
        "    version: 2\n    community: LCMS_COMMUNITY\n",
        &format!(
            "    version: 3\n    username: ann\n    security_level: authPriv\n    \
             password: {PASSWORD}\n    auth_protocol: SHA256\n    priv_protocol: AES\n    \
             priv_password: {PASSWORD}\n"
        ),
    );
    assert!(by_user.contains("ann"), "{exported}");

    let sample = root().join("examples/prometheus/snmp-exporter.yml");
    let sample = fs::read_to_string(sample).expect("the sample");
    let folder = tempfile::tempdir().expect("a temporary directory");
    for snmp in [by_community, by_user] {
        fs::write(folder.path().join("snmp.yml"), snmp).expect("the folder is ours");
        let Some(exporter) = Exporter::start_newer(folder.path()) else { return };
        let config = sample
            .replace("127.0.0.1:161\"", &format!("{}\"", agent.address()))
            .replace("127.0.0.1:9116", &format!("127.0.0.1:{}", exporter.port()));
        let config = format!("global:\n  scrape_interval: 1s\n{config}");
        let beside = tempfile::tempdir().expect("a temporary directory");
        let prometheus = Prometheus::start(&config, beside.path());
        let labels = "lcClusterName=\"main\",lcServiceName=\"web\",lcServerName=\"rs1\"";
        let instance = format!("instance=\"{}\"", agent.address());
        for (query, told) in [
            (format!("up{{job=\"lcms-snmp\",{instance}}} == 1"), 1.0),
            (format!("lcServerWeight{{{labels},{instance}}}"), 30.0),
            (format!("lcServerOperState{{{labels}}}"), 1.0),
            ("lcOverallStatus".to_owned(), 0.0),
        ] {
            assert_eq!(prometheus.value(&query), told, "{query}");
        }
    }
}

/// So that a receiver's metrics are there too.
const RECEIVER: &str = "[receiver]\nlisten = [\"127.0.0.1:0\"]\n[[receiver.community]]\n\
                        name = \"read\"\ncommunity_file = \"read.community\"\n\
                        [[receiver.pass_on]]\nname = \"page\"\ncommand = [\"/bin/true\"]\n";

#[test]
fn promtool_finds_nothing_wrong() {
    if !prometheus::installed() {
        return;
    }
    let agent = Agent::start("lb1", &agent::director(agent::free_port(), "wlc", &[]));
    let manager = Manager::of_agent(&agent);
    let state = tempfile::tempdir().expect("a temporary directory");
    let state_dir = state.path().display();
    manager.configure(&format!("[serve]\nstate_dir = \"{state_dir}\"\n{RECEIVER}"));
    let serve = Serve::start(&manager, &[]);
    serve.becomes("lcms_notifications_passed_total{rule=\"page\"}", |n| n == 0.0);
    serve.becomes("lcms_control_in_control{cluster=\"main\"}", |n| n == 1.0);
    let here = root();
    let checked = promtool(&here, &["check", "metrics"], &serve.metrics());
    assert_eq!(checked, (true, String::new()), "{}", serve.metrics());
    let open = get_as(serve.port(), "/metrics", "application/openmetrics-text").expect("metrics");
    assert!(open.ends_with("# EOF\n"));

    let folder = here.join("examples/prometheus");
    for check in [
        ["check", "rules", "lcms.rules.yml"],
        ["check", "config", "prometheus.yml"],
        ["check", "config", "snmp-exporter.yml"],
    ] {
        let (right, said) = promtool(&folder, &check, "");
        assert!(right, "{said}");
    }
    let story = tempfile::tempdir().expect("a temporary directory");
    fs::copy(folder.join("lcms.rules.yml"), story.path().join("lcms.rules.yml")).expect("ours");
    fs::write(story.path().join("test.yml"), include_str!("prometheus/rules_test.yml"))
        .expect("ours");
    let (right, said) = promtool(story.path(), &["test", "rules", "test.yml"], "");
    assert!(right, "{said}");
}
