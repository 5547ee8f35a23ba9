//! Generates the tables of the modules the agent serves from their texts.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

use lcms_mibs::{Compiler, Kind, Severity, codegen};

const MODULES: &[&str] = &[
    "LOAD-CLUSTER-MIB",
    "SNMPv2-SMI",
    "SNMPv2-MIB",
    "SNMP-FRAMEWORK-MIB",
    "SNMP-MPD-MIB",
    "SNMP-TARGET-MIB",
    "SNMP-NOTIFICATION-MIB",
    "NOTIFICATION-LOG-MIB",
    "SNMPv2-TM",
    "TRANSPORT-ADDRESS-MIB",
    "SNMP-USER-BASED-SM-MIB",
    "SNMP-VIEW-BASED-ACM-MIB",
    "SNMP-COMMUNITY-MIB",
    "SNMP-USM-AES-MIB",
    "SNMP-USM-HMAC-SHA2-MIB",
    "LCMS-USM-AES-MIB",
    "SNMP-TSM-MIB",
    "SNMP-TLS-TM-MIB",
    "IF-MIB",
    "IP-MIB",
    "TCP-MIB",
    "UDP-MIB",
    "HOST-RESOURCES-MIB",
    "UCD-SNMP-MIB",
];

/// Modules that define nothing but identities, which other objects' values name.
const IDENTITIES: &[&str] = &["HOST-RESOURCES-TYPES"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../modules");
    println!("cargo::rerun-if-changed={}", folder.display());

    let mut compiler = Compiler::new();
    compiler.dir(&folder)?;
    let mib = compiler.compile();
    for record in mib.records().filter(|record| record.severity <= Severity::Minor.level()) {
        println!("cargo::error={}:{}: {}", record.file, record.line, record.message);
    }

    let mut code = codegen::generate(&mib, MODULES)?;
    for name in IDENTITIES {
        let module = mib.module(name).ok_or_else(|| format!("no module {name}"))?;
        // A plain OBJECT IDENTIFIER has no STATUS.
        let identities =
            module.nodes().filter(|node| node.kind() == Kind::Node && node.status().is_some());
        writeln!(
            code,
            "/// What {name} names.\npub mod {} {{",
            name.to_lowercase().replace('-', "_")
        )?;
        for node in identities {
            let description = node.description().unwrap_or_default();
            let constant = screaming(node.name());
            writeln!(code, "    /// {}: {description}", node.name())?;
            writeln!(code, "    pub const {constant}: &[u32] = &{:?};", node.oid())?;
        }
        code.push_str("}\n");
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("tables.rs"), code)?;
    Ok(())
}

/// `hrStorageRam` as a constant: `HR_STORAGE_RAM`.
fn screaming(name: &str) -> String {
    let mut constant = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            constant.push('_');
        }
        constant.push(letter.to_ascii_uppercase());
    }
    constant
}
