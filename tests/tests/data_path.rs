//! Real programs on both sides of the director: what they send arrives, all of
//! it, and nobody notices that there is a director.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use lcms_tests::{
    agent::{Agent, free_port},
    eventually,
    haproxy::Haproxy,
    net_snmp::tool,
    nginx::Nginx,
    process::Process,
};

/// A service in front of one server, with these settings beside.
fn service(name: &str, port: u16, server: SocketAddr, settings: &str) -> String {
    format!(
        "[[cluster.service]]\n\
         name = \"{name}\"\n\
         address = \"127.0.0.1\"\n\
         port = {port}\n\
         check_kind = \"none\"\n\
         {settings}\n\
         [[cluster.service.server]]\n\
         name = \"rs1\"\n\
         address = \"{}\"\n\
         port = {}\n",
        server.ip(),
        server.port()
    )
}

/// A director with these services.
fn director(services: &[String]) -> Agent {
    let rest = format!(
        "role_potential = [\"director\"]\n\
         role_status = [\"director\"]\n\
         [[cluster]]\n\
         name = \"main\"\n\
         {}",
        services.concat()
    );
    Agent::start("lb1", &rest)
}

/// A director with one service in front of this server, and where that is.
fn in_front_of(server: SocketAddr, settings: &str) -> (Agent, SocketAddr) {
    let port = free_port();
    let agent = director(&[service("web", port, server, settings)]);
    (agent, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    let output = command.output().expect("it is installed");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Bytes in which each part is another one.
fn noise(octets: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    std::iter::repeat_with(next).flat_map(u64::to_ne_bytes).take(octets).collect()
}

fn same(one: &Path, other: &Path) -> bool {
    fs::read(one).expect("it is there") == fs::read(other).expect("it is there")
}

#[test]
fn large_files_go_up_and_down_unharmed() {
    let (Some(curl), Some(nginx)) = (tool("curl"), Nginx::start(false)) else { return };
    let (_agent, front) = in_front_of(nginx.address(), "");
    let given = nginx.file("large");
    fs::write(&given, noise(48 << 20)).unwrap();
    let got = nginx.folder().join("got");
    run(Command::new(&curl).args(["-sSf", "-o"]).arg(&got).arg(format!("http://{front}/large")));
    assert!(same(&given, &got), "what came down is something else");
    run(Command::new(&curl).args(["-sSf", "-T"]).arg(&got).arg(format!("http://{front}/up")));
    assert!(same(&given, &nginx.file("up")), "what went up is something else");
    // A slow reader holds the server back for a while, and gets all of it.
    let slow = nginx.folder().join("slow");
    run(Command::new(&curl)
        .args(["-sSf", "--limit-rate", "40M", "-o"])
        .arg(&slow)
        .arg(format!("http://{front}/large")));
    assert!(same(&given, &slow), "what came down slowly is something else");
}

#[test]
fn thousands_of_requests_and_none_of_them_fails() {
    let (Some(wrk), Some(nginx)) = (tool("wrk"), Nginx::start(false)) else { return };
    fs::write(nginx.file("small"), noise(100)).unwrap();
    let (_agent, front) = in_front_of(nginx.address(), "");
    let url = format!("http://{front}/small");
    for header in ["Connection: keep-alive", "Connection: close"] {
        let output = run(Command::new(&wrk).args(["-t1", "-c32", "-d1s", "-H", header, &url]));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!said.contains("Socket errors") && !said.contains("Non-2xx"), "{header}: {said}");
        let requests = said
            .lines()
            .find_map(|line| line.trim().split_once(" requests in "))
            .and_then(|(count, _)| count.parse::<u32>().ok());
        assert!(requests.is_some_and(|count| count > 100), "{header}: {said}");
    }
}

/// iperf3 speaks TCP and UDP to one port.
#[test]
fn iperf3_runs_both_ways_over_tcp_and_udp() {
    let Some(iperf3) = tool("iperf3") else { return };
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let mut listening = Process::start(Command::new(&iperf3).args([
        "-s",
        "--forceflush",
        "-B",
        "127.0.0.1",
        "-p",
        &server.port().to_string(),
    ]));
    listening.says("Server listening");
    let port = free_port();
    let _agent = director(&[
        service("tcp", port, server, ""),
        service("udp", port, server, "protocol = \"udp\""),
    ]);
    for options in [
        &["-n", "200M"][..],
        &["-n", "200M", "-R"],
        &["-n", "100M", "--bidir", "-P", "4"],
        &["-u", "-b", "40M", "-n", "4M"],
        &["-u", "-b", "40M", "-n", "4M", "-R"],
    ] {
        // Between two tests the server is busy for a moment.
        eventually("iperf3 is served", Duration::from_secs(20), || {
            let output = Command::new(&iperf3)
                .args(["-J", "-c", "127.0.0.1", "-p", &port.to_string()])
                .args(options)
                .output()
                .expect("it is installed");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let report: serde_json::Value =
                serde_json::from_str(&text).map_err(|_| text.clone())?;
            let busy = report["error"].as_str().is_some_and(|error| error.contains("busy"));
            if busy {
                return Err(text);
            }
            assert!(output.status.success() && report["error"].is_null(), "{options:?}: {text}");
            let end = &report["end"];
            let octets = match options[0] {
                "-u" => end["sum"]["bytes"].as_f64(),
                _ => end["sum_received"]["bytes"].as_f64(),
            };
            assert!(octets.is_some_and(|octets| octets >= 4e6), "{options:?}: {text}");
            Ok(())
        });
    }
}

#[test]
fn haproxy_says_whom_it_speaks_for_and_nginx_hears_it() {
    let (Some(curl), Some(nginx)) = (tool("curl"), Nginx::start(true)) else { return };
    fs::write(nginx.file("small"), "hello").unwrap();
    for (version, sends) in [("v1", "send-proxy"), ("v2", "send-proxy-v2")] {
        let settings = format!("accept_proxy = true\nsend_proxy = \"{version}\"");
        let (_agent, front) = in_front_of(nginx.address(), &settings);
        let Some(haproxy) = Haproxy::start("", front, sends) else { return };
        let before = nginx.clients();
        // A port of its own tells this client from everything in between.
        let own = free_port();
        let output = run(Command::new(&curl)
            .args(["-sSf", "--local-port", &own.to_string()])
            .arg(format!("http://{}/small", haproxy.address())));
        assert_eq!(output.stdout, b"hello");
        eventually("nginx wrote its log", Duration::from_secs(5), || {
            let clients = nginx.clients();
            match clients.strip_prefix(&before) {
                Some(client) if client.trim() == format!("127.0.0.1 {own}") => Ok(()),
                _ => Err(clients),
            }
        });
    }
}

#[test]
fn haproxy_behind_the_director_understands_both_versions() {
    let (Some(curl), Some(nginx)) = (tool("curl"), Nginx::start(false)) else { return };
    fs::write(nginx.file("small"), "hello").unwrap();
    let Some(haproxy) = Haproxy::start("accept-proxy", nginx.address(), "") else { return };
    for version in ["v1", "v2"] {
        let settings = format!("send_proxy = \"{version}\"");
        let (_agent, front) = in_front_of(haproxy.address(), &settings);
        let output = run(Command::new(&curl).arg("-sSf").arg(format!("http://{front}/small")));
        assert_eq!(output.stdout, b"hello", "{version}");
    }
}

/// What an operator sees and sets by SNMP is what the data path does.
#[test]
fn the_columns_of_a_service_are_seen_and_set_by_snmp() {
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = free_port();
    let agent = director(&[service(
        "dns",
        port,
        server.local_addr().unwrap(),
        "protocol = \"udp\"\nidle_timeout = 60000",
    )]);
    let at = |column: &str| format!("lcService{column}.\"main\".\"dns\"");
    let get = |column: &str| {
        let said = agent.snmp("snmpget", &["-OqUv", &at(column)])?;
        Some(said.text())
    };
    let Some(protocol) = get("Protocol") else { return };
    assert_eq!(protocol, "udp");
    assert_eq!(get("IdleTimeout").as_deref(), Some("60000"));
    assert_eq!(get("AcceptProxy").as_deref(), Some("false"));
    assert_eq!(get("SendProxy").as_deref(), Some("none"));
    let set = agent.snmpset(&[&at("IdleTimeout"), "u", "120000"]).unwrap();
    assert_eq!(set.code, Some(0), "{}", set.errors);
    assert_eq!(get("IdleTimeout").as_deref(), Some("120000"));
    // The PROXY protocol is TCP's alone.
    let refused = agent.snmpset(&[&at("SendProxy"), "i", "2"]).unwrap();
    assert!(refused.errors.contains("inconsistentValue"), "{}", refused.errors);
    assert_eq!(get("SendProxy").as_deref(), Some("none"));
    // A flow is a connection, and its octets count.
    let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    client.send_to(b"question", (Ipv4Addr::LOCALHOST, port)).unwrap();
    let mut buffer = [0; 16];
    let (length, from) = server.recv_from(&mut buffer).unwrap();
    server.send_to(&buffer[..length], from).unwrap();
    assert_eq!(client.recv(&mut buffer).unwrap(), 8);
    eventually("the counters show it", Duration::from_secs(5), || {
        let seen = (get("Connections"), get("InOctets"), get("OutOctets"));
        match &seen {
            (Some(c), Some(i), Some(o)) if (&**c, &**i, &**o) == ("1", "8", "8") => Ok(()),
            _ => Err(format!("{seen:?}")),
        }
    });
}
