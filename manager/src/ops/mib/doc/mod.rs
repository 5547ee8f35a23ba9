//! Pages about modules: what is on them; how they are written is in the files
//! beside this one.

mod html;
mod markdown;

use std::collections::BTreeMap;

use lcms_mibs::{Kind, Mib, Module, Node, Type};

use super::dump::dotted;

/// How pages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For browsers.
    Html,
    /// For repositories and manuals.
    Markdown,
}

impl Format {
    /// What the names of files end with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "md",
        }
    }

    fn write(self, page: &Page) -> String {
        match self {
            Self::Html => html::write(page),
            Self::Markdown => markdown::write(page),
        }
    }
}

/// A page, before it is written.
struct Page {
    title: String,
    blocks: Vec<Block>,
}

enum Block {
    /// A section, with the name links have for it.
    Section(String),
    /// Something with a name of its own.
    Entry { anchor: String, title: String },
    /// What a module says, in its own lines.
    Prose(String),
    /// Short facts, each with its name.
    Facts(Vec<(&'static str, Text)>),
    /// One line a node, with its depth.
    Tree(Vec<(usize, Text, String)>),
    /// Columns with their heads.
    Table(Vec<&'static str>, Vec<Vec<Text>>),
}

/// A text, perhaps with something behind it.
struct Text {
    text: String,
    /// A page of this set, without its extension, and a name on it.
    link: Option<(String, String)>,
}

impl Text {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), link: None }
    }

    fn link(text: impl Into<String>, page: &str, anchor: &str) -> Self {
        Self { text: text.into(), link: Some((page.to_owned(), anchor.to_owned())) }
    }
}

/// The pages of these modules and an index, by the names of their files.
pub fn document(
    mib: &Mib,
    is_wanted: impl Fn(&Module<'_>) -> bool,
    format: Format,
) -> BTreeMap<String, String> {
    let modules: Vec<Module<'_>> = mib.modules().filter(|module| is_wanted(module)).collect();
    let set = Set { names: modules.iter().map(|module| (module.name(), ())).collect() };
    let mut pages = BTreeMap::new();
    for &module in &modules {
        let name = format!("{}.{}", module.name(), format.extension());
        pages.insert(name, format.write(&set.module(module)));
    }
    pages.insert(format!("index.{}", format.extension()), format.write(&set.index(&modules)));
    pages
}

/// The modules that have pages.
struct Set<'m> {
    names: BTreeMap<&'m str, ()>,
}

impl Set<'_> {
    fn index(&self, modules: &[Module<'_>]) -> Page {
        let mut rows: Vec<Vec<Text>> = modules
            .iter()
            .map(|module| {
                let identity = module.identity().and_then(|node| node.description());
                let first = identity.as_deref().map(first_sentence).unwrap_or_default();
                let date = module.last_updated().unwrap_or_default();
                let oid = module.identity().map(|node| dotted(node.oid())).unwrap_or_default();
                vec![
                    Text::link(module.name(), module.name(), ""),
                    Text::plain(date),
                    Text::plain(oid),
                    Text::plain(first),
                ]
            })
            .collect();
        rows.sort_by(|a, b| a.first().map(|t| &t.text).cmp(&b.first().map(|t| &t.text)));
        let mut names: Vec<(String, Text)> = modules
            .iter()
            .flat_map(|module| module.nodes())
            .map(|node| (node.name().to_owned(), self.node(node)))
            .collect();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        let names = names.into_iter().map(|(_, link)| (0, link, String::new())).collect();
        Page {
            title: "MIB modules".to_owned(),
            blocks: vec![
                Block::Table(vec!["Module", "Last updated", "Identity", "About"], rows),
                Block::Section("All names".to_owned()),
                Block::Tree(names),
            ],
        }
    }

    fn module(&self, module: Module<'_>) -> Page {
        let mut blocks = Vec::new();
        let mut facts = Vec::new();
        if let Some(date) = module.last_updated() {
            facts.push(("Last updated", Text::plain(date)));
        }
        if let Some(identity) = module.identity() {
            facts.push(("Identity", Text::plain(dotted(identity.oid()))));
        }
        let imports: Vec<&str> = module.imports().collect();
        if !imports.is_empty() {
            facts.push(("Imports from", Text::plain(imports.join(", "))));
        }
        blocks.push(Block::Facts(facts));
        if let Some(text) = module.identity().and_then(|identity| identity.description()) {
            blocks.push(Block::Prose(text.into_owned()));
        }
        blocks.push(Block::Section("Tree".to_owned()));
        blocks.push(self.tree(module));
        for (title, kinds) in [
            ("Scalars", &[Kind::Scalar][..]),
            ("Tables", &[Kind::Table]),
            ("Notifications", &[Kind::Notification]),
            ("Groups", &[Kind::Group]),
            ("Compliance", &[Kind::Compliance, Kind::Capabilities]),
        ] {
            let nodes: Vec<Node<'_>> =
                module.nodes().filter(|node| kinds.contains(&node.kind())).collect();
            if !nodes.is_empty() {
                blocks.push(Block::Section(title.to_owned()));
                nodes.into_iter().for_each(|node| self.entry(node, &mut blocks));
            }
        }
        let types: Vec<Type<'_>> = module.types().filter(|t| !t.is_sequence()).collect();
        if !types.is_empty() {
            blocks.push(Block::Section("Types".to_owned()));
            types.into_iter().for_each(|t| self.named_type(t, &mut blocks));
        }
        Page { title: module.name().to_owned(), blocks }
    }

    fn tree(&self, module: Module<'_>) -> Block {
        let mut nodes: Vec<Node<'_>> = module.nodes().collect();
        nodes.sort_by_key(|node| node.oid());
        let mut above: Vec<&[u32]> = Vec::new();
        let lines = nodes.into_iter().map(|node| {
            while above.last().is_some_and(|top| !node.oid().starts_with(top)) {
                above.pop();
            }
            let depth = above.len();
            above.push(node.oid());
            (depth, self.node(node), format!("{} {}", dotted(node.oid()), node.kind().name()))
        });
        Block::Tree(lines.collect())
    }

    /// A node with all that is known of it; a table with its columns.
    fn entry(&self, node: Node<'_>, blocks: &mut Vec<Block>) {
        let (anchor, title) = (node.name().to_owned(), node.name().to_owned());
        blocks.push(Block::Entry { anchor, title });
        blocks.push(Block::Facts(self.facts(node)));
        if let Some(text) = node.description() {
            blocks.push(Block::Prose(text.into_owned()));
        }
        let Some(row) = node.row().filter(|_| node.kind() == Kind::Table) else { return };
        let columns: Vec<Node<'_>> =
            row.children().filter(|child| child.kind() == Kind::Column).collect();
        let rows = columns.iter().map(|&column| {
            let access = column.written_access().unwrap_or_default();
            vec![
                Text::plain(column.arc().to_string()),
                self.node(column),
                column.syntax().map_or_else(|| Text::plain(""), |t| self.type_name(t)),
                Text::plain(access),
                Text::plain(
                    column.description().as_deref().map(first_sentence).unwrap_or_default(),
                ),
            ]
        });
        blocks.push(Block::Table(vec!["", "Column", "Syntax", "Access", "About"], rows.collect()));
        for column in [row].into_iter().chain(columns) {
            self.entry(column, blocks);
        }
    }

    fn facts(&self, node: Node<'_>) -> Vec<(&'static str, Text)> {
        let mut facts = vec![("OID", Text::plain(dotted(node.oid())))];
        let mut fact = |name, text: Option<Text>| facts.extend(text.map(|text| (name, text)));
        fact("Syntax", node.syntax().map(|t| self.type_name(t)));
        fact("Values", node.syntax().and_then(|t| allowed(t)).map(Text::plain));
        fact("Access", node.written_access().map(Text::plain));
        fact("Status", node.status().map(|status| Text::plain(status.name())));
        fact("Units", node.units().map(Text::plain));
        let index: Vec<String> = node
            .own_index()
            .map(|part| {
                let name = part.name();
                if part.implied() { format!("IMPLIED {name}") } else { name.into_owned() }
            })
            .collect();
        fact("Index", Some(Text::plain(index.join(", "))).filter(|_| !index.is_empty()));
        fact("Augments", node.augments().map(|row| self.node(row)));
        let members: Vec<&str> = node.written_members().collect();
        fact("Members", Some(Text::plain(members.join(", "))).filter(|_| !members.is_empty()));
        facts
    }

    fn named_type(&self, named: Type<'_>, blocks: &mut Vec<Block>) {
        let name = named.name().to_owned();
        blocks.push(Block::Entry { anchor: name.clone(), title: name });
        let mut facts = vec![("Base", Text::plain(named.base().name()))];
        facts.extend(allowed(named).map(|values| ("Values", Text::plain(values))));
        facts.extend(named.hint().map(|hint| ("Display hint", Text::plain(hint))));
        blocks.push(Block::Facts(facts));
        if let Some(text) = named.description() {
            blocks.push(Block::Prose(text.into_owned()));
        }
    }

    /// A node's name, with a link where it has a page.
    fn node(&self, node: Node<'_>) -> Text {
        match self.names.contains_key(node.module().name()) {
            true => Text::link(node.name(), node.module().name(), node.name()),
            false => Text::plain(node.name()),
        }
    }

    fn type_name(&self, used: Type<'_>) -> Text {
        let named = used.ancestry().find(|t| t.own_name().is_some() && !t.is_sequence());
        let module = named.and_then(|t| t.module()).map(|module| module.name());
        match module.filter(|module| self.names.contains_key(module)) {
            Some(module) => Text::link(used.written(), module, used.name()),
            None => Text::plain(used.written()),
        }
    }
}

/// The labels, ranges or sizes of a type.
fn allowed(syntax: Type<'_>) -> Option<String> {
    let labels: Vec<String> =
        syntax.labels().map(|(label, number)| format!("{label}({number})")).collect();
    if !labels.is_empty() {
        return Some(labels.join(", "));
    }
    let (word, all) = match syntax.ranges() {
        [] => ("size ", syntax.sizes()),
        ranges => ("", ranges),
    };
    let one = |&(low, high): &(i64, i64)| match low == high {
        true => low.to_string(),
        false => format!("{low}..{high}"),
    };
    let all: Vec<String> = all.iter().map(one).collect();
    (!all.is_empty()).then(|| format!("{word}{}", all.join(" | ")))
}

/// What stands before the first full stop, in one line.
fn first_sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.find(". ") {
        Some(end) => line.get(..=end).unwrap_or_default().to_owned(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lcms_mibs::Compiler;

    fn pages(format: Format) -> BTreeMap<String, String> {
        let mut compiler = Compiler::with_base();
        compiler.text(
            "X-MIB",
            "X-MIB DEFINITIONS ::= BEGIN IMPORTS OBJECT-TYPE, enterprises FROM SNMPv2-SMI; \
             XState ::= INTEGER { up(1), down(2) } \
             x OBJECT IDENTIFIER ::= { enterprises 99999 } \
             xState OBJECT-TYPE SYNTAX XState MAX-ACCESS read-only STATUS current \
             DESCRIPTION \"<script>alert('x')</script> & | `code` [a](b)\" ::= { x 1 } END",
        );
        document(&compiler.compile(), |module| module.name() == "X-MIB", format)
    }

    #[test]
    fn there_is_an_index_and_a_page_for_each_module() {
        let pages = pages(Format::Html);
        assert_eq!(pages.keys().collect::<Vec<_>>(), ["X-MIB.html", "index.html"]);
        assert!(pages["index.html"].contains("<a href=\"X-MIB.html\">X-MIB</a>"));
        let page = &pages["X-MIB.html"];
        assert!(page.contains("id=\"xState\"") && page.contains("1.3.6.1.4.1.99999.1"), "{page}");
        assert!(page.contains("<a href=\"X-MIB.html#XState\">XState</a>"), "{page}");
        assert!(page.contains("up(1), down(2)"));
    }

    #[test]
    fn what_a_module_says_is_text_and_nothing_else() {
        let html = &pages(Format::Html)["X-MIB.html"];
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; |"), "{html}");
        let markdown = &pages(Format::Markdown)["X-MIB.md"];
        assert!(!markdown.contains("<script>"), "{markdown}");
        assert!(markdown.contains("\\`code\\` \\[a\\](b)"), "{markdown}");
    }
}
