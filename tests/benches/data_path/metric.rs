//! What is told of each figure, and what is asked of it.

use serde::Serialize;

use crate::{
    figure::{Figure, Outcome},
    spread,
};

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    Less,
    More,
}

/// What is asked of ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// A ratio to HAProxy with as many threads.
    Ratio { floor: f64, aim: f64 },
    /// The figure itself.
    Itself { floor: f64, aim: f64 },
    /// Not to be above what the direct path's own figure varies by.
    DirectSpread,
    /// To be known.
    Nothing,
}

/// One number of a figure.
pub struct Metric {
    pub figure: Figure,
    pub name: &'static str,
    pub better: Better,
    pub goal: Goal,
    /// Whether what the direct path has is subtracted.
    pub added: bool,
    /// Its values in one round, one for each slice.
    pub values: fn(&[&Outcome]) -> Vec<f64>,
}

use Better::{Less, More};

pub const METRICS: [Metric; 11] = [
    Metric {
        figure: Figure::Keepalive,
        name: "CPU a request, us",
        better: Less,
        goal: Goal::Ratio { floor: 0.90, aim: 0.70 },
        added: false,
        values: |slices| each(slices, |one| 1e6 * one.director_seconds / one.done as f64),
    },
    Metric {
        figure: Figure::Keepalive,
        name: "requests/s",
        better: More,
        goal: Goal::Ratio { floor: 1.05, aim: 1.20 },
        added: false,
        values: |slices| each(slices, rate),
    },
    Metric {
        figure: Figure::Keepalive,
        name: "all CPU a request, us",
        better: Less,
        goal: Goal::Nothing,
        added: false,
        values: |slices| each(slices, |one| 1e6 * one.busy_seconds / one.done as f64),
    },
    Metric {
        figure: Figure::Connections,
        name: "CPU a connection, us",
        better: Less,
        goal: Goal::Ratio { floor: 0.90, aim: 0.65 },
        added: false,
        values: |slices| each(slices, |one| 1e6 * one.director_seconds / one.done as f64),
    },
    Metric {
        figure: Figure::Connections,
        name: "connections/s",
        better: More,
        goal: Goal::Ratio { floor: 1.10, aim: 1.25 },
        added: false,
        values: |slices| each(slices, rate),
    },
    Metric {
        figure: Figure::Connections,
        name: "all CPU a connection, us",
        better: Less,
        goal: Goal::Nothing,
        added: false,
        values: |slices| each(slices, |one| 1e6 * one.busy_seconds / one.done as f64),
    },
    Metric {
        figure: Figure::Bulk,
        name: "GB/s",
        better: More,
        goal: Goal::Ratio { floor: 2.5, aim: 3.0 },
        added: false,
        values: |slices| each(slices, |one| rate(one) / 1e9),
    },
    Metric {
        figure: Figure::Bulk,
        name: "CPU a GB, ms",
        better: Less,
        goal: Goal::Ratio { floor: 0.25, aim: 0.22 },
        added: false,
        values: |slices| each(slices, |one| 1e12 * one.director_seconds / one.done as f64),
    },
    Metric {
        figure: Figure::Latency,
        name: "added median, us",
        better: Less,
        goal: Goal::Ratio { floor: 0.80, aim: 0.60 },
        added: true,
        values: |slices| latency(slices, 0.5),
    },
    Metric {
        figure: Figure::Latency,
        name: "added p99, us",
        better: Less,
        goal: Goal::DirectSpread,
        added: true,
        values: |slices| latency(slices, 0.99),
    },
    Metric {
        figure: Figure::Memory,
        name: "octets an idle connection",
        better: Less,
        goal: Goal::Itself { floor: 700.0, aim: 350.0 },
        added: false,
        values: |slices| {
            each(slices, |one| {
                let (before, after) = one.resident.unwrap_or_default();
                (after as f64 - before as f64) / one.done as f64
            })
        },
    },
];

fn each(slices: &[&Outcome], value: impl Fn(&Outcome) -> f64) -> Vec<f64> {
    slices.iter().map(|one| value(one)).collect()
}

fn rate(one: &Outcome) -> f64 {
    one.done as f64 / one.seconds
}

/// Microseconds. Slices stay apart: the machine now and then stops for longer
/// than a hundredth of a round, which then would be all that its p99 tells.
fn latency(slices: &[&Outcome], share: f64) -> Vec<f64> {
    each(slices, |one| {
        let mut all: Vec<f64> = one.nanoseconds.iter().map(|&one| one as f64 / 1e3).collect();
        // A slice without a single reply has failed, and is told as such.
        spread::quantile(&mut all, share).unwrap_or(f64::NAN)
    })
}
