//! The experiment on emulated computers, in small: what it does, not how fast.
//! `cargo bench -p lcms-tests --bench load_awareness` measures.

use std::time::{Duration, Instant};

use lcms_tests::{
    computer::Make,
    fleet::Fleet,
    jobs::{Length, poisson, send},
};

/// Nobody told the director that one computer is four times as fast as each of
/// the others; its agents and its own counts did.
#[test]
fn freest_finds_the_fast_computer_by_itself_and_refuses_nobody() {
    let makes = [4.0, 1.0, 1.0, 1.0].map(Make::of);
    let fleet = Fleet::freest(&makes, 1, Duration::from_millis(500), "");
    let length = (Length::Exponential, Duration::from_millis(30));
    let rate = 0.7 * 7.0 / 0.03;
    let jobs = poisson(7, length, rate, Duration::from_secs(8), 1);
    let answers = send(fleet.directors(), &jobs, Instant::now(), Duration::from_secs(20));
    assert!(answers.iter().all(|one| one.by.is_some()), "somebody got no answer");
    // Once the capacities are known. Blind, it would be a third at most.
    let late = &answers[answers.len() / 2..];
    let fast = late.iter().filter(|one| one.by == Some(0)).count();
    assert!(fast * 2 > late.len(), "{fast} of {}", late.len());
}
