//! The agent as a process would run it, over real sockets on loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    net::{SocketAddr, UdpSocket},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use lcms_agent::{
    config::Config,
    run::{Agent, RunError},
};
use lcms_snmp::{
    ErrorStatus, Octets, Oid, OutMessage, PduKind, Value, VarBind, Version, message,
    object::{Scalar, Table},
};
use load_cluster_mib::{
    load_cluster_mib::{
        lc_agent::{self, LcAgent},
        lc_host::{self, LcHost},
    },
    snmpv2_mib::system,
    tc::RowStatus,
};
use tempfile::TempDir;

/// Long enough for a slow machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with two communities and a configuration beginning with `rest`.
fn folder(rest: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, community) in [("read", "reads"), ("write", "writes")] {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).mode(0o600);
        let mut file = options.open(folder.path().join(name)).unwrap();
        std::io::Write::write_all(&mut file, community.as_bytes()).unwrap();
    }
    configure(folder.path(), rest);
    folder
}

fn configure(folder: &Path, rest: &str) {
    let text = format!(
        "name = \"node\"\nstate_dir = \"state\"\nallow_insecure_writes = true\n{rest}\n\
         [[community]]\nname = \"r\"\nfile = \"read\"\n\
         [[community]]\nname = \"w\"\nfile = \"write\"\naccess = \"write\"\n"
    );
    fs::write(folder.join("agent.toml"), text).unwrap();
}

fn start(folder: &Path) -> Result<Agent, RunError> {
    let config = Config::load(&folder.join("agent.toml"));
    Agent::start(config.unwrap_or_else(|error| panic!("{}", error.render(false))))
}

const ANY: &str = "listen = [\"127.0.0.1:0\"]";

fn ask(
    to: SocketAddr,
    kind: PduKind,
    varbinds: &[VarBind<'_>],
) -> (ErrorStatus, Vec<Value<'static>>) {
    let local = if to.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
    let socket = UdpSocket::bind(local).unwrap();
    // A connected socket takes replies from the address that was asked alone.
    socket.connect(to).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let community = if kind == PduKind::SetRequest { "writes" } else { "reads" };
    let request = message::encode(&OutMessage {
        version: Version::V2c,
        community: community.as_bytes(),
        kind,
        request_id: 7,
        error_status: 0,
        error_index: 0,
        varbinds,
    });
    socket.send(&request).unwrap();
    let mut buffer = [0; 65_535];
    let len = socket.recv(&mut buffer).expect("an answer");
    let reply = message::decode(&buffer[..len]).unwrap();
    let values = reply.pdu.varbinds.to_vec().into_iter().map(|varbind| varbind.value).collect();
    (ErrorStatus::from_number(reply.pdu.error_status).unwrap(), values)
}

fn get(
    to: SocketAddr,
    entry: &lcms_snmp::object::Entry,
    arc: u32,
    index: &[u32],
) -> Value<'static> {
    let name = Oid::new(entry.instance(arc, index)).unwrap();
    let (status, values) = ask(to, PduKind::GetRequest, &[VarBind { name, value: Value::Null }]);
    assert_eq!(status, ErrorStatus::NoError);
    values.into_iter().next().unwrap()
}

fn row_status(name: &str, row_status: RowStatus) -> Vec<VarBind<'static>> {
    let patch = lc_host::Patch { row_status: Some(row_status), ..Default::default() };
    LcHost::varbinds(&lc_host::Index { host_name: name.into() }, &patch)
}

fn name() -> Value<'static> {
    Value::OctetString(Octets::from("node".to_owned()))
}

#[test]
fn it_answers_on_every_listener_and_ends() {
    let mut listen = vec!["127.0.0.1:0", "127.0.0.2:0"];
    // Some containers have no IPv6.
    if UdpSocket::bind("[::1]:0").is_ok() {
        listen.push("[::1]:0");
    }
    let folder = folder(&format!("listen = {listen:?}"));
    let agent = start(folder.path()).unwrap();
    assert_eq!(agent.addresses().len(), listen.len());
    for address in agent.addresses() {
        assert_ne!(address.port(), 0);
        assert_eq!(get(address, &system::ENTRY, system::col::SYS_NAME, &[0]), name());
    }
    let addresses = agent.addresses();
    agent.stop();
    for address in addresses {
        UdpSocket::bind(address).expect("the address is free again");
    }
}

#[test]
fn what_was_set_is_there_after_a_restart() {
    let folder = folder(ANY);
    let agent = start(folder.path()).unwrap();
    let address = agent.addresses()[0];
    let (status, _) = ask(address, PduKind::SetRequest, &row_status("h1", RowStatus::CreateAndGo));
    assert_eq!(status, ErrorStatus::NoError);
    agent.stop();
    let agent = start(folder.path()).unwrap();
    let address = agent.addresses()[0];
    let index = [2, u32::from(b'h'), u32::from(b'1')];
    let status = get(address, &lc_host::ENTRY, lc_host::col::ROW_STATUS, &index);
    assert_eq!(status, Value::Integer(RowStatus::Active.number()));
    let generation = lc_agent::col::LC_CONFIG_GENERATION;
    assert_eq!(get(address, &lc_agent::ENTRY, generation, &[0]), Value::Counter64(2));
    agent.stop();
    let state = fs::metadata(folder.path().join("state")).unwrap();
    assert_eq!(state.mode() & 0o777, 0o700, "the state is nobody else's");
}

#[test]
fn a_set_is_answered_after_it_is_done() {
    let folder = folder(ANY);
    let agent = start(folder.path()).unwrap();
    let address = agent.addresses()[0];
    for i in 0..20 {
        let host = format!("h{i}");
        let (status, _) =
            ask(address, PduKind::SetRequest, &row_status(&host, RowStatus::CreateAndGo));
        assert_eq!(status, ErrorStatus::NoError);
        let mut index = vec![host.len() as u32];
        index.extend(host.bytes().map(u32::from));
        let status = get(address, &lc_host::ENTRY, lc_host::col::ROW_STATUS, &index);
        assert_eq!(status, Value::Integer(1), "{host} is there at once");
    }
    agent.stop();
}

#[test]
fn of_many_who_set_the_same_lock_one_succeeds_each_time() {
    let folder = folder(ANY);
    let agent = start(folder.path()).unwrap();
    let address = agent.addresses()[0];
    let lock = || match get(address, &lc_agent::ENTRY, lc_agent::col::LC_CONFIG_LOCK, &[0]) {
        Value::Integer(lock) => lock,
        other => panic!("{other:?}"),
    };
    let first = lock();
    let patch = lc_agent::Patch { lc_config_lock: Some(first), ..Default::default() };
    let varbinds = LcAgent::varbinds(&Scalar, &patch);
    let done: usize = std::thread::scope(|scope| {
        let ask = || ask(address, PduKind::SetRequest, &varbinds).0 == ErrorStatus::NoError;
        let racers: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        racers.into_iter().map(|racer| usize::from(racer.join().unwrap())).sum()
    });
    assert_eq!(done, 1);
    assert_eq!(lock(), first.wrapping_add(1) & i32::MAX);
    agent.stop();
}

#[test]
fn garbage_and_clients_that_are_gone_do_not_disturb_it() {
    let folder = folder(ANY);
    let agent = start(folder.path()).unwrap();
    let address = agent.addresses()[0];
    for i in 0..200_usize {
        // Sent and gone: the reply comes back as an ICMP error.
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let garbage: Vec<u8> = (0..i).map(|n| (n * 37 + i) as u8).collect();
        socket.send_to(&garbage, address).unwrap();
        let name = Oid::new(system::ENTRY.instance(system::col::SYS_NAME, &[0])).unwrap();
        let request = message::encode(&OutMessage {
            version: Version::V1,
            community: b"reads",
            kind: PduKind::GetRequest,
            request_id: 1,
            error_status: 0,
            error_index: 0,
            varbinds: &[VarBind { name, value: Value::Null }],
        });
        socket.send_to(&request, address).unwrap();
    }
    assert_eq!(get(address, &system::ENTRY, system::col::SYS_NAME, &[0]), name());
    agent.stop();
}

#[test]
fn an_address_in_use_is_said_and_nothing_is_started() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = folder(&format!("listen = [\"127.0.0.1:0\", \"{address}\"]"));
    let error = start(folder.path()).err().expect("the address is taken").to_string();
    assert!(error.contains(&address.to_string()), "{error}");
    assert!(error.contains("choose another port"), "{error}");
    assert!(!folder.path().join("state").exists(), "no state was begun");
}

#[test]
fn a_state_document_of_a_newer_program_stops_the_start() {
    let folder = folder(ANY);
    let document = folder.path().join("state/state.json");
    fs::create_dir(folder.path().join("state")).unwrap();
    fs::write(&document, "{\"format\": 99}").unwrap();
    let error = start(folder.path()).err().expect("the document is newer").to_string();
    assert!(error.contains("99"), "{error}");
    assert_eq!(fs::read_to_string(&document).unwrap(), "{\"format\": 99}", "left untouched");
}

#[test]
fn a_damaged_state_document_is_kept_aside() {
    let folder = folder(ANY);
    fs::create_dir(folder.path().join("state")).unwrap();
    fs::write(folder.path().join("state/state.json"), "{\"format\": 1, garbage").unwrap();
    start(folder.path()).unwrap().stop();
    let kept = fs::read_dir(folder.path().join("state")).unwrap().any(|entry| {
        fs::read_to_string(entry.unwrap().path()).is_ok_and(|text| text.contains("garbage"))
    });
    assert!(kept, "the damaged document is still there");
}
