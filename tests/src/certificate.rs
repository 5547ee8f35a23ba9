//! Certificates by `openssl`: an authority, and a server's that it signed.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::net_snmp::tool;

/// Files in PEM.
pub struct Certificate {
    /// The authority's certificate.
    pub authority: PathBuf,
    /// The server's.
    pub server: PathBuf,
    /// The key to that.
    pub key: PathBuf,
}

impl Certificate {
    /// Issues one for a server of this name, or steps aside where there is no
    /// openssl. It is valid for ten days.
    #[track_caller]
    pub fn issue(folder: &Path, name: &str) -> Option<Self> {
        tool("openssl")?;
        let at = |file: &str| folder.join(file);
        let request = |key: &str| request(&at(key));
        run(request("ca.key").args(["-subj", "/CN=tests"]).arg("-out").arg(at("ca.pem")));
        run(request("server.key")
            .args(["-subj", &format!("/CN={name}")])
            .args(["-addext", &format!("subjectAltName=DNS:{name}")])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-CA")
            .arg(at("ca.pem"))
            .arg("-CAkey")
            .arg(at("ca.key"))
            .arg("-out")
            .arg(at("server.pem")));
        Some(Self { authority: at("ca.pem"), server: at("server.pem"), key: at("server.key") })
    }
}

/// Makes `NAME.pem` and `NAME.key` of somebody who is his own authority, or steps aside
/// where there is no openssl.
#[track_caller]
pub fn self_signed(folder: &Path, name: &str) -> Option<()> {
    tool("openssl")?;
    let subject = format!("/CN={name}");
    let out = folder.join(format!("{name}.pem"));
    run(request(&folder.join(format!("{name}.key"))).args(["-subj", &subject, "-out"]).arg(out));
    Some(())
}

/// The SHA-256 fingerprint of a certificate.
#[track_caller]
pub fn fingerprint(certificate: &Path) -> String {
    let mut command = Command::new("openssl");
    command.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(certificate);
    let said = String::from_utf8(command.output().expect("it was found").stdout);
    let said = said.expect("digits");
    said.trim().split_once('=').expect("a fingerprint").1.to_owned()
}

/// Asks for a new key, and for a certificate that it signs itself.
fn request(key: &Path) -> Command {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt"]);
    command.args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "10", "-keyout"]).arg(key);
    command
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().expect("it was found");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
