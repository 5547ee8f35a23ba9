//! SET (RFC 3416 §4.2.5): all of it or nothing.
//!
//! The variable bindings are first looked at one by one, in their order, for
//! what is wrong with them under any circumstances: steps (1) to (7). Then they
//! are gathered into rows and the rows written into a draft, in the order of
//! their names and not of the bindings, so that a PDU means the same in any
//! order: a cluster comes before its services and these before their servers.
//! At last each row looks at the finished draft. What the draft would become in
//! the state is committed by the caller, and nothing happens before that.

use std::collections::BTreeMap;

use lcms_snmp::{ErrorStatus, OidBuf, Value, object::Entry, vacm::View};

use super::{Admitted, Assignment, At, Engine, Refusal, RowSet, State, Verdict, Workspace};
use crate::security::Principal;

/// A SET by someone who may write.
pub struct SetRequest<'d, S: State> {
    pub(super) engine: &'d Engine<S>,
    pub(super) request: Admitted<'d>,
    pub(super) view: &'d View,
}

/// What a SET would do, with nothing left to check but the whole of it.
#[derive(Debug)]
pub struct Checked<'d, D> {
    /// What it would make of the state.
    pub draft: D,
    /// Which binding of the SET stands for what.
    pub places: Places<'d>,
}

/// The rows of a SET, by which a fault found later gets its error-index.
#[derive(Debug)]
pub struct Places<'d>(Gathered<'d>);

/// Rows by the OID of their entry and their index.
type Gathered<'d> = BTreeMap<(&'static [u32], Vec<u32>), (usize, RowSet<'d>)>;

/// What is wrong with a SET, as its response says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The error-status, in the words of version 2.
    pub status: ErrorStatus,
    /// The error-index.
    pub index: usize,
}

impl<'d, S: State> SetRequest<'d, S> {
    /// Who sent it.
    pub fn principal(&self) -> &'d str {
        self.request.principal.name
    }

    /// Works out the draft, or what is wrong.
    pub fn check(&self, at: At<'_, S>) -> Result<Checked<'d, S::Draft>, Fault> {
        // RFC 3416 §4.2.5: first of all the size of the response, which repeats
        // the request. Otherwise a SET would be done and answered with tooBig.
        let mut probe = Vec::new();
        if !self.request.writer(&mut probe, self.engine.max_size).echo() {
            return Err(Fault { status: ErrorStatus::TooBig, index: 0 });
        }
        let varbinds = self.request.pdu().varbinds.iter().map(|raw| {
            let mut name = OidBuf::new();
            raw.name.read_into(&mut name);
            (name, raw.value)
        });
        self.engine.check(at, &self.request.principal, self.view, varbinds)
    }

    /// Writes the response.
    pub fn answer<'w>(
        &self,
        result: Result<(), Fault>,
        workspace: &'w mut Workspace,
    ) -> Verdict<'w> {
        let engine = self.engine;
        let mut writer = self.request.writer(&mut workspace.reply, engine.max_size);
        match result {
            Ok(()) if writer.echo() => engine.reply(writer),
            // A request larger than any response may be: `check` has refused it.
            Ok(()) => engine.refuse(writer, ErrorStatus::TooBig, 0),
            Err(fault) => engine.refuse(writer, fault.status, fault.index),
        }
    }
}

impl<S: State> Engine<S> {
    /// Works out what assignments would make of the state, whichever way they
    /// came, or what is wrong with them.
    pub fn check<'d>(
        &self,
        at: At<'_, S>,
        principal: &Principal<'_>,
        view: &View,
        varbinds: impl IntoIterator<Item = (OidBuf, Value<'d>)>,
    ) -> Result<Checked<'d, S::Draft>, Fault> {
        let rows = self.rows(view, varbinds)?;
        let mut draft = at.state.draft(principal, at.now);
        for (region, row) in rows.values() {
            if let Some(region) = self.registry.region(*region) {
                region.assign(&mut draft, row).map_err(|refusal| refusal.fault(row))?;
            }
        }
        for (region, row) in rows.values() {
            if let Some(region) = self.registry.region(*region) {
                region.settle(&mut draft, row).map_err(|refusal| refusal.fault(row))?;
            }
        }
        Ok(Checked { draft, places: Places(rows) })
    }

    /// The bindings gathered by row, if nothing is wrong with any of them.
    fn rows<'d>(
        &self,
        view: &View,
        varbinds: impl IntoIterator<Item = (OidBuf, Value<'d>)>,
    ) -> Result<Gathered<'d>, Fault> {
        let mut rows = Gathered::new();
        for (position, (name, value)) in varbinds.into_iter().enumerate() {
            let fault = |status| Fault { status, index: position + 1 };
            // (1): of what the view does not hold nothing else is said.
            if !view.contains(&name) {
                return Err(fault(ErrorStatus::NoAccess));
            }
            // (2): no variable of this prefix can be written whatever the value.
            let (object, index) =
                self.registry.object(&name).ok_or(fault(ErrorStatus::NotWritable))?;
            let region = self.registry.region(object.region);
            let region = region.ok_or(fault(ErrorStatus::NotWritable))?;
            if !object.column.access.is_writable() || !region.writes(object.column.arc) {
                return Err(fault(ErrorStatus::NotWritable));
            }
            // (3), (4), (6); what step (5) is about no decoder lets through.
            object.column.syntax.check(&value).map_err(|error| fault(error.into()))?;
            // (7): the name of an instance that can never be.
            if !region.admits(index) {
                return Err(fault(ErrorStatus::NoCreation));
            }
            let (_, row) = rows.entry((region.entry().oid, index.to_vec())).or_insert_with(|| {
                (object.region, RowSet { index: index.to_vec(), assignments: Vec::new() })
            });
            let arc = object.column.arc;
            match row.assignments.iter().find(|other| other.arc == arc) {
                // Twice the same is harmless; of two values neither can be meant.
                Some(other) if other.value == value => {}
                Some(_) => return Err(fault(ErrorStatus::InconsistentValue)),
                None => {
                    row.assignments.push(Assignment { arc, value, varbind: position });
                }
            }
        }
        Ok(rows)
    }
}

impl Places<'_> {
    /// The fault for a refusal of one row, if the SET has a binding of it.
    pub fn fault(&self, entry: &'static Entry, index: &[u32], refusal: Refusal) -> Option<Fault> {
        let (_, row) = self.0.get(&(entry.oid, index.to_vec()))?;
        Some(refusal.fault(row))
    }
}

impl Refusal {
    fn fault(self, row: &RowSet<'_>) -> Fault {
        // A row is here because of a binding, so there is a first.
        Fault { status: self.status, index: row.varbind(self.arc).map_or(0, |at| at + 1) }
    }
}
