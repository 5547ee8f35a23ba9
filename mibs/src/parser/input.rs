//! Tokens as an input of nom.

use std::{
    cell::RefCell,
    iter::{Copied, Enumerate},
    slice::Iter,
};

use nom::{IResult, Input, Needed, error::ErrorKind};

use super::clause::begins_clause;
use crate::{
    ast::{Id, Invocation, Mark, Name, Pooled, Pools, Slice},
    diagnostic::{Expected, Problem, TokenKind},
    lexer::{Kind, Token},
    source::Span,
};

/// What is left of a file's tokens, its text, the log of its problems, and where
/// lists are put.
#[derive(Clone, Copy)]
pub(crate) struct Tokens<'a> {
    pub rest: &'a [Token],
    pub text: &'a [u8],
    pub log: &'a RefCell<Vec<(Span, Problem)>>,
    pub pools: &'a RefCell<Pools>,
}

/// A parser's refusal: what it wanted, and how much was left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub span: Span,
    /// The number of tokens that were left: the smaller, the further it came.
    pub left: usize,
    pub expected: Expected,
}

pub(crate) type Parsed<'a, T> = IResult<Tokens<'a>, T, Refusal>;

impl<'a> Tokens<'a> {
    pub fn first(&self) -> Option<Token> {
        self.rest.first().copied()
    }

    /// The kind of the token `ahead` places from here.
    pub fn kind(&self, ahead: usize) -> Option<Kind> {
        self.rest.get(ahead).map(|token| token.kind)
    }

    pub fn skip(self, tokens: usize) -> Self {
        Self { rest: self.rest.get(tokens..).unwrap_or_default(), ..self }
    }

    pub fn slice(&self, span: Span) -> &'a [u8] {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Where the next token is, or the end of the text.
    pub fn here(&self) -> Span {
        let end = self.text.len() as u32;
        self.first().map_or(Span { start: end, end }, |token| token.span)
    }

    /// The span from here to the token before `after`.
    pub fn until(&self, after: &Tokens<'a>) -> Span {
        let taken = self.rest.len().saturating_sub(after.rest.len());
        let last = self.rest.get(taken.saturating_sub(1)).map_or(self.here(), |token| token.span);
        self.here().to(last)
    }

    /// Puts an element of the tree in its pool.
    pub fn add<T: Pooled>(&self, element: T) -> Id<T> {
        self.pools.borrow_mut().add(element)
    }

    /// Begins a list of the tree.
    pub fn mark<T: Pooled>(&self) -> Mark {
        self.pools.borrow().mark::<T>()
    }

    /// Ends a list of the tree.
    pub fn since<T: Pooled>(&self, mark: Mark) -> Slice<T> {
        self.pools.borrow().since(mark)
    }

    pub fn report(&self, span: Span, problem: Problem) {
        self.log.borrow_mut().push((span, problem));
    }

    /// Reports that something else should stand here, with the reserved word that was
    /// perhaps meant by what does.
    pub fn report_unexpected(&self, span: Span, expected: Expected) {
        let is_meant = |kind| match expected {
            Expected::Token(wanted) => kind == wanted.0,
            Expected::Clause => begins_clause(kind),
            Expected::Definition => Invocation::of(kind).is_some(),
            _ => false,
        };
        let word = std::str::from_utf8(self.slice(span)).unwrap_or_default();
        let like = Kind::like(word, is_meant).map(TokenKind);
        self.report(span, Problem::Unexpected { expected, like });
    }

    pub fn refuse<T>(self, expected: Expected) -> Parsed<'a, T> {
        Err(nom::Err::Error(Refusal { span: self.here(), left: self.rest.len(), expected }))
    }
}

/// One token of this kind.
pub(crate) fn token<'a>(kind: Kind) -> impl Fn(Tokens<'a>) -> Parsed<'a, Span> + Copy {
    move |input| match input.first() {
        Some(token) if token.kind == kind => Ok((input.skip(1), token.span)),
        _ => input.refuse(Expected::Token(TokenKind(kind))),
    }
}

/// One token of this kind, as the word it is or holds.
pub(crate) fn word<'a>(kind: Kind) -> impl Fn(Tokens<'a>) -> Parsed<'a, Name> + Copy {
    move |input| match input.first() {
        Some(token) if token.kind == kind => Ok((input.skip(1), token.name())),
        _ => input.refuse(Expected::Token(TokenKind(kind))),
    }
}

impl<'a> nom::error::ParseError<Tokens<'a>> for Refusal {
    fn from_error_kind(input: Tokens<'a>, _: ErrorKind) -> Self {
        Refusal { span: input.here(), left: input.rest.len(), expected: Expected::Definition }
    }

    fn append(_: Tokens<'a>, _: ErrorKind, other: Self) -> Self {
        other
    }

    /// Of two alternatives the one that came further knows better.
    fn or(self, other: Self) -> Self {
        match self.left < other.left {
            true => self,
            false => other,
        }
    }
}

impl<'a> Input for Tokens<'a> {
    type Item = Token;
    type Iter = Copied<Iter<'a, Token>>;
    type IterIndices = Enumerate<Self::Iter>;

    fn input_len(&self) -> usize {
        self.rest.len()
    }

    fn take(&self, index: usize) -> Self {
        Self { rest: self.rest.get(..index).unwrap_or(self.rest), ..*self }
    }

    fn take_from(&self, index: usize) -> Self {
        self.skip(index)
    }

    fn take_split(&self, index: usize) -> (Self, Self) {
        (self.take_from(index), self.take(index))
    }

    fn position<P: Fn(Token) -> bool>(&self, predicate: P) -> Option<usize> {
        self.rest.iter().position(|&token| predicate(token))
    }

    fn iter_elements(&self) -> Self::Iter {
        self.rest.iter().copied()
    }

    fn iter_indices(&self) -> Self::IterIndices {
        self.iter_elements().enumerate()
    }

    fn slice_index(&self, count: usize) -> Result<usize, Needed> {
        match self.rest.len().checked_sub(count) {
            Some(_) => Ok(count),
            None => Err(Needed::new(count - self.rest.len())),
        }
    }
}
