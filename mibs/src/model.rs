//! What the compiler makes of a set of modules: read-only, and cheap to ask.
//!
//! Everything lives in flat tables and is named by number; the handles [`Node`],
//! [`Type`] and [`Module`] are a reference and such a number. Prose stays in the
//! sources and is read when asked for.

use std::borrow::Cow;

pub use lcms_snmp::object::Access;

use crate::{
    diagnostic::{Diagnostic, Record},
    source::{FileId, Source, Span, decode},
    symbol::{FastMap, Symbol, Symbols},
};

/// A compiled set of modules.
#[derive(Debug, Default)]
pub struct Mib {
    pub(crate) sources: Vec<Source>,
    pub(crate) symbols: Symbols,
    pub(crate) modules: Vec<ModuleData>,
    pub(crate) types: Vec<TypeData>,
    pub(crate) nodes: Vec<NodeData>,
    /// Every OID that has a name, in order.
    pub(crate) places: Vec<Place>,
    /// The sub-identifiers of all places, one after another.
    pub(crate) arcs: Vec<u32>,
    /// Nodes by place; a place's definitions stand together, the one that
    /// speaks for it first.
    pub(crate) by_place: Vec<NodeId>,
    /// Nodes by name; of equal names the one that speaks for it first.
    pub(crate) by_name: FastMap<Symbol, Vec<NodeId>>,
    pub(crate) types_by_name: FastMap<(ModuleId, Symbol), TypeId>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

macro_rules! ids {
    ($($name:ident),*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub u32);
    )*};
}

ids!(ModuleId, TypeId, NodeId, PlaceId);

#[derive(Debug)]
pub(crate) struct ModuleData {
    pub name: Symbol,
    pub file: FileId,
    pub last_updated: Option<Span>,
    pub identity: Option<NodeId>,
    pub nodes: Vec<NodeId>,
    pub types: Vec<TypeId>,
    pub imports: Vec<Symbol>,
}

#[derive(Clone, Debug)]
pub(crate) struct TypeData {
    /// The type's own name; none for a SYNTAX that refines another in place.
    pub name: Option<Symbol>,
    pub module: Option<ModuleId>,
    pub parent: Option<TypeId>,
    pub base: Base,
    pub textual_convention: bool,
    /// What this type adds itself; the effective ones are found by the numbers
    /// below.
    pub ranges: Box<[(i64, i64)]>,
    pub sizes: Box<[(i64, i64)]>,
    pub labels: Box<[(Symbol, i64)]>,
    pub hint: Option<Span>,
    pub ranges_at: Option<TypeId>,
    pub sizes_at: Option<TypeId>,
    pub labels_at: Option<TypeId>,
    pub hint_at: Option<TypeId>,
    pub status: Option<Status>,
    pub description: Option<Span>,
    /// NetworkAddress of RFC 1155, whose index form has its choice in front.
    pub network_address: bool,
    /// The name of a SEQUENCE's row type, or the one of its rows' type.
    pub sequence: Sequence,
}

/// Whether a type is a table's or a row's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sequence {
    No,
    Of(Symbol),
    Members(Box<[Symbol]>),
}

#[derive(Debug)]
pub(crate) struct NodeData {
    pub name: Symbol,
    pub module: ModuleId,
    pub place: PlaceId,
    pub kind: Kind,
    pub span: Span,
    pub syntax: Option<TypeId>,
    pub access: Option<Access>,
    pub status: Option<Status>,
    pub units: Option<Span>,
    pub description: Option<Span>,
    pub reference: Option<Span>,
    pub extra: Option<Box<Extra>>,
}

/// What few nodes have.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    pub index: Vec<IndexItem>,
    pub augments: Option<NodeId>,
    pub members: Vec<NodeId>,
    pub default: Option<DefaultValue>,
    pub compliance: Vec<ComplianceModule>,
}

#[derive(Clone, Debug)]
pub(crate) struct IndexItem {
    pub node: Option<NodeId>,
    pub syntax: TypeId,
    pub implied: bool,
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

/// What MODULE-COMPLIANCE asks of one module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ComplianceModule {
    pub module: Symbol,
    pub mandatory: Vec<Symbol>,
    pub groups: Vec<Symbol>,
    pub objects: Vec<(Symbol, Option<Access>)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub start: u32,
    pub len: u32,
    pub parent: Option<PlaceId>,
    /// Where its definitions begin in `by_place`.
    pub nodes: u32,
    pub node_count: u32,
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
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "current" => Self::Current,
            "deprecated" => Self::Deprecated,
            "obsolete" => Self::Obsolete,
            "mandatory" => Self::Mandatory,
            "optional" => Self::Optional,
            _ => return None,
        })
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

impl Mib {
    /// The source texts, to show diagnostics with.
    pub fn source(&self, file: FileId) -> Option<&Source> {
        self.sources.get(file.0 as usize)
    }

    /// What is wrong with the modules, in the order they were read.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The diagnostics as plain data.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        self.diagnostics.iter().filter_map(|d| Some(d.record(self.source(d.file)?)))
    }

    /// All modules, in the order they were read.
    pub fn modules(&self) -> impl Iterator<Item = Module<'_>> {
        (0..self.modules.len() as u32).map(|id| Module { mib: self, id: ModuleId(id) })
    }

    /// The module of this name.
    pub fn module(&self, name: &str) -> Option<Module<'_>> {
        let name = self.symbols.find(name)?;
        let at = self.modules.iter().position(|module| module.name == name)?;
        Some(Module { mib: self, id: ModuleId(at as u32) })
    }

    /// Every definition of an OID, in the order of the OIDs. A name defined in
    /// two modules is there twice.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.by_place.iter().map(|&id| self.node(id))
    }

    pub(crate) fn node(&self, id: NodeId) -> Node<'_> {
        Node { mib: self, id }
    }

    pub(crate) fn text(&self, file: FileId, span: Span) -> &[u8] {
        self.source(file).map(|source| source.slice(span)).unwrap_or_default()
    }

    pub(crate) fn place_arcs(&self, place: &Place) -> &[u32] {
        let start = place.start as usize;
        self.arcs.get(start..start + place.len as usize).unwrap_or_default()
    }

    /// The place that is the longest prefix of `oid`.
    pub(crate) fn longest_prefix(&self, oid: &[u32]) -> Option<PlaceId> {
        // The last place not behind `oid` lies below its longest prefix: all
        // between the two begin with that prefix.
        let behind = self.places.partition_point(|place| self.place_arcs(place) <= oid);
        let mut id = PlaceId(u32::try_from(behind.checked_sub(1)?).ok()?);
        loop {
            let place = self.places.get(id.0 as usize)?;
            if oid.starts_with(self.place_arcs(place)) {
                return Some(id);
            }
            id = place.parent?;
        }
    }

    /// The node with the longest OID that `oid` begins with, and what remains.
    pub fn lookup<'a>(&self, oid: &'a [u32]) -> Option<(Node<'_>, &'a [u32])> {
        let place = self.places.get(self.longest_prefix(oid)?.0 as usize)?;
        let node = self.node(*self.by_place.get(place.nodes as usize)?);
        Some((node, oid.get(place.len as usize..)?))
    }

    /// The type with this name, in this module or the first that has it.
    pub fn type_by_name(&self, module: Option<&str>, name: &str) -> Option<Type<'_>> {
        let name = self.symbols.find(name)?;
        let found = self.modules().find_map(|candidate| {
            let wanted = module.is_none_or(|module| candidate.name() == module);
            let id = self.types_by_name.get(&(candidate.id, name)).copied();
            id.filter(|_| wanted)
        });
        found.map(|id| Type { mib: self, id })
    }
}

/// A module.
#[derive(Clone, Copy, Debug)]
pub struct Module<'m> {
    pub(crate) mib: &'m Mib,
    pub(crate) id: ModuleId,
}

impl<'m> Module<'m> {
    fn data(&self) -> &'m ModuleData {
        &self.mib.modules[self.id.0 as usize]
    }

    /// Its name.
    pub fn name(&self) -> &'m str {
        self.mib.symbols.text(self.data().name)
    }

    /// The file it was read from.
    pub fn file(&self) -> FileId {
        self.data().file
    }

    /// LAST-UPDATED as written, without quotes.
    pub fn last_updated(&self) -> Option<Cow<'m, str>> {
        let data = self.data();
        data.last_updated.map(|span| unquote(self.mib.text(data.file, span)))
    }

    /// Its MODULE-IDENTITY.
    pub fn identity(&self) -> Option<Node<'m>> {
        self.data().identity.map(|id| self.mib.node(id))
    }

    /// Its nodes, in the order they are written.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'m>> + use<'m> {
        let mib = self.mib;
        self.data().nodes.iter().map(move |&id| mib.node(id))
    }

    /// Its types, in the order they are written.
    pub fn types(&self) -> impl Iterator<Item = Type<'m>> + use<'m> {
        let mib = self.mib;
        self.data().types.iter().map(move |&id| Type { mib, id })
    }

    /// The modules it imports from.
    pub fn imports(&self) -> impl Iterator<Item = &'m str> + use<'m> {
        let mib = self.mib;
        self.data().imports.iter().map(move |&name| mib.symbols.text(name))
    }
}

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
        &self.mib.nodes[self.id.0 as usize]
    }

    fn place(&self) -> &'m Place {
        &self.mib.places[self.data().place.0 as usize]
    }

    fn extra(&self) -> Option<&'m Extra> {
        self.data().extra.as_deref()
    }

    fn prose(&self, span: Option<Span>) -> Option<Cow<'m, str>> {
        span.map(|span| unquote(self.mib.text(self.module().file(), span)))
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

    /// STATUS.
    pub fn status(&self) -> Option<Status> {
        self.data().status
    }

    /// UNITS.
    pub fn units(&self) -> Option<Cow<'m, str>> {
        self.prose(self.data().units)
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
        let place = self.mib.places.get(self.place().parent?.0 as usize)?;
        Some(self.mib.node(*self.mib.by_place.get(place.nodes as usize)?))
    }

    /// The nodes right below it, in the order of their OIDs.
    pub fn children(&self) -> impl Iterator<Item = Node<'m>> + use<'m> {
        let (mib, this) = (self.mib, self.data().place);
        let own = self.oid();
        mib.places
            .get(this.0 as usize + 1..)
            .unwrap_or_default()
            .iter()
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
        self.extra()?.augments.map(|id| self.mib.node(id))
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

    /// The objects of a notification, the members of a group.
    pub fn members(&self) -> impl Iterator<Item = Node<'m>> + use<'m> {
        let mib = self.mib;
        let members = self.extra().map(|extra| extra.members.as_slice()).unwrap_or_default();
        members.iter().map(move |&id| mib.node(id))
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
    /// The index object; SMIv1 allows a type without one.
    pub fn node(&self) -> Option<Node<'m>> {
        self.item.node.map(|id| self.mib.node(id))
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

/// A type: a textual convention, a plain one, or a SYNTAX with sub-typing.
#[derive(Clone, Copy, Debug)]
pub struct Type<'m> {
    pub(crate) mib: &'m Mib,
    pub(crate) id: TypeId,
}

impl<'m> Type<'m> {
    fn data(&self) -> &'m TypeData {
        &self.mib.types[self.id.0 as usize]
    }

    fn at(&self, id: Option<TypeId>) -> Option<&'m TypeData> {
        self.mib.types.get(id?.0 as usize)
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
        let file = self.mib.modules.get(data.module?.0 as usize)?.file;
        Some(unquote(self.mib.text(file, data.hint?)))
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

/// What stands between the quotes, a doubled quote being one.
pub(crate) fn unquote(quoted: &[u8]) -> Cow<'_, str> {
    let inside = quoted.strip_prefix(b"\"").unwrap_or(quoted);
    let inside = inside.strip_suffix(b"\"").unwrap_or(inside);
    let text = decode(inside);
    match text.contains("\"\"") {
        true => Cow::Owned(text.replace("\"\"", "\"")),
        false => text,
    }
}
