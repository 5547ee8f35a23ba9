//! Which definition a name in a module means.

use super::{DefinitionId, Resolver};
use crate::{
    ast::{Body, Name},
    diagnostic::Problem,
    model::ModuleId,
    symbol::Symbol,
};

/// Modules that were renamed or taken apart long ago. What they defined is
/// found wherever it is now.
const RETIRED: &[&str] =
    &["RFC1155-SMI", "RFC1065-SMI", "RFC-1212", "RFC-1215", "RFC1213-MIB", "RFC1158-MIB"];

impl Resolver<'_> {
    /// Ties the names in IMPORTS to modules.
    pub(super) fn bind_imports(&mut self) {
        for at in 0..self.units.len() {
            let module = ModuleId::new(at as u32);
            let ast = self.unit_of(module).ast;
            for import in &ast.imports {
                let from = import.module.symbol;
                let target = self.by_name.get(&from).copied();
                let name = self.mib.symbols.text(from);
                if target.is_none() && !RETIRED.contains(&name) {
                    let (module_name, like) = (name.into(), self.like_module(from));
                    let problem = Problem::MissingModule { module: module_name, like };
                    self.report(module, import.module, problem);
                }
                for name in &ast.pools[import.symbols] {
                    self.units[at].imports.insert(name.symbol, target);
                }
            }
        }
        for at in 0..self.units.len() {
            self.check_imports(ModuleId::new(at as u32));
        }
    }

    fn check_imports(&mut self, module: ModuleId) {
        let ast = self.unit_of(module).ast;
        for import in &ast.imports {
            let from = import.module.symbol;
            let Some(&target) = self.by_name.get(&from) else { continue };
            for &written in &ast.pools[import.symbols] {
                let symbol = written.symbol;
                if !self.exports(target, symbol) {
                    self.report_missing_import(module, target, written);
                }
            }
        }
    }

    /// Whether a name can be imported from a module. Macros and types of the language
    /// belong to it wherever they are imported from.
    fn exports(&self, module: ModuleId, name: Symbol) -> bool {
        is_macro(self.mib.symbols.text(name))
            || self.language.named(name).is_some()
            || self.exported(module, name).is_some()
    }

    /// Whether nothing was said of an import: it is there, or its module is not.
    pub(crate) fn is_importable(&self, module: Name, name: Name) -> bool {
        self.by_name.get(&module.symbol).is_none_or(|&id| self.exports(id, name.symbol))
    }

    /// What another module gets when it imports a name from this one. Some
    /// modules pass on what they imported themselves.
    pub(super) fn exported(&self, mut module: ModuleId, name: Symbol) -> Option<DefinitionId> {
        for _ in 0..8 {
            let unit = self.unit_of(module);
            if let Some(&at) = unit.definitions.get(&name) {
                return Some((module, at));
            }
            module = (*unit.imports.get(&name)?)?;
        }
        None
    }

    /// The definition a name means in a module; `written` is where it is used.
    pub(super) fn find(&mut self, module: ModuleId, written: Name) -> Option<DefinitionId> {
        let name = written.symbol;
        let unit = self.unit_of(module);
        if let Some(&at) = unit.definitions.get(&name) {
            return Some((module, at));
        }
        let imported = unit.imports.get(&name).copied();
        if let Some(Some(target)) = imported
            && let Some(found) = self.exported(target, name)
        {
            return Some(found);
        }
        let found = self.anywhere.get(name.index()).copied().flatten()?;
        if self.strict && imported.is_none() {
            return None;
        }
        // An import from a module that lacks it, or is not there, was reported
        // where it stands.
        if imported.is_none() && !self.was_said(module, written) {
            let from = self.mib.symbols.text(self.unit_of(found.0).name).into();
            let name = self.mib.symbols.text(name).into();
            self.report(module, written, Problem::NotImported { name, module: from });
        }
        Some(found)
    }

    /// The definition a name means, without a word about how it was found.
    pub(crate) fn quiet_find(&self, module: ModuleId, name: Symbol) -> Option<DefinitionId> {
        let unit = self.unit_of(module);
        if let Some(&at) = unit.definitions.get(&name) {
            return Some((module, at));
        }
        let imported = unit.imports.get(&name).copied().flatten();
        let exported = imported.and_then(|target| self.exported(target, name));
        exported.or_else(|| self.anywhere.get(name.index()).copied().flatten())
    }

    /// The definition of a name in a module that is named with it.
    pub(super) fn find_in(&self, module: Symbol, name: Symbol) -> Option<DefinitionId> {
        let target = self.by_name.get(&module).copied()?;
        self.exported(target, name)
    }

    pub(super) fn is_loaded(&self, module: Symbol) -> bool {
        self.by_name.contains_key(&module)
    }

    /// Whether a definition is a type.
    pub(super) fn is_type(&self, id: DefinitionId) -> bool {
        matches!(self.definition(id).body, Body::Type { .. } | Body::TextualConvention { .. })
    }
}

fn is_macro(name: &str) -> bool {
    matches!(
        name,
        "OBJECT-TYPE"
            | "MODULE-IDENTITY"
            | "OBJECT-IDENTITY"
            | "NOTIFICATION-TYPE"
            | "TRAP-TYPE"
            | "TEXTUAL-CONVENTION"
            | "OBJECT-GROUP"
            | "NOTIFICATION-GROUP"
            | "MODULE-COMPLIANCE"
            | "AGENT-CAPABILITIES"
            | "BITS"
    )
}
