//! Where a name belongs.

use lcms_snmp::{
    OidBuf, Value,
    object::{Base, Column, Entry},
    vacm::{Coverage, View},
};

use super::{At, Region, State};

/// The object types of all regions, sorted by OID.
///
/// The list is of columns and not of entries, because entries nest (`sysOREntry`
/// lies below `system`) and the leaves of an OID tree never do: so a binary
/// search finds the one object type a name can belong to, and the next in the
/// list is the next in the tree.
pub struct Registry<S: State> {
    regions: Vec<Box<dyn Region<S>>>,
    objects: Vec<Object>,
}

/// One accessible object type.
pub struct Object {
    /// Its name.
    pub oid: Box<[u32]>,
    /// What the MIB says.
    pub column: &'static Column,
    /// The position of its region.
    pub region: usize,
    /// Whether it is a scalar, and no column.
    pub is_scalar: bool,
}

/// Whom a request is for: what it passes over.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'v> {
    /// Version 1 has no Counter64 (RFC 3584 §4.2.2.1).
    pub without_counter64: bool,
    /// What the sender may see.
    pub view: &'v View,
}

impl Filter<'_> {
    /// How much of an object type there is for the sender.
    fn coverage(self, object: &Object) -> Coverage {
        let admitted = object.column.access.is_readable()
            && !(self.without_counter64 && object.column.syntax.base == Base::Counter64);
        match admitted {
            true => self.view.coverage(&object.oid),
            false => Coverage::Nothing,
        }
    }
}

impl<S: State> Registry<S> {
    /// Takes the regions of an agent.
    pub fn new(regions: Vec<Box<dyn Region<S>>>) -> Self {
        let mut objects: Vec<Object> = regions
            .iter()
            .enumerate()
            .flat_map(|(region, r)| {
                let entry: &'static Entry = r.entry();
                entry.columns.iter().map(move |column| Object {
                    oid: entry.instance(column.arc, &[]).into(),
                    column,
                    region,
                    is_scalar: entry.index.is_empty(),
                })
            })
            .collect();
        objects.sort_by(|a, b| a.oid.cmp(&b.oid));
        debug_assert!(
            objects.is_sorted_by(|a, b| !b.oid.starts_with(&a.oid)),
            "two regions claim an object type"
        );
        Self { regions, objects }
    }

    /// The object type a name belongs to, and the index that follows.
    pub fn object<'n>(&self, name: &'n [u32]) -> Option<(&Object, &'n [u32])> {
        let object = self.objects.get(self.position(name).checked_sub(1)?)?;
        let index = name.strip_prefix(&*object.oid)?;
        Some((object, index))
    }

    /// The region at a position that [`Object::region`] gave.
    pub fn region(&self, position: usize) -> Option<&dyn Region<S>> {
        self.regions.get(position).map(Box::as_ref)
    }

    /// The value of a variable, or the exception that says what is missing
    /// (RFC 3416 §4.2.1).
    pub fn get<'s>(&self, at: At<'s, S>, filter: Filter<'_>, name: &[u32]) -> Value<'s> {
        let Some((object, index)) = self.object(name) else { return Value::NoSuchObject };
        match filter.coverage(object) {
            Coverage::Nothing => return Value::NoSuchObject,
            Coverage::Part if !filter.view.contains(name) => return Value::NoSuchInstance,
            Coverage::Part | Coverage::All => {}
        }
        self.region(object.region)
            .and_then(|region| region.get(at, object.column.arc, index))
            .unwrap_or(Value::NoSuchInstance)
    }

    /// A walk's place: the first object type it may still find something in.
    pub fn seek(&self, name: &[u32]) -> usize {
        let position = self.position(name);
        match position.checked_sub(1).and_then(|before| self.objects.get(before)) {
            Some(object) if name.starts_with(&object.oid) => position - 1,
            _ => position,
        }
    }

    /// The first variable after `name`, and its value. `place` is what
    /// [`Registry::seek`] found for the name or a lesser one, and moves along.
    pub fn next<'r, 's: 'r>(
        &'r self,
        at: At<'s, S>,
        filter: Filter<'_>,
        place: &mut usize,
        name: &[u32],
    ) -> Option<(&'r [u32], &'r [u32], Value<'s>)> {
        loop {
            let object = self.objects.get(*place)?;
            // Above the object type everything in it comes after the name.
            let after = name.strip_prefix(&*object.oid).unwrap_or_default();
            // A scalar's one instance is the first there can be.
            if object.is_scalar && !after.is_empty() {
                *place += 1;
                continue;
            }
            if let Some((index, value)) = self.next_in(at, filter, object, after) {
                return Some((&object.oid, index, value));
            }
            *place += 1;
        }
    }

    /// The first instance of an object type after an index that the sender may
    /// see.
    fn next_in<'s>(
        &self,
        at: At<'s, S>,
        filter: Filter<'_>,
        object: &Object,
        after: &[u32],
    ) -> Option<(&'s [u32], Value<'s>)> {
        let coverage = filter.coverage(object);
        if coverage == Coverage::Nothing {
            return None;
        }
        let region = self.region(object.region)?;
        let mut found = region.next(at, object.column.arc, after)?;
        if coverage == Coverage::All {
            return Some(found);
        }
        let mut name = OidBuf::new();
        loop {
            // A name that is too long for any view is none that can be answered.
            let whole = name.set(&object.oid).and_then(|()| name.extend(found.0));
            if whole.is_err() || filter.view.contains(&name) {
                return Some(found);
            }
            found = region.next(at, object.column.arc, found.0)?;
        }
    }

    fn position(&self, name: &[u32]) -> usize {
        self.objects.partition_point(|object| *object.oid <= *name)
    }
}
