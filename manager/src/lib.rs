//! Polls load clusters by SNMP, decides weights, and sets them in the director.

pub mod check;
pub mod cli;
pub mod client;
pub mod config;
pub mod demo;
pub mod export;
pub mod inventory;
pub mod metrics;
pub mod ops;
pub mod path;
pub mod policy;
pub mod poll;
pub mod secret;
pub mod serve;
pub mod tls;
pub mod traps;
pub mod web;
