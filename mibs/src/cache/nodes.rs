//! Nodes, and what few of them have.

use super::{
    bytes::{Reader, Writer},
    section::put_table,
    tables::{
        ACCESSES, KINDS, STATUSES, Sizes, maybe_symbol, mention, number_of, numbered, put_maybe,
        put_mention, put_span, put_symbol, put_symbols, span, symbol, symbols_of,
    },
};
use crate::{
    model::{
        ComplianceModule, DefaultValue, Extra, IndexItem, Kind, Mib, ModuleId, NodeData, PlaceId,
        Prose, TypeId,
    },
    source::Span,
    symbol::Symbol,
};

pub(super) fn nodes_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    put_table(out, mib.nodes.len(), |out, at| {
        let node = mib.nodes.get(at)?;
        put_symbol(out, node.name);
        out.u32(node.module.number());
        out.u32(node.place.number());
        out.u8(number_of(&KINDS, Some(node.kind)));
        out.u8(number_of(&ACCESSES, node.access));
        out.u8(number_of(&STATUSES, node.status));
        out.u8(u8::from(node.write_only) | u8::from(node.extra.is_some()) << 1);
        put_span(out, Some(node.span));
        put_maybe(out, node.syntax.map(|id| id.number()));
        put_maybe(out, node.units.map(|symbol| symbol.index() as u32));
        put_span(out, node.description.map(Prose::span));
        put_span(out, node.reference.map(Prose::span));
        if let Some(extra) = &node.extra {
            put_extra(out, extra);
        }
        Some(())
    })
}

pub(super) fn node(reader: &mut Reader<'_>, sizes: Sizes) -> Option<NodeData> {
    let name = symbol(reader, sizes)?;
    let module = ModuleId::new(reader.below(sizes.modules)?);
    let place = PlaceId::new(reader.below(sizes.places)?);
    let kind = numbered(&KINDS, reader.u8()?)??;
    let access = numbered(&ACCESSES, reader.u8()?)?;
    let status = numbered(&STATUSES, reader.u8()?)?;
    let flags = reader.u8()?;
    Some(NodeData {
        name,
        module,
        place,
        kind,
        access,
        status,
        write_only: flags & 1 != 0,
        span: Span { start: reader.u32()?, end: reader.u32()? },
        syntax: reader.maybe_below(sizes.types)?.map(TypeId::new),
        units: maybe_symbol(reader, sizes)?,
        description: span(reader)?.and_then(Prose::at),
        reference: span(reader)?.and_then(Prose::at),
        extra: match flags & 2 {
            0 => None,
            _ => Some(Box::new(extra(reader, sizes)?)),
        },
    })
}

pub(super) fn blank_node() -> NodeData {
    NodeData {
        name: Symbol::NONE,
        module: ModuleId::new(0),
        place: PlaceId::new(0),
        kind: Kind::Node,
        access: None,
        status: None,
        write_only: false,
        span: Span::default(),
        syntax: None,
        units: None,
        description: None,
        reference: None,
        extra: None,
    }
}

fn put_extra(out: &mut Writer, extra: &Extra) {
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

fn extra(reader: &mut Reader<'_>, sizes: Sizes) -> Option<Extra> {
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
    Some(extra)
}
