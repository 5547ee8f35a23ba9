//! Scenarios: the binaries, real peers and real traffic.
