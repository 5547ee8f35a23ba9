//! Configuration objects of Icinga 2.

use super::{
    ExportFile, Monitored, Plugin, header,
    monitored::{description, verb},
};
use crate::check::Subject;

/// Writes commands, hosts, services, groups and dependencies into one file.
pub fn icinga2(monitored: &Monitored, plugin: &Plugin) -> Vec<ExportFile> {
    let notes = [
        "Put it into /etc/icinga2/conf.d, or a zone's folder.",
        "Communities and passwords stand in the files that the configuration below names:",
        "they and it have to be readable by the user that Icinga runs as, and by nobody else.",
    ];
    let mut out = header("//", "Objects of Icinga 2", &notes);
    let Plugin { program, config } = plugin;
    out.push_str(&format!(
        "object CheckCommand \"lcms\" {{\n  command = [ {}, \"--config\", {}, \"check\" ]\n  \
         arguments = {{\n    \
         \"subject\" = {{ value = \"$lcms_subject$\"; skip_key = true; order = -2; required = true }}\n    \
         \"name\" = {{ value = \"$lcms_name$\"; skip_key = true; order = -1; required = true }}\n    \
         \"-H\" = {{ value = \"$lcms_node$\"; description = \"ask this node alone\" }}\n    \
         \"-w\" = {{ value = \"$lcms_warning$\"; repeat_key = true }}\n    \
         \"-c\" = {{ value = \"$lcms_critical$\"; repeat_key = true }}\n  }}\n}}\n\n",
        string(program),
        string(config)
    ));
    for (name, shown) in
        [("lcms-hosts", "Hosts of load clusters"), ("lcms-clusters", "Load clusters")]
    {
        object(&mut out, "HostGroup", name, &[format!("display_name = {}", string(shown))]);
    }
    for host in &monitored.hosts {
        let mut lines = vec![
            format!("address = {}", string(host.address.as_deref().unwrap_or(&host.name))),
            "groups = [ \"lcms-hosts\" ]".to_owned(),
        ];
        lines.extend(check(Subject::Host, &host.name));
        if host.has_agent {
            lines.push(format!("vars.lcms_node = {}", string(&host.name)));
        }
        object(&mut out, "Host", &host.name, &lines);
        if host.has_agent {
            service(&mut out, &host.name, "agent", "Agent", Subject::Agent, &host.name, None);
        }
        service(&mut out, &host.name, "host", "Host", Subject::Host, &host.name, None);
    }
    for cluster in &monitored.clusters {
        let name = cluster.host_name();
        let group = format!("lcms-{}", cluster.name);
        let shown = format!("display_name = {}", string(&format!("Cluster {}", cluster.name)));
        object(&mut out, "ServiceGroup", &group, &[shown]);
        let mut lines = vec!["groups = [ \"lcms-clusters\" ]".to_owned()];
        lines.extend(check(Subject::Director, &cluster.name));
        object(&mut out, "Host", &name, &lines);
        // Of several directors one is enough, which Icinga can say from 2.14 on alone.
        if let [director] = cluster.directors.as_slice() {
            object(
                &mut out,
                "Dependency",
                &format!("{name}-{director}"),
                &[
                    format!("parent_host_name = {}", string(director)),
                    format!("child_host_name = {}", string(&name)),
                ],
            );
        }
        let group = Some(group.as_str());
        service(&mut out, &name, "cluster", "Cluster", Subject::Cluster, &cluster.name, group);
        service(&mut out, &name, "director", "Director", Subject::Director, &cluster.name, group);
        if cluster.is_leased {
            service(&mut out, &name, "lease", "Lease", Subject::Lease, &cluster.name, group);
        }
        for (subject, whole) in &cluster.checks {
            let shown = description(*subject, whole);
            let id = shown.to_ascii_lowercase().replace([' ', '/'], "-");
            service(&mut out, &name, &id, &shown, *subject, whole, group);
            object(
                &mut out,
                "Dependency",
                &format!("{name}-{id}"),
                &[
                    format!("parent_host_name = {}", string(&name)),
                    "parent_service_name = \"director\"".to_owned(),
                    format!("child_host_name = {}", string(&name)),
                    format!("child_service_name = {}", string(&id)),
                    "states = [ OK, Warning ]".to_owned(),
                    "disable_notifications = true".to_owned(),
                ],
            );
        }
    }
    vec![ExportFile { name: "lcms.conf", text: out }]
}

fn service(
    out: &mut String,
    host: &str,
    id: &str,
    shown: &str,
    subject: Subject,
    name: &str,
    group: Option<&str>,
) {
    let mut lines =
        vec![format!("host_name = {}", string(host)), format!("display_name = {}", string(shown))];
    if let Some(group) = group {
        lines.push(format!("groups = [ {} ]", string(group)));
    }
    lines.extend(check(subject, name));
    if subject == Subject::Host {
        // With the directors' word too, which the host's own check leaves out.
        lines.push("vars.lcms_node = \"\"".to_owned());
    }
    object(out, "Service", id, &lines);
}

fn check(subject: Subject, name: &str) -> [String; 4] {
    [
        "check_command = \"lcms\"".to_owned(),
        "check_interval = 1m".to_owned(),
        format!("vars.lcms_subject = {}", string(&verb(subject))),
        format!("vars.lcms_name = {}", string(name)),
    ]
}

fn object(out: &mut String, kind: &str, name: &str, lines: &[String]) {
    out.push_str(&format!("object {kind} {} {{\n", string(name)));
    for line in lines {
        out.push_str(&format!("  {line}\n"));
    }
    out.push_str("}\n\n");
}

/// A string literal. A dollar would begin a macro of a command.
fn string(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$");
    format!("\"{text}\"")
}
