//! Where events go: the log, or standard output as JSON.

use std::sync::Arc;

use super::super::json_event;
use crate::serve::{Event, Tell};

/// Tells by the log, or with `json` on standard output.
pub fn teller(json: bool) -> Tell {
    match json {
        false => Arc::new(log),
        true => Arc::new(|event| {
            // A daemon does not end with its reader.
            if let Err(error) = json_event(event) {
                tracing::debug!(%error, "nobody reads the events");
            }
        }),
    }
}

fn log(event: &Event) {
    match event.is_trouble() {
        true => tracing::warn!("{event}"),
        false => tracing::info!("{event}"),
    }
}
