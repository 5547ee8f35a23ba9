//! From what was measured to what it says.

use std::fmt;

use serde::Serialize;

use crate::{
    contender::Peer,
    figure::{Figure, Outcome},
    metric::{Better, Goal, METRICS, Metric},
    rounds::Measured,
    spread::{self, Spread},
};

/// One number, for one number of threads.
#[derive(Debug, Serialize)]
pub struct Finding {
    pub figure: Figure,
    pub name: &'static str,
    pub threads: u8,
    pub better: Better,
    /// The value of each, and its ratio to HAProxy's, as medians over the
    /// rounds.
    pub peers: Vec<Standing>,
    /// What ours was to reach at least, and what it aimed at.
    pub floor: Option<f64>,
    pub aim: Option<f64>,
    pub verdict: Verdict,
}

#[derive(Debug, Serialize)]
pub struct Standing {
    pub peer: Peer,
    pub value: Spread,
    pub ratio: Option<Spread>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "by")]
pub enum Verdict {
    /// The aim is met.
    Aim,
    /// The floor is met.
    Floor,
    /// Not even the floor is; by what share of it.
    Missed(f64),
    /// Replies were wrong or did not come.
    Failed,
    /// Nothing was asked, or somebody was not there to compare with.
    Open,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aim => f.write_str("aim"),
            Self::Floor => f.write_str("floor"),
            Self::Missed(share) => write!(f, "missed by {:.0} %", 100.0 * share),
            Self::Failed => f.write_str("failed"),
            Self::Open => Ok(()),
        }
    }
}

/// All that can be told, in the order of the metrics.
pub fn findings(all: &[Measured]) -> Vec<Finding> {
    let mut threads: Vec<u8> = all.iter().map(|one| one.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    let pairs = threads.iter().flat_map(|&threads| METRICS.iter().map(move |one| (threads, one)));
    pairs.filter_map(|(threads, metric)| Table { all, threads, metric }.finding()).collect()
}

/// What was measured, for one metric.
struct Table<'a> {
    all: &'a [Measured],
    threads: u8,
    metric: &'a Metric,
}

impl Table<'_> {
    fn finding(&self) -> Option<Finding> {
        let peers: Vec<_> = Peer::ALL.into_iter().filter_map(|peer| self.standing(peer)).collect();
        let of = |peer| peers.iter().find(|standing| standing.peer == peer);
        let (floor, aim, reached) = match self.metric.goal {
            Goal::Ratio { floor, aim } => {
                let ratio = of(Peer::Ours).and_then(|ours| ours.ratio);
                (Some(floor), Some(aim), ratio.map(|ratio| ratio.median))
            }
            Goal::Itself { floor, aim } => {
                (Some(floor), Some(aim), of(Peer::Ours).map(|ours| ours.value.median))
            }
            Goal::DirectSpread => {
                let floor = of(Peer::Direct).map(|direct| direct.value.most - direct.value.least);
                // One round alone has none.
                let floor = floor.filter(|spread| *spread > 0.0);
                (floor, None, of(Peer::Ours).map(|ours| ours.value.median))
            }
            Goal::Nothing => (None, None, None),
        };
        let verdict = match reached.zip(floor) {
            _ if self.failures(Peer::Ours) > 0 => Verdict::Failed,
            Some((reached, floor)) => judge(self.metric.better, reached, floor, aim),
            None => Verdict::Open,
        };
        let (figure, name) = (self.metric.figure, self.metric.name);
        let (threads, better) = (self.threads, self.metric.better);
        let finding = Finding { figure, name, threads, better, peers, floor, aim, verdict };
        (!finding.peers.is_empty()).then_some(finding)
    }

    fn standing(&self, peer: Peer) -> Option<Standing> {
        let middle = |mut values: Vec<f64>| spread::quantile(&mut values, 0.5);
        let rounds = 0..=self.all.iter().map(|one| one.round).max()?;
        let value = rounds.clone().filter_map(|round| middle(self.values(peer, round)));
        let ratio = rounds.filter_map(|round| {
            let (own, other) = (self.values(peer, round), self.values(Peer::Haproxy, round));
            if self.metric.added {
                // A difference may be next to nothing in a slice.
                return Some(middle(own)? / middle(other)?);
            }
            // Each slice with its neighbour in time.
            middle(own.iter().zip(&other).map(|(own, other)| own / other).collect())
        });
        // To compare what is nothing at all with something would be idle.
        let compared = !matches!(peer, Peer::Direct | Peer::Haproxy);
        let ratio = Spread::of(ratio).filter(|_| compared);
        Some(Standing { peer, value: Spread::of(value)?, ratio })
    }

    /// The values in a round, without the direct path's where only what is
    /// added counts. Those of the direct path itself are whole.
    fn values(&self, peer: Peer, round: usize) -> Vec<f64> {
        let raw = |peer| (self.metric.values)(&self.outcomes(peer, round));
        match peer {
            // It has no director, so nobody whose CPU time there is.
            Peer::Direct if self.metric.name.starts_with("CPU a ") => Vec::new(),
            Peer::Direct => raw(peer),
            _ if self.metric.added => {
                let base = raw(Peer::Direct);
                raw(peer).into_iter().zip(base).map(|(whole, base)| whole - base).collect()
            }
            _ => raw(peer),
        }
    }

    fn outcomes(&self, peer: Peer, round: usize) -> Vec<&Outcome> {
        let measured = self.measured(peer).filter(|one| one.round == round);
        measured.map(|one| &one.outcome).collect()
    }

    fn failures(&self, peer: Peer) -> u64 {
        self.measured(peer).map(|one| one.outcome.failed).sum()
    }

    fn measured(&self, peer: Peer) -> impl Iterator<Item = &Measured> {
        let (figure, threads) = (self.metric.figure, self.threads);
        let wanted = move |one: &&Measured| {
            one.figure == figure && one.threads == threads && one.peer == peer
        };
        self.all.iter().filter(wanted)
    }
}

fn judge(better: Better, reached: f64, floor: f64, aim: Option<f64>) -> Verdict {
    let meets = |limit: f64| match better {
        Better::Less => reached <= limit,
        Better::More => reached >= limit,
    };
    if aim.is_some_and(meets) {
        Verdict::Aim
    } else if meets(floor) {
        Verdict::Floor
    } else {
        Verdict::Missed((reached - floor).abs() / floor)
    }
}
