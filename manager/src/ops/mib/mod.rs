//! What can be asked of modules alone, without any agent.

mod diff;
mod doc;
mod dump;
mod lint;
mod names;

pub use diff::{Difference, difference};
pub use doc::{Format, document};
pub use dump::{DumpLine, ModuleRecord, NodeRecord, dump};
pub use lint::{Explanation, Finding, explanation, finding};
pub use names::{Entry, Translation, find, translate, tree};
