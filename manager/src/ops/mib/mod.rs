//! What can be asked of modules alone, without any agent.

mod dump;
mod lint;

pub use dump::{DumpLine, ModuleRecord, NodeRecord, dump};
pub use lint::{Finding, finding};
