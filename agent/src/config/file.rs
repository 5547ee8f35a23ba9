//! The tables of the file as they stand there.
//!
//! Keys are the MIB's column names without their prefix, in snake case, and so
//! are units: times are in milliseconds. A key that nobody knows is refused.

use std::{
    fmt, marker::PhantomData, net::SocketAddr, num::NonZeroU16, path::PathBuf, str::FromStr,
};

use lcms_lb_core::model::{
    Address, AdminState, Bounded, Burst, CheckCount, CheckInterval, CheckKind, ConnectionRate,
    DoubtInterval, EjectionTime, Forward, IdleTimeout, Name, PanicUse, Permille,
    PersistenceTimeout, PolicyKind, PolicyWindow, PollInterval, PrefixIpv4, PrefixIpv6, Priority,
    Protocol, Roles, Scheduler, SendProxy, ServerCount, Span, Timeout, Weight, WeightMode,
};
use lcms_snmp::{
    NetworkError, Oid,
    usm::{AuthProtocol, PrivProtocol},
    v3::SecurityLevel,
};
use lcms_tls::{Fingerprint, FingerprintError};
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use crate::security::Network;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub name: Spanned<Name>,
    pub description: Option<Text<255>>,
    pub contact: Option<Text<255>>,
    pub location: Option<Text<255>>,
    pub role_potential: Option<Spanned<Roles>>,
    pub role_status: Option<Spanned<Roles>>,
    pub listen: Option<Vec<Spanned<SocketAddr>>>,
    #[serde(default)]
    pub listen_tcp: Vec<Spanned<SocketAddr>>,
    pub max_message_size: Option<MessageSize>,
    #[serde(default)]
    pub allow_insecure_writes: bool,
    pub state_dir: Option<PathBuf>,
    pub proc_root: Option<PathBuf>,
    pub sample_interval: Option<PollInterval>,
    pub shards: Option<ShardCount>,
    pub hard_stop_after: Option<IdleTimeout>,
    #[serde(default)]
    pub allow_scripts: bool,
    pub agentx: Option<AgentxTable>,
    pub tls: Option<TlsTable>,
    #[serde(default)]
    pub community: Vec<CommunityTable>,
    #[serde(default)]
    pub user: Vec<UserTable>,
    #[serde(default)]
    pub view: Vec<ViewTable>,
    #[serde(default)]
    pub access: Vec<AccessTable>,
    #[serde(default)]
    pub receiver: Vec<ReceiverTable>,
    #[serde(default)]
    pub host: Vec<HostTable>,
    #[serde(default)]
    pub policy: Vec<PolicyTable>,
    #[serde(default)]
    pub cluster: Vec<ClusterTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentxTable {
    pub master: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsTable {
    pub listen: Option<Vec<Spanned<SocketAddr>>>,
    pub certificate_file: Spanned<PathBuf>,
    pub key_file: Spanned<PathBuf>,
    pub ca_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub user: Vec<TlsUserTable>,
    #[serde(default)]
    pub map: Vec<TlsMapTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsUserTable {
    pub name: Spanned<Word>,
    pub fingerprint: Option<Digits>,
    pub access: Option<Spanned<Right>>,
    pub group: Option<Spanned<Word>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsMapTable {
    pub fingerprint: Digits,
    pub from: Option<MapFrom>,
}

/// What of a certificate is the name of its user.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(super) enum MapFrom {
    #[default]
    CommonName,
    Rfc822Name,
    DnsName,
    IpAddress,
    AnyName,
}

/// A fingerprint.
pub(super) struct Digits(pub Fingerprint);

impl FromStr for Digits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: FingerprintError| error.to_string())
    }
}

/// What every SNMP engine takes (RFC 3417 §3.2), and what a datagram holds.
pub(super) type MessageSize = Bounded<484, 65_507>;

/// Threads of the proxy.
pub(super) type ShardCount = Bounded<1, 256>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommunityTable {
    pub name: Spanned<Word>,
    pub file: Spanned<PathBuf>,
    pub access: Option<Spanned<Right>>,
    pub group: Option<Spanned<Word>>,
    #[serde(default)]
    pub sources: Vec<Cidr>,
}

/// What somebody may do who is in no group of the file's own.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Read all but users, keys and views.
    Read,
    /// Write as much, and change one's own keys.
    Write,
    /// Read and write everything.
    Admin,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserTable {
    pub name: Spanned<Word>,
    pub auth: Option<Spanned<Auth>>,
    pub auth_file: Option<Spanned<PathBuf>>,
    #[serde(rename = "priv")]
    pub privacy: Option<Spanned<Privacy>>,
    pub priv_file: Option<Spanned<PathBuf>>,
    pub access: Option<Spanned<Right>>,
    pub group: Option<Spanned<Word>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ViewTable {
    pub name: Spanned<Word>,
    #[serde(default)]
    pub include: Vec<Spanned<Subtree>>,
    #[serde(default)]
    pub exclude: Vec<Spanned<Subtree>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessTable {
    pub group: Spanned<Word>,
    pub level: Option<Spanned<Level>>,
    pub read: Option<Spanned<Word>>,
    pub write: Option<Spanned<Word>>,
    pub notify: Option<Spanned<Word>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceiverTable {
    pub name: Spanned<Word>,
    pub address: Spanned<SocketAddr>,
    pub user: Option<Spanned<Word>>,
    pub level: Option<Spanned<Level>>,
    pub community: Option<Spanned<Word>>,
    pub fingerprint: Option<Digits>,
    pub server_name: Option<Spanned<Word>>,
    pub version: Option<Spanned<ReceiverVersion>>,
    pub notify_type: Option<NotifyType>,
    pub timeout: Option<Timeout>,
    pub retry_count: Option<u8>,
    #[serde(default)]
    pub include: Vec<Spanned<Subtree>>,
    #[serde(default)]
    pub exclude: Vec<Spanned<Subtree>>,
}

/// snmpNotifyType.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum NotifyType {
    Trap,
    Inform,
}

/// The version of messages in the name of a community, as net-snmp's tools have
/// it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum ReceiverVersion {
    #[serde(rename = "1")]
    V1,
    #[serde(rename = "2c")]
    V2c,
}

/// How a user is authenticated, `none` for not at all.
#[derive(Clone, Copy)]
pub(super) struct Auth(pub Option<AuthProtocol>);

impl FromStr for Auth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            text => text.parse().map(|protocol| Self(Some(protocol))).map_err(shown),
        }
    }
}

/// How a user's messages are encrypted, `none` for not at all.
#[derive(Clone, Copy)]
pub(super) struct Privacy(pub Option<PrivProtocol>);

impl FromStr for Privacy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            text => text.parse().map(|protocol| Self(Some(protocol))).map_err(shown),
        }
    }
}

/// A security level.
#[derive(Clone, Copy)]
pub(super) struct Level(pub SecurityLevel);

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self)
    }
}

/// The name of a user, group or view: up to 32 octets of text without blanks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word(pub String);

impl FromStr for Word {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !(1..=32).contains(&text.len()) {
            return Err(format!("a name of {} octets; it has 1 to 32", text.len()));
        }
        match text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            true => Err("a name has no blanks and no control characters".to_owned()),
            false => Ok(Self(text.to_owned())),
        }
    }
}

/// What a view holds: an OID in numbers, or the name of something this agent
/// serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subtree(pub Vec<u32>);

impl FromStr for Subtree {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(oid) = text.parse::<Oid>() {
            return Ok(Self(oid.arcs().to_vec()));
        }
        // A subtree may be one of the three roots, which is not yet an OID of its own.
        let root = text.strip_prefix('.').unwrap_or(text);
        if let Some((_, arc)) = [("0", 0), ("1", 1), ("2", 2)].iter().find(|(n, _)| *n == root) {
            return Ok(Self(vec![*arc]));
        }
        let found = crate::tables::subtree(text).map(Self);
        found.ok_or_else(|| {
            let shown: String = text.chars().take(80).collect();
            format!("{shown:?} is neither an OID nor the name of what is served here")
        })
    }
}

macro_rules! in_quotes {
    ($($read:ty: $what:literal;)+) => {$(
        impl<'de> Deserialize<'de> for $read {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str(Parsed::new($what))
            }
        }
    )+};
}

in_quotes! {
    Auth: "an authentication protocol in quotes";
    Privacy: "a privacy protocol in quotes";
    Level: "a security level in quotes";
    Word: "a name in quotes";
    Subtree: "an OID or a name in quotes";
    Digits: "a SHA-256 fingerprint in quotes";
}

fn shown(error: impl fmt::Display) -> String {
    error.to_string()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostTable {
    pub name: Spanned<Name>,
    pub role_potential: Option<Spanned<Roles>>,
    pub role_status: Option<Spanned<Roles>>,
    pub admin_state: Option<AdminState>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyTable {
    pub name: Spanned<Name>,
    pub kind: Option<PolicyKind>,
    pub window: Option<PolicyWindow>,
    pub cpu_coefficient: Option<Spanned<Permille>>,
    pub memory_coefficient: Option<Permille>,
    pub connection_coefficient: Option<Permille>,
    pub interval: Option<PollInterval>,
    pub smoothing: Option<Permille>,
    pub floor: Option<Spanned<Weight>>,
    pub ceiling: Option<Spanned<Weight>>,
    pub step: Option<Weight>,
    pub hysteresis: Option<Weight>,
    pub stale_limit: Option<PollInterval>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterTable {
    pub name: Spanned<Name>,
    pub description: Option<Text<255>>,
    pub parent: Option<Name>,
    pub policy: Option<Spanned<Name>>,
    #[serde(default)]
    pub director: Vec<DirectorTable>,
    #[serde(default)]
    pub service: Vec<ServiceTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DirectorTable {
    pub host: Spanned<Name>,
    pub address: Option<Address>,
    pub priority: Option<Priority>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceTable {
    pub name: Spanned<Name>,
    #[serde(rename = "type")]
    pub service_type: Option<Text<64>>,
    pub address: Spanned<Address>,
    pub port: Spanned<NonZeroU16>,
    pub protocol: Option<Spanned<Protocol>>,
    pub scheduler: Option<Spanned<Scheduler>>,
    pub forward: Option<Spanned<Forward>>,
    pub policy: Option<Spanned<Name>>,
    pub admin_state: Option<AdminState>,
    pub connect_timeout: Option<Timeout>,
    pub idle_timeout: Option<IdleTimeout>,
    pub connection_limit: Option<u32>,
    pub queue_limit: Option<u32>,
    pub queue_timeout: Option<Timeout>,
    pub persistence_timeout: Option<PersistenceTimeout>,
    pub persistence_prefix_ipv4: Option<PrefixIpv4>,
    pub persistence_prefix_ipv6: Option<PrefixIpv6>,
    pub source_rate: Option<ConnectionRate>,
    pub source_burst: Option<Burst>,
    pub slow_start: Option<Span>,
    pub accept_proxy: Option<bool>,
    pub send_proxy: Option<SendProxy>,
    pub check_kind: Option<Spanned<CheckKind>>,
    pub check_interval: Option<CheckInterval>,
    pub check_timeout: Option<Timeout>,
    pub check_rise: Option<CheckCount>,
    pub check_fall: Option<CheckCount>,
    pub check_doubt_interval: Option<DoubtInterval>,
    pub check_port: Option<NonZeroU16>,
    pub check_request: Option<Spanned<Text<255>>>,
    pub check_expect: Option<Spanned<Text<255>>>,
    pub check_content: Option<Text<255>>,
    pub check_ca_file: Option<Spanned<Text<255>>>,
    pub check_command: Option<Spanned<Vec<String>>>,
    pub ejection_time: Option<EjectionTime>,
    pub panic_threshold: Option<Permille>,
    pub panic_use: Option<PanicUse>,
    pub quorum: Option<ServerCount>,
    pub quorum_hysteresis: Option<ServerCount>,
    #[serde(default)]
    pub server: Vec<ServerTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerTable {
    pub name: Spanned<Name>,
    pub host: Option<Spanned<Name>>,
    pub address: Address,
    pub port: NonZeroU16,
    pub weight: Option<Weight>,
    pub weight_mode: Option<WeightMode>,
    pub backup: Option<bool>,
    pub admin_state: Option<AdminState>,
    pub connection_limit: Option<u32>,
    pub check_address: Option<Address>,
    pub check_port: Option<NonZeroU16>,
    pub drain_deadline: Option<Span>,
}

/// A line of text of at most so many octets, as SNMP strings are.
pub(super) struct Text<const MAX: usize>(pub String);

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > MAX {
            return Err(format!("{} octets are more than {MAX}", text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err("control characters do not belong here".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Parsed::new("a string"))
    }
}

/// A network, or a single address.
pub(super) struct Cidr(pub Network);

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: NetworkError| error.to_string())
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Parsed::new("a network in quotes"))
    }
}

/// Reads a string by its `FromStr`.
struct Parsed<T>(&'static str, PhantomData<T>);

impl<T> Parsed<T> {
    fn new(what: &'static str) -> Self {
        Self(what, PhantomData)
    }
}

impl<T: FromStr<Err = String>> de::Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let read = |text: &str| {
            text.parse::<Cidr>().map(|cidr| (cidr.0.address.to_string(), cidr.0.prefix))
        };
        assert_eq!(read("10.0.0.0/8"), Ok(("10.0.0.0".to_owned(), 8)));
        assert_eq!(read("0.0.0.0/0"), Ok(("0.0.0.0".to_owned(), 0)));
        assert_eq!(read("192.0.2.7"), Ok(("192.0.2.7".to_owned(), 32)));
        assert_eq!(read("2001:db8::/32"), Ok(("2001:db8::".to_owned(), 32)));
        assert_eq!(read("::1"), Ok(("::1".to_owned(), 128)));
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "lan"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn texts() {
        assert!("Rack 3, top".parse::<Text<11>>().is_ok());
        assert!("Rack 3, top".parse::<Text<10>>().is_err());
        assert!("two\nlines".parse::<Text<255>>().is_err());
    }
}
