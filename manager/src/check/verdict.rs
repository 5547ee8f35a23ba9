//! What came of a check, and how it is said.

use lcms_lb_core::model::Status;
use serde::{Serialize, Serializer};

use super::{Figure, Range, Subject};

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// What was checked.
    pub subject: Subject,
    /// The worst of what the MIB says and what the thresholds say.
    pub status: Status,
    /// It, and why, in few words.
    pub text: String,
    /// What more there is to say in the same line.
    pub more: Vec<String>,
    /// What there is to say in lines of its own.
    pub lines: Vec<String>,
    /// All figures, with their ranges.
    pub figures: Vec<Judged>,
}

/// A figure and its ranges.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The figure.
    pub figure: Figure,
    /// Outside of this it is a warning.
    pub warning: Option<Range>,
    /// Outside of this it is critical.
    pub critical: Option<Range>,
}

impl Judged {
    /// What the ranges say of the value. One that nobody knows is within none.
    pub fn status(&self) -> Status {
        let alerts = |range: &Option<Range>| {
            range.is_some_and(|range| self.figure.value.is_some_and(|value| range.alerts(value)))
        };
        match (alerts(&self.critical), alerts(&self.warning)) {
            (true, _) => Status::Critical,
            (_, true) => Status::Warning,
            _ if self.figure.value.is_none() && (self.warning.or(self.critical)).is_some() => {
                Status::Unknown
            }
            _ => Status::Ok,
        }
    }
}

impl Serialize for Judged {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form {
            name: &'static str,
            value: Option<f64>,
            max: Option<f64>,
            warning: Option<String>,
            critical: Option<String>,
        }
        let Figure { name, value, max, .. } = self.figure;
        let text = |range: &Option<Range>| range.map(|range| range.to_string());
        let (warning, critical) = (text(&self.warning), text(&self.critical));
        Form { name, value, max, warning, critical }.serialize(to)
    }
}

/// The word of the guidelines.
pub fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "OK",
        Status::Warning => "WARNING",
        Status::Critical => "CRITICAL",
        Status::Unknown => "UNKNOWN",
    }
}

impl Verdict {
    /// A verdict without figures: what was to be measured is not known.
    pub fn bare(subject: Subject, status: Status, text: String) -> Self {
        Self { subject, status, text, more: Vec::new(), lines: Vec::new(), figures: Vec::new() }
    }

    /// `SUBJECT STATUS - text | performance data`, and at verbosity 2 and 3 more
    /// lines below.
    pub fn plugin_output(&self, verbosity: u8) -> String {
        let mut out = format!("{} {} - {}", self.subject.word(), word(self.status), self.text);
        if verbosity >= 1 {
            for more in &self.more {
                out.push_str("; ");
                out.push_str(more);
            }
        }
        let mut out = plain(&out);
        let data = self.figures.iter().filter_map(|judged| {
            judged.figure.perfdata(judged.warning.as_ref(), judged.critical.as_ref())
        });
        for (nth, figure) in data.enumerate() {
            out.push_str(if nth == 0 { " | " } else { " " });
            out.push_str(&figure);
        }
        out.push('\n');
        if verbosity >= 2 {
            for line in &self.lines {
                out.push_str(&plain(line));
                out.push('\n');
            }
        }
        out
    }
}

/// A text that keeps to its line and its side of the bar, whatever an agent said.
fn plain(text: &str) -> String {
    let text = text.replace('|', "/");
    text.replace(|c: char| c.is_control(), " ").trim().to_owned()
}
