//! Words that look like another: what was perhaps meant.

/// The word that looks most like one, if it looks much like it: one letter in four
/// may differ, and no more than three.
pub(crate) fn nearest<'w>(word: &str, among: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let allowed = (word.len() / 4).clamp(1, 3);
    let own = letters(word);
    let near = among.filter(|other| {
        other.len().abs_diff(word.len()) <= allowed
            && (letters(other) ^ own).count_ones() as usize <= 2 * allowed
    });
    let ranked = near.map(|other| (distance(other, word), other));
    ranked.filter(|&(far, _)| far <= allowed).min().map(|(_, other)| other)
}

/// Which letters a word has, the case aside. Words that differ in more of them than
/// an edit can change are far apart, which is quickly seen.
fn letters(word: &str) -> u32 {
    word.bytes().fold(0, |letters, b| letters | 1 << (b & 0x1f))
}

/// How many letters are missing, too many or others, the case aside; two neighbours
/// in each other's place are one fault.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<u8> = a.bytes().map(|b| b.to_ascii_lowercase()).collect();
    let b: Vec<u8> = b.bytes().map(|b| b.to_ascii_lowercase()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_edit_counts_once() {
        for (a, b, far) in [
            ("ifIndex", "ifindex", 0),
            ("ifIndex", "ifIndx", 1),
            ("ifIndex", "ifIdnex", 1),
            ("ifIndex", "xifIndex", 1),
            ("", "abc", 3),
            ("abc", "xyz", 3),
        ] {
            assert_eq!((distance(a, b), distance(b, a)), (far, far), "{a} {b}");
        }
    }

    #[test]
    fn only_what_is_near_is_named() {
        let among = || ["ifIndex", "ifDescr", "sysUpTime"].into_iter();
        assert_eq!(nearest("ifIdnex", among()), Some("ifIndex"));
        assert_eq!(nearest("ifAlias", among()), None);
    }
}
