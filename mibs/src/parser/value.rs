//! Names, numbers, lists, OBJECT IDENTIFIER values and defaults.

use nom::{
    Parser,
    combinator::map,
    sequence::{delimited, preceded},
};

use super::{
    input::{Parsed, Tokens, token, word},
    is_definition,
};
use crate::{
    ast::{Defval, Id, Name, OidPart, OidValue, Slice},
    diagnostic::{Expected, Problem, TokenKind},
    lexer::Kind,
    model::unquote,
    source::{Span, decode},
};

/// A descriptor, or a type's or module's name.
pub(super) fn name(input: Tokens<'_>) -> Parsed<'_, Name> {
    match input.first() {
        Some(token) if matches!(token.kind, Kind::Lower | Kind::Upper) => {
            Ok((input.skip(1), token.name()))
        }
        _ => input.refuse(Expected::Name),
    }
}

pub(super) fn text(input: Tokens<'_>) -> Parsed<'_, Span> {
    token(Kind::Text)(input)
}

/// A text that is kept as a word.
pub(super) fn short_text(input: Tokens<'_>) -> Parsed<'_, Name> {
    word(Kind::Text)(input)
}

/// `{ a, b, c }`; commas may be missing.
pub(super) fn names(input: Tokens<'_>) -> Parsed<'_, Slice<Name>> {
    let (mut input, _) = token(Kind::LeftBrace)(input)?;
    let begin = input.mark::<Name>();
    loop {
        match input.kind(0) {
            Some(Kind::RightBrace) => return Ok((input.skip(1), input.since(begin))),
            Some(Kind::Comma) => input = input.skip(1),
            _ => {
                let (mut after, mut span) = name(input)?;
                // `MODULE.name`
                if let (Some(Kind::Dot), Some(Kind::Lower)) = (after.kind(0), after.kind(1)) {
                    (after, span) = name(after.skip(1))?;
                }
                input.add(span);
                input = after;
            }
        }
    }
}

/// A number with its sign; one out of range is reported and clamped.
pub(super) fn signed_number(input: Tokens<'_>) -> Parsed<'_, i64> {
    match input.first() {
        Some(token) if matches!(token.kind, Kind::Number | Kind::Negative) => {
            Ok((input.skip(1), decimal(&input, token.span)))
        }
        _ => input.refuse(Expected::Token(TokenKind(Kind::Number))),
    }
}

fn decimal(input: &Tokens<'_>, span: Span) -> i64 {
    let digits = std::str::from_utf8(input.slice(span)).unwrap_or_default();
    digits.parse().unwrap_or_else(|_| match digits.parse::<u64>() {
        // The top of Counter64's range; i64 holds what any other type can.
        Ok(_) => i64::MAX,
        Err(_) => {
            input.report(span, Problem::NumberTooLarge);
            if digits.starts_with('-') { i64::MIN } else { i64::MAX }
        }
    })
}

/// One end of an interval.
pub(super) fn bound(input: Tokens<'_>) -> Parsed<'_, i64> {
    match input.first() {
        Some(token) => match token.kind {
            Kind::Number | Kind::Negative => signed_number(input),
            Kind::Hex => Ok((input.skip(1), radix(&input, token.span, 16))),
            Kind::Binary => Ok((input.skip(1), radix(&input, token.span, 2))),
            Kind::Min => Ok((input.skip(1), i64::MIN)),
            Kind::Max => Ok((input.skip(1), i64::MAX)),
            _ => input.refuse(Expected::Bound),
        },
        None => input.refuse(Expected::Bound),
    }
}

fn radix(input: &Tokens<'_>, span: Span, radix: u32) -> i64 {
    let digits = input.slice(span).iter().filter_map(|&b| char::from(b).to_digit(radix));
    // Behind the closing quote stands the radix's letter, and `B` is a digit.
    let inside = input.slice(span).iter().filter(|b| b.is_ascii_alphanumeric()).count();
    digits.take(inside.saturating_sub(1)).fold(0_i64, |number, digit| {
        number.saturating_mul(i64::from(radix)).saturating_add(i64::from(digit))
    })
}

/// `{ parent 1 }`, `{ iso org(3) dod(6) }`, `{ 0 0 }`.
pub(super) fn oid_value(input: Tokens<'_>) -> Parsed<'_, OidValue> {
    let (inside, _) = token(Kind::LeftBrace)(input)?;
    let (behind, (parts, last)) = oid_parts(inside)?;
    let after = match behind.kind(0) {
        Some(Kind::RightBrace) => behind.skip(1),
        // The next definition says that this one has ended.
        _ => {
            let expected = Expected::Token(TokenKind(Kind::RightBrace));
            let end = input.until(&behind).end;
            let span = Span { start: end.saturating_sub(1), end };
            input.report_unexpected(span, expected);
            behind
        }
    };
    Ok((after, OidValue { parts, last, span: input.until(&after) }))
}

fn oid_parts(input: Tokens<'_>) -> Parsed<'_, (Slice<OidPart>, u32)> {
    let begin = input.mark::<OidPart>();
    let mut is_first = true;
    let mut last = input.here().start;
    let mut rest = input;
    while !matches!(rest.kind(0), Some(Kind::RightBrace) | None) {
        if !is_first && (is_definition(&rest) || rest.kind(0) == Some(Kind::End)) {
            break;
        }
        last = rest.here().start;
        let (after, part) = oid_part(rest)?;
        input.add(part);
        is_first = false;
        rest = after;
        // Some write commas or dots between the parts.
        while let Some(Kind::Comma | Kind::Dot) = rest.kind(0) {
            rest = rest.skip(1);
        }
    }
    match is_first {
        true => rest.refuse(Expected::OidValue),
        false => Ok((rest, (input.since(begin), last))),
    }
}

fn oid_part(input: Tokens<'_>) -> Parsed<'_, OidPart> {
    let part = |module, name, number| OidPart { module, name, number };
    if let Some(Kind::Number) = input.kind(0) {
        let (after, number) = arc(input)?;
        return Ok((after, part(None, None, Some(number))));
    }
    let (mut after, mut label) = match input.first() {
        Some(token) if token.kind.is_word() => (input.skip(1), token.name()),
        _ => return input.refuse(Expected::OidValue),
    };
    let mut module = None;
    if let (Some(Kind::Upper), Some(Kind::Dot), Some(Kind::Lower)) =
        (input.kind(0), after.kind(0), after.kind(1))
    {
        module = Some(label.symbol);
        (after, label) = name(after.skip(1))?;
    }
    if let Some(Kind::LeftParenthesis) = after.kind(0) {
        let (after, number) =
            delimited(token(Kind::LeftParenthesis), arc, token(Kind::RightParenthesis))
                .parse(after)?;
        return Ok((after, part(module, Some(label), Some(number))));
    }
    Ok((after, part(module, Some(label), None)))
}

/// A sub-identifier.
fn arc(input: Tokens<'_>) -> Parsed<'_, u32> {
    let (after, number) = signed_number(input)?;
    let arc = u32::try_from(number).unwrap_or_else(|_| {
        input.report(input.here(), Problem::NumberTooLarge);
        u32::MAX
    });
    Ok((after, arc))
}

/// The number behind a TRAP-TYPE, as an OID value of one part.
pub(super) fn trap_number(input: Tokens<'_>) -> Parsed<'_, OidValue> {
    map(arc, |number| {
        let span = input.here();
        let part = OidPart { module: None, name: None, number: Some(number) };
        OidValue { parts: one_part(&input, part), last: span.start, span }
    })
    .parse(input)
}

/// An enterprise: a name, or a value in braces.
pub(super) fn enterprise(input: Tokens<'_>) -> Parsed<'_, Id<OidValue>> {
    if let Some(Kind::LeftBrace) = input.kind(0) {
        return map(oid_value, |value| input.add(value)).parse(input);
    }
    map(name, |name| {
        let span = input.here();
        let part = OidPart { module: None, name: Some(name), number: None };
        input.add(OidValue { parts: one_part(&input, part), last: span.start, span })
    })
    .parse(input)
}

fn one_part(input: &Tokens<'_>, part: OidPart) -> Slice<OidPart> {
    let begin = input.mark::<OidPart>();
    input.add(part);
    input.since(begin)
}

/// `DEFVAL`'s `{ value }`.
pub(super) fn defval(input: Tokens<'_>) -> Parsed<'_, Id<Defval>> {
    let value = map(default_value, |value| input.add(value));
    delimited(token(Kind::LeftBrace), value, token(Kind::RightBrace)).parse(input)
}

fn default_value(input: Tokens<'_>) -> Parsed<'_, Defval> {
    let Some(first) = input.first() else { return input.refuse(Expected::Value) };
    let one = |defval| Ok((input.skip(1), defval));
    match first.kind {
        Kind::Number | Kind::Negative => map(signed_number, Defval::Number).parse(input),
        Kind::Text => {
            let text = unquote(input.slice(first.span)).into_owned();
            one(Defval::Text(text.into_bytes().into()))
        }
        Kind::Hex => one(Defval::Hex(digits(&input, first.span))),
        Kind::Binary => one(Defval::Binary(digits(&input, first.span))),
        Kind::RightBrace => Ok((input, Defval::Bits(Slice::default()))),
        Kind::LeftBrace => match (input.kind(1), input.kind(2)) {
            (Some(Kind::RightBrace), _) => Ok((input.skip(2), Defval::Bits(Slice::default()))),
            (Some(kind), Some(Kind::Comma | Kind::RightBrace)) if kind.is_word() => {
                map(names, Defval::Bits).parse(input)
            }
            _ => map(oid_value, Defval::Oid).parse(input),
        },
        // A list of bits without braces of its own, which some modules have.
        kind if kind.is_word() => match input.kind(1) {
            Some(Kind::Comma) => bare_bits(input),
            _ => one(Defval::Name(first.name())),
        },
        _ => input.refuse(Expected::Value),
    }
}

/// What stands between the quotes of a hexadecimal or binary string.
fn digits(input: &Tokens<'_>, span: Span) -> Box<str> {
    let text = decode(input.slice(span));
    text.split('\'').nth(1).unwrap_or_default().into()
}

fn bare_bits(input: Tokens<'_>) -> Parsed<'_, Defval> {
    let begin = input.mark::<Name>();
    let one = map(name, |name| {
        input.add(name);
    });
    let (after, _) = nom::multi::separated_list1(token(Kind::Comma), one).parse(input)?;
    Ok((after, Defval::Bits(input.since(begin))))
}

/// `[APPLICATION 3] IMPLICIT`, which only base modules have.
pub(super) fn tag(input: Tokens<'_>) -> Parsed<'_, Option<u32>> {
    if input.kind(0) != Some(Kind::LeftBracket) {
        return Ok((input, None));
    }
    let (after, number) =
        delimited(token(Kind::LeftBracket), preceded(class, arc), token(Kind::RightBracket))
            .parse(input)?;
    match after.kind(0) {
        Some(Kind::Implicit | Kind::Explicit) => Ok((after.skip(1), Some(number))),
        _ => Ok((after, Some(number))),
    }
}

fn class(input: Tokens<'_>) -> Parsed<'_, ()> {
    match input.kind(0) {
        Some(Kind::Application | Kind::Universal) => Ok((input.skip(1), ())),
        _ => Ok((input, ())),
    }
}
