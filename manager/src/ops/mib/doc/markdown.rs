//! Pages for repositories and manuals.

use std::fmt::Write as _;

use super::{Block, Page, Text};

pub(super) fn write(page: &Page) -> String {
    let mut out = format!("# {}\n\n", escaped(&page.title));
    for block in &page.blocks {
        // Writing into a string cannot fail.
        let _ = self::block(&mut out, block);
    }
    out
}

fn block(out: &mut String, block: &Block) -> std::fmt::Result {
    match block {
        Block::Section(title) => writeln!(out, "## {}\n", escaped(title)),
        Block::Entry { anchor, title } => {
            let (anchor, title) = (escaped(anchor).replace('\\', ""), escaped(title));
            writeln!(out, "<a id=\"{anchor}\"></a>\n### {title}\n")
        }
        Block::Prose(text) => {
            for line in text.lines() {
                writeln!(out, "> {}  ", escaped(line.trim_end()))?;
            }
            out.push('\n');
            Ok(())
        }
        Block::Facts(facts) => {
            for (name, value) in facts {
                writeln!(out, "* {name}: {}", linked(value))?;
            }
            out.push('\n');
            Ok(())
        }
        Block::Tree(lines) => {
            for (depth, name, about) in lines {
                let indent = "  ".repeat(*depth);
                writeln!(out, "{indent}* {} {}", linked(name), escaped(about))?;
            }
            out.push('\n');
            Ok(())
        }
        Block::Table(heads, rows) => {
            writeln!(out, "| {} |", heads.join(" | "))?;
            writeln!(out, "|{}", "---|".repeat(heads.len()))?;
            for row in rows {
                let cells: Vec<String> = row.iter().map(linked).collect();
                writeln!(out, "| {} |", cells.join(" | "))?;
            }
            out.push('\n');
            Ok(())
        }
    }
}

fn linked(text: &Text) -> String {
    let own = escaped(&text.text);
    match &text.link {
        None => own,
        Some((page, anchor)) if anchor.is_empty() => format!("[{own}]({page}.md)"),
        Some((page, anchor)) => format!("[{own}]({page}.md#{anchor})"),
    }
}

/// Text that Markdown takes for nothing else, in one line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
