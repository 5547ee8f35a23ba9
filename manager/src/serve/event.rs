//! What the daemon tells of its doings: one value for people and programs.

use std::{fmt, sync::Arc};

use lcms_lb_core::model::Name;
use serde::Serialize;

use crate::ops::auto;

/// Something worth a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A node does not answer, or not to all.
    NodeFailed {
        /// The node.
        node: Name,
        /// Why.
        error: String,
        /// What to do about it.
        advice: String,
    },
    /// A node answers to all.
    NodeAnswers {
        /// The node.
        node: Name,
    },
    /// Something of the control loop.
    #[serde(untagged)]
    Control(auto::Event),
}

/// Who is told.
pub type Tell = Arc<dyn Fn(&Event) + Send + Sync>;

impl Event {
    /// Whether somebody should look at it.
    pub fn is_trouble(&self) -> bool {
        matches!(self, Self::NodeFailed { .. } | Self::Control(auto::Event::Trouble { .. }))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodeFailed { node, error, advice } => write!(f, "{node}: {error}; {advice}"),
            Self::NodeAnswers { node } => write!(f, "{node}: answers"),
            Self::Control(event) => event.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_the_control_loop_are_as_auto_prints_them() {
        let event = auto::Event::Recovered { about: "lb1".to_owned() };
        let alone = serde_json::to_value(&event).unwrap();
        assert_eq!(serde_json::to_value(Event::Control(event)).unwrap(), alone);
        let own = Event::NodeAnswers { node: "lb1".parse().unwrap() };
        let own = serde_json::to_value(own).unwrap();
        assert_eq!(own, serde_json::json!({"event": "node_answers", "node": "lb1"}));
    }
}
