//! Diagnostics for people: the line, the cause under it, and what to do.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};

use crate::{
    diagnostic::{Diagnostic, Severity},
    model::Mib,
    source::{Source, Span, decode},
};

/// A diagnostic with the line it is about, in miette's terms.
#[derive(Debug)]
pub struct Report<'m> {
    diagnostic: &'m Diagnostic,
    excerpt: Excerpt,
    label: SourceSpan,
}

impl Mib {
    /// The diagnostic as miette shows errors; `None` for one of another [`Mib`].
    pub fn report<'m>(&self, diagnostic: &'m Diagnostic) -> Option<Report<'m>> {
        let (excerpt, label) = Excerpt::new(self.source(diagnostic.file)?, diagnostic.span);
        Some(Report { diagnostic, excerpt, label })
    }

    /// The diagnostic as text, with colours or without.
    pub fn render(&self, diagnostic: &Diagnostic, colours: bool) -> String {
        let Some(report) = self.report(diagnostic) else { return diagnostic.problem.to_string() };
        let theme = match colours {
            true => GraphicalTheme::unicode(),
            false => GraphicalTheme::unicode_nocolor(),
        };
        let mut out = String::new();
        let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
        match handler.render_report(&mut out, &report) {
            Ok(()) => out,
            Err(fmt::Error) => diagnostic.problem.to_string(),
        }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.problem.fmt(f)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code()))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity() {
            Severity::Fatal | Severity::Severe | Severity::Error | Severity::Minor => {
                miette::Severity::Error
            }
            Severity::Change | Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.problem.help().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::underline(self.label))))
    }
}

/// The line of a problem. miette wants UTF-8, which sources need not be; and a
/// file of one enormous line need not be shown whole.
#[derive(Debug)]
struct Excerpt {
    name: String,
    text: String,
    line: usize,
}

impl Excerpt {
    /// The longest piece of a line that is shown.
    const WIDTH: usize = 1000;

    /// The excerpt, and where in it the span is.
    fn new(source: &Source, span: Span) -> (Self, SourceSpan) {
        let octets = source.octets();
        let start = (span.start as usize).min(octets.len());
        let (before, behind) = octets.split_at(start);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let line_start = line_start.max(start.saturating_sub(Self::WIDTH));
        let line_len = memchr::memchr(b'\n', behind).unwrap_or(behind.len()).min(Self::WIDTH);
        let len = (span.end.saturating_sub(span.start) as usize).min(line_len);

        let slice = |from: usize, to: usize| decode(octets.get(from..to).unwrap_or_default());
        let indent = slice(line_start, start);
        let marked = slice(start, start + len);
        let rest = slice(start + len, start + line_len);
        let label = SourceSpan::new(indent.len().into(), marked.len());
        let line = source.position(span.start).line as usize - 1;
        let text = format!("{indent}{marked}{}", rest.trim_end());
        (Self { name: source.name().to_owned(), text, line }, label)
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            self.line + inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use crate::Compiler;

    fn rendered(text: &[u8]) -> String {
        let mut compiler = Compiler::with_base();
        compiler.text("X-MIB", text);
        let mib = compiler.compile();
        mib.diagnostics().iter().map(|d| mib.render(d, false)).collect()
    }

    #[test]
    fn a_missing_import_says_where_it_is() {
        let text =
            b"X-MIB DEFINITIONS ::= BEGIN\nIMPORTS OBJECT-TYPE, experimental FROM SNMPv2-SMI;\n\
            x OBJECT-TYPE\n    SYNTAX DisplayString (SIZE (0..9))\n    MAX-ACCESS read-only\n    \
            STATUS current\n    DESCRIPTION \"x\"\n    ::= { experimental 1 }\nEND\n";
        insta::assert_snapshot!(rendered(text), @r"
        not-imported

          × `DisplayString` is not imported
           ╭─[X-MIB:4:12]
         4 │     SYNTAX DisplayString (SIZE (0..9))
           ·            ─────────────
           ╰────
          help: add it to IMPORTS: DisplayString FROM SNMPv2-TC
        ");
    }

    #[test]
    fn latin_1_and_endless_lines_are_shown() {
        assert!(rendered(b"\xfcX-MIB DEFINITIONS ::= BEGIN \xfc \xfc END").contains("X-MIB"));
        let long = format!("X-MIB DEFINITIONS ::= BEGIN {}", "{ ".repeat(100_000));
        assert!(rendered(long.as_bytes()).len() < 10_000);
    }
}
