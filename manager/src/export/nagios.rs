//! Object definitions of Nagios Core 4 (and of Naemon, and Icinga 1).

use super::{
    ExportFile, Monitored, Plugin, header,
    monitored::{cluster_host, description, verb},
};
use crate::check::Subject;

/// Writes hosts, services, groups and dependencies; commands are in a file of
/// their own, so that one can be kept while the other is written anew. With
/// `passive`, services wait for results of the receiver, and are checked when none has
/// come for so many seconds.
pub fn nagios(monitored: &Monitored, plugin: &Plugin, passive: Option<u32>) -> Vec<ExportFile> {
    vec![
        ExportFile { name: "lcms-commands.cfg", text: commands(plugin) },
        ExportFile { name: "lcms-objects.cfg", text: objects(monitored, passive) },
    ]
}

/// What a check is called in Nagios: the names of its host and its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NagiosName {
    /// `host_name`.
    pub host: String,
    /// `service_description`.
    pub service: String,
}

impl NagiosName {
    /// The names of the check of something by its whole name.
    pub fn of(subject: Subject, whole: &str) -> Self {
        let cluster = whole.split('/').next().unwrap_or_default();
        let (host, service) = match subject {
            Subject::Agent | Subject::Host => (whole.to_owned(), format!("{subject:?}")),
            Subject::Cluster | Subject::Director | Subject::Lease => {
                (cluster_host(cluster), format!("{subject:?}"))
            }
            Subject::Service | Subject::Server | Subject::Weight => {
                (cluster_host(cluster), description(subject, whole))
            }
        };
        Self { host, service }
    }
}

const SUBJECTS: [Subject; 8] = [
    Subject::Agent,
    Subject::Host,
    Subject::Cluster,
    Subject::Director,
    Subject::Service,
    Subject::Server,
    Subject::Weight,
    Subject::Lease,
];

fn commands(plugin: &Plugin) -> String {
    let notes = [
        "Put both files where cfg_dir or cfg_file of nagios.cfg finds them.",
        "Communities and passwords stand in the files that the configuration below names:",
        "they and it have to be readable by the user that Nagios runs as, and by nobody else.",
        "$ARG1$ is the name of what is checked; $ARG2$ is for thresholds, such as -c 1:",
    ];
    let mut out = header("#", "Commands of Nagios", &notes);
    let Plugin { program, config } = plugin;
    let call = format!("{} --config {} check", quoted(program), quoted(config));
    for subject in SUBJECTS {
        let verb = verb(subject);
        define(
            &mut out,
            "command",
            &[
                ("command_name", &format!("lcms-{verb}")),
                ("command_line", &format!("{call} {verb} $ARG1$ $ARG2$")),
            ],
        );
    }
    // Whether a machine is there is its own agent's word; how well its cluster is,
    // is another check.
    define(
        &mut out,
        "command",
        &[
            ("command_name", "lcms-host-alive"),
            ("command_line", &format!("{call} host $HOSTNAME$ -H $HOSTNAME$")),
        ],
    );
    out
}

/// A word for the shell that Nagios hands its command to; a dollar is a macro's to
/// Nagios unless it is doubled.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@".contains(c);
    match word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''").replace('$', "$$")),
    }
}

fn objects(monitored: &Monitored, passive: Option<u32>) -> String {
    let notes = [
        "The templates generic-host and generic-service, and the contact group admins, are",
        "those of Nagios' own samples;",
        "give lcms-host and lcms-service your contacts and intervals.",
    ];
    let mut out = header("#", "Objects of Nagios", &notes);
    define(
        &mut out,
        "host",
        &[
            ("name", "lcms-host"),
            ("use", "generic-host"),
            ("contact_groups", "admins"),
            ("max_check_attempts", "3"),
            ("check_interval", "1"),
            ("retry_interval", "1"),
            ("register", "0"),
        ],
    );
    let mut service_template = vec![
        ("name", "lcms-service"),
        ("use", "generic-service"),
        // A result that is told comes once, and is of a director that has looked twice.
        ("max_check_attempts", if passive.is_some() { "1" } else { "2" }),
        ("check_interval", "1"),
        ("retry_interval", "1"),
    ];
    let threshold = passive.map(|seconds| seconds.to_string());
    if let Some(threshold) = &threshold {
        service_template.extend([
            ("passive_checks_enabled", "1"),
            ("active_checks_enabled", "0"),
            ("check_freshness", "1"),
            ("freshness_threshold", threshold),
        ]);
    }
    service_template.push(("register", "0"));
    define(&mut out, "service", &service_template);
    hostgroups(&mut out, monitored);
    for host in &monitored.hosts {
        let command = match host.has_agent {
            true => "lcms-host-alive".to_owned(),
            false => format!("lcms-host!{}", host.name),
        };
        define(
            &mut out,
            "host",
            &[
                ("use", "lcms-host"),
                ("host_name", &host.name),
                ("address", host.address.as_deref().unwrap_or(&host.name)),
                ("check_command", &command),
            ],
        );
        if host.has_agent {
            service(&mut out, &host.name, "Agent", &format!("lcms-agent!{}", host.name), "");
        }
        service(&mut out, &host.name, "Host", &format!("lcms-host!{}", host.name), "");
    }
    for cluster in &monitored.clusters {
        let name = cluster.host_name();
        let group = format!("lcms-{}", cluster.name);
        define(
            &mut out,
            "servicegroup",
            &[("servicegroup_name", &group), ("alias", &format!("Cluster {}", cluster.name))],
        );
        // Where no director can be reached, nobody knows of the cluster.
        define(
            &mut out,
            "host",
            &[
                ("use", "lcms-host"),
                ("host_name", &name),
                ("alias", &format!("Load cluster {}", cluster.name)),
                ("address", &name),
                ("parents", &cluster.directors.join(",")),
                ("check_command", &format!("lcms-director!{}", cluster.name)),
            ],
        );
        service(&mut out, &name, "Cluster", &format!("lcms-cluster!{}", cluster.name), &group);
        service(&mut out, &name, "Director", &format!("lcms-director!{}", cluster.name), &group);
        if cluster.is_leased {
            service(&mut out, &name, "Lease", &format!("lcms-lease!{}", cluster.name), &group);
        }
        let mut dependent = vec!["Cluster".to_owned()];
        for (subject, whole) in &cluster.checks {
            let description = description(*subject, whole);
            service(
                &mut out,
                &name,
                &description,
                &format!("lcms-{}!{whole}", verb(*subject)),
                &group,
            );
            dependent.push(description);
        }
        define(
            &mut out,
            "servicedependency",
            &[
                ("host_name", &name),
                ("service_description", "Director"),
                ("dependent_host_name", &name),
                ("dependent_service_description", &dependent.join(",")),
                ("execution_failure_criteria", "n"),
                ("notification_failure_criteria", "c,u"),
            ],
        );
    }
    out
}

fn hostgroups(out: &mut String, monitored: &Monitored) {
    let all = monitored.hosts.iter().map(|host| host.name.clone());
    group(out, "lcms-hosts", "Hosts of load clusters", all.collect());
    let clusters = monitored.clusters.iter().map(super::monitored::MonitoredCluster::host_name);
    group(out, "lcms-clusters", "Load clusters", clusters.collect());
    for cluster in &monitored.clusters {
        let members = monitored.hosts.iter().filter(|host| host.clusters.contains(&cluster.name));
        let members = members.map(|host| host.name.clone()).collect();
        group(
            out,
            &format!("lcms-{}", cluster.name),
            &format!("Hosts of cluster {}", cluster.name),
            members,
        );
    }
}

fn group(out: &mut String, name: &str, alias: &str, members: Vec<String>) {
    if !members.is_empty() {
        let members = members.join(",");
        define(
            out,
            "hostgroup",
            &[("hostgroup_name", name), ("alias", alias), ("members", &members)],
        );
    }
}

fn service(out: &mut String, host: &str, description: &str, command: &str, group: &str) {
    let mut lines = vec![
        ("use", "lcms-service"),
        ("host_name", host),
        ("service_description", description),
        ("check_command", command),
    ];
    if !group.is_empty() {
        lines.push(("servicegroups", group));
    }
    define(out, "service", &lines);
}

fn define(out: &mut String, kind: &str, lines: &[(&str, &str)]) {
    out.push_str(&format!("define {kind} {{\n"));
    for (key, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&format!("    {key:<30} {value}\n"));
    }
    out.push_str("}\n\n");
}
