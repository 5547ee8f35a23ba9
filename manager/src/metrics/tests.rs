//! What is written of a made-up state.

use std::sync::Arc;

use tokio::sync::watch;

use super::*;
use crate::{
    poll::{ClusterState, tests::state},
    serve::{NodeRecord, Polled},
};

fn text(state: ClusterState, form: Form) -> String {
    let nodes = vec![NodeRecord { polls: 7, ..NodeRecord::default() }; state.nodes.len()];
    let untold = vec!["other".parse().unwrap()];
    let polled = Arc::new(Polled { state, nodes, untold, complete: true });
    let published = Published {
        polled: watch::channel(polled).1,
        control: watch::channel(Arc::default()).1,
        notifications: Arc::default(),
    };
    let registry = registry(published, Client::start().unwrap());
    form.encode(&registry).unwrap()
}

#[tokio::test]
async fn figures_are_the_states_own() {
    let text = text(state(), Form::Prometheus);
    for line in [
        "lcms_node_up{node=\"rs2\"} 0",
        "lcms_node_up{node=\"lb1\"} 1",
        "lcms_node_polls_total{node=\"lb1\"} 7",
        "lcms_host_cpu_busy_ratio{host=\"rs1\"} 0.63",
        "lcms_host_sample_age_seconds{host=\"rs1\"} 0.25",
        "lcms_host_status{host=\"rs3\"} 2.0",
        "lcms_cluster_status{cluster=\"main\"} 1.0",
        "lcms_cluster_status{cluster=\"other\"} 3.0",
        "lcms_cluster_lease_remaining_seconds{cluster=\"main\"} 12",
        "lcms_cluster_lease_info{cluster=\"main\",owner=\"auto@mgmt\"} 1",
        "lcms_director_state{cluster=\"main\",host=\"lb2\",state=\"backup\"} 1",
        "lcms_service_connections_total{cluster=\"main\",service=\"web\"} 2200",
        "lcms_server_effective_weight{cluster=\"main\",service=\"web\",server=\"rs1\"} 57",
        "lcms_server_observed_ratio{cluster=\"main\",service=\"web\",server=\"rs2\"} 0.25",
        "lcms_server_state{cluster=\"main\",service=\"web\",server=\"rs3\",state=\"down\"} 1",
        "lcms_server_state{cluster=\"main\",service=\"web\",server=\"rs3\",state=\"up\"} 0",
        "lcms_server_status{cluster=\"main\",service=\"web\",server=\"rs3\"} 2.0",
    ] {
        assert!(text.lines().any(|other| other == line), "no {line} in\n{text}");
    }
    // Only rs1 has a controller's weight; nothing is controlled here.
    assert_eq!(text.matches("\nlcms_server_dynamic_weight{").count(), 1);
    assert!(!text.contains("lcms_control_"));
}

#[tokio::test]
async fn what_an_agent_says_stays_in_its_label() {
    let mut state = state();
    let owner = "a\"} 1\nevil{x=\"\\";
    state.clusters[0].lease.as_mut().unwrap().owner = owner.to_owned();
    for form in [Form::Prometheus, Form::OpenMetrics] {
        let text = text(state.clone(), form);
        assert!(!text.lines().any(|line| line.starts_with("evil")), "{text}");
        assert!(text.contains(r#"owner="a\"} 1\nevil{x=\"\\"} 1"#), "{text}");
    }
}

#[tokio::test]
async fn openmetrics_is_for_whoever_asks() {
    let prometheus = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5,*/*;q=0.1";
    assert_eq!(Form::accepted(prometheus), Form::OpenMetrics);
    for plain in [
        "",
        "*/*",
        "application/openmetrics-text;q=0, text/plain",
        "application/openmetrics-text; version=1.0.0; Q=0.000",
        "application/openmetrics-text;q=0.2,text/plain;q=0.5",
        "application/openmetrics-text;q=much",
    ] {
        assert_eq!(Form::accepted(plain), Form::Prometheus, "{plain}");
    }
    for open in
        ["Application/OpenMetrics-Text", "text/plain;q=0, application/openmetrics-text;q=0.1"]
    {
        assert_eq!(Form::accepted(open), Form::OpenMetrics, "{open}");
    }
    let text = text(state(), Form::OpenMetrics);
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(text.contains("# TYPE lcms_service_connections counter\n"), "{text}");
}
