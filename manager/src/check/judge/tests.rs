use super::*;

const AGENT: Subject = Subject::Agent;
const HOST: Subject = Subject::Host;
const CLUSTER: Subject = Subject::Cluster;
const DIRECTOR: Subject = Subject::Director;
const SERVICE: Subject = Subject::Service;
const SERVER: Subject = Subject::Server;
const WEIGHT: Subject = Subject::Weight;
const LEASE: Subject = Subject::Lease;

fn judged(
    subject: Subject,
    path: &str,
    warning: &[&str],
    critical: &[&str],
) -> Result<Verdict, CheckError> {
    let ranges = |all: &[&str]| all.iter().map(|text| text.parse().unwrap()).collect();
    let thresholds = Thresholds { warning: ranges(warning), critical: ranges(critical) };
    judge(&crate::poll::tests::state(), subject, &path.parse().unwrap(), &thresholds)
}

/// Subject and path, the line of output, and the exit code that follows from
/// its second word.
#[test]
fn outputs() {
    for (subject, path, output) in [
        (AGENT, "lb1", "AGENT OK - lb1 answers in 0.4 ms | 'time'=0.00042s;;;0"),
        (
            HOST,
            "rs1",
            "HOST OK - rs1 is up, CPU 63.0 %, load 0.61, memory free 81.5 % | 'cpu'=63% \
             'load1'=0.61;;;0 'load5'=0.5;;;0 'load15'=0.4;;;0 'memory'=81.5% 'freeness'=37% \
             'connections'=5;;;0 'servers_up'=1;;;0;1 'age'=0.25s;;;0",
        ),
        (
            HOST,
            "rs2",
            "HOST WARNING - rs2 is unknown, no report, its agent does not answer | \
             'connections'=1;;;0 'servers_up'=1;;;0;1",
        ),
        (
            HOST,
            "rs3",
            "HOST CRITICAL - rs3 is down, all its servers are down | 'connections'=0;;;0 \
             'servers_up'=0;;;0;1",
        ),
        (
            CLUSTER,
            "main",
            "CLUSTER WARNING - main: 1 of 1 services up, 2 of 3 servers up, main/web/rs3 is \
             down | 'services_up'=1;;;0;1 'servers_up'=2;;;0;3 'connections'=7;;;0 \
             'total'=2200c;;;0",
        ),
        (DIRECTOR, "main", "DIRECTOR OK - main: lb1 directs | 'active'=1;;;0;2 'directors'=2;;;0"),
        (
            SERVICE,
            "web",
            "SERVICE WARNING - main/web is up, 2 of 3 servers up, 7 connections, 1 of 3 \
             servers is down | 'servers_up'=2;;;0;3 'connections'=7;;;0 'total'=2200c;;;0 \
             'failed'=2c;;;0 'refused'=0c;;;0",
        ),
        (
            SERVER,
            "main/web/rs1",
            "SERVER OK - main/web/rs1 is up, weight 57, 5 connections | 'connections'=5;;;0 \
             'total'=1300c;;;0 'failed'=0c;;;0 'weight'=57;;;0",
        ),
        (
            SERVER,
            "rs3",
            "SERVER CRITICAL - main/web/rs3 is down, weight 0, 0 connections: connection \
             refused | 'connections'=0;;;0 'total'=300c;;;0 'failed'=0c;;;0 'weight'=0;;;0",
        ),
        (
            WEIGHT,
            "web/rs1",
            "WEIGHT OK - main/web/rs1: effective 57 (dynamic), configured 10, dynamic 57 | \
             'effective'=57;;;0 'configured'=10;;;0 'dynamic'=57;;;0",
        ),
        (LEASE, "main", "LEASE OK - main: auto@mgmt holds the lease for 12 s | 'seconds'=12s;;;0"),
    ] {
        let verdict = judged(subject, path, &[], &[]).unwrap();
        assert_eq!(verdict.plugin_output(0), format!("{output}\n"));
        assert!(verdict.plugin_output(3).starts_with(output.split('|').next().unwrap().trim()));
    }
}

#[test]
fn thresholds() {
    use Status::{Critical, Ok, Unknown, Warning};
    for (subject, path, warning, critical, status) in [
        // CPU is 63 %: the first figure is meant where none is named.
        (HOST, "rs1", &["80"][..], &["90"][..], Ok),
        (HOST, "rs1", &["60"], &["90"], Warning),
        (HOST, "rs1", &["50"], &["60"], Critical),
        (HOST, "rs1", &["63"], &["63:"], Ok),
        (HOST, "rs1", &["@60:70"], &[], Warning),
        (HOST, "rs1", &[], &["~:62.9"], Critical),
        (HOST, "rs1", &["cpu=60"], &[], Warning),
        (HOST, "rs1", &["memory=85:"], &["memory=10:"], Warning),
        (HOST, "rs1", &["cpu=10", "cpu=90"], &[], Ok),
        (HOST, "rs1", &["load1=0.6"], &["load1=0.7"], Warning),
        // Nobody knows the CPU of a host whose agent is silent: worse than
        // good, and not as bad as what is known to be bad.
        (HOST, "rs2", &["80"], &[], Warning),
        (HOST, "rs3", &["80"], &[], Critical),
        (WEIGHT, "rs2", &["dynamic=1:"], &[], Unknown),
        // What the MIB says is never mended by a threshold.
        (SERVICE, "web", &["0:"], &["0:"], Warning),
        (SERVICE, "web", &["3:"], &["2:"], Warning),
        (SERVICE, "web", &["3:"], &["3:"], Critical),
        (SERVER, "rs1", &["connections=4"], &["connections=10"], Warning),
        (LEASE, "main", &[], &["10:"], Ok),
        (LEASE, "main", &[], &["15:"], Critical),
    ] {
        let verdict = judged(subject, path, warning, critical).unwrap();
        assert_eq!(verdict.status, status, "{path} -w {warning:?} -c {critical:?}: {verdict:?}");
    }
    let shown = judged(HOST, "rs1", &["60"], &["@90:"]).unwrap().plugin_output(0);
    assert!(shown.contains(", cpu is 63 | 'cpu'=63%;60;@90: "), "{shown}");
}

#[test]
fn questions_without_an_answer() {
    for (subject, path, warning, said) in [
        (SERVICE, "mail", &[][..], "no agent knows mail; there is main/web"),
        (SERVER, "web", &[], "no agent knows web; there is main/web/rs1, "),
        (HOST, "main/web", &[], "no agent knows main/web; there is lb1, "),
        (WEIGHT, "rs1", &["cpu=1"], "no figure \"cpu\" here; there is effective, "),
    ] {
        let error = judged(subject, path, warning, &[]).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn verbosity_adds_words_and_then_lines() {
    let verdict = judged(SERVICE, "web", &[], &[]).unwrap();
    let (brief, more, lines) =
        (verdict.plugin_output(0), verdict.plugin_output(1), verdict.plugin_output(2));
    assert_eq!((brief.lines().count(), more.lines().count()), (1, 1));
    assert!(more.contains("; rs3 is down: connection refused | "), "{more}");
    assert!(lines.lines().any(|line| line == "rs1 is up"), "{lines}");
    for text in [brief, more, lines] {
        assert_eq!(text.lines().next().unwrap().matches('|').count(), 1, "{text}");
    }
}

#[test]
fn what_the_cluster_says_its_services_do_not_say_again() {
    let mut state = crate::poll::tests::state();
    let mut said = |reason: &str| {
        state.clusters[0].reason = Some(reason.to_owned());
        let path = "main".parse().unwrap();
        let verdict = judge(&state, CLUSTER, &path, &Thresholds::default()).unwrap();
        verdict.plugin_output(1)
    };
    let again = "; web is warning: 1 of 3 servers is down";
    assert!(said("a director is silent").contains(again));
    let once = said("service web: 1 of 3 servers is down");
    assert!(!once.contains(again) && once.contains(" is down | "), "{once}");
}

#[test]
fn what_an_agent_says_keeps_to_its_line_and_its_side_of_the_bar() {
    let mut state = crate::poll::tests::state();
    state.clusters[0].services[0].reason = Some("a|b\nSERVICE OK\u{1b}[2J".into());
    let path = "web".parse().unwrap();
    let verdict = judge(&state, SERVICE, &path, &Thresholds::default()).unwrap();
    let said = verdict.plugin_output(3);
    let first = said.lines().next().unwrap();
    assert!(first.contains("a/b SERVICE OK [2J; rs3 is down"), "{said}");
    assert_eq!(said.matches('|').count(), 1, "{said}");
}
