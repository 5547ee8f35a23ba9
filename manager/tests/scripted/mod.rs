//! An agent in this process that does as its script says: a MIB to answer from,
//! and what the network does to its answers.

// Each test takes what it needs of it.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    ops::Bound,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use lcms_manager::client::Target;
use lcms_snmp::{
    Community, ErrorStatus, Message, Octets, Oid, OutMessage, PduKind, Retry, Value, VarBind,
    Version, message,
    object::{Index as _, Table},
};

/// What is there to be read and set.
pub type Mib = BTreeMap<Oid, Value<'static>>;

/// Turns the honest answer to the nth request (from 0) into the datagrams that
/// are really sent.
pub type Network = dyn FnMut(usize, Vec<u8>) -> Vec<Vec<u8>> + Send;

/// Says of a SET's variables what is wrong with them.
pub type Refuse = dyn Fn(&[VarBind<'static>]) -> Option<(ErrorStatus, i32)> + Send;

/// A running agent; it ends when dropped.
pub struct Agent {
    pub address: SocketAddr,
    pub mib: Arc<Mutex<Mib>>,
    /// Kinds of the requests that came, in their order.
    pub seen: Arc<Mutex<Vec<PduKind>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How the agent answers.
pub struct Script {
    /// Variables that fit an answer.
    pub most: usize,
    /// Whether it is too simple to cut an answer short.
    pub too_big: bool,
    /// Refuses SETs with a status about a variable, counted from 1.
    pub refuse: Box<Refuse>,
    /// Answers GETNEXT and GETBULK with the same name for ever.
    pub stuck: bool,
    pub network: Box<Network>,
}

impl Default for Script {
    fn default() -> Self {
        let network = Box::new(|_, answer| vec![answer]);
        Self { most: 1000, too_big: false, refuse: Box::new(|_| None), stuck: false, network }
    }
}

pub const COMMUNITY: &[u8] = b"scripted";

pub fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

/// Puts a row into a MIB.
pub fn put<T: Table>(mib: &mut Mib, index: &T::Index, cells: &[(u32, Value<'static>)]) {
    let mut arcs = Vec::new();
    index.encode(&mut arcs);
    for (arc, value) in cells {
        mib.insert(Oid::new(T::ENTRY.instance(*arc, &arcs)).unwrap(), value.clone());
    }
}

pub fn text(text: &str) -> Value<'static> {
    Value::OctetString(Octets::from(text.to_owned()))
}

pub fn mib<'a>(cells: impl IntoIterator<Item = (&'a str, i32)>) -> Mib {
    cells.into_iter().map(|(name, n)| (oid(name), Value::Integer(n))).collect()
}

impl Agent {
    pub fn start(mib: Mib, mut script: Script) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        // How long a drop waits at most.
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let address = socket.local_addr().unwrap();
        let mib = Arc::new(Mutex::new(mib));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (mib, seen, stop) = (mib.clone(), seen.clone(), stop.clone());
            move || {
                let mut buffer = vec![0; 65_536];
                let mut requests = 0;
                while !stop.load(Ordering::Relaxed) {
                    let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
                    let Ok(request) = message::decode(&buffer[..length]) else { continue };
                    if request.community != COMMUNITY {
                        continue;
                    }
                    seen.lock().unwrap().push(request.pdu.kind);
                    let answer = script.answer(&mut mib.lock().unwrap(), &request);
                    for datagram in (script.network)(requests, answer) {
                        socket.send_to(&datagram, from).unwrap();
                    }
                    requests += 1;
                }
            }
        });
        Self { address, mib, seen, stop, thread: Some(thread) }
    }

    pub fn target(&self) -> Target {
        self.target_with(Community::v2c(COMMUNITY), 3000, 0)
    }

    /// With repetitions that come soon, for networks that lose.
    pub fn hasty(&self, retries: u32) -> Target {
        self.target_with(Community::v2c(COMMUNITY), 60, retries)
    }

    pub fn target_with(&self, community: Community, timeout_ms: u64, retries: u32) -> Target {
        let timeout = Duration::from_millis(timeout_ms);
        let retry = Retry { timeout, ceiling: timeout, retries };
        Target { address: self.address, credentials: community.into(), retry }
    }

    pub fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Script {
    fn answer(&self, mib: &mut Mib, request: &Message<'_>) -> Vec<u8> {
        let asked = request.pdu.varbinds.to_vec();
        let v1 = request.version == Version::V1;
        let next = |name: &Oid| match mib
            .range((Bound::Excluded(name.clone()), Bound::Unbounded))
            .next()
        {
            _ if self.stuck => VarBind { name: oid("1.3.6.1.2.1.5"), value: Value::Integer(0) },
            Some((name, value)) => VarBind { name: name.clone(), value: value.clone() },
            None => VarBind { name: name.clone(), value: Value::EndOfMibView },
        };
        let mut varbinds: Vec<VarBind<'static>> = match request.pdu.kind {
            PduKind::GetRequest => {
                let get = |VarBind { name, .. }: &VarBind<'static>| VarBind {
                    value: mib.get(name).cloned().unwrap_or(Value::NoSuchInstance),
                    name: name.clone(),
                };
                asked.iter().map(get).collect()
            }
            PduKind::GetNextRequest => asked.iter().map(|v| next(&v.name)).collect(),
            PduKind::GetBulkRequest => {
                let mut row: Vec<VarBind<'static>> = asked.clone();
                let mut all = Vec::new();
                for _ in 0..request.pdu.error_index {
                    row = row.iter().map(|v| next(&v.name)).collect();
                    all.extend(row.clone());
                }
                all
            }
            PduKind::SetRequest => {
                if let Some((status, index)) = (self.refuse)(&asked) {
                    return encode(request, status as i32, index, &asked);
                }
                mib.extend(asked.iter().map(|v| (v.name.clone(), v.value.clone())));
                asked.clone()
            }
            kind => panic!("nobody asks for {kind:?}"),
        };
        if varbinds.len() > self.most {
            if self.too_big {
                return encode(request, ErrorStatus::TooBig as i32, 0, &[]);
            }
            varbinds.truncate(self.most);
        }
        match varbinds.iter().position(|v| v.value.is_exception()) {
            Some(at) if v1 => {
                encode(request, ErrorStatus::NoSuchName as i32, at as i32 + 1, &asked)
            }
            _ => encode(request, 0, 0, &varbinds),
        }
    }
}

fn encode(
    request: &Message<'_>,
    error_status: i32,
    error_index: i32,
    varbinds: &[VarBind<'_>],
) -> Vec<u8> {
    message::encode(&OutMessage {
        version: request.version,
        community: request.community,
        kind: PduKind::Response,
        request_id: request.pdu.request_id,
        error_status,
        error_index,
        varbinds,
    })
}
