//! Views and who has which (RFC 3415): the decisions, not the tables.

use crate::v3::SecurityLevel;

/// What a group may see: families of subtrees, of which the longest that a name
/// belongs to decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Those that decide before others come first.
    families: Vec<Family>,
}

/// A family of subtrees (vacmViewTreeFamilyEntry).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// What the names begin with.
    pub subtree: Vec<u32>,
    /// One bit for each sub-identifier of the subtree, highest first: where it is
    /// 0 any number will do. Missing bits are 1.
    pub mask: Vec<u8>,
    /// Whether the family is in the view or out of it.
    pub included: bool,
}

/// How much of what is below a name is in a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Every name.
    All,
    /// No name.
    Nothing,
    /// It takes the whole name to tell.
    Part,
}

impl Family {
    fn counts(&self, position: usize) -> bool {
        let octet = self.mask.get(position / 8).copied().unwrap_or(0xff);
        octet & (0x80 >> (position % 8)) != 0
    }

    /// Whether name and subtree agree as far as both go. Names have their
    /// beginnings in common, so the end is looked at first.
    fn agrees(&self, name: &[u32]) -> bool {
        let mut pairs = self.subtree.iter().zip(name).enumerate().rev();
        match self.mask.is_empty() {
            true => pairs.all(|(_, (a, b))| a == b),
            false => pairs.all(|(position, (a, b))| a == b || !self.counts(position)),
        }
    }
}

impl View {
    /// A view of these families.
    pub fn new(mut families: Vec<Family>) -> Self {
        // RFC 3415, vacmViewTreeFamilyTable: the most sub-identifiers, then the
        // lexicographically greatest.
        families.sort_by(|a, b| (b.subtree.len(), &b.subtree).cmp(&(a.subtree.len(), &a.subtree)));
        Self { families }
    }

    /// Whether a name is in the view.
    pub fn contains(&self, name: &[u32]) -> bool {
        self.verdict(name) == Some(true)
    }

    /// What is said of a name: in or out, or nothing at all, which to a view means
    /// out and to a filter of notifications does not always.
    pub fn verdict(&self, name: &[u32]) -> Option<bool> {
        let decides = |family: &&Family| family.subtree.len() <= name.len() && family.agrees(name);
        self.families.iter().find(decides).map(|family| family.included)
    }

    /// What of everything below a name is in the view. It is `Part` at times
    /// where a closer look would find all or nothing, and never the other way
    /// about.
    pub fn coverage(&self, prefix: &[u32]) -> Coverage {
        let (mut some, mut others) = (false, false);
        for family in self.families.iter().filter(|family| family.agrees(prefix)) {
            match family.included {
                true => some = true,
                false => others = true,
            }
            // It decides for whatever no longer one has decided.
            if family.subtree.len() <= prefix.len() {
                return match (some, others) {
                    (true, true) => Coverage::Part,
                    (true, false) => Coverage::All,
                    (false, _) => Coverage::Nothing,
                };
            }
        }
        match some {
            true => Coverage::Part,
            false => Coverage::Nothing,
        }
    }
}

/// The key of a vacmAccessEntry below its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey<'a> {
    /// vacmAccessContextPrefix.
    pub context: &'a str,
    /// Whether that is the beginning of the context's name, and not all of it.
    pub is_prefix: bool,
    /// vacmAccessSecurityModel; 0 is any.
    pub model: i32,
    /// vacmAccessSecurityLevel.
    pub level: SecurityLevel,
}

impl AccessKey<'_> {
    /// How well the entry suits a request, or `None` if it is not for it. Of
    /// several the one that suits best is taken (RFC 3415, vacmAccessTable).
    pub fn suits(
        &self,
        context: &str,
        model: i32,
        level: SecurityLevel,
    ) -> Option<impl Ord + use<>> {
        let in_context = match self.is_prefix {
            true => context.starts_with(self.context),
            false => context == self.context,
        };
        let for_model = self.model == 0 || self.model == model;
        (in_context && for_model && self.level <= level).then_some((
            self.model == model,
            !self.is_prefix,
            self.context.len(),
            self.level,
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn family(subtree: &[u32], mask: &[u8], included: bool) -> Family {
        Family { subtree: subtree.to_vec(), mask: mask.to_vec(), included }
    }

    #[test]
    fn the_longest_family_decides() {
        let view = View::new(vec![
            family(&[1, 3], &[], true),
            family(&[1, 3, 6], &[], false),
            family(&[1, 3, 6, 1, 2], &[], true),
        ]);
        for (name, inside) in [
            (&[1][..], false),
            (&[1, 3], true),
            (&[1, 3, 5], true),
            (&[1, 3, 6], false),
            (&[1, 3, 6, 1], false),
            (&[1, 3, 6, 1, 2, 9], true),
            (&[1, 3, 7], true),
            (&[2], false),
        ] {
            assert_eq!(view.contains(name), inside, "{name:?}");
        }
        assert_eq!(view.coverage(&[1, 3, 6, 1, 2]), Coverage::All);
        assert_eq!(view.coverage(&[1, 3, 6, 1]), Coverage::Part);
        assert_eq!(view.coverage(&[1, 3, 6, 1, 3]), Coverage::Nothing);
        assert_eq!(view.coverage(&[1, 3, 5]), Coverage::All);
        assert_eq!(view.coverage(&[1]), Coverage::Part);
        assert_eq!(View::default().coverage(&[1, 3]), Coverage::Nothing);
    }

    /// RFC 3415's example: all columns of one row of ifTable.
    #[test]
    fn a_mask_makes_columns_of_a_row() {
        let row = [1, 3, 6, 1, 2, 1, 2, 2, 1, 0, 5];
        let view = View::new(vec![family(&row, &[0xff, 0xa0], true)]);
        let name = |column, index| [1, 3, 6, 1, 2, 1, 2, 2, 1, column, index];
        assert!(view.contains(&name(7, 5)));
        assert!(!view.contains(&name(7, 6)));
        assert!(!view.contains(&name(7, 5)[..10]));
        assert_eq!(view.coverage(&name(7, 5)[..10]), Coverage::Part);
        assert_eq!(view.coverage(&[1, 3, 6, 1, 4]), Coverage::Nothing);
        // Bits beyond the mask count as 1, those beyond the subtree not at all.
        let view = View::new(vec![family(&[1, 3, 6], &[0x80, 0, 0, 0], true)]);
        assert!(view.contains(&[1, 9, 9]) && !view.contains(&[2, 3, 6]));
    }

    #[test]
    fn of_two_as_long_the_greater_decides() {
        let view = View::new(vec![
            family(&[1, 3, 6, 1], &[0b1101_1111], true),
            family(&[1, 3, 7, 1], &[0b1101_1111], false),
        ]);
        assert!(!view.contains(&[1, 3, 8, 1]));
    }

    #[test]
    fn the_entry_that_suits_best() {
        use SecurityLevel::{AuthNoPriv, AuthPriv, NoAuthNoPriv};
        let key = |context, is_prefix, model, level| AccessKey { context, is_prefix, model, level };
        let keys = [
            key("", true, 0, NoAuthNoPriv),
            key("", true, 0, AuthNoPriv),
            key("abc", true, 0, NoAuthNoPriv),
            key("abcd", false, 0, NoAuthNoPriv),
            key("ab", true, 3, NoAuthNoPriv),
            key("", true, 3, AuthPriv),
        ];
        let best = |context: &str, model, level| {
            let suiting =
                (0..keys.len()).filter_map(|at| Some((keys[at].suits(context, model, level)?, at)));
            suiting.max_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, at)| at)
        };
        assert_eq!(best("x", 1, NoAuthNoPriv), Some(0));
        assert_eq!(best("x", 1, AuthPriv), Some(1));
        assert_eq!(best("abcx", 1, AuthPriv), Some(2));
        assert_eq!(best("abcd", 1, AuthPriv), Some(3));
        assert_eq!(best("abcd", 3, AuthPriv), Some(4));
        assert_eq!(best("x", 3, AuthPriv), Some(5));
        assert_eq!(best("x", 3, NoAuthNoPriv), Some(0));
    }

    proptest! {
        /// What is said of a subtree is true of all its names.
        #[test]
        fn coverage_agrees_with_contains(
            families in prop::collection::vec(
                (prop::collection::vec(0..3_u32, 0..5), prop::collection::vec(any::<u8>(), 0..2), any::<bool>()),
                0..6,
            ),
            prefix in prop::collection::vec(0..3_u32, 0..4),
            rests in prop::collection::vec(prop::collection::vec(0..3_u32, 0..5), 20),
        ) {
            let families = families.iter().map(|(s, m, i)| family(s, m, *i)).collect();
            let view = View::new(families);
            let coverage = view.coverage(&prefix);
            for rest in rests {
                let inside = view.contains(&[&prefix[..], &rest].concat());
                match coverage {
                    Coverage::All => prop_assert!(inside),
                    Coverage::Nothing => prop_assert!(!inside),
                    Coverage::Part => {}
                }
            }
        }
    }
}
