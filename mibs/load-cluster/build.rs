//! Generates the tables of the modules the agent serves from their texts.

use std::{env, error::Error, fs, path::Path};

use lcms_mibs::{Compiler, Severity, codegen};

const MODULES: &[&str] = &[
    "LOAD-CLUSTER-MIB",
    "SNMPv2-SMI",
    "SNMPv2-MIB",
    "SNMP-FRAMEWORK-MIB",
    "SNMP-MPD-MIB",
    "SNMP-TARGET-MIB",
    "SNMP-USER-BASED-SM-MIB",
    "SNMP-VIEW-BASED-ACM-MIB",
    "SNMP-COMMUNITY-MIB",
    "SNMP-USM-AES-MIB",
    "SNMP-USM-HMAC-SHA2-MIB",
    "LCMS-USM-AES-MIB",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../modules");
    println!("cargo::rerun-if-changed={}", folder.display());

    let mut compiler = Compiler::new();
    compiler.dir(&folder)?;
    let mib = compiler.compile();
    for record in mib.records().filter(|record| record.severity <= Severity::Minor.level()) {
        println!("cargo::error={}:{}: {}", record.file, record.line, record.message);
    }

    let code = codegen::generate(&mib, MODULES)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("tables.rs"), code)?;
    Ok(())
}
