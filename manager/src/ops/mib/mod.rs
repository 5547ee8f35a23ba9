//! What can be asked of modules alone, without any agent.

mod dump;
mod lint;
mod names;

pub use dump::{DumpLine, ModuleRecord, NodeRecord, dump};
pub use lint::{Finding, finding};
pub use names::{Entry, Translation, find, translate, tree};
