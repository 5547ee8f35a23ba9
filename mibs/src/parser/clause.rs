//! The clauses of macros.
//!
//! All macros share one set of clauses, read in whatever order they come. What
//! belongs where is judged later, with everything at hand; so a misplaced or
//! broken clause costs that clause and not the definition.

use nom::{Parser, combinator::map};

use super::{
    input::{Parsed, Tokens, token},
    is_bare_value, is_definition,
    syntax::kept_syntax,
    value::{defval, enterprise, name, names, short_text, text},
};
use crate::{
    ast::{Clause, IndexItem, Name, Slice},
    diagnostic::{Expected, TokenKind},
    lexer::Kind,
};

/// All clauses up to `::=`, the end of the module, or the next definition.
pub(super) fn clauses(mut input: Tokens<'_>) -> (Tokens<'_>, Slice<Clause>) {
    let begin = input.mark::<Clause>();
    loop {
        match input.kind(0) {
            None | Some(Kind::Assign | Kind::End) => return (input, input.since(begin)),
            _ if is_definition(&input) || is_bare_value(&input) => {
                return (input, input.since(begin));
            }
            _ => {}
        }
        match clause(input) {
            Ok((after, clause)) => {
                input.add(clause);
                input = after;
            }
            Err(nom::Err::Error(refusal) | nom::Err::Failure(refusal)) => {
                input.report_unexpected(refusal.span, refusal.expected);
                input.add(Clause::Broken);
                input = next_clause(input.skip(1));
            }
            Err(nom::Err::Incomplete(_)) => return (input, input.since(begin)),
        }
    }
}

/// Skips to where reading can go on. The search begins right behind the broken
/// clause's first word: what it took before it failed may have been the
/// beginning of the next definition.
fn next_clause(mut input: Tokens<'_>) -> Tokens<'_> {
    loop {
        match input.kind(0) {
            None | Some(Kind::Assign | Kind::End) => return input,
            Some(Kind::Object) if input.kind(1) == Some(Kind::Lower) => return input,
            Some(kind) if begins_clause(kind) || is_definition(&input) => return input,
            _ => input = input.skip(1),
        }
    }
}

pub(super) fn begins_clause(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        Syntax
            | WriteSyntax
            | Units
            | Access
            | MaxAccess
            | MinAccess
            | Status
            | Description
            | Reference
            | DisplayHint
            | Index
            | Augments
            | Defval
            | Objects
            | Notifications
            | Variables
            | Enterprise
            | LastUpdated
            | Organization
            | ContactInfo
            | Revision
            | Module
            | MandatoryGroups
            | Group
            | ProductRelease
            | Supports
            | Includes
            | Variation
            | CreationRequires
    )
}

fn clause(input: Tokens<'_>) -> Parsed<'_, Clause> {
    let Some(first) = input.first() else { return input.refuse(Expected::Clause) };
    let after = input.skip(1);
    match first.kind {
        Kind::Syntax => map(kept_syntax, Clause::Syntax).parse(after),
        Kind::WriteSyntax => map(kept_syntax, Clause::WriteSyntax).parse(after),
        Kind::Units => map(map(short_text, |text| text.symbol), Clause::Units).parse(after),
        Kind::MaxAccess => map(name, Clause::Access).parse(after),
        Kind::Access => map(name, Clause::OldAccess).parse(after),
        Kind::MinAccess => map(name, Clause::MinAccess).parse(after),
        Kind::Status => map(name, Clause::Status).parse(after),
        Kind::Description => map(text, Clause::Description).parse(after),
        Kind::Reference => map(text, Clause::Reference).parse(after),
        Kind::DisplayHint => map(short_text, Clause::DisplayHint).parse(after),
        Kind::Index => map(index, Clause::Index).parse(after),
        Kind::Augments => map(augments, Clause::Augments).parse(after),
        Kind::Defval => {
            // Behind the brace.
            let start = after.skip(1).here().start;
            map(defval, |value| Clause::Defval(value, start)).parse(after)
        }
        Kind::Objects | Kind::Notifications | Kind::Variables => {
            map(names, Clause::Members).parse(after)
        }
        Kind::Enterprise => map(enterprise, Clause::Enterprise).parse(after),
        Kind::LastUpdated => map(short_text, Clause::LastUpdated).parse(after),
        Kind::Organization => map(text, Clause::Organization).parse(after),
        Kind::ContactInfo => map(text, Clause::ContactInfo).parse(after),
        Kind::Revision => map(short_text, Clause::Revision).parse(after),
        Kind::Module => Ok(compliance_module(after)),
        Kind::MandatoryGroups => map(names, Clause::MandatoryGroups).parse(after),
        Kind::Group => map(name, Clause::Group).parse(after),
        Kind::Object => map(name, Clause::Object).parse(after),
        Kind::ProductRelease => map(text, Clause::ProductRelease).parse(after),
        Kind::Supports => map(module_name, Clause::Supports).parse(after),
        Kind::Includes => map(names, Clause::Includes).parse(after),
        Kind::Variation => map(name, Clause::Variation).parse(after),
        Kind::CreationRequires => map(names, Clause::CreationRequires).parse(after),
        _ => input.refuse(Expected::Clause),
    }
}

/// `{ ifIndex, IMPLIED name }`; SMIv1 allows types in it.
fn index(input: Tokens<'_>) -> Parsed<'_, Slice<IndexItem>> {
    let (mut input, _) = token(Kind::LeftBrace)(input)?;
    let begin = input.mark::<IndexItem>();
    loop {
        match input.kind(0) {
            Some(Kind::RightBrace) => return Ok((input.skip(1), input.since(begin))),
            Some(Kind::Comma) => input = input.skip(1),
            _ => {
                let implied = input.kind(0) == Some(Kind::Implied);
                let (after, syntax) = kept_syntax(input.skip(usize::from(implied)))?;
                input.add(IndexItem { implied, syntax });
                input = after;
            }
        }
    }
}

fn augments(input: Tokens<'_>) -> Parsed<'_, Name> {
    let (after, names) = names(input)?;
    let first = input.pools.borrow()[names].first().copied();
    match first {
        Some(first) => Ok((after, first)),
        None => input.skip(1).refuse(Expected::Token(TokenKind(Kind::Lower))),
    }
}

/// A module's name, and the OID that old modules put behind it.
fn module_name(input: Tokens<'_>) -> Parsed<'_, Name> {
    let (after, name) = name(input)?;
    Ok((skip_oid(after), name))
}

/// The name behind MODULE, which the module itself does without.
fn compliance_module(input: Tokens<'_>) -> (Tokens<'_>, Clause) {
    match input.first() {
        Some(token) if token.kind == Kind::Upper => {
            (skip_oid(input.skip(1)), Clause::Module(Some(token.name())))
        }
        _ => (input, Clause::Module(None)),
    }
}

fn skip_oid(input: Tokens<'_>) -> Tokens<'_> {
    match super::value::oid_value(input) {
        Ok((after, _)) => after,
        Err(_) => input,
    }
}
