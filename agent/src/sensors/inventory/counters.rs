//! What the kernel counts, read from the files of a load sample.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use super::proc_texts::{self, Processors};
use crate::sensors::{
    files::{Files, ProcFile},
    proc_files::{self, Packets, keyed},
};

/// The counters of one moment. What its file does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counters {
    /// Time since the host started, in hundredths of a second.
    pub uptime: Option<u64>,
    /// Processor time, all processors together.
    pub cpu: Option<CpuTicks>,
    /// Share of the last minute that each processor was busy, in per cent.
    pub processor_load: Vec<i32>,
    /// Interrupts.
    pub interrupts: Option<u64>,
    /// Context switches.
    pub contexts: Option<u64>,
    /// KiB read from and written to block devices.
    pub paged: Option<(u64, u64)>,
    /// Pages read from and written to swap space.
    pub swapped: Option<(u64, u64)>,
    /// How fast these grew between this sample and the one before.
    pub rates: Option<Rates>,
    /// Memory.
    pub memory: Memory,
    /// Datagrams and segments.
    pub protocols: Protocols,
}

/// Processor time in ticks: user, nice, system, idle, iowait, irq, softirq,
/// steal, guest, guest_nice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTicks(pub [u64; 10]);

impl CpuTicks {
    fn busy_and_all(&self) -> (u64, u64) {
        // Guest times are parts of user and nice.
        let all = self.0.iter().take(8).fold(0u64, |sum, ticks| sum.saturating_add(*ticks));
        let idle = self.0[3].saturating_add(self.0[4]);
        (all.saturating_sub(idle), all)
    }
}

/// What one interface has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceCounters {
    /// Octets received.
    pub received: u64,
    /// Octets sent.
    pub sent: u64,
    /// Packets.
    pub packets: Packets,
}

/// Growth per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// KiB read from swap space.
    pub swap_in: i32,
    /// KiB written to swap space.
    pub swap_out: i32,
    /// Blocks of 512 octets written to block devices.
    pub sent: i32,
    /// Blocks read from block devices.
    pub received: i32,
    /// Interrupts.
    pub interrupts: i32,
    /// Context switches.
    pub contexts: i32,
    /// Shares of processor time in per cent: user, system, idle.
    pub cpu: [i32; 3],
}

/// Memory in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the file's")]
pub struct Memory {
    pub total: Option<u64>,
    pub free: Option<u64>,
    pub available: Option<u64>,
    pub buffers: Option<u64>,
    pub cached: Option<u64>,
    pub shared: Option<u64>,
    pub swap_total: Option<u64>,
    pub swap_free: Option<u64>,
}

/// What the host counts of its protocols.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protocols {
    /// IPv4.
    pub ip: ProtocolCounters,
    /// TCP.
    pub tcp: ProtocolCounters,
    /// UDP.
    pub udp: ProtocolCounters,
}

impl Protocols {
    fn read(text: &str) -> Self {
        let of = |protocol, names| ProtocolCounters::read(text, protocol, names);
        Self { ip: of("Ip:", IP_NAMES), tcp: of("Tcp:", TCP_NAMES), udp: of("Udp:", UDP_NAMES) }
    }
}

/// A protocol's line of net/snmp, by the names that stand there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtocolCounters {
    names: &'static [&'static str],
    values: [Option<u64>; IP_NAMES.len()],
}

const IP_NAMES: &[&str] = &[
    "Forwarding",
    "DefaultTTL",
    "InReceives",
    "InHdrErrors",
    "InAddrErrors",
    "ForwDatagrams",
    "InUnknownProtos",
    "InDiscards",
    "InDelivers",
    "OutRequests",
    "OutDiscards",
    "OutNoRoutes",
    "ReasmTimeout",
    "ReasmReqds",
    "ReasmOKs",
    "ReasmFails",
    "FragOKs",
    "FragFails",
    "FragCreates",
];

const TCP_NAMES: &[&str] = &[
    "RtoAlgorithm",
    "RtoMin",
    "RtoMax",
    "MaxConn",
    "ActiveOpens",
    "PassiveOpens",
    "AttemptFails",
    "EstabResets",
    "CurrEstab",
    "InSegs",
    "OutSegs",
    "RetransSegs",
    "InErrs",
    "OutRsts",
];

const UDP_NAMES: &[&str] = &["InDatagrams", "NoPorts", "InErrors", "OutDatagrams"];

impl ProtocolCounters {
    fn read(text: &str, protocol: &str, names: &'static [&'static str]) -> Self {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(protocol));
        let (Some(there), Some(values)) = (lines.next(), lines.next()) else {
            return Self::default();
        };
        let by_name: BTreeMap<&str, &str> =
            there.split_ascii_whitespace().zip(values.split_ascii_whitespace()).collect();
        let mut read = Self { names, ..Self::default() };
        for (value, name) in read.values.iter_mut().zip(names) {
            *value = by_name.get(name).and_then(|text| text.parse().ok());
        }
        read
    }

    /// The number that stands under a name, which is that of the object in the
    /// protocol's module without the protocol; none if it does not stand there.
    pub fn value(&self, name: &str) -> Option<u64> {
        let at = self.names.iter().position(|known| *known == name)?;
        self.values.get(at).copied().flatten()
    }
}

/// Reads successive samples, and remembers what the next one is compared with.
#[derive(Debug, Default)]
pub struct Counting {
    before: Option<(Instant, Counters)>,
    minute: VecDeque<(Instant, Vec<CpuTicks>)>,
}

impl Counting {
    /// Time between two looks that are kept for the last minute.
    const STEP: Duration = Duration::from_secs(5);
    /// How long they are kept.
    const MINUTE: Duration = Duration::from_secs(60);

    /// The counters of this moment.
    pub fn sample(&mut self, now: Instant, files: &Files) -> Counters {
        let text = |file| files.text(file).read().unwrap_or("");
        let stat: Option<Processors> = proc_texts::processors(text(ProcFile::Stat)).ok();
        let stat = stat.filter(|stat| !stat.each.is_empty());
        let vmstat = text(ProcFile::VmStat);
        let pair = |a, b| Some((number(vmstat, a, ' ')?, number(vmstat, b, ' ')?));
        let mut counters = Counters {
            uptime: proc_texts::uptime(text(ProcFile::Uptime)).ok(),
            cpu: stat.as_ref().map(|stat| stat.all),
            processor_load: Vec::new(),
            interrupts: stat.as_ref().and_then(|stat| stat.interrupts),
            contexts: stat.as_ref().and_then(|stat| stat.contexts),
            paged: pair("pgpgin", "pgpgout"),
            swapped: pair("pswpin", "pswpout"),
            rates: None,
            memory: Memory::read(text(ProcFile::MemInfo)),
            protocols: Protocols::read(text(ProcFile::NetSnmp)),
        };
        if let Some(stat) = stat {
            counters.processor_load = self.processor_load(now, stat.each);
        }
        counters.rates =
            self.before.as_ref().and_then(|(then, before)| rates(*then, before, now, &counters));
        self.before = Some((now, Counters { rates: None, ..counters.clone() }));
        counters
    }

    fn processor_load(&mut self, now: Instant, each: Vec<CpuTicks>) -> Vec<i32> {
        while self.minute.front().is_some_and(|(then, _)| now.duration_since(*then) > Self::MINUTE)
        {
            self.minute.pop_front();
        }
        let load = match self.minute.front() {
            Some((_, then)) if then.len() == each.len() => {
                then.iter().zip(&each).map(|(then, now)| busy_percent(then, now)).collect()
            }
            // Since the host started, as long as there is nothing to compare with.
            _ => each.iter().map(|now| busy_percent(&CpuTicks::default(), now)).collect(),
        };
        if self.minute.back().is_none_or(|(then, _)| now.duration_since(*then) >= Self::STEP) {
            self.minute.push_back((now, each));
        }
        load
    }
}

impl Memory {
    fn read(text: &str) -> Self {
        let kib = |key| number(text, key, ':');
        Self {
            total: kib("MemTotal"),
            free: kib("MemFree"),
            available: kib("MemAvailable"),
            buffers: kib("Buffers"),
            // What the kernel can take back at once is a cache as well.
            cached: kib("Cached")
                .map(|cached| cached.saturating_add(kib("SReclaimable").unwrap_or(0))),
            shared: kib("Shmem"),
            swap_total: kib("SwapTotal"),
            swap_free: kib("SwapFree"),
        }
    }
}

/// The counters of each interface, by name; nothing of a file that is none.
pub fn devices(text: &str) -> BTreeMap<&str, DeviceCounters> {
    let all = proc_files::net_dev(text).unwrap_or_default();
    all.into_iter()
        .map(|device| {
            let proc_files::NetDev { name, received, sent, packets } = device;
            (name, DeviceCounters { received, sent, packets })
        })
        .collect()
}

fn number(text: &str, key: &str, after: char) -> Option<u64> {
    keyed(text, key, after)?.parse().ok()
}

fn busy_percent(then: &CpuTicks, now: &CpuTicks) -> i32 {
    let (busy, all) = (now.busy_and_all(), then.busy_and_all());
    percent(busy.0.saturating_sub(all.0), busy.1.saturating_sub(all.1))
}

fn percent(part: u64, whole: u64) -> i32 {
    let share = (u128::from(part) * 100).checked_div(u128::from(whole)).unwrap_or(0);
    i32::try_from(share.min(100)).unwrap_or(100)
}

fn rates(then: Instant, before: &Counters, now: Instant, counters: &Counters) -> Option<Rates> {
    let ms = u64::try_from(now.checked_duration_since(then)?.as_millis()).ok()?;
    let rate = |before: u64, now: u64, times: u64| {
        let grown = now.saturating_sub(before).saturating_mul(times).saturating_mul(1000);
        i32::try_from(grown.checked_div(ms).unwrap_or(0)).unwrap_or(i32::MAX)
    };
    let (paged, swapped) = (counters.paged?, counters.swapped?);
    let (paged_before, swapped_before) = (before.paged?, before.swapped?);
    let (cpu, cpu_before) = (counters.cpu?, before.cpu?);
    let (_, all) = cpu.busy_and_all();
    let whole = all.saturating_sub(cpu_before.busy_and_all().1);
    let share = |columns: &[usize]| {
        let sum = |ticks: &CpuTicks| columns.iter().filter_map(|c| ticks.0.get(*c)).sum::<u64>();
        percent(sum(&cpu).saturating_sub(sum(&cpu_before)), whole)
    };
    const KIB_OF_A_PAGE: u64 = 4;
    const BLOCKS_OF_A_KIB: u64 = 2;
    Some(Rates {
        swap_in: rate(swapped_before.0, swapped.0, KIB_OF_A_PAGE),
        swap_out: rate(swapped_before.1, swapped.1, KIB_OF_A_PAGE),
        sent: rate(paged_before.1, paged.1, BLOCKS_OF_A_KIB),
        received: rate(paged_before.0, paged.0, BLOCKS_OF_A_KIB),
        interrupts: rate(before.interrupts?, counters.interrupts?, 1),
        contexts: rate(before.contexts?, counters.contexts?, 1),
        cpu: [share(&[0, 1]), share(&[2, 5, 6]), share(&[3])],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(stat: &str, vmstat: &str) -> Files {
        [
            (ProcFile::Stat, stat),
            (ProcFile::VmStat, vmstat),
            (ProcFile::Uptime, "12.34 5\n"),
            (
                ProcFile::NetSnmp,
                "Ip: Forwarding InReceives\nIp: 2 77\nTcp: RtoMin MaxConn\nTcp: 200 -1\n",
            ),
            (ProcFile::MemInfo, "MemTotal: 10 kB\nCached: 3 kB\nSReclaimable: 2 kB\n"),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn each_file_gives_its_counters() {
        let mut counting = Counting::default();
        let now = Instant::now();
        let stat = "cpu 50 0 0 50\ncpu0 50 0 0 50\nintr 9\nctxt 8\n";
        let first =
            counting.sample(now, &files(stat, "pgpgin 10\npgpgout 20\npswpin 1\npswpout 2\n"));
        assert_eq!(first.uptime, Some(1234));
        assert_eq!((first.interrupts, first.contexts), (Some(9), Some(8)));
        assert_eq!((first.paged, first.swapped), (Some((10, 20)), Some((1, 2))));
        assert_eq!((first.memory.total, first.memory.cached), (Some(10), Some(5)));
        let Protocols { ip, tcp, udp } = &first.protocols;
        assert_eq!((ip.value("InReceives"), tcp.value("RtoMin")), (Some(77), Some(200)));
        assert_eq!((ip.value("OutRequests"), ip.value("Nothing")), (None, None));
        assert_eq!((tcp.value("MaxConn"), udp.value("NoPorts")), (None, None));
        assert_eq!((first.processor_load, first.rates), (vec![50], None));

        let stat = "cpu 80 0 10 60\ncpu0 80 0 10 60\nintr 29\nctxt 8\n";
        let vmstat = "pgpgin 20\npgpgout 20\npswpin 1\npswpout 4\n";
        let second = counting.sample(now + Duration::from_secs(2), &files(stat, vmstat));
        let rates = second.rates.expect("there is one to compare with");
        assert_eq!((rates.received, rates.sent, rates.interrupts), (10, 0, 10));
        assert_eq!((rates.swap_in, rates.swap_out), (0, 4));
        assert_eq!(rates.cpu, [60, 20, 20]);
        assert_eq!(second.processor_load, [80]);
    }

    #[test]
    fn files_that_are_absent_or_odd_leave_figures_out() {
        let mut counting = Counting::default();
        let none = counting.sample(Instant::now(), &Files::default());
        assert_eq!(none, Counters::default());
        let odd = counting.sample(Instant::now(), &files("cpu", "pgpgin x"));
        assert_eq!((odd.cpu, odd.paged, odd.rates), (None, None, None));
    }

    #[test]
    fn interfaces_by_name() {
        let text = "\n\nlo: 9 8 7 6 5 4 3 2 1 10 11 12 0 0 0 0\n";
        let lo = devices(text)["lo"];
        assert_eq!((lo.received, lo.sent, lo.packets.sent), (9, 1, 10));
        assert_eq!((lo.packets.multicast, lo.packets.send_drops), (2, 12));
        assert!(devices("nonsense").is_empty());
    }
}
