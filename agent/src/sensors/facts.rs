//! What the host is: the slow part of a sample.

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use super::interfaces::{self, Interface};

/// What the host is. A fact that cannot be learned is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The kernel's name for the host; its name in the fleet is the
    /// configured one.
    pub host_name: Option<String>,
    /// Operating system with its version, and the kernel's.
    pub os: Option<String>,
    /// Processor model.
    pub cpu_type: Option<String>,
    /// Logical processors.
    pub cpu_count: Option<u32>,
    /// Clock rate of the processors in megahertz.
    pub cpu_speed: Option<u32>,
    /// Physical memory in octets.
    pub memory_size: Option<u64>,
    /// Network interfaces, in the order of their numbers.
    pub interfaces: Vec<Interface>,
    /// Name of the interface with the default route.
    pub routed: Option<String>,
}

/// The facts that stand in files under `proc_root`, and so tell emulated hosts
/// on one machine apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcFacts {
    /// Logical processors, by the stat file.
    pub cpu_count: Option<u32>,
    /// Memory in octets, by the meminfo file.
    pub memory_size: Option<u64>,
    /// Name of the interface with the default route, by the routing table.
    pub routed: Option<String>,
}

impl Facts {
    /// Reads the facts of this machine; what the proc files say goes first.
    pub fn read(proc: ProcFacts) -> Self {
        let wanted = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_frequency())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(wanted).ok();
        let cpus = system.as_ref().map_or(&[][..], System::cpus);
        let cpu = cpus.first();
        Self {
            host_name: System::host_name().ok().filter(|name| !name.is_empty()),
            os: os(
                System::name().ok(),
                System::os_version().ok(),
                System::kernel_version().ok(),
                std::env::consts::ARCH,
            ),
            cpu_type: cpu
                .map(|cpu| cpu.brand().trim().to_owned())
                .filter(|brand| !brand.is_empty()),
            cpu_count: proc.cpu_count.or_else(|| u32::try_from(cpus.len()).ok().filter(|n| *n > 0)),
            cpu_speed: cpu
                .and_then(|cpu| u32::try_from(cpu.frequency()).ok())
                .filter(|speed| *speed > 0),
            memory_size: proc
                .memory_size
                .or_else(|| system.as_ref().map(System::total_memory).filter(|size| *size > 0)),
            interfaces: Interface::all(),
            routed: proc.routed,
        }
    }

    /// The main interface: the one with the default route, else the first
    /// that is up and no loopback.
    pub fn main_interface(&self) -> Option<&Interface> {
        interfaces::main(&self.interfaces, self.routed.as_deref())
    }
}

/// For instance "Debian GNU/Linux 13, kernel 6.12.48 (x86_64)".
fn os(
    name: Option<String>,
    version: Option<String>,
    kernel: Option<String>,
    machine: &str,
) -> Option<String> {
    let system = match (name, version) {
        (Some(name), Some(version)) => Some(format!("{name} {version}")),
        (name, _) => name,
    };
    let kernel = kernel.map(|kernel| format!("kernel {kernel} ({machine})"));
    match (system, kernel) {
        (Some(system), Some(kernel)) => Some(format!("{system}, {kernel}")),
        (system, kernel) => system.or(kernel),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proc_files_go_before_the_machine() {
        let facts = Facts::read(ProcFacts {
            cpu_count: Some(48),
            memory_size: Some(1 << 40),
            routed: Some("eth9".to_owned()),
        });
        assert_eq!(facts.cpu_count, Some(48));
        assert_eq!(facts.memory_size, Some(1 << 40));
        assert_eq!(facts.routed.as_deref(), Some("eth9"));
    }

    #[test]
    fn this_machine_says_what_it_is() {
        let facts = Facts::read(ProcFacts::default());
        assert!(facts.os.is_some_and(|os| os.contains("kernel")));
        assert!(facts.cpu_count.is_some_and(|count| count > 0));
        assert!(facts.memory_size.is_some_and(|size| size > 0));
    }

    #[test]
    fn the_system_is_named_from_what_is_known() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            os(some("Debian GNU/Linux"), some("13"), some("6.12.48"), "x86_64"),
            some("Debian GNU/Linux 13, kernel 6.12.48 (x86_64)")
        );
        assert_eq!(os(some("Arch Linux"), None, None, "x86_64"), some("Arch Linux"));
        assert_eq!(os(None, None, some("6.1"), "x86_64"), some("kernel 6.1 (x86_64)"));
        assert_eq!(os(None, None, None, "x86_64"), None);
    }
}
