//! The load balancer: model, plan, health, scheduling, director and drivers.
//!
//! `model`, `plan`, `health`, `load` and `schedule` are values and functions of
//! (state, input, now). With the feature `drivers` come the parts that own
//! threads, sockets and a file: `director`, `store` and `driver`.

pub mod health;
pub mod load;
pub mod model;
pub mod persistence;
pub mod plan;
pub mod proxy_protocol;
pub mod schedule;
pub mod slow_start;
pub mod source_rate;

#[cfg(feature = "drivers")]
mod deadlines;
#[cfg(feature = "drivers")]
pub mod director;
#[cfg(feature = "drivers")]
pub mod driver;
#[cfg(feature = "drivers")]
pub mod probe;
#[cfg(feature = "drivers")]
pub mod store;
