//! What came out, for people and for programs.

use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use lcms_tests::{fleet::Fleet, jobs::Answer};
use serde::Serialize;

use crate::scenario::{Goal, Which};

/// A scenario's results.
#[derive(Serialize)]
pub struct Result {
    pub which: Which,
    pub goal: Goal,
    pub rows: Vec<Row>,
    pub distortion: Distortion,
}

/// A contender's, round by round.
#[derive(Serialize)]
pub struct Row {
    pub contender: String,
    pub is_reference: bool,
    pub rounds: Vec<Played>,
    /// What the director had learned at the end of the first round.
    pub learned: Vec<(&'static str, Vec<u32>)>,
}

/// One round of one contender; times in milliseconds.
#[derive(Serialize)]
pub struct Played {
    jobs: usize,
    /// Jobs without an answer.
    failed: usize,
    p50: f64,
    p99: f64,
    /// Jobs of each computer, in permille.
    shares: Vec<usize>,
    /// Where it is not the 99th percentile that counts.
    ratio: Option<f64>,
    #[serde(skip)]
    times: Vec<f64>,
}

impl Played {
    pub fn of(answers: &[Answer]) -> Self {
        let mut times: Vec<f64> =
            answers.iter().map(|one| one.took.as_secs_f64() * 1_000.0).collect();
        times.sort_by(f64::total_cmp);
        let computers = answers.iter().filter_map(|one| one.by).max().map_or(0, usize::from) + 1;
        let by = |at| answers.iter().filter(|one| one.by.map(usize::from) == Some(at)).count();
        Self {
            jobs: answers.len(),
            failed: answers.iter().filter(|one| one.by.is_none()).count(),
            p50: quantile(&times, 0.5),
            p99: quantile(&times, 0.99),
            shares: (0..computers).map(|at| by(at) * 1_000 / answers.len().max(1)).collect(),
            ratio: None,
            times,
        }
    }

    pub fn ratio(ratio: f64, answers: &[Answer]) -> Self {
        Self { ratio: Some(ratio), ..Self::of(answers) }
    }
}

/// What this machine added, which is nobody's merit or fault.
#[derive(Debug, Serialize)]
pub struct Distortion {
    /// Busy part of its processors.
    busy: f64,
    /// 99th percentile and greatest, in milliseconds.
    sent_late: [f64; 2],
    answered_late: [f64; 2],
}

impl Distortion {
    /// Busy and all clock ticks of this machine so far.
    pub fn machine() -> [f64; 2] {
        let text = std::fs::read_to_string("/proc/stat").expect("a kernel");
        let line = text.lines().next().unwrap_or_default();
        let ticks: Vec<f64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        let all: f64 = ticks.iter().take(8).sum();
        [all - ticks.iter().skip(3).take(2).sum::<f64>(), all]
    }

    pub fn since([busy, all]: [f64; 2]) -> Self {
        let [busy_now, all_now] = Self::machine();
        let busy = (busy_now - busy) / (all_now - all);
        Self { busy, sent_late: [0.0; 2], answered_late: [0.0; 2] }
    }

    pub fn add(&mut self, sent: impl IntoIterator<Item = Duration>, fleets: Vec<Fleet>) {
        self.sent_late = extremes(sent);
        self.answered_late = extremes(fleets.into_iter().flat_map(Fleet::stop));
    }
}

fn extremes(times: impl IntoIterator<Item = Duration>) -> [f64; 2] {
    let mut times: Vec<f64> = times.into_iter().map(|time| time.as_secs_f64() * 1_000.0).collect();
    times.sort_by(f64::total_cmp);
    [quantile(&times, 0.99), quantile(&times, 1.0)]
}

fn quantile(sorted: &[f64], part: f64) -> f64 {
    let at = (sorted.len().saturating_sub(1) as f64 * part) as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

impl Row {
    fn p99(&self) -> Vec<f64> {
        self.rounds.iter().map(|round| round.p99).collect()
    }

    /// Over all rounds.
    fn p99_of_all(&self) -> f64 {
        let mut all: Vec<f64> =
            self.rounds.iter().flat_map(|round| round.times.iter().copied()).collect();
        all.sort_by(f64::total_cmp);
        quantile(&all, 0.99)
    }
}

impl Result {
    /// What a row is judged by, round by round.
    fn ratios(&self, row: &Row) -> Vec<f64> {
        match self.goal {
            Goal::OfTheIdeal(_) => row.rounds.iter().filter_map(|round| round.ratio).collect(),
            Goal::OfLeastconn(_) => {
                let Some(reference) = self.rows.iter().find(|row| row.is_reference) else {
                    return Vec::new();
                };
                row.p99().iter().zip(reference.p99()).map(|(ours, theirs)| ours / theirs).collect()
            }
            // Single rounds are farther apart than what is looked for.
            Goal::Apart(_) => {
                let least = self.rows.iter().map(Row::p99_of_all).fold(f64::MAX, f64::min);
                vec![row.p99_of_all() / least]
            }
        }
    }
}

pub fn print(result: &Result) {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    let header = ["director", "jobs", "failed", "p50 ms", "p99 ms", "ratio", "goal", ""];
    table.set_header(header.into_iter().chain(["shares, permille"]));
    let goal = match result.goal {
        Goal::OfLeastconn(goal) | Goal::Apart(goal) | Goal::OfTheIdeal(goal) => goal,
    };
    for row in &result.rows {
        let ratios = result.ratios(row);
        let failed: usize = row.rounds.iter().map(|round| round.failed).sum();
        let is_ours = row.contender.contains("freest");
        let verdict = match median(&ratios) {
            _ if !is_ours => "",
            ratio if failed == 0 && ratio <= goal => "met",
            _ => "MISSED",
        };
        table.add_row([
            row.contender.clone(),
            row.rounds.iter().map(|round| round.jobs).sum::<usize>().to_string(),
            failed.to_string(),
            spread(row.rounds.iter().map(|round| round.p50).collect(), 1),
            spread(row.p99(), 1),
            spread(ratios, 2),
            if is_ours { format!("<= {goal}") } else { String::new() },
            verdict.to_owned(),
            row.rounds.first().map_or(String::new(), |round| format!("{:?}", round.shares)),
        ]);
    }
    println!("\n{}\n{table}", result.which);
    for row in &result.rows {
        let learned = row.learned.iter().filter(|(_, values)| !values.is_empty());
        let learned: Vec<_> =
            learned.map(|(column, values)| format!("{column} {values:?}")).collect();
        if !learned.is_empty() {
            println!("{}: {}", row.contender, learned.join(", "));
        }
    }
    let Distortion { busy, sent_late, answered_late } = &result.distortion;
    println!(
        "median over the rounds (least..most). This machine was {:.0} % busy; jobs were sent \
         {:.2} ms late (p99; at most {:.1}), answers {:.2} ms ({:.1})",
        busy * 100.0,
        sent_late[0],
        sent_late[1],
        answered_late[0],
        answered_late[1],
    );
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

fn spread(mut values: Vec<f64>, digits: usize) -> String {
    values.sort_by(f64::total_cmp);
    match (values.first(), values.last()) {
        (Some(least), Some(most)) if values.len() > 1 => {
            format!("{:.digits$} ({least:.digits$}..{most:.digits$})", quantile(&values, 0.5))
        }
        _ => values.first().map_or(String::new(), |value| format!("{value:.digits$}")),
    }
}
