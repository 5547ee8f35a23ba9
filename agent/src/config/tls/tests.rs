//! `[tls]` as operators write it, right and wrong.

use std::os::unix::fs::PermissionsExt as _;

use lcms_snmp::v3::SecurityLevel;
use lcms_tls::Fingerprint;
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;
use crate::{
    config::{Config, ConfigError},
    security::{Domain, SecurityRows},
};

/// A folder with two certificates and their keys, one of which anybody may read.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["agent", "open"] {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap();
        fs::write(folder.path().join(format!("{name}.pem")), certificate.pem()).unwrap();
        let path = folder.path().join(format!("{name}.key"));
        fs::write(&path, key.serialize_pem()).unwrap();
        let mode = if name == "open" { 0o644 } else { 0o600 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    folder
}

fn parse(folder: &TempDir, text: &str) -> Result<Config, ConfigError> {
    let text = format!("name = \"web1\"\n[tls]\n{text}");
    Config::parse(&folder.path().join("agent.toml"), &text)
}

const OWN: &str = "certificate_file = \"agent.pem\"\nkey_file = \"agent.key\"\n";

fn digits(number: u8) -> String {
    format!("{number:02X}").repeat(32)
}

/// The faults of a text as `line: cause`.
#[track_caller]
fn faults(text: &str) -> Vec<String> {
    let folder = folder();
    let place = format!("{}/", folder.path().display());
    let Err(ConfigError::Invalid(faults)) = parse(&folder, text) else { return Vec::new() };
    assert!(faults.iter().all(|fault| !fault.form.is_empty()));
    let shown = |cause: String| cause.replace(&place, "");
    faults.iter().map(|f| format!("{}: {}", f.line, shown(f.cause.to_string()))).collect()
}

#[test]
fn a_certificate_is_enough_to_listen_on_loopback() {
    let folder = folder();
    let config = parse(&folder, OWN).unwrap();
    let tls = config.tls.as_ref().unwrap();
    assert_eq!(tls.listen, ["127.0.0.1:10161".parse().unwrap()]);
    assert!(config.fixed_keys_that_differ(&parse(&folder, OWN).unwrap()).is_empty());
    let elsewhere = format!("listen = [\"[::1]:10161\"]\n{OWN}");
    assert_eq!(config.fixed_keys_that_differ(&parse(&folder, &elsewhere).unwrap()).len(), 1);
    // It shows no key.
    let shown = format!("{config:?}");
    let key = fs::read_to_string(folder.path().join("agent.key")).unwrap();
    assert!(!shown.contains(key.lines().nth(1).unwrap()));
}

#[test]
fn users_come_before_maps_and_are_in_groups() {
    let text = format!(
        "{OWN}[[tls.map]]\nfingerprint = \"{}\"\n\
         [[tls.user]]\nname = \"ann\"\nfingerprint = \"{}\"\naccess = \"write\"\n\
         [[tls.user]]\nname = \"bob\"\n\
         [[tls.map]]\nfingerprint = \"{}\"\nfrom = \"rfc822Name\"\n",
        digits(1),
        digits(2),
        digits(3)
    );
    let config = parse(&folder(), &text).unwrap();
    let rows = config.senders.rows("80001f8805010203".parse().unwrap());
    let row = |number, map, data: &str| CertificateRow {
        fingerprint: Some(fingerprint(number)),
        map,
        data: data.into(),
        storage: Storage::ReadOnly,
        row: RowState::Active,
    };
    let expected = [
        (1, row(2, MapType::Specified, "ann")),
        (2, row(1, MapType::CommonName, "")),
        (3, row(3, MapType::Rfc822Name, "")),
    ];
    assert_eq!(rows.certificates, expected.into());
    for (name, group) in [("ann", "lcms-write-authPriv"), ("bob", "lcms-read-authPriv")] {
        assert_eq!(rows.session_groups.get(name).map(String::as_str), Some(group));
    }
    assert!(rows.access.keys().all(|id| id.level == SecurityLevel::AuthPriv));
}

fn fingerprint(number: u8) -> Fingerprint {
    digits(number).parse().unwrap()
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    let own = |certificate: &str, key: &str| {
        faults(&format!("certificate_file = \"{certificate}\"\nkey_file = \"{key}\"\n"))
    };
    assert_eq!(own("none.pem", "agent.key"), ["3: none.pem: entity not found"]);
    assert_eq!(own("agent.key", "agent.key"), ["3: agent.key: no certificate in PEM"]);
    assert_eq!(own("agent.pem", "agent.pem")[0][..3], *"4: ");
    let open = "4: open.key is open to others than its owner (mode 0644)";
    assert_eq!(own("open.pem", "open.key"), [open]);
    let folder = folder();
    fs::copy(folder.path().join("agent.key"), folder.path().join("other.key")).unwrap();
    let error = parse(&folder, "certificate_file = \"open.pem\"\nkey_file = \"other.key\"\n");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("not the key of certificate_file"), "{error}");

    let after = |text: &str| faults(&format!("{OWN}{text}"));
    let group = "[[tls.user]]\nname = \"ann\"\ngroup = \"them\"\n";
    assert_eq!(after(group), ["7: nothing says what group them may do"]);
    let twice = "[[tls.user]]\nname = \"ann\"\n[[tls.user]]\nname = \"ann\"\n";
    assert_eq!(after(twice), ["8: there is a user ann already, in line 6"]);
    let short = "[[tls.map]]\nfingerprint = \"AB\"\n";
    let said = after(short);
    assert!(
        said[0].contains("is no SHA-256 fingerprint, which has 64 hexadecimal digits"),
        "{said:?}"
    );
    assert_eq!(after("ca_file = \"none.pem\"\n"), ["5: none.pem: entity not found"]);
    assert_eq!(after("listen = []\n").len(), 1);
}

/// A receiver that is known by its certificate is told in the name of somebody whom
/// sessions know.
#[test]
fn receivers_over_tls() {
    let text = format!(
        "{OWN}[[tls.user]]\nname = \"noc\"\n\
         [[receiver]]\nname = \"r\"\naddress = \"192.0.2.9:10162\"\nuser = \"noc\"\n\
         fingerprint = \"{}\"\n",
        digits(1)
    );
    let config = parse(&folder(), &text).unwrap();
    let mut rows = config.senders.rows("80001f8805010203".parse().unwrap());
    let server = &rows.servers["r"];
    assert_eq!((&server.fingerprint, server.storage), (&Some(fingerprint(1)), Storage::ReadOnly));
    let target = &rows.notification.targets["r"];
    assert_eq!(target.domain, Some(Domain::Tls));
    assert_eq!(target.address, b"192.0.2.9:10162");
    let name = |rows: &SecurityRows| rows.notification.params["r"].security_name.clone();
    assert_eq!(name(&rows).as_deref(), Some("noc"));
    rows.set_use_prefix(true);
    assert_eq!(name(&rows).as_deref(), Some("tls:noc"));

    let receiver = "[[receiver]]\nname = \"r\"\naddress = \"192.0.2.9:10162\"\n";
    let after =
        |rest: &str| faults(&format!("{OWN}[[tls.user]]\nname = \"noc\"\n{receiver}{rest}"));
    let known = format!("fingerprint = \"{}\"\n", digits(1));
    for (rest, expected) in [
        (format!("{known}user = \"ann\"\n"), "11: there is no tls.user ann"),
        (known.clone(), "8: over TLS a receiver has a user of [[tls.user]], and no community"),
        (
            format!("{known}user = \"noc\"\nserver_name = \"noc\"\n"),
            "12: fingerprint and server_name cannot stand together: the fingerprint says all",
        ),
        (
            "user = \"noc\"\nserver_name = \"noc\"\n".to_owned(),
            "11: server_name is for certificates that an authority has signed, and there is no \
             ca_file in [tls]",
        ),
    ] {
        assert_eq!(after(&rest), [expected], "{rest}");
    }
    let alone = format!("name = \"web1\"\n{receiver}{known}");
    let error = Config::parse(&folder().path().join("agent.toml"), &alone).unwrap_err();
    assert!(error.to_string().contains("there is no [tls]"), "{error}");
}
