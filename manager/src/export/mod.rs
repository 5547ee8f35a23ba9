//! Files for other monitoring systems, made of the state that `poll` builds and
//! of the MIB. Functions of these and of nothing else: the same cluster gives the
//! same files, in the same order.
//!
//! No file holds a secret. What asks our agents by our plugin names the manager's
//! configuration; what asks by itself says where the operator puts the secret.

mod icinga2;
mod monitored;
mod nagios;
mod prometheus;
mod snmptt;

pub use self::{
    icinga2::icinga2,
    monitored::Monitored,
    nagios::{NagiosName, nagios},
    prometheus::{ExporterFormat, prometheus},
    snmptt::snmptt,
};

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportFile {
    /// Its name in the folder.
    pub name: &'static str,
    /// What it holds.
    pub text: String,
}

/// How our plugin is called.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// The program.
    pub program: String,
    /// The inventory, which names the files with the secrets.
    pub config: String,
}

/// The first lines of a file whose comments begin with `mark`.
fn header(mark: &str, what: &str, notes: &[&str]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!("{mark} {what}, by lcms-manager {version}: export writes it anew.\n");
    for note in notes {
        text.push_str(&format!("{mark} {note}\n"));
    }
    text.push('\n');
    text
}
