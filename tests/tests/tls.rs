//! SNMP over TLS (RFC 6353): net-snmp's tools and OpenSSL's client as peers, and what
//! happens to those who are not let in.

#![allow(clippy::panic, reason = "a peer that does what it should not fails the scenario")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use lcms_snmp::{
    OutMessage, PduKind, Value, VarBind, Version, message,
    usm::Clock,
    v3::{self, OutPdu, ScopedPdu, SecurityLevel, V3Head, V3Message},
};
use lcms_tests::{
    agent::{Agent, PASSWORD, READ},
    certificate::{Certificate, fingerprint},
    net_snmp::{User, run_as},
    tls::Clients,
};

const SYS_NAME: &str = "SNMPv2-MIB::sysName.0";

/// An agent with these clients, and where it listens for them.
fn agent(rest: &str) -> (Agent, SocketAddr) {
    let mut agent = Agent::start("lb1", rest);
    let address = agent.says("lcms-agent: listening on tls:").parse().expect("an address");
    (agent, address)
}

fn names(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
}

/// What is read in a session is what a user of USM reads, and a SET is done.
#[test]
fn tools_read_and_set_in_a_session() {
    let Some(clients) = Clients::new(&["operator"]) else { return };
    let user = "[[user]]\nname = \"ann\"\nauth_file = \"user.password\"\naccess = \"write\"\n";
    let (agent, tls) =
        agent(&[user, &clients.table(), &clients.user("operator", "write")].concat());
    let run = |tool: &str, args: &[&str]| clients.run(tool, ["operator", "agent"], tls, args);
    let said = run("snmpget", &[SYS_NAME]);
    assert_eq!((said.code, said.text().contains("lb1")), (Some(0), true), "{}", said.errors);

    let walk = ["-On", "lcMIB"];
    let in_session = run("snmpbulkwalk", &walk);
    assert_eq!((in_session.code, in_session.errors.as_str()), (Some(0), ""));
    let (auth, privacy) = (Some("SHA-256"), Some("AES"));
    let ann = User { name: "ann", password: PASSWORD, auth, privacy };
    let by_usm = run_as("snmpbulkwalk", &ann, agent.address(), &walk).expect("found");
    assert_eq!(names(&in_session.text()), names(&by_usm.text()));
    assert!(in_session.lines.len() > 50, "{}", in_session.lines.len());
    let one_by_one = run("snmpwalk", &walk);
    assert_eq!(names(&in_session.text()), names(&one_by_one.text()));

    let set = ["lcPolicyRowStatus.\"steady\"", "i", "4"];
    let done = run("snmpset", &set);
    assert_eq!(done.code, Some(0), "{}", done.errors);
    let seen = run("snmpget", &[set[0]]);
    assert!(seen.text().contains("active"), "{}", seen.text());
}

/// Who may read may not write, and what certificates stand for is not to be changed by
/// those who may write the rest.
#[test]
fn access_is_that_of_the_name() {
    let Some(clients) = Clients::new(&["reader", "operator"]) else { return };
    let users = [clients.user("reader", "read"), clients.user("operator", "write")].concat();
    let (_agent, tls) = agent(&(clients.table() + &users));
    let set = |who, args: &[&str]| clients.run("snmpset", [who, "agent"], tls, args).errors;
    let said = set("reader", &["lcPolicyRowStatus.\"steady\"", "i", "4"]);
    assert!(said.contains("authorizationError"), "{said}");
    let said = set("operator", &["SNMP-TLS-TM-MIB::snmpTlstmCertToTSNRowStatus.9", "i", "5"]);
    assert!(said.contains("noAccess"), "{said}");
    let said = set("operator", &["SNMP-TSM-MIB::snmpTsmConfigurationUsePrefix.0", "i", "1"]);
    assert!(said.contains("noAccess"), "{said}");
}

/// What names a certificate over SNMP, by a user of USM who is an administrator.
fn set(agent: &Agent, args: &[&str]) -> String {
    let (auth, privacy) = (Some("SHA-256"), Some("AES"));
    let root = User { name: "root", password: PASSWORD, auth, privacy };
    let args: Vec<String> = args
        .iter()
        .map(|arg| match arg.strip_prefix("CertToTSN") {
            Some(column) => format!("SNMP-TLS-TM-MIB::snmpTlstmCertToTSN{column}"),
            None => (*arg).to_owned(),
        })
        .collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = run_as("snmpset", &root, agent.address(), &args).expect("found");
    assert_eq!(said.code == Some(0), said.errors.is_empty(), "{}", said.errors);
    said.errors
}

const ROOT: &str = "[[user]]\nname = \"root\"\nauth_file = \"user.password\"\naccess = \"admin\"\n";

/// A certificate's octets for `snmpset`, by SHA-256.
fn digits(clients: &Clients, name: &str) -> String {
    format!("04{}", clients.fingerprint(name).replace(':', ""))
}

/// Whoever is named over SNMP is let in at once, and over a kill; and is out with the
/// row, in a session that is open too.
#[test]
fn a_certificate_is_named_over_snmp() {
    let Some(clients) = Clients::new(&["operator", "ann"]) else { return };
    let config = [ROOT, &clients.table(), &clients.user("operator", "write")].concat();
    let (mut agent, tls) = agent(&config);
    let get = |tls| clients.run("snmpget", ["ann", "agent"], tls, &[SYS_NAME]);
    assert_ne!(get(tls).code, Some(0), "nobody knows her");
    let fingerprint = digits(&clients, "ann");
    // Who she is and what she may do, in one SET.
    let row = ["CertToTSNFingerprint.10", "x", &fingerprint, "CertToTSNData.10", "s", "ann"];
    let go = ["CertToTSNRowStatus.10", "i", "4"];
    let group = "SNMP-VIEW-BASED-ACM-MIB::vacmGroupName.4.\"ann\"";
    let made = "SNMP-VIEW-BASED-ACM-MIB::vacmSecurityToGroupStatus.4.\"ann\"";
    let member = [group, "s", "lcms-write-authPriv", made, "i", "4"];
    assert_eq!(set(&agent, &[&row[..], &go, &member].concat()), "");
    let said = get(tls);
    assert_eq!((said.code, said.text().contains("lb1")), (Some(0), true), "{}", said.errors);
    let weight = ["lcClusterRowStatus.\"new\"", "i", "4"];
    let said = clients.run("snmpset", ["ann", "agent"], tls, &weight);
    assert_eq!(said.code, Some(0), "{}", said.errors);

    agent.kill_and_restart();
    let tls = agent.says("lcms-agent: listening on tls:").parse().expect("an address");
    let said = get(tls);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    agent.reload();
    let mut session = clients.openssl("ann", tls, &[]);
    assert_eq!(ask(&mut session, &session_question(1)), Some(1));
    let later = ["CertToTSNRowStatus.20", "i", "5"];
    assert_eq!(set(&agent, &later), "");
    assert_eq!(ask(&mut session, &session_question(2)), Some(2), "her row is the same");

    assert_eq!(set(&agent, &["CertToTSNRowStatus.10", "i", "6"]), "");
    // Also where she says nothing, and long before she would be taken for gone.
    let since = Instant::now();
    let mut rest = Vec::new();
    let _ = session.from.read_to_end(&mut rest);
    assert!(rest.is_empty() && since.elapsed() < Duration::from_secs(30), "{rest:x?}");
    assert_ne!(get(tls).code, Some(0));
    let operator = clients.run("snmpget", ["operator", "agent"], tls, &[SYS_NAME]);
    assert_eq!(operator.code, Some(0), "{}", operator.errors);
    agent.kill_and_restart();
    let tls = agent.says("lcms-agent: listening on tls:").parse().expect("an address");
    assert_ne!(get(tls).code, Some(0), "it is gone for good");
}

/// What was acknowledged is there, however soon the agent is killed after that; and only
/// its owner reads it.
#[test]
fn named_certificates_outlive_kills() {
    let Some(clients) = Clients::new(&["ann"]) else { return };
    let (mut agent, _) = agent(&[ROOT, &clients.table()].concat());
    let fingerprint = digits(&clients, "ann");
    let column = |name: &str, number: u32| format!("CertToTSN{name}.{number}");
    for number in 1..=10 {
        let (shown, data) = (column("Fingerprint", number), column("Data", number));
        let (status, name) = (column("RowStatus", number), format!("ann{number}"));
        let row = [&*shown, "x", &fingerprint, &data, "s", &name, &status, "i", "4"];
        assert_eq!(set(&agent, &row), "");
        if number > 5 {
            assert_eq!(set(&agent, &[&column("RowStatus", number - 5), "i", "6"]), "");
        }
        agent.kill_and_restart();
        let (auth, privacy) = (Some("SHA-256"), Some("AES"));
        let root = User { name: "root", password: PASSWORD, auth, privacy };
        let args = ["-Oqv", "1.3.6.1.2.1.198.2.2.1.3.1.4"];
        let said = run_as("snmpwalk", &root, agent.address(), &args).expect("found");
        let there = (number.saturating_sub(5) + 1..=number).map(|n| format!("\"ann{n}\""));
        assert_eq!(said.lines, there.collect::<Vec<_>>());
    }
    let file = agent.state_dir().join("security.json");
    let mode = std::fs::metadata(file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// A session is one with somebody: another name for the certificate ends it.
#[test]
fn another_name_is_another_session() {
    let Some(clients) = Clients::new(&["ann"]) else { return };
    let (agent, tls) = agent(&[ROOT, &clients.table()].concat());
    let fingerprint = digits(&clients, "ann");
    let row = ["CertToTSNFingerprint.10", "x", &fingerprint, "CertToTSNData.10", "s", "ann"];
    assert_eq!(set(&agent, &[&row[..], &["CertToTSNRowStatus.10", "i", "4"]].concat()), "");
    let mut session = clients.openssl("ann", tls, &[]);
    assert_eq!(ask(&mut session, &session_question(1)), Some(1));
    let parked = ["CertToTSNRowStatus.10", "i", "2", "CertToTSNData.10", "s", "bob"];
    assert_eq!(set(&agent, &parked), "");
    assert_eq!(set(&agent, &["CertToTSNRowStatus.10", "i", "1"]), "");
    assert_eq!(ask(&mut session, &session_question(2)), None);
    let mut session = clients.openssl("ann", tls, &[]);
    assert_eq!(ask(&mut session, &session_question(3)), Some(3));
}

/// In the words of net-snmp's tools.
#[test]
fn what_no_row_can_be_is_refused() {
    let Some(clients) = Clients::new(&["operator"]) else { return };
    let config = [ROOT, &clients.table(), &clients.user("operator", "read")].concat();
    let (agent, _) = agent(&config);
    let fingerprint = digits(&clients, "operator");
    let sha1 = format!("02{}", "ab".repeat(20));
    let row = ["CertToTSNFingerprint.10", "x", &fingerprint, "CertToTSNRowStatus.10", "i"];
    let named = ["CertToTSNData.10", "s", "ann"];
    for (args, expected) in [
        (
            &["CertToTSNFingerprint.10", "x", &sha1, "CertToTSNRowStatus.10", "i", "5"][..],
            "wrongValue",
        ),
        (&[&row[..], &["4"]].concat(), "inconsistentValue"),
        (&named, "inconsistentName"),
        (&["CertToTSNRowStatus.10", "i", "1"], "inconsistentValue"),
        (&["CertToTSNMapType.10", "o", "1.3.6.1", "CertToTSNRowStatus.10", "i", "5"], "wrongValue"),
        (&["CertToTSNStorageType.10", "i", "4", "CertToTSNRowStatus.10", "i", "5"], "wrongValue"),
        // That is the configuration's.
        (&["CertToTSNRowStatus.1", "i", "6"], "inconsistentValue"),
    ] {
        let said = set(&agent, args);
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    assert_eq!(set(&agent, &[&row[..], &["4"], &named].concat()), "");
    let bob = ["CertToTSNData.10", "s", "bob"];
    assert!(set(&agent, &bob).contains("inconsistentValue"), "not while it is active");
}

/// RFC 5591: with a prefix or without, as somebody has said over SNMP; and it does not
/// lock the configuration's users out.
#[test]
fn names_have_a_prefix_if_they_are_told_to() {
    let Some(clients) = Clients::new(&["operator"]) else { return };
    let config = [ROOT, &clients.table(), &clients.user("operator", "write")].concat();
    let (mut agent, tls) = agent(&config);
    let prefix = "SNMP-TSM-MIB::snmpTsmConfigurationUsePrefix.0";
    let policy = |tls, name: &str| {
        let args = [&format!("lcPolicyRowStatus.\"{name}\"")[..], "i", "4"];
        let said = clients.run("snmpset", ["operator", "agent"], tls, &args);
        assert_eq!(said.code, Some(0), "{}", said.errors);
        let args = ["-Oqv", "lcConfigLastPrincipal.0"];
        clients.run("snmpget", ["operator", "agent"], tls, &args).text()
    };
    assert_eq!(policy(tls, "one"), "operator");
    assert_eq!(set(&agent, &[prefix, "i", "1"]), "");
    assert_eq!(policy(tls, "two"), "tls:operator");
    agent.kill_and_restart();
    let tls = agent.says("lcms-agent: listening on tls:").parse().expect("an address");
    assert_eq!(policy(tls, "three"), "tls:operator");
    assert!(set(&agent, &[prefix, "i", "3"]).contains("wrongValue"));
    assert_eq!(set(&agent, &[prefix, "i", "2"]), "");
    assert_eq!(policy(tls, "four"), "operator");
}

#[test]
fn strangers_are_refused_and_counted() {
    let Some(clients) = Clients::new(&["operator", "stranger"]) else { return };
    let (_agent, tls) = agent(&(clients.table() + &clients.user("operator", "read")));
    let get = |who| clients.run("snmpget", who, tls, &[SYS_NAME]);
    for _ in 0..2 {
        assert_ne!(get(["stranger", "agent"]).code, Some(0));
    }
    // A client that expects another agent does not trust this one.
    assert_ne!(get(["operator", "stranger"]).code, Some(0));
    let counter = "1.3.6.1.2.1.198.2.1.7.0";
    let said = clients.run("snmpget", ["operator", "agent"], tls, &["-Oqv", counter]);
    assert_eq!((said.code, said.text().as_str()), (Some(0), "2"), "{}", said.errors);
}

/// Also one who has no certificate, or who knows nothing of TLS, or too old a one.
#[test]
fn who_speaks_otherwise_is_refused() {
    let Some(clients) = Clients::new(&["operator"]) else { return };
    let (_agent, tls) = agent(&(clients.table() + &clients.user("operator", "read")));
    let mut plain = TcpStream::connect(tls).expect("it listens");
    plain.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let question = message::encode(&OutMessage {
        version: Version::V2c,
        community: READ.as_bytes(),
        kind: PduKind::GetRequest,
        request_id: 1,
        error_status: 0,
        error_index: 0,
        varbinds: &[],
    });
    plain.write_all(&question).expect("it listens");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(message::decode(&answer).is_err(), "{answer:x?}");

    let old = clients.openssl("operator", tls, &["-tls1_1", "-cipher", "ALL@SECLEVEL=0"]);
    assert_eq!(answered(old, &session_question(1)), None);
    let unchanged = clients.run_unchanged("snmpget", ["operator", "agent"], tls, &[SYS_NAME]);
    let bound = "the distribution's tools speak TLS 1.0 at most, or else as well as others";
    assert!(unchanged.code == Some(0) || unchanged.errors.contains("ssl_connect"), "{bound}");
    for version in ["-tls1_2", "-tls1_3"] {
        let new = clients.openssl("operator", tls, &[version]);
        assert_eq!(answered(new, &session_question(7)), Some(7), "{version}");
    }
}

/// Names out of certificates that an authority has signed, for as long as it is told to
/// be believed.
#[test]
fn an_authority_names_whom_it_signed() {
    let Some(clients) = Clients::new(&["operator"]) else { return };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let Some(signed) = Certificate::issue(folder.path(), "ann") else { return };
    clients.add("ann", &signed.server, &signed.key);
    let config = format!(
        "{}ca_file = \"{}\"\n[[tls.user]]\nname = \"ann\"\n\
         [[tls.map]]\nfingerprint = \"{}\"\nfrom = \"commonName\"\n",
        clients.table(),
        signed.authority.display(),
        fingerprint(&signed.authority)
    );
    let (_agent, tls) = agent(&config);
    let get = |who| clients.run("snmpget", [who, "agent"], tls, &[SYS_NAME]);
    let said = get("ann");
    assert_eq!((said.code, said.text().contains("lb1")), (Some(0), true), "{}", said.errors);
    assert_ne!(get("operator").code, Some(0), "nobody signed that");
}

/// A session is over when its name is taken out of the configuration, and the listener
/// outlives the process.
#[test]
fn sessions_follow_the_configuration() {
    let Some(clients) = Clients::new(&["operator", "other"]) else { return };
    let with = |users: &str| clients.table() + users;
    let (mut agent, tls) = agent(&with(&clients.user("operator", "read")));
    let mut session = clients.openssl("operator", tls, &[]);
    assert_eq!(ask(&mut session, &session_question(3)), Some(3));
    agent.reconfigure(&with(
        &[clients.user("other", "read"), clients.user("operator", "read")].concat(),
    ));
    agent.reload();
    assert_eq!(ask(&mut session, &session_question(4)), Some(4), "the name is the same");
    agent.reconfigure(&with(&clients.user("other", "read")));
    agent.reload();
    assert_eq!(ask(&mut session, &session_question(5)), None);
    let get = |who| clients.run("snmpget", [who, "agent"], tls, &[SYS_NAME]).code;
    assert_ne!(get("operator"), Some(0));
    assert_eq!(get("other"), Some(0));
}

#[test]
fn the_listener_passes_to_the_next_process() {
    let Some(clients) = Clients::new(&["operator"]) else { return };
    let (mut agent, tls) = agent(&(clients.table() + &clients.user("operator", "read")));
    // Until it has gone, a connection may be its.
    let before = agent.take_over().wait(Duration::from_secs(20));
    assert_eq!(before, Some(0));
    let said = clients.run("snmpget", ["operator", "agent"], tls, &[SYS_NAME]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
}

/// Those who connect and say nothing, or half of a handshake, keep nobody out.
#[test]
fn the_silent_keep_nobody_out() {
    let Some(clients) = Clients::new(&["operator"]) else { return };
    let (agent, tls) = agent(&(clients.table() + &clients.user("operator", "read")));
    let mut session = clients.openssl("operator", tls, &[]);
    assert_eq!(ask(&mut session, &session_question(1)), Some(1));
    let silent: Vec<TcpStream> = (0..100)
        .map(|number| {
            let mut stream = TcpStream::connect(tls).expect("it listens");
            if number % 2 == 0 {
                // The head of a record with a ClientHello that never comes.
                let _ = stream.write_all(&[0x16, 3, 1, 2, 0]);
            }
            stream
        })
        .collect();
    let said = clients.run("snmpget", ["operator", "agent"], tls, &[SYS_NAME]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert_eq!(ask(&mut session, &session_question(2)), Some(2), "who is known stays");
    let said = agent.snmp("snmpget", &[SYS_NAME]).expect("found");
    assert_eq!(said.code, Some(0), "{}", said.errors);
    drop(silent);
}

/// What is in the file is looked at before anything is started.
#[test]
fn a_certificate_without_its_key_is_a_fault_of_the_file() {
    let Some(clients) = Clients::new(&["operator"]) else { return };
    let wrong = clients.table().replace("agent.key", "operator.key");
    let (code, said) = lcms_tests::agent::check_config(&wrong);
    assert_ne!(code, Some(0));
    assert!(said.contains("operator.key: not the key of certificate_file"), "{said}");
}

/// snmpEngineID.0 by the name that every engine goes by: nobody need know the agent's.
fn session_question(id: i32) -> Vec<u8> {
    let head = V3Head {
        id,
        max_size: 65_507,
        reportable: true,
        engine_id: b"",
        clock: Clock::default(),
        user: b"",
        auth: None,
        privacy: None,
        transport: Some(SecurityLevel::AuthPriv),
        context_engine_id: lcms_snmp::EngineId::LOCAL,
        context_name: b"",
    };
    let name = "1.3.6.1.6.3.10.2.1.1.0".parse().expect("a name");
    let varbinds = [VarBind { name, value: Value::Null }];
    let kind = PduKind::GetRequest;
    let pdu = OutPdu { kind, request_id: id, error_status: 0, error_index: 0, varbinds: &varbinds };
    v3::encode(&head, &pdu)
}

fn answered(mut session: lcms_tests::tls::OpenSsl, question: &[u8]) -> Option<i32> {
    ask(&mut session, question)
}

/// Which question was answered with an engine's name, `None` where the session is over.
fn ask(session: &mut lcms_tests::tls::OpenSsl, question: &[u8]) -> Option<i32> {
    // Where it is over already, reading says so.
    let _ = session.to.write_all(question).and_then(|()| session.to.flush());
    let mut received = Vec::new();
    loop {
        if let Ok(Some(length)) = lcms_snmp::ber::message_len(&received)
            && let Some(octets) = received.get(..length)
        {
            let message = V3Message::decode(octets).expect("an answer");
            let octets = message.of_session().expect("of the session");
            let scoped = ScopedPdu::decode(octets, false).expect("with a PDU");
            let varbinds = scoped.pdu.varbinds.to_vec();
            assert!(matches!(varbinds[0].value, Value::OctetString(_)), "{varbinds:?}");
            return Some(scoped.pdu.request_id);
        }
        let mut buffer = [0; 4096];
        match session.from.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => received.extend_from_slice(&buffer[..read]),
        }
    }
}
