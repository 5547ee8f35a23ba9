//! What a director promises, told with real sockets on loopback.

mod commits;
mod connections;
mod health;
mod spreading;
mod support;
