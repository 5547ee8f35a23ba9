//! Tables of text that fit a terminal.

use std::fmt::Display;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::plain;

/// A header and rows of cells.
#[derive(Debug)]
pub struct Grid {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    width: usize,
}

impl Grid {
    /// Where the terminal's width is not known.
    const WIDTH: usize = 100;
    /// Between two columns.
    const GAP: usize = 2;

    /// A table with these columns and no rows.
    pub fn new<'a>(header: impl IntoIterator<Item = &'a str>) -> Self {
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let width = columns.filter(|width| (40..=1000).contains(width)).unwrap_or(Self::WIDTH);
        Self { header: header.into_iter().map(str::to_owned).collect(), rows: Vec::new(), width }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell)).collect());
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All columns side by side, however wide.
    pub fn whole(&self) -> String {
        self.draw(&(0..self.header.len()).collect::<Vec<_>>())
    }

    /// As many of the first columns as fit, and whether that is all.
    pub fn first_columns(&self) -> (String, bool) {
        let blocks = self.split();
        let first = blocks.first().map(|block| self.draw(block)).unwrap_or_default();
        (first, blocks.len() < 2)
    }

    /// All columns in blocks, each with the first column in front.
    pub fn blocks(&self) -> String {
        self.split().iter().map(|block| self.draw(block)).collect::<Vec<_>>().join("\n")
    }

    /// Which columns go together.
    fn split(&self) -> Vec<Vec<usize>> {
        let widths = self.widths();
        let first = widths.first().copied().unwrap_or(0);
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        let mut used = usize::MAX;
        for (column, width) in widths.iter().enumerate().skip(1) {
            let needed = width + Self::GAP;
            if used.saturating_add(needed) > self.width {
                blocks.push(vec![0]);
                used = first;
            }
            used += needed;
            if let Some(block) = blocks.last_mut() {
                block.push(column);
            }
        }
        if blocks.is_empty() && !widths.is_empty() {
            blocks.push(vec![0]);
        }
        blocks
    }

    fn widths(&self) -> Vec<usize> {
        let cells = |column: usize| self.rows.iter().filter_map(move |row| row.get(column));
        let width = |column: usize| {
            let header = self.header.get(column).into_iter();
            header.chain(cells(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        (0..self.header.len()).map(width).collect()
    }

    fn draw(&self, columns: &[usize]) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        let pick = |row: &[String]| {
            let cells = columns.iter().map(|&column| row.get(column).cloned().unwrap_or_default());
            cells.collect::<Vec<String>>()
        };
        let header: Vec<String> = self.header.iter().map(|word| heading(word)).collect();
        table.set_header(pick(&header));
        for row in &self.rows {
            table.add_row(pick(row));
        }
        for (at, &column) in columns.iter().enumerate() {
            let mut cells = self.rows.iter().filter_map(|row| row.get(column));
            let numbers = cells.clone().any(|cell| is_number(cell))
                && cells.all(|cell| cell == "-" || is_number(cell));
            if let Some(column) = table.column_mut(at) {
                column.set_padding((0, Self::GAP as u16));
                if numbers {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

/// A value's cell.
pub fn known(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Words are set off from cells; descriptors stay as the MIB has them.
fn heading(word: &str) -> String {
    match word.contains(|c: char| c.is_ascii_uppercase()) {
        true => word.to_owned(),
        false => word.to_uppercase(),
    }
}

/// A number, perhaps with a unit.
fn is_number(cell: &str) -> bool {
    let number = cell.split([' ', '/']).next().unwrap_or_default();
    !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && number.matches('.').count() < 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let mut grid = Grid { width: 30, ..Grid::new(["server", "state", "weight", "ifDescr"]) };
        for (name, weight) in [("main/web/rs1", "10"), ("main/web/rs10", "-")] {
            grid.row([name, "up", weight, "a\u{1b}[2Jb"].map(str::to_owned));
        }
        grid
    }

    #[test]
    fn numbers_stand_right_and_text_left() {
        let whole = grid().whole();
        let lines: Vec<&str> = whole.lines().collect();
        assert_eq!(lines[0], "SERVER         STATE  WEIGHT  ifDescr");
        assert_eq!(lines[1], "main/web/rs1   up         10  a [2Jb");
        assert_eq!(lines[2], "main/web/rs10  up          -  a [2Jb");
    }

    #[test]
    fn blocks_repeat_the_first_column() {
        let (first, all) = grid().first_columns();
        assert!(!all);
        assert_eq!(first.lines().next(), Some("SERVER         STATE  WEIGHT"));
        let blocks = grid().blocks();
        assert!(blocks.contains("\n\nSERVER         ifDescr\n"), "{blocks}");
    }
}
