//! Notifications as structs.

use super::{
    CodegenError, doc,
    entries::{ColumnPlan, EntryPlan},
    line,
    naming::{identifier, pascal},
    shape::Shape,
};
use crate::model::{Kind, Module, Node};

/// An object of a notification.
struct Object<'p, 'm> {
    entry: &'p EntryPlan<'m>,
    column: &'p ColumnPlan<'m>,
    field: String,
    owned: String,
}

pub(super) fn write(
    out: &mut String,
    module: Module<'_>,
    plan: &[EntryPlan<'_>],
) -> Result<(), CodegenError> {
    let notifications: Vec<Node<'_>> =
        module.nodes().filter(|node| node.kind() == Kind::Notification).collect();
    if notifications.is_empty() {
        return Ok(());
    }
    out.push_str("    /// The notifications of this module.\n    pub mod notifications {\n");
    out.push_str(
        "        use std::borrow::Cow;\n\n        use lcms_snmp::{Oid, Value, VarBind};\n\
         \x20       use lcms_snmp::object::{Index as _, SyntaxError};\n\n\
         \x20       use super::super::{support, tc};\n\n",
    );
    out.push_str("        /// All of them: descriptor and OID.\n");
    out.push_str("        pub const ALL: &[(&str, &[u32])] = &[\n");
    for node in &notifications {
        line(out, format_args!("            ({:?}, &{:?}),", node.name(), node.oid()));
    }
    out.push_str("        ];\n\n");
    for node in notifications {
        write_notification(out, node, plan)?;
    }
    out.push_str("    }\n");
    Ok(())
}

fn write_notification(
    out: &mut String,
    node: Node<'_>,
    plan: &[EntryPlan<'_>],
) -> Result<(), CodegenError> {
    let objects = objects(node, plan)?;
    let entries = indexed_entries(&objects);
    let name = pascal(node.name());

    doc(out, "        ", node.name(), node.description().as_deref());
    out.push_str("        #[derive(Clone, Debug, PartialEq)]\n");
    line(out, format_args!("        pub struct {name} {{"));
    for (entry, field) in &entries {
        line(out, format_args!("            /// The row of `{}` it is about.", entry.node.name()));
        line(out, format_args!("            pub {field}: super::{}::Index,", entry.module));
    }
    for object in &objects {
        let description = object.column.node.description();
        doc(out, "            ", object.column.node.name(), description.as_deref());
        line(out, format_args!("            pub {}: {},", object.field, object.owned));
    }
    out.push_str("        }\n\n");

    line(out, format_args!("        impl {name} {{"));
    out.push_str("            /// The value of snmpTrapOID.0.\n");
    line(out, format_args!("            pub const OID: &[u32] = &{:?};", node.oid()));
    out.push_str("            /// The descriptor in the MIB.\n");
    line(out, format_args!("            pub const NAME: &str = {:?};\n", node.name()));

    out.push_str("            /// The objects, to follow sysUpTime.0 and snmpTrapOID.0.\n");
    out.push_str("            pub fn varbinds(&self) -> Vec<VarBind<'static>> {\n");
    for (_, field) in &entries {
        line(out, format_args!("                let mut {field} = Vec::new();"));
        line(out, format_args!("                self.{field}.encode(&mut {field});"));
    }
    out.push_str("                let objects: Vec<Option<VarBind<'static>>> = vec![\n");
    for object in &objects {
        let index = match index_field(&entries, object.entry) {
            Some(field) => format!("&{field}"),
            None => "&[0]".to_owned(),
        };
        let place = format!("(&self.{})", object.field);
        let value = object.column.shape.owned_to_value(&place);
        let module = &object.entry.module;
        let constant = &object.column.constant;
        line(
            out,
            format_args!(
                "                    support::bind(&super::{module}::ENTRY, \
                 super::{module}::col::{constant}, {index}, {value}),"
            ),
        );
    }
    out.push_str(
        "                ];\n                objects.into_iter().flatten().collect()\n\
         \x20           }\n\n",
    );

    out.push_str("            /// Reads the objects back; `None` if one is missing or wrong.\n");
    out.push_str("            pub fn from_varbinds(varbinds: &[VarBind<'_>]) -> Option<Self> {\n");
    for object in &objects {
        let module = &object.entry.module;
        let constant = &object.column.constant;
        line(
            out,
            format_args!(
                "                let (index_{f}, value_{f}) = support::find(varbinds, \
                 &super::{module}::ENTRY, super::{module}::col::{constant})?;",
                f = object.field.trim_end_matches('_')
            ),
        );
    }
    out.push_str("                Some(Self {\n");
    for (entry, field) in &entries {
        let of_entry = |object: &&Object<'_, '_>| object.entry.module == entry.module;
        if let Some(first) = objects.iter().find(of_entry) {
            line(
                out,
                format_args!(
                    "                    {field}: super::{}::Index::decode(index_{})?,",
                    entry.module,
                    first.field.trim_end_matches('_')
                ),
            );
        }
    }
    for object in &objects {
        let value = format!("value_{}", object.field.trim_end_matches('_'));
        let shape = match &object.column.shape {
            Shape::Enumeration(_) => Shape::Enumeration(object.owned.clone()),
            Shape::Bits(_) => Shape::Bits(object.owned.clone()),
            other => other.clone(),
        };
        let owned = shape.value_to_owned(&value);
        line(out, format_args!("                    {}: {owned}.ok()?,", object.field));
    }
    out.push_str("                })\n            }\n        }\n\n");
    Ok(())
}

/// The objects with their fields: named as in the row, unless two rows have the
/// same name.
fn objects<'p, 'm>(
    node: Node<'m>,
    plan: &'p [EntryPlan<'m>],
) -> Result<Vec<Object<'p, 'm>>, CodegenError> {
    let mut objects: Vec<Object<'p, 'm>> = Vec::new();
    for member in node.members() {
        let found = plan.iter().find_map(|entry| {
            let column = entry.columns.iter().find(|column| column.node == member)?;
            Some((entry, column))
        });
        let missing = || CodegenError::Syntax(node.name().to_owned());
        let (entry, column) = found.ok_or_else(missing)?;
        let taken = objects.iter().any(|object| object.field == column.field);
        let field = match taken || column.field == "index" {
            true => identifier(member.name()),
            false => column.field.clone(),
        };
        let owned = match &column.shape {
            Shape::Enumeration(path) | Shape::Bits(path) if !path.starts_with("tc::") => {
                format!("super::{}::{path}", entry.module)
            }
            other => other.owned().to_owned(),
        };
        objects.push(Object { entry, column, field, owned });
    }
    Ok(objects)
}

/// The tables a notification's objects belong to, each with the field of its
/// index: `index` where there is one.
fn indexed_entries<'p, 'm>(objects: &[Object<'p, 'm>]) -> Vec<(&'p EntryPlan<'m>, String)> {
    let mut entries: Vec<&'p EntryPlan<'m>> = Vec::new();
    for object in objects {
        let is_new = entries.iter().all(|entry| entry.module != object.entry.module);
        if is_new && !object.entry.index.parts.is_empty() {
            entries.push(object.entry);
        }
    }
    match entries.as_slice() {
        [only] => vec![(*only, "index".to_owned())],
        _ => {
            let named = |entry: &'p EntryPlan<'m>| (entry, format!("{}_index", entry.module));
            entries.into_iter().map(named).collect()
        }
    }
}

fn index_field<'a>(
    entries: &'a [(&EntryPlan<'_>, String)],
    entry: &EntryPlan<'_>,
) -> Option<&'a str> {
    entries.iter().find(|(other, _)| other.module == entry.module).map(|(_, field)| field.as_str())
}
