//! What is not a rate: the start, the memory, and what answers cost while
//! something else goes wrong or is busy.

use std::{
    fmt::Write as _,
    fs,
    net::{SocketAddr, UdpSocket},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use lcms_snmp::{OutMessage, PduKind, Value, VarBind, Version, message, object::Table};
use load_cluster_mib::load_cluster_mib::lc_server::{Index, LcServer, Patch};

use lcms_tests::flood::Flood;

use crate::{
    load::{Load, Question},
    party::{self, Party},
    verdict,
};

pub fn run(time: Duration) {
    println!();
    let start = Instant::now();
    let fresh = Party::agent_with("proc_root = \"/proc\"\n");
    verdict("first answer after start, s", start.elapsed().as_secs_f64(), 0.1, false);
    drop(fresh);
    memory();
    hanging_collector(time);
    rebuilt_table(time);
    flooded();
}

/// Bad messages that come as fast as one thread can send them.
const FLOOD: usize = 100_000;

/// Good requests while bad ones come; the processor is shared with whoever sends
/// them, which is in the figure.
fn flooded() {
    let agent = Party::agent_with("proc_root = \"/proc\"\n");
    let messages: Vec<Vec<u8>> = {
        let mut flood = Flood::new(4711);
        (0..FLOOD).map(|_| flood.message()).collect()
    };
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
    socket.connect(agent.address).expect("an address");
    let flood = thread::spawn(move || {
        let start = Instant::now();
        for message in &messages {
            let _ = socket.send(message);
        }
        start.elapsed()
    });
    let load = Load::new(&agent, Duration::from_secs(60));
    let (under, took) = (load.run_while(Question::Get, 1, &|| !flood.is_finished()), flood.join());
    let took = took.expect("it only sends").as_secs_f64();
    println!("   ({FLOOD} messages in {took:.1} s, {:.0} good ones answered)", under.count());
    verdict("p99 under bad messages, ms", under.quantile(0.99) / 1000.0, 5.0, false);
}

/// A hundred servers, and a hundred interfaces in a network of their own, which
/// goes with the process. It shows in a /sys of its own only.
fn memory() {
    let folder = party::folder(&servers(100));
    let links = "mount --make-rprivate / && mount -t sysfs sysfs /sys; ip link set lo up; i=0; \
                 while [ $i -lt 49 ]; do ip link add a$i type veth peer name b$i; i=$((i+1)); done; \
                 exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-n", "-m", "sh", "-c", links]).arg(party::binary("lcms-agent"));
    let address = SocketAddr::from(([127, 0, 0, 1], 16_161));
    command.stderr(Stdio::null());
    let mut child = party::start_agent(command, folder.path(), address);
    // Time for the interfaces, and for some rounds of all collectors.
    thread::sleep(Duration::from_secs(7));
    let resident = party::resident(child.id()) as f64 / f64::from(1 << 20);
    verdict("memory, 100 servers and 98 interfaces, MiB", resident, 6.0, false);
    let _ = child.kill();
    let _ = child.wait();
}

fn servers(count: usize) -> String {
    let mut text = String::from(
        "[[cluster]]\nname = \"main\"\n[[cluster.service]]\nname = \"web\"\naddress = \"127.0.0.1\"\n\
         port = 8080\nscheduler = \"wrr\"\ncheck_kind = \"none\"\n",
    );
    for number in 0..count {
        let _ = write!(
            text,
            "[[cluster.service.server]]\nname = \"rs{number}\"\naddress = \"127.0.0.1\"\nport = {}\n",
            number % 60_000 + 1000
        );
    }
    text
}

fn p99(party: &Party, time: Duration) -> f64 {
    Load::new(party, time).run(Question::Get, 1).quantile(0.99)
}

/// The files of an emulated host become pipes that nobody writes to: whoever
/// opens one waits for ever.
fn hanging_collector(time: Duration) {
    let folder = party::folder("proc_root = \"proc\"\nsample_interval = 100\n");
    let proc_root = folder.path().join("proc");
    fs::create_dir(&proc_root).expect("the folder is ours");
    fs::write(proc_root.join("loadavg"), "0.1 0.1 0.1 1/9 9\n").expect("the folder is ours");
    let agent = Party::agent_in(folder);
    let quiet = p99(&agent, time);
    for file in ["loadavg.new", "mounts"] {
        let done = Command::new("mkfifo").arg(proc_root.join(file)).status();
        assert!(done.expect("mkfifo is there").success());
    }
    fs::rename(proc_root.join("loadavg.new"), proc_root.join("loadavg")).expect("ours");
    thread::sleep(Duration::from_millis(500));
    verdict("p99 while a collector hangs / quiet", p99(&agent, time) / quiet, 2.0, false);
}

/// A table of 10,000 rows is made anew with each SET, one after the other.
fn rebuilt_table(time: Duration) {
    let agent = Party::agent_with(&servers(10_000));
    let quiet = p99(&agent, time);
    let (done, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let busy = thread::scope(|scope| {
        scope.spawn(|| {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
            socket.connect(agent.address).expect("an address");
            socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
            let mut weight = 1;
            while !done.load(Ordering::Relaxed) {
                weight = weight % 100 + 1;
                set_weight(&socket, agent.community, weight);
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        let busy = p99(&agent, time);
        done.store(true, Ordering::Relaxed);
        busy
    });
    println!("   ({} SETs meanwhile)", count.load(Ordering::Relaxed));
    verdict("p99 while 10,000 rows are rebuilt / quiet", busy / quiet, 2.0, false);
}

fn set_weight(socket: &UdpSocket, community: &[u8], weight: u32) {
    let index = Index {
        cluster_name: "main".to_owned(),
        service_name: "web".to_owned(),
        server_name: "rs7".to_owned(),
    };
    let patch = Patch { weight: Some(weight), ..Patch::default() };
    let varbinds: Vec<VarBind<'static>> = LcServer::varbinds(&index, &patch);
    let request = message::encode(&OutMessage {
        version: Version::V2c,
        community,
        kind: PduKind::SetRequest,
        request_id: weight.cast_signed(),
        error_status: 0,
        error_index: 0,
        varbinds: &varbinds,
    });
    socket.send(&request).expect("loopback takes it");
    let mut buffer = [0; 2048];
    let length = socket.recv(&mut buffer).expect("an answer");
    let answer = message::decode(&buffer[..length]).expect("a message");
    assert_eq!(answer.pdu.error_status, 0);
    assert_eq!(answer.pdu.varbinds.iter().next().map(|v| v.value), Some(Value::Gauge32(weight)));
}
