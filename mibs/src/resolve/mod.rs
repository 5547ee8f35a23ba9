//! Syntax trees to a [`Mib`]: whose name is meant, which type it ends at, which
//! OID it has.
//!
//! Every step is a loop over definitions; chains of types and of OIDs are
//! followed with a stack of our own, so that no input is too deep. What cannot
//! be resolved is reported and left out, and everything else stays.

mod nodes;
mod objects;
mod oids;
mod scope;
mod tree;
mod types;
mod unknown;

use std::path::Path;

use crate::{
    ast::{self, Clause, Name},
    diagnostic::{Diagnostic, Problem},
    model::{Mib, ModuleData, ModuleId, NodeId, Type, TypeId},
    parser::File,
    source::{FileId, Source, Span},
    symbol::{FastMap, Symbol, Symbols},
};
use oids::OidState;
pub(crate) use oids::root_of;
use tree::{Tree, Vertex};

/// A definition: the module, and its place in the module's list.
pub(crate) type DefinitionId = (ModuleId, u32);

type Refined<'a> = FastMap<(TypeId, bool, &'a [ast::Interval]), TypeId>;

/// A module under way.
pub(crate) struct Unit<'a> {
    file: FileId,
    pub(crate) name: Symbol,
    /// The number of its first definition among all.
    first: u32,
    pub(crate) ast: &'a ast::Module,
    /// The first definition of each name.
    definitions: FastMap<Symbol, u32>,
    /// Those of a name that was there before.
    repeated: FastMap<u32, ()>,
    /// The last definition of each of these names.
    last: FastMap<Symbol, u32>,
    pub(crate) imports: FastMap<Symbol, Option<ModuleId>>,
    last_updated: Option<Symbol>,
    /// For how many more unknown names one that looks like them is looked for:
    /// each search goes through all that is in scope.
    suggestions: u32,
    /// Whether it defines the types of the language itself.
    pub(crate) is_base: bool,
    pub(crate) origin: Origin,
}

pub(crate) struct Resolver<'a> {
    pub(crate) units: Vec<Unit<'a>>,
    by_name: FastMap<Symbol, ModuleId>,
    /// Who defines a name, for those who forgot to import it.
    anywhere: Vec<Option<DefinitionId>>,
    /// Names of definitions that could not be read.
    broken: FastMap<Symbol, ()>,
    /// What was said once about a module and a name is not said again.
    /// By the number of the diagnostic.
    said: FastMap<(ModuleId, Symbol), usize>,
    /// What looks most like an unknown name of a module.
    likes: FastMap<(ModuleId, Symbol), Option<Box<str>>>,
    /// What looks most like the name of a module that is not there.
    like_modules: FastMap<Symbol, Option<Box<str>>>,
    language: types::Language,
    /// The refinements that a module's objects made in place: which type, whether
    /// by its size, and what is allowed.
    refined: (ModuleId, Refined<'a>),
    /// By the number of the definition.
    type_ids: Vec<Option<TypeId>>,
    oids: Vec<Option<OidState>>,
    /// Names that OID values give to places on their way.
    passed: Vec<(ModuleId, Name, Vertex)>,
    tree: Tree,
    node_ids: Vec<Option<NodeId>>,
    /// Whether a name means what the module says, and nothing else.
    strict: bool,
    pub(crate) mib: Mib,
}

/// Whether a file belongs to the built-in base, whose modules give way to a
/// user's of the same name and age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Origin {
    BuiltIn,
    /// It was named, or given as a text.
    User,
    /// It was in a folder.
    Found,
}

/// Resolves parsed files; `files` and `origins` go with `sources`.
pub(crate) fn resolve(
    sources: Vec<Source>,
    files: &[File],
    origins: &[Origin],
    symbols: Symbols,
    judge: bool,
    strict: bool,
) -> Mib {
    let mut mib = Mib { symbols, sources, ..Mib::default() };
    let language = types::Language::new(&mut mib);
    let mut resolver = Resolver {
        units: Vec::new(),
        by_name: FastMap::default(),
        anywhere: Vec::new(),
        broken: FastMap::default(),
        said: FastMap::default(),
        likes: FastMap::default(),
        like_modules: FastMap::default(),
        language,
        refined: (ModuleId::new(0), FastMap::default()),
        type_ids: Vec::new(),
        oids: Vec::new(),
        passed: Vec::new(),
        tree: Tree::new(),
        node_ids: Vec::new(),
        strict,
        mib,
    };
    resolver.collect(files, origins);
    resolver.bind_imports();
    resolver.resolve_types();
    resolver.resolve_nodes();
    resolver.resolve_objects();
    if judge {
        crate::lint::judge(&mut resolver);
    }
    resolver.finish()
}

impl<'a> Resolver<'a> {
    /// Enters all modules; of two with one name the newer.
    fn collect(&mut self, files: &'a [File], origins: &[Origin]) {
        let mut chosen: Vec<(Unit<'a>, Origin)> = Vec::new();
        for (at, file) in files.iter().enumerate() {
            let id = FileId(at as u32);
            let origin = origins.get(at).copied().unwrap_or(Origin::User);
            for (span, problem) in &file.problems {
                self.mib.diagnostics.push(Diagnostic {
                    file: id,
                    span: *span,
                    problem: problem.clone(),
                });
            }
            for ast in &file.modules {
                self.broken.extend(ast.broken.iter().map(|&name| (name, ())));
                let unit = self.unit(id, ast, origin);
                match self.by_name.get(&unit.name).copied() {
                    Some(other) => self.choose(&mut chosen, other, unit, origin),
                    None => {
                        self.by_name.insert(unit.name, ModuleId::new(chosen.len() as u32));
                        chosen.push((unit, origin));
                    }
                }
            }
        }
        self.units = chosen.into_iter().map(|(unit, _)| unit).collect();
        self.anywhere = vec![None; self.mib.symbols.bound()];
        for at in 0..self.units.len() {
            self.enter_definitions(ModuleId::new(at as u32));
        }
    }

    fn unit(&mut self, file: FileId, ast: &'a ast::Module, origin: Origin) -> Unit<'a> {
        let name = ast.name.symbol;
        let last_updated = ast.definitions.iter().find_map(|definition| {
            ast.clauses(definition).iter().find_map(|clause| match clause {
                Clause::LastUpdated(date) => Some(date.symbol),
                _ => None,
            })
        });
        let is_base = matches!(
            self.mib.symbols.text(name),
            "SNMPv2-SMI" | "RFC1155-SMI" | "RFC1065-SMI" | "SNMPv2-SMI-v1"
        );
        Unit {
            file,
            name,
            first: 0,
            ast,
            definitions: FastMap::default(),
            repeated: FastMap::default(),
            last: FastMap::default(),
            imports: FastMap::default(),
            last_updated,
            suggestions: 200,
            is_base,
            origin,
        }
    }

    fn choose(
        &mut self,
        chosen: &mut [(Unit<'a>, Origin)],
        other: ModuleId,
        unit: Unit<'a>,
        origin: Origin,
    ) {
        let Some(slot) = chosen.get_mut(other.index()) else { return };
        let (old, new) = (self.date_of(&slot.0), self.date_of(&unit));
        let replaces_base = slot.1 == Origin::BuiltIn && origin != Origin::BuiltIn;
        let (file, span) = (unit.file, self.span_of(unit.ast.name));
        let is_named = |unit: &Unit<'_>| self.is_file_named(unit) as u8;
        // What the user has is what he means, however old it is. Of two of one age
        // the one whose file has its name: others look for it there.
        let newer = replaces_base || (&new, is_named(&unit)) > (&old, is_named(&slot.0));
        if newer {
            *slot = (unit, origin);
        }
        // A user's own copy of a base module is the usual case.
        if !replaces_base {
            let module = self.mib.symbols.text(slot.0.name).into();
            let used = if newer { new } else { old }.into();
            let problem = Problem::DuplicateModule { module, used };
            self.mib.diagnostics.push(Diagnostic { file, span, problem });
        }
    }

    /// Whether a module's file has the module's name.
    fn is_file_named(&self, unit: &Unit<'_>) -> bool {
        let source = self.mib.sources.get(unit.file.0 as usize);
        let stem = source.and_then(|source| Path::new(source.name()).file_stem());
        stem.is_some_and(|stem| stem.eq_ignore_ascii_case(self.mib.symbols.text(unit.name)))
    }

    fn enter_definitions(&mut self, module: ModuleId) {
        let ast = self.unit_of(module).ast;
        let first = self.type_ids.len();
        self.units[module.index()].first = first as u32;
        let behind = first + ast.definitions.len();
        self.type_ids.resize(behind, None);
        self.oids.resize(behind, None);
        self.node_ids.resize(behind, None);
        self.units[module.index()].definitions.reserve(ast.definitions.len());
        for (at, definition) in ast.definitions.iter().enumerate() {
            let at = at as u32;
            let name = definition.name.symbol;
            let unit = &mut self.units[module.index()];
            let first = *unit.definitions.entry(name).or_insert(at);
            if first != at {
                // An object counts where the first is only its OID, written ahead.
                let is_ahead = ast.is_ahead(first, definition);
                unit.repeated.insert(if is_ahead { first } else { at }, ());
                let word = self.mib.symbols.text(name).into();
                self.report(module, definition.name, Problem::DuplicateDefinition { name: word });
                if !is_ahead {
                    self.units[module.index()].last.insert(name, at);
                    continue;
                }
                self.units[module.index()].definitions.insert(name, at);
            }
            if let Some(slot) = self.anywhere.get_mut(name.index()) {
                match slot {
                    Some((known, other)) if *known == module => *other = at,
                    _ => *slot = slot.or(Some((module, at))),
                }
            }
        }
    }

    fn unit_of(&self, module: ModuleId) -> &Unit<'a> {
        &self.units[module.index()]
    }

    fn definition(&self, (module, at): DefinitionId) -> &'a ast::Definition {
        &self.unit_of(module).ast.definitions[at as usize]
    }

    /// The definitions that count, in the order they are written.
    fn definition_ids(&self) -> Vec<DefinitionId> {
        let mut all = Vec::with_capacity(self.type_ids.len());
        for (at, unit) in self.units.iter().enumerate() {
            let own = 0..unit.ast.definitions.len() as u32;
            let own = own.filter(|at| !unit.repeated.contains_key(at));
            all.extend(own.map(|definition| (ModuleId::new(at as u32), definition)));
        }
        all
    }

    /// A definition's number among all.
    fn number(&self, (module, at): DefinitionId) -> usize {
        (self.unit_of(module).first + at) as usize
    }

    pub(crate) fn file_of(&self, module: ModuleId) -> FileId {
        self.unit_of(module).file
    }

    pub(crate) fn node_id(&self, id: DefinitionId) -> Option<NodeId> {
        self.node_ids.get(self.number(id)).copied().flatten()
    }

    pub(crate) fn word(&self, name: Name) -> &str {
        self.mib.symbols.text(name.symbol)
    }

    fn span_of(&self, name: Name) -> Span {
        Span { start: name.start, end: name.start + self.word(name).len() as u32 }
    }

    pub(crate) fn report(&mut self, module: ModuleId, name: Name, problem: Problem) {
        self.report_at(module, self.span_of(name), problem);
    }

    pub(crate) fn report_at(&mut self, module: ModuleId, span: Span, problem: Problem) {
        let file = self.unit_of(module).file;
        self.mib.diagnostics.push(Diagnostic { file, span, problem });
    }

    fn finish(mut self) -> Mib {
        let mut mib = std::mem::take(&mut self.mib);
        mib.modules = self
            .units
            .iter()
            .map(|unit| ModuleData {
                name: unit.name,
                file: unit.file,
                last_updated: unit.last_updated,
                identity: None,
                nodes: Vec::new(),
                types: Vec::new(),
                imports: Vec::new(),
            })
            .collect();
        for (at, unit) in self.units.iter().enumerate() {
            let imports = unit.ast.imports.iter().map(|import| import.module.symbol).collect();
            mib.modules[at].imports = imports;
        }
        for (at, node) in mib.nodes.iter().enumerate() {
            let module = &mut mib.modules[node.module.index()];
            module.nodes.push(NodeId::new(at as u32));
            if node.kind == crate::model::Kind::Identity {
                module.identity.get_or_insert(NodeId::new(at as u32));
            }
        }
        for at in 0..mib.types.len() as u32 {
            let data = &mib.types[at as usize];
            if let (Some(module), Some(_)) = (data.module, data.name) {
                mib.modules[module.index()].types.push(TypeId::new(at));
            }
        }
        mib.order_definitions();
        // In the order in which people read them.
        mib.diagnostics.sort_by_key(|d| (d.file, d.span.start));
        mib
    }

    /// LAST-UPDATED in a form that can be compared: with the century.
    fn date_of(&self, unit: &Unit<'_>) -> String {
        let date = unit.last_updated.map(|date| self.mib.symbols.text(date));
        with_century(date.unwrap_or_default().trim())
    }

    /// The type a definition makes, if it makes one.
    pub(crate) fn type_of_definition(&self, id: DefinitionId) -> Option<Type<'_>> {
        let id = self.type_ids.get(self.number(id)).copied().flatten()?;
        Some(self.type_handle(id))
    }

    fn type_handle(&self, id: TypeId) -> Type<'_> {
        Type { mib: &self.mib, id }
    }
}

pub(crate) fn with_century(date: &str) -> String {
    match date.len() {
        11 => format!("19{date}"),
        _ => date.to_owned(),
    }
}
