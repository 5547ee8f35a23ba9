//! Configuration of Prometheus' snmp_exporter, straight from the compiled MIB.
//!
//! Index objects become labels, numbers and enumerations metrics. Texts are left
//! out: a reason that changes would be a new series each time.

use lcms_mibs::{Base, Kind, Mib, Node, Type};

use super::{ExportFile, header};

/// The file's form, which changed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExporterFormat {
    /// Up to 0.22: credentials in the module.
    ModuleAuth,
    /// From 0.23 on: credentials beside the modules.
    Auths,
}

/// The module that is scraped.
const MODULE: &str = "LOAD-CLUSTER-MIB";

/// Writes `snmp.yml`.
pub fn prometheus(mib: &Mib, format: ExporterFormat) -> Vec<ExportFile> {
    let notes = [
        "Scrape it as module lcms; from 0.23 on with auth=lcms too.",
        "Put the community of the agents in the place of LCMS_COMMUNITY, and let the file be",
        "readable by the user of the exporter alone: mode 0640, owner root, its group.",
        "As a user of version 3: version: 3, and username, security_level: authPriv, password,",
        "auth_protocol: SHA256, priv_protocol: AES, priv_password beside it.",
    ];
    let mut out = header("#", "Configuration of Prometheus' snmp_exporter", &notes);
    let module = module(mib);
    match format {
        ExporterFormat::ModuleAuth => {
            out.push_str("lcms:\n");
            out.push_str(&indented(&module, 2));
            out.push_str("  version: 2\n  auth:\n    community: LCMS_COMMUNITY\n");
        }
        ExporterFormat::Auths => {
            out.push_str("auths:\n  lcms:\n    version: 2\n    community: LCMS_COMMUNITY\n");
            out.push_str("modules:\n  lcms:\n");
            out.push_str(&indented(&module, 4));
        }
    }
    vec![ExportFile { name: "snmp.yml", text: out }]
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

fn module(mib: &Mib) -> String {
    let of = |kind: Kind| {
        let module = mib.module(MODULE);
        let mut nodes: Vec<Node<'_>> = module.into_iter().flat_map(|m| m.nodes()).collect();
        nodes.retain(|node| node.kind() == kind);
        nodes.sort_by_key(|node| node.oid().to_vec());
        nodes
    };
    let mut metrics = String::new();
    let (mut walk, mut get) = (String::new(), String::new());
    for scalar in of(Kind::Scalar) {
        if let Some(kind) = metric_type(scalar) {
            get.push_str(&format!("- {}.0\n", dotted(scalar.oid())));
            metric(&mut metrics, scalar, kind, &[]);
        }
    }
    for row in of(Kind::Row) {
        // An address as an index is two objects that are one label, which not every
        // version of the exporter reads.
        let index: Vec<(String, Type<'_>)> = row
            .index()
            .into_iter()
            .filter_map(|part| Some((part.node()?.name().to_owned(), part.syntax())))
            .collect();
        let is_plain = |syntax: &Type<'_>| syntax.is_text() || is_number(syntax.base());
        if index.is_empty() || !index.iter().all(|(_, syntax)| is_plain(syntax)) {
            continue;
        }
        let columns: Vec<_> =
            row.children().filter_map(|column| Some((column, metric_type(column)?))).collect();
        if columns.is_empty() {
            continue;
        }
        walk.push_str(&format!("- {}\n", dotted(row.oid())));
        for (column, kind) in columns {
            metric(&mut metrics, column, kind, &index);
        }
    }
    format!("walk:\n{walk}get:\n{get}metrics:\n{metrics}")
}

fn is_number(base: Base) -> bool {
    matches!(base, Base::Integer32 | Base::Unsigned32 | Base::Gauge32)
}

/// What the exporter takes an object for; `None` for what is no metric.
fn metric_type(node: Node<'_>) -> Option<&'static str> {
    let syntax = node.syntax()?;
    let is_readable = node.access().is_some_and(|access| {
        !matches!(access, lcms_mibs::Access::NotAccessible | lcms_mibs::Access::AccessibleForNotify)
    });
    // How a row is kept, or a lock is held, is nothing to draw.
    let is_means = ["RowStatus", "StorageType", "TestAndIncr"].iter().any(|n| syntax.is_a(n));
    if !is_readable || is_means {
        return None;
    }
    match syntax.base() {
        Base::Counter32 => Some("counter"),
        // A level of 64 bits is a Counter64 on the wire.
        Base::Counter64 if syntax.is_a("CounterBasedGauge64") => Some("gauge"),
        Base::Counter64 => Some("counter"),
        Base::Integer32 | Base::Unsigned32 | Base::Gauge32 | Base::TimeTicks => Some("gauge"),
        Base::Bits => Some("Bits"),
        _ => None,
    }
}

fn metric(out: &mut String, node: Node<'_>, kind: &str, index: &[(String, Type<'_>)]) {
    let oid = dotted(node.oid());
    let description = node.description().unwrap_or_default();
    let words = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = words.split_inclusive(". ").next().unwrap_or_default().trim();
    let units = node.units().map(|units| format!(" [{units}]")).unwrap_or_default();
    out.push_str(&format!(
        "- name: {}\n  oid: {oid}\n  type: {kind}\n  help: {}\n",
        node.name(),
        quoted(&format!("{sentence}{units} - {oid}"))
    ));
    if !index.is_empty() {
        out.push_str("  indexes:\n");
    }
    for (name, syntax) in index {
        let kind = if syntax.is_text() { "DisplayString" } else { "gauge" };
        out.push_str(&format!("  - labelname: {name}\n    type: {kind}\n"));
        if let (true, Some(size)) = (syntax.is_text(), syntax.fixed_size()) {
            out.push_str(&format!("    fixed_size: {size}\n"));
        }
    }
    let labels: Vec<_> = node.syntax().into_iter().flat_map(|syntax| syntax.labels()).collect();
    if !labels.is_empty() {
        out.push_str("  enum_values:\n");
    }
    for (label, number) in labels {
        out.push_str(&format!("    {number}: {}\n", quoted(label)));
    }
}

fn dotted(oid: &[u32]) -> String {
    oid.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

/// A scalar of YAML: what is a string of JSON is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
