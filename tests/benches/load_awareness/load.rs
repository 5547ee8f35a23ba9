//! Jobs that come as they come.

use std::{
    thread,
    time::{Duration, Instant},
};

use lcms_tests::{
    computer::Make,
    fleet::Fleet,
    jobs::{Answer, Length, poisson, send},
};

use crate::{
    Options,
    contender::Contender,
    report::{Distortion, Played, Result, Row},
    scenario::{Scenario, Which},
};

/// Part of the time at the beginning that does not count: capacities are not
/// known yet.
const WARM_UP: f64 = 0.2;

/// How long the last jobs are waited for. Those that take longer took so long.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn play(which: Which, scenario: &Scenario, options: &Options) -> Result {
    let time = Duration::from_secs_f64(options.seconds);
    let capacity: f64 = scenario.computers.iter().map(Make::capacity).sum();
    let mean = options.mean();
    let rate = scenario.load * capacity / mean.as_secs_f64();
    let (makes, directors) = (&scenario.computers, scenario.directors);
    let rounds: Vec<_> = (options.seed..options.seed + options.rounds).collect();
    // All set up before anything begins.
    let places: Vec<(Contender, u64, Fleet)> = rounds
        .iter()
        .flat_map(|seed| scenario.contenders.iter().map(move |contender| (*contender, *seed)))
        .map(|(contender, seed)| {
            (contender, seed, contender.fleet(makes, directors, scenario.settings))
        })
        .collect();
    let before = Distortion::machine();
    let begin = Instant::now() + Duration::from_millis(300);
    let played: Vec<(Fleet, Vec<Answer>)> = thread::scope(|scope| {
        let running: Vec<_> = places
            .into_iter()
            .map(|(_, seed, fleet)| {
                scope.spawn(move || {
                    let length = (Length::Exponential, mean);
                    let jobs = poisson(seed, length, rate, time, directors);
                    let answers = send(fleet.directors(), &jobs, begin, PATIENCE);
                    let warm = time.mul_f64(WARM_UP);
                    let first = jobs.partition_point(|job| job.at < warm);
                    (fleet, answers[first..].to_vec())
                })
            })
            .collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let mut distortion = Distortion::since(before);
    let learned: Vec<_> = played.iter().map(|(fleet, _)| fleet.learned()).collect();
    let (fleets, answers): (Vec<Fleet>, Vec<Vec<Answer>>) = played.into_iter().unzip();
    distortion.add(answers.iter().flatten().map(|one| one.late), fleets);
    let count = scenario.contenders.len();
    let row = |(at, contender): (usize, &Contender)| Row {
        contender: contender.to_string(),
        is_reference: *contender == Contender::Leastconn,
        learned: learned.get(at).cloned().unwrap_or_default(),
        rounds: answers.iter().skip(at).step_by(count).map(|all| Played::of(all)).collect(),
    };
    let rows = scenario.contenders.iter().enumerate().map(row).collect();
    Result { which, goal: scenario.goal, rows, distortion }
}
