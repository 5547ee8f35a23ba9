//! Descriptors to Rust's names.

/// `sysORLastChange` → `sys_or_last_change`.
pub(super) fn snake(descriptor: &str) -> String {
    let mut out = String::with_capacity(descriptor.len() + 4);
    let chars: Vec<char> = descriptor.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            separate(&mut out);
            continue;
        }
        let before = at.checked_sub(1).and_then(|b| chars.get(b));
        let ends_word = before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let begins_word = before.is_some_and(char::is_ascii_uppercase)
            && chars.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (ends_word || begins_word) {
            separate(&mut out);
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn separate(out: &mut String) {
    if !out.is_empty() && !out.ends_with('_') {
        out.push('_');
    }
}

/// A snake-case name that may stand as an identifier.
pub(super) fn identifier(name: &str) -> String {
    let name = snake(name);
    match name.chars().next() {
        Some(c) if c.is_ascii_digit() => format!("n{name}"),
        _ if KEYWORDS.contains(&name.as_str()) => format!("{name}_"),
        _ => name,
    }
}

/// `lcServer` → `LcServer`, `not-in-service` → `NotInService`.
pub(super) fn pascal(descriptor: &str) -> String {
    let mut out = String::with_capacity(descriptor.len());
    for word in snake(descriptor).split('_') {
        let mut chars = word.chars();
        if let Some(first) = chars.next() {
            // Two numbers in a row would run together: 1_2 is not 12.
            let runs = out.ends_with(|c: char| c.is_ascii_digit()) && first.is_ascii_digit();
            if runs {
                out.push('_');
            }
            out.push(first.to_ascii_uppercase());
            out.extend(chars);
        }
    }
    match out.as_str() {
        "Self" => "Self_".to_owned(),
        _ if out.starts_with(|c: char| c.is_ascii_digit()) => format!("N{out}"),
        _ => out,
    }
}

/// `weight` → `WEIGHT`.
pub(super) fn screaming(field: &str) -> String {
    field.trim_end_matches('_').to_ascii_uppercase()
}

/// The name of a type: it is one already, unless it has hyphens.
pub(super) fn type_name(name: &str) -> String {
    match name.contains(['-', '_']) {
        true => pascal(name),
        false => name.to_owned(),
    }
}

/// A column's name without what all columns of its entry begin with.
pub(super) fn without_prefix(descriptor: &str, prefix: &str) -> String {
    match descriptor.strip_prefix(prefix) {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) => identifier(rest),
        // lcHostLoad and 1 make load1.
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            let snake = snake(prefix);
            let last = snake.rsplit('_').next().unwrap_or_default();
            identifier(&format!("{last}{rest}"))
        }
        _ => identifier(descriptor),
    }
}

/// The first word of a descriptor: `lc` of `lcServer`.
pub(super) fn first_word(descriptor: &str) -> &str {
    let end = descriptor.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(descriptor.len());
    descriptor.get(..end).unwrap_or_default()
}

const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_become_names() {
        for (descriptor, name) in [
            ("lcServerWeight", "lc_server_weight"),
            ("sysORLastChange", "sys_or_last_change"),
            ("sysORID", "sys_orid"),
            ("mib-2", "mib_2"),
            ("ifHCInOctets", "if_hc_in_octets"),
        ] {
            assert_eq!(snake(descriptor), name);
        }
        assert_eq!(identifier("type"), "type_");
        assert_eq!(pascal("notInService"), "NotInService");
        assert_eq!(pascal("10baseT"), "N10baseT");
        assert_eq!(without_prefix("sysORID", "sysOR"), "id");
        assert_eq!(without_prefix("lcHostLoad1", "lcHostLoad"), "load1");
        assert_eq!(without_prefix("lcHostAddr", "lcHostAddr"), "lc_host_addr");
        assert_eq!(first_word("sysORIndex"), "sys");
    }
}
