//! How an agent is to be: the file as a whole.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use lcms_lb_core::model::{Name, Wanted};
use lcms_snmp::Secret;
use toml::Spanned;

use super::{
    Cause, ConfigError,
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
    /// Threads of the proxy; one for each processor if `None`.
    pub shards: Option<NonZeroUsize>,
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
            shards: file.shards.and_then(|count| NonZeroUsize::new(count.value() as usize)),
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
        let path = folder.join(table.file.get_ref());
        match Secret::read(&path) {
            Ok(secret) => {
                let sources = table.sources.iter().map(|cidr| cidr.0).collect();
                let community = Community { name, secret, write: may_write(table), sources };
                all.push((table.name.span(), community));
            }
            Err(error) => findings.add(table.file.span(), Cause::Secret { path, error }),
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
