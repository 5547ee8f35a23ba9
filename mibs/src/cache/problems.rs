//! Diagnostics in the cache.

use super::bytes::{Reader, Writer};
use crate::{
    diagnostic::{Diagnostic, Expected, Problem, Role, TokenKind},
    lexer::Kind,
    source::{FileId, Span},
};

/// A problem as a tag, a number and three texts. What the linter finds is not
/// kept: it is asked for with the texts at hand.
fn parts(problem: &Problem) -> Option<(u8, u8, &str, &str, &str)> {
    Some(match problem {
        Problem::Style { .. } => return None,
        Problem::Unreadable { cause } => (0, 0, cause, "", ""),
        Problem::BadAssign => (1, 0, "", "", ""),
        Problem::MissingComma => (2, 0, "", "", ""),
        Problem::TrailingComma => (3, 0, "", "", ""),
        Problem::CapitalLabel { name } => (4, 0, name, "", ""),
        Problem::UnterminatedText => (5, 0, "", "", ""),
        Problem::NameBeginsWithDigit => (6, 0, "", "", ""),
        Problem::BadDigit => (7, 0, "", "", ""),
        Problem::NumberTooLarge => (8, 0, "", "", ""),
        Problem::Unexpected { expected, like } => {
            (9, expected_number(*expected), "", "", like.map_or("", |kind| kind.0.word()))
        }
        Problem::NoModule => (10, 0, "", "", ""),
        Problem::MissingEnd { module } => (11, 0, module, "", ""),
        Problem::MissingModule { module, like } => (12, 0, module, "", text(like)),
        Problem::DuplicateModule { module, used } => (13, 0, module, used, ""),
        Problem::MissingImport { module, name, like } => (14, 0, module, name, text(like)),
        Problem::NotImported { name, module } => (15, 0, name, module, ""),
        Problem::Unknown { role, name, like } => {
            let role = ROLES.iter().position(|known| known == role)? as u8;
            (16, role, name, "", text(like))
        }
        Problem::DuplicateDefinition { name } => (17, 0, name, "", ""),
        Problem::Cycle { name } => (18, 0, name, "", ""),
        Problem::MissingSyntax { name } => (19, 0, name, "", ""),
        Problem::MissingAccess { name } => (20, 0, name, "", ""),
        Problem::MissingIndex { name } => (21, 0, name, "", ""),
        Problem::BadAccess { word, like } => (22, 0, word, "", text(like)),
        Problem::BadStatus { word, like } => (23, 0, word, "", text(like)),
        Problem::MissingMember { name } => (24, 0, name, "", ""),
        Problem::OidTooLong => (25, 0, "", "", ""),
        Problem::BadDefault => (26, 0, "", "", ""),
        Problem::BadHint => (27, 0, "", "", ""),
    })
}

/// What was perhaps meant; an empty text stands for nothing.
fn text(like: &Option<Box<str>>) -> &str {
    like.as_deref().unwrap_or_default()
}

fn problem(tag: u8, number: u8, a: &str, b: &str, like: &str) -> Option<Problem> {
    let (first, second): (Box<str>, Box<str>) = (a.into(), b.into());
    let meant = Some(like).filter(|like| !like.is_empty());
    let like = meant.map(Box::<str>::from);
    Some(match tag {
        0 => Problem::Unreadable { cause: first },
        1 => Problem::BadAssign,
        2 => Problem::MissingComma,
        3 => Problem::TrailingComma,
        4 => Problem::CapitalLabel { name: first },
        5 => Problem::UnterminatedText,
        6 => Problem::NameBeginsWithDigit,
        7 => Problem::BadDigit,
        8 => Problem::NumberTooLarge,
        9 => {
            let is_meant = |kind: &Kind| meant == Some(kind.word());
            let like = Kind::ALL.iter().copied().find(is_meant).map(TokenKind);
            Problem::Unexpected { expected: expected(number)?, like }
        }
        10 => Problem::NoModule,
        11 => Problem::MissingEnd { module: first },
        12 => Problem::MissingModule { module: first, like },
        13 => Problem::DuplicateModule { module: first, used: second },
        14 => Problem::MissingImport { module: first, name: second, like },
        15 => Problem::NotImported { name: first, module: second },
        16 => {
            let role = *ROLES.get(usize::from(number))?;
            Problem::Unknown { role, name: first, like }
        }
        17 => Problem::DuplicateDefinition { name: first },
        18 => Problem::Cycle { name: first },
        19 => Problem::MissingSyntax { name: first },
        20 => Problem::MissingAccess { name: first },
        21 => Problem::MissingIndex { name: first },
        22 => Problem::BadAccess { word: first, like },
        23 => Problem::BadStatus { word: first, like },
        24 => Problem::MissingMember { name: first },
        25 => Problem::OidTooLong,
        26 => Problem::BadDefault,
        27 => Problem::BadHint,
        _ => return None,
    })
}

const ROLES: [Role; 6] =
    [Role::Type, Role::Object, Role::Parent, Role::Row, Role::Member, Role::Group];

const WANTED: [Expected; 7] = [
    Expected::Type,
    Expected::Bound,
    Expected::Name,
    Expected::Value,
    Expected::OidValue,
    Expected::Definition,
    Expected::Clause,
];

/// What else may be expected stands below the tokens.
fn expected_number(expected: Expected) -> u8 {
    let token = |kind: Kind| Kind::ALL.iter().position(|&known| known == kind);
    let number = match expected {
        Expected::Token(TokenKind(kind)) => token(kind).map(|at| at + WANTED.len()),
        other => WANTED.iter().position(|&known| known == other),
    };
    number.unwrap_or_default() as u8
}

fn expected(number: u8) -> Option<Expected> {
    let number = usize::from(number);
    WANTED.get(number).copied().or_else(|| {
        let kind = Kind::ALL.get(number.checked_sub(WANTED.len())?)?;
        Some(Expected::Token(TokenKind(*kind)))
    })
}

/// None where there is one that is not kept.
pub(super) fn write(diagnostics: &[Diagnostic], out: &mut Writer) -> Option<()> {
    out.len(diagnostics.len());
    for Diagnostic { file, span, problem } in diagnostics {
        let (tag, number, a, b, like) = parts(problem)?;
        out.u32(file.0);
        out.u32(span.start);
        out.u32(span.end);
        out.u8(tag);
        out.u8(number);
        out.octets(a.as_bytes());
        out.octets(b.as_bytes());
        out.octets(like.as_bytes());
    }
    Some(())
}

pub(super) fn read(mut reader: Reader<'_>, files: usize) -> Option<Vec<Diagnostic>> {
    let count = reader.len(26)?;
    let mut diagnostics = Vec::with_capacity(count);
    for _ in 0..count {
        let file = FileId(reader.below(files)?);
        let span = Span { start: reader.u32()?, end: reader.u32()? };
        let (tag, number) = (reader.u8()?, reader.u8()?);
        let (a, b, like) = (reader.text()?, reader.text()?, reader.text()?);
        let problem = problem(tag, number, a, b, like)?;
        diagnostics.push(Diagnostic { file, span, problem });
    }
    Some(diagnostics)
}

/// One of each that can be kept.
#[cfg(test)]
pub(crate) fn every_problem() -> impl Iterator<Item = Problem> {
    (0..=u8::MAX).map_while(|tag| problem(tag, 3, "a", "b", "END"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_comes_back() {
        for tag in 0..=27 {
            let known = problem(tag, 3, "a", "b", "END").expect("a problem of each tag");
            let (again, number, a, b, like) = parts(&known).expect("its parts");
            assert_eq!(again, tag);
            assert_eq!(problem(again, number, a, b, like), Some(known));
        }
        assert_eq!(problem(28, 0, "", "", ""), None);
        for number in 0..(WANTED.len() + Kind::ALL.len()) as u8 {
            assert_eq!(expected(number).map(expected_number), Some(number));
        }
    }
}
