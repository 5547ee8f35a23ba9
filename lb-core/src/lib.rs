//! The load balancer: model, plan, health, scheduling, director and drivers.
