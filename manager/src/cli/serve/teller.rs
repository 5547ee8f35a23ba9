//! Where events go: the log, or standard output as JSON.

use std::{io, sync::Arc};

use lcms_lines::Lines;

use super::super::{WAITING_LINES, event_line};
use crate::serve::{Event, Tell};

/// Standard output for events.
pub fn events() -> io::Result<Lines> {
    let gap = |count| format!("{{\"event\":\"left_out\",\"count\":{count}}}\n");
    Lines::start(WAITING_LINES, io::stdout(), gap)
}

/// Tells by these lines of JSON, or else by the log.
pub fn teller(lines: Option<Lines>) -> Tell {
    let Some(lines) = lines else { return Arc::new(log) };
    Arc::new(move |event| match event_line(event) {
        Ok(line) => lines.line(line.into_bytes()),
        Err(error) => tracing::error!(%error, "an event is not told"),
    })
}

fn log(event: &Event) {
    match event.is_trouble() {
        true => tracing::warn!("{event}"),
        false => tracing::info!("{event}"),
    }
}
