//! The files of /proc, or of a folder in its place.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use lcms_agent::sensors::{Files, Load, Meter, ProcFile, proc_files as read};

use super::frames::{Frame, frame, frames};

/// Lets a meter read files as they change; the tag of a frame says which file
/// changes. Shares are permille, and what counts up does not fall.
pub fn proc_files(octets: &[u8]) {
    let mut now = Instant::now();
    let mut meter = Meter::new(now, 1);
    let mut texts = BTreeMap::new();
    let mut before = Load::unknown(now);
    for Frame { tag, octets } in frames(octets) {
        let text = String::from_utf8_lossy(octets).into_owned();
        parse(&text);
        meter.routed(&text.as_str().into());
        meter.tick(now, &text.as_str().into());
        texts.insert(file(tag), text);
        now += Duration::from_millis(250);
        let files: Files = texts.iter().map(|(file, text)| (*file, text.as_str())).collect();
        let load = meter.sample(now, &files);
        assert_load(&load, &before);
        before = load;
    }
    for trouble in meter.troubles() {
        assert!(!trouble.cause.to_string().is_empty());
    }
    assert_eq!(meter.troubles(), []);
}

fn file(tag: u8) -> ProcFile {
    let all = ProcFile::SAMPLED;
    *all.get(usize::from(tag) % all.len()).expect("the remainder is less")
}

/// Reads a text as every one of the files.
fn parse(text: &str) {
    let _ = (read::loadavg(text), read::stat(text), read::vmstat(text), read::net_snmp(text));
    if let Ok(memory) = read::meminfo(text) {
        assert!(memory.available.is_none_or(|available| available <= memory.total));
    }
    if let Ok(pressure) = read::pressure(text) {
        assert!(pressure <= 1000);
    }
    if let Ok(devices) = read::net_dev(text) {
        assert!(devices.iter().all(|device| text.contains(device.name)));
    }
    if let Ok(Some(name)) = read::net_route(text) {
        assert!(text.contains(name));
    }
}

fn assert_load(load: &Load, before: &Load) {
    let freeness = load.freeness();
    for share in [
        load.cpu_busy,
        load.memory_avail_permille,
        load.pressure_cpu,
        load.pressure_memory,
        load.pressure_io,
        freeness.permille(),
    ] {
        assert!(share.is_none_or(|permille| permille <= 1000), "{load:?}");
    }
    assert_eq!(freeness.permille().is_some(), freeness.limit().is_some());
    let _ = load.overload();
    if load.discontinuity != before.discontinuity {
        return;
    }
    for (now, before) in [
        (load.runnable_time, before.runnable_time),
        (load.busy_time, before.busy_time),
        (load.total_time, before.total_time),
        (load.swap_in, before.swap_in),
        (load.swap_out, before.swap_out),
        (load.in_octets, before.in_octets),
        (load.out_octets, before.out_octets),
    ] {
        assert!(now.is_none() || now >= before, "{load:?}");
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let first = [
        "0.08 0.18 0.13 2/94 11260\n",
        "cpu  100 0 50 900 10 0 5 0 0 0\ncpu0 100 0 50 900 10 0 5 0 0 0\nprocs_running 2\n",
        "MemTotal:       16314172 kB\nMemFree: 1 kB\nMemAvailable:   12000000 kB\n",
        "pgpgin 1\npswpin 10\npswpout 20\n",
        "some avg10=1.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0 total=0\n",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        "some avg10=99.99 avg60=0.00 avg300=0.00 total=0\n",
        "Inter-|   Receive\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n\
         eth0: 4000000000 1 0 0 0 0 0 0 77 1 0 0 0 0 0 0\n",
        "Tcp: RtoAlgorithm CurrEstab\nTcp: 1 42\n",
    ];
    let second = [
        "3.08 1.18 0.13 5/94 11261\n",
        "cpu  160 0 70 930 10 0 5 0 0 0\ncpu0 160 0 70 930 10 0 5 0 0 0\nprocs_running 9\n",
        "MemTotal:       16314172 kB\nMemAvailable:   1000 kB\n",
        "pgpgin 1\npswpin 11\npswpout 20\n",
    ];
    let framed = |texts: &[&str]| -> Vec<u8> {
        (0..).zip(texts).flat_map(|(tag, text)| frame(tag, text.as_bytes())).collect()
    };
    let route = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n\
                 eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
    vec![framed(&first), [framed(&first), framed(&second)].concat(), framed(&[route])]
}
