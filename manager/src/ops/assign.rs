//! `key=value`: columns by their short names.
//!
//! Keys, ranges and labels are the MIB's: `lcServiceCheckInterval` is
//! `check-interval`. Only addresses, which take two or three columns, have a
//! form of their own.

use std::{net::SocketAddr, str::FromStr};

use lcms_lb_core::model::Address;
use lcms_snmp::{
    Octets, Value,
    object::{Access, Base, Column, Table},
};
use load_cluster_mib::tc::InetAddressType;
use thiserror::Error;

use super::{Kind, Named, error::allowed};

/// A column's short name, and what it is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Before the `=`.
    pub key: String,
    /// After it.
    pub value: String,
}

impl Assignment {
    /// Assigns a value to a column.
    pub fn new(key: impl Into<String>, value: impl ToString) -> Self {
        Self { key: key.into(), value: value.to_string() }
    }
}

impl FromStr for Assignment {
    type Err = AssignError;

    fn from_str(text: &str) -> Result<Self, AssignError> {
        let (key, value) =
            text.split_once('=').ok_or_else(|| AssignError::Form { given: text.to_owned() })?;
        Ok(Self::new(key, value))
    }
}

/// Why something cannot be assigned.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AssignError {
    /// There is no `=`.
    #[error("{given:?} is no KEY=VALUE")]
    Form {
        /// What was given.
        given: String,
    },
    /// No column has that name.
    #[error("a {kind} has no {key:?}")]
    Key {
        /// What was to be set.
        kind: Kind,
        /// The name.
        key: String,
        /// The names there are.
        keys: Vec<String>,
    },
    /// The column is there to be read.
    #[error("{key} is there to be read, not to be set")]
    ReadOnly {
        /// The name.
        key: String,
        /// The names of those that can be set.
        keys: Vec<String>,
    },
    /// The column cannot hold that.
    #[error("{key}={value}: no such value")]
    Value {
        /// The name.
        key: String,
        /// The value.
        value: String,
        /// What it takes.
        takes: String,
    },
}

impl AssignError {
    /// What to do next.
    pub fn advice(&self) -> String {
        match self {
            Self::Form { .. } => "write it like weight=10".to_owned(),
            Self::Key { keys, .. } | Self::ReadOnly { keys, .. } => {
                format!("there are: {}", keys.join(", "))
            }
            Self::Value { key, takes, .. } => format!("{key} takes {takes}"),
        }
    }
}

/// The short name of a column: `lcServerWeightMode` → `weight-mode`.
pub fn key<T: Table>(column: &Column) -> String {
    let prefix = T::ENTRY.name.strip_suffix("Entry").unwrap_or_default();
    let rest = column.name.strip_prefix(prefix).unwrap_or(column.name);
    let mut key = String::with_capacity(rest.len() + 4);
    for (at, c) in rest.chars().enumerate() {
        if c.is_ascii_uppercase() && at > 0 {
            key.push('-');
        }
        key.push(c.to_ascii_lowercase());
    }
    key
}

/// The short names of the columns that can be set.
pub fn keys<T: Named>() -> Vec<String> {
    let columns = T::ENTRY.columns.iter().filter(|column| column.access.is_writable());
    columns.map(key::<T>).filter(|key| !key.ends_with("address-type")).collect()
}

/// Puts assignments into a patch.
pub fn assign<T: Named>(
    patch: &mut T::Patch,
    assignments: &[Assignment],
) -> Result<(), AssignError> {
    for Assignment { key, value } in assignments {
        let column = column::<T>(key)?;
        let wrong =
            |takes: String| AssignError::Value { key: key.clone(), value: value.clone(), takes };
        if let Some(prefix) = key.strip_suffix("address") {
            let (address, port) = address(value).ok_or_else(|| wrong(ADDRESS_FORM.to_owned()))?;
            let (kind, octets) = inet_address(address);
            let port = port.map(|port| ("port", Value::Gauge32(port.into())));
            let parts = [("address-type", Value::Integer(kind.number())), ("address", octets)];
            for (part, value) in parts.into_iter().chain(port) {
                let column = self::column::<T>(&format!("{prefix}{part}"))?;
                T::write(patch, column.arc, &value).map_err(|_| wrong(ADDRESS_FORM.to_owned()))?;
            }
            continue;
        }
        let takes = || wrong(allowed(&column.syntax));
        let value = parse(column, value).ok_or_else(takes)?;
        T::write(patch, column.arc, &value).map_err(|_| takes())?;
    }
    Ok(())
}

const ADDRESS_FORM: &str = "ADDRESS or ADDRESS:PORT, such as 192.0.2.1:80 or [2001:db8::1]:80";

fn column<T: Named>(wanted: &str) -> Result<&'static Column, AssignError> {
    let mut columns = T::ENTRY.columns.iter();
    let Some(column) = columns.find(|column| key::<T>(column) == wanted) else {
        return Err(AssignError::Key { kind: T::KIND, key: wanted.to_owned(), keys: keys::<T>() });
    };
    match column.access {
        Access::ReadWrite | Access::ReadCreate => Ok(column),
        _ => Err(AssignError::ReadOnly { key: wanted.to_owned(), keys: keys::<T>() }),
    }
}

/// A value of the column's syntax; `T::write` checks its range.
fn parse(column: &Column, text: &str) -> Option<Value<'static>> {
    let labels = column.syntax.labels;
    let labelled = |text: &str| {
        let (_, number) = labels.iter().find(|(label, _)| *label == text)?;
        Some(*number)
    };
    Some(match column.syntax.base {
        Base::Integer32 => Value::Integer(labelled(text).or_else(|| text.parse().ok())?),
        Base::Gauge32 => Value::Gauge32(text.parse().ok()?),
        Base::TimeTicks => Value::TimeTicks(text.parse().ok()?),
        Base::Counter32 => Value::Counter32(text.parse().ok()?),
        Base::Counter64 => Value::Counter64(text.parse().ok()?),
        Base::OctetString => Value::OctetString(Octets::from(text.to_owned())),
        Base::Bits => {
            let mut octets = Vec::new();
            for label in text.split(',').filter(|label| !label.is_empty()) {
                let position = usize::try_from(labelled(label.trim())?).ok()?;
                if octets.len() <= position / 8 {
                    octets.resize(position / 8 + 1, 0_u8);
                }
                *octets.get_mut(position / 8)? |= 0x80 >> (position % 8);
            }
            Value::OctetString(Octets::from(octets))
        }
        Base::ObjectIdentifier | Base::IpAddress | Base::Opaque => return None,
    })
}

/// An address, with or without a port.
fn address(text: &str) -> Option<(Address, Option<u16>)> {
    if let Ok(address) = text.parse::<Address>() {
        return Some((address, None));
    }
    if let Some((address, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        return Some((address.parse().ok()?, Some(port.parse().ok()?)));
    }
    let address: SocketAddr = text.parse().ok()?;
    Some((Address::from(address.ip()), Some(address.port())))
}

/// The InetAddressType and InetAddress of an address (RFC 4001).
fn inet_address(address: Address) -> (InetAddressType, Value<'static>) {
    use std::net::IpAddr::{V4, V6};
    let kind = match (address.ip, address.zone) {
        (V4(_), 0) => InetAddressType::Ipv4,
        (V6(_), 0) => InetAddressType::Ipv6,
        (V4(_), _) => InetAddressType::Ipv4z,
        (V6(_), _) => InetAddressType::Ipv6z,
    };
    let mut octets = Octets::from(address.ip).to_vec();
    if address.zone != 0 {
        octets.extend(address.zone.to_be_bytes());
    }
    (kind, Value::OctetString(Octets::from(octets)))
}

#[cfg(test)]
mod tests {
    use load_cluster_mib::{
        load_cluster_mib::{
            lc_director::LcDirector,
            lc_host::{self, LcHost},
            lc_server::{self, LcServer},
            lc_service::LcService,
        },
        tc,
    };

    use super::*;

    fn patch<T: Named>(texts: &[&str]) -> Result<T::Patch, AssignError> {
        let assignments: Vec<Assignment> =
            texts.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        let mut patch = T::Patch::default();
        assign::<T>(&mut patch, &assignments)?;
        Ok(patch)
    }

    #[test]
    fn keys_are_the_columns_names() {
        assert!(keys::<LcServer>().starts_with(&["weight".into(), "dynamic-weight".into()]));
        assert!(keys::<LcService>().contains(&"check-interval".to_owned()));
        assert!(!keys::<LcServer>().contains(&"effective-weight".to_owned()));
    }

    #[test]
    fn values_are_what_the_mib_says() {
        let server = patch::<LcServer>(&[
            "weight=10",
            "admin-state=drain",
            "backup=true",
            "address=192.0.2.1:80",
            "host=rs1",
        ])
        .unwrap();
        let expected = lc_server::Patch {
            weight: Some(10),
            admin_state: Some(tc::LcAdminState::Drain),
            backup: Some(true),
            address_type: Some(InetAddressType::Ipv4),
            address: Some(vec![192, 0, 2, 1]),
            port: Some(80),
            host: Some("rs1".into()),
            ..Default::default()
        };
        assert_eq!(server, expected);

        let checked = patch::<LcServer>(&["check-address=192.0.2.9:81"]).unwrap();
        let expected = lc_server::Patch {
            check_address_type: Some(InetAddressType::Ipv4),
            check_address: Some(vec![192, 0, 2, 9]),
            check_port: Some(81),
            ..Default::default()
        };
        assert_eq!(checked, expected);

        let host = patch::<LcHost>(&["role-status=director,realServer"]).unwrap();
        let roles = tc::LcRoles::DIRECTOR.union(tc::LcRoles::REAL_SERVER);
        assert_eq!(host, lc_host::Patch { role_status: Some(roles), ..Default::default() });

        let director = patch::<LcDirector>(&["address=fe80::1%3"]).unwrap();
        assert_eq!(director.address_type, Some(InetAddressType::Ipv6z));
        assert_eq!(director.address.unwrap().len(), 20);
    }

    #[test]
    fn what_cannot_be_set_says_what_can() {
        for (text, error, advice) in [
            ("weight", "is no KEY=VALUE", "weight=10"),
            ("wait=1", "a server has no \"wait\"", "weight, dynamic-weight"),
            ("effective-weight=1", "there to be read", "weight, dynamic-weight"),
            ("weight=70000", "weight=70000: no such value", "weight takes 0 to 65535"),
            ("weight=-1", "no such value", "0 to 65535"),
            ("weight=ten", "no such value", "0 to 65535"),
            ("admin-state=off", "no such value", "enabled, drain, maintenance"),
            ("address=web:80", "no such value", "192.0.2.1:80"),
            ("address=192.0.2.1:0", "no such value", "192.0.2.1:80"),
            ("host=a-name-that-is-longer-than-thirty-two", "no such value", "0 to 32 octets"),
        ] {
            let found = patch::<LcServer>(&[text]).unwrap_err();
            assert!(found.to_string().contains(error), "{found}");
            assert!(found.advice().contains(advice), "{}", found.advice());
        }
    }
}
