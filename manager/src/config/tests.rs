//! The file, right and wrong.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use lcms_lb_core::model::Role;
use lcms_snmp::Version;
use miette::Diagnostic as _;

use super::*;
use crate::{
    inventory::Node,
    serve::{Controlled, Settings},
};

fn read(text: &str) -> Result<Inventory, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "s3cret\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let open = folder.path().join("open");
    fs::write(&open, "s3cret\n").unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    Config::parse(&folder.path().join("manager.toml"), text)?.inventory()
}

/// Line, column, cause and form of what is wrong with a text.
fn fault(text: &str) -> (usize, usize, String, String) {
    match read(text).unwrap_err() {
        ConfigError::Invalid { line, column, fault, form, .. } => {
            (line, column, fault.to_string(), form)
        }
        error => panic!("{error}"),
    }
}

#[test]
fn a_whole_inventory() {
    let inventory = read(
        r#"
        [defaults]
        community_file = "secret"
        timeout_ms = 300

        [[node]]
        name = "lb1"
        address = "127.0.0.1:1161"
        roles = ["director"]
        write_community_file = "secret"

        [[node]]
        name = "rs1"
        address = "[::1]:1161"
        roles = ["realServer"]
        version = "1"
        timeout_ms = 100
        retries = 0

        [[cluster]]
        name = "main"
        directors = ["lb1"]
        "#,
    )
    .unwrap();
    let [lb1, rs1] = inventory.nodes.as_slice() else { panic!("{inventory:?}") };
    assert!(lb1.roles.contains(Role::Director));
    assert_eq!(lb1.read.as_ref().unwrap().expose(), b"s3cret");
    assert_eq!((lb1.timeout, lb1.retries), (Duration::from_millis(300), Node::RETRIES));
    assert!(lb1.write.is_some() && rs1.write.is_none());
    assert_eq!((rs1.version, rs1.timeout), (Version::V1, Duration::from_millis(100)));
    assert_eq!(inventory.directors().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["lb1"]);
    assert!(!format!("{inventory:?}").contains("s3cret"), "secrets do not print");
}

/// What is wrong with one node with these keys, beside `own.pem` and `own.key`.
fn fault_over_tls(address: &str, keys: &str) -> (usize, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(["operator".to_owned()]).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    let write = |file: &str, text: &str, mode| {
        fs::write(folder.path().join(file), text).unwrap();
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(folder.path().join(file), permissions).unwrap();
    };
    write("own.pem", &own.cert.pem(), 0o644);
    write("own.key", &own.signing_key.serialize_pem(), 0o600);
    write("open.key", &own.signing_key.serialize_pem(), 0o640);
    write("other.key", &other.serialize_pem(), 0o600);
    let text = format!("[[node]]\nname = \"a\"\naddress = \"{address}\"\n{keys}");
    let config = Config::parse(&folder.path().join("manager.toml"), &text).unwrap();
    match config.inventory().unwrap_err() {
        ConfigError::Invalid { line, fault, form, .. } => (line, fault.to_string(), form),
        error => panic!("{error}"),
    }
}

const OWN: &str = "certificate_file = \"own.pem\"\nkey_file = \"own.key\"\n";

#[test]
fn faults_of_nodes_over_tls() {
    let digits = format!("fingerprint = \"{}\"\n", "5E".repeat(32));
    let with =
        |key: &str| format!("certificate_file = \"own.pem\"\nkey_file = \"{key}\"\n{digits}");
    for (address, keys, line, cause, form) in [
        ("a", digits.clone(), 4, "fingerprint is about TLS", "tls:192.0.2.1"),
        ("tls:a", "user = \"u\"\n".to_owned(), 4, "user means nothing over TLS", "remove it"),
        ("tls:a", "version = \"2c\"\n".to_owned(), 4, "version means nothing", "remove it"),
        ("tls:a", digits.clone(), 4, "no certificate_file", "key_file = "),
        ("tls:a", "certificate_file = \"own.pem\"\n".to_owned(), 4, "no key_file", "key_file = "),
        ("tls:a", OWN.to_owned(), 3, "which certificate the agent has", "fingerprint = "),
        ("tls:a", format!("{OWN}{digits}server_name = \"b\"\n"), 7, "is not asked for", "keep"),
        (
            "tls:a",
            format!("{OWN}ca_file = \"own.pem\"\nserver_name = \"a b\"\n"),
            7,
            "\"a b\" is no name",
            "server_name = ",
        ),
        ("tls:a", format!("{OWN}ca_file = \"own.key\"\n"), 6, "no certificate in PEM", "BEGIN"),
        ("tls:a", format!("{OWN}ca_file = \"none\"\n"), 6, "cannot be read", "BEGIN"),
        ("tls:a", with("open.key"), 5, "open.key", "chmod 600"),
        ("tls:a", with("other.key"), 5, "is not the key of", "its key"),
        ("tls:a", with("own.pem"), 5, "own.pem", "chmod 600"),
        ("tls:a", with("none.key"), 5, "none.key", "mode 0600"),
    ] {
        let found = fault_over_tls(address, &keys);
        assert_eq!(found.0, line, "{keys}: {found:?}");
        assert!(found.1.contains(cause), "{keys}: {found:?}");
        assert!(found.2.contains(form), "{keys}: {found:?}");
    }
}

/// What nodes over UDP have in common says nothing about those over TLS, nor the reverse.
#[test]
fn defaults_are_for_nodes_of_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(["operator".to_owned()]).unwrap();
    for (file, text) in [
        ("own.pem", own.cert.pem()),
        ("own.key", own.signing_key.serialize_pem()),
        ("secret", "s3cret\n".to_owned()),
    ] {
        fs::write(folder.path().join(file), text).unwrap();
        let permissions = fs::Permissions::from_mode(0o600);
        fs::set_permissions(folder.path().join(file), permissions).unwrap();
    }
    let text = format!(
        "[defaults]\nversion = \"2c\"\ncommunity_file = \"secret\"\nca_file = \"own.pem\"\n{OWN}\
         [[node]]\nname = \"a\"\naddress = \"tls:a.example.net\"\n\
         [[node]]\nname = \"b\"\naddress = \"b\"\n"
    );
    let config = Config::parse(&folder.path().join("manager.toml"), &text).unwrap();
    let inventory = config.inventory().unwrap();
    let [a, b] = inventory.nodes.as_slice() else { panic!("{inventory:?}") };
    let name = a.peer.as_ref().and_then(|peer| peer.name()).unwrap();
    assert_eq!((name.to_str().as_ref(), a.version), ("a.example.net", Version::V3));
    assert_eq!((a.endpoint.port, a.read.is_some()), (10161, false));
    assert_eq!((b.version, b.read.is_some(), b.peer.is_some()), (Version::V2c, true, false));
}

#[test]
fn faults_name_place_cause_and_right_form() {
    for (text, line, column, cause, form) in [
        ("[[node]]\nname = \"lb1\"\nadress = \"a\"\n", 3, 1, "unknown field `adress`", "[[node]]"),
        ("[[node]]\nname = \"LB 1\"\naddress = \"a\"\n", 2, 8, "a name is made of", "[[node]]"),
        ("[[node]]\nname = \"a\"\naddress = \"a:b\"\n", 3, 11, "is no address; write", "[[node]]"),
        ("[[node]]\nname = \"a\"\n", 1, 1, "missing field `address`", "[[node]]"),
        ("[[node]\n", 1, 8, "", "[[node]]"),
        ("[defaults]\nversion = \"4\"\n", 2, 11, "unknown variant `4`", "[[node]]"),
        ("[defaults]\nauth = \"SHA-3\"\n", 2, 8, "\"SHA-3\" is no protocol", "[[node]]"),
        (
            "[[node]]\nname = \"a\"\naddress = \"a\"\nuser = \"u\"\n",
            2,
            8,
            "has no auth_file",
            "auth_file = ",
        ),
        (
            "[[node]]\nname = \"a\"\naddress = \"a\"\nuser = \"u\"\nauth_file = \"secret\"\n",
            5,
            13,
            "at least 8 octets",
            "8 to 255 octets",
        ),
        (
            "[[node]]\nname = \"a\"\naddress = \"a\"\n[[node]]\nname = \"a\"\naddress = \"b\"\n",
            5,
            8,
            "there is a node \"a\" already, in line 2",
            "a name of its own",
        ),
        (
            "[[node]]\nname = \"a\"\naddress = \"a\"\n[[node]]\nname = \"b\"\naddress = \"a\"\n",
            6,
            11,
            "a:161 is the address of node \"a\" already",
            "one agent is one node",
        ),
        (
            "[[cluster]]\nname = \"m\"\ndirectors = [\"x\"]\n",
            3,
            14,
            "is no [[node]]",
            "name = \"x\"",
        ),
        ("[[cluster]]\nname = \"m\"\ndirectors = []\n", 2, 8, "has no directors", "directors = ["),
        (
            "[[node]]\nname = \"a\"\naddress = \"a\"\ntimeout_ms = 0\n",
            4,
            14,
            "timeout_ms = 0 is out of range",
            "from 1 to 60000",
        ),
        (
            "[[node]]\nname = \"a\"\naddress = \"a\"\ncommunity_file = \"absent\"\n",
            4,
            18,
            "absent cannot be read",
            "write the secret",
        ),
        (
            "[[node]]\nname = \"a\"\naddress = \"a\"\ncommunity_file = \"open\"\n",
            4,
            18,
            "is open to others than its owner (mode 0644)",
            "chmod 600 ",
        ),
    ] {
        let found = fault(text);
        assert_eq!((found.0, found.1), (line, column), "{text}\n{found:?}");
        assert!(found.2.contains(cause), "{found:?}");
        assert!(found.3.contains(form), "{found:?}");
    }
}

#[test]
fn a_missing_file_says_what_to_write() {
    let error = Config::load(Path::new("/nonexistent/manager.toml")).unwrap_err();
    assert!(error.to_string().starts_with("/nonexistent/manager.toml: "));
    assert!(error.help().unwrap().to_string().contains("[[node]]"));
}

#[test]
fn the_daemon_has_defaults_and_says_what_would_be_right() {
    let serve = |text: &str| Config::parse(Path::new("manager.toml"), text)?.serve();
    assert_eq!(serve("").unwrap(), Settings::default());
    let settings = serve(
        "[serve]\ninterval_ms = 250\ncontrol = [\"main\"]\nmetrics = \"9780\"\n\
         state_dir = \"/tmp/x\"\n",
    );
    let settings = settings.unwrap();
    assert_eq!(settings.interval, Duration::from_millis(250));
    assert_eq!(settings.control, Controlled::Clusters(vec!["main".parse().unwrap()]));
    assert_eq!(settings.metrics, Some(([127, 0, 0, 1], 9780).into()));
    assert_eq!(serve("[serve]\ncontrol = []\n").unwrap().control, Controlled::None);

    for (text, line, column, cause) in [
        ("[serve]\nmetric = 1\n", 2, 1, "unknown field `metric`"),
        ("[serve]\ninterval_ms = 99\n", 2, 15, "interval_ms = 99 is out of range"),
        ("[serve]\ncontrol = 1\n", 2, 11, "expected true, false or a list of clusters"),
        ("[serve]\ncontrol = [\"A b\"]\n", 2, 11, "a name is made of"),
        ("[serve]\nmetrics = \"localhost\"\n", 2, 11, "an address to listen on is PORT"),
    ] {
        let ConfigError::Invalid { line: l, column: c, fault, form, .. } = serve(text).unwrap_err()
        else {
            panic!("{text}")
        };
        assert_eq!((l, c), (line, column), "{text}: {fault}");
        assert!(fault.to_string().contains(cause), "{fault}");
        assert!(form.contains("[serve]") || form.contains("interval_ms = "), "{form}");
    }
}

/// The receiver of a text whose folder has a secret.
fn receiver(text: &str) -> Result<traps::Settings, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "a good secret\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let config = Config::parse(&folder.path().join("manager.toml"), text)?;
    Ok(config.receiver()?.expect("there is one"))
}

#[test]
fn a_whole_receiver() {
    let settings = receiver(
        r#"
        [serve]
        state_dir = "/var/lib/here"

        [receiver]
        listen = ["127.0.0.1:10162", "[::1]:10162"]
        source_rate = 0
        window_ms = 1000

        [[receiver.community]]
        name = "agents"
        community_file = "secret"
        sources = ["192.0.2.0/24"]

        [[receiver.user]]
        user = "operator"
        auth_file = "secret"
        engines = ["80001f8805010203"]

        [[receiver.pass_on]]
        name = "page"
        notifications = ["lc*"]
        severity = "critical"
        window_ms = 0
        command = ["/usr/local/bin/page", "noc"]
        at_once = 2

        [[receiver.pass_on]]
        name = "log"
        log = "-"
        "#,
    )
    .unwrap();
    assert_eq!((settings.listen.len(), settings.source_rate), (2, None));
    assert_eq!(settings.state_dir, Path::new("/var/lib/here"));
    assert_eq!(settings.max_size, traps::Settings::MAX_SIZE);
    assert_eq!(settings.communities[0].community.expose(), b"a good secret");
    assert_eq!(settings.users[0].credentials.name(), "operator");
    assert_eq!(settings.users[0].engines.len(), 1);
    let [page, log] = settings.pass_on.as_slice() else { panic!("{settings:?}") };
    assert!(matches!(&page.consumer, traps::Consumer::Command(command) if command.at_once == 2));
    assert_eq!((page.window, log.window), (Duration::ZERO, Duration::from_secs(1)));
    assert_eq!(log.hold_down, traps::Settings::HOLD_DOWN);
    assert!(matches!(log.consumer, traps::Consumer::Log(None)));
    assert!(!format!("{settings:?}").contains("good secret"), "secrets do not print");

    let usual = receiver("[receiver]\n").unwrap();
    assert_eq!(usual.listen, ["127.0.0.1:162".parse().unwrap()], "loopback is the default");
    assert!(usual.source_rate.is_some() && usual.communities.is_empty() && usual.users.is_empty());
}

#[test]
fn faults_of_the_receiver_name_place_cause_and_right_form() {
    let rule = |rest: &str| format!("[receiver]\n[[receiver.pass_on]]\nname = \"a\"\n{rest}\n");
    for (text, line, cause, form) in [
        ("[receiver]\nlisten = []\n".to_owned(), 2, "listens nowhere", "127.0.0.1:162"),
        ("[receiver]\nmax_size = 100\n".to_owned(), 2, "max_size = 100 is out", "from 484 to"),
        ("[receiver]\nlisen = []\n".to_owned(), 2, "unknown field `lisen`", "[[receiver.user]]"),
        (rule(""), 3, "names 0 of log", "name one"),
        (rule("log = \"-\"\nnagios = \"x\""), 3, "names 2 of log", "another [[receiver.pass_on]]"),
        (rule("log = \"-\"\nretries = 3"), 5, "retries says nothing of a log", "remove retries"),
        (rule("command = [\"page\"]"), 4, "\"page\" is not the whole path", "no shell"),
        (rule("webhook = \"noc:80\""), 4, "is no address of a web server", "https://"),
        (rule("log = \"-\"\nseverity = \"bad\""), 5, "is none of ok", "[[receiver.pass_on]]"),
        (
            "[receiver]\n[[receiver.user]]\nuser = \"u\"\n".to_owned(),
            3,
            "user \"u\" has no auth_file",
            "auth_file = ",
        ),
        (
            "[receiver]\n[[receiver.community]]\nname = \"c\"\ncommunity_file = \"no\"\n"
                .to_owned(),
            4,
            "no cannot be read",
            "write the secret",
        ),
        (
            rule("log = \"-\"\n[[receiver.pass_on]]\nname = \"a\"\nlog = \"-\""),
            6,
            "there is a receiver.pass_on \"a\" already, in line 3",
            "a name of its own",
        ),
    ] {
        match receiver(&text).unwrap_err() {
            ConfigError::Invalid { line: at, fault, form: right, .. } => {
                assert_eq!(at, line, "{text}\n{fault}");
                assert!(fault.to_string().contains(cause), "{text}\n{fault}");
                assert!(right.contains(form), "{text}\n{right}");
            }
            error => panic!("{error}"),
        }
    }
}
