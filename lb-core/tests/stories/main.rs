//! What a director promises, told with real sockets on loopback.

// A story's helper fails as the story does.
#![allow(clippy::unwrap_used, clippy::panic)]

mod checks;
mod commits;
mod connections;
mod datagrams;
mod easing;
mod failing;
mod freest;
mod handover;
mod health;
mod introductions;
mod limits;
mod persistence;
mod spreading;
mod storm;
mod support;
