//! Which entries a module has, with their columns and names.

use super::{
    CodegenError,
    naming::{first_word, identifier, pascal, screaming, snake, without_prefix},
    shape::Shape,
};
use crate::model::{Access, Kind, Module, Node, Status, Type};

/// A table's row, or a group of scalars, as it will be written.
pub(super) struct EntryPlan<'m> {
    /// The row, or the scalars' parent.
    pub node: Node<'m>,
    /// The Rust module, `lc_server`.
    pub module: String,
    /// The unit type, `LcServer`.
    pub table: String,
    pub columns: Vec<ColumnPlan<'m>>,
    pub index: IndexPlan<'m>,
}

pub(super) struct ColumnPlan<'m> {
    pub node: Node<'m>,
    pub syntax: Type<'m>,
    pub shape: Shape,
    /// The field's and method's name, `weight`.
    pub field: String,
    /// The constant's name, `WEIGHT`.
    pub constant: String,
    pub access: Access,
}

impl ColumnPlan<'_> {
    pub fn is_readable(&self) -> bool {
        self.access.is_readable()
    }

    pub fn is_writable(&self) -> bool {
        self.access.is_writable()
    }
}

pub(super) struct IndexPlan<'m> {
    pub parts: Vec<PartPlan<'m>>,
    /// The module whose index this is too, by AUGMENTS.
    pub shared: Option<String>,
}

pub(super) struct PartPlan<'m> {
    pub name: String,
    pub node: Option<Node<'m>>,
    pub syntax: Type<'m>,
    pub shape: Shape,
    pub field: String,
    pub bare: bool,
}

/// The Rust module of a MIB module.
pub(super) fn module_name(module: Module<'_>) -> String {
    identifier(&module.name().to_ascii_lowercase())
}

fn is_obsolete(node: Node<'_>) -> bool {
    node.status() == Some(Status::Obsolete)
}

/// The entries of a module, in the order they are written. `all` are the
/// modules code is generated for.
pub(super) fn plan<'m>(
    module: Module<'m>,
    all: &[Module<'m>],
) -> Result<Vec<EntryPlan<'m>>, CodegenError> {
    let mut plans: Vec<EntryPlan<'m>> = Vec::new();
    for node in module.nodes().filter(|&node| !is_obsolete(node)) {
        match node.kind() {
            Kind::Row => plans.push(table(node, all)?),
            Kind::Scalar => {
                let Some(parent) = node.parent() else { continue };
                if !plans.iter().any(|plan| plan.node == parent) {
                    plans.push(scalars(module, parent)?);
                }
            }
            _ => {}
        }
    }
    tell_apart(&mut plans);
    Ok(plans)
}

/// `hrStorage` has scalars, and beside them `hrStorageTable` whose rows are named
/// alike: then the scalars' module says that it is theirs.
fn tell_apart(plans: &mut [EntryPlan<'_>]) {
    let is_table = |plan: &EntryPlan<'_>| plan.node.kind() == Kind::Row;
    let tables: Vec<String> =
        plans.iter().filter(|p| is_table(p)).map(|p| p.module.clone()).collect();
    for plan in plans.iter_mut().filter(|plan| !is_table(plan)) {
        if tables.contains(&plan.module) {
            plan.module.push_str("_scalars");
            plan.table.push_str("Scalars");
        }
    }
}

fn table<'m>(row: Node<'m>, all: &[Module<'m>]) -> Result<EntryPlan<'m>, CodegenError> {
    let stem = row.name().strip_suffix("Entry").unwrap_or(row.name()).to_owned();
    let own = row.module();
    let children = row.children().filter(|c| c.kind() == Kind::Column && c.module().id == own.id);
    let columns = columns(&stem, children)?;
    Ok(EntryPlan {
        node: row,
        module: identifier(&stem),
        table: pascal(&stem),
        columns,
        index: index(row, &stem, all)?,
    })
}

fn scalars<'m>(module: Module<'m>, parent: Node<'m>) -> Result<EntryPlan<'m>, CodegenError> {
    let stem = parent.name().to_owned();
    let own = parent
        .children()
        .filter(|child| child.kind() == Kind::Scalar && child.module().id == module.id);
    let columns = columns(&stem, own)?;
    // `usmUser` holds a scalar and the table of `usmUserEntry`.
    let is_row = |node: Node<'_>| node.kind() == Kind::Row;
    let mut rows = module.nodes().filter(|&node| is_row(node));
    let name = match rows.any(|row| row.name().strip_suffix("Entry") == Some(&stem)) {
        true => format!("{stem}Scalars"),
        false => stem,
    };
    Ok(EntryPlan {
        node: parent,
        module: identifier(&name),
        table: pascal(&name),
        columns,
        index: IndexPlan { parts: Vec::new(), shared: None },
    })
}

fn columns<'m>(
    stem: &str,
    nodes: impl Iterator<Item = Node<'m>>,
) -> Result<Vec<ColumnPlan<'m>>, CodegenError> {
    let nodes: Vec<Node<'m>> = nodes.filter(|&node| !is_obsolete(node)).collect();
    let prefix = match nodes.iter().all(|node| node.name().starts_with(stem)) {
        true => stem,
        false => "",
    };
    let plan = |node: Node<'m>| {
        let unknown = || CodegenError::Syntax(node.name().to_owned());
        let syntax = node.syntax().ok_or_else(unknown)?;
        let field = match prefix {
            "" => identifier(node.name()),
            prefix => without_prefix(node.name(), prefix),
        };
        Ok(ColumnPlan {
            node,
            syntax,
            shape: Shape::of(node, syntax).ok_or_else(unknown)?,
            constant: screaming(&field),
            field,
            access: node.access().unwrap_or(Access::NotAccessible),
        })
    };
    nodes.into_iter().map(plan).collect()
}

fn index<'m>(row: Node<'m>, stem: &str, all: &[Module<'m>]) -> Result<IndexPlan<'m>, CodegenError> {
    let components = row.index();
    // `lc` of lcServerEntry and lcClusterName says nothing within this module.
    let word = first_word(stem);
    let is_common = |name: &str| {
        name.strip_prefix(word)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    let common = components.iter().all(|c| c.node().is_some_and(|node| is_common(node.name())));
    let mut parts = Vec::new();
    for (at, component) in components.iter().enumerate() {
        let unknown = || CodegenError::Syntax(row.name().to_owned());
        let node = component.node();
        let syntax = component.syntax();
        let name = match node {
            Some(node) => node.name().to_owned(),
            None => format!("{}{}", component.name(), at + 1),
        };
        let field = match name.strip_prefix(word) {
            Some(rest) if common => identifier(rest),
            _ => identifier(&name),
        };
        let mut shape = Shape::of(node.unwrap_or(row), syntax).ok_or_else(unknown)?;
        if let (Some(node), Shape::Enumeration(path) | Shape::Bits(path)) = (node, &mut shape) {
            qualify(path, node, row);
        }
        parts.push(PartPlan { name, node, syntax, shape, field, bare: component.bare() });
    }
    let base = row.augments().filter(|base| all.iter().any(|m| m.id == base.module().id));
    let shared = base.map(|base| {
        let stem = base.name().strip_suffix("Entry").unwrap_or(base.name());
        let module = module_name(base.module());
        format!("super::super::{module}::{}", identifier(stem))
    });
    Ok(IndexPlan { parts, shared })
}

/// An enumeration written in place belongs to the module of its own row.
fn qualify(path: &mut String, node: Node<'_>, user: Node<'_>) {
    let Some(row) = node.row().filter(|&row| row != user) else { return };
    if !path.starts_with("tc::") {
        let stem = row.name().strip_suffix("Entry").unwrap_or(row.name());
        *path = format!("super::super::{}::{}::{path}", module_name(row.module()), snake(stem));
    }
}
