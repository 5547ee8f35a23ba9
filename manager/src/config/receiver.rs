//! `[receiver]`: whose notifications are taken, and to whom they are passed on.

use std::{fs, net::SocketAddr, num::NonZeroU32, ops::Range, path::PathBuf, time::Duration};

use lcms_lb_core::{model::Name, source_rate::SourceRate};
use lcms_snmp::{
    EngineId, Network,
    usm::{AuthProtocol, PrivProtocol},
    v3::SecurityLevel,
};
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use super::{
    error::{Fault, Placed},
    inventory::{Reader, UserWords, unique},
    tables::Word,
};
use crate::traps::{
    Authority, Command, Consumer, KnownCommunity, Pattern, Rule, Settings, Severity, Wanted,
    Webhook, journal::Limits,
};

/// The section as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiverTable {
    listen: Option<Spanned<Vec<Word<SocketAddr>>>>,
    max_size: Option<Spanned<u64>>,
    source_rate: Option<Spanned<u64>>,
    source_burst: Option<Spanned<u64>>,
    journal_file_size: Option<Spanned<u64>>,
    journal_files: Option<Spanned<u64>>,
    window_ms: Option<Spanned<u64>>,
    hold_down_ms: Option<Spanned<u64>>,
    #[serde(default)]
    community: Vec<CommunityTable>,
    #[serde(default)]
    user: Vec<UserTable>,
    #[serde(default)]
    pass_on: Vec<RuleTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommunityTable {
    name: Spanned<Name>,
    community_file: Spanned<PathBuf>,
    #[serde(default)]
    sources: Vec<Word<Network>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserTable {
    user: Spanned<String>,
    level: Option<Spanned<Word<SecurityLevel>>>,
    auth: Option<Spanned<Word<AuthProtocol>>>,
    auth_file: Option<Spanned<PathBuf>>,
    #[serde(rename = "priv")]
    privacy: Option<Spanned<Word<PrivProtocol>>>,
    priv_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    engines: Vec<Word<EngineId>>,
    #[serde(default)]
    sources: Vec<Word<Network>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    name: Spanned<Name>,
    #[serde(default)]
    notifications: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    severity: Option<Word<Severity>>,
    #[serde(default)]
    clusters: Vec<String>,
    #[serde(default)]
    senders: Vec<String>,
    window_ms: Option<Spanned<u64>>,
    hold_down_ms: Option<Spanned<u64>>,
    // Who is told: one of these four.
    log: Option<Spanned<PathBuf>>,
    command: Option<Spanned<Vec<String>>>,
    webhook: Option<Spanned<String>>,
    nagios: Option<Spanned<PathBuf>>,
    // Of commands and webhooks.
    timeout_ms: Option<Spanned<u64>>,
    // Of commands.
    at_once: Option<Spanned<u64>>,
    // Of webhooks.
    retries: Option<Spanned<u64>>,
    ca_file: Option<Spanned<PathBuf>>,
    authorization_file: Option<Spanned<PathBuf>>,
}

/// What can be wrong with the receiver.
#[derive(Debug, Error)]
pub enum ReceiverFault {
    /// A number that nobody wants.
    #[error("{key} = {value} is out of range")]
    Range {
        /// The key.
        key: &'static str,
        /// What was written.
        value: u64,
        /// The least that is right.
        low: u64,
        /// And the most.
        high: u64,
    },
    /// No address.
    #[error("the receiver listens nowhere")]
    Nowhere,
    /// A rule that tells nobody, or more than one.
    #[error("rule {rule:?} names {count} of log, command, webhook and nagios")]
    Consumers {
        /// The rule.
        rule: Name,
        /// How many.
        count: usize,
    },
    /// A key that means nothing beside the consumer.
    #[error("{key} says nothing of a {consumer}")]
    Stray {
        /// The key.
        key: &'static str,
        /// The consumer.
        consumer: &'static str,
    },
    /// A program without a whole path.
    #[error("{0:?} is not the whole path of a program")]
    Program(String),
    /// An address that nothing can be posted to.
    #[error("{0:?} is no address of a web server")]
    Url(String),
    /// Certificates that cannot be read.
    #[error("{path:?} cannot be read: {source}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl ReceiverFault {
    pub(super) fn form(&self) -> String {
        match self {
            Self::Range { key, low, high, .. } => format!("from {low} to {high}: {key} = {low}"),
            Self::Nowhere => "name an address: listen = [\"127.0.0.1:162\"]".to_owned(),
            Self::Consumers { .. } => "name one: nagios = \"/var/lib/nagios4/rw/nagios.cmd\"; \
                                       another consumer is another [[receiver.pass_on]]"
                .to_owned(),
            Self::Stray { key, .. } => format!("remove {key}"),
            Self::Program(_) => {
                "write its whole path and its arguments, each for itself; there is no shell: \
                 command = [\"/usr/local/bin/page\", \"noc\"]"
                    .to_owned()
            }
            Self::Url(_) => {
                "write it whole: webhook = \"https://noc.example.net/events\"".to_owned()
            }
            Self::Authorities { .. } => "name a file of certificates in PEM".to_owned(),
        }
    }
}

/// A number within its range, or the default.
fn within(
    key: &'static str,
    given: Option<&Spanned<u64>>,
    (low, high): (u64, u64),
    default: u64,
) -> Placed<u64> {
    let Some(given) = given else { return Ok(default) };
    let value = *given.get_ref();
    match (low..=high).contains(&value) {
        true => Ok(value),
        false => Err((given.span(), ReceiverFault::Range { key, value, low, high }.into())),
    }
}

fn milliseconds(
    key: &'static str,
    given: Option<&Spanned<u64>>,
    range: (u64, u64),
    default: Duration,
) -> Placed<Duration> {
    let default = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
    within(key, given, range, default).map(Duration::from_millis)
}

fn words<T: Clone>(words: &[Word<T>]) -> Vec<T> {
    words.iter().map(|Word(word)| word.clone()).collect()
}

fn patterns(texts: &[String]) -> Vec<Pattern> {
    texts.iter().map(Pattern::new).collect()
}

/// The longest window, and the longest hold-down: a day.
const DAY: u64 = 86_400_000;

impl ReceiverTable {
    /// What it says, and the defaults for the rest, with the state in this folder.
    pub(super) fn settings(&self, reader: &mut Reader<'_>, state_dir: PathBuf) -> Placed<Settings> {
        unique("receiver.community", reader.text, self.community.iter().map(|c| &c.name))?;
        unique("receiver.user", reader.text, self.user.iter().map(|user| &user.user))?;
        unique("receiver.pass_on", reader.text, self.pass_on.iter().map(|rule| &rule.name))?;
        let listen = match &self.listen {
            Some(listen) if listen.get_ref().is_empty() => {
                return Err((listen.span(), ReceiverFault::Nowhere.into()));
            }
            Some(listen) => words(listen.get_ref()),
            None => vec![([127, 0, 0, 1], Settings::PORT).into()],
        };
        let size = (Settings::LEAST_SIZE.into(), 65_507);
        let max_size = within("max_size", self.max_size.as_ref(), size, Settings::MAX_SIZE.into())?;
        let rate = within("source_rate", self.source_rate.as_ref(), (0, 1_000_000), 100)?;
        let burst = within("source_burst", self.source_burst.as_ref(), (1, 1_000_000), 1000)?;
        let usual = Limits::default();
        let bytes = (1 << 16, 1 << 40);
        let file_size =
            within("journal_file_size", self.journal_file_size.as_ref(), bytes, usual.file_size)?;
        let files =
            within("journal_files", self.journal_files.as_ref(), (2, 10_000), usual.files as u64)?;
        let mut settings = Settings {
            listen,
            state_dir,
            max_size: u16::try_from(max_size).unwrap_or(u16::MAX),
            source_rate: NonZeroU32::new(u32::try_from(rate).unwrap_or(u32::MAX)).map(
                |each_second| SourceRate {
                    each_second,
                    burst: u32::try_from(burst).unwrap_or(u32::MAX),
                },
            ),
            journal: Limits { file_size, files: usize::try_from(files).unwrap_or(usize::MAX) },
            communities: Vec::new(),
            users: Vec::new(),
            pass_on: Vec::new(),
        };
        for table in &self.community {
            let name = table.name.get_ref().to_string();
            if let Some(community) = reader.secret(Some(&table.community_file))? {
                let sources = words(&table.sources);
                settings.communities.push(KnownCommunity { name, community, sources });
            }
        }
        for table in &self.user {
            let credentials = reader.credentials(&UserWords {
                name: table.user.get_ref(),
                place: table.user.span(),
                level: table.level.as_ref(),
                auth: table.auth.as_ref(),
                auth_file: table.auth_file.as_ref(),
                privacy: table.privacy.as_ref(),
                priv_file: table.priv_file.as_ref(),
            })?;
            let (engines, sources) = (words(&table.engines), words(&table.sources));
            settings.users.push(Authority { credentials, engines, sources });
        }
        for table in &self.pass_on {
            settings.pass_on.push(self.rule(table, reader)?);
        }
        Ok(settings)
    }

    fn rule(&self, table: &RuleTable, reader: &mut Reader<'_>) -> Placed<Rule> {
        let window = table.window_ms.as_ref().or(self.window_ms.as_ref());
        let hold_down = table.hold_down_ms.as_ref().or(self.hold_down_ms.as_ref());
        Ok(Rule {
            name: table.name.get_ref().to_string(),
            wanted: Wanted {
                names: patterns(&table.notifications),
                except: patterns(&table.except),
                severity: table.severity.as_ref().map(|Word(severity)| *severity),
                clusters: patterns(&table.clusters),
                senders: patterns(&table.senders),
            },
            window: milliseconds("window_ms", window, (0, DAY), Settings::WINDOW)?,
            hold_down: milliseconds("hold_down_ms", hold_down, (0, DAY), Settings::HOLD_DOWN)?,
            consumer: table.consumer(reader)?,
        })
    }
}

impl RuleTable {
    fn consumer(&self, reader: &mut Reader<'_>) -> Placed<Consumer> {
        let path = |file: &Spanned<PathBuf>| reader.folder.join(file.get_ref());
        match (&self.log, &self.command, &self.webhook, &self.nagios) {
            (Some(log), None, None, None) => {
                self.only("log", &[])?;
                let file = (log.get_ref().as_os_str() != "-").then(|| path(log));
                Ok(Consumer::Log(file))
            }
            (None, Some(command), None, None) => {
                self.only("command", &["timeout_ms", "at_once"])?;
                self.command(command).map(Consumer::Command)
            }
            (None, None, Some(url), None) => {
                let own = ["timeout_ms", "retries", "ca_file", "authorization_file"];
                self.only("webhook", &own)?;
                self.webhook(url, reader).map(Consumer::Webhook)
            }
            (None, None, None, Some(file)) => {
                self.only("nagios", &[])?;
                Ok(Consumer::Nagios(path(file)))
            }
            (log, command, webhook, nagios) => {
                let all = [log.is_some(), command.is_some(), webhook.is_some(), nagios.is_some()];
                let count = all.into_iter().filter(|named| *named).count();
                let fault = ReceiverFault::Consumers { rule: *self.name.get_ref(), count };
                Err((self.name.span(), fault.into()))
            }
        }
    }

    /// Refuses the keys of other consumers.
    fn only(&self, consumer: &'static str, own: &[&str]) -> Placed<()> {
        let given: [(&str, Option<Range<usize>>); 5] = [
            ("timeout_ms", self.timeout_ms.as_ref().map(Spanned::span)),
            ("at_once", self.at_once.as_ref().map(Spanned::span)),
            ("retries", self.retries.as_ref().map(Spanned::span)),
            ("ca_file", self.ca_file.as_ref().map(Spanned::span)),
            ("authorization_file", self.authorization_file.as_ref().map(Spanned::span)),
        ];
        for (key, place) in given {
            if let Some(place) = place.filter(|_| !own.contains(&key)) {
                return Err((place, ReceiverFault::Stray { key, consumer }.into()));
            }
        }
        Ok(())
    }

    fn timeout(&self) -> Placed<Duration> {
        let usual = Duration::from_secs(10);
        milliseconds("timeout_ms", self.timeout_ms.as_ref(), (100, 600_000), usual)
    }

    fn command(&self, words: &Spanned<Vec<String>>) -> Placed<Command> {
        let (program, arguments) = match words.get_ref().split_first() {
            Some((program, arguments)) if program.starts_with('/') => (program, arguments),
            first => {
                let first = first.map(|(program, _)| program.clone()).unwrap_or_default();
                return Err((words.span(), ReceiverFault::Program(first).into()));
            }
        };
        let at_once = within("at_once", self.at_once.as_ref(), (1, 64), 4)?;
        Ok(Command {
            program: program.into(),
            arguments: arguments.to_vec(),
            timeout: self.timeout()?,
            at_once: usize::try_from(at_once).unwrap_or(1),
        })
    }

    fn webhook(&self, url: &Spanned<String>, reader: &mut Reader<'_>) -> Placed<Webhook> {
        let text = url.get_ref();
        let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
            return Err((url.span(), ReceiverFault::Url(text.clone()).into()));
        }
        let ca_file = match &self.ca_file {
            None => None,
            Some(file) => {
                let path = reader.folder.join(file.get_ref());
                let read = fs::read(&path).map_err(|source| {
                    (file.span(), Fault::from(ReceiverFault::Authorities { path, source }))
                });
                Some(read?)
            }
        };
        let retries = within("retries", self.retries.as_ref(), (0, 20), 5)?;
        Ok(Webhook {
            url: text.clone(),
            timeout: self.timeout()?,
            retries: u32::try_from(retries).unwrap_or(0),
            ca_file,
            authorization: reader.secret(self.authorization_file.as_ref())?,
        })
    }
}
