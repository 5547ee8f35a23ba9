//! Who may do what.
//!
//! Versions 1 and 2c know a community and an address, and both decide at once
//! over the whole of the MIB. The engine asks nothing but what this file
//! answers, so that the views of RFC 3415 can take its place.

use std::net::{IpAddr, SocketAddr};

/// Everyone who may send requests.
#[derive(Debug, Default)]
pub struct Access {
    grants: Vec<Grant>,
}

/// What one community may do.
#[derive(Clone)]
pub struct Grant {
    /// The octets that a message must carry.
    pub community: Box<[u8]>,
    /// The community's name in the config, which may be shown.
    pub label: Box<str>,
    /// Whether SET is allowed.
    pub write: bool,
    /// Where its messages may come from; empty allows every address.
    pub sources: Vec<Network>,
}

/// Addresses with a common prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Any address of the network.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
}

/// The sender of a message that was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal<'a> {
    /// The name it goes by in logs and in the record of changes.
    pub name: &'a str,
    /// Whether it may SET.
    pub may_write: bool,
}

impl Access {
    /// Takes what the config grants.
    pub fn new(grants: Vec<Grant>) -> Self {
        Self { grants }
    }

    /// The sender that a community and an address stand for, if any.
    ///
    /// Where one community is granted twice, the grant that allows more counts.
    pub fn principal(&self, community: &[u8], from: SocketAddr) -> Option<Principal<'_>> {
        let ip = from.ip().to_canonical();
        let admits = |grant: &&Grant| {
            *grant.community == *community
                && (grant.sources.is_empty() || grant.sources.iter().any(|n| n.contains(ip)))
        };
        let grant = self.grants.iter().filter(admits).max_by_key(|grant| grant.write)?;
        Some(Principal { name: &grant.label, may_write: grant.write })
    }
}

impl Network {
    /// Whether an address has the prefix.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differ = u32::from(network) ^ u32::from(address);
                differ.leading_zeros() >= u32::from(self.prefix).min(32)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = u128::from(network) ^ u128::from(address);
                differ.leading_zeros() >= u32::from(self.prefix).min(128)
            }
            _ => false,
        }
    }
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grant")
            .field("label", &self.label)
            .field("write", &self.write)
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(community: &str, write: bool, sources: &[(&str, u8)]) -> Grant {
        let sources = sources
            .iter()
            .map(|&(address, prefix)| Network { address: address.parse().unwrap(), prefix })
            .collect();
        Grant { community: community.as_bytes().into(), label: "label".into(), write, sources }
    }

    #[test]
    fn community_and_address_decide_together() {
        let access = Access::new(vec![
            grant("everyone", false, &[]),
            grant("local", true, &[("127.0.0.0", 8), ("::1", 128)]),
        ]);
        for (community, from, expected) in [
            ("everyone", "192.0.2.1:5", Some(false)),
            ("local", "127.3.2.1:5", Some(true)),
            ("local", "[::1]:5", Some(true)),
            ("local", "[::ffff:127.0.0.1]:5", Some(true)),
            ("local", "128.0.0.1:5", None),
            ("local", "[::2]:5", None),
            ("", "127.0.0.1:5", None),
            ("everyone ", "127.0.0.1:5", None),
        ] {
            let principal = access.principal(community.as_bytes(), from.parse().unwrap());
            assert_eq!(principal.map(|p| p.may_write), expected, "{community} from {from}");
        }
    }

    #[test]
    fn a_prefix_of_any_length_is_harmless() {
        for prefix in [0, 32, 33, 128, 255] {
            let network = Network { address: "10.0.0.1".parse().unwrap(), prefix };
            assert!(network.contains("10.0.0.1".parse().unwrap()), "{prefix}");
        }
    }

    #[test]
    fn a_community_is_never_printed() {
        assert!(!format!("{:?}", grant("hush", true, &[])).contains("hush"));
    }
}
