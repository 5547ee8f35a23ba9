//! Standard output.

use std::io::{self, Write as _};

use jiff::Timestamp;
use serde::Serialize;

use super::CliError;

/// Prints text as it is.
pub fn text(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(CliError::Output)
}

/// Prints a value as JSON, to be read by people too.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    let mut line =
        serde_json::to_string_pretty(value).map_err(io::Error::from).map_err(CliError::Output)?;
    line.push('\n');
    text(&line)
}

/// A text of an agent's: it must not move the cursor.
pub fn plain(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

/// Prints something that has just happened as one line of JSON.
pub fn json_event(event: &impl Serialize) -> Result<(), CliError> {
    text(&event_line(event)?)
}

/// Something that happens now as one line of JSON.
pub fn event_line(event: &impl Serialize) -> Result<String, CliError> {
    #[derive(Serialize)]
    struct Line<'a, E> {
        time: String,
        #[serde(flatten)]
        event: &'a E,
    }
    line_of(&Line { time: Timestamp::now().to_string(), event })
}

/// Prints a value as one line of JSON, one of many.
pub fn json_line(value: &impl Serialize) -> Result<(), CliError> {
    text(&line_of(value)?)
}

fn line_of(value: &impl Serialize) -> Result<String, CliError> {
    let mut line =
        serde_json::to_string(value).map_err(io::Error::from).map_err(CliError::Output)?;
    line.push('\n');
    Ok(line)
}
