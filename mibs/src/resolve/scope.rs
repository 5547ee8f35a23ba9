//! Which definition a name in a module means.

use super::{DefinitionId, Resolver};
use crate::{
    ast::{Body, Name},
    diagnostic::{Problem, Role},
    model::ModuleId,
    names::distance,
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
                    let problem = Problem::MissingModule { module: name.into() };
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
                let name = self.mib.symbols.text(symbol);
                // Macros belong to the language, wherever they are imported from.
                let known = is_macro(name)
                    || self.language.named(symbol).is_some()
                    || self.exported(target, symbol).is_some();
                if !known {
                    let name = name.into();
                    let from = self.mib.symbols.text(from).into();
                    self.report(module, written, Problem::MissingImport { module: from, name });
                    // What was meant by it is imported too, and is not missed again.
                    let meant = self.like_export(module, target, symbol);
                    if let (Some(meant), Some(unit)) = (meant, self.units.get_mut(module.index())) {
                        unit.imports.entry(meant).or_insert(Some(target));
                    }
                }
            }
        }
    }

    /// The one definition of a module, or type of the language, whose name is next to
    /// a word.
    fn like_export(&mut self, user: ModuleId, from: ModuleId, name: Symbol) -> Option<Symbol> {
        let unit = self.units.get_mut(user.index())?;
        unit.suggestions = unit.suggestions.checked_sub(1)?;
        let word = self.mib.symbols.text(name);
        let all = self.unit_of(from).definitions.keys().copied();
        let mut near = all.chain(self.language.names()).filter(|&known| {
            let known = self.mib.symbols.text(known);
            known.len().abs_diff(word.len()) <= 2
                && known.as_bytes().first() == word.as_bytes().first()
                && distance(known, word) <= 2
        });
        near.next().filter(|&only| near.all(|other| other == only))
    }

    /// What another module gets when it imports a name from this one. Some
    /// modules pass on what they imported themselves.
    fn exported(&self, mut module: ModuleId, name: Symbol) -> Option<DefinitionId> {
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
        if imported.is_none() && self.said.insert((module, name), ()).is_none() {
            let from = self.mib.symbols.text(self.unit_of(found.0).name).into();
            let name = self.mib.symbols.text(name).into();
            self.report(module, written, Problem::NotImported { name, module: from });
        }
        Some(found)
    }

    /// Says that a name stands for nothing, with the name in scope that looks
    /// most like it.
    pub(super) fn report_unknown(&mut self, module: ModuleId, written: Name, role: Role) {
        // What could not be read was reported there.
        if self.broken.contains_key(&written.symbol) {
            return;
        }
        let word: Box<str> = self.word(written).into();
        let like = self.most_like(module, written.symbol, role);
        let problem = Problem::Unknown { role, name: word, like };
        self.report(module, written, problem);
    }

    /// The name in scope that looks most like one that stands for nothing.
    fn most_like(&mut self, module: ModuleId, name: Symbol, role: Role) -> Option<Box<str>> {
        let is_type = role == Role::Type;
        // A module may speak of it in each of its definitions.
        if let Some(known) = self.likes.get(&(module, name, is_type)) {
            return known.clone();
        }
        let unit = &mut self.units[module.index()];
        unit.suggestions = unit.suggestions.checked_sub(1)?;
        let unit = self.unit_of(module);
        let word = self.mib.symbols.text(name);
        let allowed = (word.len() / 4).clamp(1, 3);
        let in_scope = unit.definitions.keys().chain(unit.imports.keys());
        let in_scope = in_scope.copied().chain(self.language.names());
        let in_scope = in_scope.map(|symbol| self.mib.symbols.text(symbol));
        let letters = letters(word);
        let near = in_scope.filter(|name| {
            is_type == name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.len().abs_diff(word.len()) <= allowed
                && (self::letters(name) ^ letters).count_ones() as usize <= 2 * allowed
        });
        let ranked = near.map(|name| (distance(name, word), name)).filter(|&(d, _)| d <= allowed);
        let like: Option<Box<str>> = ranked.min().map(|(_, name)| name.into());
        self.likes.insert((module, name, is_type), like.clone());
        like
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

    /// Whether a definition is a type.
    pub(super) fn is_type(&self, id: DefinitionId) -> bool {
        matches!(self.definition(id).body, Body::Type { .. } | Body::TextualConvention { .. })
    }
}

/// Which letters a word has, the case aside. Words that differ in more of them
/// than an edit can change are far apart, which is quickly seen.
fn letters(word: &str) -> u32 {
    word.bytes().fold(0, |letters, b| letters | 1 << (b & 0x1f))
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
