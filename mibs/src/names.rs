//! Names of objects and instances, as people write them.

use thiserror::Error;

use crate::{
    instance,
    model::{Index, Kind, Mib, Node, NodeId},
    resolve::root_of,
    similar::nearest,
};

/// Why a text names nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// There is nothing in it.
    #[error("a name is missing")]
    Empty,
    /// The part before `::` is no module.
    #[error("module `{0}` is not loaded")]
    UnknownModule(String),
    /// No module has this name.
    #[error("there is no object `{name}`{}", suggestion(.like))]
    UnknownName {
        /// The name.
        name: String,
        /// The one that looks most like it.
        like: Option<String>,
    },
    /// Neither a label of the index object nor a number.
    #[error("`{word}` is no value for this part of the index{}", choices(.labels))]
    Index {
        /// What was written.
        word: String,
        /// The labels it could be.
        labels: Vec<String>,
    },
    /// A number between the dots is too large.
    #[error("`{0}` is no sub-identifier: a number from 0 to 4294967295")]
    Arc(String),
    /// A quote is not closed.
    #[error("a quote is not closed")]
    Quote,
    /// The OID has too many or too few sub-identifiers.
    #[error(transparent)]
    Oid(#[from] lcms_snmp::OidError),
}

fn suggestion(like: &Option<String>) -> String {
    like.as_ref().map(|like| format!("; did you mean `{like}`?")).unwrap_or_default()
}

fn choices(labels: &[String]) -> String {
    match labels.is_empty() {
        true => String::new(),
        false => format!(": one of {}", labels.join(", ")),
    }
}

/// A piece of a name between dots.
enum Piece {
    Word(String),
    Number(u32),
    Quoted { text: String, single: bool },
}

impl Mib {
    /// The node a name stands for: `lcServerWeight`,
    /// `LOAD-CLUSTER-MIB::lcServerWeight`, `lcMIB.1.2`, `1.3.6.1.2.1.1`.
    pub fn node_by_name(&self, name: &str) -> Option<Node<'_>> {
        let oid = self.parse_name(name).ok()?;
        let (node, rest) = self.lookup(&oid)?;
        let named = self.descriptor(name).and_then(|(module, word)| self.named(module, word).ok());
        match rest.is_empty() {
            // Of two definitions of one OID the one that was named.
            true => Some(named.filter(|named| named.oid() == node.oid()).unwrap_or(node)),
            false => None,
        }
    }

    /// The module and descriptor of a name that consists of nothing else.
    fn descriptor<'a>(&self, name: &'a str) -> Option<(Option<&'a str>, &'a str)> {
        let (module, word) = match name.trim().split_once("::") {
            Some((module, word)) => (Some(module), word),
            None => (None, name.trim()),
        };
        let plain = !word.contains(['.', '"', '\'', '[']);
        plain.then_some((module, word))
    }

    /// A descriptor, in one module or in any.
    fn named(&self, module: Option<&str>, word: &str) -> Result<Node<'_>, NameError> {
        if let Some(module) = module.filter(|&module| self.module(module).is_none()) {
            return Err(NameError::UnknownModule(module.to_owned()));
        }
        let all = self.symbols.find(word).map(|symbol| self.by_name.of(symbol.index() as u32));
        let mut nodes = all.unwrap_or_default().iter().map(|&id| self.node(NodeId::new(id)));
        let found = nodes.find(|node| module.is_none_or(|module| node.module().name() == module));
        found.ok_or_else(|| NameError::UnknownName {
            name: word.to_owned(),
            like: nearest(word, self.nodes().map(|node| node.name())).map(str::to_owned),
        })
    }

    /// The OID of a name with or without an instance, or of an OID in numbers:
    /// `lcServerWeight."main"."web"."rs1"`, `ifDescr.3`, `sysUpTime.0`,
    /// `.1.3.6.1.2.1`, `system`.
    pub fn parse_name(&self, name: &str) -> Result<lcms_snmp::Oid, NameError> {
        let name = name.trim();
        let (module, path) = match name.split_once("::") {
            Some((module, path)) if !module.contains(['.', '"', '\'']) => (Some(module), path),
            _ => (None, name),
        };
        let pieces = pieces(path.strip_prefix('.').unwrap_or(path))?;
        let mut pieces = pieces.into_iter();
        let mut oid: Vec<u32> = match pieces.next() {
            None => return Err(NameError::Empty),
            Some(Piece::Number(arc)) => vec![arc],
            Some(Piece::Word(word)) => match (root_of(&word), self.named(module, &word)) {
                (_, Ok(node)) => node.oid().to_vec(),
                (Some(root), Err(_)) => vec![root],
                (None, Err(error)) => return Err(error),
            },
            Some(Piece::Quoted { text, .. }) => {
                return Err(NameError::UnknownName { name: text, like: None });
            }
        };
        for piece in pieces {
            match piece {
                Piece::Number(arc) => oid.push(arc),
                Piece::Word(word) => oid.push(self.word_arc(&oid, &word)?),
                Piece::Quoted { text, single } => {
                    let (index, known) = self.index_at(&oid);
                    let address_type = known.last().copied();
                    let part = index.first();
                    oid.extend(instance::quoted_arcs(part, &text, single, address_type));
                }
            }
        }
        Ok(lcms_snmp::Oid::new(oid)?)
    }

    /// The index parts that follow an OID within a column, and the
    /// sub-identifiers of the part before them.
    fn index_at(&self, oid: &[u32]) -> (Vec<Index<'_>>, Vec<u32>) {
        let Some((node, instance)) = self.lookup(oid) else { return (Vec::new(), Vec::new()) };
        if node.kind() != Kind::Column {
            return (Vec::new(), Vec::new());
        }
        let index = node.index();
        let (components, _) = instance::split(&index, instance);
        let before = components.last().map(|c| c.content.to_vec()).unwrap_or_default();
        (index.into_iter().skip(components.len()).collect(), before)
    }

    /// A word behind the first: a child's name, or a label in an index.
    fn word_arc(&self, oid: &[u32], word: &str) -> Result<u32, NameError> {
        let unknown = || NameError::UnknownName { name: word.to_owned(), like: None };
        let Some((node, instance)) = self.lookup(oid) else {
            // Above the first node there are only the roots' children.
            let node = self.named(None, word)?;
            let parent = node.oid().split_last().map(|(_, parent)| parent);
            return if parent == Some(oid) { Ok(node.arc()) } else { Err(unknown()) };
        };
        if instance.is_empty()
            && let Some(child) = node.children().find(|child| child.name() == word)
        {
            return Ok(child.arc());
        }
        if node.kind() != Kind::Column {
            return Err(unknown());
        }
        let (index, _) = self.index_at(oid);
        let labels: Vec<(&str, i64)> =
            index.first().map(|part| part.syntax().labels().collect()).unwrap_or_default();
        let found = labels.iter().find(|(label, _)| *label == word);
        found.and_then(|&(_, number)| u32::try_from(number).ok()).ok_or_else(|| NameError::Index {
            word: word.to_owned(),
            labels: labels.iter().map(|(label, _)| (*label).to_owned()).collect(),
        })
    }

    /// An OID by the name of its node and its instance, without the module.
    pub fn format_name(&self, oid: &[u32]) -> String {
        let mut out = String::new();
        self.write_name(oid, false, &mut out);
        out
    }

    /// The same with the module in front: `IF-MIB::ifDescr.3`.
    pub fn format_full_name(&self, oid: &[u32]) -> String {
        let mut out = String::new();
        self.write_name(oid, true, &mut out);
        out
    }

    fn write_name(&self, oid: &[u32], with_module: bool, out: &mut String) {
        let Some((node, rest)) = self.lookup(oid) else {
            let (name, rest) = match oid {
                [0, rest @ ..] => ("ccitt", rest),
                [1, rest @ ..] => ("iso", rest),
                [2, rest @ ..] => ("joint-iso-ccitt", rest),
                _ => return instance::push_arcs(oid, out),
            };
            out.push_str(name);
            if !rest.is_empty() {
                out.push('.');
                instance::push_arcs(rest, out);
            }
            return;
        };
        if with_module {
            out.push_str(node.module().name());
            out.push_str("::");
        }
        out.push_str(node.name());
        let index = match node.kind() {
            Kind::Column => node.index(),
            _ => Vec::new(),
        };
        instance::format(&index, rest, out);
    }
}

/// Cuts a path at its dots; `name[1]["x"]` is another way to write
/// `name.1."x"`.
fn pieces(path: &str) -> Result<Vec<Piece>, NameError> {
    let mut pieces = Vec::new();
    let mut chars = path.chars().peekable();
    while let Some(&first) = chars.peek() {
        match first {
            '[' | ']' => {
                chars.next();
            }
            '.' => {
                chars.next();
                // Two dots, or one at the end, have nothing between.
                if matches!(chars.peek(), None | Some('.')) {
                    return Err(NameError::Arc(String::new()));
                }
            }
            '"' | '\'' => {
                chars.next();
                let mut text = String::new();
                loop {
                    match chars.next().ok_or(NameError::Quote)? {
                        '\\' => text.push(chars.next().ok_or(NameError::Quote)?),
                        c if c == first => break,
                        c => text.push(c),
                    }
                }
                pieces.push(Piece::Quoted { text, single: first == '\'' });
            }
            _ => {
                let mut word = String::new();
                while let Some(c) = chars.next_if(|c| !matches!(c, '.' | '[' | ']' | '"' | '\'')) {
                    word.push(c);
                }
                pieces.push(match word.bytes().all(|b| b.is_ascii_digit()) {
                    true => Piece::Number(word.parse().map_err(|_| NameError::Arc(word))?),
                    false => Piece::Word(word),
                });
            }
        }
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests;
