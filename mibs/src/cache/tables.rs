//! The tables of a [`Mib`] as sections of octets.
//!
//! Each section is flat and is checked as it is read: numbers of other tables are
//! below their sizes, and what points upwards points backwards, so that whatever
//! passes is a MIB that can be asked without fear, if perhaps not the right one.

use super::bytes::{Reader, Writer};
use crate::{
    model::{
        Access, Base, ComplianceModule, DefaultValue, Extra, Groups, IndexItem, Kind, Mention, Mib,
        ModuleData, ModuleId, NodeData, NodeId, Place, PlaceId, Prose, Sequence, Status, TypeData,
        TypeId,
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
        Some(Self {
            files: next()?,
            symbols: next()?,
            modules: next()?,
            types: next()?,
            nodes: next()?,
            places: next()?,
        })
    }
}

/// The sections in the order in which they stand in the file, the longest first.
pub(super) const WRITERS: [fn(&Mib, &mut Writer) -> Option<()>; 6] =
    [nodes_out, types_out, places_out, symbols_out, extras_out, modules_out];

/// What a section holds.
pub(super) enum Table {
    Nodes(Vec<NodeData>),
    Types(Vec<TypeData>),
    Places { places: Vec<Place>, arcs: Vec<u32>, by_place: Vec<NodeId> },
    Symbols { symbols: Symbols, by_name: Groups },
    Extras(Vec<(NodeId, Extra)>),
    Modules(Vec<ModuleData>, Vec<crate::Diagnostic>),
}

/// Reads the section of this number.
pub(super) fn read(number: usize, octets: &[u8], sizes: Sizes) -> Option<Table> {
    let reader = Reader(octets);
    match number {
        0 => nodes_in(reader, sizes).map(Table::Nodes),
        1 => types_in(reader, sizes).map(Table::Types),
        2 => places_in(reader, sizes),
        3 => symbols_in(reader, sizes),
        4 => extras_in(reader, sizes).map(Table::Extras),
        5 => modules_in(reader, sizes),
        _ => None,
    }
}

fn symbol(reader: &mut Reader<'_>, sizes: Sizes) -> Option<Symbol> {
    Symbol::at(reader.below(sizes.symbols)? as usize)
}

fn maybe_symbol(reader: &mut Reader<'_>, sizes: Sizes) -> Option<Option<Symbol>> {
    Some(reader.maybe_below(sizes.symbols)?.and_then(|number| Symbol::at(number as usize)))
}

fn put_symbol(out: &mut Writer, symbol: Symbol) {
    out.u32(symbol.index() as u32);
}

/// Nothing is 0, and everything else one more than its number.
fn put_maybe(out: &mut Writer, number: Option<u32>) {
    out.u32(number.map_or(0, |number| number.saturating_add(1)));
}

fn put_mention(out: &mut Writer, mention: Option<Mention>) {
    put_maybe(out, mention.map(|mention| mention.name.index() as u32));
    put_maybe(out, mention.and_then(|mention| mention.node).map(|id| id.number()));
}

fn mention(reader: &mut Reader<'_>, sizes: Sizes) -> Option<Option<Mention>> {
    let name = maybe_symbol(reader, sizes)?;
    let node = reader.maybe_below(sizes.nodes)?.map(NodeId::new);
    Some(name.map(|name| Mention { name, node }))
}

fn put_span(out: &mut Writer, span: Option<Span>) {
    let span = span.unwrap_or_default();
    out.u32(span.start);
    out.u32(span.end);
}

fn span(reader: &mut Reader<'_>) -> Option<Option<Span>> {
    let span = Span { start: reader.u32()?, end: reader.u32()? };
    Some(Some(span).filter(|span| span.end > 0))
}

/// An element of a list by its number, where 0 stands for none.
fn number_of<T: PartialEq>(all: &[T], wanted: Option<T>) -> u8 {
    wanted
        .and_then(|wanted| all.iter().position(|known| *known == wanted))
        .map_or(0, |at| at as u8 + 1)
}

fn numbered<T: Copy>(all: &[T], number: u8) -> Option<Option<T>> {
    match usize::from(number).checked_sub(1) {
        None => Some(None),
        Some(at) => all.get(at).copied().map(Some),
    }
}

const KINDS: [Kind; 10] = [
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
const ACCESSES: [Access; 5] = [
    Access::NotAccessible,
    Access::AccessibleForNotify,
    Access::ReadOnly,
    Access::ReadWrite,
    Access::ReadCreate,
];
const STATUSES: [Status; 5] =
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

fn nodes_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    out.len(mib.nodes.len());
    for node in &mib.nodes {
        put_symbol(out, node.name);
        out.u32(node.module.number());
        out.u32(node.place.number());
        out.u8(number_of(&KINDS, Some(node.kind)));
        out.u8(number_of(&ACCESSES, node.access));
        out.u8(number_of(&STATUSES, node.status));
        out.u8(u8::from(node.write_only));
        put_span(out, Some(node.span));
        put_maybe(out, node.syntax.map(|id| id.number()));
        put_maybe(out, node.units.map(|symbol| symbol.index() as u32));
        put_span(out, node.description.map(Prose::span));
        put_span(out, node.reference.map(Prose::span));
    }
    Some(())
}

fn nodes_in(mut reader: Reader<'_>, sizes: Sizes) -> Option<Vec<NodeData>> {
    let count = reader.len(48).filter(|&count| count == sizes.nodes)?;
    let mut nodes = Vec::with_capacity(count);
    for _ in 0..count {
        nodes.push(NodeData {
            name: symbol(&mut reader, sizes)?,
            module: ModuleId::new(reader.below(sizes.modules)?),
            place: PlaceId::new(reader.below(sizes.places)?),
            kind: numbered(&KINDS, reader.u8()?)??,
            access: numbered(&ACCESSES, reader.u8()?)?,
            status: numbered(&STATUSES, reader.u8()?)?,
            write_only: reader.u8()? != 0,
            span: Span { start: reader.u32()?, end: reader.u32()? },
            syntax: reader.maybe_below(sizes.types)?.map(TypeId::new),
            units: maybe_symbol(&mut reader, sizes)?,
            description: span(&mut reader)?.and_then(Prose::at),
            reference: span(&mut reader)?.and_then(Prose::at),
            extra: None,
        });
    }
    Some(nodes)
}

fn types_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    out.len(mib.types.len());
    for data in &mib.types {
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
    }
    Some(())
}

fn types_in(mut reader: Reader<'_>, sizes: Sizes) -> Option<Vec<TypeData>> {
    let reader = &mut reader;
    let count = reader.len(56).filter(|&count| count == sizes.types)?;
    let mut types = Vec::with_capacity(count);
    for at in 0..count {
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
        types.push(TypeData {
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
        });
    }
    Some(types)
}

fn intervals(reader: &mut Reader<'_>) -> Option<Box<[(i64, i64)]>> {
    let count = reader.len(16)?;
    (0..count).map(|_| Some((reader.i64()?, reader.i64()?))).collect()
}

fn labels(reader: &mut Reader<'_>, sizes: Sizes) -> Option<Box<[(Symbol, i64)]>> {
    let count = reader.len(12)?;
    (0..count).map(|_| Some((symbol(reader, sizes)?, reader.i64()?))).collect()
}

fn symbols_of(reader: &mut Reader<'_>, sizes: Sizes) -> Option<Vec<Symbol>> {
    let count = reader.len(4)?;
    (0..count).map(|_| symbol(reader, sizes)).collect()
}

fn put_symbols(out: &mut Writer, symbols: &[Symbol]) {
    out.len(symbols.len());
    symbols.iter().for_each(|&symbol| put_symbol(out, symbol));
}

/// An OID is what its place adds to the place above.
fn places_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    out.len(mib.arcs.len());
    out.len(mib.places.len());
    for place in &mib.places {
        let above = place.parent.and_then(|id| mib.places.get(id.index()));
        let own = mib.place_arcs(place).get(above.map_or(0, |above| above.len as usize)..)?;
        put_maybe(out, place.parent.map(|id| id.number()));
        out.u32(place.node_count);
        out.numbers(own);
    }
    let nodes: Vec<u32> = mib.by_place.iter().map(|id| id.number()).collect();
    out.numbers(&nodes);
    Some(())
}

fn places_in(mut reader: Reader<'_>, sizes: Sizes) -> Option<Table> {
    let most = sizes.places.saturating_mul(lcms_snmp::Oid::MAX_ARCS);
    let total = reader.u32().filter(|&total| total as usize <= most)?;
    let count = reader.len(12).filter(|&count| count == sizes.places)?;
    let mut arcs: Vec<u32> = Vec::with_capacity(total as usize);
    let mut places: Vec<Place> = Vec::with_capacity(count);
    let mut nodes = 0_u32;
    for at in 0..count {
        let parent = reader.maybe_below(at)?;
        let node_count = reader.u32().filter(|&count| count > 0)?;
        let start = arcs.len();
        if let Some(above) = parent.and_then(|id| places.get(id as usize)) {
            let above = above.start as usize..(above.start + above.len) as usize;
            arcs.extend_from_within(above);
        }
        for _ in 0..reader.len(4)? {
            arcs.push(reader.u32()?);
        }
        let len = arcs.len() - start;
        if len > lcms_snmp::Oid::MAX_ARCS {
            return None;
        }
        let (start, len) = (start as u32, len as u32);
        places.push(Place { start, len, parent: parent.map(PlaceId::new), nodes, node_count });
        nodes = nodes.checked_add(node_count)?;
    }
    let by_place = reader.numbers()?;
    let is_whole = by_place.len() == nodes as usize
        && arcs.len() == total as usize
        && by_place.iter().all(|&id| (id as usize) < sizes.nodes);
    let by_place = by_place.into_iter().map(NodeId::new).collect();
    is_whole.then_some(Table::Places { places, arcs, by_place })
}

fn symbols_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    for (texts, ends) in mib.symbols.shards() {
        out.octets(texts.as_bytes());
        out.numbers(ends);
    }
    let (ends, members) = mib.by_name.parts();
    out.numbers(ends);
    out.numbers(members);
    Some(())
}

fn symbols_in(mut reader: Reader<'_>, sizes: Sizes) -> Option<Table> {
    let shards = (0..Symbols::SHARDS).map(|_| Some((reader.text()?.to_owned(), reader.numbers()?)));
    let symbols = Symbols::from_shards(shards.collect::<Option<_>>()?)?;
    let (ends, members) = (reader.numbers()?, reader.numbers()?);
    let is_right =
        symbols.bound() == sizes.symbols && members.iter().all(|&id| (id as usize) < sizes.nodes);
    let by_name = Groups::from_parts(ends, members)?;
    is_right.then_some(Table::Symbols { symbols, by_name })
}

fn extras_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    let with = || mib.nodes.iter().enumerate().filter_map(|(at, n)| Some((at, n.extra.as_ref()?)));
    out.len(with().count());
    for (at, extra) in with() {
        out.len(at);
        out.len(extra.index.len());
        for item in &extra.index {
            put_mention(out, item.object);
            out.u32(item.syntax.number());
            out.u8(u8::from(item.implied));
        }
        put_mention(out, extra.augments);
        out.len(extra.members.len());
        extra.members.iter().for_each(|&member| put_mention(out, Some(member)));
        match &extra.default {
            None => out.u8(0),
            Some(DefaultValue::Integer(number)) => {
                out.u8(1);
                out.i64(*number);
            }
            Some(DefaultValue::Octets(octets)) => {
                out.u8(2);
                out.octets(octets);
            }
            Some(DefaultValue::Bits(bits)) => {
                out.u8(3);
                out.numbers(bits);
            }
            Some(DefaultValue::Oid(arcs)) => {
                out.u8(4);
                out.numbers(arcs);
            }
        }
        out.len(extra.compliance.len());
        for ComplianceModule { module, mandatory, groups, objects } in &extra.compliance {
            put_symbol(out, *module);
            put_symbols(out, mandatory);
            put_symbols(out, groups);
            out.len(objects.len());
            for &(object, access) in objects {
                put_symbol(out, object);
                out.u8(number_of(&ACCESSES, access));
            }
        }
    }
    Some(())
}

fn extras_in(mut reader: Reader<'_>, sizes: Sizes) -> Option<Vec<(NodeId, Extra)>> {
    let reader = &mut reader;
    let count = reader.len(25)?;
    let mut extras = Vec::with_capacity(count);
    for _ in 0..count {
        let node = NodeId::new(reader.below(sizes.nodes)?);
        let mut extra = Extra::default();
        for _ in 0..reader.len(13)? {
            let object = mention(reader, sizes)?;
            let syntax = TypeId::new(reader.below(sizes.types)?);
            extra.index.push(IndexItem { object, syntax, implied: reader.u8()? != 0 });
        }
        extra.augments = mention(reader, sizes)?;
        let members = 0..reader.len(8)?;
        extra.members = members.map(|_| mention(reader, sizes)?).collect::<Option<_>>()?;
        extra.default = match reader.u8()? {
            0 => None,
            1 => Some(DefaultValue::Integer(reader.i64()?)),
            2 => Some(DefaultValue::Octets(reader.octets()?.into())),
            3 => Some(DefaultValue::Bits(reader.numbers()?.into())),
            4 => Some(DefaultValue::Oid(reader.numbers()?.into())),
            _ => return None,
        };
        for _ in 0..reader.len(16)? {
            let module = symbol(reader, sizes)?;
            let mandatory = symbols_of(reader, sizes)?;
            let groups = symbols_of(reader, sizes)?;
            let objects = (0..reader.len(5)?)
                .map(|_| Some((symbol(reader, sizes)?, numbered(&ACCESSES, reader.u8()?)?)))
                .collect::<Option<_>>()?;
            extra.compliance.push(ComplianceModule { module, mandatory, groups, objects });
        }
        extras.push((node, extra));
    }
    Some(extras)
}

fn modules_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    out.len(mib.modules.len());
    for module in &mib.modules {
        put_symbol(out, module.name);
        out.u32(module.file.0);
        put_maybe(out, module.last_updated.map(|date| date.index() as u32));
        put_maybe(out, module.identity.map(|id| id.number()));
        put_symbols(out, &module.imports);
        let nodes: Vec<u32> = module.nodes.iter().map(|id| id.number()).collect();
        out.numbers(&nodes);
        let types: Vec<u32> = module.types.iter().map(|id| id.number()).collect();
        out.numbers(&types);
    }
    super::problems::write(&mib.diagnostics, out)
}

fn modules_in(mut reader: Reader<'_>, sizes: Sizes) -> Option<Table> {
    let count = reader.len(28).filter(|&count| count == sizes.modules)?;
    let mut modules = Vec::with_capacity(count);
    for _ in 0..count {
        let name = symbol(&mut reader, sizes)?;
        let file = FileId(reader.below(sizes.files)?);
        let last_updated = maybe_symbol(&mut reader, sizes)?;
        let identity = reader.maybe_below(sizes.nodes)?.map(NodeId::new);
        let imports = symbols_of(&mut reader, sizes)?;
        let (nodes, types) = (reader.numbers()?, reader.numbers()?);
        if nodes.iter().any(|&id| id as usize >= sizes.nodes)
            || types.iter().any(|&id| id as usize >= sizes.types)
        {
            return None;
        }
        let nodes = nodes.into_iter().map(NodeId::new).collect();
        let types = types.into_iter().map(TypeId::new).collect();
        modules.push(ModuleData { name, file, last_updated, identity, nodes, types, imports });
    }
    Some(Table::Modules(modules, super::problems::read(reader, sizes.files)?))
}
