//! Nodes: everything that has an OID.

use std::borrow::Cow;

use super::{
    Access, Base, ComplianceModule, Extra, IndexItem, Mib, Module, NodeData, NodeId, Place, Prose,
    Type, unquote,
};
use crate::source::Span;

/// A definition with an OID.
#[derive(Clone, Copy)]
pub struct Node<'m> {
    pub(crate) mib: &'m Mib,
    pub(crate) id: NodeId,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}::{}", self.module().name(), self.name())
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.mib, other.mib) && self.id == other.id
    }
}

impl Eq for Node<'_> {}

impl<'m> Node<'m> {
    pub(crate) fn data(&self) -> &'m NodeData {
        &self.mib.nodes[self.id.index()]
    }

    fn place(&self) -> &'m Place {
        &self.mib.places[self.data().place.index()]
    }

    fn extra(&self) -> Option<&'m Extra> {
        self.data().extra.as_deref()
    }

    fn prose(&self, prose: Option<Prose>) -> Option<Cow<'m, str>> {
        prose.map(|prose| unquote(self.mib.text(self.module().file(), prose.span())))
    }

    /// Its descriptor.
    pub fn name(&self) -> &'m str {
        self.mib.symbols.text(self.data().name)
    }

    /// The module that defines it.
    pub fn module(&self) -> Module<'m> {
        Module { mib: self.mib, id: self.data().module }
    }

    /// Its OID.
    pub fn oid(&self) -> &'m [u32] {
        self.mib.place_arcs(self.place())
    }

    /// The last sub-identifier of its OID.
    pub fn arc(&self) -> u32 {
        self.oid().last().copied().unwrap_or(0)
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.data().kind
    }

    /// Where its name stands in the source.
    pub fn span(&self) -> Span {
        self.data().span
    }

    /// Its SYNTAX; tables and rows have one too.
    pub fn syntax(&self) -> Option<Type<'m>> {
        self.data().syntax.map(|id| Type { mib: self.mib, id })
    }

    /// MAX-ACCESS, or ACCESS in the terms of MAX-ACCESS.
    pub fn access(&self) -> Option<Access> {
        self.data().access
    }

    /// The access in the word that is written.
    pub fn written_access(&self) -> Option<&'static str> {
        if self.data().write_only {
            return Some("write-only");
        }
        self.access().map(|access| match access {
            Access::NotAccessible => "not-accessible",
            Access::AccessibleForNotify => "accessible-for-notify",
            Access::ReadOnly => "read-only",
            Access::ReadWrite => "read-write",
            Access::ReadCreate => "read-create",
        })
    }

    /// The row's own INDEX; empty for one that augments another.
    pub fn own_index(&self) -> impl Iterator<Item = Index<'m>> + use<'m> {
        let mib = self.mib;
        let items = self.extra().map(|extra| extra.index.as_slice()).unwrap_or_default();
        items.iter().map(move |item| Index { mib, item })
    }

    /// STATUS.
    pub fn status(&self) -> Option<Status> {
        self.data().status
    }

    /// UNITS.
    pub fn units(&self) -> Option<Cow<'m, str>> {
        self.data().units.map(|units| Cow::Borrowed(self.mib.symbols.text(units)))
    }

    /// DESCRIPTION, as written between the quotes.
    pub fn description(&self) -> Option<Cow<'m, str>> {
        self.prose(self.data().description)
    }

    /// REFERENCE.
    pub fn reference(&self) -> Option<Cow<'m, str>> {
        self.prose(self.data().reference)
    }

    /// DEFVAL.
    pub fn default(&self) -> Option<&'m DefaultValue> {
        self.extra()?.default.as_ref()
    }

    /// The nearest node above it.
    pub fn parent(&self) -> Option<Node<'m>> {
        let place = self.mib.places.get(self.place().parent?.index())?;
        Some(self.mib.node(*self.mib.by_place.get(place.nodes as usize)?))
    }

    /// The nodes right below it, in the order of their OIDs.
    pub fn children(&self) -> impl Iterator<Item = Node<'m>> + use<'m> {
        let (mib, this) = (self.mib, self.data().place);
        let own = self.oid();
        mib.places
            .iter_from(this.index() + 1)
            .take_while(move |place| mib.place_arcs(place).starts_with(own))
            .filter(move |place| place.parent == Some(this))
            .filter_map(|place| mib.by_place.get(place.nodes as usize))
            .map(|&id| mib.node(id))
    }

    /// The row of a table, or the row a column belongs to.
    pub fn row(&self) -> Option<Node<'m>> {
        match self.kind() {
            Kind::Row => Some(*self),
            Kind::Column => self.parent().filter(|parent| parent.kind() == Kind::Row),
            Kind::Table => self.children().find(|child| child.kind() == Kind::Row),
            _ => None,
        }
    }

    /// The row this one augments.
    pub fn augments(&self) -> Option<Node<'m>> {
        self.extra()?.augments?.node.map(|id| self.mib.node(id))
    }

    /// The name behind AUGMENTS, whether or not anybody defines it.
    pub fn written_augments(&self) -> Option<&'m str> {
        Some(self.mib.symbols.text(self.extra()?.augments?.name))
    }

    /// The index of a table, row or column, through AUGMENTS; empty elsewhere.
    pub fn index(&self) -> Vec<Index<'m>> {
        let Some(mut row) = self.row() else { return Vec::new() };
        // Augmenting an augmentation is not allowed; some do it once or twice.
        for _ in 0..8 {
            match row.augments() {
                Some(base) => row = base,
                None => break,
            }
        }
        let mib = row.mib;
        let items = row.extra().map(|extra| extra.index.as_slice()).unwrap_or_default();
        items.iter().map(|item| Index { mib, item }).collect()
    }

    /// The objects of a notification, the members of a group, as far as they are
    /// defined anywhere.
    pub fn members(&self) -> impl Iterator<Item = Node<'m>> + use<'m> {
        let mib = self.mib;
        let members = self.extra().map(|extra| extra.members.as_slice()).unwrap_or_default();
        members.iter().filter_map(move |member| Some(mib.node(member.node?)))
    }

    /// All names in OBJECTS, VARIABLES or NOTIFICATIONS, whether or not anybody
    /// defines them.
    pub fn written_members(&self) -> impl Iterator<Item = &'m str> + use<'m> {
        let mib = self.mib;
        let members = self.extra().map(|extra| extra.members.as_slice()).unwrap_or_default();
        members.iter().map(move |member| mib.symbols.text(member.name))
    }

    /// The groups a MODULE-COMPLIANCE asks for: the module, the mandatory ones,
    /// and the others it speaks of.
    pub fn compliance(&self) -> impl Iterator<Item = Compliance<'m>> + use<'m> {
        let mib = self.mib;
        let modules = self.extra().map(|extra| extra.compliance.as_slice()).unwrap_or_default();
        modules.iter().map(move |module| Compliance { mib, module })
    }
}

/// What MODULE-COMPLIANCE says of one module.
#[derive(Clone, Copy, Debug)]
pub struct Compliance<'m> {
    mib: &'m Mib,
    module: &'m ComplianceModule,
}

impl<'m> Compliance<'m> {
    /// The module's name.
    pub fn module(&self) -> &'m str {
        self.mib.symbols.text(self.module.module)
    }

    /// MANDATORY-GROUPS.
    pub fn mandatory(&self) -> impl Iterator<Item = &'m str> + use<'m> {
        let mib = self.mib;
        self.module.mandatory.iter().map(move |&name| mib.symbols.text(name))
    }

    /// The groups with a condition.
    pub fn groups(&self) -> impl Iterator<Item = &'m str> + use<'m> {
        let mib = self.mib;
        self.module.groups.iter().map(move |&name| mib.symbols.text(name))
    }

    /// The objects whose MIN-ACCESS or SYNTAX is relaxed.
    pub fn objects(&self) -> impl Iterator<Item = (&'m str, Option<Access>)> + use<'m> {
        let mib = self.mib;
        self.module.objects.iter().map(move |&(name, access)| (mib.symbols.text(name), access))
    }
}

/// One component of a row's index.
#[derive(Clone, Copy, Debug)]
pub struct Index<'m> {
    mib: &'m Mib,
    item: &'m IndexItem,
}

impl<'m> Index<'m> {
    /// The index object; SMIv1 allows a type without one, and some name an object
    /// that nobody defines.
    pub fn node(&self) -> Option<Node<'m>> {
        self.item.object?.node.map(|id| self.mib.node(id))
    }

    /// The name as it is written, of an object or of a type.
    pub fn name(&self) -> Cow<'m, str> {
        match self.item.object {
            Some(object) => self.mib.symbols.text(object.name).into(),
            None => self.syntax().written().into(),
        }
    }

    /// Its syntax.
    pub fn syntax(&self) -> Type<'m> {
        Type { mib: self.mib, id: self.item.syntax }
    }

    /// Whether it is IMPLIED.
    pub fn implied(&self) -> bool {
        self.item.implied
    }

    /// Whether its octets have no length in front: IMPLIED, or of one size.
    pub fn bare(&self) -> bool {
        let syntax = self.syntax();
        let is_octets = matches!(syntax.base(), Base::OctetString | Base::Opaque | Base::Bits);
        self.implied() || (is_octets && syntax.fixed_size().is_some())
    }
}

/// The value of DEFVAL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// A number, or the number of a label.
    Integer(i64),
    /// Octets, however they were written.
    Octets(Box<[u8]>),
    /// The positions of bits.
    Bits(Box<[u32]>),
    /// An OBJECT IDENTIFIER.
    Oid(Box<[u32]>),
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Kind {
    /// OBJECT-IDENTITY, or a plain value.
    Node,
    /// MODULE-IDENTITY.
    Identity,
    Scalar,
    Table,
    Row,
    Column,
    /// NOTIFICATION-TYPE or TRAP-TYPE.
    Notification,
    Group,
    Compliance,
    Capabilities,
}

impl Kind {
    /// As `mib dump` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Identity => "identity",
            Self::Scalar => "scalar",
            Self::Table => "table",
            Self::Row => "row",
            Self::Column => "column",
            Self::Notification => "notification",
            Self::Group => "group",
            Self::Compliance => "compliance",
            Self::Capabilities => "capabilities",
        }
    }
}

/// STATUS, of both versions of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Status {
    Current,
    Deprecated,
    Obsolete,
    Mandatory,
    Optional,
}

impl Status {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Current, Self::Deprecated, Self::Obsolete, Self::Mandatory, Self::Optional];

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == word)
    }

    /// The word in the module.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Deprecated => "deprecated",
            Self::Obsolete => "obsolete",
            Self::Mandatory => "mandatory",
            Self::Optional => "optional",
        }
    }
}
