//! Where a name belongs.

use lcms_snmp::{
    ColumnName, OidBuf, Value,
    object::{Base, Column, Entry},
    vacm::{Coverage, View},
};

use super::{At, Guess, Region, State};

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
    /// The same as the names of its instances begin.
    pub name: ColumnName,
    /// What the MIB says.
    pub column: &'static Column,
    /// The position of its region.
    pub region: usize,
    /// Whether it is a scalar, and no column.
    pub is_scalar: bool,
}

/// A walk's place: the first object type it may still find something in. It
/// spares each step of a GETBULK the search for that, and what was found out
/// about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    object: usize,
    coverage: Option<Coverage>,
    row: Guess,
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

impl Place {
    /// Goes behind the object type.
    pub fn leave(&mut self) {
        *self = Self { object: self.object + 1, ..Self::default() };
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
                entry.columns.iter().map(move |column| {
                    let oid = entry.instance(column.arc, &[]);
                    let is_scalar = entry.index.is_empty();
                    let name = ColumnName::new(&oid);
                    Object { oid: oid.into(), name, column, region, is_scalar }
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

    /// Where a walk from a name on begins.
    pub fn seek(&self, name: &[u32]) -> Place {
        let position = self.position(name);
        let object = match position.checked_sub(1).and_then(|before| self.objects.get(before)) {
            Some(object) if name.starts_with(&object.oid) => position - 1,
            _ => position,
        };
        Place { object, ..Place::default() }
    }

    /// The object type that a walk is at, or `None` behind the last.
    pub fn object_at(&self, place: &Place) -> Option<&Object> {
        self.objects.get(place.object)
    }

    /// The first instance after `name` of the object type that the walk is at, if
    /// the sender may see one: its index and its value.
    pub fn next<'s>(
        &self,
        at: At<'s, S>,
        filter: Filter<'_>,
        object: &Object,
        place: &mut Place,
        name: &[u32],
    ) -> Option<(&'s [u32], Value<'s>)> {
        // Above the object type everything in it comes after the name.
        let after = name.strip_prefix(&*object.oid).unwrap_or_default();
        // A scalar's one instance is the first there can be.
        if object.is_scalar && !after.is_empty() {
            return None;
        }
        let coverage = *place.coverage.get_or_insert_with(|| filter.coverage(object));
        if coverage == Coverage::Nothing {
            return None;
        }
        let region = self.region(object.region)?;
        let found = region.next(at, object.column.arc, after, &mut place.row);
        if coverage == Coverage::All {
            return found;
        }
        let mut found = found?;
        let mut name = OidBuf::new();
        loop {
            // A name that is too long for any view is none that can be answered.
            let whole = name.set(&object.oid).and_then(|()| name.extend(found.0));
            if whole.is_err() || filter.view.contains(&name) {
                return Some(found);
            }
            found = region.next(at, object.column.arc, found.0, &mut place.row)?;
        }
    }

    fn position(&self, name: &[u32]) -> usize {
        self.objects.partition_point(|object| *object.oid <= *name)
    }
}
