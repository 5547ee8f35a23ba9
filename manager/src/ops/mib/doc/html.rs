//! Pages for browsers: complete in themselves, without a script.

use std::fmt::Write as _;

use super::{Block, Page, Text};

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em}\
pre{white-space:pre-wrap;background:#f6f6f6;padding:.7em;border-radius:4px}\
table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}\
dl{display:grid;grid-template-columns:max-content auto;gap:.1em 1em}dd{margin:0}\
.tree{list-style:none;padding:0;font-family:monospace}.tree span{color:#666}\
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}pre{background:#222}a{color:#8bf}}";

pub(super) fn write(page: &Page) -> String {
    let title = escaped(&page.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head>\n<body><nav><a href=\"index.html\">All modules</a></nav>\n\
         <h1>{title}</h1>\n"
    );
    for block in &page.blocks {
        // Writing into a string cannot fail.
        let _ = self::block(&mut out, block);
    }
    out.push_str("</body></html>\n");
    out
}

fn block(out: &mut String, block: &Block) -> std::fmt::Result {
    match block {
        Block::Section(title) => writeln!(out, "<h2>{}</h2>", escaped(title)),
        Block::Entry { anchor, title } => {
            writeln!(out, "<h3 id=\"{}\">{}</h3>", escaped(anchor), escaped(title))
        }
        Block::Prose(text) => writeln!(out, "<pre>{}</pre>", escaped(text)),
        Block::Facts(facts) => {
            out.push_str("<dl>");
            for (name, value) in facts {
                write!(out, "<dt>{name}</dt><dd>{}</dd>", linked(value))?;
            }
            out.push_str("</dl>\n");
            Ok(())
        }
        Block::Tree(lines) => {
            out.push_str("<ul class=\"tree\">\n");
            for (depth, name, about) in lines {
                let (name, about) = (linked(name), escaped(about));
                writeln!(
                    out,
                    "<li style=\"margin-left:{depth}em\">{name} <span>{about}</span></li>"
                )?;
            }
            out.push_str("</ul>\n");
            Ok(())
        }
        Block::Table(heads, rows) => {
            out.push_str("<table><tr>");
            for head in heads {
                write!(out, "<th>{head}</th>")?;
            }
            out.push_str("</tr>\n");
            for row in rows {
                out.push_str("<tr>");
                for cell in row {
                    write!(out, "<td>{}</td>", linked(cell))?;
                }
                out.push_str("</tr>\n");
            }
            out.push_str("</table>\n");
            Ok(())
        }
    }
}

fn linked(text: &Text) -> String {
    let own = escaped(&text.text);
    match &text.link {
        None => own,
        Some((page, anchor)) if anchor.is_empty() => {
            format!("<a href=\"{}.html\">{own}</a>", escaped(page))
        }
        Some((page, anchor)) => {
            format!("<a href=\"{}.html#{}\">{own}</a>", escaped(page), escaped(anchor))
        }
    }
}

/// Text that is text wherever it stands in a page.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' && c != '\t' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
