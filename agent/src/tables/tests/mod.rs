//! The tables as a manager meets them.

mod allocations;
mod certificates;
mod laws;
mod leases;
mod locks;
mod rows;
mod station;
mod targets;
