//! Addresses and tags of targets.

use super::*;

#[test]
fn addresses_are_those_of_their_domain() {
    for text in ["192.0.2.1:162", "[2001:db8::1]:10162"] {
        let address: SocketAddr = text.parse().unwrap();
        let (domain, octets) = Domain::of_address(address);
        assert_eq!(Domain::of(domain.oid()), Some(domain));
        let row = TargetRow { domain: Some(domain), address: octets, ..TargetRow::default() };
        assert_eq!(row.socket_address(), Some(address));
        for wrong in [&row.address[1..], &[], &[0]] {
            let row = TargetRow { address: wrong.to_vec(), ..row.clone() };
            assert_eq!(row.socket_address(), None);
        }
    }
}

#[test]
fn a_prefix_of_any_length_is_harmless() {
    let v4 = "10.0.0.1:5".parse().unwrap();
    let v6 = "[2001:db8::1]:5".parse().unwrap();
    for prefix in 0..=255 {
        for from in [v4, v6] {
            let network = Network { address: SocketAddr::ip(&from), prefix };
            let row = TargetRow::of_network(network, "t");
            assert!(row.is_complete() && row.admits(from), "{prefix} {row:?}");
        }
    }
}

#[test]
fn a_network_ends_with_its_prefix() {
    let admits = |address: &str, prefix, from: &str| {
        let network = Network { address: address.parse().unwrap(), prefix };
        TargetRow::of_network(network, "t").admits(from.parse().unwrap())
    };
    assert!(admits("192.0.2.0", 24, "192.0.2.255:9") && !admits("192.0.2.0", 24, "192.0.3.0:9"));
    assert!(admits("192.0.2.4", 30, "192.0.2.7:9") && !admits("192.0.2.4", 30, "192.0.2.8:9"));
    assert!(admits("2001:db8::", 33, "[2001:db8:7fff::1]:9"));
    assert!(!admits("2001:db8::", 33, "[2001:db8:8000::1]:9"));
    assert!(admits("0.0.0.0", 0, "192.0.2.1:9") && !admits("0.0.0.0", 0, "[::1]:9"));
}

#[test]
fn without_a_mask_the_port_counts() {
    let (domain, address) = Domain::of_address("192.0.2.1:161".parse().unwrap());
    for domain in [domain, Domain::Snmp] {
        let row =
            TargetRow { domain: Some(domain), address: address.clone(), ..TargetRow::default() };
        assert!(row.admits("192.0.2.1:161".parse().unwrap()));
        assert!(!row.admits("192.0.2.1:162".parse().unwrap()));
        let masked = TargetRow { mask: vec![255, 255, 255, 255, 0, 0], ..row };
        assert!(masked.admits("192.0.2.1:162".parse().unwrap()));
    }
}

#[test]
fn a_tag_is_a_whole_word() {
    let row = TargetRow { tag_list: "noc night-shift".to_owned(), ..TargetRow::default() };
    assert!(row.has_tag("noc") && row.has_tag("night-shift"));
    assert!(!row.has_tag("night") && !row.has_tag("") && !row.has_tag("noc night-shift"));
}
