//! What an engine serves: regions, each the instances below one [`Entry`].

use std::time::Instant;

use lcms_snmp::{ErrorStatus, Value, object::Entry};

use crate::security::{Principal, Security};

/// The data behind an agent's objects, as of one moment. It is immutable; what
/// is newer comes as another value.
pub trait State: Send + Sync + 'static {
    /// A SET that is being worked out: what the state would become.
    type Draft: Send;

    /// Who may do what.
    fn security(&self) -> &Security;

    /// A draft that changes nothing yet, on behalf of `principal`.
    fn draft(&self, principal: &Principal<'_>, now: Instant) -> Self::Draft;
}

/// The state and the time at which a request is answered.
#[derive(Debug)]
pub struct At<'s, S> {
    /// What is read.
    pub state: &'s S,
    /// When.
    pub now: Instant,
}

impl<S> Clone for At<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for At<'_, S> {}

/// One table, or one group of scalars.
///
/// Reading allocates nothing and waits for nothing. Names are sub-identifiers
/// below the column; whether the column exists, may be read or may be written
/// the engine has found out from the entry before it asks.
pub trait Region<S: State>: Send + Sync {
    /// What the MIB says of it.
    fn entry(&self) -> &'static Entry;

    /// The value of an instance, or `None` if there is no such instance.
    fn get<'s>(&self, at: At<'s, S>, arc: u32, index: &[u32]) -> Option<Value<'s>>;

    /// The first instance of a column whose index is greater than `after`, which
    /// may be any sub-identifiers at all.
    fn next<'s>(
        &self,
        at: At<'s, S>,
        arc: u32,
        after: &[u32],
        guess: &mut Guess,
    ) -> Option<(&'s [u32], Value<'s>)>;

    /// Whether this agent lets a column be written that the MIB says is writable.
    fn writes(&self, arc: u32) -> bool {
        let _ = arc;
        false
    }

    /// Whether a row with this index exists or could ever exist.
    fn admits(&self, index: &[u32]) -> bool;

    /// Writes one row's assignments into a draft. Rows come in the order of
    /// their names, a table after those its rows depend on.
    fn assign(&self, draft: &mut S::Draft, row: &RowSet<'_>) -> Result<(), Refusal> {
        let _ = (draft, row);
        Err(Refusal::row(ErrorStatus::NotWritable))
    }

    /// Looks at the finished draft: whether what the row was set to is
    /// consistent with everything else the SET did. What depends on other rows
    /// is written here.
    fn settle(&self, draft: &mut S::Draft, row: &RowSet<'_>) -> Result<(), Refusal> {
        let _ = (draft, row);
        Ok(())
    }
}

/// Where the row behind the last one of a walk should be: whoever asks for one
/// after the other is spared the search. A wrong guess costs no more than that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guess(pub(super) usize);

/// Everything a SET assigns to one row.
#[derive(Debug)]
pub struct RowSet<'d> {
    /// The row's index.
    pub index: Vec<u32>,
    /// The columns, in the order of the variable bindings, each once.
    pub assignments: Vec<Assignment<'d>>,
}

impl RowSet<'_> {
    /// The position of the variable binding for a column, else of the row's
    /// first.
    pub fn varbind(&self, arc: Option<u32>) -> Option<usize> {
        let exact = self.assignments.iter().find(|assignment| Some(assignment.arc) == arc);
        exact.or(self.assignments.first()).map(|assignment| assignment.varbind)
    }
}

/// One variable binding of a SET that has passed the checks of its own.
#[derive(Debug)]
pub struct Assignment<'d> {
    /// The column.
    pub arc: u32,
    /// The value, which fits the column's SYNTAX.
    pub value: Value<'d>,
    /// Position of the variable binding, from 0.
    pub varbind: usize,
}

/// Why a row's assignments cannot be done, and which column is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the response says.
    pub status: ErrorStatus,
    /// The column, where one is to blame; else the row's first binding is.
    pub arc: Option<u32>,
}

impl Refusal {
    /// The row as a whole.
    pub fn row(status: ErrorStatus) -> Self {
        Self { status, arc: None }
    }

    /// One column of it.
    pub fn column(arc: u32, status: ErrorStatus) -> Self {
        Self { status, arc: Some(arc) }
    }
}
