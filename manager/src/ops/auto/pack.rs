//! What a round writes, in as few SETs as the size of messages allows.

use lcms_snmp::{VarBind, ber};

use crate::client::{Changes, Target};

/// The largest message sent: what any agent takes in one datagram that
/// Ethernet carries whole.
pub const LARGEST: usize = 1400;

/// Something that belongs together, such as the weights of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit<T> {
    /// Its parts, such as the weight of a server with its reason. A part is
    /// never split, the unit only where it alone exceeds a message.
    pub parts: Vec<Part<T>>,
}

/// Changes that stay together, and what they stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Part<T> {
    /// What they stand for.
    pub about: T,
    /// The changes.
    pub changes: Changes,
}

/// One message's worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Set<T> {
    /// What the parts of it stand for.
    pub about: Vec<T>,
    /// The changes, those of the head first.
    pub changes: Changes,
    size: usize,
}

/// Packs units behind a head, which every message carries, into SETs to this
/// agent; first fit. Without units there is one with the head alone.
pub fn pack<T>(
    target: &Target,
    head: &Changes,
    units: Vec<Unit<T>>,
    largest: usize,
) -> Vec<Set<T>> {
    let empty =
        || Set { about: Vec::new(), changes: head.clone(), size: head.message_size(target) };
    let mut sets = vec![empty()];
    let mut place = |parts: Vec<Part<T>>| {
        let size: usize = parts.iter().map(Part::size).sum();
        let fits = |set: &&mut Set<T>| set.size + size <= largest || set.about.is_empty();
        let at = sets.iter_mut().position(|set| fits(&&mut *set));
        let at = at.unwrap_or_else(|| {
            sets.push(empty());
            sets.len() - 1
        });
        if let Some(set) = sets.get_mut(at) {
            set.size += size;
            for part in parts {
                set.changes.extend(part.changes);
                set.about.push(part.about);
            }
        }
    };
    let room = largest.saturating_sub(head.message_size(target));
    for unit in units {
        match unit.parts.iter().map(Part::size).sum::<usize>() <= room {
            true => place(unit.parts),
            false => unit.parts.into_iter().for_each(|part| place(vec![part])),
        }
    }
    sets
}

impl<T> Part<T> {
    /// The octets it adds to a message. The lengths in front of a message can
    /// grow by a few octets more, which [`LARGEST`] leaves room for.
    fn size(&self) -> usize {
        let mut octets = Vec::new();
        for VarBind { name, value } in self.changes.varbinds() {
            ber::put_varbind(&mut octets, name.arcs(), value);
        }
        octets.len()
    }
}
