//! The tables as a manager meets them.

mod laws;
mod leases;
mod locks;
mod rows;
mod station;
mod targets;
