//! Scenarios by chance: any number of them that no constant was chosen on.

use crate::computer::Make;
use crate::random::{Length, Random};
use crate::world::Scenario;

/// The scenario with this number.
pub fn scenario(number: u64) -> Scenario {
    let mut random = Random::new(1_000_000 + number);
    let mut one_of = |values: &[f64]| values[random.below(values.len())];
    let count = one_of(&[2.0, 3.0, 4.0, 5.0, 7.0]) as usize;
    // Farms are of one kind, of two, or grown over the years.
    let kinds = one_of(&[1.0, 2.0, 2.0, 7.0]) as usize;
    let makes: Vec<Make> = (0..kinds)
        .map(|_| {
            Make::of(one_of(&[1.0, 1.0, 2.0, 3.0, 5.0]))
                .cores(one_of(&[1.0, 1.0, 2.0, 4.0, 8.0]) as u32)
        })
        .collect();
    let mut computers: Vec<Make> =
        (0..count).map(|at| if at < kinds { makes[at] } else { makes[at % kinds] }).collect();
    let others = one_of(&[0.0, 0.0, 1.0, 2.0, 5.0]) as u32;
    let busy = one_of(&[0.0, 1.0]) as usize;
    let comes = one_of(&[0.0, 0.0, 1.0]) > 0.0;
    if !comes {
        computers[busy] = computers[busy].background(others);
    }
    if one_of(&[0.0, 0.0, 0.0, 1.0]) > 0.0 {
        let each = one_of(&[4.0, 6.0, 10.0]);
        for computer in computers.iter_mut().take(one_of(&[1.0, 7.0]) as usize) {
            *computer = computer.holds(each * f64::from(computer.cores));
        }
    }
    let (mean, load) = (one_of(&[0.03, 0.1, 0.2, 0.5, 1.5]), one_of(&[0.4, 0.55, 0.7, 0.7, 0.8]));
    let length = [Length::Exponential, Length::Deterministic, Length::HeavyTailed]
        [one_of(&[0.0, 0.0, 1.0, 2.0]) as usize];
    let directors = one_of(&[1.0, 1.0, 1.0, 2.0, 4.0]) as usize;
    let poll = one_of(&[1.0, 1.0, 2.0, 5.0, 15.0]);
    let capacity: f64 = computers.iter().map(Make::capacity).sum();
    // What others leave; where they take all, jobs still get their part.
    let taken = f64::from(others.min(computers[busy].cores)) * computers[busy].speed;
    let left = (capacity - taken) / capacity;
    // Long enough for a tail, and for some polls.
    let rate = load * left * capacity / mean;
    let jobs = (rate * (20.0 * poll).max(60.0)).clamp(20_000.0, 200_000.0);
    let after = 0.5 * jobs / rate;
    let described: Vec<String> =
        computers.iter().map(|one| format!("{}x{}", one.cores, one.speed)).collect();
    let holds = if computers[0].memory.each > 0.0 { ", pages" } else { "" };
    let come = if comes { "come" } else { "on" };
    let name = format!(
        "{number}: {} {others} {come} {busy}, {length:?} {mean}, {load}, {directors} d, {poll} s{holds}",
        described.join(","),
    );
    Scenario {
        mean,
        length,
        load: load * left,
        poll,
        directors,
        disturbance: (comes && others > 0).then_some((after, others)),
        disturbed: busy,
        jobs: jobs as usize,
        seed: number,
        ..Scenario::of(&name, computers)
    }
}
