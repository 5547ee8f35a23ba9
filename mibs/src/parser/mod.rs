//! Tokens to a syntax tree.
//!
//! Each definition is read on its own; a broken one is reported and reading
//! goes on at the next thing that looks like the beginning of a definition.
//! Every token is looked at a bounded number of times and nothing recurses, so
//! that time is linear and the stack flat whatever the input.

mod clause;
mod input;
mod syntax;
mod value;

use std::cell::RefCell;

use crate::{
    ast::{Body, Definition, Import, Invocation, Module, Name, Pools},
    diagnostic::{Expected, Problem, TokenKind},
    lexer::{Kind, Token, tokenize},
    source::{Span, decode},
    symbol::{SharedSymbols, Symbol, Words},
};
use input::{Parsed, Refusal, Tokens, token};

/// What one file holds.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub modules: Vec<Module>,
    pub problems: Vec<(Span, Problem)>,
}

impl File {
    /// What there is of a file that cannot be read.
    pub fn unreadable(error: &std::io::Error) -> Self {
        let problem = Problem::Unreadable { cause: error.to_string().into() };
        Self { modules: Vec::new(), problems: vec![(Span::default(), problem)] }
    }
}

/// What a thread keeps from one file to the next.
#[derive(Debug)]
pub(crate) struct Desk<'s> {
    words: Words<'s>,
    /// Memory for tokens and lists, used again.
    tokens: Vec<Token>,
    pools: RefCell<Pools>,
}

impl<'s> Desk<'s> {
    pub fn new(symbols: &'s SharedSymbols) -> Self {
        Self { words: Words::new(symbols), tokens: Vec::new(), pools: RefCell::default() }
    }
}

/// Reads a file, whatever is in it.
pub(crate) fn parse_file(text: &[u8], desk: &mut Desk<'_>) -> File {
    let Desk { words, tokens, pools } = desk;
    let problems = tokenize(text, words, tokens);
    let log = RefCell::new(problems);
    let mut input = Tokens { rest: tokens, text, log: &log, pools };
    let mut modules = Vec::new();
    while let Some(header) = next_header(input) {
        let (after, module) = module(header);
        modules.push(module);
        input = after;
    }
    if modules.is_empty() {
        input.report(Span::default(), Problem::NoModule);
    }
    File { modules, problems: log.into_inner() }
}

/// Skips to a module's name; between modules anything may stand.
fn next_header(mut input: Tokens<'_>) -> Option<Tokens<'_>> {
    while !input.rest.is_empty() {
        if is_header(&input) {
            return Some(input);
        }
        input = input.skip(1);
    }
    None
}

/// `NAME DEFINITIONS`, with the module's OID between the two in old modules.
fn is_header(input: &Tokens<'_>) -> bool {
    if !matches!(input.kind(0), Some(Kind::Upper | Kind::Lower)) {
        return false;
    }
    match input.kind(1) {
        Some(Kind::Definitions) => true,
        Some(Kind::LeftBrace) => {
            // No longer than an OID can be.
            let oid = input.rest.iter().take(260).position(|t| t.kind == Kind::RightBrace);
            oid.is_some_and(|end| input.kind(end + 1) == Some(Kind::Definitions))
        }
        _ => false,
    }
}

fn module(header: Tokens<'_>) -> (Tokens<'_>, Module) {
    let span = header.here();
    let name =
        header.first().map_or(Name { symbol: Symbol::NONE, start: span.start }, |t| t.name());
    // What stands between the name and BEGIN says nothing.
    let begin = header.rest.iter().take(300).position(|t| t.kind == Kind::Begin);
    let input = header.skip(begin.map_or(2, |at| at + 1));
    let mut module = Module {
        name,
        imports: Vec::new(),
        definitions: Vec::new(),
        broken: Vec::new(),
        end: 0,
        pools: Pools::default(),
    };
    let after = body(input, span, &mut module);
    module.definitions.shrink_to_fit();
    module.pools = after.pools.borrow_mut().drain();
    (after, module)
}

/// All up to END.
fn body<'a>(mut input: Tokens<'a>, name: Span, module: &mut Module) -> Tokens<'a> {
    loop {
        module.end = input.here().start;
        match input.kind(0) {
            Some(Kind::End) => return input.skip(1),
            Some(Kind::Imports) => input = imports(input.skip(1), &mut module.imports),
            Some(Kind::Exports) => input = skip_exports(input),
            Some(_) if !is_header(&input) => match definition(input) {
                Ok((after, definition)) => {
                    module.definitions.push(definition);
                    input = after;
                }
                Err(error) => {
                    report(&input, &error);
                    if let Some(name) = input.first().filter(|_| is_broken_definition(&input)) {
                        module.broken.push(name.symbol);
                    }
                    input = next_definition(input.skip(1));
                }
            },
            _ => {
                // A string that goes on to the end of the file has it in itself.
                let is_inside = |(_, problem): &_| matches!(problem, Problem::UnterminatedText);
                let is_swallowed = input.log.borrow().iter().any(is_inside);
                if !is_swallowed {
                    let module = decode(input.slice(name)).into();
                    input.report(name, Problem::MissingEnd { module });
                }
                return input;
            }
        }
    }
}

fn report(input: &Tokens<'_>, error: &nom::Err<Refusal>) {
    if let nom::Err::Error(refusal) | nom::Err::Failure(refusal) = error {
        input.report_unexpected(refusal.span, refusal.expected);
    }
}

/// `IMPORTS a, b FROM C …;`
fn imports<'a>(mut input: Tokens<'a>, imports: &mut Vec<Import>) -> Tokens<'a> {
    let mut begin = input.mark::<Name>();
    let mut is_empty = true;
    let mut is_behind_comma = false;
    loop {
        let Some(first) = input.first() else { return input };
        let behind_comma = std::mem::replace(&mut is_behind_comma, first.kind == Kind::Comma);
        match first.kind {
            Kind::Semicolon => return input.skip(1),
            Kind::Comma => input = input.skip(1),
            Kind::From => {
                input = input.skip(1);
                let Some(module) = input.first().filter(|token| token.kind.is_word()) else {
                    let expected = Expected::Token(TokenKind(Kind::Upper));
                    input.report_unexpected(input.here(), expected);
                    continue;
                };
                imports.push(Import { symbols: input.since(begin), module: module.name() });
                begin = input.mark::<Name>();
                is_empty = true;
                input = input.skip(1);
            }
            // The semicolon was forgotten.
            _ if is_empty && is_definition(&input) => {
                let expected = Expected::Token(TokenKind(Kind::Semicolon));
                input.report_unexpected(input.here(), expected);
                return input;
            }
            Kind::Upper if !is_empty && is_module_without_from(&input, behind_comma) => {
                let expected = Expected::Token(TokenKind(Kind::From));
                input.report_unexpected(input.here(), expected);
                imports.push(Import { symbols: input.since(begin), module: first.name() });
                begin = input.mark::<Name>();
                is_empty = true;
                input = input.skip(1);
            }
            kind if kind.is_word() && kind != Kind::End => {
                input.add(first.name());
                is_empty = false;
                input = input.skip(1);
            }
            _ => {
                let expected = Expected::Token(TokenKind(Kind::Semicolon));
                input.report_unexpected(input.here(), expected);
                return next_definition(input.skip(1));
            }
        }
    }
}

/// Whether a word between two others, with no comma on either side, is a module
/// whose FROM was forgotten.
fn is_module_without_from(input: &Tokens<'_>, behind_comma: bool) -> bool {
    !behind_comma
        && match input.kind(1) {
            Some(Kind::Semicolon) => true,
            Some(kind) => kind.is_word() && kind != Kind::From,
            None => false,
        }
}

fn skip_exports(input: Tokens<'_>) -> Tokens<'_> {
    let input = input.skip(1);
    let ends = |kind| matches!(kind, Kind::Semicolon | Kind::Imports | Kind::Exports);
    match input.rest.iter().position(|token| ends(token.kind)) {
        Some(at) if input.kind(at) == Some(Kind::Semicolon) => input.skip(at + 1),
        _ => next_definition(input),
    }
}

/// Whether the next tokens look like the beginning of a definition, so much so
/// that whatever came before must have ended.
fn is_definition(input: &Tokens<'_>) -> bool {
    let (Some(first), Some(second)) = (input.kind(0), input.kind(1)) else { return false };
    match second {
        Kind::Macro => first.is_word(),
        _ if !matches!(first, Kind::Lower | Kind::Upper) => false,
        // SYNTAX Foo ::= { … } ends a definition, Foo ::= INTEGER begins one.
        Kind::Assign => first == Kind::Upper && input.kind(2) != Some(Kind::LeftBrace),
        Kind::Object => {
            input.kind(2) == Some(Kind::Identifier) && input.kind(3) == Some(Kind::Assign)
        }
        Kind::Definitions => true,
        _ => Invocation::of(second).is_some(),
    }
}

/// Whether something was to be defined here, in a macro that nobody knows perhaps.
fn is_broken_definition(input: &Tokens<'_>) -> bool {
    let is_macro = |kind| kind == Kind::Upper;
    is_definition(input)
        || (input.kind(0) == Some(Kind::Lower)
            && input.kind(1).is_some_and(is_macro)
            && input.kind(2).is_some_and(clause::begins_clause))
}

fn next_definition(mut input: Tokens<'_>) -> Tokens<'_> {
    loop {
        match input.kind(0) {
            None | Some(Kind::End | Kind::Imports | Kind::Exports) => return input,
            _ if is_definition(&input) => return input,
            _ => input = input.skip(1),
        }
    }
}

fn definition(input: Tokens<'_>) -> Parsed<'_, Definition> {
    let (Some(name), Some(second)) = (input.first(), input.kind(1)) else {
        return input.refuse(Expected::Definition);
    };
    if !name.kind.is_word() {
        return input.refuse(Expected::Definition);
    }
    let after = input.skip(2);
    let (after, body) = match second {
        Kind::Macro => (skip_macro(after), Body::Macro),
        _ if name.kind.is_keyword() && Invocation::of(second).is_none() => {
            return input.refuse(Expected::Definition);
        }
        Kind::Assign => assignment(after)?,
        Kind::Object if after.kind(0) == Some(Kind::Identifier) => {
            let (after, ()) = assign(after.skip(1))?;
            let (after, value) = value::oid_value(after)?;
            (after, Body::Value { value })
        }
        _ => match Invocation::of(second) {
            Some(kind) => invocation(after, kind)?,
            None => return input.skip(1).refuse(Expected::Definition),
        },
    };
    Ok((after, Definition { name: name.name(), body }))
}

/// `::=`, which what follows speaks for where it was forgotten.
fn assign(input: Tokens<'_>) -> Parsed<'_, ()> {
    match is_bare_value(&input) {
        true => {
            input.report_unexpected(input.here(), Expected::Token(TokenKind(Kind::Assign)));
            Ok((input, ()))
        }
        false => token(Kind::Assign)(input).map(|(after, _)| (after, ())),
    }
}

/// `{ parent 1 }`
fn is_bare_value(input: &Tokens<'_>) -> bool {
    matches!(
        (input.kind(0), input.kind(1), input.kind(2), input.kind(3)),
        (Some(Kind::LeftBrace), Some(Kind::Lower), Some(Kind::Number), Some(Kind::RightBrace))
    )
}

/// What stands behind `Name ::=`.
fn assignment(input: Tokens<'_>) -> Parsed<'_, Body> {
    if input.kind(0) == Some(Kind::TextualConvention) {
        let (after, clauses) = clause::clauses(input.skip(1));
        return Ok((after, Body::TextualConvention { clauses }));
    }
    let (input, application_tag) = value::tag(input)?;
    let (after, syntax) = syntax::kept_syntax(input)?;
    Ok((after, Body::Type { application_tag, syntax }))
}

fn invocation(input: Tokens<'_>, kind: Invocation) -> Parsed<'_, Body> {
    let (after, clauses) = clause::clauses(input);
    let (after, ()) = assign(after)?;
    let (after, value) = match kind {
        Invocation::TrapType => value::trap_number(after)?,
        _ => value::oid_value(after)?,
    };
    Ok((after, Body::Invocation { kind, clauses, value }))
}

/// A macro's text is a grammar of its own and ends with END.
fn skip_macro(input: Tokens<'_>) -> Tokens<'_> {
    let end = input.rest.iter().position(|token| token.kind == Kind::End);
    input.skip(end.map_or(input.rest.len(), |at| at + 1))
}

#[cfg(test)]
mod tests;
