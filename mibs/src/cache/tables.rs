//! The tables of a [`Mib`] as sections of octets.
//!
//! What is read is checked as it is read: numbers of other tables are below their
//! sizes, and what points upwards points backwards, so that whatever passes can be
//! asked without fear, if it is perhaps not the right thing; and what does not pass
//! is blank.

use std::sync::Arc;

use super::{
    bytes::{Reader, Writer},
    nodes::{blank_node, node, nodes_out},
    orders::{by_name_in, by_place_in, names_in, orders_out, places_in, places_out, symbols_out},
    problems,
    section::{Pieces, Section, put_table, table},
};
use crate::{
    model::{
        Access, Base, Kind, Late, Mention, Mib, ModuleData, ModuleId, NodeId, Sequence, Status,
        TypeData, TypeId,
    },
    source::{FileId, Span},
    symbol::{Symbol, Symbols},
};

/// How many entries the tables have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub files: usize,
    pub symbols: usize,
    pub modules: usize,
    pub types: usize,
    pub nodes: usize,
    pub places: usize,
}

impl Sizes {
    pub fn of(mib: &Mib) -> Self {
        Self {
            files: mib.sources.len(),
            symbols: mib.symbols.bound(),
            modules: mib.modules.len(),
            types: mib.types.len(),
            nodes: mib.nodes.len(),
            places: mib.places.len(),
        }
    }

    pub fn write(self, out: &mut Writer) {
        let Self { files, symbols, modules, types, nodes, places } = self;
        for size in [files, symbols, modules, types, nodes, places] {
            out.len(size);
        }
    }

    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut next = || reader.u32().map(|size| size as usize);
        let sizes = Self {
            files: next()?,
            symbols: next()?,
            modules: next()?,
            types: next()?,
            nodes: next()?,
            places: next()?,
        };
        // An entry that cannot be read is taken for one of the first module, in the
        // first file, at the first place.
        let is_right = (sizes.nodes == 0 || (sizes.modules > 0 && sizes.places > 0))
            && (sizes.modules == 0 || sizes.files > 0);
        is_right.then_some(sizes)
    }
}

/// The sections in the order in which they stand in the file, the longest first.
pub(super) const WRITERS: [fn(&Mib, &mut Writer) -> Option<()>; 7] =
    [nodes_out, symbols_out, types_out, places_out, orders_out, modules_out, problems_out];

/// The tables that lie in such sections.
pub(super) fn read(sections: [Section; WRITERS.len()], sizes: Sizes) -> Option<Mib> {
    let [nodes, symbols, types, places, orders, modules, diagnostics] = sections;
    let (places, arcs) = places_in(places, sizes)?;
    let orders = Arc::new(Pieces::new(orders, 2)?);
    let by_place = orders.clone();
    let symbols = Pieces::new(symbols, Symbols::SHARDS).map(Arc::new)?;
    Some(Mib {
        nodes: table(nodes, sizes.nodes, blank_node(), move |reader, _| node(reader, sizes))?,
        types: table(types, sizes.types, blank_type(), move |reader, at| {
            type_at(reader, at, sizes)
        })?,
        places,
        arcs,
        symbols: Symbols::kept(move |shard| names_in(&symbols.read(shard)?)),
        by_place: Late::kept(move || by_place_in(&by_place.read(0)?, sizes)),
        by_name: Late::kept(move || by_name_in(&orders.read(1)?, sizes)),
        modules: table(modules, sizes.modules, blank_module(), move |reader, _| {
            module(reader, sizes)
        })?,
        diagnostics: Late::kept(move || problems::read(Reader(&diagnostics.read()?), sizes.files)),
        ..Mib::default()
    })
}

pub(super) fn symbol(reader: &mut Reader<'_>, sizes: Sizes) -> Option<Symbol> {
    Symbol::at(reader.below(sizes.symbols)? as usize)
}

pub(super) fn maybe_symbol(reader: &mut Reader<'_>, sizes: Sizes) -> Option<Option<Symbol>> {
    Some(reader.maybe_below(sizes.symbols)?.and_then(|number| Symbol::at(number as usize)))
}

pub(super) fn put_symbol(out: &mut Writer, symbol: Symbol) {
    out.u32(symbol.index() as u32);
}

/// Nothing is 0, and everything else one more than its number.
pub(super) fn put_maybe(out: &mut Writer, number: Option<u32>) {
    out.u32(number.map_or(0, |number| number.saturating_add(1)));
}

pub(super) fn put_mention(out: &mut Writer, mention: Option<Mention>) {
    put_maybe(out, mention.map(|mention| mention.name.index() as u32));
    put_maybe(out, mention.and_then(|mention| mention.node).map(|id| id.number()));
}

pub(super) fn mention(reader: &mut Reader<'_>, sizes: Sizes) -> Option<Option<Mention>> {
    let name = maybe_symbol(reader, sizes)?;
    let node = reader.maybe_below(sizes.nodes)?.map(NodeId::new);
    Some(name.map(|name| Mention { name, node }))
}

pub(super) fn put_span(out: &mut Writer, span: Option<Span>) {
    let span = span.unwrap_or_default();
    out.u32(span.start);
    out.u32(span.end);
}

pub(super) fn span(reader: &mut Reader<'_>) -> Option<Option<Span>> {
    let span = Span { start: reader.u32()?, end: reader.u32()? };
    Some(Some(span).filter(|span| span.end > 0))
}

/// An element of a list by its number, where 0 stands for none.
pub(super) fn number_of<T: PartialEq>(all: &[T], wanted: Option<T>) -> u8 {
    wanted
        .and_then(|wanted| all.iter().position(|known| *known == wanted))
        .map_or(0, |at| at as u8 + 1)
}

pub(super) fn numbered<T: Copy>(all: &[T], number: u8) -> Option<Option<T>> {
    match usize::from(number).checked_sub(1) {
        None => Some(None),
        Some(at) => all.get(at).copied().map(Some),
    }
}

pub(super) const KINDS: [Kind; 10] = [
    Kind::Node,
    Kind::Identity,
    Kind::Scalar,
    Kind::Table,
    Kind::Row,
    Kind::Column,
    Kind::Notification,
    Kind::Group,
    Kind::Compliance,
    Kind::Capabilities,
];
pub(super) const ACCESSES: [Access; 5] = [
    Access::NotAccessible,
    Access::AccessibleForNotify,
    Access::ReadOnly,
    Access::ReadWrite,
    Access::ReadCreate,
];
pub(super) const STATUSES: [Status; 5] =
    [Status::Current, Status::Deprecated, Status::Obsolete, Status::Mandatory, Status::Optional];
const BASES: [Base; 12] = [
    Base::Integer32,
    Base::Unsigned32,
    Base::Gauge32,
    Base::Counter32,
    Base::Counter64,
    Base::TimeTicks,
    Base::OctetString,
    Base::ObjectIdentifier,
    Base::IpAddress,
    Base::Opaque,
    Base::Bits,
    Base::None,
];

fn types_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    put_table(out, mib.types.len(), |out, at| {
        let data = mib.types.get(at)?;
        put_maybe(out, data.name.map(|name| name.index() as u32));
        put_maybe(out, data.module.map(|id| id.number()));
        out.u8(number_of(&BASES, Some(data.base)));
        out.u8(u8::from(data.textual_convention) | u8::from(data.network_address) << 1);
        out.u8(number_of(&STATUSES, data.status));
        for id in [data.parent, data.ranges_at, data.sizes_at, data.labels_at, data.hint_at] {
            put_maybe(out, id.map(|id| id.number()));
        }
        put_maybe(out, data.hint.map(|hint| hint.index() as u32));
        put_span(out, data.description);
        for intervals in [&data.ranges, &data.sizes] {
            out.len(intervals.len());
            for &(low, high) in intervals {
                out.i64(low);
                out.i64(high);
            }
        }
        out.len(data.labels.len());
        for &(label, number) in &data.labels {
            put_symbol(out, label);
            out.i64(number);
        }
        match &data.sequence {
            Sequence::No => out.u8(0),
            Sequence::Of(row) => {
                out.u8(1);
                put_symbol(out, *row);
            }
            Sequence::Members(members) => {
                out.u8(2);
                out.len(members.len());
                members.iter().for_each(|&member| put_symbol(out, member));
            }
        }
        Some(())
    })
}

fn type_at(reader: &mut Reader<'_>, at: usize, sizes: Sizes) -> Option<TypeData> {
    let name = maybe_symbol(reader, sizes)?;
    let module = reader.maybe_below(sizes.modules)?.map(ModuleId::new);
    let base = numbered(&BASES, reader.u8()?)??;
    let flags = reader.u8()?;
    let status = numbered(&STATUSES, reader.u8()?)?;
    // A type stands behind the one it refines.
    let parent = reader.maybe_below(at)?.map(TypeId::new);
    let mut at_or_above = || Some(reader.maybe_below(at + 1)?.map(TypeId::new));
    let ranges_at = at_or_above()?;
    let sizes_at = at_or_above()?;
    let labels_at = at_or_above()?;
    let hint_at = at_or_above()?;
    Some(TypeData {
        name,
        module,
        parent,
        base,
        textual_convention: flags & 1 != 0,
        network_address: flags & 2 != 0,
        status,
        ranges_at,
        sizes_at,
        labels_at,
        hint_at,
        hint: maybe_symbol(reader, sizes)?,
        description: span(reader)?,
        ranges: intervals(reader)?,
        sizes: intervals(reader)?,
        labels: labels(reader, sizes)?,
        sequence: match reader.u8()? {
            0 => Sequence::No,
            1 => Sequence::Of(symbol(reader, sizes)?),
            2 => Sequence::Members(symbols_of(reader, sizes)?.into()),
            _ => return None,
        },
    })
}

fn blank_type() -> TypeData {
    TypeData {
        name: None,
        module: None,
        parent: None,
        base: Base::None,
        textual_convention: false,
        network_address: false,
        status: None,
        ranges_at: None,
        sizes_at: None,
        labels_at: None,
        hint_at: None,
        hint: None,
        description: None,
        ranges: Box::default(),
        sizes: Box::default(),
        labels: Box::default(),
        sequence: Sequence::No,
    }
}

fn intervals(reader: &mut Reader<'_>) -> Option<Box<[(i64, i64)]>> {
    let count = reader.len(16)?;
    (0..count).map(|_| Some((reader.i64()?, reader.i64()?))).collect()
}

fn labels(reader: &mut Reader<'_>, sizes: Sizes) -> Option<Box<[(Symbol, i64)]>> {
    let count = reader.len(12)?;
    (0..count).map(|_| Some((symbol(reader, sizes)?, reader.i64()?))).collect()
}

pub(super) fn symbols_of(reader: &mut Reader<'_>, sizes: Sizes) -> Option<Vec<Symbol>> {
    let count = reader.len(4)?;
    (0..count).map(|_| symbol(reader, sizes)).collect()
}

pub(super) fn put_symbols(out: &mut Writer, symbols: &[Symbol]) {
    out.len(symbols.len());
    symbols.iter().for_each(|&symbol| put_symbol(out, symbol));
}

fn modules_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    put_table(out, mib.modules.len(), |out, at| {
        let module = mib.modules.get(at)?;
        put_symbol(out, module.name);
        out.u32(module.file.0);
        put_maybe(out, module.last_updated.map(|date| date.index() as u32));
        put_maybe(out, module.identity.map(|id| id.number()));
        put_symbols(out, &module.imports);
        let nodes: Vec<u32> = module.nodes.iter().map(|id| id.number()).collect();
        out.numbers(&nodes);
        let types: Vec<u32> = module.types.iter().map(|id| id.number()).collect();
        out.numbers(&types);
        Some(())
    })
}

fn module(reader: &mut Reader<'_>, sizes: Sizes) -> Option<ModuleData> {
    let name = symbol(reader, sizes)?;
    let file = FileId(reader.below(sizes.files)?);
    let last_updated = maybe_symbol(reader, sizes)?;
    let identity = reader.maybe_below(sizes.nodes)?.map(NodeId::new);
    let imports = symbols_of(reader, sizes)?;
    let (nodes, types) = (reader.numbers()?, reader.numbers()?);
    if nodes.iter().any(|&id| id as usize >= sizes.nodes)
        || types.iter().any(|&id| id as usize >= sizes.types)
    {
        return None;
    }
    let nodes = nodes.into_iter().map(NodeId::new).collect();
    let types = types.into_iter().map(TypeId::new).collect();
    Some(ModuleData { name, file, last_updated, identity, nodes, types, imports })
}

fn blank_module() -> ModuleData {
    let (name, file) = (Symbol::NONE, FileId(0));
    let (last_updated, identity) = (None, None);
    let (nodes, types, imports) = Default::default();
    ModuleData { name, file, last_updated, identity, nodes, types, imports }
}

fn problems_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    problems::write(&mib.diagnostics, out)
}
