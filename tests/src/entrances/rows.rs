//! Table rows as a manager collects them from responses.

use std::{fmt::Debug, path::Path, sync::OnceLock, time::Duration};

use jiff::Timestamp;
use lcms_manager::{
    config::Config,
    inventory::Inventory,
    ops::Variable,
    poll::{self, ClusterState, NodeRows, Rows},
};
use lcms_mibs::Mib;
use lcms_snmp::{
    OutMessage, PduKind, Value, VarBind, Version, message,
    object::{Base, Index, Scalar, SyntaxError, Table},
};
use load_cluster_mib::{
    load_cluster_mib::{
        lc_agent, lc_cluster, lc_director, lc_host, lc_host_addr, lc_host_load, lc_host_report,
        lc_policy, lc_server, lc_service,
    },
    snmpv2_mib::system,
};

/// Takes a response for rows of every table there is. An index that is read is
/// written the same; a row takes no value of a type that its column's is not
/// kin to; a patch goes both ways; and whatever the rows are, a state comes of them that prints.
pub fn rows(octets: &[u8]) {
    let Ok(response) = message::decode(octets) else { return };
    let varbinds = response.pdu.varbinds.to_vec();
    for varbind in &varbinds {
        let shown = Variable::new(mib(), varbind);
        serde_json::to_string(&shown).expect("a variable prints");
    }
    let mut rows = Rows::default();
    if let Some((Scalar, row)) = table::<lc_agent::LcAgent>(&varbinds).pop() {
        rows.agent = row;
    }
    rows.round_trip = Some(Duration::from_millis(1));
    rows.hosts = table::<lc_host::LcHost>(&varbinds);
    rows.loads = table::<lc_host_load::LcHostLoad>(&varbinds);
    rows.reports = table::<lc_host_report::LcHostReport>(&varbinds);
    rows.clusters = table::<lc_cluster::LcCluster>(&varbinds);
    rows.directors = table::<lc_director::LcDirector>(&varbinds);
    rows.services = table::<lc_service::LcService>(&varbinds);
    rows.servers = table::<lc_server::LcServer>(&varbinds);
    table::<lc_host_addr::LcHostAddr>(&varbinds);
    table::<lc_policy::LcPolicy>(&varbinds);
    table::<system::System>(&varbinds);
    state(rows);
}

/// The rows of one table, put together as the manager's client does it.
fn table<T>(varbinds: &[VarBind<'static>]) -> Vec<(T::Index, T::Row)>
where
    T: Table<Index: Debug, Patch: PartialEq + Debug>,
{
    let mut rows: Vec<(T::Index, T::Row)> = Vec::new();
    for VarBind { name, value } in varbinds {
        let Some((arc, arcs)) = T::ENTRY.split(name) else { continue };
        let Some(index) = T::Index::decode(arcs) else { continue };
        let mut again = Vec::new();
        index.encode(&mut again);
        assert_eq!(arcs, again, "{index:?}");
        let Some(column) = T::ENTRY.column(arc) else { continue };
        let fits = column.syntax.check(value);
        if column.access.is_writable() {
            let mut patch = T::Patch::default();
            assert_eq!(T::write(&mut patch, arc, value), fits);
            patch_again::<T>(&patch);
        }
        let row = match rows.iter_mut().find(|(other, _)| *other == index) {
            Some((_, row)) => row,
            None => {
                rows.push((index, T::Row::default()));
                &mut rows.last_mut().expect("it was put there").1
            }
        };
        let taken = T::fill(row, arc, value).is_ok();
        let right = fits != Err(SyntaxError::WrongType) || are_kin(column.syntax.base, value);
        assert!(right || !taken || value.is_exception(), "{} = {value:?}", column.name);
    }
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    rows
}

/// Reading takes what deployed agents send for what the MIB says: the tags of
/// numbers without a sign for one another, and those of octets.
fn are_kin(base: Base, value: &Value<'_>) -> bool {
    match base {
        Base::Counter32 | Base::Gauge32 | Base::TimeTicks => {
            matches!(value, Value::Counter32(_) | Value::Gauge32(_) | Value::TimeTicks(_))
        }
        Base::OctetString | Base::Bits | Base::Opaque => {
            matches!(value, Value::OctetString(_) | Value::Opaque(_))
        }
        _ => false,
    }
}

fn patch_again<T: Table<Patch: PartialEq + Debug>>(patch: &T::Patch) {
    let mut again = T::Patch::default();
    for (arc, value) in T::patch_columns(patch) {
        assert_eq!(T::write(&mut again, arc, &value), Ok(()));
    }
    assert_eq!(*patch, again);
}

/// Builds a state of the rows, and the one of a poll a second later.
fn state(rows: Rows) {
    let inventory = inventory();
    let node = inventory.nodes.first().expect("it has a node");
    let mut collected = [NodeRows::new(node, Ok(rows))];
    let mut build = |previous: Option<&ClusterState>, second| {
        let time = Timestamp::from_second(second).expect("a time");
        collected[0].time = time;
        let state = poll::build(inventory, &collected, previous, time);
        serde_json::to_string(&state).expect("a state prints");
        state
    };
    let first = build(None, 1_000_000_000);
    build(Some(&first), 1_000_000_001);
    build(Some(&first), 1_000_000_000);
}

fn inventory() -> &'static Inventory {
    static INVENTORY: OnceLock<Inventory> = OnceLock::new();
    INVENTORY.get_or_init(|| {
        let text = "[[node]]\nname = \"lb1\"\naddress = \"192.0.2.1\"\n\
                    [[cluster]]\nname = \"main\"\ndirectors = [\"lb1\"]\n";
        let config = Config::parse(Path::new("manager.toml"), text).expect("a configuration");
        config.inventory().expect("an inventory")
    })
}

fn mib() -> &'static Mib {
    static MIB: OnceLock<Mib> = OnceLock::new();
    MIB.get_or_init(Mib::builtin)
}

/// A response with every column of every table, each with a value of its type.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let text = |text: &str| -> Vec<u32> {
        std::iter::once(text.len() as u32).chain(text.bytes().map(u32::from)).collect()
    };
    let index = |depth: usize| ["main", "web", "rs1"].iter().take(depth).flat_map(|t| text(t));
    let indexes: Vec<Vec<u32>> =
        std::iter::once(vec![0]).chain((1..=3).map(|depth| index(depth).collect())).collect();
    let mut seeds = Vec::new();
    for entry in load_cluster_mib::load_cluster_mib::ENTRIES {
        for index in &indexes {
            let cells = entry.columns.iter().filter(|column| column.access.is_readable());
            let varbinds: Vec<VarBind<'static>> = cells
                .filter_map(|column| {
                    let name = lcms_snmp::Oid::new(entry.instance(column.arc, index)).ok()?;
                    Some(VarBind { name, value: value(column.syntax.base) })
                })
                .collect();
            seeds.push(message::encode(&OutMessage {
                version: Version::V2c,
                community: b"public",
                kind: PduKind::Response,
                request_id: 1,
                error_status: 0,
                error_index: 0,
                varbinds: &varbinds,
            }));
        }
    }
    seeds
}

fn value(base: Base) -> Value<'static> {
    match base {
        Base::Integer32 => Value::Integer(1),
        Base::OctetString => Value::OctetString(b"rs1".to_vec().into()),
        Base::Bits => Value::OctetString(vec![0x80].into()),
        Base::ObjectIdentifier => {
            Value::ObjectIdentifier(std::borrow::Cow::Owned("1.3.6".parse().unwrap()))
        }
        Base::IpAddress => Value::IpAddress([192, 0, 2, 1]),
        Base::Counter32 => Value::Counter32(1),
        Base::Gauge32 => Value::Gauge32(500),
        Base::TimeTicks => Value::TimeTicks(100),
        Base::Opaque => Value::Opaque(vec![1].into()),
        Base::Counter64 => Value::Counter64(u64::MAX),
    }
}
