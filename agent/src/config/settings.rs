//! How an agent is to be: the file as a whole.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use lcms_lb_core::model::{Name, Wanted};
use lcms_snmp::v3::SecurityLevel;
use toml::Spanned;

use super::{
    Cause, ConfigError, Senders,
    fault::Findings,
    file::{AccessTable, CommunityTable, File, MessageSize, Right},
    receivers, rows,
    tls::{self, Tls},
};
use crate::{agentx::Master, sensors::Source};

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
    /// Where it was read from.
    pub path: PathBuf,
    /// Name of the own host, the same in the whole fleet.
    pub name: Name,
    /// What sysDescr says; the agent describes its host where it is `None`.
    pub description: Option<String>,
    /// What sysContact says.
    pub contact: String,
    /// What sysLocation says.
    pub location: String,
    /// Where to listen, at least one unless a master does; port 0 takes any that
    /// is free.
    pub listen: Vec<SocketAddr>,
    /// Where to listen for connections; none unless it is asked for.
    pub listen_tcp: Vec<SocketAddr>,
    /// How SNMP over TLS is served, if it is.
    pub tls: Option<Tls>,
    /// The AgentX master to join.
    pub master: Option<Master>,
    /// Greatest message sent, in octets.
    pub max_message_size: usize,
    /// Who may ask and set.
    pub senders: Senders,
    /// Folder of the state document.
    pub state_dir: PathBuf,
    /// Where and how often the load is read.
    pub sensors: Source,
    /// How long connections may go on once another process has taken over; as
    /// long as they like if `None`.
    pub hard_stop_after: Option<Duration>,
    /// Threads of the proxy; one for each processor if `None`.
    pub shards: Option<NonZeroUsize>,
    /// The text of the file, by which a later start knows that it is the same.
    pub text: String,
    /// Whether servers may be checked by programs that the file names.
    pub allow_scripts: bool,
    /// The rows of hosts, policies and clusters, all permanent and active, the
    /// own host among them.
    pub wanted: Wanted,
}

impl Config {
    /// Reads a file and the secrets it names.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let text = String::from_utf8(fs::read(path).map_err(unreadable)?).map_err(|error| {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let line = 1 + good.unwrap_or_default().iter().filter(|octet| **octet == b'\n').count();
            let what = format!("line {line} is not text in UTF-8");
            unreadable(io::Error::new(io::ErrorKind::InvalidData, what))
        })?;
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
        let mut senders = Senders::read(&file, folder, &mut findings);
        receivers::read(&file, &mut senders, &mut findings);
        let tls = tls::read(&file, folder, &mut senders, &mut findings);
        let listen = listen(&file, &mut findings);
        let listen_tcp = distinct(&file.listen_tcp, &mut findings);
        let master = master(&file, folder, &mut findings);
        check_writes(&file, &mut findings);
        let wanted = rows::wanted(&file, folder, &mut findings);
        findings.result()?;
        Ok(Self {
            path: path.to_owned(),
            name: *file.name.get_ref(),
            description: file.description.map(|text| text.0),
            contact: file.contact.map(|text| text.0).unwrap_or_default(),
            location: file.location.map(|text| text.0).unwrap_or_default(),
            listen,
            listen_tcp,
            tls,
            master,
            max_message_size: file.max_message_size.unwrap_or(DEFAULT_MESSAGE_SIZE).value()
                as usize,
            senders,
            state_dir: folder.join(file.state_dir.unwrap_or(DEFAULT_STATE_DIR.into())),
            sensors: Source {
                proc_root: folder.join(file.proc_root.unwrap_or(DEFAULT_PROC_ROOT.into())),
                interval: file
                    .sample_interval
                    .map_or(DEFAULT_SAMPLE_INTERVAL, |interval| interval.milliseconds()),
            },
            hard_stop_after: file.hard_stop_after.map(|time| time.milliseconds()),
            allow_scripts: file.allow_scripts,
            shards: file.shards.and_then(|count| NonZeroUsize::new(count.value() as usize)),
            text: text.to_owned(),
            wanted,
        })
    }
}

impl Config {
    /// What is right and yet most likely not meant.
    pub fn hint(&self) -> Option<&'static str> {
        let nobody = self.master.is_none() && self.senders.is_empty();
        nobody.then_some(
            "nobody may ask this agent anything: there is no [[community]], no [[user]] and \
             nobody in [tls]",
        )
    }

    /// The keys that a running agent cannot follow and that differ.
    pub fn fixed_keys_that_differ(&self, other: &Self) -> Vec<&'static str> {
        [
            ("description", self.description != other.description),
            ("contact", self.contact != other.contact),
            ("location", self.location != other.location),
            ("listen", self.listen != other.listen),
            ("listen_tcp", self.listen_tcp != other.listen_tcp),
            ("tls.listen, tls.certificate_file or tls.key_file", self.tls != other.tls),
            ("agentx.master", self.master != other.master),
            ("max_message_size", self.max_message_size != other.max_message_size),
            ("state_dir", self.state_dir != other.state_dir),
            ("proc_root", self.sensors.proc_root != other.sensors.proc_root),
            ("sample_interval", self.sensors.interval != other.sensors.interval),
            ("hard_stop_after", self.hard_stop_after != other.hard_stop_after),
            ("shards", self.shards != other.shards),
        ]
        .into_iter()
        .filter_map(|(key, differs)| differs.then_some(key))
        .collect()
    }
}

/// A community that may write: one whose access says so, or whose group does.
fn may_write(file: &File, table: &CommunityTable) -> bool {
    let by_group = || {
        let group = table.group.as_ref().map(|group| &group.get_ref().0);
        let level = |table: &AccessTable| table.level.as_ref().map(|level| level.get_ref().0);
        let lowest = Some(SecurityLevel::NoAuthNoPriv);
        file.access.iter().any(|access| {
            Some(&access.group.get_ref().0) == group
                && access.write.is_some()
                && level(access) == lowest
        })
    };
    table.access.as_ref().is_some_and(|access| *access.get_ref() == Right::Write) || by_group()
}

fn listen(file: &File, findings: &mut Findings) -> Vec<SocketAddr> {
    // A subagent has a master that listens.
    let Some(listen) = &file.listen else {
        return if file.agentx.is_some() { Vec::new() } else { vec![DEFAULT_LISTEN] };
    };
    if listen.is_empty() && file.agentx.is_none() {
        findings.add(file.name.span(), Cause::NoListener);
    }
    distinct(listen, findings)
}

/// Addresses, each of them once.
pub(super) fn distinct(listen: &[Spanned<SocketAddr>], findings: &mut Findings) -> Vec<SocketAddr> {
    for (at, one) in listen.iter().enumerate() {
        let address = *one.get_ref();
        let before = listen.get(..at).unwrap_or_default();
        let twin = before.iter().find(|other| *other.get_ref() == address && address.port() != 0);
        if let Some(twin) = twin {
            let line = findings.line(twin.span().start);
            findings.add(one.span(), Cause::DuplicateListener { address, line });
        }
    }
    listen.iter().map(|one| *one.get_ref()).collect()
}

fn master(file: &File, folder: &Path, findings: &mut Findings) -> Option<Master> {
    let text = &file.agentx.as_ref()?.master;
    match text.get_ref().parse() {
        Ok(Master::Unix(path)) => Some(Master::Unix(folder.join(path))),
        Ok(master) => Some(master),
        Err(error) => {
            let cause = Cause::Master { text: text.get_ref().clone(), error };
            findings.add(text.span(), cause);
            None
        }
    }
}

/// A community travels in the clear, so writing by one stays on the machine,
/// and even there somebody has to ask for it in so many words.
fn check_writes(file: &File, findings: &mut Findings) {
    let Some(write) = file.community.iter().find(|table| may_write(file, table)) else { return };
    if !file.allow_insecure_writes {
        let span = write.access.as_ref().map_or(write.name.span(), Spanned::span);
        findings.add(span, Cause::InsecureWrites);
    }
    let listen = file.listen.iter().flatten().map(|listener| ("listen", listener));
    let listen_tcp = file.listen_tcp.iter().map(|listener| ("listen_tcp", listener));
    for (key, listener) in listen.chain(listen_tcp) {
        let address = *listener.get_ref();
        if !address.ip().to_canonical().is_loopback() {
            findings.add(listener.span(), Cause::WritesFromOutside { key, address });
        }
    }
}
