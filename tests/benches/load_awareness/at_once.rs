//! Many jobs at once, after the capacities have become known.

use std::{
    thread,
    time::{Duration, Instant},
};

use lcms_tests::{
    computer::Make,
    fleet::Fleet,
    jobs::{Answer, Job, Length, poisson, send},
};

use crate::{
    Options,
    contender::Contender,
    report::{Distortion, Played, Result, Row},
    scenario::{Goal, Which},
};

/// So long jobs come as they come before.
const LEARNING: Duration = Duration::from_secs(30);

/// From the last of some jobs, as it should be, to the next ones.
const PAUSE: Duration = Duration::from_secs(3);

/// From one fleet's jobs to the next one's: all at the same time would be more
/// than this machine can send.
const APART: Duration = Duration::from_millis(250);

const NUMBERS: [usize; 3] = [300, 400, 500];

pub fn play(which: Which, options: &Options) -> Result {
    let fleets = [vec![2.0, 1.0], vec![4.0, 2.0, 1.0, 1.0]];
    let contenders =
        [Contender::Freest { poll: 1.0 }, Contender::Leastconn, Contender::LeastconnWeighted];
    let seeds = options.seed..options.seed + options.rounds;
    let places: Vec<(&[f64], Contender, u64, Fleet)> = fleets
        .iter()
        .flat_map(|speeds| contenders.map(|contender| (speeds, contender)))
        .flat_map(|one| seeds.clone().map(move |seed| (one, seed)))
        .map(|((speeds, contender), seed)| {
            let makes: Vec<Make> = speeds.iter().copied().map(Make::of).collect();
            (speeds.as_slice(), contender, seed, contender.fleet(&makes, 1, ""))
        })
        .collect();
    let before = Distortion::machine();
    let begin = Instant::now() + Duration::from_millis(300);
    let played: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = (0..)
            .zip(places)
            .map(|(place, (speeds, contender, seed, fleet))| {
                let begin = begin + APART * place;
                scope.spawn(move || {
                    let (jobs, bursts) = jobs(seed, options.mean(), speeds.iter().sum());
                    let patience = Duration::from_secs(20);
                    let answers = send(fleet.directors(), &jobs, begin, patience);
                    let of = |burst: &Burst| {
                        let name = format!("{} jobs on {speeds:?}: {contender}", burst.jobs.len());
                        (name, burst.ratio(&answers))
                    };
                    let ratios: Vec<(String, f64)> = bursts.iter().map(of).collect();
                    let learned = fleet.learned();
                    (ratios, learned, answers, fleet)
                })
            })
            .collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let mut distortion = Distortion::since(before);
    let (mut rows, mut late, mut fleets): (Vec<Row>, _, _) = (Vec::new(), Vec::new(), Vec::new());
    for (ratios, learned, answers, fleet) in played {
        for (contender, ratio) in ratios {
            let is_reference = contender.contains("leastconn");
            let played = Played::ratio(ratio, &answers);
            match rows.iter_mut().find(|row| row.contender == contender) {
                Some(row) => row.rounds.push(played),
                None => rows.push(Row {
                    contender,
                    is_reference,
                    rounds: vec![played],
                    learned: learned.clone(),
                }),
            }
        }
        late.extend(answers.iter().map(|one| one.late));
        fleets.push(fleet);
    }
    distortion.add(late, fleets);
    Result { which, goal: Goal::OfTheIdeal(1.08), rows, distortion }
}

/// Jobs that come at once.
struct Burst {
    jobs: std::ops::Range<usize>,
    /// What they take if nobody ever idles.
    ideal: Duration,
}

impl Burst {
    /// The time to the last answer, by that which is possible.
    fn ratio(&self, answers: &[Answer]) -> f64 {
        let last = answers[self.jobs.clone()].iter().map(|one| one.took).max();
        last.unwrap_or_default().div_duration_f64(self.ideal)
    }
}

fn jobs(seed: u64, mean: Duration, capacity: f64) -> (Vec<Job>, Vec<Burst>) {
    let length = (Length::Equal, mean);
    let mut jobs = poisson(seed, length, 0.7 * capacity / mean.as_secs_f64(), LEARNING, 1);
    let mut at = LEARNING + PAUSE;
    let mut bursts = Vec::new();
    for number in NUMBERS {
        let ideal = mean.mul_f64(number as f64 / capacity);
        bursts.push(Burst { jobs: jobs.len()..jobs.len() + number, ideal });
        jobs.extend((0..number).map(|_| Job { at, length: mean, director: 0 }));
        // Whoever is blind to speed needs longer, and is not to spoil the next.
        at += ideal * 2 + PAUSE;
    }
    (jobs, bursts)
}
