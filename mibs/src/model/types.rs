//! Types, through all textual conventions.

use std::borrow::Cow;

use super::{Mib, Module, Sequence, Status, TypeData, TypeId, unquote};
use crate::symbol::Symbol;

/// A type: a textual convention, a plain one, or a SYNTAX with sub-typing.
#[derive(Clone, Copy, Debug)]
pub struct Type<'m> {
    pub(crate) mib: &'m Mib,
    pub(crate) id: TypeId,
}

impl<'m> Type<'m> {
    fn data(&self) -> &'m TypeData {
        &self.mib.types[self.id.index()]
    }

    pub(crate) fn is_named(&self, name: Symbol) -> bool {
        self.data().name == Some(name)
    }

    fn at(&self, id: Option<TypeId>) -> Option<&'m TypeData> {
        self.mib.types.get(id?.index())
    }

    /// This type and those it is refined from, itself first.
    pub fn ancestry(&self) -> impl Iterator<Item = Type<'m>> + use<'m> {
        let mib = self.mib;
        std::iter::successors(Some(*self), move |t| t.data().parent.map(|id| Type { mib, id }))
    }

    /// The name written in SYNTAX: the type's own, or of the one it refines.
    pub fn name(&self) -> &'m str {
        let named = self.ancestry().find_map(|t| t.data().name);
        named.map(|name| self.mib.symbols.text(name)).unwrap_or_default()
    }

    /// The type as it is written behind SYNTAX.
    pub fn written(&self) -> String {
        match self.data().sequence {
            Sequence::Of(row) => format!("SEQUENCE OF {}", self.mib.symbols.text(row)),
            _ => self.name().to_owned(),
        }
    }

    /// The type's own name, if it has one.
    pub fn own_name(&self) -> Option<&'m str> {
        self.data().name.map(|name| self.mib.symbols.text(name))
    }

    /// The module that defines it; none for the types of the language.
    pub fn module(&self) -> Option<Module<'m>> {
        self.data().module.map(|id| Module { mib: self.mib, id })
    }

    /// The type it refines.
    pub fn parent(&self) -> Option<Type<'m>> {
        self.data().parent.map(|id| Type { mib: self.mib, id })
    }

    /// Where it all ends.
    pub fn base(&self) -> Base {
        self.data().base
    }

    /// Whether it is a TEXTUAL-CONVENTION.
    pub fn is_textual_convention(&self) -> bool {
        self.data().textual_convention
    }

    /// Whether it is the type of a table's rows, or of a table.
    pub fn is_sequence(&self) -> bool {
        self.data().sequence != Sequence::No
    }

    /// Whether it is an enumeration.
    pub fn is_enumeration(&self) -> bool {
        self.base() == Base::Integer32 && self.labels().next().is_some()
    }

    /// The allowed values; empty for all the base can hold.
    pub fn ranges(&self) -> &'m [(i64, i64)] {
        self.at(self.data().ranges_at).map(|t| &*t.ranges).unwrap_or_default()
    }

    /// The allowed sizes; empty for any.
    pub fn sizes(&self) -> &'m [(i64, i64)] {
        self.at(self.data().sizes_at).map(|t| &*t.sizes).unwrap_or_default()
    }

    /// The one size it can have.
    pub fn fixed_size(&self) -> Option<usize> {
        match *self.sizes() {
            [(low, high)] if low == high => usize::try_from(low).ok(),
            _ => None,
        }
    }

    /// The labels of an enumeration, or of BITS.
    pub fn labels(&self) -> impl Iterator<Item = (&'m str, i64)> + use<'m> {
        let mib = self.mib;
        let labels = self.at(self.data().labels_at).map(|t| &*t.labels).unwrap_or_default();
        labels.iter().map(move |&(name, number)| (mib.symbols.text(name), number))
    }

    /// The named type that gave the labels.
    pub fn labels_type(&self) -> Option<Type<'m>> {
        let id = self.data().labels_at?;
        Some(Type { mib: self.mib, id })
    }

    /// DISPLAY-HINT, of this type or the nearest it refines.
    pub fn hint(&self) -> Option<Cow<'m, str>> {
        let data = self.at(self.data().hint_at)?;
        Some(Cow::Borrowed(self.mib.symbols.text(data.hint?)))
    }

    /// DESCRIPTION.
    pub fn description(&self) -> Option<Cow<'m, str>> {
        let file = self.module()?.file();
        self.data().description.map(|span| unquote(self.mib.text(file, span)))
    }

    /// STATUS.
    pub fn status(&self) -> Option<Status> {
        self.data().status
    }

    /// Whether its octets are text: DisplayString and what is refined from it,
    /// and whatever has a hint such as `255t` or `32a`.
    pub fn is_text(&self) -> bool {
        if self.base() != Base::OctetString {
            return false;
        }
        let by_hint = self.hint().is_some_and(|hint| {
            hint.strip_suffix(['a', 't'])
                .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
        });
        by_hint || self.is_a("DisplayString")
    }

    /// Whether it is, or is refined from, the type of this name.
    pub fn is_a(&self, name: &str) -> bool {
        self.ancestry().take(32).any(|t| t.own_name() == Some(name))
    }

    pub(crate) fn is_network_address(&self) -> bool {
        self.data().network_address
    }
}

/// The type a syntax ends at, through all textual conventions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Base {
    Integer32,
    Unsigned32,
    Gauge32,
    Counter32,
    Counter64,
    TimeTicks,
    OctetString,
    ObjectIdentifier,
    IpAddress,
    Opaque,
    Bits,
    /// A SEQUENCE, a CHOICE, NULL, or a type that is not known.
    None,
}

impl Base {
    /// As the standard writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integer32 => "Integer32",
            Self::Unsigned32 => "Unsigned32",
            Self::Gauge32 => "Gauge32",
            Self::Counter32 => "Counter32",
            Self::Counter64 => "Counter64",
            Self::TimeTicks => "TimeTicks",
            Self::OctetString => "OctetString",
            Self::ObjectIdentifier => "ObjectIdentifier",
            Self::IpAddress => "IpAddress",
            Self::Opaque => "Opaque",
            Self::Bits => "Bits",
            Self::None => "",
        }
    }

    /// The values a type of this base can have at all, where it is a number.
    pub fn limits(self) -> Option<(i64, i64)> {
        match self {
            Self::Integer32 => Some((i32::MIN.into(), i32::MAX.into())),
            Self::Unsigned32 | Self::Gauge32 | Self::Counter32 | Self::TimeTicks => {
                Some((0, u32::MAX.into()))
            }
            Self::Counter64 => Some((0, i64::MAX)),
            _ => None,
        }
    }
}
