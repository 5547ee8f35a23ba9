//! Whom the agent notifies: the rows of SNMP-TARGET-MIB and SNMP-NOTIFICATION-MIB
//! (RFC 3413 §4), and the few scalars beside them.

use std::{
    collections::BTreeMap,
    iter,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use lcms_lb_core::model::RowState;
use lcms_snmp::v3::SecurityLevel;
use load_cluster_mib::{snmp_tls_tm_mib, snmpv2_tm, transport_address_mib};
use serde::{Deserialize, Serialize};

use super::{Network, Storage};
use crate::sensors::inventory::Link;

/// All of them, and what else is kept with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationRows {
    /// snmpTargetAddrTable.
    pub targets: BTreeMap<String, TargetRow>,
    /// snmpTargetParamsTable.
    pub params: BTreeMap<String, ParamsRow>,
    /// snmpNotifyTable.
    pub notify: BTreeMap<String, NotifyRow>,
    /// snmpNotifyFilterProfileTable, by the names of rows of snmpTargetParamsTable.
    pub profiles: BTreeMap<String, ProfileRow>,
    /// snmpNotifyFilterTable.
    #[serde(with = "filters")]
    pub filters: BTreeMap<FilterId, FilterRow>,
    /// Whether snmpEnableAuthenTraps is enabled.
    pub authen_traps: bool,
    /// ifLinkUpDownTrapEnable where it was set, by the names of interfaces: their
    /// numbers are others after the next boot.
    #[serde(default)]
    pub link_traps: BTreeMap<String, bool>,
    /// nlmConfigGlobalEntryLimit.
    pub log_entry_limit: u32,
    /// nlmConfigGlobalAgeOut, in minutes.
    pub log_age_out: u32,
}

/// The most entries that a log is let have, so that no SET fills our memory.
pub const MOST_LOG_ENTRIES: u32 = 10_000;

/// What an address is an address of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Domain {
    /// snmpUDPDomain.
    Snmp,
    /// transportDomainUdpIpv4.
    UdpIpv4,
    /// transportDomainUdpIpv6.
    UdpIpv6,
    /// snmpTLSTCPDomain, whose addresses are text (RFC 6353, SnmpTLSAddress). Names of
    /// hosts are not taken: nobody here resolves any.
    Tls,
}

/// A row of snmpTargetAddrTable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRow {
    /// snmpTargetAddrTDomain, once somebody has said.
    pub domain: Option<Domain>,
    /// snmpTargetAddrTAddress.
    pub address: Vec<u8>,
    /// snmpTargetAddrTimeout, in hundredths of a second.
    pub timeout: i32,
    /// snmpTargetAddrRetryCount.
    pub retry_count: u8,
    /// snmpTargetAddrTagList.
    pub tag_list: String,
    /// snmpTargetAddrParams.
    pub params: String,
    /// snmpTargetAddrTMask.
    #[serde(default)]
    pub mask: Vec<u8>,
    /// snmpTargetAddrMMS.
    #[serde(default = "smallest_largest")]
    pub largest: u32,
    /// How long it lives.
    #[serde(skip)]
    pub storage: Storage,
    /// What its RowStatus was set to.
    #[serde(with = "active")]
    pub row: RowState,
}

/// What snmpTargetAddrMMS is where nobody has said: what everybody takes.
fn smallest_largest() -> u32 {
    484
}

/// Of what kind messages to a target are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Model {
    /// SNMPv1.
    V1,
    /// SNMPv2c.
    V2c,
    /// SNMPv3; as a security model, USM.
    V3,
    /// As a security model, that of messages of SNMPv3 in sessions.
    Transport,
}

/// A row of snmpTargetParamsTable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParamsRow {
    /// snmpTargetParamsMPModel.
    pub mp_model: Option<Model>,
    /// snmpTargetParamsSecurityModel.
    pub security_model: Option<Model>,
    /// snmpTargetParamsSecurityName.
    pub security_name: Option<String>,
    /// snmpTargetParamsSecurityLevel.
    #[serde(with = "level")]
    pub security_level: Option<SecurityLevel>,
    /// How long it lives.
    #[serde(skip)]
    pub storage: Storage,
    /// What its RowStatus was set to.
    #[serde(with = "active")]
    pub row: RowState,
}

/// A row of snmpNotifyTable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyRow {
    /// snmpNotifyTag.
    pub tag: String,
    /// Whether snmpNotifyType is inform.
    pub inform: bool,
    /// How long it lives.
    #[serde(skip)]
    pub storage: Storage,
    /// What its RowStatus was set to.
    #[serde(with = "active")]
    pub row: RowState,
}

/// A row of snmpNotifyFilterProfileTable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileRow {
    /// snmpNotifyFilterProfileName; empty while nobody has said.
    pub name: String,
    /// How long it lives.
    #[serde(skip)]
    pub storage: Storage,
    /// What its RowStatus was set to.
    #[serde(with = "active")]
    pub row: RowState,
}

/// The index of snmpNotifyFilterTable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FilterId {
    /// snmpNotifyFilterProfileName.
    pub profile: String,
    /// snmpNotifyFilterSubtree.
    pub subtree: Vec<u32>,
}

/// A row of snmpNotifyFilterTable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterRow {
    /// snmpNotifyFilterMask.
    pub mask: Vec<u8>,
    /// Whether snmpNotifyFilterType is included.
    pub included: bool,
    /// How long it lives.
    #[serde(skip)]
    pub storage: Storage,
    /// What its RowStatus was set to.
    #[serde(with = "active")]
    pub row: RowState,
}

impl Default for NotificationRows {
    fn default() -> Self {
        Self {
            targets: BTreeMap::new(),
            params: BTreeMap::new(),
            notify: BTreeMap::new(),
            profiles: BTreeMap::new(),
            filters: BTreeMap::new(),
            authen_traps: false,
            link_traps: BTreeMap::new(),
            log_entry_limit: 1000,
            log_age_out: 1440,
        }
    }
}

impl NotificationRows {
    /// ifLinkUpDownTrapEnable of an interface. Where nobody has said, what runs on
    /// top of another interface does not tell of what that one tells (RFC 2863 §3.1.9).
    pub fn tells_of_link(&self, link: &Link) -> bool {
        self.link_traps.get(&link.interface.name).copied().unwrap_or(!link.stacked)
    }

    /// What of it outlives the process.
    pub(super) fn kept(&self) -> Self {
        let mut rows = self.clone();
        rows.retain(|storage| storage == Storage::NonVolatile);
        rows
    }

    /// Keeps the rows of some kinds of storage, and drops the others.
    pub(super) fn retain(&mut self, kept: impl Fn(Storage) -> bool) {
        self.targets.retain(|_, row| kept(row.storage));
        self.params.retain(|_, row| kept(row.storage));
        self.notify.retain(|_, row| kept(row.storage));
        self.profiles.retain(|_, row| kept(row.storage));
        self.filters.retain(|_, row| kept(row.storage));
    }

    /// Adds the rows of the configuration; where both have one it is that.
    pub(super) fn extend(&mut self, config: Self) {
        self.targets.extend(config.targets);
        self.params.extend(config.params);
        self.notify.extend(config.notify);
        self.profiles.extend(config.profiles);
        self.filters.extend(config.filters);
    }
}

impl Domain {
    /// All of them, by their numbers.
    pub const ALL: [Self; 4] = [Self::Snmp, Self::UdpIpv4, Self::UdpIpv6, Self::Tls];

    /// Its name in the MIB.
    pub fn oid(self) -> &'static [u32] {
        match self {
            Self::Snmp => snmpv2_tm::nodes::SNMP_UDP_DOMAIN,
            Self::UdpIpv4 => transport_address_mib::nodes::TRANSPORT_DOMAIN_UDP_IPV4,
            Self::UdpIpv6 => transport_address_mib::nodes::TRANSPORT_DOMAIN_UDP_IPV6,
            Self::Tls => snmp_tls_tm_mib::nodes::SNMP_TLSTCP_DOMAIN,
        }
    }

    /// The domain with a name, if messages can be sent to it.
    pub fn of(oid: &[u32]) -> Option<Self> {
        Self::ALL.into_iter().find(|domain| domain.oid() == oid)
    }

    /// The domain and the text of an address over TLS.
    pub fn of_tls(address: SocketAddr) -> (Self, Vec<u8>) {
        (Self::Tls, address.to_string().into_bytes())
    }

    /// The domain and the octets of an address over UDP.
    pub fn of_address(address: SocketAddr) -> (Self, Vec<u8>) {
        let port = address.port().to_be_bytes();
        match address.ip() {
            IpAddr::V4(ip) => (Self::UdpIpv4, [&ip.octets()[..], &port].concat()),
            IpAddr::V6(ip) => (Self::UdpIpv6, [&ip.octets()[..], &port].concat()),
        }
    }
}

impl TargetRow {
    /// The addresses of a network, on any port, for a tag.
    pub fn of_network(Network { address, prefix }: Network, tag: &str) -> Self {
        let (domain, address) = Domain::of_address(SocketAddr::new(address, 0));
        let ip_len = address.len().saturating_sub(2);
        // The leading bits of the octets, and none of the port.
        let bits = (0..ip_len).map(|at| usize::from(prefix).saturating_sub(8 * at).min(8));
        let mask = bits.map(|bits| (0xff00_u16 >> bits) as u8).chain([0; 2]).collect();
        Self {
            domain: Some(domain),
            address,
            tag_list: tag.to_owned(),
            // Nothing is sent there.
            params: tag.to_owned(),
            mask,
            largest: 0,
            ..Self::default()
        }
    }

    /// Whether an address is one of those meant (RFC 3584 §5.3): where the mask has
    /// a bit the two must have the same, and everywhere if there is no mask.
    pub fn admits(&self, from: SocketAddr) -> bool {
        let port = from.port().to_be_bytes();
        // Where there is no mask every bit counts.
        let full = iter::repeat_n(0xff, if self.mask.is_empty() { self.address.len() } else { 0 });
        let mask = self.mask.iter().copied().chain(full);
        let same = |ip: &[u8]| {
            let octets = ip.iter().chain(&port).zip(&self.address);
            ip.len() + port.len() == self.address.len()
                && octets.zip(mask).all(|((a, b), bits)| (a ^ b) & bits == 0)
        };
        match from.ip() {
            IpAddr::V4(ip) => self.domain != Some(Domain::UdpIpv6) && same(&ip.octets()),
            IpAddr::V6(ip) => self.domain == Some(Domain::UdpIpv6) && same(&ip.octets()),
        }
    }

    /// The address, if the octets are one of the domain.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        let domain = self.domain?;
        if domain == Domain::Tls {
            return str::from_utf8(&self.address).ok()?.parse().ok();
        }
        let (octets, port) = self.address.split_last_chunk::<2>()?;
        let ip: IpAddr = match domain {
            Domain::UdpIpv6 => Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).into(),
            _ => <[u8; 4]>::try_from(octets).ok()?.into(),
        };
        Some(SocketAddr::new(ip, u16::from_be_bytes(*port)))
    }

    /// Whether it may be active.
    pub fn is_complete(&self) -> bool {
        self.socket_address().is_some() && !self.params.is_empty() && self.has_fitting_mask()
    }

    /// Whether the mask is none, or as long as the address (RFC 3584, snmpTargetAddrTMask).
    pub fn has_fitting_mask(&self) -> bool {
        self.mask.is_empty() || self.mask.len() == self.address.len()
    }

    /// Whether the list has a tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        !tag.is_empty() && self.tag_list.split([' ', '\t', '\r', '\n']).any(|one| one == tag)
    }
}

impl Model {
    /// The message processing model with this number (RFC 3411 §5).
    pub fn of_messages(number: i32) -> Option<Self> {
        [Self::V1, Self::V2c, Self::V3].into_iter().find(|model| model.messages() == number)
    }

    /// The security model with this number.
    pub fn of_security(number: i32) -> Option<Self> {
        [Self::V1, Self::V2c, Self::V3, Self::Transport]
            .into_iter()
            .find(|model| model.security() == number)
    }

    /// Its number as a message processing model.
    pub fn messages(self) -> i32 {
        match self {
            Self::V1 => 0,
            Self::V2c => 1,
            Self::V3 | Self::Transport => 3,
        }
    }

    /// Its number as a security model.
    pub fn security(self) -> i32 {
        match self {
            Self::V1 => super::V1,
            Self::V2c => super::V2C,
            Self::V3 => super::V3,
            Self::Transport => super::TRANSPORT,
        }
    }
}

impl ParamsRow {
    /// Whether it may be active.
    pub fn is_complete(&self) -> bool {
        self.mp_model.is_some()
            && self.security_model.is_some()
            && self.security_name.is_some()
            && self.security_level.is_some()
    }
}

impl Default for TargetRow {
    fn default() -> Self {
        Self {
            domain: None,
            address: Vec::new(),
            timeout: 1500,
            retry_count: 3,
            tag_list: String::new(),
            params: String::new(),
            mask: Vec::new(),
            largest: smallest_largest(),
            storage: Storage::NonVolatile,
            row: RowState::NotInService,
        }
    }
}

super::rows::new_rows! {
    ParamsRow { mp_model: None, security_model: None, security_name: None, security_level: None }
    NotifyRow { tag: String::new(), inform: false }
    ProfileRow { name: String::new() }
    FilterRow { mask: Vec::new(), included: true }
}

/// A RowState as a file has it.
mod active {
    use lcms_lb_core::model::RowState;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(row: &RowState, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bool(*row == RowState::Active)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<RowState, D::Error> {
        Ok(match bool::deserialize(from)? {
            true => RowState::Active,
            false => RowState::NotInService,
        })
    }
}

/// A level as a file has it: by its name.
mod level {
    use lcms_snmp::v3::SecurityLevel;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        level: &Option<SecurityLevel>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        level.map(SecurityLevel::name).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SecurityLevel>, D::Error> {
        let name = Option::<String>::deserialize(from)?;
        name.map(|name| name.parse().map_err(D::Error::custom)).transpose()
    }
}

/// Filters as a file has them: JSON names things by strings alone.
mod filters {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{FilterId, FilterRow};

    type Filters = BTreeMap<FilterId, FilterRow>;

    pub(super) fn serialize<S: Serializer>(rows: &Filters, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(rows)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Filters, D::Error> {
        Ok(Vec::<(FilterId, FilterRow)>::deserialize(from)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;
