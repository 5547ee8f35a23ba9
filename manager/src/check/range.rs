//! Threshold ranges of monitoring plugins: `[@]start:end`.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The values about which nobody is told; with `@`, those about which somebody is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    start: f64,
    end: f64,
    inside: bool,
}

/// A text that is no [`Range`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{given:?} is no range: {fault}; write 10, 10:, ~:10, 10:20 or @10:20")]
pub struct RangeError {
    given: String,
    fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum Fault {
    #[error("it has no number")]
    Empty,
    #[error("a bound is a number of digits, at most one point, and a minus before them")]
    Number,
    #[error("only the start can be ~")]
    EndlessEnd,
    #[error("the start is above the end")]
    Order,
}

impl Range {
    /// Whether somebody has to be told of this value.
    pub fn alerts(&self, value: f64) -> bool {
        (self.start <= value && value <= self.end) == self.inside
    }
}

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let wrong = |fault| RangeError { given: text.chars().take(60).collect(), fault };
        let (inside, bounds) = match text.strip_prefix('@') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        // The start and its colon may be left out where it is 0.
        let (start, end) = match bounds.split_once(':') {
            Some(("", "")) => return Err(wrong(Fault::Empty)),
            Some(("", end)) => (0.0, end),
            Some(("~", end)) => (f64::NEG_INFINITY, end),
            Some((start, end)) => (number(start).map_err(wrong)?, end),
            None if bounds.is_empty() => return Err(wrong(Fault::Empty)),
            None => (0.0, bounds),
        };
        let end = match (end, bounds.contains(':')) {
            ("~", _) => return Err(wrong(Fault::EndlessEnd)),
            ("", true) => f64::INFINITY,
            (end, _) => number(end).map_err(wrong)?,
        };
        match start <= end {
            true => Ok(Self { start, end, inside }),
            false => Err(wrong(Fault::Order)),
        }
    }
}

/// The guidelines' class of characters, [-0-9.]: no exponents, no infinities.
fn number(text: &str) -> Result<f64, Fault> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    let number = text.parse::<f64>().ok().filter(|n| plain && n.is_finite());
    // There is one zero.
    number.map(|n| n + 0.0).ok_or(Fault::Number)
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, end, inside } = *self;
        if inside {
            f.write_str("@")?;
        }
        match (start, end) {
            (f64::NEG_INFINITY, f64::INFINITY) => f.write_str("~:"),
            (f64::NEG_INFINITY, end) => write!(f, "~:{end}"),
            (start, f64::INFINITY) => write!(f, "{start}:"),
            (0.0, end) => write!(f, "{end}"),
            (start, end) => write!(f, "{start}:{end}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The guidelines' own table, and its ends.
    #[test]
    fn ranges_alert_as_the_guidelines_have_it() {
        let table: [(&str, &[f64], &[f64]); 9] = [
            ("10", &[-1.0, -0.001, 10.001, 11.0], &[0.0, 5.0, 10.0]),
            ("10:", &[-5.0, 0.0, 9.999], &[10.0, 1e12]),
            ("~:10", &[10.001, 11.0], &[-1e12, 0.0, 10.0]),
            ("10:20", &[9.0, 9.999, 20.001], &[10.0, 15.0, 20.0]),
            ("@10:20", &[10.0, 15.0, 20.0], &[9.999, 20.001]),
            ("@10", &[0.0, 10.0], &[-0.001, 10.001]),
            ("0:0", &[1.0, -1.0], &[0.0]),
            ("-5:-1", &[-5.5, 0.0], &[-5.0, -1.0]),
            ("~:", &[], &[-1e12, 0.0, 1e12]),
        ];
        for (text, alert, silent) in table {
            let range: Range = text.parse().unwrap();
            for value in alert {
                assert!(range.alerts(*value), "{text} should alert at {value}");
            }
            for value in silent {
                assert!(!range.alerts(*value), "{text} should not alert at {value}");
            }
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "", ":", "@", "@:", "~", "10:~", "20:10", "a", "1:b", "1e3", "inf", "NaN", "1:2:3",
            "--1", "1.2.3", "-", ".", " 10", "10 ", "10%", "@@10", "+5", "0x10",
        ] {
            let error = text.parse::<Range>().expect_err(text).to_string();
            assert!(error.contains("10:20"), "the right form is named: {error}");
        }
        assert!(format!("1{}", "0".repeat(400)).parse::<Range>().is_err());
    }

    fn bound() -> impl Strategy<Value = f64> {
        prop_oneof![
            (-1_000_000_i64..1_000_000).prop_map(|n| n as f64),
            (-1_000_000_i64..1_000_000).prop_map(|n| n as f64 / 1000.0),
        ]
    }

    fn range() -> impl Strategy<Value = Range> {
        let start = prop_oneof![4 => bound(), 1 => Just(f64::NEG_INFINITY)];
        let end = prop_oneof![4 => bound(), 1 => Just(f64::INFINITY)];
        (start, end, any::<bool>()).prop_map(|(a, b, inside)| {
            // What was drawn in the other order is turned round, ends stay ends.
            let (start, end) = if a <= b { (a, b) } else { (b, a) };
            Range { start, end, inside }
        })
    }

    proptest! {
        #[test]
        fn text_goes_both_ways(range in range()) {
            prop_assert_eq!(range.to_string().parse::<Range>().unwrap(), range);
        }

        #[test]
        fn an_at_sign_says_the_contrary(range in range(), value in bound()) {
            let contrary = Range { inside: !range.inside, ..range };
            prop_assert_ne!(range.alerts(value), contrary.alerts(value));
        }

        #[test]
        fn ends_belong_to_the_range(range in range()) {
            for end in [range.start, range.end].into_iter().filter(|end| end.is_finite()) {
                prop_assert_eq!(range.alerts(end), range.inside);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "[@~:0-9.a-]{0,12}") {
            if let Ok(range) = text.parse::<Range>() {
                prop_assert_eq!(range.to_string().parse::<Range>().unwrap(), range);
            }
        }
    }
}
