//! How a service stands: whether its ejections are heeded, and whether its
//! backup servers serve.
//!
//! Ejection judges a server by itself; if most of them look bad, the judgement
//! is likelier to be wrong than they are, and what is left over would break
//! under the load of all. So below the panic threshold ejections are not heeded
//! (Envoy's words). Backup servers come in where those that serve are fewer
//! than the quorum, and go again when it is back, with a hysteresis so that a
//! server that comes and goes does not bring them with it (keepalived's words).

use serde::{Deserialize, Serialize};

use crate::model::{Health, PanicUse, Permille, ServerCount};

/// A server that is to take connections, were it not for its health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Whether it is a backup.
    pub backup: bool,
    /// What the checks say.
    pub health: Health,
    /// Whether it is ejected.
    pub ejected: bool,
}

/// What a service asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Usable servers below which backup servers serve beside them.
    pub quorum: ServerCount,
    /// How far beyond the quorum the count has to be for a change.
    pub hysteresis: ServerCount,
    /// Part of usable servers below which ejections are not heeded.
    pub panic_threshold: Permille,
    /// Who is used when every check fails.
    pub panic_use: PanicUse,
}

/// How a service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Whether the quorum is there, so that backup servers only stand by.
    pub quorate: bool,
    /// Whether too few servers are usable for ejections to be heeded.
    pub panic: bool,
    /// Whether the same is so among the backup servers.
    pub backup_panic: bool,
    /// Whether servers are used although their checks fail.
    pub desperate: bool,
}

impl Default for Standing {
    /// As a service begins.
    fn default() -> Self {
        Self { quorate: true, panic: false, backup_panic: false, desperate: false }
    }
}

impl Standing {
    /// How a service with these servers stands, after it stood like `before`.
    pub fn next(before: Self, members: &[Member], rules: &Rules) -> Self {
        let of = |backup: bool| members.iter().filter(move |member| member.backup == backup);
        let panics = |backup: bool| {
            let sound = |member: &&Member| member.health != Health::Down && !member.ejected;
            let (all, sound) = (of(backup).count(), of(backup).filter(sound).count());
            sound * 1_000 < all * rules.panic_threshold.value() as usize
        };
        let [panic, backup_panic] = [false, true].map(panics);
        let standing = Self { panic, backup_panic, ..Self::default() };
        let usable = of(false).filter(|member| standing.uses(member)).count();
        // A service that cannot have so many is content with all it has, though
        // not with none.
        let (all, least) = (of(false).count(), usize::from(rules.quorum.value() > 0));
        let within = |count: usize| count.min(all).max(least);
        let quorum = within(rules.quorum.value() as usize);
        let hysteresis = rules.hysteresis.value() as usize;
        let regained = within(quorum.saturating_add(hysteresis));
        let lost = within(quorum.saturating_sub(hysteresis).max(least));
        let quorate = if before.quorate { usable >= lost } else { usable >= regained };
        let nobody = !members.is_empty() && !members.iter().any(|member| standing.uses(member));
        Self { quorate, desperate: nobody && rules.panic_use == PanicUse::All, ..standing }
    }

    /// Whether this server is used.
    pub fn uses(&self, member: &Member) -> bool {
        let panic = if member.backup { self.backup_panic } else { self.panic };
        self.desperate || (member.health != Health::Down && (panic || !member.ejected))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(quorum: u32, hysteresis: u32) -> Rules {
        Rules {
            quorum: ServerCount::clamped(quorum),
            hysteresis: ServerCount::clamped(hysteresis),
            panic_threshold: Permille::clamped(500),
            panic_use: PanicUse::None,
        }
    }

    /// Servers by letters: up, down, ejected; capital for backups.
    fn members(letters: &str) -> Vec<Member> {
        let member = |letter: char| Member {
            backup: letter.is_ascii_uppercase(),
            health: if letter.eq_ignore_ascii_case(&'d') { Health::Down } else { Health::Up },
            ejected: letter.eq_ignore_ascii_case(&'e'),
        };
        letters.chars().map(member).collect()
    }

    /// Who of them is used.
    fn used(letters: &str, rules: &Rules) -> String {
        let members = members(letters);
        let standing = Standing::next(Standing::default(), &members, rules);
        let used = |(letter, member)| standing.uses(member).then_some(letter);
        letters.chars().zip(&members).filter_map(used).collect()
    }

    #[test]
    fn below_the_panic_threshold_ejections_are_not_heeded() {
        let rules = rules(0, 0);
        for (letters, expected) in [
            ("uuue", "uuu"),
            ("uuee", "uu"),
            ("ueee", "ueee"),
            ("uede", "uee"),
            ("e", "e"),
            ("d", ""),
            // Each group by itself.
            ("uuEE", "uuEE"),
            ("eeeUE", "eeeU"),
        ] {
            assert_eq!(used(letters, &rules), expected, "{letters}");
        }
    }

    #[test]
    fn when_every_check_fails_the_configuration_decides() {
        assert_eq!(used("ddD", &rules(1, 0)), "");
        let all = Rules { panic_use: PanicUse::All, ..rules(1, 0) };
        assert_eq!(used("ddD", &all), "ddD");
        assert_eq!(used("ddU", &all), "U");
    }

    #[test]
    fn the_quorum_is_lost_below_and_regained_above_with_hysteresis() {
        let rules = rules(3, 1);
        let mut standing = Standing::default();
        let mut quorate = |up: usize| {
            let letters = "u".repeat(up) + &"d".repeat(6 - up) + "UU";
            standing = Standing::next(standing, &members(&letters), &rules);
            standing.quorate
        };
        let seen: Vec<bool> = [6, 3, 2, 1, 2, 3, 4, 2, 1, 6].map(&mut quorate).to_vec();
        assert_eq!(seen, [true, true, true, false, false, false, true, true, false, true]);
    }

    #[test]
    fn a_quorum_of_none_never_calls_backups_and_one_out_of_reach_is_as_good_as_all() {
        let next = |letters: &str, rules: &Rules| {
            let lost = Standing { quorate: false, ..Standing::default() };
            Standing::next(lost, &members(letters), rules).quorate
        };
        assert!(next("ddU", &rules(0, 0)));
        assert!(!next("U", &rules(1, 0)), "no server at all is no quorum");
        assert!(next("uu", &rules(9, 0)));
        assert!(!next("ud", &rules(9, 0)));
        assert!(next("u", &rules(1, 1)));
    }

    proptest! {
        #[test]
        fn whoever_is_sound_is_used_and_only_despair_uses_who_is_down(
            letters in "[udeUDE]{0,12}",
            threshold in 1u32..=1_000,
            all in any::<bool>(),
        ) {
            let rules = Rules {
                panic_threshold: Permille::clamped(threshold),
                panic_use: if all { PanicUse::All } else { PanicUse::None },
                ..rules(2, 1)
            };
            let members = members(&letters);
            let standing = Standing::next(Standing::default(), &members, &rules);
            let up = members.iter().any(|member| member.health == Health::Up);
            prop_assert_eq!(standing.desperate, all && !members.is_empty() && !up);
            prop_assert_eq!(
                members.iter().any(|member| standing.uses(member)),
                up || standing.desperate
            );
            for member in &members {
                if member.health == Health::Up && !member.ejected {
                    prop_assert!(standing.uses(member));
                }
                if member.health == Health::Down && !standing.desperate {
                    prop_assert!(!standing.uses(member));
                }
            }
        }

        #[test]
        fn a_service_that_does_not_change_stands_as_it_does(
            letters in "[udeUDE]{0,12}",
            quorum in 0u32..9,
            hysteresis in 0u32..4,
            quorate in any::<bool>(),
        ) {
            let rules = rules(quorum, hysteresis);
            let members = members(&letters);
            let before = Standing { quorate, ..Standing::default() };
            let standing = Standing::next(before, &members, &rules);
            prop_assert_eq!(Standing::next(standing, &members, &rules), standing);
        }
    }
}
