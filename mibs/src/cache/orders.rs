//! The orders in which nodes are found: by their OIDs and by their names.

use std::sync::Arc;

use super::{
    bytes::{Reader, Writer},
    section::{Pieces, Section, put_table},
    tables::{Sizes, put_maybe},
};
use crate::{
    model::{Arcs, Groups, Late, Mib, NodeId, PIECE, Place, PlaceId, Table},
    symbol::Symbols,
};

/// An OID is what it adds to what it has in common with the one before.
pub(super) fn places_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    let mut before: &[u32] = &[];
    put_table(out, mib.places.len(), |out, at| {
        let place = mib.places.get(at)?;
        if at.is_multiple_of(PIECE) {
            out.u32(place.nodes);
            before = &[];
        }
        let arcs = mib.place_arcs(place);
        let common = before.iter().zip(arcs).take_while(|(a, b)| a == b).count();
        put_maybe(out, place.parent.map(|id| id.number()));
        out.u32(place.node_count);
        out.u8(u8::try_from(common).ok()?);
        out.numbers(arcs.get(common..)?);
        before = arcs;
        Some(())
    })
}

pub(super) fn places_in(section: Section, sizes: Sizes) -> Option<(Table<Place>, Arcs)> {
    let count = sizes.places.div_ceil(PIECE);
    let pieces = Arc::new(Pieces::new(section, count)?);
    let arcs = |piece| {
        let pieces = pieces.clone();
        Late::kept(move || Some(places_of(&pieces.read(piece)?, piece, sizes)?.1))
    };
    let arcs = Arcs::Kept((0..count).map(arcs).collect());
    let blank = Place { start: 0, len: 0, parent: None, nodes: 0, node_count: 0 };
    let places = Table::kept(sizes.places, blank, move |piece| {
        Some(places_of(&pieces.read(piece)?, piece, sizes)?.0)
    });
    Some((places, arcs))
}

/// A piece of the table, and its sub-identifiers.
fn places_of(octets: &[u8], piece: usize, sizes: Sizes) -> Option<(Vec<Place>, Vec<u32>)> {
    let mut reader = Reader(octets);
    let first = piece * PIECE;
    let (mut places, mut arcs) = (Vec::with_capacity(PIECE), Vec::new());
    let mut nodes = reader.u32()?;
    let mut before = 0;
    for at in first..(first + PIECE).min(sizes.places) {
        let parent = reader.maybe_below(at)?.map(PlaceId::new);
        let node_count = reader.u32().filter(|&count| count > 0)?;
        let common = usize::from(reader.u8()?);
        let start: usize = arcs.len();
        let common = before..(before + common);
        arcs.get(common.clone())?;
        arcs.extend_from_within(common);
        arcs.extend(reader.numbers()?);
        let len = arcs.len() - start;
        if len > lcms_snmp::Oid::MAX_ARCS {
            return None;
        }
        before = start;
        let start = u32::try_from(piece.checked_mul(Arcs::SPAN)? + start).ok()?;
        places.push(Place { start, len: len as u32, parent, nodes, node_count });
        nodes = nodes.checked_add(node_count)?;
    }
    reader.is_empty().then_some((places, arcs))
}

pub(super) fn symbols_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    let mut shards = mib.symbols.shards();
    Pieces::write(out, Symbols::SHARDS, |out, _| {
        let (texts, ends) = shards.next()?;
        out.octets(texts.as_bytes());
        out.numbers(ends);
        Some(())
    })
}

pub(super) fn names_in(octets: &[u8]) -> Option<(String, Vec<u32>)> {
    let mut reader = Reader(octets);
    Some((reader.text()?.to_owned(), reader.numbers()?))
}

/// Nodes by their places and by their names.
pub(super) fn orders_out(mib: &Mib, out: &mut Writer) -> Option<()> {
    Pieces::write(out, 2, |out, piece| {
        if piece == 0 {
            out.len(mib.by_place.len());
            mib.by_place.iter().for_each(|id| out.u32(id.number()));
        } else {
            let (ends, members) = mib.by_name.parts();
            out.numbers(ends);
            out.numbers(members);
        }
        Some(())
    })
}

pub(super) fn by_place_in(octets: &[u8], sizes: Sizes) -> Option<Vec<NodeId>> {
    let nodes = Reader(octets).numbers()?;
    let is_right = nodes.iter().all(|&id| (id as usize) < sizes.nodes);
    is_right.then(|| nodes.into_iter().map(NodeId::new).collect())
}

pub(super) fn by_name_in(octets: &[u8], sizes: Sizes) -> Option<Groups> {
    let mut reader = Reader(octets);
    let (ends, members) = (reader.numbers()?, reader.numbers()?);
    let is_right = members.iter().all(|&id| (id as usize) < sizes.nodes);
    Groups::from_parts(ends, members).filter(|_| is_right)
}
