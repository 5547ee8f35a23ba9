//! Debian's Nagios with the objects we export, checking every second.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::{in_ci, net_snmp, process::Process};

/// The templates that every Nagios has.
const TEMPLATES: &str = "/etc/nagios4/objects";

/// Who tells the values of a block of its status by their keys, the block's state, and
/// the output of its check.
type Block<'a> = (&'a dyn Fn(&str) -> Option<String>, u8, String);

/// A Nagios in the foreground, with a folder of its own and no web pages.
pub struct Nagios {
    process: Process,
    folder: TempDir,
}

impl Nagios {
    /// A folder for Nagios, with these object files in it; `None` where it is not
    /// installed.
    #[track_caller]
    pub fn start(objects: &Path) -> Option<Self> {
        let program = net_snmp::tool("nagios4")?;
        if !Path::new(TEMPLATES).is_dir() {
            assert!(!in_ci(), "{TEMPLATES} is missing");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary directory");
        let config = configure(folder.path(), objects);
        let verified = Command::new(&program).arg("-v").arg(&config).output().expect("it is there");
        let said = String::from_utf8_lossy(&verified.stdout).into_owned();
        assert!(verified.status.success() && said.contains("Total Warnings: 0"), "{said}");
        let process = Process::start(Command::new(&program).arg(&config));
        Some(Self { process, folder })
    }

    /// What it knows of its services: host and description, state as an exit code,
    /// and what the plugin said.
    pub fn services(&self) -> BTreeMap<(String, String), (u8, String)> {
        let named = |(of, state, output): Block<'_>| {
            let name = (of("host_name=")?, of("service_description=")?);
            Some((name, (state, output)))
        };
        self.blocks("servicestatus {", named)
    }

    /// What it knows of its hosts: state, 0 of one that is up, and what the check said.
    pub fn hosts(&self) -> BTreeMap<String, (u8, String)> {
        let named = |(of, state, output): Block<'_>| Some((of("host_name=")?, (state, output)));
        self.blocks("hoststatus {", named)
    }

    fn blocks<K: Ord, V>(
        &self,
        kind: &str,
        named: impl Fn(Block<'_>) -> Option<(K, V)>,
    ) -> BTreeMap<K, V> {
        let text = fs::read_to_string(self.folder.path().join("status.dat")).unwrap_or_default();
        let blocks = text.split("\n\n").filter_map(|block| block.split_once(kind));
        blocks
            .filter_map(|(_, block)| {
                let of = |key: &str| {
                    let line = block.lines().find_map(|line| line.trim().strip_prefix(key));
                    line.map(str::to_owned)
                };
                // Until it was checked it counts as OK, which says nothing.
                let checked = of("has_been_checked=")? == "1";
                let state = of("current_state=")?.parse().ok().filter(|_| checked)?;
                named((&of, state, of("plugin_output=")?))
            })
            .collect()
    }

    /// The named pipe that it takes commands from.
    pub fn command_file(&self) -> PathBuf {
        self.folder.path().join("nagios.cmd")
    }

    /// Has it check a service now, whether or not it would by itself.
    #[track_caller]
    pub fn check_now(&self, host: &str, service: &str) {
        let command = format!("[0] SCHEDULE_FORCED_SVC_CHECK;{host};{service};0\n");
        fs::write(self.command_file(), command).expect("it reads its commands");
    }

    /// Its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("nagios.log")).unwrap_or_default()
    }

    /// All it has said.
    pub fn output(&self) -> String {
        self.process.output()
    }
}

impl Drop for Nagios {
    fn drop(&mut self) {
        // It ends its workers with itself.
        self.process.end(Signal::TERM);
    }
}

fn configure(folder: &Path, objects: &Path) -> PathBuf {
    let at = |name: &str| folder.join(name).display().to_string();
    for name in ["spool", "archives"] {
        fs::create_dir(folder.join(name)).expect("the folder is ours");
    }
    let user = rustix::process::getuid().as_raw();
    let group = rustix::process::getgid().as_raw();
    let text = format!(
        "log_file={log}\n\
         cfg_file={TEMPLATES}/commands.cfg\n\
         cfg_file={TEMPLATES}/contacts.cfg\n\
         cfg_file={TEMPLATES}/timeperiods.cfg\n\
         cfg_file={TEMPLATES}/templates.cfg\n\
         cfg_dir={objects}\n\
         object_cache_file={cache}\n\
         precached_object_file={precached}\n\
         status_file={status}\n\
         status_update_interval=1\n\
         nagios_user={user}\n\
         nagios_group={group}\n\
         check_external_commands=1\n\
         command_file={command}\n\
         query_socket={query}\n\
         lock_file={lock}\n\
         temp_file={temp}\n\
         temp_path={folder}\n\
         log_archive_path={archives}\n\
         check_result_path={spool}\n\
         state_retention_file={retention}\n\
         retain_state_information=0\n\
         enable_notifications=0\n\
         use_syslog=0\n\
         check_for_updates=0\n\
         interval_length=1\n\
         service_inter_check_delay_method=n\n\
         host_inter_check_delay_method=n\n\
         service_interleave_factor=1\n\
         check_workers=2\n\
         illegal_macro_output_chars=`~$&|'<>\n\
         cached_host_check_horizon=0\n\
         cached_service_check_horizon=0\n",
        log = at("nagios.log"),
        objects = objects.display(),
        cache = at("objects.cache"),
        precached = at("objects.precache"),
        status = at("status.dat"),
        command = at("nagios.cmd"),
        query = at("nagios.qh"),
        lock = at("nagios.lock"),
        temp = at("nagios.tmp"),
        folder = folder.display(),
        archives = at("archives"),
        spool = at("spool"),
        retention = at("retention.dat"),
    );
    let config = folder.join("nagios.cfg");
    fs::write(&config, text).expect("the folder is ours");
    config
}
