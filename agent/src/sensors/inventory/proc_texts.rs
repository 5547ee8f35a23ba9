//! The texts of /proc that the standard MIBs need, read like those in
//! [`proc_files`](super::super::proc_files): whatever they hold, nothing panics.

use super::{
    super::proc_files::Malformed::{self, Missing, NotANumber},
    counters::CpuTicks,
    processes::ProcessState,
};
use crate::sensors::proc_files::{keyed, parse};

/// The stat file in full: all processors together, each of them, interrupts and
/// context switches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processors {
    /// The sum over all processors.
    pub all: CpuTicks,
    /// Each processor, in the order of the file.
    pub each: Vec<CpuTicks>,
    /// Interrupts.
    pub interrupts: Option<u64>,
    /// Context switches.
    pub contexts: Option<u64>,
}

/// Reads a stat file in full.
pub fn processors(text: &str) -> Result<Processors, Malformed> {
    const TIMES: &str = "the times of a processor";
    let mut found = Processors::default();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(cpu) = words.next().and_then(|word| word.strip_prefix("cpu")) else { continue };
        let mut columns = [0u64; 10];
        for (column, word) in columns.iter_mut().zip(words) {
            *column = parse(word, TIMES)?;
        }
        let ticks = CpuTicks(columns);
        match cpu {
            "" => found.all = ticks,
            number if number.bytes().all(|digit| digit.is_ascii_digit()) => found.each.push(ticks),
            _ => {}
        }
    }
    let number = |key| keyed(text, key, ' ').map(|word| parse(word, key)).transpose();
    found.interrupts = number("intr")?;
    found.contexts = number("ctxt")?;
    Ok(found)
}

/// Reads an uptime file, in hundredths of a second.
pub fn uptime(text: &str) -> Result<u64, Malformed> {
    const UPTIME: &str = "the uptime";
    let word = text.split_ascii_whitespace().next().ok_or(Missing(UPTIME))?;
    let (seconds, fraction) = word.split_once('.').unwrap_or((word, "0"));
    let seconds: u64 = parse(seconds, UPTIME)?;
    let hundredths: u64 = parse(fraction.get(..2).unwrap_or(fraction), UPTIME)?;
    Ok(seconds.saturating_mul(100).saturating_add(hundredths))
}

/// One line of the mounts file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted.
    pub device: String,
    /// Where.
    pub point: String,
    /// Type of the file system.
    pub kind: String,
    /// Whether nothing can be written to it.
    pub read_only: bool,
}

/// Reads a mounts file. A line that is none is passed over: the file is for
/// programs that know more of it than this one.
pub fn mounts(text: &str) -> Vec<Mount> {
    let mount = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let mut word = || words.next().map(unescaped);
        let (device, point, kind) = (word()?, word()?, word()?);
        let read_only = word().is_some_and(|options| options.split(',').any(|one| one == "ro"));
        Some(Mount { device, point, kind, read_only })
    };
    text.lines().filter_map(mount).collect()
}

/// Undoes the kernel's `\040` for a space and its like.
fn unescaped(word: &str) -> String {
    let mut parts = word.split('\\');
    let mut text = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                text.push(char::from(code));
                text.push_str(part.get(3..).unwrap_or(""));
            }
            None => {
                text.push('\\');
                text.push_str(part);
            }
        }
    }
    text
}

/// What is used of a process's stat file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessStat {
    /// The kernel's name for it.
    pub name: String,
    /// Its state.
    pub state: ProcessState,
    /// Processor time it has had, in ticks of a hundredth of a second.
    pub ticks: u64,
    /// Pages of memory it has.
    pub pages: u64,
}

/// Reads the stat file of a process.
pub fn process_stat(text: &str) -> Result<ProcessStat, Malformed> {
    const NAME: &str = "the name of a process";
    const FIELDS: &str = "a field of a process";
    // The name may hold spaces and parentheses; the last one closes it.
    let (_, rest) = text.split_once('(').ok_or(Missing(NAME))?;
    let (name, rest) = rest.rsplit_once(')').ok_or(Missing(NAME))?;
    let mut fields = rest.split_ascii_whitespace();
    let state = ProcessState::of(fields.next().ok_or(Missing(FIELDS))?);
    // utime and stime are the 14th and 15th field of the line, rss the 24th.
    let mut number = |skip| -> Result<u64, Malformed> {
        let word = fields.nth(skip).ok_or(Missing(FIELDS))?;
        word.parse().map_err(|_| NotANumber(FIELDS))
    };
    let (user, system) = (number(10)?, number(0)?);
    Ok(ProcessStat {
        name: name.to_owned(),
        state,
        ticks: user.saturating_add(system),
        pages: number(8)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stat_files_in_full() {
        let text = "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1 1 1\ncpu1 2\nintr 77 0 1\nctxt 88\n";
        let read = processors(text).expect("it is one");
        assert_eq!(read.all, CpuTicks([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
        assert_eq!(read.each.len(), 2);
        assert_eq!((read.interrupts, read.contexts), (Some(77), Some(88)));
        assert_eq!(processors("cpu x"), Err(NotANumber("the times of a processor")));
        assert_eq!(processors(""), Ok(Processors::default()));
    }

    #[test]
    fn uptimes() {
        assert_eq!(uptime("6195.54 1000.00\n"), Ok(619_554));
        assert_eq!(uptime("7\n"), Ok(700));
        assert_eq!(uptime(""), Err(Missing("the uptime")));
        assert_eq!(uptime("-1.0"), Err(NotANumber("the uptime")));
    }

    #[test]
    fn mount_points_are_unescaped() {
        let read = mounts("/dev/sda1 /a\\040b ext4 rw,sync 0 0\nnonsense\nx /c\\9 nfs ro\n");
        let points: Vec<&str> = read.iter().map(|mount| mount.point.as_str()).collect();
        assert_eq!(points, ["/a b", "/c\\9"]);
        assert_eq!(read[1].kind, "nfs");
        assert_eq!((read[0].read_only, read[1].read_only), (false, true));
    }

    #[test]
    fn the_stat_file_of_a_process() {
        let text = "42 (a) b (c) S 1 1 1 0 -1 4194304 100 0 0 0 12 30 0 0 20 0 1 0 614995 3133440 \
                    390 18446744073709551615";
        let read = process_stat(text).expect("it is one");
        assert_eq!(read.name, "a) b (c");
        assert_eq!((read.state, read.ticks, read.pages), (ProcessState::Runnable, 42, 390));
        assert!(process_stat("42 (a S").is_err());
        assert!(process_stat("42 (a) S 1").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_a_reader_panic(text in "[a-zA-Z0-9 .:/=()\\\\\\-\n\t]{0,300}|\\PC{0,80}") {
            let _ = (processors(&text), uptime(&text), mounts(&text), process_stat(&text));
            let _ = processors(&format!("cpu {text}\nintr {text}"));
            let _ = process_stat(&format!("1 (x) {text}"));
        }
    }
}
