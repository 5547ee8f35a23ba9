//! Whether *freest* keeps its promises: directors with the real schedulers in a
//! world of emulated computers, in virtual time, against `leastconn`.
//!
//! Response times of one run with a seed are exact; what they say is true within
//! a few per cent. `--nocapture` shows all figures.

mod computer;
mod director;
mod fresh;
mod random;
mod scenarios;
mod world;

use computer::Make;
use director::Rule;
use lcms_lb_core::model::Scheduler;
use random::Length;
use scenarios::Kind;
use world::Scenario;

const FREEST: Rule = Rule::Ours(Scheduler::Freest);

/// Plays each scenario by both rules and says where freest takes too long.
fn judge(scenarios: &[(Kind, Scenario)]) -> Vec<String> {
    let mut missed = Vec::new();
    for (kind, scenario) in scenarios {
        let (theirs, ours) = (scenario.play(Rule::Leastconn), scenario.play(FREEST));
        let best = scenario.play(Rule::AllKnowing);
        let (ratio, limit) = (ours.p99() / theirs.p99(), kind.at_most());
        let line = format!(
            "{:56} p50 {:.3} {:.3}  p99 {:.3} {:.3}  ratio {ratio:.2} (at most {limit}; knowing all {:.2})",
            scenario.name,
            theirs.percentile(0.5),
            ours.percentile(0.5),
            theirs.p99(),
            ours.p99(),
            best.p99() / theirs.p99(),
        );
        println!("{line}");
        let is_kept = ours.refused == 0 && ratio <= limit;
        if !is_kept && kind.is_promised(theirs.p99()) {
            missed.push(line);
        }
    }
    missed
}

#[test]
fn freest_keeps_its_promises_where_it_was_tuned() {
    assert_eq!(judge(&scenarios::tuning()), Vec::<String>::new());
}

#[test]
fn freest_keeps_its_promises_where_it_was_not() {
    assert_eq!(judge(&scenarios::judged()), Vec::<String>::new());
}

/// Scenarios that nobody thought of. `LCMS_SCENARIOS=FIRST..END` plays others.
#[test]
fn freest_is_beaten_nowhere() {
    let asked = std::env::var("LCMS_SCENARIOS").ok();
    let range = asked.as_deref().and_then(|range| range.split_once(".."));
    let number = |text: &str| text.parse::<u64>().expect("FIRST..END");
    let seeds = range.map_or(0..6, |(first, end)| number(first)..number(end));
    let scenarios: Vec<(Kind, Scenario)> =
        seeds.map(|seed| (Kind::Chance, fresh::scenario(seed))).collect();
    assert_eq!(judge(&scenarios), Vec::<String>::new());
}

#[test]
fn the_age_of_the_polls_hardly_matters_but_to_the_stampede() {
    let of = |poll| Scenario {
        poll,
        seed: 31,
        jobs: 40_000,
        ..Scenario::of("", vec![Make::of(4.0), Make::of(2.0), Make::of(1.0), Make::of(1.0)])
    };
    let p99 = [1.0, 5.0, 15.0].map(|poll| of(poll).play(FREEST).p99());
    println!("p99 by polls of 1, 5 and 15 s: {p99:.3?}");
    let (least, most) =
        (p99.iter().fold(f64::MAX, |a, b| a.min(*b)), p99.iter().fold(0.0, |a: f64, b| a.max(*b)));
    assert!(most <= least * 1.05, "{p99:?}");
    let leastconn = of(1.0).play(Rule::Leastconn).p99();
    let stampede =
        [1.0, 5.0].map(|poll| of(poll).play(Rule::FreestAtTheLastPoll).p99() / leastconn);
    println!("the stampede, times leastconn: {stampede:.1?}");
    assert!(stampede[0] > 3.0 && stampede[1] > 3.0 * stampede[0], "{stampede:?}");
}

#[test]
fn many_jobs_at_once_end_nearly_as_soon_as_can_be() {
    for speeds in [vec![2.0, 1.0], vec![4.0, 2.0, 1.0, 1.0]] {
        let all: f64 = speeds.iter().sum();
        let computers = speeds.iter().map(|speed| Make::of(*speed)).collect();
        let length = Length::Deterministic;
        let known = Scenario { length, jobs: 4_000, seed: 41, ..Scenario::of("", computers) };
        for jobs in [300, 400, 500] {
            let ideal = jobs as f64 * known.mean / all;
            let ratio = known.burst(FREEST, jobs) / ideal;
            println!("{jobs} jobs on {speeds:?}: {ratio:.3} of the ideal time");
            assert!(ratio <= 1.08, "{jobs} jobs on {speeds:?}: {ratio}");
        }
    }
}
