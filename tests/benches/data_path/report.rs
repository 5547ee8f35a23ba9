//! Tables for people, and JSON for everybody else; both from one value.

use std::{collections::BTreeMap, fs::File, io, path::Path};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::{
    contender::Peer,
    failure::Failure,
    figure::Figure,
    metric::Better,
    options::Options,
    rounds::Measured,
    spread::Spread,
    verdict::{self, Finding, Standing},
};

#[derive(Serialize)]
struct Report<'a> {
    rounds: usize,
    findings: &'a [Finding],
    failures: Vec<String>,
    measured: &'a [Measured],
}

/// Prints what was found, or writes it where `--json` says.
pub fn print(all: &[Measured], options: &Options) -> Result<(), Failure> {
    let findings = verdict::findings(all);
    let failures = failures(all);
    let on_standard_output = options.json.as_deref() == Some(Path::new("-"));
    if let Some(path) = &options.json {
        let out: Box<dyn io::Write> = if on_standard_output {
            Box::new(io::stdout().lock())
        } else {
            let name = path.display().to_string();
            Box::new(File::create(path).map_err(Failure::doing(name))?)
        };
        let report = Report {
            rounds: options.rounds(),
            findings: &findings,
            failures: failures.clone(),
            measured: all,
        };
        serde_json::to_writer(out, &report).map_err(Failure::doing("writing the report"))?;
    }
    if !on_standard_output {
        for threads in
            options.threads.iter().filter(|&&one| findings.iter().any(|f| f.threads == one))
        {
            println!("\nThreads of the director: {threads}\n{}", table(&findings, *threads));
        }
        println!(
            "\nMedians over {} rounds; in brackets the ratio to HAProxy with as many threads, \
             for ours with the least and the most of a round.",
            options.rounds()
        );
        failures.iter().for_each(|failure| println!("{failure}"));
    }
    Ok(())
}

fn table(findings: &[Finding], threads: u8) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "figure",
        "",
        "ours",
        "haproxy",
        "ratio",
        "floor",
        "aim",
        "met",
        "nginx",
        "haproxy-splice",
        "direct",
    ]);
    for finding in findings.iter().filter(|finding| finding.threads == threads) {
        let of = |peer| finding.peers.iter().find(|standing| standing.peer == peer);
        let value = |peer| of(peer).map_or(String::new(), |one| number(one.value.median));
        let compared = |peer| of(peer).map_or(String::new(), compared);
        table.add_row([
            finding.figure.to_string(),
            finding.name.to_owned(),
            value(Peer::Ours),
            value(Peer::Haproxy),
            of(Peer::Ours).and_then(|ours| ours.ratio).map_or(String::new(), range),
            finding.floor.map_or(String::new(), |floor| limit(finding.better, floor)),
            finding.aim.map_or(String::new(), |aim| limit(finding.better, aim)),
            finding.verdict.to_string(),
            compared(Peer::Nginx),
            compared(Peer::HaproxySplice),
            value(Peer::Direct),
        ]);
    }
    table
}

fn compared(standing: &Standing) -> String {
    let value = number(standing.value.median);
    standing.ratio.map_or(value.clone(), |ratio| format!("{value} ({:.2})", ratio.median))
}

fn range(ratio: Spread) -> String {
    format!("{:.2} ({:.2}..{:.2})", ratio.median, ratio.least, ratio.most)
}

fn limit(better: Better, limit: f64) -> String {
    let sign = match better {
        Better::Less => "<=",
        Better::More => ">=",
    };
    format!("{sign} {}", number(limit))
}

/// Three digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// What went wrong, a line for each kind.
fn failures(all: &[Measured]) -> Vec<String> {
    let mut failed: BTreeMap<_, (u64, &str)> = BTreeMap::new();
    for one in all.iter().filter(|one| one.outcome.failed > 0) {
        let sum = failed.entry((one.figure, one.peer, one.threads)).or_default();
        sum.0 += one.outcome.failed;
        sum.1 = one.outcome.failure.as_deref().unwrap_or_default();
    }
    let line = |(key, (count, last)): ((Figure, Peer, u8), (u64, &str))| {
        let (figure, peer, threads) = key;
        format!("{figure}, {peer}, threads {threads}: {count} failed, the last: {last}")
    };
    failed.into_iter().map(line).collect()
}
