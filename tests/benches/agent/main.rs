//! The agent beside Debian's `snmpd` and a plain UDP echo.
//!
//! ```sh
//! cargo build --release -p lcms-agent
//! cargo bench -p lcms-tests --bench agent              # half a minute
//! cargo bench -p lcms-tests --bench agent -- --rounds 9
//! ```
//!
//! Whoever answers has processor 0, the load generator processor 1. In each
//! round every party is measured one right after the other, so that what the
//! machine does meanwhile strikes them alike; a result is the median over the
//! rounds of the ratio within a round.
//!
//! A rate is answers for each second of processor time that the party used, by
//! the scheduler's account: where one load generator cannot keep a fast party
//! busy, it is still the party that is measured. Softirqs are booked on whoever
//! sends, for all parties alike.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a party that cannot do its part ends it")]

mod load;
mod party;
mod trouble;
mod user;

use std::time::Duration;

use clap::Parser;

use load::{Answers, Load, Question};
use party::Party;

/// What to measure.
#[derive(Parser)]
struct Options {
    /// Rounds
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds for each figure
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Leave out what is not a rate: start, memory, trouble
    #[arg(long)]
    rates_only: bool,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Requests under way when rates are measured.
const WINDOW: usize = 32;

/// The figures of one party in one round.
struct Figures {
    get: Answers,
    bulk: Answers,
    alone: Answers,
    /// The same by a user, if the party knows any.
    secured: Option<(Answers, Answers)>,
}

fn main() {
    let options = Options::parse();
    party::pin(1);
    let parties = [Party::echo(), Party::snmpd(), Party::agent()];
    let time = Duration::from_secs_f64(options.seconds);
    let mut rounds: Vec<[Figures; 3]> = Vec::new();
    for round in 0..=options.rounds {
        let figures = parties.each_ref().map(|party| {
            let load = Load::new(party, time);
            Figures {
                get: load.run(Question::Get, WINDOW),
                bulk: load.run(Question::Bulk, WINDOW),
                alone: load.run(Question::Get, 1),
                secured: (!party.is_echo).then(|| {
                    let load = Load::of_user(party, time);
                    (load.run(Question::Get, WINDOW), load.run(Question::Bulk, WINDOW))
                }),
            }
        });
        // The first warms everything up.
        if round > 0 {
            rounds.push(figures);
        }
    }
    let median = |figure: &dyn Fn(&[Figures; 3]) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    for (at, name) in ["echo", "snmpd", "agent"].iter().enumerate() {
        println!(
            "{name:>6}: GET {:>9.0}/s   GETBULK-20 {:>10.0} varbinds/s   window 1: {:>5.1} us, \
             p99 {:>5.1} us   answers/s by the clock {:>8.0}",
            median(&|r| r[at].get.per_cpu_second()),
            median(&|r| r[at].bulk.per_cpu_second() * 20.0),
            median(&|r| r[at].alone.quantile(0.5)),
            median(&|r| r[at].alone.quantile(0.99)),
            median(&|r| r[at].get.per_second()),
        );
    }
    let secured = |r: &[Figures; 3], at: usize| {
        let rates = r[at].secured.as_ref().map(|(g, b)| (g.per_cpu_second(), b.per_cpu_second()));
        rates.unwrap_or((f64::NAN, f64::NAN))
    };
    for (at, name) in ["snmpd", "agent"].iter().enumerate() {
        println!(
            "{name:>6}: v3 authPriv GET {:>9.0}/s   GETBULK-20 {:>10.0} varbinds/s",
            median(&|r| secured(r, at + 1).0),
            median(&|r| secured(r, at + 1).1 * 20.0),
        );
    }
    println!();
    let get = |r: &[Figures; 3], at: usize| r[at].get.per_cpu_second();
    verdict("GET v2c / snmpd", median(&|r| get(r, 2) / get(r, 1)), 5.0, true);
    verdict("GET v2c / echo", median(&|r| get(r, 2) / get(r, 0)), 0.70, true);
    let bulk = |r: &[Figures; 3], at: usize| r[at].bulk.per_cpu_second();
    verdict("GETBULK-20 / snmpd", median(&|r| bulk(r, 2) / bulk(r, 1)), 10.0, true);
    verdict("GET v3 authPriv / snmpd", median(&|r| secured(r, 2).0 / secured(r, 1).0), 6.0, true);
    let ratio = median(&|r| secured(r, 2).1 / secured(r, 1).1);
    verdict("GETBULK-20 v3 authPriv / snmpd", ratio, 9.0, true);
    let alone = |r: &[Figures; 3], at: usize| r[at].alone.quantile(0.5);
    verdict("round trip, window 1 / echo", median(&|r| alone(r, 2) / alone(r, 0)), 1.25, false);
    drop(parties);
    if !options.rates_only {
        trouble::run(time);
    }
}

/// Prints a result beside its goal.
fn verdict(what: &str, figure: f64, goal: f64, at_least: bool) {
    let met = if at_least { figure >= goal } else { figure <= goal };
    let (sign, word) = (if at_least { ">=" } else { "<=" }, if met { "met" } else { "MISSED" });
    println!("{what:<44} {figure:>8.2}   goal {sign} {goal:<6} {word}");
}
