//! What is played.

use std::fmt;

use clap::ValueEnum;
use lcms_tests::computer::Make;
use serde::Serialize;

use crate::contender::Contender;

/// The name of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// Speeds 4, 1, 1, 1
    Unequal,
    /// A task of others on one of four equal computers
    OneOther,
    /// Three of them
    ThreeOthers,
    /// One of two fast computers pages beyond six jobs
    Paging,
    /// Four equal computers
    Equal,
    /// Speeds 4, 1, 1, 1 and two directors
    TwoDirectors,
    /// Speeds 4, 2, 1, 1, polled each 1, 5 and 15 seconds
    Polls,
    /// 300, 400 and 500 jobs at once on 2 and on 4 computers
    AtOnce,
}

impl Which {
    pub const ALL: [Self; 8] = [
        Self::Unequal,
        Self::OneOther,
        Self::ThreeOthers,
        Self::Paging,
        Self::Equal,
        Self::TwoDirectors,
        Self::Polls,
        Self::AtOnce,
    ];
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value().expect("none is skipped");
        f.write_str(name.get_name())
    }
}

/// Jobs that come as they come, and who directs them.
pub struct Scenario {
    pub computers: Vec<Make>,
    /// Part of what the computers could do together.
    pub load: f64,
    pub directors: usize,
    pub contenders: Vec<Contender>,
    pub goal: Goal,
    /// What our service has beside the defaults.
    pub settings: &'static str,
}

/// What is to be achieved.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// The 99th percentile is at most so much of leastconn's.
    OfLeastconn(f64),
    /// The greatest of the contenders' is at most so much of the least.
    Apart(f64),
    /// The time to the last answer is at most so much of what is possible.
    OfTheIdeal(f64),
}

/// While one of four is busy for others, this part of all is left.
const BESIDE_OTHERS: f64 = 0.75;

impl Which {
    /// `None` is [`Which::AtOnce`], where jobs do not come as they come.
    pub fn scenario(self) -> Option<Scenario> {
        let speeds = |speeds: &[f64]| speeds.iter().copied().map(Make::of).collect::<Vec<_>>();
        let with_others = |others| {
            let mut computers = speeds(&[1.0; 4]);
            computers[0].others = others;
            Scenario {
                load: 0.7 * BESIDE_OTHERS,
                goal: Goal::OfLeastconn(0.88),
                ..Scenario::of(computers)
            }
        };
        Some(match self {
            Self::Unequal => {
                Scenario::of(speeds(&[4.0, 1.0, 1.0, 1.0])).reaching(Goal::OfLeastconn(0.75))
            }
            Self::OneOther => with_others(1),
            Self::ThreeOthers => with_others(3),
            Self::Paging => {
                let mut computers = speeds(&[4.0, 4.0, 1.0, 1.0]);
                computers[1].holds = 6;
                let settings = "queue_limit = 2000\nqueue_timeout = 60000\n";
                Scenario { settings, ..Scenario::of(computers) }
            }
            Self::Equal => Scenario {
                contenders: vec![Contender::Freest { poll: 1.0 }, Contender::Leastconn],
                ..Scenario::of(speeds(&[1.0; 4]))
            },
            Self::TwoDirectors => Scenario {
                directors: 2,
                ..Scenario::of(speeds(&[4.0, 1.0, 1.0, 1.0])).reaching(Goal::OfLeastconn(0.75))
            },
            Self::Polls => {
                // The first twice: to see how far the same is apart from itself.
                let contenders = [1.0, 1.0, 5.0, 15.0].map(|poll| Contender::Freest { poll });
                Scenario {
                    contenders: contenders.to_vec(),
                    goal: Goal::Apart(1.05),
                    ..Scenario::of(speeds(&[4.0, 2.0, 1.0, 1.0]))
                }
            }
            Self::AtOnce => return None,
        })
    }
}

impl Scenario {
    fn of(computers: Vec<Make>) -> Self {
        Self {
            computers,
            load: 0.7,
            directors: 1,
            contenders: vec![
                Contender::Freest { poll: 1.0 },
                Contender::Leastconn,
                Contender::LeastconnWeighted,
            ],
            goal: Goal::OfLeastconn(1.05),
            settings: "",
        }
    }

    fn reaching(self, goal: Goal) -> Self {
        Self { goal, ..self }
    }
}
