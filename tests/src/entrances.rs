//! Every entrance for foreign bytes, as a function of the bytes.
//!
//! An entrance leads them into the real code and asserts the laws that hold
//! whatever they are; that it comes back at all is the first of them. The fuzz
//! targets in `tests/fuzz` do nothing but call these functions, and
//! `tests/tests/entrances.rs` drives each of them in every run of the tests, so
//! that none of it can rot.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a law says it is broken")]

mod agent;
mod agentx;
mod check_answer;
mod config;
mod document;
mod frames;
mod laws;
mod message;
mod mib;
mod notification;
mod proc;
mod proxy_header;
mod rows;
mod station;
mod tracker;
mod v3;

pub use self::{
    agent::agent,
    agentx::agentx,
    check_answer::check_answer,
    config::{agent_config, inventory},
    document::state_document,
    frames::frame,
    message::message,
    mib::{mib_cache, mib_lint, mib_text, mib_words},
    notification::notification,
    proc::proc_files,
    proxy_header::proxy_header,
    rows::rows,
    tracker::tracker,
    v3::{scoped_pdu, v3_message},
};

/// An entrance by its name, with inputs from which mutations begin.
#[derive(Clone, Copy, Debug)]
pub struct Entrance {
    /// The name of the function and of its fuzz target.
    pub name: &'static str,
    /// The function.
    pub enter: fn(&[u8]),
    /// Inputs that lead far in.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const ALL: &[Entrance] = &[
    Entrance { name: "agent", enter: agent, seeds: agent::seeds },
    Entrance { name: "agentx", enter: agentx, seeds: agentx::seeds },
    Entrance { name: "agent_config", enter: agent_config, seeds: config::agent_seeds },
    Entrance { name: "check_answer", enter: check_answer, seeds: check_answer::seeds },
    Entrance { name: "inventory", enter: inventory, seeds: config::inventory_seeds },
    Entrance { name: "message", enter: message, seeds: message::seeds },
    Entrance { name: "mib_cache", enter: mib_cache, seeds: mib::cache_seeds },
    Entrance { name: "mib_lint", enter: mib_lint, seeds: mib::lint_seeds },
    Entrance { name: "mib_text", enter: mib_text, seeds: mib::text_seeds },
    Entrance { name: "mib_words", enter: mib_words, seeds: mib::word_seeds },
    Entrance { name: "notification", enter: notification, seeds: notification::seeds },
    Entrance { name: "proc_files", enter: proc_files, seeds: proc::seeds },
    Entrance { name: "proxy_header", enter: proxy_header, seeds: proxy_header::seeds },
    Entrance { name: "rows", enter: rows, seeds: rows::seeds },
    Entrance { name: "scoped_pdu", enter: scoped_pdu, seeds: v3::scoped_seeds },
    Entrance { name: "state_document", enter: state_document, seeds: document::seeds },
    Entrance { name: "tracker", enter: tracker, seeds: tracker::seeds },
    Entrance { name: "v3_message", enter: v3_message, seeds: v3::seeds },
];
