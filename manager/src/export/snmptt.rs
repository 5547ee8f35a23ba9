//! Definitions for SNMPTT, which names traps and passes them on.

use lcms_mibs::{Kind, Mib, Node};

use super::{ExportFile, header};
use crate::traps::Severity;

/// The module whose notifications are defined.
const MODULE: &str = "LOAD-CLUSTER-MIB";

/// Writes an EVENT for each notification of LOAD-CLUSTER-MIB.
pub fn snmptt(mib: &Mib) -> Vec<ExportFile> {
    let notes = [
        "Name this file in snmptt_conf_files of snmptt.ini. Names of variables come from",
        "net-snmp: mibdirs of snmp.conf has the folder with LOAD-CLUSTER-MIB, mibs names it.",
    ];
    let mut out = header("#", "Traps for SNMPTT", &notes);
    let module = mib.module(MODULE);
    let mut events: Vec<Node<'_>> = module.into_iter().flat_map(|m| m.nodes()).collect();
    events.retain(|node| node.kind() == Kind::Notification);
    events.sort_by_key(|node| node.oid().to_vec());
    for event in events {
        let oid = event.oid().iter().map(|arc| format!(".{arc}")).collect::<String>();
        let name = event.name();
        let (category, severity) = rank(name);
        let description = event.description().unwrap_or_default();
        // Each variable with its name, for the index in it says what it is about.
        out.push_str(&format!(
            "EVENT {name} {oid} \"{category}\" {severity}\nFORMAT {name} from $aR: $+*\nSDESC\n"
        ));
        for line in description.lines() {
            out.push_str(&format!("{}\n", line.trim()));
        }
        out.push_str("Variables:\n");
        for (nth, object) in event.written_members().enumerate() {
            out.push_str(&format!("  {}: {object}\n", nth + 1));
        }
        out.push_str("EDESC\n\n");
    }
    vec![ExportFile { name: "lcms.snmptt.conf", text: out }]
}

/// Category and severity in SNMPTT's words.
fn rank(name: &str) -> (&'static str, &'static str) {
    match Severity::of_name(name) {
        Severity::Critical => ("Status Events", "CRITICAL"),
        Severity::Warning => ("Status Events", "WARNING"),
        Severity::Ok => ("Status Events", "NORMAL"),
        Severity::Info => ("Change Events", "INFORMATIONAL"),
    }
}
