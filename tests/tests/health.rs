//! The health of servers as an operator sees it: real servers, the agent's
//! configuration, and SNMP.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use lcms_tests::{
    agent::{Agent, check_config, free_port},
    backend::Backend,
    certificate::Certificate,
    client,
    dnsmasq::Dnsmasq,
    eventually,
    netns::{Namespaces, SERVER},
    nginx::Nginx,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A director whose one service has these settings and servers.
fn director(top: &str, settings: &str, servers: &[(&str, SocketAddr)]) -> (Agent, u16) {
    let port = free_port();
    let servers: String = servers
        .iter()
        .map(|(name, at)| {
            let (ip, port) = (at.ip(), at.port());
            format!(
                "[[cluster.service.server]]\nname = \"{name}\"\naddress = \"{ip}\"\nport = {port}\n"
            )
        })
        .collect();
    let rest = format!(
        "{top}\n\
         role_potential = [\"director\"]\n\
         role_status = [\"director\"]\n\
         [[cluster]]\n\
         name = \"main\"\n\
         [[cluster.service]]\n\
         name = \"web\"\n\
         address = \"127.0.0.1\"\n\
         port = {port}\n\
         {settings}\n\
         {servers}"
    );
    (Agent::start("lb1", &rest), port)
}

/// Checks that decide at once, and often.
const BRISK: &str = "check_interval = 200\ncheck_rise = 1\ncheck_fall = 1\n";

fn column(agent: &Agent, name: &str) -> Option<String> {
    let object = format!("{name}.\"main\".\"web\"");
    let object = if name.starts_with("lcServer") { object + ".\"rs1\"" } else { object };
    Some(agent.snmp("snmpget", &["-OqUv", &object])?.text())
}

fn set(agent: &Agent, name: &str, kind: &str, value: &str) -> String {
    let object = format!("lcService{name}.\"main\".\"web\"");
    agent.snmpset(&[&object, kind, value]).map(|said| said.errors).unwrap_or_default()
}

/// Waits until the server is in this state, for a reason with these words.
#[track_caller]
fn is(agent: &Agent, state: &str, words: &str) {
    eventually("the checks find it out", PATIENCE, || {
        let seen = (column(agent, "lcServerOperState"), column(agent, "lcServerReason"));
        match &seen {
            (Some(now), Some(reason)) if now == state && reason.contains(words) => Ok(()),
            _ => Err(format!("{seen:?}, wanted {state} {words}")),
        }
    });
}

#[test]
fn nginx_is_judged_by_status_and_content() {
    let Some(nginx) = Nginx::start(false) else { return };
    let health = nginx.file("health");
    fs::write(&health, "I am ready to serve\n").unwrap();
    let settings = format!(
        "{BRISK}check_kind = \"http\"\ncheck_request = \"GET http://www.example.net/health\"\n\
         check_content = \"am ready\""
    );
    let (agent, port) = director("", &settings, &[("rs1", nginx.address())]);
    if column(&agent, "lcServerReason").is_none() {
        return;
    }
    is(&agent, "up", "http: 200 in ");
    fs::write(&health, "I am busy\n").unwrap();
    is(&agent, "down", "http: the body lacks \"am ready\"");
    assert!(client::until_closed(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_err());
    fs::remove_file(&health).unwrap();
    is(&agent, "down", "http: 404, wanted 200-399");
    assert_eq!(set(&agent, "CheckContent", "s", ""), "");
    assert_eq!(set(&agent, "CheckExpect", "s", "200,404"), "");
    is(&agent, "up", "http: 404");
    // What cannot be asked is refused, and nothing of it done.
    let refused = set(&agent, "CheckExpect", "s", "fine");
    assert!(refused.contains("inconsistentValue"), "{refused}");
    assert_eq!(column(&agent, "lcServiceCheckExpect").as_deref(), Some("200,404"));
}

#[test]
fn nginx_shows_a_certificate_that_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let Some(certificate) = Certificate::issue(folder.path(), "www.example.net") else { return };
    let Some(nginx) = Nginx::start_secure(&certificate) else { return };
    fs::write(nginx.file("health"), "ready\n").unwrap();
    let settings = format!(
        "{BRISK}check_kind = \"https\"\ncheck_ca_file = \"{}\"\n\
         check_request = \"GET https://www.example.net/health\"\ncheck_content = \"ready\"",
        certificate.authority.display()
    );
    let (agent, _) = director("", &settings, &[("rs1", nginx.address())]);
    if column(&agent, "lcServerReason").is_none() {
        return;
    }
    is(&agent, "up", "http: 200, certificate valid until 20");
    assert_eq!(set(&agent, "CheckRequest", "s", "https://other.example.net/health"), "");
    is(&agent, "down", "tls: invalid peer certificate");
    let object = |name: &str| format!("lcService{name}.\"main\".\"web\"");
    let both = [&object("CheckKind"), "i", "6", &object("CheckRequest"), "s", "www.example.net"];
    let said = agent.snmpset(&both.map(|word| word as &str)).unwrap();
    assert_eq!(said.errors, "");
    is(&agent, "up", "tls: handshake, certificate valid until 20");
}

#[test]
fn dnsmasq_is_asked_for_a_name() {
    let Some(dnsmasq) = Dnsmasq::start() else { return };
    let settings = format!(
        "{BRISK}protocol = \"udp\"\ncheck_kind = \"dns\"\ncheck_request = \"A www.example.net\""
    );
    let (agent, _) = director("", &settings, &[("rs1", dnsmasq.address())]);
    if column(&agent, "lcServerReason").is_none() {
        return;
    }
    is(&agent, "up", "dns: NOERROR in ");
    assert_eq!(set(&agent, "CheckRequest", "s", "A www.example.com"), "");
    is(&agent, "down", "dns: REFUSED, wanted NOERROR");
    assert_eq!(set(&agent, "CheckExpect", "s", "NOERROR,REFUSED"), "");
    is(&agent, "up", "dns: REFUSED");
}

#[test]
fn scripts_are_the_configuration_files_own() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("check");
    fs::write(&script, "#!/bin/sh\necho \"$LCMS_SERVER is $1\"\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let backend = Backend::start("rs1");
    let servers = [("rs1", backend.address())];
    let command = format!("check_command = [\"{}\", \"well\"]", script.display());
    let by_script = format!("{BRISK}check_kind = \"script\"\n{command}");
    let (agent, _) = director("allow_scripts = true", &by_script, &servers);
    if column(&agent, "lcServerReason").is_none() {
        return;
    }
    is(&agent, "up", "script: rs1 is well in ");
    // Where the file does not allow them, no SET does.
    let (agent, _) = director("", &format!("{BRISK}{command}"), &servers);
    let refused = set(&agent, "CheckKind", "i", "8");
    assert!(refused.contains("inconsistentValue"), "{refused}");
    // And where it does, there is still nothing to run that it does not name.
    let (agent, _) = director("allow_scripts = true", BRISK, &servers);
    let refused = set(&agent, "CheckKind", "i", "8");
    assert!(refused.contains("inconsistentValue"), "{refused}");
    let (code, said) = check_config(&format!(
        "[[cluster]]\nname = \"main\"\n[[cluster.service]]\nname = \"web\"\n\
         address = \"127.0.0.1\"\nport = 80\n{by_script}"
    ));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("allow_scripts = true at the top"), "{said}");
}

/// Accepts and closes, in the servers' namespace.
fn far_server(namespaces: &Namespaces) -> SocketAddr {
    thread::scope(|scope| {
        let listener = scope.spawn(|| {
            namespaces.enter_servers();
            TcpListener::bind((SERVER, 0)).expect("the address is there")
        });
        let listener = listener.join().expect("it does not panic");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || listener.incoming().for_each(drop));
        address
    })
}

#[test]
fn a_server_whose_host_goes_dark_takes_no_connection_after_a_second() {
    let Some(namespaces) = Namespaces::make() else { return };
    let far = far_server(&namespaces);
    namespaces.enter_director();
    // All that this thread starts from here on is in the director's namespace.
    let near = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let servers = [("rs1", far), ("rs2", near.local_addr().unwrap())];
    thread::spawn(move || near.incoming().for_each(drop));
    // At the default settings.
    let (agent, port) = director("", "", &servers);
    if column(&agent, "lcServerReason").is_none() {
        return;
    }
    is(&agent, "up", "connected");
    let over = Arc::new(AtomicBool::new(false));
    let (served, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (over, served, failed) = (over.clone(), served.clone(), failed.clone());
            thread::spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    let ended = client::until_closed(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
                    if ended.is_ok() { &served } else { &failed }.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(Duration::from_millis(10));
                }
            })
        })
        .collect();
    eventually("clients are served", PATIENCE, || match served.load(Ordering::SeqCst) {
        20.. => Ok(()),
        few => Err(few.to_string()),
    });
    let given = || -> u64 {
        let columns = ["lcServerConnections", "lcServerFailedConnections"];
        let counted: u64 =
            columns.iter().map(|name| column(&agent, name).unwrap().parse::<u64>().unwrap()).sum();
        counted + column(&agent, "lcServerActiveConnections").unwrap().parse::<u64>().unwrap()
    };
    namespaces.go_dark();
    let dark = Instant::now();
    let after =
        |time: Duration| thread::sleep((dark + time).saturating_duration_since(Instant::now()));
    after(Duration::from_secs(1));
    let before = given();
    after(Duration::from_secs(5));
    assert!(given() <= before, "{} after {before}", given());
    is(&agent, "down", "");
    assert_ne!(column(&agent, "lcServerEjections").as_deref(), Some("0"));
    // And back again.
    namespaces.light();
    is(&agent, "up", "connected");
    let before = given();
    eventually("it serves again", PATIENCE, || match given() > before {
        true => Ok(()),
        false => Err(column(&agent, "lcServerReason").unwrap_or_default()),
    });
    over.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().unwrap();
    }
    assert_eq!(failed.load(Ordering::SeqCst), 0, "no client noticed");
}
