//! The modules that are compiled in.

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));
