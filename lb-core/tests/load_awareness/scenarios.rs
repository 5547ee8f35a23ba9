//! The scenarios: some to tune by, others to judge by, which no constant of the
//! scheduler was chosen on.

use crate::computer::Make;
use crate::random::Length;
use crate::world::Scenario;

/// What freest has to achieve against leastconn in a scenario.
pub enum Kind {
    /// Computers of unequal speed.
    Unequal,
    /// Work of others on one of four equal computers.
    Beside,
    /// Nothing to gain that is promised; and nothing to lose.
    Other,
    /// The same of a scenario made by chance, in which leastconn may never end.
    Chance,
}

impl Kind {
    /// The 99th percentile may be at most this part of leastconn's.
    pub fn at_most(&self) -> f64 {
        match self {
            Self::Unequal => 0.75,
            Self::Beside => 0.88,
            Self::Other | Self::Chance => 1.05,
        }
    }

    /// Whether that is promised where leastconn's is this: what chance makes may be
    /// more than any rule can do.
    pub fn is_promised(&self, leastconn: f64) -> bool {
        !matches!(self, Self::Chance) || leastconn.is_finite()
    }
}

fn speeds(speeds: &[f64]) -> Vec<Make> {
    speeds.iter().map(|speed| Make::of(*speed)).collect()
}

fn four(make: Make, on_first: u32) -> Vec<Make> {
    vec![make.background(on_first), make, make, make]
}

/// Those that the constants were chosen on.
pub fn tuning() -> Vec<(Kind, Scenario)> {
    let paging = vec![Make::of(4.0), Make::of(4.0).holds(6.0), Make::of(1.0), Make::of(1.0)];
    vec![
        (Kind::Unequal, Scenario::of("4,1,1,1", speeds(&[4.0, 1.0, 1.0, 1.0]))),
        (
            Kind::Beside,
            Scenario::of("3 others on 1 of 4", four(Make::of(1.0), 3)).beside_others(0.7),
        ),
        (Kind::Other, Scenario::of("4 equal", four(Make::of(1.0), 0))),
        (Kind::Other, Scenario::of("1 of 4 pages at 6", paging)),
        (
            Kind::Other,
            Scenario {
                directors: 4,
                jobs: 60_000,
                ..Scenario::of("4 equal, 4 directors", four(Make::of(1.0).cores(4), 0))
            },
        ),
    ]
}

/// Those that it is judged by.
pub fn judged() -> Vec<(Kind, Scenario)> {
    let quick = || speeds(&[4.0, 1.0, 1.0, 1.0]);
    let wide = Make::of(1.0).cores(4);
    let mixed =
        vec![Make::of(1.0).cores(8), Make::of(2.0).cores(2), Make::of(1.0).cores(4), Make::of(4.0)];
    let seed = |seed, scenario: Scenario| Scenario { seed, ..scenario };
    vec![
        (
            Kind::Unequal,
            Scenario {
                length: Length::HeavyTailed,
                ..seed(11, Scenario::of("5,2,1 heavy-tailed", speeds(&[5.0, 2.0, 1.0])))
            },
        ),
        (
            Kind::Unequal,
            Scenario {
                length: Length::Deterministic,
                ..seed(12, Scenario::of("4,1,1,1 all jobs equal", quick()))
            },
        ),
        (
            Kind::Unequal,
            Scenario { mean: 0.03, ..seed(13, Scenario::of("4,1,1,1 short jobs", quick())) },
        ),
        (
            Kind::Unequal,
            Scenario {
                mean: 1.5,
                jobs: 10_000,
                ..seed(14, Scenario::of("4,1,1,1 long jobs", quick()))
            },
        ),
        (
            Kind::Unequal,
            Scenario {
                load: 0.85,
                ..seed(15, Scenario::of("6,3,1,1,1 at 85 %", speeds(&[6.0, 3.0, 1.0, 1.0, 1.0])))
            },
        ),
        (
            Kind::Unequal,
            Scenario {
                load: 0.45,
                ..seed(16, Scenario::of("4,2,1,1 at 45 %", speeds(&[4.0, 2.0, 1.0, 1.0])))
            },
        ),
        (
            Kind::Unequal,
            Scenario { directors: 3, ..seed(17, Scenario::of("4,1,1,1, 3 directors", quick())) },
        ),
        (
            Kind::Beside,
            seed(18, Scenario::of("8 others on 1 of 4, 4 cores", four(wide, 8))).beside_others(0.7),
        ),
        (
            Kind::Beside,
            Scenario {
                length: Length::HeavyTailed,
                ..seed(19, Scenario::of("4 others on 1 of 4, heavy-tailed", four(Make::of(2.0), 4)))
            }
            .beside_others(0.7),
        ),
        (
            Kind::Beside,
            Scenario {
                disturbance: Some((300.0, 4)),
                ..seed(20, Scenario::of("4 others come to 1 of 4", four(Make::of(1.0), 0)))
            }
            .beside_others(0.7),
        ),
        (
            Kind::Other,
            seed(21, Scenario::of("1 other on 1 of 4", four(Make::of(1.0), 1))).beside_others(0.7),
        ),
        (
            Kind::Other,
            Scenario {
                mean: 0.05,
                ..seed(28, Scenario::of("1 other on 1 of 4, short jobs", four(Make::of(1.0), 1)))
            }
            .beside_others(0.7),
        ),
        (
            Kind::Other,
            seed(22, Scenario::of("1 other on 1 of 4, near overload", four(Make::of(1.0), 1))),
        ),
        (
            Kind::Other,
            Scenario { load: 0.8, ..seed(23, Scenario::of("mixed cores at 80 %", mixed)) },
        ),
        (
            Kind::Other,
            Scenario {
                directors: 3,
                ..seed(24, Scenario::of("5 equal, 3 directors", vec![Make::of(2.0).cores(2); 5]))
            },
        ),
        (
            Kind::Other,
            Scenario {
                load: 0.8,
                ..seed(25, Scenario::of("all page at 12", four(Make::of(2.0).holds(12.0), 0)))
            },
        ),
        (
            Kind::Other,
            seed(
                26,
                Scenario::of(
                    "the fast one pages at 8",
                    vec![Make::of(6.0).holds(8.0), Make::of(2.0), Make::of(2.0)],
                ),
            ),
        ),
        (
            Kind::Other,
            Scenario {
                length: Length::HeavyTailed,
                ..seed(
                    27,
                    Scenario::of(
                        "4 pages at 5, heavy-tailed",
                        speeds(&[4.0, 2.0, 1.0]).into_iter().map(|one| one.holds(5.0)).collect(),
                    ),
                )
            },
        ),
    ]
}
