//! DISPLAY-HINT, RFC 2579 §3.1: values to text and back.

use std::fmt::Write;

/// A hint that follows the standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// For integers.
    Number(Radix, u32),
    /// For octets: one specification after another, the last one repeated.
    Octets(Vec<Specification>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Radix {
    /// With a decimal point so many digits from the right.
    Decimal,
    Hexadecimal,
    Octal,
    Binary,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Specification {
    /// The value's next octet says how often.
    repeated: bool,
    octets: usize,
    format: Format,
    separator: Option<char>,
    terminator: Option<char>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Number(Radix),
    /// ASCII or UTF-8.
    Text,
}

impl Hint {
    /// Reads a hint; `None` when it does not follow the standard.
    pub fn parse(hint: &str, for_octets: bool) -> Option<Self> {
        match for_octets {
            true => octet_hint(hint).map(Self::Octets),
            false => number_hint(hint),
        }
    }

    /// An integer as the hint shows it.
    pub fn format_number(&self, number: i64) -> Option<String> {
        let Self::Number(radix, places) = *self else { return None };
        let digits = digits_of(u128::from(number.unsigned_abs()), radix);
        let sign = if number < 0 { "-" } else { "" };
        let places = usize::try_from(places).ok()?;
        if places == 0 {
            return Some(format!("{sign}{digits}"));
        }
        // 5 with two places is 0.05.
        let filled = format!("{digits:0>width$}", width = places.checked_add(1)?);
        let (whole, fraction) = filled.split_at(filled.len() - places);
        Some(format!("{sign}{whole}.{fraction}"))
    }

    /// Reads an integer in the form the hint shows.
    pub fn parse_number(&self, text: &str) -> Option<i64> {
        let Self::Number(radix, places) = *self else { return None };
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let all_digits = |s: &str| s.chars().all(|c| c.is_digit(base(radix)));
        let magnitude = match (digits.split_once('.'), places) {
            (Some((whole, fraction)), 1..) => {
                let places = usize::try_from(places).ok()?;
                let valid = all_digits(whole) && all_digits(fraction) && fraction.len() <= places;
                if !valid || (whole.is_empty() && fraction.is_empty()) {
                    return None;
                }
                format!("{whole}{fraction:0<places$}").parse::<i64>().ok()?
            }
            (Some(_), 0) => return None,
            (None, places) if all_digits(digits) => {
                let number = i64::from_str_radix(digits, base(radix)).ok()?;
                number.checked_mul(10_i64.checked_pow(places)?)?
            }
            _ => return None,
        };
        Some(sign * magnitude)
    }

    /// Octets as the hint shows them; `None` where they are not the text the
    /// hint says they are.
    pub fn format_octets(&self, octets: &[u8]) -> Option<String> {
        let Self::Octets(specifications) = self else { return None };
        let mut out = String::new();
        let mut rest = octets;
        let mut at = 0;
        while !rest.is_empty() {
            let before = rest.len();
            let last = specifications.len().checked_sub(1)?;
            let specification = specifications.get(at.min(last))?;
            let times = match specification.repeated {
                true => {
                    let (&count, others) = rest.split_first()?;
                    rest = others;
                    usize::from(count)
                }
                false => 1,
            };
            for time in 0..times {
                if rest.is_empty() {
                    break;
                }
                let (taken, others) = rest.split_at(specification.octets.min(rest.len()));
                rest = others;
                specification.format.write(taken, &mut out)?;
                let ends_repeat = specification.terminator.is_some() && time + 1 == times;
                if let Some(separator) = specification.separator
                    && !rest.is_empty()
                    && !ends_repeat
                {
                    out.push(separator);
                }
            }
            if let Some(terminator) = specification.terminator
                && !rest.is_empty()
            {
                out.push(terminator);
            }
            // A length of zero consumes nothing, for ever if it is the last.
            if rest.len() == before && at >= last {
                return None;
            }
            at += 1;
        }
        Some(out)
    }

    /// Reads octets in the form the hint shows.
    pub fn parse_octets(&self, text: &str) -> Option<Vec<u8>> {
        let Self::Octets(specifications) = self else { return None };
        let mut out = Vec::new();
        let mut rest = text;
        let mut at = 0;
        while !rest.is_empty() {
            let before = rest.len();
            let last = specifications.len().checked_sub(1)?;
            let specification = specifications.get(at.min(last))?;
            match specification.repeated {
                true => specification.read_repeated(&mut rest, &mut out)?,
                false => {
                    specification.read(&mut rest, &mut out)?;
                    specification.skip_separator(&mut rest)?;
                }
            }
            if rest.len() == before && at >= last {
                return None;
            }
            at += 1;
        }
        Some(out)
    }
}

impl Format {
    fn write(self, octets: &[u8], out: &mut String) -> Option<()> {
        match self {
            Format::Text => out.push_str(std::str::from_utf8(octets).ok()?),
            Format::Number(_) if octets.is_empty() => {}
            Format::Number(radix) if octets.len() <= 16 => {
                let number = octets.iter().fold(0_u128, |n, &o| (n << 8) | u128::from(o));
                out.push_str(&digits_of(number, radix));
            }
            // Wider than any number anyone adds up: octet by octet.
            Format::Number(_) => {
                for octet in octets {
                    write!(out, "{octet:02x}").ok()?;
                }
            }
        }
        Some(())
    }
}

impl Specification {
    /// Reads one application's worth of text.
    fn read(&self, rest: &mut &str, out: &mut Vec<u8>) -> Option<()> {
        let taken = match self.format {
            Format::Text => {
                let mut end = rest.len().min(self.octets);
                while !rest.is_char_boundary(end) {
                    end -= 1;
                }
                let window = rest.get(..end)?;
                // A value shorter than allowed ends at its separator.
                let stop = [self.separator, self.terminator].into_iter().flatten();
                let end = stop.filter_map(|c| window.find(c)).min().unwrap_or(end);
                let text = rest.get(..end)?;
                out.extend_from_slice(text.as_bytes());
                end
            }
            Format::Number(radix) => {
                let end = rest.find(|c: char| !c.is_digit(base(radix))).unwrap_or(rest.len());
                // Without separators the digits of an octet are counted off.
                let digits = rest.get(..end)?;
                let digits = match (self.separator, radix) {
                    (None, Radix::Hexadecimal) => {
                        digits.get(..digits.len().min(self.octets * 2))?
                    }
                    _ => digits,
                };
                let number = u128::from_str_radix(digits, base(radix)).ok()?;
                let width = self.octets.min(16);
                if width < 16 && number >> (8 * width) != 0 {
                    return None;
                }
                out.extend(std::iter::repeat_n(0, self.octets - width));
                out.extend_from_slice(number.to_be_bytes().get(16 - width..)?);
                digits.len()
            }
        };
        *rest = rest.get(taken..)?;
        Some(())
    }

    fn skip_separator(&self, rest: &mut &str) -> Option<()> {
        if let Some(separator) = self.separator
            && !rest.is_empty()
        {
            *rest = rest.strip_prefix(separator)?;
        }
        Some(())
    }

    fn read_repeated(&self, rest: &mut &str, out: &mut Vec<u8>) -> Option<()> {
        let count_at = out.len();
        out.push(0);
        let mut count = 0_u8;
        loop {
            self.read(rest, out)?;
            count = count.checked_add(1)?;
            *out.get_mut(count_at)? = count;
            if let Some(terminator) = self.terminator
                && let Some(others) = rest.strip_prefix(terminator)
            {
                *rest = others;
                return Some(());
            }
            match self.separator {
                Some(separator) if rest.starts_with(separator) => self.skip_separator(rest)?,
                _ => return Some(()),
            }
        }
    }
}

fn base(radix: Radix) -> u32 {
    match radix {
        Radix::Decimal => 10,
        Radix::Hexadecimal => 16,
        Radix::Octal => 8,
        Radix::Binary => 2,
    }
}

fn digits_of(number: u128, radix: Radix) -> String {
    match radix {
        Radix::Decimal => number.to_string(),
        Radix::Hexadecimal => format!("{number:x}"),
        Radix::Octal => format!("{number:o}"),
        Radix::Binary => format!("{number:b}"),
    }
}

fn number_hint(hint: &str) -> Option<Hint> {
    let radix = match hint {
        "x" => Radix::Hexadecimal,
        "o" => Radix::Octal,
        "b" => Radix::Binary,
        "d" => Radix::Decimal,
        _ => {
            let places = hint.strip_prefix("d-")?;
            if !places.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            // More digits than a number has are not shown by anybody.
            let places = places.parse().ok().filter(|&places| places <= 32)?;
            return Some(Hint::Number(Radix::Decimal, places));
        }
    };
    Some(Hint::Number(radix, 0))
}

fn octet_hint(hint: &str) -> Option<Vec<Specification>> {
    let mut specifications = Vec::new();
    let mut chars = hint.chars().peekable();
    while chars.peek().is_some() {
        let repeated = chars.next_if_eq(&'*').is_some();
        let mut octets = None;
        while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
            chars.next();
            let so_far: usize = octets.unwrap_or(0);
            // A size nobody can have is still a size.
            octets = Some(so_far.saturating_mul(10).saturating_add(digit as usize).min(65535));
        }
        let format = match chars.next()? {
            'd' => Format::Number(Radix::Decimal),
            'x' => Format::Number(Radix::Hexadecimal),
            'o' => Format::Number(Radix::Octal),
            'a' | 't' => Format::Text,
            _ => return None,
        };
        let mark = |c: &char| !c.is_ascii_digit() && *c != '*';
        let separator = chars.next_if(mark);
        let terminator = match repeated && separator.is_some() {
            true => chars.next_if(mark),
            false => None,
        };
        let octets = octets?;
        specifications.push(Specification { repeated, octets, format, separator, terminator });
    }
    (!specifications.is_empty()).then_some(specifications)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn octets(hint: &str, octets: &[u8]) -> String {
        Hint::parse(hint, true).unwrap().format_octets(octets).unwrap()
    }

    #[test]
    fn integers() {
        for (hint, number, text) in [
            ("d", -5, "-5"),
            ("d-2", 1234, "12.34"),
            ("d-2", -5, "-0.05"),
            ("d-2", 0, "0.00"),
            ("x", 255, "ff"),
            ("o", 8, "10"),
            ("b", 5, "101"),
        ] {
            let hint = Hint::parse(hint, false).unwrap();
            assert_eq!(hint.format_number(number).unwrap(), text);
            assert_eq!(hint.parse_number(text), Some(number));
        }
        let hint = Hint::parse("d-2", false).unwrap();
        assert_eq!(hint.parse_number("3"), Some(300));
        assert_eq!(hint.parse_number("3.5"), Some(350));
        assert_eq!(hint.parse_number("3.555"), None);
    }

    #[test]
    fn the_examples_of_the_standard() {
        assert_eq!(octets("1x:", &[0, 12, 41]), "0:c:29");
        assert_eq!(octets("255a", b"text"), "text");
        assert_eq!(octets("1d.1d.1d.1d", &[10, 0, 0, 1]), "10.0.0.1");
        assert_eq!(
            octets("2d-1d-1d,1d:1d:1d.1d,1a1d:1d", &[7, 200, 5, 26, 13, 30, 15, 0, b'-', 4, 0]),
            "1992-5-26,13:30:15.0,-4:0"
        );
        assert_eq!(
            octets("2d-1d-1d,1d:1d:1d.1d,1a1d:1d", &[7, 200, 5, 26, 13, 30, 15, 0]),
            "1992-5-26,13:30:15.0"
        );
        // Dotted groups of octets, each with its count in front.
        assert_eq!(octets("*1x:/1x:", &[2, 1, 2, 255]), "1:2/ff");
        assert_eq!(octets("0a[2x]1d", &[0, 1, 7]), "[1]7");
    }

    #[test]
    fn what_is_no_hint_is_refused() {
        for hint in ["", "d", "1", "1z", "*d", "a1"] {
            assert_eq!(Hint::parse(hint, true), None, "{hint:?}");
        }
        for hint in ["", "dd", "d-", "1d", "d-x"] {
            assert_eq!(Hint::parse(hint, false).filter(|_| hint != "d-"), None, "{hint:?}");
        }
        // A hint that consumes nothing must not loop.
        assert_eq!(Hint::parse("0a", true).unwrap().format_octets(b"x"), None);
        assert_eq!(Hint::parse("0x", true).unwrap().parse_octets("1"), None);
    }

    proptest! {
        #[test]
        fn full_octets_come_back(
            hint in prop::sample::select(vec!["1x:", "1d.", "255a", "2x:", "1o-", "4d,"]),
            value in prop::collection::vec(0x20_u8..0x7f, 1..40),
        ) {
            let unit = if hint.starts_with('2') && !hint.ends_with('a') { 2 } else if hint.starts_with('4') { 4 } else { 1 };
            let value = &value[..value.len() / unit * unit];
            let hint = Hint::parse(hint, true).unwrap();
            let text = hint.format_octets(value).unwrap();
            prop_assert_eq!(hint.parse_octets(&text).unwrap(), value);
        }

        #[test]
        fn nothing_panics(hint in "\\PC{0,12}", text in "\\PC{0,20}", value in prop::collection::vec(any::<u8>(), 0..20), n: i64) {
            if let Some(hint) = Hint::parse(&hint, true) {
                let _ = hint.format_octets(&value);
                let _ = hint.parse_octets(&text);
            }
            if let Some(hint) = Hint::parse(&hint, false) {
                let _ = hint.format_number(n);
                let _ = hint.parse_number(&text);
            }
        }

        #[test]
        fn hints_made_of_their_parts_do_not_panic(hint in "(\\*?[0-9]{0,3}[dxoatb][:,.]?){1,4}", value in prop::collection::vec(any::<u8>(), 0..20), text in "[0-9a-f:,.]{0,20}") {
            if let Some(hint) = Hint::parse(&hint, true) {
                let _ = hint.format_octets(&value);
                let _ = hint.parse_octets(&text);
            }
        }
    }
}
