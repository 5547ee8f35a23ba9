//! The texts of /proc, read one file at a time into numbers.
//!
//! Every function takes the whole text of a file and gives back what the agent
//! uses of it, or what is wrong with it: nothing here opens a file, and no text
//! whatever makes it panic.

/// What is wrong with the text of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Something that every such file has is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Something is there and is no number, or one too great.
    #[error("{0} is not a number")]
    NotANumber(&'static str),
}

use Malformed::{Missing, NotANumber};

/// The loadavg file: `0.08 0.18 0.13 2/94 11260`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadAvg {
    /// Averages over 1, 5 and 15 minutes, times 100.
    pub averages: [u32; 3],
    /// Tasks running or waiting for a processor, whoever reads included.
    pub runnable: u32,
}

/// Reads a loadavg file.
pub fn loadavg(text: &str) -> Result<LoadAvg, Malformed> {
    let mut words = text.split_ascii_whitespace();
    let mut average = |what| centi(words.next().ok_or(Missing(what))?).ok_or(NotANumber(what));
    let averages = [
        average("the average over 1 minute")?,
        average("the average over 5 minutes")?,
        average("the average over 15 minutes")?,
    ];
    const RUNNABLE: &str = "the number of runnable tasks";
    let (runnable, _all) =
        words.next().and_then(|word| word.split_once('/')).ok_or(Missing(RUNNABLE))?;
    Ok(LoadAvg { averages, runnable: parse(runnable, RUNNABLE)? })
}

/// The stat file: processor times since the start, and tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Processors online: the lines that carry a number.
    pub cores: u32,
    /// Time not idle over all processors, in milliseconds.
    pub busy_ms: u64,
    /// Time idle, waiting for input and output included, in milliseconds.
    pub idle_ms: u64,
    /// Tasks running or waiting for a processor, whoever reads included.
    pub runnable: Option<u32>,
}

/// Reads a stat file.
pub fn stat(text: &str) -> Result<Stat, Malformed> {
    const TIMES: &str = "the line of all processors";
    let mut cores = 0u32;
    let mut times = None;
    let mut runnable = None;
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("cpu") => times = Some(cpu_times(words, TIMES)?),
            Some(word) if is_cpu(word) => cores = cores.saturating_add(1),
            Some("procs_running") => {
                const RUNNABLE: &str = "procs_running";
                runnable = Some(parse(words.next().ok_or(Missing(RUNNABLE))?, RUNNABLE)?);
            }
            _ => {}
        }
    }
    let (busy_ms, idle_ms) = times.ok_or(Missing(TIMES))?;
    if cores == 0 {
        return Err(Missing("the lines of the processors"));
    }
    Ok(Stat { cores, busy_ms, idle_ms, runnable })
}

/// The fields are user, nice, system, idle, iowait, irq, softirq, steal, and
/// then guest times, which are parts of user and nice already. Old kernels
/// have fewer. A processor that waits for a disk can do other work meanwhile,
/// so iowait is idle; one that the hypervisor took away cannot, so steal is
/// busy.
fn cpu_times<'a>(
    words: impl Iterator<Item = &'a str>,
    what: &'static str,
) -> Result<(u64, u64), Malformed> {
    let (mut busy, mut idle) = (0u64, 0u64);
    let mut fields = 0;
    for (field, word) in words.take(8).enumerate() {
        let ticks: u64 = parse(word, what)?;
        let sum = if matches!(field, 3 | 4) { &mut idle } else { &mut busy };
        *sum = sum.saturating_add(ticks);
        fields = field + 1;
    }
    if fields < 4 {
        return Err(Missing(what));
    }
    Ok((busy.saturating_mul(TICK_MS), idle.saturating_mul(TICK_MS)))
}

/// USER_HZ is 100 on every architecture that Rust has, whatever the kernel's
/// own clock.
const TICK_MS: u64 = 10;

fn is_cpu(word: &str) -> bool {
    word.strip_prefix("cpu")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The meminfo file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemInfo {
    /// Memory the kernel manages, in octets.
    pub total: u64,
    /// Memory a new task could have without swapping, in octets; kernels
    /// before 3.14 do not say.
    pub available: Option<u64>,
}

/// Reads a meminfo file.
pub fn meminfo(text: &str) -> Result<MemInfo, Malformed> {
    const TOTAL: &str = "MemTotal";
    const AVAILABLE: &str = "MemAvailable";
    let octets = |what| match keyed(text, what, ':') {
        Some(kib) => parse::<u64>(kib, what).map(|kib| Some(kib.saturating_mul(1024))),
        None => Ok(None),
    };
    let total = octets(TOTAL)?.ok_or(Missing(TOTAL))?;
    Ok(MemInfo { total, available: octets(AVAILABLE)?.map(|octets| octets.min(total)) })
}

/// The vmstat file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VmStat {
    /// Pages read from swap space.
    pub swap_in: u64,
    /// Pages written to swap space.
    pub swap_out: u64,
}

/// Reads a vmstat file.
pub fn vmstat(text: &str) -> Result<VmStat, Malformed> {
    let pages = |what| parse(keyed(text, what, ' ').ok_or(Missing(what))?, what);
    Ok(VmStat { swap_in: pages("pswpin")?, swap_out: pages("pswpout")? })
}

/// Reads a file of the pressure folder: the share of the last 10 seconds in
/// which some task waited, in permille.
pub fn pressure(text: &str) -> Result<u32, Malformed> {
    const AVG10: &str = "the average over 10 seconds";
    let percent = text
        .lines()
        .filter_map(|line| line.strip_prefix("some "))
        .flat_map(str::split_ascii_whitespace)
        .find_map(|word| word.strip_prefix("avg10="))
        .ok_or(Missing(AVG10))?;
    let percent_times_100 = centi(percent).ok_or(NotANumber(AVG10))?;
    Ok((percent_times_100.saturating_add(5) / 10).min(1000))
}

/// One line of the net/dev file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetDev<'a> {
    /// Name of the interface.
    pub name: &'a str,
    /// Octets received.
    pub received: u64,
    /// Octets sent.
    pub sent: u64,
    /// Everything else it has counted.
    pub packets: Packets,
}

/// The packets of an interface, as the kernel counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packets {
    /// Received, multicast included.
    pub received: u64,
    /// Received with errors.
    pub receive_errors: u64,
    /// Received and dropped.
    pub receive_drops: u64,
    /// Received by multicast.
    pub multicast: u64,
    /// Sent.
    pub sent: u64,
    /// Not sent because of errors.
    pub send_errors: u64,
    /// Dropped instead of sent.
    pub send_drops: u64,
}

/// Reads a net/dev file.
pub fn net_dev(text: &str) -> Result<Vec<NetDev<'_>>, Malformed> {
    const COLUMNS: &str = "a column of an interface";
    let mut all = Vec::new();
    for line in text.lines().skip(2) {
        // An interface may have colons in its name, the numbers have none.
        let (name, numbers) = line.rsplit_once(':').ok_or(Missing("the name of an interface"))?;
        let mut columns = [0u64; 16];
        let mut found = 0;
        for (column, word) in columns.iter_mut().zip(numbers.split_ascii_whitespace()) {
            *column = parse(word, COLUMNS)?;
            found += 1;
        }
        // Up to the octets sent every file has them.
        if found < 9 {
            return Err(Missing(COLUMNS));
        }
        let [octets, received, errors, drops, _, _, _, multicast, sent_octets, sent, rest @ ..] =
            columns;
        let packets = Packets {
            received,
            receive_errors: errors,
            receive_drops: drops,
            multicast,
            sent,
            send_errors: rest[0],
            send_drops: rest[1],
        };
        all.push(NetDev { name: name.trim(), received: octets, sent: sent_octets, packets });
    }
    Ok(all)
}

/// Reads a net/snmp file: the number of established TCP connections, of both
/// address families.
pub fn net_snmp(text: &str) -> Result<u32, Malformed> {
    const ESTABLISHED: &str = "CurrEstab";
    let mut tcp = text.lines().filter_map(|line| line.strip_prefix("Tcp:"));
    let (Some(names), Some(values)) = (tcp.next(), tcp.next()) else {
        return Err(Missing("the table Tcp"));
    };
    let (_, value) = names
        .split_ascii_whitespace()
        .zip(values.split_ascii_whitespace())
        .find(|(name, _)| *name == ESTABLISHED)
        .ok_or(Missing(ESTABLISHED))?;
    parse(value, ESTABLISHED)
}

/// Reads a net/route file: the name of the interface with the default route,
/// if there is one; of several, the one of least metric.
pub fn net_route(text: &str) -> Result<Option<&str>, Malformed> {
    const METRIC: &str = "the metric of a route";
    let mut best: Option<(u32, &str)> = None;
    for line in text.lines().skip(1) {
        let words: Vec<&str> = line.split_ascii_whitespace().take(8).collect();
        let [name, target, _, _, _, _, metric, mask] = words[..] else {
            return Err(Missing("a column of a route"));
        };
        if target != "00000000" || mask != "00000000" {
            continue;
        }
        let metric = parse(metric, METRIC)?;
        if best.is_none_or(|(least, _)| metric < least) {
            best = Some((metric, name));
        }
    }
    Ok(best.map(|(_, name)| name))
}

/// The first word after a key that begins a line.
pub(super) fn keyed<'a>(text: &'a str, key: &str, after: char) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(after))
        .map(|rest| rest.split_ascii_whitespace().next().unwrap_or(""))
}

pub(super) fn parse<T: std::str::FromStr>(word: &str, what: &'static str) -> Result<T, Malformed> {
    word.parse().map_err(|_| NotANumber(what))
}

/// A decimal number times 100: `0.08` is 8. Digits beyond the second after the
/// point are dropped.
fn centi(word: &str) -> Option<u32> {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let digit = |place| fraction.as_bytes().get(place).map_or(0, |digit| u32::from(digit - b'0'));
    whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(digit(0) * 10 + digit(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn loadavg_files() {
        for (text, wanted) in [
            ("0.08 0.18 0.13 2/94 11260\n", Ok(([8, 18, 13], 2))),
            ("12.50 100.07 1.9 33/4096 1", Ok(([1250, 10007, 190], 33))),
            ("", Err(Missing("the average over 1 minute"))),
            ("0.08 0.18", Err(Missing("the average over 15 minutes"))),
            ("0.08 0.18 0.13", Err(Missing("the number of runnable tasks"))),
            ("0.08 0.18 0.13 2 94", Err(Missing("the number of runnable tasks"))),
            ("0.08 0.18 0.13 -2/94 1", Err(NotANumber("the number of runnable tasks"))),
            ("-1.0 0.18 0.13 2/94 1", Err(NotANumber("the average over 1 minute"))),
            ("nan 0.18 0.13 2/94 1", Err(NotANumber("the average over 1 minute"))),
            ("1e9 0.18 0.13 2/94 1", Err(NotANumber("the average over 1 minute"))),
            ("42949673.0 0 0 2/94 1", Err(NotANumber("the average over 1 minute"))),
        ] {
            let got = loadavg(text).map(|file| (file.averages, file.runnable));
            assert_eq!(got, wanted, "{text}");
        }
    }

    #[test]
    fn stat_files() {
        let real = "cpu  13879 0 3830 195282 551 0 94 529 0 0\n\
                    cpu0 6264 0 1654 98886 35 0 13 239 0 0\n\
                    cpu1 7614 0 2175 96395 515 0 80 290 0 0\n\
                    intr 204361 0 0 1\nctxt 319341\nbtime 1795311213\nprocesses 11261\n\
                    procs_running 2\nprocs_blocked 0\nsoftirq 138695 0 20262\n";
        let stat_of =
            |busy_ms, idle_ms, cores, runnable| Ok(Stat { cores, busy_ms, idle_ms, runnable });
        for (text, wanted) in [
            (real, stat_of(183_320, 1_958_330, 2, Some(2))),
            // Guest time is part of user time: it must not count twice.
            ("cpu 10 0 0 0 0 0 0 0 10 0\ncpu0 0", stat_of(100, 0, 1, None)),
            ("cpu 1 2 3 4\ncpu0 1 2 3 4\n", stat_of(60, 40, 1, None)),
            ("", Err(Missing("the line of all processors"))),
            ("cpu\ncpu0", Err(Missing("the line of all processors"))),
            ("cpu 1 2 3\ncpu0 1", Err(Missing("the line of all processors"))),
            ("cpu 1 2 3 4\ncpufreq 3", Err(Missing("the lines of the processors"))),
            ("cpu 1 2 x 4\ncpu0 1", Err(NotANumber("the line of all processors"))),
            ("cpu 1 2 3 4\ncpu0 1\nprocs_running", Err(Missing("procs_running"))),
            ("cpu 1 2 3 4\ncpu0 1\nprocs_running many", Err(NotANumber("procs_running"))),
        ] {
            assert_eq!(stat(text), wanted, "{text}");
        }
    }

    #[test]
    fn meminfo_files() {
        let of = |total, available| Ok(MemInfo { total, available });
        for (text, wanted) in [
            (
                "MemTotal:  1000 kB\nMemFree: 5 kB\nMemAvailable:   400 kB\n",
                of(1_024_000, Some(409_600)),
            ),
            ("MemTotal: 1 kB\n", of(1024, None)),
            ("MemTotal: 1 kB\nMemAvailable: 2 kB\n", of(1024, Some(1024))),
            ("MemTotalled: 1 kB\n", Err(Missing("MemTotal"))),
            ("MemTotal:\n", Err(NotANumber("MemTotal"))),
            ("MemTotal: 1 kB\nMemAvailable: lots\n", Err(NotANumber("MemAvailable"))),
            ("MemTotal: 18446744073709551615 kB\n", of(u64::MAX, None)),
            ("MemTotal: 18446744073709551616 kB\n", Err(NotANumber("MemTotal"))),
        ] {
            assert_eq!(meminfo(text), wanted, "{text}");
        }
    }

    #[test]
    fn vmstat_files() {
        for (text, wanted) in [
            ("nr_free_pages 6\npswpin 12\npswpout 34\n", Ok((12, 34))),
            ("pswpin 12\n", Err(Missing("pswpout"))),
            ("pswpinned 12\npswpout 1\n", Err(Missing("pswpin"))),
            ("pswpin\npswpout 1\n", Err(Missing("pswpin"))),
            ("pswpin -1\npswpout 1\n", Err(NotANumber("pswpin"))),
        ] {
            let got = vmstat(text).map(|file| (file.swap_in, file.swap_out));
            assert_eq!(got, wanted, "{text}");
        }
    }

    #[test]
    fn pressure_files() {
        for (text, wanted) in [
            ("some avg10=0.17 avg60=0.21 avg300=0.44 total=10381861\n", Ok(2)),
            ("full avg10=9.00 total=0\nsome avg10=45.56 avg60=0.11\n", Ok(456)),
            ("some avg10=100.00 avg60=0\n", Ok(1000)),
            ("some avg10=250.00 avg60=0\n", Ok(1000)),
            ("full avg10=0.00 avg60=0.00\n", Err(Missing("the average over 10 seconds"))),
            ("some avg10= avg60=0.00\n", Err(NotANumber("the average over 10 seconds"))),
        ] {
            assert_eq!(pressure(text), wanted, "{text}");
        }
    }

    const DEV_HEAD: &str = "Inter-|   Receive     |  Transmit\n face |bytes    packets\n";

    #[test]
    fn net_dev_files() {
        let rows = "    lo:    3193      29    0    0    0     0          0         0     3193 \
                    29    0    0    0     0       0          0\n\
                    eth0:0:82997584    4893    0    0    0     0          0         0   403908 \
                    3177    0    0    0     0       0          0\n";
        let text = format!("{DEV_HEAD}{rows}");
        let packets = Packets { received: 29, sent: 29, ..Packets::default() };
        let lo = NetDev { name: "lo", received: 3193, sent: 3193, packets };
        let packets = Packets { received: 4893, sent: 3177, ..Packets::default() };
        let eth0 = NetDev { name: "eth0:0", received: 82_997_584, sent: 403_908, packets };
        assert_eq!(net_dev(&text), Ok(vec![lo, eth0]));
        assert_eq!(net_dev(""), Ok(vec![]));
        for (row, wanted) in [
            ("eth0 1 2 3", Missing("the name of an interface")),
            ("eth0: 1 2 3", Missing("a column of an interface")),
            ("eth0:", Missing("a column of an interface")),
            ("eth0: 1 2 3 4 5 6 7 8 nine", NotANumber("a column of an interface")),
        ] {
            assert_eq!(net_dev(&format!("{DEV_HEAD}{row}")), Err(wanted), "{row}");
        }
    }

    #[test]
    fn net_snmp_files() {
        for (text, wanted) in [
            (
                "Ip: A\nIp: 1\nTcp: MaxConn CurrEstab InSegs\nTcp: -1 7 4748\nUdp: X\nUdp: 1\n",
                Ok(7),
            ),
            ("Tcp: CurrEstab\n", Err(Missing("the table Tcp"))),
            ("Tcp: MaxConn CurrEstab\nTcp: -1\n", Err(Missing("CurrEstab"))),
            ("Tcp: CurrEstab\nTcp: -1\n", Err(NotANumber("CurrEstab"))),
        ] {
            assert_eq!(net_snmp(text), wanted, "{text}");
        }
    }

    #[test]
    fn net_route_files() {
        let head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\n";
        for (rows, wanted) in [
            ("eth0\t000200C0\t0\t1\t0\t0\t0\t00FFFFFF\t0\n", Ok(None)),
            (
                "wlan0\t00000000\t1\t3\t0\t0\t600\t00000000\t0\n\
                 eth0\t00000000\t1\t3\t0\t0\t100\t00000000\t0\n",
                Ok(Some("eth0")),
            ),
            ("eth0\t00000000\n", Err(Missing("a column of a route"))),
            (
                "eth0\t00000000\t1\t3\t0\t0\tlow\t00000000\n",
                Err(NotANumber("the metric of a route")),
            ),
        ] {
            assert_eq!(net_route(&format!("{head}{rows}")), wanted, "{rows}");
        }
        assert_eq!(net_route(""), Ok(None));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_reader_panic(text in "[a-zA-Z0-9 .:/=\\-\n\t]{0,400}|\\PC{0,80}") {
            let _ = (loadavg(&text), stat(&text), meminfo(&text), vmstat(&text));
            let _ = (pressure(&text), net_dev(&text), net_snmp(&text), net_route(&text));
            let prefixed =
                format!("cpu {text}\ncpu0 1\nsome avg10={text}\nTcp: CurrEstab\nTcp: {text}");
            let _ = (stat(&prefixed), pressure(&prefixed), net_snmp(&prefixed));
        }

        #[test]
        fn a_load_average_is_read_as_it_is_written(hundredths in 0u32..1_000_000) {
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            prop_assert_eq!(centi(&text), Some(hundredths));
        }
    }
}
