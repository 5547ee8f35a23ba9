//! Modules.

use std::borrow::Cow;

use super::{Mib, ModuleData, ModuleId, Node, Type};
use crate::source::FileId;

/// A module.
#[derive(Clone, Copy, Debug)]
pub struct Module<'m> {
    pub(crate) mib: &'m Mib,
    pub(crate) id: ModuleId,
}

impl<'m> Module<'m> {
    fn data(&self) -> &'m ModuleData {
        &self.mib.modules[self.id.index()]
    }

    /// Its name.
    pub fn name(&self) -> &'m str {
        self.mib.symbols.text(self.data().name)
    }

    /// The file it was read from.
    pub fn file(&self) -> FileId {
        self.data().file
    }

    /// Whether it is one of the compiler's own, and not the user's.
    pub fn is_builtin(&self) -> bool {
        let source = self.mib.source(self.file());
        source.is_some_and(|source| source.path().is_none() && source.name() == self.name())
    }

    /// LAST-UPDATED as written, without quotes.
    pub fn last_updated(&self) -> Option<Cow<'m, str>> {
        self.data().last_updated.map(|date| Cow::Borrowed(self.mib.symbols.text(date)))
    }

    /// Its MODULE-IDENTITY.
    pub fn identity(&self) -> Option<Node<'m>> {
        self.data().identity.map(|id| self.mib.node(id))
    }

    /// Its nodes, in the order they are written.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'m>> + use<'m> {
        let mib = self.mib;
        self.data().nodes.iter().map(move |&id| mib.node(id))
    }

    /// Its types, in the order they are written.
    pub fn types(&self) -> impl Iterator<Item = Type<'m>> + use<'m> {
        let mib = self.mib;
        self.data().types.iter().map(move |&id| Type { mib, id })
    }

    /// The modules it imports from.
    pub fn imports(&self) -> impl Iterator<Item = &'m str> + use<'m> {
        let mib = self.mib;
        self.data().imports.iter().map(move |&name| mib.symbols.text(name))
    }
}
