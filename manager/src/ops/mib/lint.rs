//! What is wrong with modules, as records.

use lcms_mibs::{Diagnostic, Mib};
use serde::Serialize;

/// A line of `mib lint --json`.
#[derive(Debug, Serialize)]
pub struct Finding {
    file: String,
    line: u32,
    col: u32,
    severity: u8,
    code: &'static str,
    msg: String,
}

/// A diagnostic with its place; none for one of another MIB.
pub fn finding(mib: &Mib, diagnostic: &Diagnostic) -> Option<Finding> {
    let record = diagnostic.record(mib.source(diagnostic.file)?);
    Some(Finding {
        file: record.file,
        line: record.line,
        col: record.col,
        severity: record.severity,
        code: record.code,
        msg: record.message,
    })
}
