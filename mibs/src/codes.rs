//! Every code a diagnostic can have, for the manual and for who asks what one
//! means.

use std::fmt::Write as _;

use crate::{
    diagnostic::{Expected, Problem, Role, Severity},
    lint::Rule,
};

/// What a code means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its number, which never changes its meaning.
    pub number: u16,
    /// Its name, which is in the diagnostics.
    pub name: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The cause, with placeholders for names.
    pub text: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Code {
    /// All codes by their number: what the compiler says from 1, and what the
    /// linter says from 101.
    pub fn all() -> Vec<Self> {
        let said = problems().into_iter().map(|problem| Self {
            number: 0,
            name: problem.code(),
            severity: problem.severity(),
            text: problem.to_string(),
            help: problem.help(),
        });
        let judged = Rule::ALL.iter().map(|&rule| Self {
            number: 100,
            name: rule.code(),
            severity: rule.severity(),
            text: rule.text().to_owned(),
            help: Some(rule.help().to_owned()),
        });
        let count =
            |(at, code): (usize, Self)| Self { number: code.number + at as u16 + 1, ..code };
        said.enumerate().map(count).chain(judged.enumerate().map(count)).collect()
    }

    /// The code of this name or number.
    pub fn find(wanted: &str) -> Option<Self> {
        let number = wanted.trim_start_matches(['M', 'm']).parse().ok();
        Self::all().into_iter().find(|code| code.name == wanted || Some(code.number) == number)
    }

    /// The list for the manual, in Markdown.
    pub fn manual() -> String {
        let mut out = String::from(MANUAL);
        for Self { number, name, severity, text, help } in Self::all() {
            let help = help.unwrap_or_default();
            let cell = |text: &str| text.replace('|', "\\|");
            // Writing into a string cannot fail.
            let _ = writeln!(
                out,
                "| M{number:03} | `{name}` | {} | {} | {} |",
                severity.level(),
                cell(&text),
                cell(&help)
            );
        }
        out
    }
}

const MANUAL: &str = "\
# Diagnostics of the MIB compiler

`lcms-manager mib lint` says what is wrong with modules, and `mib lint --explain CODE`
what a code means. Severities are smilint's: 0 nothing could be read, 1 definitions are
lost, 2 an error with a guess, 3 an error with a clear meaning, 4 better changed, 5
questionable, 6 good to know. Numbers and names stay what they are; names of rules that
smilint has are smilint's.

| number | name | severity | cause | what to do |
|---|---|---|---|---|
";

/// One of each, in the order of their numbers. New ones are put at the end.
fn problems() -> Vec<Problem> {
    let word = || Box::<str>::from("NAME");
    let module = || Box::<str>::from("MODULE");
    vec![
        Problem::Unreadable { cause: "CAUSE".into() },
        Problem::NoModule,
        Problem::MissingEnd { module: module() },
        Problem::UnterminatedText,
        Problem::Unexpected { expected: Expected::Clause, like: None },
        Problem::BadAssign,
        Problem::MissingComma,
        Problem::TrailingComma,
        Problem::CapitalLabel { name: word() },
        Problem::NameBeginsWithDigit,
        Problem::BadDigit,
        Problem::NumberTooLarge,
        Problem::MissingModule { module: module(), like: None },
        Problem::DuplicateModule { module: module(), used: "DATE".into() },
        Problem::MissingImport { module: module(), name: word(), like: None },
        Problem::NotImported { name: word(), module: module() },
        Problem::Unknown { role: Role::Object, name: word(), like: None },
        Problem::DuplicateDefinition { name: word() },
        Problem::Cycle { name: word() },
        Problem::MissingSyntax { name: word() },
        Problem::MissingAccess { name: word() },
        Problem::MissingIndex { name: word() },
        Problem::BadAccess { word: word(), like: None },
        Problem::BadStatus { word: word(), like: None },
        Problem::MissingMember { name: word() },
        Problem::OidTooLong,
        Problem::BadDefault,
        Problem::BadHint,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_GOLDEN=1 cargo test` writes the list anew.
    #[test]
    fn the_manual_has_every_code() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/mib-diagnostics.md");
        let list = Code::manual();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(page, &list).expect("the page can be written");
        }
        let written = std::fs::read_to_string(page).expect("the page is there");
        assert!(written == list, "docs/mib-diagnostics.md is not what the code says");
    }

    #[test]
    fn names_and_numbers_are_found_and_unique() {
        let all = Code::all();
        for code in &all {
            assert_eq!(Code::find(code.name).as_ref(), Some(code));
            assert_eq!(Code::find(&format!("M{:03}", code.number)).as_ref(), Some(code));
        }
        assert_eq!(Code::find("unknown-name").map(|code| code.number), Some(17));
        assert_eq!(Code::find("nothing"), None);
    }

    /// Each problem the cache can hold is in the list: the two lists know of the
    /// same variants.
    #[test]
    fn no_problem_is_left_out() {
        let names: Vec<&str> = problems().iter().map(Problem::code).collect();
        for problem in crate::cache::every_problem() {
            assert!(names.contains(&problem.code()), "{}", problem.code());
        }
    }
}
