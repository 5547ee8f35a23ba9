//! What can be done: functions of a client, an inventory and arguments, which
//! return values that print and serialise. Command line, REST and web page all
//! call these.

mod assign;
pub mod auto;
mod commit;
mod drain;
mod edit;
mod error;
mod kind;
mod locate;
mod poll;
mod query;
mod show;
mod variable;
mod weight;

pub use self::{
    assign::{AssignError, Assignment, keys},
    drain::{Drain, Drained, drain, undrain},
    edit::{Edit, Edited, add, remove, set},
    error::{Doing, OpError},
    kind::{Kind, Named, RowName},
    locate::{Found, Located, find, find_all},
    poll::poll,
    query::{
        Cells, QueryError, TableRow, TableView, Walking, get, next, parse_settings,
        set as set_variables, table, walk,
    },
    show::{RowView, Rows, list, show},
    variable::Variable,
    weight::{WeightChange, Weights, weight},
};
