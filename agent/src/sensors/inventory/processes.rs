//! The running software, one process a row.

use std::{fs, path::Path};

use super::proc_texts::{self, ProcessStat};
use crate::sensors::files;

/// The processes in the order of their numbers.
pub type Processes = Vec<Process>;

/// No more than so many are shown, so that a host that forks without end does
/// not fill the agent's memory as well.
const MOST: usize = 10_000;

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub id: i32,
    /// The kernel's name for it.
    pub name: String,
    /// What it was started as; empty for the kernel's own threads.
    pub path: String,
    /// What it was given, up to what hrSWRunParameters holds.
    pub parameters: String,
    /// Its state.
    pub state: ProcessState,
    /// Processor time in hundredths of a second.
    pub ticks: u64,
    /// Memory in KiB.
    pub memory: u64,
}

/// State of a process in the words of hrSWRunStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// It runs.
    Running,
    /// It waits for something, as most do.
    Runnable,
    /// It is stopped.
    NotRunnable,
    /// It has ended, and nobody has taken notice.
    Invalid,
}

impl ProcessState {
    /// By the letter of the stat file.
    pub(super) fn of(letter: &str) -> Self {
        match letter {
            "R" => Self::Running,
            "T" | "t" => Self::NotRunnable,
            "Z" | "X" | "x" => Self::Invalid,
            _ => Self::Runnable,
        }
    }
}

/// Looks at all processes. One that ends meanwhile is passed over.
pub fn collect(proc_root: &Path) -> Processes {
    let Ok(folder) = fs::read_dir(proc_root) else { return Vec::new() };
    let ids = folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let mut ids: Vec<i32> = ids.filter(|id| *id > 0).collect();
    ids.sort_unstable();
    ids.truncate(MOST);
    ids.into_iter().filter_map(|id| read(proc_root, id)).collect()
}

fn read(proc_root: &Path, id: i32) -> Option<Process> {
    let folder = proc_root.join(id.to_string());
    let stat = proc_texts::process_stat(&files::read(&folder.join("stat")).ok()?).ok()?;
    let command = files::read(&folder.join("cmdline")).unwrap_or_default();
    Some(Process::new(id, stat, &command))
}

impl Process {
    fn new(id: i32, stat: ProcessStat, command: &str) -> Self {
        let ProcessStat { name, state, ticks, pages } = stat;
        let (path, parameters) = command.split_once('\0').unwrap_or((command, ""));
        let parameters = parameters.trim_end_matches('\0').replace('\0', " ");
        let kib_of_a_page = u64::try_from(rustix::param::page_size() / 1024).unwrap_or(4);
        Self {
            id,
            name: cut(name, 64),
            path: cut(path.to_owned(), 128),
            parameters: cut(parameters, 128),
            state,
            ticks,
            memory: pages.saturating_mul(kib_of_a_page),
        }
    }
}

/// At most so many octets of a text, and no more memory than they need.
fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text.shrink_to_fit();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_is_among_them() {
        let all = collect(Path::new("/proc"));
        let own = i32::try_from(std::process::id()).expect("a process id");
        let me = all.iter().find(|process| process.id == own).expect("it runs");
        assert!(!me.path.is_empty() && me.memory > 0);
        assert!(all.is_sorted_by_key(|process| process.id));
    }

    #[test]
    fn a_folder_without_processes_has_none() -> std::io::Result<()> {
        let root = tempfile::tempdir()?;
        fs::create_dir(root.path().join("42"))?;
        fs::write(root.path().join("42/stat"), "no such line")?;
        fs::create_dir(root.path().join("self"))?;
        assert_eq!(collect(root.path()), []);
        Ok(())
    }

    #[test]
    fn command_lines_are_split_and_cut() {
        let stat =
            ProcessStat { name: "x".repeat(70), state: ProcessState::Running, ticks: 1, pages: 1 };
        let command = format!("/bin/x\0-a\0{}\0", "b".repeat(200));
        let process = Process::new(1, stat.clone(), &command);
        assert_eq!((process.name.len(), process.path.as_str()), (64, "/bin/x"));
        assert!(process.parameters.starts_with("-a bbb"));
        assert_eq!(process.parameters.len(), 128);
        assert_eq!(Process::new(1, stat, "").path, "");
    }
}
