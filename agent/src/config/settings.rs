//! How an agent is to be: the file as a whole.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use lcms_lb_core::model::{Name, Wanted};
use toml::Spanned;

use super::{
    Cause, ConfigError, Secret,
    fault::Findings,
    file::{CommunityTable, File, MessageSize, Right},
    rows,
};
use crate::{access::Network, sensors::Source};

/// Where the file is looked for when nobody says.
pub const DEFAULT_PATH: &str = "/etc/lcms/agent.toml";

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 161);
/// What an agent should take wherever it can (RFC 3417 §3.2): it fits an
/// Ethernet frame.
const DEFAULT_MESSAGE_SIZE: MessageSize = MessageSize::clamped(1472);
const DEFAULT_STATE_DIR: &str = "/var/lib/lcms";
const DEFAULT_PROC_ROOT: &str = "/proc";
const DEFAULT_SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// How an agent is to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the own host, the same in the whole fleet.
    pub name: Name,
    /// What sysDescr says; the agent describes its host where it is `None`.
    pub description: Option<String>,
    /// What sysContact says.
    pub contact: String,
    /// What sysLocation says.
    pub location: String,
    /// Where to listen, at least one; port 0 takes any that is free.
    pub listen: Vec<SocketAddr>,
    /// Greatest message sent, in octets.
    pub max_message_size: usize,
    /// Who may ask and set.
    pub communities: Vec<Community>,
    /// Folder of the state document.
    pub state_dir: PathBuf,
    /// Where and how often the load is read.
    pub sensors: Source,
    /// The rows of hosts, policies and clusters, all permanent and active, the
    /// own host among them.
    pub wanted: Wanted,
}

/// A community, by the name that may be shown.
#[derive(Clone, Debug)]
pub struct Community {
    /// The name.
    pub name: Name,
    /// The community itself.
    pub secret: Secret,
    /// Whether SET is allowed.
    pub write: bool,
    /// Where messages may come from; empty allows every address.
    pub sources: Vec<Network>,
}

impl Config {
    /// Reads a file and the secrets it names.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file. Relative paths in it count from the folder of
    /// `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut findings = Findings::new(path, text);
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                findings.add_syntax(&error);
                return findings.failed();
            }
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        let communities = communities(&file.community, folder, &mut findings);
        let listen = listen(&file, &mut findings);
        check_writes(&file, &mut findings);
        let wanted = rows::wanted(&file, &mut findings);
        findings.result()?;
        Ok(Self {
            name: *file.name.get_ref(),
            description: file.description.map(|text| text.0),
            contact: file.contact.map(|text| text.0).unwrap_or_default(),
            location: file.location.map(|text| text.0).unwrap_or_default(),
            listen,
            max_message_size: file.max_message_size.unwrap_or(DEFAULT_MESSAGE_SIZE).value()
                as usize,
            communities,
            state_dir: folder.join(file.state_dir.unwrap_or(DEFAULT_STATE_DIR.into())),
            sensors: Source {
                proc_root: folder.join(file.proc_root.unwrap_or(DEFAULT_PROC_ROOT.into())),
                interval: file
                    .sample_interval
                    .map_or(DEFAULT_SAMPLE_INTERVAL, |interval| interval.milliseconds()),
            },
            wanted,
        })
    }
}

fn communities(
    tables: &[CommunityTable],
    folder: &Path,
    findings: &mut Findings,
) -> Vec<Community> {
    let mut all: Vec<(Range<usize>, Community)> = Vec::new();
    for table in tables {
        let name = *table.name.get_ref();
        if let Some((first, _)) = all.iter().find(|(_, community)| community.name == name) {
            let line = findings.line(first.start);
            findings.add(table.name.span(), Cause::DuplicateCommunity { name, line });
            continue;
        }
        match Secret::read(&folder.join(table.file.get_ref())) {
            Ok(secret) => {
                let sources = table.sources.iter().map(|cidr| cidr.0).collect();
                let community = Community { name, secret, write: may_write(table), sources };
                all.push((table.name.span(), community));
            }
            Err(error) => findings.add(table.file.span(), error.into()),
        }
    }
    all.into_iter().map(|(_, community)| community).collect()
}

fn may_write(table: &CommunityTable) -> bool {
    table.access.as_ref().is_some_and(|access| *access.get_ref() == Right::Write)
}

fn listen(file: &File, findings: &mut Findings) -> Vec<SocketAddr> {
    let Some(listen) = &file.listen else { return vec![DEFAULT_LISTEN] };
    let mut all: Vec<&Spanned<SocketAddr>> = Vec::new();
    for one in listen {
        let address = *one.get_ref();
        let twin = all.iter().find(|other| *other.get_ref() == address && address.port() != 0);
        if let Some(twin) = twin {
            let line = findings.line(twin.span().start);
            findings.add(one.span(), Cause::DuplicateListener { address, line });
        }
        all.push(one);
    }
    if all.is_empty() {
        findings.add(file.name.span(), Cause::NoListener);
    }
    all.into_iter().map(|one| *one.get_ref()).collect()
}

/// A community travels in the clear, so writing by one stays on the machine,
/// and even there somebody has to ask for it in so many words.
fn check_writes(file: &File, findings: &mut Findings) {
    let Some(write) = file.community.iter().find(|table| may_write(table)) else { return };
    if !file.allow_insecure_writes {
        let span = write.access.as_ref().map_or(write.name.span(), Spanned::span);
        findings.add(span, Cause::InsecureWrites);
    }
    for listener in file.listen.iter().flatten() {
        let address = *listener.get_ref();
        if !address.ip().to_canonical().is_loopback() {
            findings.add(listener.span(), Cause::WritesFromOutside(address));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use lcms_lb_core::model::{Role, Roles, RowState, StorageType};
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

    /// The faults of a text as `line:column: cause`.
    fn faults(text: &str) -> Vec<String> {
        match parse(text) {
            Err(ConfigError::Invalid(faults)) => faults
                .iter()
                .map(|fault| format!("{}:{}: {}", fault.line, fault.column, fault.cause))
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
        assert!(config.communities.is_empty());
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
        let [community] = &config.communities[..] else { panic!("one community") };
        assert_eq!(community.secret.expose(), b"correct horse");
        assert!(community.write);
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
            (
                "max_message_size = 100".to_owned(),
                "2:20: max_message_size: 100 is not in 484..65507",
            ),
            (
                "sample_interval = \"1s\"".to_owned(),
                "2:19: sample_interval: invalid type: string \"1s\", expected a whole number",
            ),
            (
                "contact = \"a\\nb\"".to_owned(),
                "2:11: contact: control characters do not belong here",
            ),
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
                "contact = \"unclosed".to_owned(),
                "2:20: contact: invalid basic string, expected `\"`",
            ),
            (community(""), "2:1: the key file is missing"),
            (
                community("file = \"hush\"\naccess = \"rw\""),
                "5:10: access: unknown variant `rw`, expected `read` or `write`",
            ),
            (
                community("file = \"hush\"\nsources = [\"10.0.0.0/40\"]"),
                "5:12: sources: \"10.0.0.0/40\" is no network",
            ),
            (community("file = \"gone\""), "4:8: this file cannot be read: entity not found"),
            (
                community("file = \"open\""),
                "4:8: this file is open to others than its owner (mode 0644)",
            ),
            (
                community("file = \"hush\"\n[[community]]\nname = \"a\"\nfile = \"hush\""),
                "6:8: there is a community a already, in line 3",
            ),
            (
                community("file = \"hush\"\naccess = \"write\""),
                "5:10: a community that may write can be read off the wire by anybody near it",
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
                "8:13: scheduler: \"best\" is none of rr, wrr, lc, wlc, sed, nq, sh, dh, mh, lblc, lblcr, fo, ovf, p2c, ewma, freest",
            ),
            (
                format!("{SERVICE}check_interval = 10"),
                "8:18: check_interval: 10 is not in 100..3600000",
            ),
            (
                format!(
                    "{SERVICE}[[cluster.service]]\nname = \"web2\"\naddress = \"192.0.2.10\"\nport = 80"
                ),
                "10:11: service main/web2: service main/web has the same protocol, address and port",
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
                    "{SERVICE}[[cluster.service.server]]\nname = \"rs1\"\naddress = \"rs1\"\nport = 80"
                ),
                "10:11: address: \"rs1\" is no IP address; write 192.0.2.1, 2001:db8::1 or fe80::1%2",
            ),
            (
                format!(
                    "{SERVICE}[[cluster.service.server]]\nname = \"rs1\"\naddress = \"::1\"\nport = 0"
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
        let error = parse(text).unwrap_err();
        let plain = error.render(false);
        let lines: Vec<&str> =
            plain.lines().map(|line| line.rsplit("agent.toml:").next().unwrap_or("")).collect();
        assert_eq!(
            lines,
            [
                "3:8: lb1 is the agent's own host, which the keys at the top of the file describe",
                "  help: write role_potential and role_status at the top",
                "6:10: cluster main: policy p does not exist",
                "  help: add it, or correct the name",
                "        [[policy]]",
                "        name = \"p\"",
                "9:8: this file is open to others than its owner (mode 0644)",
                "  help: chmod 600 FILE",
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
}
