//! The module of one table or group of scalars.

use std::fmt::Write;

use super::{
    CodegenError, doc,
    entries::{ColumnPlan, EntryPlan},
    labels, line,
    naming::pascal,
    shape::{Shape, named_labels},
};
use crate::model::{Base, Type};

pub(super) fn write(out: &mut String, entry: &EntryPlan<'_>) -> Result<(), CodegenError> {
    let mut body = String::new();
    write_entry(&mut body, entry);
    write_constants(&mut body, entry);
    write_index(&mut body, entry);
    write_row(&mut body, entry);
    write_patch(&mut body, entry);
    write_view(&mut body, entry);
    write_table(&mut body, entry);
    for column in &entry.columns {
        let own = matches!(column.shape, Shape::Enumeration(_) | Shape::Bits(_))
            && named_labels(column.syntax).is_none();
        if own {
            let description = column.node.description();
            let name = pascal(column.node.name());
            labels::write_type(&mut body, &name, column.syntax, description.as_deref())?;
        }
    }

    doc(out, "    ", entry.node.name(), entry.node.description().as_deref());
    line(out, format_args!("    pub mod {} {{", entry.module));
    out.push_str(
        "        use std::{borrow::Cow, cmp::Ordering};\n\n\
         \x20       use lcms_snmp::{Octets, Oid, Value};\n\
         \x20       use lcms_snmp::object::{self, Access, Base, Column, Entry, IndexPart, Syntax, \
         SyntaxError, Table};\n\n\
         \x20       use super::super::{support, tc};\n\n",
    );
    for text in body.lines() {
        match text.is_empty() {
            true => out.push('\n'),
            false => line(out, format_args!("    {text}")),
        }
    }
    out.push_str("    }\n\n");
    Ok(())
}

fn write_entry(out: &mut String, entry: &EntryPlan<'_>) {
    line(out, format_args!("    /// What the MIB says of `{}`.", entry.node.name()));
    out.push_str("    pub static ENTRY: Entry = Entry {\n");
    line(out, format_args!("        name: {:?},", entry.node.name()));
    line(out, format_args!("        oid: &{:?},", entry.node.oid()));
    out.push_str("        columns: &[\n");
    for column in entry.columns.iter().filter(|column| column.is_readable()) {
        let units = column.node.units().unwrap_or_default();
        line(
            out,
            format_args!(
                "            Column {{ arc: {}, name: {:?}, access: Access::{:?}, syntax: {}, \
                 units: {units:?} }},",
                column.node.arc(),
                column.node.name(),
                column.access,
                syntax(column.syntax),
            ),
        );
    }
    out.push_str("        ],\n        index: &[\n");
    for part in &entry.index.parts {
        line(
            out,
            format_args!(
                "            IndexPart {{ name: {:?}, syntax: {}, bare: {} }},",
                part.name,
                syntax(part.syntax),
                part.bare
            ),
        );
    }
    out.push_str("        ],\n    };\n\n");
}

/// The `Syntax` of an object, as an expression.
fn syntax(syntax: Type<'_>) -> String {
    let base = match syntax.base() {
        Base::Integer32 | Base::None => "Integer32",
        Base::Unsigned32 | Base::Gauge32 => "Gauge32",
        other => other.name(),
    };
    let labels: Vec<(&str, i64)> = syntax.labels().collect();
    let limits = syntax.base().limits();
    let ranges: Vec<(i64, i64)> = match labels.is_empty() && syntax.base() != Base::Counter64 {
        true => syntax.ranges().to_vec(),
        false => Vec::new(),
    };
    // A range that allows whatever the type can hold is none.
    let ranges = match (ranges.as_slice(), limits) {
        ([only], Some(limits)) if *only == limits => Vec::new(),
        _ => ranges,
    };
    let sizes: Vec<(i64, i64)> = match syntax.base() {
        Base::OctetString | Base::Opaque => {
            let top = i64::from(u32::MAX);
            let clamp = |&(low, high): &(i64, i64)| (low.clamp(0, top), high.clamp(0, top));
            syntax.sizes().iter().map(clamp).collect()
        }
        _ => Vec::new(),
    };
    format!(
        "Syntax {{ base: Base::{base}, ranges: &{ranges:?}, sizes: &{sizes:?}, \
         labels: &{labels:?}, text: {} }}",
        syntax.is_text()
    )
}

fn write_constants(out: &mut String, entry: &EntryPlan<'_>) {
    out.push_str("    /// The columns' sub-identifiers.\n    pub mod col {\n");
    for column in &entry.columns {
        doc(out, "        ", column.node.name(), column.node.description().as_deref());
        line(
            out,
            format_args!("        pub const {}: u32 = {};", column.constant, column.node.arc()),
        );
    }
    out.push_str("    }\n\n");
    let status = entry.columns.iter().find(|column| column.syntax.is_a("RowStatus"));
    let status = status.map(|column| column.node.arc());
    out.push_str("    /// The column with the RowStatus, where rows can be created.\n");
    line(out, format_args!("    pub const ROW_STATUS: Option<u32> = {status:?};\n"));
}

fn write_index(out: &mut String, entry: &EntryPlan<'_>) {
    if entry.index.parts.is_empty() {
        out.push_str("    /// Scalars have one instance.\n");
        out.push_str("    pub type Index = object::Scalar;\n\n");
        return;
    }
    if let Some(base) = &entry.index.shared {
        line(out, format_args!("    pub use {base}::Index;\n"));
        return;
    }
    let parts = &entry.index.parts;
    out.push_str("    /// The index of a row; its order is the one of the OIDs.\n");
    out.push_str("    #[derive(Clone, Debug, PartialEq, Eq, Hash)]\n    pub struct Index {\n");
    for part in parts {
        let description = part.node.and_then(|node| node.description());
        doc(out, "        ", &part.name, description.as_deref());
        line(out, format_args!("        pub {}: {},", part.field, part.shape.indexed()));
    }
    out.push_str("    }\n\n    impl object::Index for Index {\n");
    out.push_str("        fn encode(&self, out: &mut Vec<u32>) {\n");
    for part in parts {
        line(out, format_args!("            {}", part.shape.encode(&part.field, part.bare)));
    }
    out.push_str("        }\n\n        fn decode(arcs: &[u32]) -> Option<Self> {\n");
    let names: Vec<String> = (1..=parts.len()).map(|n| format!("part{n}")).collect();
    let names_list = names.join(", ");
    line(out, format_args!("            let [{names_list}] = ENTRY.index else {{ return None }};"));
    out.push_str("            let mut rest = arcs;\n            let index = Self {\n");
    for (part, name) in parts.iter().zip(&names) {
        line(out, format_args!("                {}: {},", part.field, part.shape.decode(name)));
    }
    out.push_str(
        "            };\n            rest.is_empty().then_some(index)\n        }\n    }\n\n",
    );
    out.push_str("    impl Ord for Index {\n");
    out.push_str("        fn cmp(&self, other: &Self) -> Ordering {\n");
    for (at, part) in parts.iter().enumerate() {
        let order = part.shape.order(&part.field, part.bare);
        match at {
            0 => line(out, format_args!("            {order}")),
            _ => line(out, format_args!("                .then_with(|| {order})")),
        }
    }
    out.push_str(
        "        }\n    }\n\n    impl PartialOrd for Index {\n\
         \x20       fn partial_cmp(&self, other: &Self) -> Option<Ordering> {\n\
         \x20           Some(self.cmp(other))\n        }\n    }\n\n",
    );
}

fn fields<'a, 'm>(out: &mut String, columns: impl Iterator<Item = &'a ColumnPlan<'m>>)
where
    'm: 'a,
{
    for column in columns {
        doc(out, "        ", column.node.name(), column.node.description().as_deref());
        line(out, format_args!("        pub {}: Option<{}>,", column.field, column.shape.owned()));
    }
}

fn write_row(out: &mut String, entry: &EntryPlan<'_>) {
    out.push_str("    /// Every readable column, as far as it is known.\n");
    out.push_str("    #[derive(Clone, Debug, Default, PartialEq)]\n    pub struct Row {\n");
    fields(out, entry.columns.iter().filter(|column| column.is_readable()));
    out.push_str("    }\n\n");

    let creatable = entry.columns.iter().any(|c| c.access == crate::model::Access::ReadCreate);
    if !creatable {
        return;
    }
    out.push_str("    impl Row {\n        /// The defaults of a row's columns.\n");
    out.push_str("        pub fn defaults() -> Patch {\n            Patch {\n");
    for column in entry.columns.iter().filter(|column| column.is_writable()) {
        let default = column.node.default();
        let default = default.and_then(|d| column.shape.default(column.syntax, d));
        if let Some(default) = default {
            line(out, format_args!("                {}: {default},", column.field));
        }
    }
    out.push_str("                ..Patch::default()\n            }\n        }\n    }\n\n");
}

fn write_patch(out: &mut String, entry: &EntryPlan<'_>) {
    out.push_str("    /// Every writable column: what a SET asks for.\n");
    out.push_str("    #[derive(Clone, Debug, Default, PartialEq)]\n    pub struct Patch {\n");
    fields(out, entry.columns.iter().filter(|column| column.is_writable()));
    out.push_str("    }\n\n");
}

fn write_view(out: &mut String, entry: &EntryPlan<'_>) {
    let readable = || entry.columns.iter().filter(|column| column.is_readable());
    out.push_str("    /// A row as the agent serves it; `None` is a column without an instance.\n");
    out.push_str("    pub trait View<'a> {\n");
    for column in readable() {
        doc(out, "        ", column.node.name(), column.node.description().as_deref());
        let viewed = column.shape.viewed();
        line(out, format_args!("        fn {}(&self) -> Option<{viewed}>;", column.field));
    }
    out.push_str("    }\n\n    impl<'a> View<'a> for &'a Row {\n");
    for column in readable() {
        line(
            out,
            format_args!(
                "        fn {}(&self) -> Option<{}> {{\n            {}\n        }}",
                column.field,
                column.shape.viewed(),
                column.shape.row_to_viewed(&column.field)
            ),
        );
    }
    out.push_str("    }\n\n    /// The value of a column, if the row has it.\n");
    out.push_str(
        "    pub fn column<'a>(view: &impl View<'a>, arc: u32) -> Option<Value<'a>> {\n\
         \x20       match arc {\n",
    );
    for column in readable() {
        line(
            out,
            format_args!(
                "            col::{} => view.{}().map({}),",
                column.constant,
                column.field,
                column.shape.viewed_to_value()
            ),
        );
    }
    out.push_str("            _ => None,\n        }\n    }\n\n");
}

fn write_table(out: &mut String, entry: &EntryPlan<'_>) {
    let name = &entry.table;
    doc(out, "    ", entry.node.name(), entry.node.description().as_deref());
    out.push_str("    #[derive(Clone, Copy, Debug, PartialEq, Eq)]\n");
    line(out, format_args!("    pub struct {name};\n"));
    line(out, format_args!("    impl Table for {name} {{"));
    out.push_str(
        "        type Index = Index;\n        type Row = Row;\n        type Patch = Patch;\n\
         \x20       const ENTRY: &'static Entry = &ENTRY;\n\n",
    );
    let signature = "fn fill(row: &mut Row, arc: u32, value: &Value<'_>)";
    line(out, format_args!("        {signature} -> Result<(), SyntaxError> {{"));
    out.push_str(
        "            if value.is_exception() {\n                return Ok(());\n            }\n\
         \x20           match arc {\n",
    );
    for column in entry.columns.iter().filter(|column| column.is_readable()) {
        let owned = column.shape.value_to_owned("value");
        line(
            out,
            format_args!(
                "                col::{} => row.{} = Some({owned}?),",
                column.constant, column.field
            ),
        );
    }
    // A newer agent has columns this code has never heard of.
    out.push_str("                _ => {}\n            }\n            Ok(())\n        }\n\n");

    let signature = "fn write(patch: &mut Patch, arc: u32, value: &Value<'_>)";
    line(out, format_args!("        {signature} -> Result<(), SyntaxError> {{"));
    out.push_str(
        "            let column = ENTRY.column(arc).filter(|column| column.access.is_writable());\n\
         \x20           column.ok_or(SyntaxError::WrongType)?.syntax.check(value)?;\n\
         \x20           match arc {\n",
    );
    let writable = || entry.columns.iter().filter(|column| column.is_writable());
    for column in writable() {
        let owned = column.shape.value_to_owned("value");
        line(
            out,
            format_args!(
                "                col::{} => patch.{} = Some({owned}?),",
                column.constant, column.field
            ),
        );
    }
    out.push_str(
        "                _ => return Err(SyntaxError::WrongType),\n            }\n\
         \x20           Ok(())\n        }\n\n",
    );

    out.push_str("        fn patch_columns(patch: &Patch) -> Vec<(u32, Value<'static>)> {\n");
    out.push_str("            let mut columns = Vec::new();\n");
    for column in writable() {
        let value = column.shape.owned_to_value("value");
        let mut text = String::new();
        write!(
            text,
            "            if let Some(value) = &patch.{} {{\n                \
             columns.push((col::{}, {value}));\n            }}",
            column.field, column.constant
        )
        .expect("a String takes any text");
        line(out, format_args!("{text}"));
    }
    out.push_str("            columns\n        }\n    }\n\n");
}
