//! What can be done: functions of a client, an inventory and arguments, which
//! return values that print and serialise. Command line, REST and web page all
//! call these.

mod advice;
mod assign;
pub mod auto;
mod check;
mod commit;
mod doctor;
mod drain;
mod edit;
mod error;
mod export;
mod kind;
mod locate;
pub mod mib;
mod poll;
mod query;
mod settings;
mod show;
mod table;
mod variable;
mod weight;
mod why;

pub use self::{
    assign::{AssignError, Assignment, keys},
    check::{Check, Checked, check, check_all},
    doctor::{Cause, Diagnosis, Outcome, Step, doctor},
    drain::{Drain, Drained, drain, undrain},
    edit::{Edit, Edited, add, remove, set},
    error::{Doing, OpError},
    export::{ExportTo, export},
    kind::{Kind, Named, RowName},
    locate::{Found, Located, find, find_all},
    poll::poll,
    query::{About, QueryError, Walking, get, next, set as set_variables, walk},
    settings::parse_settings,
    show::{RowView, Rows, list, show},
    table::{Cells, TableRow, TableView, table},
    variable::Variable,
    weight::{WeightChange, Weights, weight},
    why::{Asked, Changed, PolicyWhy, ServerWhy, ServiceWhy, Why, why},
};
