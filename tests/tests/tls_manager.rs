//! The manager asks over TLS (RFC 6353): our agent and Debian's `snmpd`, and those that
//! are not what they should be.

#![allow(clippy::panic, reason = "a peer that does what it should not fails the scenario")]

use std::{
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    thread,
};

use lcms_manager::{
    client::{Access, Client, ClientError, SessionFault, Target, target},
    config::Config,
};
use lcms_snmp::{Oid, Value, VarBind};
use lcms_tests::{
    agent::{Agent, free_port},
    certificate::{Certificate, fingerprint, self_signed},
    manager::{Manager, Said},
    snmpd::Snmpd,
    tls::Clients,
};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustix::process::Signal;
use tempfile::TempDir;

const NAME: &str = "lb1.example.net";

/// A folder with the certificates of an agent and of those who ask it.
struct Folder(TempDir);

impl Folder {
    /// Those of `agent`, `operator` and `stranger`, each its own authority; or steps aside
    /// where there is no openssl.
    #[track_caller]
    fn new() -> Option<Self> {
        let folder = Self(tempfile::tempdir().expect("a temporary directory"));
        for name in ["agent", "operator", "stranger"] {
            self_signed(folder.0.path(), name)?;
        }
        Some(folder)
    }

    fn at(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn fingerprint(&self, name: &str) -> String {
        fingerprint(&self.at(&format!("{name}.pem")))
    }

    /// An agent that shows this and knows the operator, and where it listens.
    #[track_caller]
    fn agent(&self, port: u16, certificate: &Path, key: &Path) -> (Agent, SocketAddr) {
        let mut agent = Agent::start(
            "lb1",
            &format!(
                "[tls]\nlisten = [\"127.0.0.1:{port}\"]\ncertificate_file = \"{}\"\n\
                 key_file = \"{}\"\n\
                 [[tls.user]]\nname = \"operator\"\naccess = \"write\"\nfingerprint = \"{}\"\n",
                certificate.display(),
                key.display(),
                self.fingerprint("operator")
            ),
        );
        let address = agent.says("lcms-agent: listening on tls:").parse().expect("an address");
        (agent, address)
    }

    /// One that shows `agent`.
    #[track_caller]
    fn usual_agent(&self) -> (Agent, SocketAddr) {
        self.agent(0, &self.at("agent.pem"), &self.at("agent.key"))
    }

    /// A manager with these nodes over TLS, which it shows this; `main` is the first's.
    fn manager(&self, own: &str, nodes: &[(&str, SocketAddr, &str)]) -> Manager {
        let manager = Manager::of(&[]);
        let mut text = format!(
            "certificate_file = \"{}\"\nkey_file = \"{}\"\n",
            self.at(&format!("{own}.pem")).display(),
            self.at(&format!("{own}.key")).display()
        );
        for (name, address, known) in nodes {
            let _ = writeln!(text, "[[node]]\nname = \"{name}\"\naddress = \"tls:{address}\"");
            let _ = writeln!(text, "{known}");
        }
        let first = nodes.first().map(|(name, ..)| *name).unwrap_or_default();
        let _ = writeln!(text, "[[cluster]]\nname = \"main\"\ndirectors = [\"{first}\"]");
        manager.configure(&text);
        manager
    }

    /// By which the usual agent is known.
    fn known(&self) -> String {
        format!("fingerprint = \"{}\"", self.fingerprint("agent"))
    }
}

/// What is wrong by `doctor`, with the step it is in.
#[track_caller]
fn wrong(manager: &Manager) -> (String, String) {
    let said = manager.run(&["doctor", "lb1", "--json"]).json();
    let steps = said["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["outcome"] == "wrong");
    let step = step.unwrap_or_else(|| panic!("nothing is wrong: {said}"));
    assert!(step["fix"].is_string(), "{step}");
    let word = |key: &str| step[key].as_str().unwrap_or_default().to_owned();
    (word("name"), word("cause"))
}

/// What a verb says of an agent that it cannot ask.
#[track_caller]
fn refused(manager: &Manager, words: &str) {
    let Said { errors, code, .. } = manager.run(&["get", "lb1", "sysName.0"]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains(words), "{words}: {errors}");
    assert!(errors.lines().count() > 1, "what to do: {errors}");
}

/// Every verb that asks an agent does over TLS what it does over UDP.
#[test]
fn an_agent_is_known_by_its_fingerprint() {
    let Some(folder) = Folder::new() else { return };
    let (_agent, tls) = folder.usual_agent();
    let manager = folder.manager("operator", &[("lb1", tls, &folder.known())]);
    let said = manager.run(&["get", "lb1", "sysName.0"]).ok();
    assert!(said.out.contains("lb1"), "{}", said.out);
    let poll = manager.run(&["poll", "--json"]).ok().json();
    assert!(poll.to_string().contains(&format!("tls:{tls}")), "{poll}");
    manager.run(&["set", "lb1", "lcPolicyRowStatus.\"steady\"=createAndGo"]).ok();
    let seen = manager.run(&["get", "lb1", "lcPolicyRowStatus.\"steady\""]).ok();
    assert!(seen.out.contains("active"), "{}", seen.out);
    let walk = manager.run(&["bulkwalk", "lb1", "lcMIB"]).ok();
    assert!(walk.out.lines().count() > 50, "{}", walk.out);
    let doctor = manager.run(&["doctor", "lb1", "--json"]).json();
    for step in ["address", "port", "credentials", "mib", "view", "name", "time"] {
        let steps = doctor["steps"].as_array().expect("steps");
        let found = steps.iter().find(|one| one["name"] == step).expect("a step");
        assert_eq!(found["outcome"], "ok", "{found}");
    }
}

/// The same without an inventory.
#[test]
fn an_agent_is_described_on_the_command_line() {
    let Some(folder) = Folder::new() else { return };
    let (_agent, tls) = folder.usual_agent();
    let manager = Manager::of(&[]);
    let (node, certificate, key) =
        (format!("tls:{tls}"), folder.at("operator.pem"), folder.at("operator.key"));
    let own = ["--certificate-file", &certificate.display().to_string()].map(str::to_owned);
    let key = ["--key-file", &key.display().to_string()].map(str::to_owned);
    let known = ["--fingerprint", &folder.fingerprint("agent")].map(str::to_owned);
    let run = |options: &[&[String]]| {
        let options = options.concat();
        let options = options.iter().map(String::as_str);
        let args: Vec<&str> = ["get", &node, "sysName.0"].into_iter().chain(options).collect();
        manager.run(&args)
    };
    let said = run(&[&own, &key, &known]).ok();
    assert!(said.out.contains("lb1"), "{}", said.out);
    for (options, words) in [
        (&[][..], "--certificate-file"),
        (&[&own[..], &known], "--key-file"),
        (&[&own, &key], "--fingerprint"),
    ] {
        let said = run(options);
        assert_eq!(said.code, Some(2), "{}", said.errors);
        assert!(said.errors.contains(words), "{words}: {}", said.errors);
    }
}

#[test]
fn an_agent_is_known_by_its_name_and_an_authority() {
    let Some(folder) = Folder::new() else { return };
    let Some(signed) = Certificate::issue(folder.0.path(), NAME) else { return };
    let (_agent, tls) = folder.agent(0, &signed.server, &signed.key);
    let by = |authority: &Path, name: &str| {
        let known = format!("ca_file = \"{}\"\n{name}", authority.display());
        folder.manager("operator", &[("lb1", tls, &known)])
    };
    let named = |name: &str| format!("server_name = \"{name}\"");
    by(&signed.authority, &named(NAME)).run(&["get", "lb1", "sysName.0"]).ok();
    let manager = by(&signed.authority, &named("lb2.example.net"));
    refused(&manager, "server_name");
    let credentials = |cause: &str| ("credentials".to_owned(), cause.to_owned());
    assert_eq!(wrong(&manager), credentials("other-server-name"));
    // Its address is not in it.
    assert_eq!(wrong(&by(&signed.authority, "")), credentials("other-server-name"));
    let manager = by(&folder.at("stranger.pem"), &named(NAME));
    refused(&manager, "ca_file");
    assert_eq!(wrong(&manager), credentials("unknown-authority"));
}

#[test]
fn who_is_not_what_he_should_be_is_told_of() {
    let Some(folder) = Folder::new() else { return };
    let (_agent, tls) = folder.usual_agent();
    let credentials = |cause: &str| ("credentials".to_owned(), cause.to_owned());
    let stranger = folder.manager("stranger", &[("lb1", tls, &folder.known())]);
    refused(&stranger, "[[tls.user]]");
    assert_eq!(wrong(&stranger), credentials("certificate-refused"));
    let known = format!("fingerprint = \"{}\"", folder.fingerprint("stranger"));
    let manager = folder.manager("operator", &[("lb1", tls, &known)]);
    refused(&manager, &folder.fingerprint("agent"));
    assert_eq!(wrong(&manager), credentials("other-certificate"));

    let (certificate, key) = (folder.at("old.pem"), folder.at("agent.key"));
    let mut old = CertificateParams::default();
    (old.not_before, old.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    let text = fs::read_to_string(&key).expect("a key");
    let old = old.self_signed(&KeyPair::from_pem(&text).expect("a key")).expect("it can be");
    fs::write(&certificate, old.pem()).expect("the folder is ours");
    let (_agent, tls) = folder.agent(0, &certificate, &key);
    let known = format!("fingerprint = \"{}\"", fingerprint(&certificate));
    let manager = folder.manager("operator", &[("lb1", tls, &known)]);
    refused(&manager, "has expired");
    assert_eq!(wrong(&manager), credentials("certificate-expired"));
}

#[test]
fn who_does_not_speak_tls_is_told_of() {
    let Some(folder) = Folder::new() else { return };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports");
    let address = listener.local_addr().expect("it is bound");
    let manager = folder.manager("operator", &[("lb1", address, &folder.known())]);
    let port = |cause: &str| ("port".to_owned(), cause.to_owned());
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                drop(listener.accept());
            }
        });
        refused(&manager, "does not speak TLS");
        assert_eq!(wrong(&manager), port("no-tls"));
    });
    assert_eq!(wrong(&manager), port("port-filtered"), "it is accepted, and nothing is said");
    drop(listener);
    refused(&manager, "nobody listens");
    assert_eq!(wrong(&manager), port("port-closed"));
}

fn oid(text: &str) -> Oid {
    text.parse().expect("an OID")
}

/// snmpTlstmSessionAccepts.0: how many sessions the agent has had questions in.
async fn sessions(client: &Client, target: &Target) -> Value<'static> {
    let got = client.get(target, &[oid("1.3.6.1.2.1.198.2.1.4.0")]).await.expect("an answer");
    got.into_iter().next().expect("one variable").value
}

#[track_caller]
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

async fn target_of(manager: &Manager, name: &str) -> Target {
    let inventory = Config::load(&manager.config()).and_then(|config| config.inventory());
    let inventory = inventory.expect("an inventory");
    target(inventory.node(name).expect("a node"), Access::Read).await.expect("a target")
}

/// All questions go through one session, and the first after its end opens another.
#[test]
fn a_session_is_kept_and_opened_again() {
    let Some(folder) = Folder::new() else { return };
    let (certificate, key) = (folder.at("agent.pem"), folder.at("agent.key"));
    let (mut agent, tls) = folder.agent(free_port(), &certificate, &key);
    let manager = folder.manager("operator", &[("lb1", tls, &folder.known())]);
    runtime().block_on(async {
        let client = Client::start().expect("a client");
        let target = target_of(&manager, "lb1").await;
        for _ in 0..3 {
            assert_eq!(sessions(&client, &target).await, Value::Counter32(1));
        }
        let all = async || {
            let asked: Vec<_> = (0..200)
                .map(|_| {
                    let (client, target) = (client.clone(), target.clone());
                    tokio::spawn(async move { sessions(&client, &target).await })
                })
                .collect();
            for one in asked {
                assert_eq!(one.await.expect("no panic"), Value::Counter32(1));
            }
        };
        all().await;
        assert_eq!(agent.stop(), Some(0));
        agent.restart();
        assert_eq!(agent.says("lcms-agent: listening on tls:"), tls.to_string());
        all().await;
        agent.kill_and_restart();
        all().await;
    });
}

/// What was only to be read when a session ended is asked again; a SET may have been done.
#[test]
fn what_can_be_asked_again_is() {
    let Some(folder) = Folder::new() else { return };
    let (certificate, key) = (folder.at("agent.pem"), folder.at("agent.key"));
    let (mut agent, tls) = folder.agent(free_port(), &certificate, &key);
    let known = format!("{}\ntimeout_ms = 60000", folder.known());
    let manager = folder.manager("operator", &[("lb1", tls, &known)]);
    runtime().block_on(async {
        let client = Client::start().expect("a client");
        let target = target_of(&manager, "lb1").await;
        sessions(&client, &target).await;
        agent.signal(Signal::STOP);
        let asked = (client.clone(), target.clone());
        let get = tokio::spawn(async move { sessions(&asked.0, &asked.1).await });
        let contact = VarBind { name: oid("1.3.6.1.2.1.1.4.0"), value: Value::Null };
        let set = tokio::spawn(async move { client.set(&target, vec![contact]).await });
        // Nothing waits but for the agent: so both are on their way after this.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        agent.kill_and_restart();
        assert_eq!(get.await.expect("no panic"), Value::Counter32(1));
        let refused = set.await.expect("no panic").expect_err("nobody has answered");
        let ClientError::Session { fault, .. } = refused else { panic!("{refused}") };
        assert_eq!(*fault, SessionFault::Ended);
    });
}

/// Whoever accepts a connection and says nothing keeps nobody else waiting.
#[test]
fn an_agent_that_hangs_delays_no_other() {
    let Some(folder) = Folder::new() else { return };
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports");
    let silent = (silent.local_addr().expect("it is bound"), silent);
    let (_agent, tls) = folder.usual_agent();
    let known = format!("{}\ntimeout_ms = 60000", folder.known());
    let nodes = [("lb1", tls, &*known), ("lb2", silent.0, &known)];
    let manager = folder.manager("operator", &nodes);
    runtime().block_on(async {
        let client = Client::start().expect("a client");
        let (lb1, lb2) = (target_of(&manager, "lb1").await, target_of(&manager, "lb2").await);
        let hang = (0..300).map(|_| {
            let (client, lb2) = (client.clone(), lb2.clone());
            tokio::spawn(async move { client.get(&lb2, &[oid("1.3.6.1.2.1.1.5.0")]).await })
        });
        let hang: Vec<_> = hang.collect();
        for _ in 0..100 {
            assert_eq!(sessions(&client, &lb1).await, Value::Counter32(1));
        }
        assert!(hang.iter().all(|one| !one.is_finished()), "they wait, and for nothing");
        hang.iter().for_each(tokio::task::JoinHandle::abort);
    });
}

/// Debian's `snmpd` answers like any agent.
#[test]
fn snmpd_answers_in_a_session() {
    let Some(clients) = Clients::new(&["operator", "stranger"]) else { return };
    let Some(snmpd) = Snmpd::start_over_tls(&clients, "agent", "operator") else { return };
    let file = |name: &str| clients.folder().join(name).display().to_string();
    let manager = Manager::of(&[]);
    manager.configure(&format!(
        "certificate_file = \"{}\"\nkey_file = \"{}\"\n\
         [[node]]\nname = \"peer\"\naddress = \"tls:{}\"\nfingerprint = \"{}\"\n",
        file("operator.pem"),
        file("operator.key"),
        snmpd.address(),
        clients.fingerprint("agent")
    ));
    for _ in 0..5 {
        let said = manager.run(&["get", "peer", "sysName.0", "--timeout-ms", "5000"]).ok();
        assert!(said.out.contains("peer.example"), "{}", said.out);
    }
    let walk = manager.run(&["walk", "peer", "system", "--timeout-ms", "5000"]).ok();
    assert!(walk.out.lines().count() > 10, "{}", walk.out);
    manager.run(&["set", "peer", "sysContact.0=somebody", "--timeout-ms", "5000"]).ok();
}
