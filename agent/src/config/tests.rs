//! Files as operators write them, right and wrong.

use std::{fs, num::NonZeroUsize, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use lcms_lb_core::model::{Role, Roles, RowState, StorageType};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A folder with a community in it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, mode) in [("hush", 0o600), ("open", 0o644)] {
        let path = folder.path().join(name);
        fs::write(&path, "correct horse\n").expect("to write it");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("to own it");
    }
    folder
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(&folder().path().join("agent.toml"), text)
}

/// The faults of a text as `line:column: cause`, with `FOLDER` for that of
/// the file.
fn faults(text: &str) -> Vec<String> {
    let folder = folder();
    let place = folder.path().display().to_string();
    match Config::parse(&folder.path().join("agent.toml"), text) {
        Err(ConfigError::Invalid(faults)) => faults
            .iter()
            .map(|fault| format!("{}:{}: {}", fault.line, fault.column, fault.cause))
            .map(|fault| fault.replace(&place, "FOLDER"))
            .collect(),
        Err(error) => vec![error.to_string()],
        Ok(_) => Vec::new(),
    }
}

#[test]
fn a_name_is_enough() {
    let config = Config::parse(Path::new("/etc/lcms/agent.toml"), "name = \"web1\"").unwrap();
    assert_eq!(config.name.as_str(), "web1");
    assert_eq!(config.listen, ["127.0.0.1:161".parse().unwrap()]);
    assert_eq!(config.max_message_size, 1472);
    assert_eq!(config.state_dir, Path::new("/var/lib/lcms"));
    assert_eq!(config.sensors.proc_root, Path::new("/proc"));
    assert_eq!(config.sensors.interval, Duration::from_secs(1));
    assert_eq!(config.shards, None);
    assert!(config.senders.communities.is_empty());
    let own = &config.wanted.hosts[&config.name];
    assert_eq!(own.role_status, Roles::NONE.with(Role::RealServer));
    assert_eq!((own.storage, own.row), (StorageType::Permanent, RowState::Active));
    assert!(config.wanted.clusters.is_empty());
}

#[test]
fn paths_count_from_the_folder_of_the_file() {
    let text = "name = \"web1\"\nstate_dir = \"state\"\nproc_root = \"../proc\"";
    let config = Config::parse(Path::new("/srv/demo/agent.toml"), text).unwrap();
    assert_eq!(config.state_dir, Path::new("/srv/demo/state"));
    assert_eq!(config.sensors.proc_root, Path::new("/srv/demo/../proc"));
}

#[test]
fn a_director_has_its_rows() {
    let config = parse(
        r#"
        name = "lb1"
        listen = ["127.0.0.1:0", "127.0.0.1:0"]
        sample_interval = 250
        shards = 3
        allow_insecure_writes = true

        [[community]]
        name = "control"
        file = "hush"
        access = "write"
        sources = ["127.0.0.0/8", "::1"]

        [[host]]
        name = "rs1"
        admin_state = "drain"

        [[host]]
        name = "lb2"
        role_potential = ["director", "backupDirector"]
        role_status = ["backupDirector"]

        [[policy]]
        name = "steady"
        window = "oneMinute"
        floor = 5

        [[cluster]]
        name = "main"
        policy = "steady"

        [[cluster.director]]
        host = "lb2"
        address = "192.0.2.2"
        priority = 50

        [[cluster.service]]
        name = "web"
        type = "http"
        address = "::"
        port = 8080
        scheduler = "wrr"
        check_interval = 500
        check_fall = 2

        [[cluster.service.server]]
        name = "rs1"
        host = "rs1"
        address = "192.0.2.11"
        port = 80
        weight = 7
        "#,
    )
    .unwrap();
    assert_eq!(config.sensors.interval, Duration::from_millis(250));
    assert_eq!(config.shards, NonZeroUsize::new(3));
    let [community] = &config.senders.communities[..] else { panic!("one community") };
    assert_eq!(community.secret.expose(), b"correct horse");
    assert!(config.senders.may_write(community));
    assert_eq!(community.sources.len(), 2);

    let wanted = &config.wanted;
    assert_eq!(wanted.check(), []);
    assert_eq!(wanted.hosts[&config.name].role_status, Roles::NONE.with(Role::Director));
    assert_eq!(wanted.policies.values().next().map(|policy| policy.floor.value()), Some(5));
    let directors: Vec<_> = wanted.directors().map(|(id, row)| (id.to_string(), row)).collect();
    let [(own, own_row), (other, other_row)] = &directors[..] else { panic!("two directors") };
    assert_eq!((own.as_str(), own_row.priority.value()), ("main/lb1", 100));
    assert_eq!((other.as_str(), other_row.priority.value()), ("main/lb2", 50));
    let (id, service) = wanted.services().next().unwrap();
    assert!(wanted.in_force(&id, service));
    assert_eq!(service.check.fall.value(), 2);
    assert_eq!(service.check.rise.value(), 2);
    let (id, server) = wanted.servers().next().unwrap();
    assert_eq!((id.to_string().as_str(), server.weight.value()), ("main/web/rs1", 7));
    assert_eq!((server.storage, server.row), (StorageType::Permanent, RowState::Active));
}

#[test]
fn one_fault_at_its_place() {
    const SERVICE: &str = "[[cluster]]\nname = \"main\"\n[[cluster.service]]\nname = \"web\"\n\
                           address = \"192.0.2.10\"\nport = 80\n";
    let server = |rest: &str| {
        format!(
            "{SERVICE}[[cluster.service.server]]\nname = \"rs1\"\naddress = \"192.0.2.11\"\n\
             port = 80\n{rest}"
        )
    };
    let community = |rest: &str| format!("[[community]]\nname = \"a\"\n{rest}");
    for (text, wanted) in [
        ("listem = []".to_owned(), "2:1: unknown key listem"),
        ("name = \"web2\"".to_owned(), "2:1: there is a key name already"),
        ("listen = [\"127.0.0.1\"]".to_owned(), "2:11: listen: invalid socket address syntax"),
        (
            "listen = \"127.0.0.1:161\"".to_owned(),
            "2:10: listen: invalid type: string \"127.0.0.1:161\", expected a list",
        ),
        (
            "listen = [\"[::1]:161\",\n  \"[::1]:161\"]".to_owned(),
            "3:3: [::1]:161 is there already, in line 2",
        ),
        ("listen = []".to_owned(), "1:8: listen: an agent without an address cannot be asked"),
        ("max_message_size = 100".to_owned(), "2:20: max_message_size: 100 is not in 484..65507"),
        (
            "sample_interval = \"1s\"".to_owned(),
            "2:19: sample_interval: invalid type: string \"1s\", expected a whole number",
        ),
        ("shards = 0".to_owned(), "2:10: shards: 0 is not in 1..256"),
        ("contact = \"a\\nb\"".to_owned(), "2:11: contact: control characters do not belong here"),
        (
            "role_status = [\"boss\"]".to_owned(),
            "2:15: role_status: \"boss\" is none of manager, midManager, director, \
             backupDirector, realServer, backupServer",
        ),
        (
            "role_status = [\"director\"]".to_owned(),
            "2:15: host web1: has a role that is not in its role potential",
        ),
        (
            format!("{SERVICE}check_kind = \"http\"\ncheck_request = \"health\""),
            "9:17: service main/web: the check request is no METHOD and path or URL, such as GET \
             http://www.example.net/",
        ),
        (
            format!("{SERVICE}check_kind = \"http\"\ncheck_expect = \"ok\""),
            "9:16: service main/web: the status codes expected are no list such as 200-299,304",
        ),
        (
            format!("{SERVICE}check_kind = \"script\"\ncheck_command = [\"/bin/true\"]"),
            "8:14: service main/web: checks by script are not allowed here",
        ),
        (
            format!("allow_scripts = true\n{SERVICE}check_kind = \"script\""),
            "9:14: service main/web: the configuration file names no check command",
        ),
        (
            format!("{SERVICE}check_kind = \"tls\"\ncheck_ca_file = \"/nowhere/ca.pem\""),
            "9:17: /nowhere/ca.pem: entity not found",
        ),
        (
            format!("{SERVICE}check_content = \"{}\"", "x".repeat(256)),
            "8:17: check_content: 256 octets are more than 255",
        ),
        ("contact = \"unclosed".to_owned(), "2:20: contact: invalid basic string, expected `\"`"),
        (community(""), "2:1: the key file is missing"),
        (
            community("file = \"hush\"\naccess = \"rw\""),
            "5:10: access: unknown variant `rw`, expected one of `read`, `write`, `admin`",
        ),
        (
            community("file = \"hush\"\nsources = [\"10.0.0.0/40\"]"),
            "5:12: sources: \"10.0.0.0/40\" is no network",
        ),
        (community("file = \"gone\""), "4:8: FOLDER/gone cannot be read: entity not found"),
        (
            community("file = \"open\""),
            "4:8: FOLDER/open is open to others than its owner (mode 0644)",
        ),
        (
            community("file = \"hush\"\n[[community]]\nname = \"a\"\nfile = \"hush\""),
            "6:8: there is a community a already, in line 3",
        ),
        (
            community("file = \"hush\"\naccess = \"write\""),
            "5:10: writing without encryption and authentication can be read, or done, by others",
        ),
        (
            "[[host]]\nname = \"Web\"".to_owned(),
            "3:8: name: a name is made of a-z, 0-9, '.', '_' and '-'; octet 1 does not belong",
        ),
        (
            "[[host]]\nname = \"web1\"".to_owned(),
            "3:8: web1 is the agent's own host, which the keys at the top of the file describe",
        ),
        (
            "[[host]]\nname = \"h\"\n[[host]]\nname = \"h\"".to_owned(),
            "5:8: there is a host h already, in line 3",
        ),
        (
            "[[policy]]\nname = \"p\"\nceiling = 2\nfloor = 7".to_owned(),
            "4:11: policy p: the ceiling is below the floor",
        ),
        (
            "[[policy]]\nname = \"p\"\ncpu_coefficient = 0".to_owned(),
            "4:19: policy p: all three coefficients are 0",
        ),
        (
            "[cluster]\nname = \"main\"".to_owned(),
            "2:1: cluster: invalid type: table, expected a list",
        ),
        (
            "[[cluster]]\nname = \"main\"\npolicy = \"steady\"".to_owned(),
            "4:10: cluster main: policy steady does not exist",
        ),
        (
            "[[cluster]]\nname = \"main\"\n[[cluster.director]]\nhost = \"lb2\"".to_owned(),
            "5:8: director main/lb2: host lb2 does not exist",
        ),
        (
            "[[cluster]]\nname = \"main\"\n[[cluster.service]]\nname = \"web\"\nport = 80"
                .to_owned(),
            "4:1: the key address is missing",
        ),
        (
            format!("{SERVICE}scheduler = \"best\""),
            "8:13: scheduler: \"best\" is none of rr, wrr, lc, wlc, sed, nq, sh, dh, mh, lblc, \
             lblcr, fo, ovf, p2c, ewma, freest",
        ),
        (
            format!("{SERVICE}check_interval = 10"),
            "8:18: check_interval: 10 is not in 100..3600000",
        ),
        (
            format!(
                "{SERVICE}[[cluster.service]]\nname = \"web2\"\n\
                 address = \"192.0.2.10\"\nport = 80"
            ),
            "10:11: service main/web2: service main/web has the same protocol, address and \
             port",
        ),
        (server("weight = 70000"), "12:10: weight: 70000 is not in 0..65535"),
        (
            server("weight = -1"),
            "12:10: weight: invalid value: integer `-1`, expected a whole number",
        ),
        (server("weigth = 7"), "12:1: unknown key weigth"),
        (server("host = \"rs1\""), "12:8: server main/web/rs1: host rs1 does not exist"),
        (
            server("[[cluster.service.server]]\nname = \"rs1\"\naddress = \"::1\"\nport = 1"),
            "13:8: there is a server main/web/rs1 already, in line 9",
        ),
        (
            format!(
                "{SERVICE}[[cluster.service.server]]\nname = \"rs1\"\n\
                 address = \"rs1\"\nport = 80"
            ),
            "10:11: address: \"rs1\" is no IP address; write 192.0.2.1, 2001:db8::1 or \
             fe80::1%2",
        ),
        (
            format!(
                "{SERVICE}[[cluster.service.server]]\nname = \"rs1\"\n\
                 address = \"::1\"\nport = 0"
            ),
            "11:8: port: invalid value: integer `0`, expected a number from 1 to 65535",
        ),
    ] {
        let text = format!("name = \"web1\"\n{text}\n");
        assert_eq!(faults(&text), [wanted], "{text}");
    }
    assert_eq!(faults(""), ["1:1: the key name is missing"]);
    assert_eq!(faults("name = 7"), ["1:8: name: invalid type: integer `7`, expected a string"]);
}

#[test]
fn writes_by_community_stay_on_the_machine() {
    let text = "name = \"lb1\"\nallow_insecure_writes = true\n\
                listen = [\"127.0.0.1:161\", \"0.0.0.0:161\", \"[::1]:161\", \"192.0.2.1:161\"]\n\
                [[community]]\nname = \"control\"\nfile = \"hush\"\naccess = \"write\"\n";
    assert_eq!(
        faults(text),
        [
            "3:28: 0.0.0.0:161 is no loopback address, and a community may write",
            "3:56: 192.0.2.1:161 is no loopback address, and a community may write"
        ]
    );
    assert!(parse(&text.replace("\"write\"", "\"read\"")).is_ok());
}

#[test]
fn all_faults_come_at_once_in_order() {
    let text = "name = \"lb1\"\n[[host]]\nname = \"lb1\"\n[[cluster]]\nname = \"main\"\n\
                policy = \"p\"\n[[community]]\nname = \"a\"\nfile = \"open\"\n";
    let folder = folder();
    let error = Config::parse(&folder.path().join("agent.toml"), text).unwrap_err();
    let plain = error.render(false).replace(&format!("{}/", folder.path().display()), "");
    let lines: Vec<&str> = plain.lines().collect();
    assert_eq!(
        lines,
        [
            "agent.toml:3:8: lb1 is the agent's own host, which the keys at the top of the file \
             describe",
            "  help: write role_potential and role_status at the top",
            "agent.toml:6:10: cluster main: policy p does not exist",
            "  help: add it, or correct the name",
            "        [[policy]]",
            "        name = \"p\"",
            "agent.toml:9:8: open is open to others than its owner (mode 0644)",
            "  help: chmod 600 open",
        ]
    );
}

#[test]
fn a_terminal_sees_the_line() {
    let drawn = parse("name = \"web1\"\nlistem = []\n").unwrap_err().render(true);
    assert!(drawn.contains("unknown key listem"), "{drawn}");
    assert!(drawn.contains("listem = []"), "{drawn}");
    assert!(drawn.contains("did you mean listen?"), "{drawn}");
}

#[test]
fn every_sample_is_right() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut count = 0;
    for entry in fs::read_dir(samples).expect("the folder of samples") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !(name.starts_with("agent-") && name.ends_with(".toml")) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("to read it");
        let folder = tempfile::tempdir().expect("a temporary folder");
        // The secrets it names are the operator's; here they are made.
        let table: toml::Table = text.parse().expect("TOML");
        let rows =
            |key: &str| table.get(key).and_then(|rows| rows.as_array()).into_iter().flatten();
        let communities = rows("community").filter_map(|row| row["file"].as_str());
        for file in communities.chain(rows("user").filter_map(|row| row["auth_file"].as_str())) {
            let secret = folder.path().join(file);
            fs::write(&secret, "all made up").expect("to write it");
            fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("to own it");
        }
        let config = Config::parse(&folder.path().join(&name), &text);
        let config = config.unwrap_or_else(|error| panic!("{}", error.render(false)));
        assert_eq!(config.wanted.check(), [], "{name}");
        count += 1;
    }
    assert!(count >= 4, "only {count} samples");
}

#[test]
fn a_missing_file_is_said_with_what_to_do() {
    let error = Config::load(Path::new("/nowhere/agent.toml")).unwrap_err();
    let said = error.render(false);
    assert!(said.starts_with("/nowhere/agent.toml: No such file"), "{said}");
    assert!(said.contains("--config FILE"), "{said}");
}

#[test]
fn a_config_never_prints_a_secret() {
    let config = parse("name = \"a\"\n[[community]]\nname = \"c\"\nfile = \"hush\"\n").unwrap();
    assert!(!format!("{config:#?}").contains("correct horse"));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(
        cut in 0usize..2000,
        length in 0usize..40,
        put in "\\PC{0,12}",
    ) {
        let sample = include_str!("../../../examples/agent-director.toml");
        let mut text: Vec<char> = sample.chars().collect();
        let end = (cut + length).min(text.len());
        text.splice(cut.min(end)..end, put.chars());
        let text: String = text.into_iter().collect();
        if let Err(error) = parse(&text) {
            for terminal in [false, true] {
                prop_assert!(!error.render(terminal).is_empty());
            }
            let ConfigError::Invalid(faults) = error else { panic!("the text was read") };
            for fault in faults {
                prop_assert!((1..=text.lines().count() + 1).contains(&fault.line));
            }
        }
    }
}

/// A folder with `hush`, whose secret is long enough, and `short`, whose is not.
fn secrets() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, secret) in [("hush", "correct horse"), ("short", "horse")] {
        fs::write(folder.path().join(file), secret).unwrap();
        let permissions = fs::Permissions::from_mode(0o600);
        fs::set_permissions(folder.path().join(file), permissions).unwrap();
    }
    folder
}

/// An address has a port where it is listened on or told, and none elsewhere.
#[test]
fn the_right_form_is_that_of_the_table() {
    let form = |text: &str| {
        let found = Config::parse(Path::new("agent.toml"), &format!("name = \"web1\"\n{text}\n"));
        let ConfigError::Invalid(faults) = found.unwrap_err() else { panic!("{text} was read") };
        faults[0].form.clone()
    };
    let receiver = "[[receiver]]\nname = \"noc\"";
    let with_port = "address = \"192.0.2.9:162\"";
    assert!(form(&format!("{receiver}\naddress = \"noc.example:162\"")).starts_with(with_port));
    assert!(form(receiver).starts_with(with_port));
    let host = "[[cluster]]\nname = \"main\"\n[[cluster.service]]\nname = \"web\"";
    let of_service = form(&format!("{host}\naddress = \"web.example\""));
    assert!(of_service.starts_with("address = \"192.0.2.1\""), "{of_service}");
    assert!(form("listen = [\"a\"]").contains("127.0.0.1:161"));
    assert!(form("[tls]\nlisten = [\"a\"]").contains("10161"));
    let secrets = secrets();
    let text = "name = \"web1\"\nallow_insecure_writes = true\nlisten_tcp = [\"192.0.2.1:161\"]\n\
                [[community]]\nname = \"c\"\nfile = \"hush\"\naccess = \"write\"";
    let found = Config::parse(&secrets.path().join("agent.toml"), text).unwrap_err();
    let ConfigError::Invalid(faults) = &found else { panic!("{text} was read") };
    assert!(faults[0].form.starts_with("listen_tcp ="), "{}", faults[0].form);
}

/// What cannot be read says what the matter is, and what to do about that.
#[test]
fn a_file_that_cannot_be_read() {
    let folder = secrets();
    let path = folder.path().join("latin1.toml");
    fs::write(&path, b"name = \"web1\"\n# caf\xe9\n").unwrap();
    for (path, wanted) in [
        (path.as_path(), ["line 2 is not text in UTF-8", "save it as UTF-8"]),
        (folder.path(), ["directory", "name the file in it"]),
        (&folder.path().join("absent"), ["No such file", "the shortest one is"]),
    ] {
        let said = Config::load(path).unwrap_err().render(false);
        assert!(wanted.iter().all(|wanted| said.contains(wanted)), "{said}");
    }
}

/// It is right, for users may come from elsewhere, and yet hardly meant.
#[test]
fn nobody_who_may_ask_is_hinted_at() {
    let folder = secrets();
    let hint = |text: &str| {
        let text = format!("name = \"web1\"\n{text}");
        Config::parse(&folder.path().join("agent.toml"), &text).unwrap().hint()
    };
    assert!(hint("").is_some_and(|hint| hint.contains("[[community]]")));
    assert_eq!(hint("[agentx]\nmaster = \"/var/agentx/master\""), None);
    assert_eq!(hint("[[community]]\nname = \"c\"\nfile = \"hush\""), None);
    assert_eq!(hint("[[user]]\nname = \"u\"\nauth_file = \"hush\""), None);
}

#[test]
fn a_subtree_may_be_all_there_is() {
    let arcs = |text: &str| text.parse::<file::Subtree>().map(|subtree| subtree.0);
    assert_eq!(arcs("1"), Ok(vec![1]));
    assert_eq!(arcs(".1"), Ok(vec![1]));
    assert_eq!(arcs("iso"), Ok(vec![1]));
    assert_eq!(arcs("internet"), Ok(vec![1, 3, 6, 1]));
    assert_eq!(arcs("mib-2"), Ok(vec![1, 3, 6, 1, 2, 1]));
    assert_eq!(arcs("snmpModules"), Ok(vec![1, 3, 6, 1, 6, 3]));
    for text in ["3", "", ".", "1.", "-1", "1.40"] {
        assert!(arcs(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_wrong_with_receivers() {
    let folder = secrets();
    let senders = "[[community]]\nname = \"c\"\nfile = \"hush\"\n\
                   [[user]]\nname = \"ann\"\nauth_file = \"hush\"\npriv = \"none\"\n";
    let receiver = |rest: &str| format!("[[receiver]]\nname = \"r\"\n{rest}\n");
    let at = |rest: &str| receiver(&format!("address = \"192.0.2.1:162\"\n{rest}"));
    for (text, line, wanted) in [
        (receiver("community = \"c\""), 9, "the key address is missing"),
        (receiver("address = \"192.0.2.1\"\ncommunity = \"c\""), 11, "address"),
        (at(""), 10, "a receiver has a user or a community"),
        (at("community = \"c\"\nuser = \"ann\""), 10, "a receiver has a user or a community"),
        (at("community = \"d\""), 12, "there is no community d"),
        (at("user = \"bob\""), 12, "there is no user bob"),
        (at("user = \"ann\"\nlevel = \"authPriv\""), 13, "user ann has no keys for authPriv"),
        (at("user = \"ann\"\nversion = \"2c\""), 13, "version is for a community"),
        (at("community = \"c\"\nlevel = \"authPriv\""), 13, "level is for a user"),
        (
            at("community = \"c\"\nversion = \"1\"\nnotify_type = \"inform\""),
            10,
            "version 1 has no informs",
        ),
        (at("community = \"c\"\nnotify_type = \"shout\""), 13, "notify_type"),
        (at("community = \"c\"\ninclude = [\"lcServerLost\"]"), 13, "neither an OID nor the name"),
        (at("community = \"c\"\nretry_count = 256"), 13, "retry_count"),
        (at("community = \"c\"").repeat(2), 14, "there is a receiver r already, in line 10"),
    ] {
        let text = format!("name = \"web1\"\n{senders}{text}");
        let found = Config::parse(&folder.path().join("agent.toml"), &text).unwrap_err();
        let ConfigError::Invalid(faults) = &found else { panic!("{text} was read") };
        let [fault] = faults.as_slice() else { panic!("{text}: {}", found.render(false)) };
        let said = fault.cause.to_string();
        assert!(said.contains(wanted), "{text}: {said}");
        assert_eq!(fault.line, line, "{text}: {said}");
    }
}

#[test]
fn a_receiver_is_a_row_of_every_table() {
    use crate::security::Model;
    let folder = secrets();
    let text = "name = \"web1\"\n[[user]]\nname = \"ann\"\nauth_file = \"hush\"\n\
                [[receiver]]\nname = \"noc\"\naddress = \"[2001:db8::1]:162\"\nuser = \"ann\"\n\
                level = \"authNoPriv\"\nnotify_type = \"inform\"\ntimeout = 500\nretry_count = 7\n\
                exclude = [\"lcServerWeightChanged\"]\n";
    let config = Config::parse(&folder.path().join("agent.toml"), text)
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    let rows = &config.senders.notification;
    let target = &rows.targets["noc"];
    assert_eq!(target.socket_address(), "[2001:db8::1]:162".parse().ok());
    assert_eq!((target.timeout, target.retry_count), (50, 7));
    assert!(target.has_tag(&rows.notify["noc"].tag) && rows.notify["noc"].inform);
    let params = &rows.params[&target.params];
    assert_eq!(params.mp_model, Some(Model::V3));
    assert_eq!(params.security_level, Some(lcms_snmp::v3::SecurityLevel::AuthNoPriv));
    let profile = &rows.profiles[&target.params].name;
    let said: Vec<_> =
        rows.filters.iter().map(|(id, row)| (id.profile == *profile, row.included)).collect();
    assert_eq!(said, [(true, true), (true, false)], "everything, but for what is excluded");
}

#[test]
fn what_is_wrong_with_users_views_and_groups() {
    let folder = secrets();
    let user = |rest: &str| format!("[[user]]\nname = \"ann\"\n{rest}");
    for (text, line, wanted) in [
        (user(""), 3, "user ann has no auth_file"),
        (user("auth_file = \"short\""), 4, "less than 8 octets"),
        (user("auth = \"SHA-3\"\nauth_file = \"hush\""), 4, "\"SHA-3\" is no protocol"),
        (user("auth = \"none\"\npriv = \"DES\""), 5, "priv without auth"),
        (
            user("priv = \"none\"\nauth_file = \"hush\"\naccess = \"write\""),
            6,
            "writing without encryption",
        ),
        (user("auth_file = \"hush\"\ngroup = \"g\""), 5, "nothing says what group g may do"),
        (
            user(
                "auth_file = \"hush\"\ngroup = \"g\"\naccess = \"read\"\n[[access]]\ngroup = \"g\"",
            ),
            6,
            "access and group cannot stand together",
        ),
        (user("auth_file = \"hush\"\n").repeat(2), 6, "there is a user ann already, in line 3"),
        ("[[access]]\ngroup = \"g\"\nread = \"v\"".to_owned(), 4, "there is no view v"),
        ("[[access]]\ngroup = \"g\"\nnotify = \"v\"".to_owned(), 4, "there is no view v"),
        (
            "[[access]]\ngroup = \"g\"\nlevel = \"noAuthNoPriv\"\nwrite = \"v\"\n\
             [[view]]\nname = \"v\"\ninclude = [\"system\"]"
                .to_owned(),
            5,
            "writing without encryption",
        ),
        (
            user("auth = \"none\"\npriv = \"none\"\nauth_file = \"hush\""),
            6,
            "auth_file without auth",
        ),
        (
            user("auth_file = \"hush\"\npriv = \"none\"\npriv_file = \"hush\""),
            6,
            "priv_file without priv",
        ),
        ("[[view]]\nname = \"v\"".to_owned(), 3, "view v includes nothing"),
        ("[[view]]\nname = \"lcms-v\"\ninclude = [\"1.3\"]".to_owned(), 3, "the agent's own"),
        (
            "[[view]]\nname = \"v\"\ninclude = [\"sysTem\"]".to_owned(),
            4,
            "neither an OID nor the name",
        ),
        (
            "[[community]]\nname = \"c\"\nfile = \"hush\"\naccess = \"admin\"".to_owned(),
            5,
            "could change all users",
        ),
    ] {
        let text = format!("name = \"web1\"\n{text}\n");
        let found = Config::parse(&folder.path().join("agent.toml"), &text).unwrap_err();
        let ConfigError::Invalid(faults) = &found else { panic!("{text} was read") };
        let said = faults[0].to_string();
        assert_eq!(faults.len(), 1, "{text}: {found}");
        assert!(said.contains(wanted), "{said}");
        assert_eq!(faults[0].line, line, "{said}");
        assert!(!faults[0].form.is_empty());
    }
}

/// What a sender may do follows from one word, and is never more than that.
#[test]
fn access_is_no_more_than_what_was_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hush"), "correct horse").unwrap();
    fs::set_permissions(folder.path().join("hush"), fs::Permissions::from_mode(0o600)).unwrap();
    let text = "name = \"web1\"\n[[user]]\nname = \"reader\"\nauth_file = \"hush\"\n\
                [[user]]\nname = \"writer\"\nauth_file = \"hush\"\naccess = \"write\"\n\
                [[user]]\nname = \"root\"\nauth_file = \"hush\"\naccess = \"admin\"\n\
                [[user]]\nname = \"plain\"\nauth = \"none\"\n";
    let config = Config::parse(&folder.path().join("agent.toml"), text).unwrap();
    assert!(!format!("{config:?}").contains("correct horse"));
    let id = lcms_snmp::EngineId::of_enterprise(1, [1; 12]);
    let identity = crate::security::Identity { id, boots: 1 };
    let engine = crate::security::LocalEngine::new(identity, std::time::Instant::now(), 0, 65_507);
    let rows = std::sync::Arc::new(config.senders.rows(id));
    let security = crate::security::Security::new(std::sync::Arc::new(engine), rows);
    use lcms_snmp::v3::SecurityLevel::{AuthNoPriv, AuthPriv, NoAuthNoPriv};
    let system = &crate::tables::subtree("sysName").unwrap();
    let user_table = &crate::tables::subtree("usmUserTable").unwrap();
    let community = &crate::tables::subtree("snmpCommunityName").unwrap();
    let own_key = &crate::tables::subtree("usmUserOwnAuthKeyChange").unwrap();
    for (name, level, reads, writes) in [
        ("reader", AuthPriv, &[system][..], &[][..]),
        ("reader", AuthNoPriv, &[], &[]),
        ("writer", AuthPriv, &[system], &[system, own_key]),
        ("writer", AuthNoPriv, &[], &[]),
        ("root", AuthPriv, &[system, user_table, community], &[system, own_key, user_table]),
        ("root", NoAuthNoPriv, &[], &[]),
        ("plain", NoAuthNoPriv, &[system], &[]),
    ] {
        let rights = security.user(name.as_bytes()).unwrap().principal(level).rights.clone();
        let all = [system, user_table, community, own_key];
        let of = |view: &Option<std::sync::Arc<lcms_snmp::vacm::View>>| -> Vec<&Vec<u32>> {
            let holds = |name: &&Vec<u32>| view.as_ref().is_some_and(|view| view.contains(name));
            all.into_iter().filter(holds).collect()
        };
        for name in reads {
            assert!(of(&rights.read).contains(name), "{name:?}");
        }
        assert_eq!(of(&rights.read).is_empty(), reads.is_empty(), "{name} {level}");
        for name in writes {
            assert!(of(&rights.write).contains(name), "{name:?}");
        }
        assert_eq!(of(&rights.write).is_empty(), writes.is_empty(), "{name} {level}");
        if name != "root" {
            assert!(!of(&rights.read).contains(&user_table));
            assert!(!of(&rights.read).contains(&community));
            assert!(!of(&rights.write).contains(&user_table));
        }
    }
}
