//! Columns of a table, side by side.
//!
//! One GETBULK asks for the next cells of all columns at once. Every column
//! keeps its own place, so it does not matter where an agent cuts an answer
//! short, which cells are absent, or which columns it does not have at all. A
//! small table is there after one round trip.

use std::collections::BTreeMap;

use lcms_snmp::{ErrorStatus, Oid, Value, VarBind, Version};

use super::{Client, ClientError, Target};

/// Which cells are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// The conceptual row (`ifEntry`), or the parent of scalars.
    pub entry: &'a [u32],
    /// Columns below it.
    pub arcs: &'a [u32],
    /// What is known of them beforehand.
    pub shape: Shape,
}

/// What is known of columns before they are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Every row has the first of them: where it ends, the table ends, and
    /// nothing more is asked to see that the others end there too.
    Guided,
    /// Nothing.
    Unknown,
    /// They are scalars, with one instance each.
    Scalars,
}

/// A row: its index, and its cells by column.
#[derive(Clone, Debug, PartialEq)]
pub struct RawRow {
    /// Sub-identifiers of the index.
    pub index: Vec<u32>,
    /// The cells that there are.
    pub cells: BTreeMap<u32, Value<'static>>,
}

impl Client {
    /// Fetches cells, by ascending index.
    pub async fn columns(
        &self,
        target: &Target,
        columns: Columns<'_>,
    ) -> Result<Vec<RawRow>, ClientError> {
        let mut fetch = Fetch::new(target, columns)?;
        while let Some((names, repetitions)) = fetch.question() {
            match self.get_bulk(target, 0, repetitions, &names).await {
                Ok(varbinds) => fetch.answer(varbinds)?,
                Err(error) => fetch.refusal(error)?,
            }
        }
        Ok(fetch.rows())
    }
}

/// Cells that one answer is meant to bring: about what fits a datagram.
const CELLS: usize = 64;
/// More than any table has that is worth it: an agent must not fill our memory.
const MOST: usize = 1 << 20;
/// Columns in one question, so that the question fits a datagram too.
const NAMES: usize = 32;

/// The state of a table's fetching; knows of no sockets.
struct Fetch<'a> {
    target: &'a Target,
    shape: Shape,
    cursors: Vec<Cursor>,
    /// Which cursors the present question is about.
    asked: Vec<usize>,
    /// Lowered when an agent cannot answer as much.
    cells: usize,
    rows: BTreeMap<Vec<u32>, BTreeMap<u32, Value<'static>>>,
    taken: usize,
}

struct Cursor {
    arc: u32,
    /// The column, below which its instances lie.
    column: Oid,
    /// The last instance seen, or the column itself.
    at: Oid,
    done: bool,
}

impl Cursor {
    /// The index of the last instance seen; empty before the first.
    fn index(&self) -> &[u32] {
        self.at.strip_prefix(&*self.column).unwrap_or_default()
    }
}

impl<'a> Fetch<'a> {
    fn new(target: &'a Target, columns: Columns<'_>) -> Result<Self, ClientError> {
        let cursor = |&arc: &u32| {
            let column = Oid::new([columns.entry, &[arc]].concat())
                .map_err(|_| ClientError::Unexpected { address: target.address })?;
            Ok(Cursor { arc, at: column.clone(), column, done: false })
        };
        Ok(Self {
            target,
            shape: columns.shape,
            cursors: columns.arcs.iter().map(cursor).collect::<Result<_, _>>()?,
            asked: Vec::new(),
            cells: CELLS,
            rows: BTreeMap::new(),
            taken: 0,
        })
    }

    /// The names to ask about and how many repetitions; `None` when all is
    /// known.
    fn question(&mut self) -> Option<(Vec<Oid>, u16)> {
        self.end_with_guide();
        let open = self.cursors.iter().enumerate().filter(|(_, cursor)| !cursor.done);
        self.asked = open.map(|(at, _)| at).take(NAMES.min(self.cells)).collect();
        if self.asked.is_empty() {
            return None;
        }
        let names = self.asked.iter().filter_map(|&at| self.cursors.get(at));
        let names: Vec<Oid> = names.map(|cursor| cursor.at.clone()).collect();
        // The second row is where a table of one shows its end.
        let repetitions = match self.shape {
            Shape::Scalars => 1,
            Shape::Guided | Shape::Unknown => (self.cells / names.len()).max(2.min(self.cells)),
        };
        Some((names, u16::try_from(repetitions).unwrap_or(u16::MAX)))
    }

    /// Where the first column has come to its end, the others need not be asked
    /// beyond it.
    fn end_with_guide(&mut self) {
        let Some((guide, others)) = self.cursors.split_first_mut() else { return };
        // A column without any instance is one that the agent does not have.
        if self.shape != Shape::Guided || !guide.done || guide.index().is_empty() {
            return;
        }
        let last = guide.index();
        for cursor in others {
            cursor.done |= cursor.index() >= last;
        }
    }

    fn answer(&mut self, varbinds: Vec<VarBind<'static>>) -> Result<(), ClientError> {
        if varbinds.is_empty() {
            return Err(ClientError::Unexpected { address: self.target.address });
        }
        self.taken += varbinds.len();
        if self.taken > MOST {
            return Err(ClientError::Endless { address: self.target.address, cells: MOST });
        }
        let width = self.asked.len();
        for (nth, VarBind { name, value }) in varbinds.into_iter().enumerate() {
            let Some(&at) = self.asked.get(nth % width) else { continue };
            let Some(cursor) = self.cursors.get_mut(at) else { continue };
            if cursor.done {
                continue;
            }
            let index = match name.strip_prefix(&*cursor.column) {
                Some(index) if !value.is_exception() => index.to_vec(),
                _ => {
                    cursor.done = true;
                    continue;
                }
            };
            if name <= cursor.at {
                return Err(ClientError::NotIncreasing {
                    address: self.target.address,
                    before: cursor.at.clone(),
                    next: name,
                });
            }
            cursor.at = name;
            cursor.done = self.shape == Shape::Scalars;
            self.rows.entry(index).or_default().insert(cursor.arc, value);
        }
        Ok(())
    }

    fn refusal(&mut self, error: ClientError) -> Result<(), ClientError> {
        match (error.status(), &error) {
            // Version 1 has no other word for the end of the MIB, and it says
            // it about one name at the cost of all.
            (Some(ErrorStatus::NoSuchName), ClientError::Refused { name: Some(name), .. })
                if self.target.credentials.version() == Version::V1 =>
            {
                let asked = self.cursors.iter_mut().find(|c| !c.done && c.at == *name);
                asked.map(|cursor| cursor.done = true).ok_or(error)
            }
            (Some(ErrorStatus::TooBig), _) if self.cells > 1 => {
                self.cells = self.cells.min(self.asked.len().max(2)) / 2;
                Ok(())
            }
            _ => Err(error),
        }
    }

    fn rows(self) -> Vec<RawRow> {
        self.rows.into_iter().map(|(index, cells)| RawRow { index, cells }).collect()
    }
}
