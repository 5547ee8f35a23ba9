//! The typed tables of LOAD-CLUSTER-MIB, generated from its text.
