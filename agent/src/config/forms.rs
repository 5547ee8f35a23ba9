//! The right form of each key: what an error shows beside what is wrong.

use lcms_lb_core::model::{ProblemKind, QuestionError, Reference};

use super::Cause;

/// Keys with a value, each as it could stand in a file.
const VALUES: &[(&str, &str)] = &[
    ("name", "name = \"web1\"    # 1 to 32 of a-z 0-9 . _ -"),
    ("description", "description = \"what it is for\"    # up to 255 octets, one line"),
    ("contact", "contact = \"operations@example.net\"    # up to 255 octets, one line"),
    ("location", "location = \"rack 3\"    # up to 255 octets, one line"),
    (
        "role_potential",
        "role_potential = [\"director\", \"realServer\"]    # of manager, midManager, director, \
         backupDirector, realServer, backupServer",
    ),
    ("role_status", "role_status = [\"director\"]    # roles out of role_potential"),
    ("listen", "listen = [\"127.0.0.1:161\", \"[::1]:161\"]    # address and port"),
    ("listen_tcp", "listen_tcp = [\"127.0.0.1:161\"]    # address and port, for SNMP over TCP"),
    ("max_message_size", "max_message_size = 1472    # octets, 484 to 65507"),
    ("allow_insecure_writes", "allow_insecure_writes = true    # or false"),
    ("state_dir", "state_dir = \"/var/lib/lcms\""),
    ("proc_root", "proc_root = \"/proc\""),
    ("sample_interval", "sample_interval = 1000    # milliseconds, 100 to 3600000"),
    ("master", "master = \"/var/agentx/master\"    # a path, or tcp:127.0.0.1:705"),
    ("shards", "shards = 2    # threads of the proxy, 1 to 256"),
    ("hard_stop_after", "hard_stop_after = 600000    # milliseconds, 1 to 604800000"),
    ("auth", "auth = \"SHA-256\"    # or SHA-224, SHA-384, SHA-512, SHA, MD5, none"),
    ("auth_file", "auth_file = \"operator.password\"    # holds the password alone, mode 0600"),
    ("priv", "priv = \"AES-128\"    # or AES-192, AES-256, AES-192-C, AES-256-C, DES, none"),
    ("priv_file", "priv_file = \"operator.priv\"    # where it is not that of auth_file"),
    ("group", "group = \"operators\"    # of an [[access]], instead of access"),
    ("include", "include = [\"system\", \"1.3.6.1.2.1.2\"]    # names of what is served, or OIDs"),
    ("exclude", "exclude = [\"lcHostTable\"]    # out of what is included"),
    ("level", "level = \"authPriv\"    # or authNoPriv, noAuthNoPriv"),
    ("read", "read = \"cluster\"    # name of a [[view]]"),
    ("write", "write = \"cluster\"    # name of a [[view]]"),
    ("notify", "notify = \"cluster\"    # name of a [[view]]; left out: as read"),
    ("certificate_file", "certificate_file = \"agent.pem\"    # the own certificate in PEM"),
    ("key_file", "key_file = \"agent.key\"    # its key in PEM, mode 0600"),
    ("ca_file", "ca_file = \"authorities.pem\"    # certificates in PEM"),
    (
        "fingerprint",
        "fingerprint = \"AB:CD:…\"    # 64 digits, by openssl x509 -noout -fingerprint -sha256",
    ),
    ("server_name", "server_name = \"noc.example.net\"    # in a certificate by one of ca_file"),
    (
        "from",
        "from = \"commonName\"    # or \"rfc822Name\", \"dnsName\", \"ipAddress\", \"anyName\"",
    ),
    ("file", "file = \"monitoring.community\"    # holds the community alone, mode 0600"),
    ("access", "access = \"read\"    # or \"write\", and for users \"admin\""),
    ("sources", "sources = [\"192.0.2.0/24\", \"2001:db8::1\"]    # networks or addresses"),
    ("admin_state", "admin_state = \"enabled\"    # or \"drain\", \"maintenance\""),
    ("kind", "kind = \"headroom\"    # or \"static\""),
    ("window", "window = \"instant\"    # or \"oneMinute\", \"fiveMinutes\", \"fifteenMinutes\""),
    ("cpu_coefficient", "cpu_coefficient = 1000    # permille, 0 to 1000"),
    ("memory_coefficient", "memory_coefficient = 0    # permille, 0 to 1000"),
    ("connection_coefficient", "connection_coefficient = 0    # permille, 0 to 1000"),
    ("interval", "interval = 2000    # milliseconds, 100 to 3600000"),
    ("smoothing", "smoothing = 500    # permille, 0 to 1000"),
    ("floor", "floor = 1    # a weight, 0 to 65535"),
    ("ceiling", "ceiling = 100    # a weight, 0 to 65535, at least the floor"),
    ("step", "step = 20    # a weight, 0 to 65535; 0 is no limit"),
    ("hysteresis", "hysteresis = 1    # a weight, 0 to 65535"),
    ("stale_limit", "stale_limit = 10000    # milliseconds, 100 to 3600000"),
    ("parent", "parent = \"campus\"    # name of a cluster"),
    ("policy", "policy = \"steady\"    # name of a [[policy]]"),
    ("host", "host = \"rs1\"    # name of a [[host]]"),
    ("address", "address = \"192.0.2.1\"    # or \"2001:db8::1\", without a port"),
    ("priority", "priority = 100    # 0 to 255"),
    ("type", "type = \"http\"    # up to 64 octets, for people"),
    ("port", "port = 80    # 1 to 65535"),
    ("protocol", "protocol = \"tcp\"    # or \"udp\""),
    (
        "scheduler",
        "scheduler = \"wlc\"    # or rr, wrr, lc, sed, nq, sh, dh, mh, lblc, lblcr, fo, ovf, p2c, \
         ewma, freest",
    ),
    ("forward", "forward = \"proxy\"    # or \"nat\", \"direct\", \"tunnel\""),
    ("connect_timeout", "connect_timeout = 3000    # milliseconds, 1 to 600000"),
    ("idle_timeout", "idle_timeout = 900000    # milliseconds, 1 to 604800000"),
    ("queue_limit", "queue_limit = 200    # connections that may wait; 0: none"),
    ("queue_timeout", "queue_timeout = 5000    # milliseconds, 1 to 600000"),
    (
        "persistence_timeout",
        "persistence_timeout = 300000    # milliseconds, 0 to 604800000; 0: none",
    ),
    ("persistence_prefix_ipv4", "persistence_prefix_ipv4 = 24    # bits, 1 to 32"),
    ("persistence_prefix_ipv6", "persistence_prefix_ipv6 = 64    # bits, 1 to 128"),
    ("source_rate", "source_rate = 50    # connections each second, 0 to 1000000; 0: no limit"),
    ("source_burst", "source_burst = 100    # connections at once, 1 to 1000000"),
    ("slow_start", "slow_start = 30000    # milliseconds, 0 to 604800000; 0: none"),
    ("drain_deadline", "drain_deadline = 30000    # milliseconds, 0 to 604800000; 0: none"),
    ("accept_proxy", "accept_proxy = true    # or false; with protocol = \"tcp\" alone"),
    ("send_proxy", "send_proxy = \"v2\"    # or \"v1\", \"none\"; with protocol = \"tcp\" alone"),
    (
        "check_kind",
        "check_kind = \"tcp\"    # or \"udp\", \"http\", \"https\", \"smtp\", \"tls\", \"dns\", \
         \"script\", \"none\"",
    ),
    ("check_interval", "check_interval = 2000    # milliseconds, 100 to 3600000"),
    ("check_timeout", "check_timeout = 1000    # milliseconds, 1 to 600000"),
    ("check_rise", "check_rise = 2    # checks, 1 to 255"),
    ("check_fall", "check_fall = 3    # checks, 1 to 255"),
    ("check_doubt_interval", "check_doubt_interval = 500    # milliseconds, 0 to 3600000"),
    ("check_port", "check_port = 8081    # 1 to 65535; without it the server's own"),
    (
        "check_request",
        "check_request = \"GET http://www.example.net/health\"    # for smtp and tls a name, for \
         dns \"A www.example.net\"",
    ),
    (
        "check_expect",
        "check_expect = \"200-299,304\"    # for dns \"NOERROR,NXDOMAIN\"; up to 255 octets",
    ),
    ("check_content", "check_content = \"ready\"    # what the body contains; up to 255 octets"),
    ("check_ca_file", "check_ca_file = \"authorities.pem\"    # certificates in PEM"),
    (
        "check_command",
        "check_command = [\"/usr/local/lib/lcms/check\", \"argument\"]    # run without a shell",
    ),
    ("check_address", "check_address = \"192.0.2.1\"    # or \"2001:db8::1\", without a port"),
    ("allow_scripts", "allow_scripts = true    # or false"),
    ("ejection_time", "ejection_time = 5000    # milliseconds, 0 to 3600000; 0: never"),
    ("panic_threshold", "panic_threshold = 500    # permille, 0 to 1000"),
    ("panic_use", "panic_use = \"none\"    # or \"all\""),
    ("quorum", "quorum = 2    # servers, 0 to 65535"),
    ("quorum_hysteresis", "quorum_hysteresis = 1    # servers, 0 to 65535"),
    ("weight", "weight = 10    # 0 to 65535; 0 drains"),
    ("version", "version = \"2c\"    # or \"1\""),
    ("timeout", "timeout = 15000    # milliseconds, 1 to 600000"),
    ("notify_type", "notify_type = \"inform\"    # or \"trap\""),
    ("retry_count", "retry_count = 3    # 0 to 255"),
    ("weight_mode", "weight_mode = \"dynamic\"    # or \"static\""),
    ("backup", "backup = true    # or false"),
    ("connection_limit", "connection_limit = 100    # 0: no limit"),
];

/// Those that are another thing in a table of their own.
const OF_TABLE: &[(&str, &str, &str)] = &[
    (
        "receiver",
        "address",
        "address = \"192.0.2.9:162\"    # or \"[2001:db8::9]:162\": an address, no name, and a port",
    ),
    ("tls", "listen", "listen = [\"127.0.0.1:10161\"]    # address and port, for SNMP over TLS"),
];

/// Keys with tables of rows, each with the shortest row.
const ROWS: &[(&str, &str)] = &[
    ("agentx", "[agentx]\nmaster = \"/var/agentx/master\""),
    ("tls", "[tls]\ncertificate_file = \"agent.pem\"\nkey_file = \"agent.key\""),
    ("map", "[[tls.map]]\nfingerprint = \"AB:CD:…\"\nfrom = \"commonName\""),
    ("community", "[[community]]\nname = \"monitoring\"\nfile = \"monitoring.community\""),
    ("user", "[[user]]\nname = \"operator\"\nauth_file = \"operator.password\""),
    ("view", "[[view]]\nname = \"cluster\"\ninclude = [\"LOAD-CLUSTER-MIB\"]"),
    ("access", "[[access]]\ngroup = \"operators\"\nread = \"cluster\""),
    ("receiver", "[[receiver]]\nname = \"noc\"\naddress = \"192.0.2.9:162\"\nuser = \"operator\""),
    ("host", "[[host]]\nname = \"rs1\""),
    ("policy", "[[policy]]\nname = \"steady\""),
    ("cluster", "[[cluster]]\nname = \"main\""),
    ("director", "[[cluster.director]]\nhost = \"lb2\""),
    ("service", "[[cluster.service]]\nname = \"web\"\naddress = \"192.0.2.10\"\nport = 80"),
    ("server", "[[cluster.service.server]]\nname = \"rs1\"\naddress = \"192.0.2.11\"\nport = 80"),
];

fn value_of(key: &str) -> Option<&'static str> {
    VALUES.iter().find(|(name, _)| *name == key).map(|(_, form)| *form)
}

/// The same in a table.
fn value_in(table: &str, key: &str) -> Option<&'static str> {
    let own = OF_TABLE.iter().find(|(of, name, _)| *of == table && *name == key);
    own.map(|(_, _, form)| *form).or_else(|| value_of(key))
}

fn row_of(key: &str) -> Option<&'static str> {
    ROWS.iter().find(|(name, _)| *name == key).map(|(_, form)| *form)
}

/// What would be right instead.
pub(super) fn of(cause: &Cause) -> String {
    match cause {
        Cause::Syntax(_) => SYNTAX.to_owned(),
        Cause::DuplicateRow { .. } | Cause::DuplicateSender { .. } => {
            "names are identity: give it one of its own".to_owned()
        }
        Cause::DuplicateListener { .. } => "name each address once".to_owned(),
        Cause::NoListener => value_or_syntax("listen"),
        Cause::Master { .. } => value_or_syntax("master"),
        Cause::OwnHost(_) => "write role_potential and role_status at the top".to_owned(),
        Cause::Rule { kind, .. } => of_rule(kind),
        Cause::InsecureWrites => "access = \"read\", or allow_insecure_writes = true at the top, \
                                  with loopback addresses alone to listen on"
            .to_owned(),
        Cause::WritesFromOutside { key, .. } => {
            format!("{key} = [\"127.0.0.1:161\"], or access = \"read\" for every community")
        }
        Cause::Secret { path, error } => error.form(path),
        Cause::ReservedView(_) => "give it another name".to_owned(),
        Cause::EmptyView(_) => value_or_syntax("include"),
        Cause::UnknownView(name) => {
            format!("add it\n[[view]]\nname = \"{name}\"\ninclude = [\"LOAD-CLUSTER-MIB\"]")
        }
        Cause::UnknownGroup(name) => {
            format!("add it\n[[access]]\ngroup = \"{name}\"\nread = \"NAME-OF-A-VIEW\"")
        }
        Cause::UnknownSender { what: "user", name } => {
            format!("add it\n[[user]]\nname = \"{name}\"\nauth_file = \"{name}.password\"")
        }
        Cause::UnknownSender { what: "tls.user", name } => {
            format!("add it\n[[tls.user]]\nname = \"{name}\"")
        }
        Cause::UnknownSender { name, .. } => {
            format!("add it\n[[community]]\nname = \"{name}\"\nfile = \"{name}.community\"")
        }
        Cause::ReceiverWithoutSessionUser => "user = \"NAME-OF-A-TLS-USER\"".to_owned(),
        Cause::ReceiverWithoutTls => {
            "add it\n[tls]\ncertificate_file = \"agent.pem\"\nkey_file = \"agent.key\"".to_owned()
        }
        Cause::TwoServers => "leave one of the two out".to_owned(),
        Cause::ServerNameAlone => {
            "ca_file = \"authorities.pem\" in [tls], or the receiver's own fingerprint".to_owned()
        }
        Cause::ReceiverWithoutSender => {
            "user = \"NAME-OF-A-USER\", or community = \"NAME-OF-A-COMMUNITY\"".to_owned()
        }
        Cause::VersionOfUser | Cause::LevelOfCommunity => "leave it out".to_owned(),
        Cause::LevelWithoutKeys { .. } => {
            "a lower level, or auth and priv with their secrets for the user".to_owned()
        }
        Cause::InformOfV1 => "notify_type = \"trap\", or version = \"2c\"".to_owned(),
        Cause::CaFile { .. } => value_or_syntax("check_ca_file"),
        Cause::Certificate { .. } => {
            "write certificates in PEM there; a self-signed one is made by\n".to_owned() + OPENSSL
        }
        Cause::Key { .. } => {
            "the key in PEM that was made with the certificate, mode 0600:\n".to_owned() + OPENSSL
        }
        Cause::AccessAndGroup => "leave one of the two out".to_owned(),
        Cause::CommunityAdmin => {
            "access = \"read\", and a [[user]] with access = \"admin\"".to_owned()
        }
        Cause::PrivacyAlone => {
            "auth = \"SHA-256\" with an auth_file, or priv = \"none\"".to_owned()
        }
        Cause::SecretOfNone(key) => {
            format!("leave {key}_file out, or name a protocol\n{}", value_or_syntax(key))
        }
        Cause::NoPassword(_) => value_or_syntax("auth_file"),
        Cause::ShortPassword => "write a password of 8 to 255 octets there".to_owned(),
    }
}

fn of_rule(kind: &ProblemKind) -> String {
    match kind {
        ProblemKind::Missing(reference) | ProblemKind::MissingIndex(reference) => {
            let (table, name) = match reference {
                Reference::Host(name) => ("host", name),
                Reference::Policy(name) => ("policy", name),
            };
            format!("add it, or correct the name\n[[{table}]]\nname = \"{name}\"")
        }
        ProblemKind::Incomplete(keys) => {
            keys.iter().filter_map(|key| value_of(key)).collect::<Vec<_>>().join("\n")
        }
        ProblemKind::AddressTaken(_) => {
            "give each service an address or a port of its own".to_owned()
        }
        ProblemKind::RoleNotPotential => {
            "name the role in role_potential too, or leave it out here".to_owned()
        }
        ProblemKind::NoCoefficient => value_or_syntax("cpu_coefficient"),
        ProblemKind::CeilingBelowFloor => value_or_syntax("ceiling"),
        ProblemKind::ProxyWithoutTcp => value_or_syntax("protocol"),
        ProblemKind::Question(error) => value_or_syntax(key_of(error)),
        ProblemKind::ScriptsNotAllowed => {
            "allow_scripts = true at the top, or another check_kind".to_owned()
        }
        ProblemKind::Scheduler(_) => value_or_syntax("scheduler"),
        ProblemKind::Forward(_) => value_or_syntax("forward"),
        ProblemKind::Protocol(_) => value_or_syntax("protocol"),
        ProblemKind::Permanent | ProblemKind::Fixed(_) => SYNTAX.to_owned(),
    }
}

/// The key that a text of a check stands in.
pub(super) fn key_of(error: &QuestionError) -> &'static str {
    match error {
        QuestionError::StatusCodes | QuestionError::ResponseCodes => "check_expect",
        QuestionError::NoCommand | QuestionError::RelativeCommand => "check_command",
        QuestionError::HttpRequest
        | QuestionError::Scheme
        | QuestionError::HostName
        | QuestionError::DnsRequest
        | QuestionError::Control => "check_request",
    }
}

const OPENSSL: &str = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
                       -nodes -days 365 -subj /CN=web1 -keyout agent.key -out agent.pem";

const SYNTAX: &str = "key = value, with strings in double quotes; rows in tables like [[host]]";

fn value_or_syntax(key: &str) -> String {
    value_of(key).unwrap_or(SYNTAX).to_owned()
}

/// The parser's message in the words of this file, and what would be right.
/// `at` is where in the text it found fault.
pub(super) fn of_syntax(message: &str, text: &str, at: usize) -> (String, String) {
    if let Some((key, keys)) = unknown(message) {
        let near = keys.iter().find(|known| distance(key, known) <= 2);
        let near = near.map_or(String::new(), |near| format!("did you mean {near}? "));
        return (
            format!("unknown key {key}"),
            format!("{near}the keys here are {}", keys.join(", ")),
        );
    }
    if let Some(key) = quoted(message.strip_prefix("missing field ").unwrap_or("")) {
        let form = value_in(table_at(text, at), key).or(row_of(key)).unwrap_or(SYNTAX);
        return (format!("the key {key} is missing"), form.to_owned());
    }
    if message == "duplicate key" {
        let key = word(text.get(at..).unwrap_or(""));
        return (format!("there is a key {key} already"), "name each key once".to_owned());
    }
    let plain = WORDS.iter().fold(message.to_owned(), |said, (from, to)| said.replace(from, to));
    let Some(key) = key_at(text, at) else { return (plain, SYNTAX.to_owned()) };
    let rows = message.ends_with("expected a sequence").then(|| row_of(key)).flatten();
    (
        format!("{key}: {plain}"),
        rows.or(value_in(table_at(text, at), key)).unwrap_or(SYNTAX).to_owned(),
    )
}

/// The parser speaks of Rust's types, an operator does not.
const WORDS: &[(&str, &str)] = &[
    ("a nonzero u16", "a number from 1 to 65535"),
    ("expected u32", "expected a whole number"),
    ("a sequence", "a list"),
    ("type: map", "type: table"),
    ("path string", "a path"),
];

/// The key and the known ones of "unknown field `x`, expected one of `a`, `b`".
fn unknown(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut quoted = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    Some((quoted.next()?, quoted.collect()))
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('`')?.strip_suffix('`')
}

fn word(text: &str) -> &str {
    text.find(|c| !is_key(c)).and_then(|end| text.get(..end)).unwrap_or(text)
}

fn is_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// The key whose value, or table, a place belongs to: that of a header which
/// begins there, else the nearest one before it on the same line, or on a line
/// before if that opens a list which is still open.
fn key_at(text: &str, at: usize) -> Option<&str> {
    let (before, after) = (text.get(..at)?, text.get(at..)?);
    let line = before.rsplit('\n').next()?;
    if line.trim().is_empty() && after.starts_with('[') {
        let inside = after.trim_start_matches('[').split(']').next()?;
        return inside.rsplit('.').next().filter(|key| !key.is_empty() && key.chars().all(is_key));
    }
    let equals = before.rfind('=')?;
    let between = before.get(equals..)?;
    if between.contains('\n') && between.matches('[').count() <= between.matches(']').count() {
        return None;
    }
    let key = before.get(..equals)?.trim_end();
    let start = key.rfind(|c| !is_key(c)).map_or(0, |last| last + 1);
    key.get(start..).filter(|key| !key.is_empty())
}

/// The last word of the header of the table that a place is in, or of the header it is
/// at; nothing at the top of the file.
fn table_at(text: &str, at: usize) -> &str {
    let end = text.get(at..).and_then(|after| after.find('\n')).map_or(text.len(), |end| at + end);
    text.get(..end).unwrap_or(text).lines().rev().find_map(header).unwrap_or("")
}

/// The last word of a line that is a table's header.
fn header(line: &str) -> Option<&str> {
    let inside = line.trim().strip_prefix('[')?.trim_start_matches('[');
    let (name, _) = inside.split_once(']')?;
    name.rsplit('.').next().filter(|word| !word.is_empty() && word.chars().all(is_key))
}

/// How many letters must be put in, left out or changed to make one word of
/// the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (slot, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let above = *slot;
            left = (corner + usize::from(x != y)).min(above + 1).min(left + 1);
            corner = above;
            *slot = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_toml() {
        for (key, form) in VALUES {
            let table: toml::Table = form.parse().unwrap_or_else(|error| panic!("{key}: {error}"));
            assert!(table.contains_key(*key), "{key}");
        }
        for (table, key, form) in OF_TABLE {
            let parsed: toml::Table = form.parse().unwrap_or_else(|error| panic!("{key}: {error}"));
            assert!(parsed.contains_key(*key), "{key}");
            assert!(row_of(table).is_some(), "{table}");
        }
        for (key, form) in ROWS {
            assert!(form.parse::<toml::Table>().is_ok(), "{key}");
        }
    }

    #[test]
    fn every_key_has_a_form() {
        let service = "[[cluster]]\nname = \"main\"\n[[cluster.service]]\n";
        for table in [
            "".to_owned(),
            "[agentx]\n".to_owned(),
            "[[community]]\n".to_owned(),
            "[[user]]\n".to_owned(),
            "[[view]]\n".to_owned(),
            "[[access]]\n".to_owned(),
            "[[receiver]]\n".to_owned(),
            "[[host]]\n".to_owned(),
            "[[policy]]\n".to_owned(),
            "[[cluster]]\n".to_owned(),
            "[[cluster]]\n[[cluster.director]]\n".to_owned(),
            service.to_owned(),
            format!("{service}[[cluster.service.server]]\n"),
        ] {
            let error = toml::from_str::<super::super::file::File>(&format!("{table}odd-key = 1"))
                .err()
                .expect("an unknown key");
            let (key, keys) = unknown(error.message()).expect("the known keys");
            assert_eq!(key, "odd-key");
            for key in keys {
                assert!(value_of(key).or(row_of(key)).is_some(), "{key} has no form");
            }
        }
    }

    #[test]
    fn the_key_of_a_place() {
        let text = "a = 1\nlist = [\n  2,\n  3 ]\nt = { x = 4, y = 5 }\n[[cluster.service]]\nb = 6";
        let at = |what: &str| key_at(text, text.find(what).expect("it is there"));
        assert_eq!(at("1"), Some("a"));
        assert_eq!(at("2"), Some("list"));
        assert_eq!(at("3"), Some("list"));
        assert_eq!(at("4"), Some("x"));
        assert_eq!(at("5"), Some("y"));
        assert_eq!(at("[[c"), Some("service"));
        assert_eq!(at("6"), Some("b"));
        assert_eq!(at("b = 6"), None);
        assert_eq!(key_at("", 0), None);
        assert_eq!(key_at("é", 1), None);
        assert_eq!(key_at("é = 1", 4), None);
        assert_eq!(key_at("a = 1\nb", 7), None);
        assert_eq!(key_at("roles = [\"boss\"]", 8), Some("roles"));
    }

    #[test]
    fn the_table_of_a_place() {
        let text = "a = 1\n[[x.receiver]] # [[no]]\nlist = [\n  2,\n  3 ]\n[tls]\nb = [4]";
        let at = |what: &str| table_at(text, text.find(what).expect("it is there"));
        assert_eq!(at("1"), "");
        assert_eq!(at("[[x"), "receiver");
        assert_eq!(at("list"), "receiver");
        assert_eq!(at("3"), "receiver");
        assert_eq!(at("4"), "tls");
        assert_eq!(table_at("", 0), "");
        assert_eq!(table_at("é = 1", 4711), "");
    }

    #[test]
    fn distances() {
        assert_eq!(distance("weigth", "weight"), 2);
        assert_eq!(distance("adress", "address"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("listen", "listen"), 0);
    }
}
