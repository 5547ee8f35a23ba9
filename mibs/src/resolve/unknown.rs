//! Names that stand for nothing, and what was perhaps meant by them.

use super::Resolver;
use crate::{
    ast::Name,
    diagnostic::{Problem, Role},
    model::ModuleId,
    similar::nearest,
    symbol::Symbol,
};

impl Resolver<'_> {
    /// Says that a module lacks what is imported from it, and what was meant: the
    /// same name in another module, or one like it in this one. What is like it is
    /// imported too, so that it is not missed again.
    pub(super) fn report_missing_import(&mut self, user: ModuleId, from: ModuleId, written: Name) {
        let name = written.symbol;
        let elsewhere = self.anywhere.get(name.index()).copied().flatten();
        let like = match elsewhere.filter(|&(owner, _)| owner != user) {
            Some((owner, _)) => {
                let owner = self.mib.symbols.text(self.unit_of(owner).name);
                Some(format!("{} FROM {owner}", self.word(written)).into())
            }
            None => {
                let meant = self.like_export(user, from, name);
                if let (Some(meant), Some(unit)) = (meant, self.units.get_mut(user.index())) {
                    unit.imports.entry(meant).or_insert(Some(from));
                }
                meant.map(|meant| self.mib.symbols.text(meant).into())
            }
        };
        let module = self.mib.symbols.text(self.unit_of(from).name).into();
        let name = self.word(written).into();
        self.report(user, written, Problem::MissingImport { module, name, like });
    }

    /// What a module defines, or a type of the language, that looks most like a name.
    fn like_export(&mut self, user: ModuleId, from: ModuleId, name: Symbol) -> Option<Symbol> {
        let unit = self.units.get_mut(user.index())?;
        unit.suggestions = unit.suggestions.checked_sub(1)?;
        let word = self.mib.symbols.text(name);
        let text = |symbol: Symbol| self.mib.symbols.text(symbol);
        let fits = |other: &&str| is_type(other) == is_type(word);
        let own = self.unit_of(from).definitions.keys().copied();
        let like = nearest(word, own.map(text).filter(fits))
            .or_else(|| nearest(word, self.language.names().map(text).filter(fits)))?;
        self.mib.symbols.find(like)
    }

    /// The module there is whose name looks most like that of one there is not.
    pub(super) fn like_module(&mut self, name: Symbol) -> Option<Box<str>> {
        if let Some(known) = self.like_modules.get(&name) {
            return known.clone();
        }
        if self.like_modules.len() >= MOST_MODULES {
            return None;
        }
        let word = self.mib.symbols.text(name);
        let modules = self.by_name.keys().map(|&module| self.mib.symbols.text(module));
        // RFC1315-MIB is not RFC1213-MIB misspelt.
        let modules = modules.filter(|other| digits(other).eq(digits(word)));
        let like: Option<Box<str>> = nearest(word, modules).map(Box::from);
        self.like_modules.insert(name, like.clone());
        like
    }

    /// Says that a name stands for nothing, with the name in scope that looks
    /// most like it; once in a module, where it is first.
    pub(super) fn report_unknown(&mut self, module: ModuleId, written: Name, role: Role) {
        // What could not be read was reported there.
        if self.broken.contains_key(&written.symbol) || self.was_said(module, written) {
            return;
        }
        let word: Box<str> = self.word(written).into();
        let like = self.most_like(module, written.symbol);
        let problem = Problem::Unknown { role, name: word, like };
        self.report(module, written, problem);
    }

    /// Whether something was said of a name in a module, or is now; it is said where
    /// the name is first.
    pub(super) fn was_said(&mut self, module: ModuleId, written: Name) -> bool {
        let span = self.span_of(written);
        let next = self.mib.diagnostics.len();
        let at = *self.said.entry((module, written.symbol)).or_insert(next);
        if let Some(said) = self.mib.diagnostics.get_mut(at)
            && span.start < said.span.start
        {
            said.span = span;
        }
        at != next
    }

    /// The name in scope that looks most like one that stands for nothing.
    fn most_like(&mut self, module: ModuleId, name: Symbol) -> Option<Box<str>> {
        // A module may speak of it in each of its definitions.
        if let Some(known) = self.likes.get(&(module, name)) {
            return known.clone();
        }
        let unit = self.units.get_mut(module.index())?;
        unit.suggestions = unit.suggestions.checked_sub(1)?;
        let unit = self.unit_of(module);
        let word = self.mib.symbols.text(name);
        let in_scope = unit.definitions.keys().chain(unit.imports.keys());
        let in_scope = in_scope.copied().chain(self.language.names());
        let in_scope = in_scope.filter(|&other| other != name);
        let in_scope = in_scope.map(|symbol| self.mib.symbols.text(symbol));
        let in_scope = in_scope.chain(["INTEGER", "BITS"]);
        let like = nearest(word, in_scope.filter(|other| is_type(other) == is_type(word)));
        let like: Option<Box<str>> = like.map(Box::from);
        self.likes.insert((module, name), like.clone());
        like
    }
}

/// For how many missing modules one that looks like them is looked for: each search
/// goes through the names of all.
const MOST_MODULES: usize = 200;

fn digits(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(u8::is_ascii_digit)
}

/// Whether a name is written as that of a type.
fn is_type(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
}
