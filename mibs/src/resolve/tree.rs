//! The tree of OIDs while it grows.
//!
//! A vertex is its parent and its last sub-identifier, so that thousands of OIDs
//! share what they have in common, and none is compared with another: what is in
//! one tree is in order when it is walked.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use crate::model::{Groups, NodeId, Place, PlaceId};

/// A place in the tree, named or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Vertex(u32);

impl Vertex {
    /// Above ccitt, iso and joint-iso-ccitt.
    pub const ROOT: Self = Self(0);
}

#[derive(Clone, Copy, Debug)]
struct Link {
    parent: u32,
    arc: u32,
    depth: u32,
}

#[derive(Debug)]
pub(super) struct Tree {
    links: Vec<Link>,
    /// Vertices by parent and sub-identifier.
    children: HashMap<u64, u32, BuildHasherDefault<SideBySide>>,
}

/// Puts the children of a vertex side by side. They come one after another, and the
/// map of all OIDs is far larger than the processor's cache.
#[derive(Debug, Default)]
struct SideBySide(u64);

impl SideBySide {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    const SPREAD_MORE: u64 = 0x51_7c_c1_b7_27_22_0a_95;
}

impl Hasher for SideBySide {
    fn write(&mut self, octets: &[u8]) {
        for &octet in octets {
            self.0 = (self.0 ^ u64::from(octet)).wrapping_mul(Self::SPREAD);
        }
    }

    fn write_u64(&mut self, key: u64) {
        let (parent, arc) = (key >> 32, key & u64::from(u32::MAX));
        // Large sub-identifiers may have their low bits in common.
        let apart = parent.wrapping_mul(Self::SPREAD);
        let apart = apart.wrapping_add((arc >> 8).wrapping_mul(Self::SPREAD_MORE));
        // The map tells neighbours apart by the highest bits.
        self.0 = (apart ^ apart >> 32).wrapping_add(arc & 0xff) ^ (arc << 57);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What is left of the tree for the model.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub places: Vec<Place>,
    pub arcs: Vec<u32>,
    pub by_place: Vec<NodeId>,
}

impl Tree {
    pub fn new() -> Self {
        let root = Link { parent: 0, arc: 0, depth: 0 };
        Self { links: vec![root], children: HashMap::default() }
    }

    /// Makes room for so many OIDs.
    pub fn reserve(&mut self, oids: usize) {
        self.links.reserve(oids);
        self.children.reserve(oids);
    }

    /// The vertex right below another; none where the OID would be too long.
    pub fn child(&mut self, parent: Vertex, arc: u32) -> Option<Vertex> {
        let depth = self.links.get(parent.0 as usize)?.depth + 1;
        if depth as usize > lcms_snmp::Oid::MAX_ARCS {
            return None;
        }
        let next = self.links.len() as u32;
        let key = u64::from(parent.0) << 32 | u64::from(arc);
        let found = *self.children.entry(key).or_insert(next);
        if found == next {
            self.links.push(Link { parent: parent.0, arc, depth });
        }
        Some(Vertex(found))
    }

    /// The last sub-identifier.
    pub fn arc(&self, vertex: Vertex) -> u32 {
        self.links.get(vertex.0 as usize).map_or(0, |link| link.arc)
    }

    /// The whole OID.
    pub fn path(&self, vertex: Vertex) -> Vec<u32> {
        let link = |vertex: u32| self.links.get(vertex as usize).filter(|_| vertex != 0);
        let links = std::iter::successors(link(vertex.0), |below| link(below.parent));
        let mut path: Vec<u32> = links.map(|link| link.arc).collect();
        path.reverse();
        path
    }

    /// Walks the tree in order. `nodes` are the definitions of each vertex;
    /// `settle` is told the place of each.
    pub fn places(
        self,
        nodes: &[(NodeId, Vertex)],
        mut settle: impl FnMut(NodeId, PlaceId),
    ) -> Places {
        let Self { links, children } = self;
        drop(children);
        let count = links.len();
        let by_parent = Groups::new(count, (1..count).map(|v| (links[v].parent, v as u32)));
        let by_vertex = Groups::new(count, nodes.iter().map(|&(node, v)| (v.0, node.number())));

        let mut out = Places::default();
        out.by_place.reserve(nodes.len());
        let mut path: Vec<u32> = Vec::new();
        // The vertices that wait, each with the named place above it.
        let mut waiting: Vec<(u32, Option<PlaceId>)> = vec![(Vertex::ROOT.0, None)];
        let mut below: Vec<(u32, u32)> = Vec::new();
        while let Some((vertex, above)) = waiting.pop() {
            let Link { arc, depth, .. } = links[vertex as usize];
            if let Some(last) = depth.checked_sub(1) {
                path.truncate(last as usize);
                path.push(arc);
            }
            let own = by_vertex.of(vertex);
            let mut nearest = above;
            if !own.is_empty() {
                let id = PlaceId::new(out.places.len() as u32);
                nearest = Some(id);
                out.places.push(Place {
                    start: out.arcs.len() as u32,
                    len: depth,
                    parent: above,
                    nodes: out.by_place.len() as u32,
                    node_count: own.len() as u32,
                });
                out.arcs.extend_from_slice(&path);
                for &node in own {
                    out.by_place.push(NodeId::new(node));
                    settle(NodeId::new(node), id);
                }
            }
            below.clear();
            below.extend(by_parent.of(vertex).iter().map(|&v| (links[v as usize].arc, v)));
            below.sort_unstable();
            waiting.extend(below.iter().rev().map(|&(_, v)| (v, nearest)));
        }
        out.arcs.shrink_to_fit();
        out.places.shrink_to_fit();
        out
    }
}
