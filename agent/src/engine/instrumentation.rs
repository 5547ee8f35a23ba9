//! The instrumentation of one table: where its rows come from, and where what
//! is set goes.

use std::sync::LazyLock;

use lcms_snmp::{
    ErrorStatus, Value,
    object::{Entry, Index, Scalar, Table},
};

use super::{At, Guess, Refusal, Region, RowSet, Rows, State};

/// What one file of the agent says of one table, or of one group of scalars, in
/// the types that the MIB gave it. [`Instrumented`] makes a [`Region`] of it.
pub trait Instrumentation<S: State>: Send + Sync {
    /// The generated table.
    type Table: Table;
    /// What a row is found by.
    type Key: 'static;

    /// The rows there are.
    fn rows<'s>(&self, state: &'s S) -> &'s Rows<Self::Key>;

    /// The value of a column of a row, which is the generated `column` over a
    /// view of the row.
    fn column<'s>(&self, at: At<'s, S>, key: &'s Self::Key, arc: u32) -> Option<Value<'s>>;

    /// Whether this agent lets a writable column be written.
    fn writes(&self, arc: u32) -> bool {
        let _ = arc;
        false
    }

    /// Whether a row with this index could ever exist.
    fn admits(&self, index: &IndexOf<Self, S>) -> bool {
        let _ = index;
        true
    }

    /// Writes a patch into a draft; see [`Region::assign`].
    fn assign(
        &self,
        draft: &mut S::Draft,
        index: &IndexOf<Self, S>,
        patch: &PatchOf<Self, S>,
    ) -> Result<(), Refusal> {
        let _ = (draft, index, patch);
        Err(Refusal::row(ErrorStatus::NotWritable))
    }

    /// Looks at the finished draft; see [`Region::settle`].
    fn settle(
        &self,
        draft: &mut S::Draft,
        index: &IndexOf<Self, S>,
        patch: &PatchOf<Self, S>,
    ) -> Result<(), Refusal> {
        let _ = (draft, index, patch);
        Ok(())
    }
}

/// The typed index of an instrumented table.
pub type IndexOf<I, S> = <<I as Instrumentation<S>>::Table as Table>::Index;

/// The typed patch of an instrumented table.
pub type PatchOf<I, S> = <<I as Instrumentation<S>>::Table as Table>::Patch;

/// A table's instrumentation as the engine wants it.
pub struct Instrumented<I>(pub I);

impl<S: State, I: Instrumentation<S>> Region<S> for Instrumented<I> {
    fn entry(&self) -> &'static Entry {
        <I::Table as Table>::ENTRY
    }

    fn get<'s>(&self, at: At<'s, S>, arc: u32, index: &[u32]) -> Option<Value<'s>> {
        let key = self.0.rows(at.state).find(index)?;
        self.0.column(at, key, arc)
    }

    fn next<'s>(
        &self,
        at: At<'s, S>,
        arc: u32,
        after: &[u32],
        guess: &mut Guess,
    ) -> Option<(&'s [u32], Value<'s>)> {
        // A row without a value in this column has no instance there.
        self.0.rows(at.state).after(after, guess, |key| self.0.column(at, key, arc))
    }

    fn writes(&self, arc: u32) -> bool {
        self.0.writes(arc)
    }

    fn admits(&self, index: &[u32]) -> bool {
        <I::Table as Table>::Index::decode(index).is_some_and(|index| self.0.admits(&index))
    }

    fn assign(&self, draft: &mut S::Draft, row: &RowSet<'_>) -> Result<(), Refusal> {
        let (index, patch) = typed::<I::Table>(row)?;
        self.0.assign(draft, &index, &patch)
    }

    fn settle(&self, draft: &mut S::Draft, row: &RowSet<'_>) -> Result<(), Refusal> {
        let (index, patch) = typed::<I::Table>(row)?;
        self.0.settle(draft, &index, &patch)
    }
}

/// A row's assignments in the table's types. Names and values have been checked
/// before, so an error here would be the generated code's.
fn typed<T: Table>(row: &RowSet<'_>) -> Result<(T::Index, T::Patch), Refusal> {
    let index = T::Index::decode(&row.index).ok_or(Refusal::row(ErrorStatus::NoCreation))?;
    let mut patch = T::Patch::default();
    for assignment in &row.assignments {
        T::write(&mut patch, assignment.arc, &assignment.value)
            .map_err(|error| Refusal::column(assignment.arc, error.into()))?;
    }
    Ok((index, patch))
}

/// The one row of a group of scalars.
pub fn scalar_row() -> &'static Rows<()> {
    static ROW: LazyLock<Rows<()>> = LazyLock::new(|| Rows::new([(Scalar, ())]));
    &ROW
}
