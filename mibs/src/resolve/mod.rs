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
mod types;

use crate::{
    ast::{self, Body, Clause},
    diagnostic::{Diagnostic, Problem},
    model::{Mib, ModuleData, ModuleId, NodeId, Type, TypeId},
    parser::File,
    source::{FileId, Source, Span, decode},
    symbol::{FastMap, Symbol},
};
use oids::OidState;
pub(crate) use oids::root_of;

/// A definition: the module, and its place in the module's list.
type DefinitionId = (ModuleId, u32);

/// A module under way.
struct Unit<'a> {
    file: FileId,
    source: &'a Source,
    name: Symbol,
    ast: &'a ast::Module,
    /// The first definition of each name.
    definitions: FastMap<Symbol, u32>,
    imports: FastMap<Symbol, Option<ModuleId>>,
    last_updated: Option<Span>,
    /// Whether it defines the types of the language itself.
    is_base: bool,
}

struct Resolver<'a> {
    units: Vec<Unit<'a>>,
    by_name: FastMap<Symbol, ModuleId>,
    /// Who defines a name, for those who forgot to import it.
    anywhere: FastMap<Symbol, DefinitionId>,
    /// What was said once about a module and a name is not said again.
    said: FastMap<(ModuleId, Symbol), ()>,
    language: types::Language,
    type_ids: FastMap<DefinitionId, TypeId>,
    oids: FastMap<DefinitionId, OidState>,
    node_ids: FastMap<DefinitionId, NodeId>,
    mib: Mib,
}

/// Whether a file belongs to the built-in base, whose modules give way to a
/// user's of the same name and age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    BuiltIn,
    User,
}

/// Resolves parsed files; `files` and `origins` go with `sources`.
pub(crate) fn resolve(sources: Vec<Source>, files: &[File], origins: &[Origin]) -> Mib {
    let mut mib = Mib::default();
    let language = types::Language::new(&mut mib);
    let mut resolver = Resolver {
        units: Vec::new(),
        by_name: FastMap::default(),
        anywhere: FastMap::default(),
        said: FastMap::default(),
        language,
        type_ids: FastMap::default(),
        oids: FastMap::default(),
        node_ids: FastMap::default(),
        mib,
    };
    resolver.collect(&sources, files, origins);
    resolver.bind_imports();
    resolver.resolve_types();
    resolver.resolve_nodes();
    resolver.resolve_objects();
    let mut mib = resolver.finish();
    mib.sources = sources;
    mib
}

impl<'a> Resolver<'a> {
    /// Enters all modules; of two with one name the newer.
    fn collect(&mut self, sources: &'a [Source], files: &'a [File], origins: &[Origin]) {
        let mut chosen: Vec<(Unit<'a>, Origin)> = Vec::new();
        for (at, (source, file)) in sources.iter().zip(files).enumerate() {
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
                let unit = self.unit(id, source, ast);
                match self.by_name.get(&unit.name).copied() {
                    Some(other) => self.choose(&mut chosen, other, unit, origin),
                    None => {
                        self.by_name.insert(unit.name, ModuleId(chosen.len() as u32));
                        chosen.push((unit, origin));
                    }
                }
            }
        }
        self.units = chosen.into_iter().map(|(unit, _)| unit).collect();
        for at in 0..self.units.len() {
            self.enter_definitions(ModuleId(at as u32));
        }
    }

    fn unit(&mut self, file: FileId, source: &'a Source, ast: &'a ast::Module) -> Unit<'a> {
        let name = self.mib.symbols.intern(&source.text(ast.name));
        let last_updated = ast.definitions.iter().find_map(|definition| {
            definition.clauses().iter().find_map(|clause| match clause {
                Clause::LastUpdated(span) => Some(*span),
                _ => None,
            })
        });
        let is_base = matches!(
            self.mib.symbols.text(name),
            "SNMPv2-SMI" | "RFC1155-SMI" | "RFC1065-SMI" | "SNMPv2-SMI-v1"
        );
        Unit {
            file,
            source,
            name,
            ast,
            definitions: FastMap::default(),
            imports: FastMap::default(),
            last_updated,
            is_base,
        }
    }

    fn choose(
        &mut self,
        chosen: &mut [(Unit<'a>, Origin)],
        other: ModuleId,
        unit: Unit<'a>,
        origin: Origin,
    ) {
        let Some(slot) = chosen.get_mut(other.0 as usize) else { return };
        let (old, new) = (date_of(&slot.0), date_of(&unit));
        let replaces_base = slot.1 == Origin::BuiltIn && origin == Origin::User;
        let (file, span) = (unit.file, unit.ast.name);
        let newer = new > old || (new == old && replaces_base);
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

    fn enter_definitions(&mut self, module: ModuleId) {
        let (ast, source) = {
            let unit = self.unit_of(module);
            (unit.ast, unit.source)
        };
        for (at, definition) in ast.definitions.iter().enumerate() {
            let at = at as u32;
            let name = self.mib.symbols.intern(&source.text(definition.name));
            let definitions = &mut self.units[module.0 as usize].definitions;
            if definitions.contains_key(&name) {
                let name = self.mib.symbols.text(name).into();
                self.report(module, definition.name, Problem::DuplicateDefinition { name });
                continue;
            }
            definitions.insert(name, at);
            self.anywhere.entry(name).or_insert((module, at));
        }
    }

    fn unit_of(&self, module: ModuleId) -> &Unit<'a> {
        &self.units[module.0 as usize]
    }

    fn definition(&self, (module, at): DefinitionId) -> &'a ast::Definition {
        &self.unit_of(module).ast.definitions[at as usize]
    }

    /// The definitions that count, in the order they are written.
    fn definition_ids(&self) -> Vec<DefinitionId> {
        let mut all = Vec::new();
        for (at, unit) in self.units.iter().enumerate() {
            let mut own: Vec<u32> = unit.definitions.values().copied().collect();
            own.sort_unstable();
            all.extend(own.into_iter().map(|definition| (ModuleId(at as u32), definition)));
        }
        all
    }

    fn word(&self, module: ModuleId, span: Span) -> std::borrow::Cow<'a, str> {
        decode(self.unit_of(module).source.slice(span))
    }

    fn intern(&mut self, module: ModuleId, span: Span) -> Symbol {
        let word = self.word(module, span);
        self.mib.symbols.intern(&word)
    }

    fn report(&mut self, module: ModuleId, span: Span, problem: Problem) {
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
            let names = unit.ast.imports.iter().map(|import| unit.source.text(import.module));
            let imports = names.map(|name| mib.symbols.intern(&name)).collect();
            mib.modules[at].imports = imports;
        }
        for (at, node) in mib.nodes.iter().enumerate() {
            let module = &mut mib.modules[node.module.0 as usize];
            module.nodes.push(NodeId(at as u32));
            if node.kind == crate::model::Kind::Identity {
                module.identity.get_or_insert(NodeId(at as u32));
            }
        }
        for at in 0..mib.types.len() as u32 {
            let data = &mib.types[at as usize];
            if let (Some(module), Some(name)) = (data.module, data.name) {
                mib.modules[module.0 as usize].types.push(TypeId(at));
                mib.types_by_name.insert((module, name), TypeId(at));
            }
        }
        mib.order_definitions();
        mib
    }

    fn type_handle(&self, id: TypeId) -> Type<'_> {
        Type { mib: &self.mib, id }
    }
}

/// LAST-UPDATED in a form that can be compared: with the century.
fn date_of(unit: &Unit<'_>) -> String {
    let Some(span) = unit.last_updated else { return String::new() };
    with_century(crate::model::unquote(unit.source.slice(span)).trim())
}

pub(crate) fn with_century(date: &str) -> String {
    match date.len() {
        11 => format!("19{date}"),
        _ => date.to_owned(),
    }
}

impl ast::Definition {
    fn clauses(&self) -> &[Clause] {
        match &self.body {
            Body::Invocation { clauses, .. } | Body::TextualConvention { clauses } => clauses,
            _ => &[],
        }
    }

    /// The type of a type assignment, or behind SYNTAX.
    fn syntax(&self) -> Option<&ast::Syntax> {
        if let Body::Type { syntax, .. } = &self.body {
            return Some(syntax);
        }
        self.clauses().iter().find_map(|clause| match clause {
            Clause::Syntax(syntax) => Some(syntax),
            _ => None,
        })
    }
}
