//! Sample configurations and small programs.
