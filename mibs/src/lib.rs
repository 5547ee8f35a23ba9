//! SMIv1/SMIv2 compiler: names, values, lint and code generation.
//!
//! Source text → lexer → tokens → parser (nom, over a slice of tokens) → syntax
//! tree → resolver → a read-only [`Mib`], which answers questions about names,
//! OIDs, types and tables, and from which [`codegen`] writes Rust.
//!
//! Modules are compiled together by a [`Compiler`]. It never fails: what is
//! wrong is a [`Diagnostic`], and everything else is there.

mod ast;
mod builtin;
mod cache;
pub mod codegen;
mod codes;
mod compiler;
mod diagnostic;
mod diff;
mod hint;
mod instance;
mod lexer;
mod lint;
mod model;
mod names;
mod parser;
mod render;
mod resolve;
mod similar;
mod source;
mod symbol;
mod values;

pub use cache::Cache;
#[doc(hidden)]
pub use cache::{from_tables, tables_of};
pub use codes::Code;
pub use compiler::{Compiler, Preset, parse};
pub use diagnostic::{Diagnostic, Expected, Problem, Record, Role, Severity};
pub use diff::{Change, What, diff};
pub use lint::Rule;
pub use model::{
    Access, Base, Compliance, DefaultValue, Index, Kind, Mib, Module, Node, Status, Type,
};
pub use names::NameError;
pub use render::Report;
pub use source::{FileId, Position, Source, Span};
pub use values::ValueError;
