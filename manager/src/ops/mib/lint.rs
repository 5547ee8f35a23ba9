//! What is wrong with modules, as records.

use lcms_mibs::{Code, Diagnostic, Mib};
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

/// What a code means.
#[derive(Debug, Serialize)]
pub struct Explanation {
    number: u16,
    code: &'static str,
    severity: u8,
    cause: String,
    help: Option<String>,
}

impl Explanation {
    /// For people.
    pub fn lines(&self) -> String {
        let Self { number, code, severity, cause, help } = self;
        let help = help.as_ref().map(|help| format!("what to do: {help}\n")).unwrap_or_default();
        format!("M{number:03} {code}, severity {severity}\ncause: {cause}\n{help}")
    }
}

/// A code with all that is known of it.
pub fn explanation(code: Code) -> Explanation {
    let Code { number, name, severity, text, help } = code;
    Explanation { number, code: name, severity: severity.level(), cause: text, help }
}
