//! Pages of code and constants that a process used once, for its start, and keeps.
//!
//! The kernel maps sixteen pages around each that is touched, so after its start
//! nearly all of a program is mapped, however little of it serves from then on; it
//! counts as the process's memory, for `top` as for whoever chooses a victim when
//! memory ends. [`clean_pages`] gives all of it back, and what is in use comes again
//! from the page cache.

use std::{fs, io, ops::Range};

use rustix::mm::{Advice, madvise};

/// Gives the pages back that are mapped from files and were never written, and
/// returns how many octets of address space that was.
///
/// Costs a few hundred microseconds, and afterwards a minor fault for each sixteen
/// pages that are used again. A breakpoint that a debugger has set is such a page
/// written, and keeps its mapping.
pub fn clean_pages() -> io::Result<usize> {
    let mappings = fs::read_to_string("/proc/self/smaps")?;
    let mut octets = 0;
    for range in clean(&mappings) {
        octets += range.len();
        give_back(range)?;
    }
    Ok(octets)
}

/// The mappings that hold what their files hold: backed by a file, not to be written,
/// and without a page of their own. The last leaves out what the loader relocated
/// before it was made read-only.
fn clean(smaps: &str) -> impl Iterator<Item = Range<usize>> {
    let mut candidate = None;
    smaps.lines().filter_map(move |line| {
        let mut words = line.split_ascii_whitespace();
        match (words.next()?, words.next()?) {
            ("Anonymous:", size) => candidate.take().filter(|_| size == "0"),
            (key, _) if key.ends_with(':') => None,
            (addresses, permissions) => {
                let inode = words.nth(2);
                let is_of_file = inode.is_some_and(|inode| inode != "0");
                let is_written = permissions.contains('w');
                candidate = range(addresses).filter(|_| is_of_file && !is_written);
                None
            }
        }
    })
}

fn range(addresses: &str) -> Option<Range<usize>> {
    let (from, to) = addresses.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    Some(address(from)?..address(to)?)
}

#[expect(unsafe_code, reason = "there is no safe form of madvise")]
fn give_back(range: Range<usize>) -> io::Result<()> {
    let start = std::ptr::with_exposed_provenance_mut(range.start);
    // SAFETY: the kernel named the range as a mapping of this process. Its pages are
    // those of a file and were not changed, and cannot be, as it is not writable: a
    // page that is missing afterwards is read with the same content. Nobody unmaps
    // it meanwhile, since this program never unloads code.
    unsafe { madvise(start, range.len(), Advice::LinuxDontNeed) }?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_relocated_or_may_be_written_stays() {
        let smaps = "\
1000-3000 r--p 00000000 fe:00 77   /usr/bin/program
Size:                  8 kB
Rss:                   8 kB
Anonymous:             0 kB
3000-5000 r-xp 00002000 fe:00 77   /usr/bin/program
Anonymous:             0 kB
VmFlags: rd ex mr mw me
5000-6000 r--p 00004000 fe:00 77   /usr/bin/program
Anonymous:             4 kB
6000-7000 rw-p 00005000 fe:00 77   /usr/bin/program
Anonymous:             0 kB
7000-8000 r--p 00000000 00:00 0
Anonymous:             0 kB
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0   [vsyscall]
Anonymous:             0 kB
";
        let ranges: Vec<_> = clean(smaps).collect();
        assert_eq!(ranges, [0x1000..0x3000, 0x3000..0x5000]);
    }

    fn mapped_from_files() -> u64 {
        let status = fs::read_to_string("/proc/self/status").expect("there is a /proc");
        let line = status.lines().find_map(|line| line.strip_prefix("RssFile:"));
        let kib = line.and_then(|line| line.split_ascii_whitespace().next());
        kib.and_then(|kib| kib.parse().ok()).expect("a number")
    }

    #[test]
    fn the_program_goes_on_with_less() {
        static TABLE: [fn() -> u64; 2] = [mapped_from_files, mapped_from_files];
        let before = TABLE[0]();
        let octets = clean_pages().expect("they are given back");
        let after = TABLE[1]();
        assert!(octets > 0);
        assert!(after < before, "{before} KiB before, {after} KiB after");
    }
}
