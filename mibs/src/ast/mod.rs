//! The syntax tree: what is written, in the order it is written.
//!
//! Names are symbols with their places, prose is spans into the source, so that
//! the text need not stay in memory; nothing is looked up here. A macro
//! invocation keeps its clauses as a list, so that a clause in the wrong place or
//! given twice is still there to be judged.
//!
//! The trees of thousands of modules are in memory together. So whatever comes in
//! lists lies in the [`Pools`] of its module, and the tree holds places in them:
//! a clause is three words, and a module a dozen allocations.

mod pools;

pub(crate) use pools::{Id, Mark, Pooled, Pools, Slice};

use crate::{lexer::Kind, source::Span, symbol::Symbol};

/// A word that is written: what it is, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub symbol: Symbol,
    pub start: u32,
}

/// One `DEFINITIONS ::= BEGIN … END`.
#[derive(Debug)]
pub(crate) struct Module {
    pub name: Name,
    pub imports: Vec<Import>,
    pub definitions: Vec<Definition>,
    /// The names of definitions that could not be read.
    pub broken: Vec<Symbol>,
    /// Where END stands.
    pub end: u32,
    pub pools: Pools,
}

/// `a, b FROM C`.
#[derive(Debug)]
pub(crate) struct Import {
    pub symbols: Slice<Name>,
    pub module: Name,
}

/// A named definition.
#[derive(Debug)]
pub(crate) struct Definition {
    pub name: Name,
    pub body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    /// `Name ::= syntax`, with the number of an APPLICATION tag.
    Type { application_tag: Option<u32>, syntax: Id<Syntax> },
    /// `Name ::= TEXTUAL-CONVENTION clauses`.
    TextualConvention { clauses: Slice<Clause> },
    /// `name OBJECT IDENTIFIER ::= value`.
    Value { value: OidValue },
    /// `name MACRO clauses ::= value`.
    Invocation { kind: Invocation, clauses: Slice<Clause>, value: OidValue },
    /// `NAME MACRO ::= BEGIN … END`: part of the language, not of a module.
    Macro,
}

/// The macros whose value is an OBJECT IDENTIFIER, and TRAP-TYPE, whose value
/// is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    ModuleIdentity,
    ObjectIdentity,
    ObjectType,
    NotificationType,
    TrapType,
    ObjectGroup,
    NotificationGroup,
    ModuleCompliance,
    AgentCapabilities,
}

impl Invocation {
    /// The macro's name.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::ModuleIdentity => "MODULE-IDENTITY",
            Self::ObjectIdentity => "OBJECT-IDENTITY",
            Self::ObjectType => "OBJECT-TYPE",
            Self::NotificationType => "NOTIFICATION-TYPE",
            Self::TrapType => "TRAP-TYPE",
            Self::ObjectGroup => "OBJECT-GROUP",
            Self::NotificationGroup => "NOTIFICATION-GROUP",
            Self::ModuleCompliance => "MODULE-COMPLIANCE",
            Self::AgentCapabilities => "AGENT-CAPABILITIES",
        }
    }

    pub fn of(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::ModuleIdentity => Self::ModuleIdentity,
            Kind::ObjectIdentity => Self::ObjectIdentity,
            Kind::ObjectType => Self::ObjectType,
            Kind::NotificationType => Self::NotificationType,
            Kind::TrapType => Self::TrapType,
            Kind::ObjectGroup => Self::ObjectGroup,
            Kind::NotificationGroup => Self::NotificationGroup,
            Kind::ModuleCompliance => Self::ModuleCompliance,
            Kind::AgentCapabilities => Self::AgentCapabilities,
            _ => return None,
        })
    }
}

/// One clause of a macro.
#[derive(Debug)]
#[allow(dead_code, reason = "the tree holds all that is written, asked for or not")]
pub(crate) enum Clause {
    Syntax(Id<Syntax>),
    WriteSyntax(Id<Syntax>),
    Units(Symbol),
    /// MAX-ACCESS.
    Access(Name),
    /// ACCESS, as SMIv1 has it.
    OldAccess(Name),
    MinAccess(Name),
    Status(Name),
    Description(Span),
    Reference(Span),
    DisplayHint(Name),
    Index(Slice<IndexItem>),
    Augments(Name),
    /// The value, and where it stands.
    Defval(Id<Defval>, u32),
    /// OBJECTS, NOTIFICATIONS or VARIABLES.
    Members(Slice<Name>),
    Enterprise(Id<OidValue>),
    LastUpdated(Name),
    Organization(Span),
    ContactInfo(Span),
    Revision(Name),
    /// MODULE of a compliance, with the module's name where it has one.
    Module(Option<Name>),
    MandatoryGroups(Slice<Name>),
    Group(Name),
    Object(Name),
    ProductRelease(Span),
    Supports(Name),
    Includes(Slice<Name>),
    Variation(Name),
    CreationRequires(Slice<Name>),
    /// One that could not be read.
    Broken,
}

/// An object in INDEX.
#[derive(Debug)]
pub(crate) struct IndexItem {
    pub implied: bool,
    /// A name; in SMIv1 it may be a type as well.
    pub syntax: Id<Syntax>,
}

/// `{ parent 1 }`, `{ iso org(3) 6 }`, or the number of a trap.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OidValue {
    pub parts: Slice<OidPart>,
    /// Where the last part begins.
    pub last: u32,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct OidPart {
    pub module: Option<Symbol>,
    pub name: Option<Name>,
    pub number: Option<u32>,
}

#[derive(Debug)]
pub(crate) enum Defval {
    Number(i64),
    Text(Box<[u8]>),
    /// The digits.
    Hex(Box<str>),
    Binary(Box<str>),
    Name(Name),
    /// `{ a, b }`, and `{ }`.
    Bits(Slice<Name>),
    Oid(OidValue),
}

/// A type, with its sub-typing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syntax {
    pub start: u32,
    /// Where its first bound is, if it has one.
    pub constraint_start: u32,
    pub shape: Shape,
    pub constraint: Option<Constraint>,
    /// `{ a(1), b(2) }` behind INTEGER or BITS, or behind a type's name.
    pub labels: Slice<Label>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Integer,
    OctetString,
    ObjectIdentifier,
    Bits,
    Null,
    Named { module: Option<Symbol>, name: Name },
    SequenceOf(Name),
    Sequence(Slice<Member>),
    Choice,
}

/// A member of a SEQUENCE. Its type is repeated from the column, which counts.
#[derive(Debug)]
pub(crate) struct Member {
    pub name: Name,
    /// The first word of the type.
    pub syntax: Name,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    pub name: Name,
    pub number: i64,
}

/// An interval with both ends included.
pub(crate) type Interval = (i64, i64);

/// The values or the sizes that are allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Constraint {
    Range(Slice<Interval>),
    Size(Slice<Interval>),
}

impl Module {
    /// The clauses of a macro.
    pub fn clauses(&self, definition: &Definition) -> &[Clause] {
        match definition.body {
            Body::Invocation { clauses, .. } | Body::TextualConvention { clauses } => {
                &self.pools[clauses]
            }
            _ => &[],
        }
    }

    /// Whether the definition of this number is a plain value, and the other an
    /// object with the same OID.
    pub fn is_ahead(&self, plain: u32, object: &Definition) -> bool {
        let plain = self.definitions.get(plain as usize).map(|definition| &definition.body);
        let (Some(Body::Value { value: a }), Body::Invocation { value: b, .. }) =
            (plain, &object.body)
        else {
            return false;
        };
        let parts = |value: &OidValue| {
            let parts = self.pools[value.parts].iter();
            parts.map(|part| (part.name.map(|name| name.symbol), part.number)).collect::<Vec<_>>()
        };
        parts(a) == parts(b)
    }

    /// Whether a clause of a definition could not be read.
    pub fn is_broken(&self, definition: &Definition) -> bool {
        self.clauses(definition).iter().any(|clause| matches!(clause, Clause::Broken))
    }

    /// The type of a type assignment, or behind SYNTAX.
    pub fn syntax(&self, definition: &Definition) -> Option<&Syntax> {
        if let Body::Type { syntax, .. } = definition.body {
            return Some(&self.pools[syntax]);
        }
        self.clauses(definition).iter().find_map(|clause| match *clause {
            Clause::Syntax(syntax) => Some(&self.pools[syntax]),
            _ => None,
        })
    }
}
