//! Where messages may come from.

use std::net::IpAddr;

/// Addresses with a common prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Any address of the network.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_any_length_is_harmless() {
        for prefix in [0, 32, 33, 128, 255] {
            let network = Network { address: "10.0.0.1".parse().unwrap(), prefix };
            assert!(network.contains("10.0.0.1".parse().unwrap()), "{prefix}");
        }
    }

    #[test]
    fn families_do_not_mix() {
        let all = Network { address: "0.0.0.0".parse().unwrap(), prefix: 0 };
        assert!(all.contains("192.0.2.1".parse().unwrap()));
        assert!(!all.contains("::1".parse().unwrap()));
    }
}
