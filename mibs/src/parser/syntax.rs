//! Types: what stands behind SYNTAX and in type assignments.

use nom::{
    Parser,
    branch::alt,
    combinator::{map, opt},
    multi::separated_list1,
    sequence::{delimited, pair, preceded, separated_pair},
};

use super::{
    clause::begins_clause,
    input::{Parsed, Tokens, token},
    is_definition,
    value::{bound, name, signed_number},
};
use crate::{
    ast::{Constraint, Id, Interval, Label, Member, Name, Shape, Slice, Syntax},
    diagnostic::{Expected, Problem, TokenKind},
    lexer::Kind,
    source::decode,
};

/// A type in its pool.
pub(super) fn kept_syntax(input: Tokens<'_>) -> Parsed<'_, Id<Syntax>> {
    map(syntax, |syntax| input.add(syntax)).parse(input)
}

/// A type with its sub-typing or labels.
fn syntax(input: Tokens<'_>) -> Parsed<'_, Syntax> {
    let (after, shape) = shape(input)?;
    let (after, labels) = match (&shape, after.kind(0)) {
        (Shape::Integer | Shape::Bits | Shape::Named { .. }, Some(Kind::LeftBrace)) => {
            labels(after)?
        }
        _ => (after, Slice::default()),
    };
    // The first bound, behind `(` or `(SIZE (`.
    let opening = if after.kind(1) == Some(Kind::Size) { 3 } else { 1 };
    let constraint_start = after.skip(opening).here().start;
    let (after, constraint) = match after.kind(0) {
        Some(Kind::LeftParenthesis) => map(constraint, Some).parse(after)?,
        _ => (after, None),
    };
    Ok((after, Syntax { start: input.here().start, constraint_start, shape, constraint, labels }))
}

fn shape(input: Tokens<'_>) -> Parsed<'_, Shape> {
    match (input.kind(0), input.kind(1)) {
        (Some(Kind::Integer), _) => Ok((input.skip(1), Shape::Integer)),
        (Some(Kind::Octet), Some(Kind::String)) => Ok((input.skip(2), Shape::OctetString)),
        (Some(Kind::Object), Some(Kind::Identifier)) => {
            Ok((input.skip(2), Shape::ObjectIdentifier))
        }
        (Some(Kind::Bits), _) => Ok((input.skip(1), Shape::Bits)),
        (Some(Kind::Null), _) => Ok((input.skip(1), Shape::Null)),
        (Some(Kind::Sequence), Some(Kind::Of)) => map(name, Shape::SequenceOf).parse(input.skip(2)),
        (Some(Kind::Sequence), _) => map(members, Shape::Sequence).parse(input.skip(1)),
        (Some(Kind::Choice), _) => map(members, |_| Shape::Choice).parse(input.skip(1)),
        (Some(Kind::Upper), Some(Kind::Dot)) => {
            map(separated_pair(name, token(Kind::Dot), name), |(module, name)| Shape::Named {
                module: Some(module.symbol),
                name,
            })
            .parse(input)
        }
        (Some(Kind::Upper | Kind::Lower), _) => {
            map(name, |name| Shape::Named { module: None, name }).parse(input)
        }
        _ => input.refuse(Expected::Type),
    }
}

/// `{ up(1), down(2) }`; a comma may be missing or one too many, or a semicolon.
fn labels(input: Tokens<'_>) -> Parsed<'_, Slice<Label>> {
    let (mut input, _) = token(Kind::LeftBrace)(input)?;
    let begin = input.mark::<Label>();
    let mut needs_comma = false;
    loop {
        match input.kind(0) {
            Some(Kind::RightBrace) => return Ok((input.skip(1), input.since(begin))),
            Some(Kind::Comma) => {
                if input.kind(1) == Some(Kind::RightBrace) {
                    input.report(input.here(), Problem::TrailingComma);
                }
                needs_comma = false;
                input = input.skip(1);
            }
            // The brace was forgotten.
            Some(kind)
                if is_definition(&input)
                    || begins_clause(kind) && input.kind(1) != Some(Kind::LeftParenthesis) =>
            {
                let expected = Expected::Token(TokenKind(Kind::RightBrace));
                input.report_unexpected(input.here(), expected);
                return Ok((input, input.since(begin)));
            }
            Some(Kind::Semicolon) => {
                let expected = Expected::Token(TokenKind(Kind::Comma));
                input.report_unexpected(input.here(), expected);
                needs_comma = false;
                input = input.skip(1);
            }
            _ => {
                if needs_comma && input.kind(1) == Some(Kind::LeftParenthesis) {
                    input.report(input.here(), Problem::MissingComma);
                }
                if let Some(first) = input.first().filter(|first| first.kind == Kind::Upper) {
                    let name = decode(input.slice(first.span)).into();
                    input.report(first.span, Problem::CapitalLabel { name });
                }
                let number = delimited(
                    token(Kind::LeftParenthesis),
                    signed_number,
                    token(Kind::RightParenthesis),
                );
                let (after, (name, number)) = pair(label_name, number).parse(input)?;
                input.add(Label { name, number });
                needs_comma = true;
                input = after;
            }
        }
    }
}

/// Some modules use reserved words and capitals as labels.
fn label_name(input: Tokens<'_>) -> Parsed<'_, Name> {
    match input.first() {
        Some(token) if token.kind.is_word() => Ok((input.skip(1), token.name())),
        _ => input.refuse(Expected::Name),
    }
}

/// `(1..10 | 20)` or `(SIZE (0..255))`.
fn constraint(input: Tokens<'_>) -> Parsed<'_, Constraint> {
    let size = preceded(token(Kind::Size), intervals);
    delimited(
        token(Kind::LeftParenthesis),
        alt((map(size, Constraint::Size), map(interval_list, Constraint::Range))),
        token(Kind::RightParenthesis),
    )
    .parse(input)
}

fn intervals(input: Tokens<'_>) -> Parsed<'_, Slice<Interval>> {
    delimited(token(Kind::LeftParenthesis), interval_list, token(Kind::RightParenthesis))
        .parse(input)
}

fn interval_list(input: Tokens<'_>) -> Parsed<'_, Slice<Interval>> {
    let begin = input.mark::<Interval>();
    let interval = map(pair(bound, opt(preceded(token(Kind::Range), bound))), |(low, high)| {
        input.add::<Interval>((low, high.unwrap_or(low)));
    });
    let (after, _) = separated_list1(token(Kind::Bar), interval).parse(input)?;
    Ok((after, input.since(begin)))
}

/// The members of a SEQUENCE or CHOICE. What a row's SEQUENCE repeats of its
/// columns' types is skipped: the columns say it themselves.
fn members(input: Tokens<'_>) -> Parsed<'_, Slice<Member>> {
    let (mut input, _) = token(Kind::LeftBrace)(input)?;
    let begin = input.mark::<Member>();
    loop {
        match input.kind(0) {
            Some(Kind::RightBrace) => return Ok((input.skip(1), input.since(begin))),
            Some(Kind::Comma) => input = input.skip(1),
            _ if is_definition(&input) => {
                return input.refuse(Expected::Token(TokenKind(Kind::RightBrace)));
            }
            _ => {
                let (after, name) = label_name(input)?;
                let mut end = end_of_member(after);
                if let Some(short) = end_without_comma(after).filter(|&short| short < end) {
                    let last = after.skip(short.saturating_sub(1)).here();
                    input.report(last, Problem::MissingComma);
                    end = short;
                }
                let after_syntax = after.skip(end);
                if after_syntax.rest.len() == after.rest.len() {
                    return after.refuse(Expected::Type);
                }
                let syntax = after.first().map_or(name, |token| token.name());
                input.add(Member { name, syntax });
                input = after_syntax;
            }
        }
    }
}

/// The number of tokens of a type of one or two words, where the next member stands
/// right behind it.
fn end_without_comma(input: Tokens<'_>) -> Option<usize> {
    let words = match (input.kind(0)?, input.kind(1)?) {
        (Kind::Octet, Kind::String) | (Kind::Object, Kind::Identifier) => 2,
        (Kind::Upper | Kind::Integer | Kind::Bits, _) => 1,
        _ => return None,
    };
    let is_member = input.kind(words) == Some(Kind::Lower)
        && matches!(
            input.kind(words + 1),
            Some(Kind::Upper | Kind::Integer | Kind::Bits | Kind::Octet | Kind::Object)
        );
    is_member.then_some(words)
}

/// The number of tokens up to the comma or brace that ends a member. Depth is
/// counted and not recursed into, so that nesting costs nothing. Where a clause
/// or a definition begins, the closing brace was forgotten; looking further
/// would make every such member a search to the end of the file.
fn end_of_member(input: Tokens<'_>) -> usize {
    let mut depth = 0_usize;
    let mut rest = input;
    while let Some(kind) = rest.kind(0) {
        match kind {
            Kind::LeftBrace | Kind::LeftParenthesis => depth += 1,
            Kind::RightBrace | Kind::RightParenthesis if depth > 0 => depth -= 1,
            Kind::RightBrace | Kind::Comma if depth == 0 => break,
            Kind::Assign => break,
            kind if begins_clause(kind) || is_definition(&rest) => break,
            _ => {}
        }
        rest = rest.skip(1);
    }
    input.rest.len() - rest.rest.len()
}
