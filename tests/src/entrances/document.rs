//! The state document that an agent finds at its start.

use std::{fs, path::Path};

use lcms_lb_core::{
    model::{
        Address, Lease, RowState, Runtime, Server, Service, StorageType, UnixTime, Wanted, Weight,
    },
    store::{Note, Opened, Store, StoreError},
};
use tempfile::TempDir;

use super::station;

const NOW: UnixTime = UnixTime(1_700_000_000_000);

/// Opens a document of these octets. It is refused if it is newer than the
/// program and then left as it is; kept aside octet for octet if it is damaged;
/// and taken otherwise. What comes of it breaks no rule, and the next start finds
/// the same.
pub fn state_document(octets: &[u8]) {
    let folder = folder();
    let path = folder.path().join("state.json");
    fs::write(&path, octets).expect("a file of the folder");
    let Opened { store, wanted, runtime, notes, companion } =
        match Store::open(&path, station::wanted(), NOW) {
            Ok(opened) => opened,
            Err(error @ StoreError::Newer { .. }) => {
                assert!(!error.to_string().is_empty());
                assert!(fs::read(&path).is_ok_and(|kept| kept == octets), "it was touched");
                return;
            }
            Err(error) => panic!("{error}"),
        };
    assert_eq!(wanted.check(), []);
    for note in &notes {
        assert!(!note.to_string().is_empty());
        if let Note::Damaged { kept, .. } = note {
            assert!(fs::read(kept).is_ok_and(|kept| kept == octets), "it was lost: {note}");
        }
    }
    drop(store);

    let again = Store::open(&path, station::wanted(), NOW).expect("what was written is read");
    assert_eq!((runtime, companion), (again.runtime, again.companion));
    // Volatile rows end with the agent, and what named them is mended.
    if wanted.kept() == wanted {
        assert_eq!(again.notes, []);
        assert_eq!(wanted, again.wanted);
    }
}

/// In memory where there is such a place: a document is synced more than once.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    }
    .expect("a temporary directory")
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut changed = station::wanted();
    let web = changed.clusters.values_mut().flat_map(|cluster| cluster.services.values_mut());
    for service in web {
        service.servers.values_mut().for_each(|server| server.weight = Weight::clamped(3));
    }
    let mut grown = changed.clone();
    for storage in [StorageType::NonVolatile, StorageType::Volatile] {
        let server = Server {
            host: "rs1".parse().ok(),
            address: "192.0.2.7".parse::<Address>().ok(),
            port: 81.try_into().ok(),
            row: RowState::Active,
            storage,
            ..Server::default()
        };
        let name = format!("{storage:?}").to_lowercase();
        let service = Service {
            servers: [(name.parse().expect("a name"), server)].into(),
            storage,
            ..Service::default()
        };
        for cluster in grown.clusters.values_mut() {
            cluster.services.insert(name.parse().expect("a name"), service.clone());
        }
    }
    let lease = Lease { owner: "somebody".to_owned(), term: 7, expires: None };
    let leases =
        Runtime { leases: [("main".parse().expect("a name"), lease)].into(), ..Runtime::default() };
    let mut seeds = vec![
        written(&station::wanted(), &Runtime::default()),
        written(&changed, &leases),
        written(&grown, &leases),
    ];
    seeds.push(b"{\"format\": 2, \"wanted\": []}".to_vec());
    seeds.push(b"{\"format\": 1, \"wanted\": {}, \"config\": {}}".to_vec());
    seeds
}

/// A document as the store writes it.
fn written(wanted: &Wanted, runtime: &Runtime) -> Vec<u8> {
    let folder = folder();
    let path = folder.path().join("state.json");
    let mut opened = Store::open(&path, station::wanted(), NOW).expect("there is none yet");
    opened.store.save(wanted, runtime, Some("beside.new-1")).expect("a folder of our own");
    fs::read(&path).expect("it was written")
}
