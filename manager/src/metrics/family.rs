//! Families of metrics: one figure of many rows.

use std::{fmt, iter};

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeLabelSet, LabelSetEncoder, NoLabelSet},
    metrics::MetricType,
};

/// The labels of a row, in their order.
pub type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

/// Rows of one kind, whose figures are written family by family. A row that does
/// not have a figure is left out of it, and a family without rows altogether.
pub struct Rows<'a, 'e, 'd, const N: usize, R> {
    encoder: &'e mut DescriptorEncoder<'d>,
    rows: Vec<(Labels<'a, N>, R)>,
}

impl<'a, 'e, 'd, const N: usize, R: Copy> Rows<'a, 'e, 'd, N, R> {
    /// These rows, to be written there.
    pub fn new(
        encoder: &'e mut DescriptorEncoder<'d>,
        rows: impl IntoIterator<Item = (Labels<'a, N>, R)>,
    ) -> Self {
        Self { encoder, rows: rows.into_iter().collect() }
    }

    /// A figure that comes and goes.
    pub fn gauge<V: Into<Number>>(
        &mut self,
        name: &str,
        help: &str,
        value: impl Fn(R) -> Option<V>,
    ) -> fmt::Result {
        let rows = figures(&self.rows, value);
        write(self.encoder, MetricType::Gauge, name, help, rows)
    }

    /// A count that only grows; its name gets `_total`.
    pub fn counter<V: Into<Number>>(
        &mut self,
        name: &str,
        help: &str,
        value: impl Fn(R) -> Option<V>,
    ) -> fmt::Result {
        let rows = figures(&self.rows, value);
        write(self.encoder, MetricType::Counter, name, help, rows)
    }

    /// A set of states: 1 for the one that the row is in, 0 for the others, so that
    /// no series ends with a change.
    pub fn states(
        &mut self,
        name: &str,
        help: &str,
        states: &[&'static str],
        state: impl Fn(R) -> Option<&'static str>,
    ) -> fmt::Result {
        let known = self.rows.iter().filter_map(|(labels, row)| Some((labels, state(*row)?)));
        let each = known.flat_map(|(labels, is)| {
            let of = move |other: &&'static str| {
                let number = Number::from(is == *other);
                (And(labels, ("state", *other)), number)
            };
            states.iter().map(of)
        });
        write(self.encoder, MetricType::Gauge, name, help, each)
    }

    /// Words about the row, as labels; its name gets `_info`.
    pub fn info<'v, const M: usize>(
        &mut self,
        name: &str,
        help: &str,
        words: impl Fn(R) -> Option<Labels<'v, M>>,
    ) -> fmt::Result {
        let rows = self.rows.iter().filter_map(|(labels, row)| Some((labels, words(*row)?)));
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Info)?;
        rows.try_for_each(|(labels, words)| family.encode_info(&(*labels, words)))
    }
}

fn figures<'a, const N: usize, R: Copy, V: Into<Number>>(
    rows: &'a [(Labels<'a, N>, R)],
    value: impl Fn(R) -> Option<V>,
) -> impl Iterator<Item = (Labels<'a, N>, Number)> {
    rows.iter().filter_map(move |(labels, row)| Some((*labels, value(*row)?.into())))
}

fn write<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    metric_type: MetricType,
    name: &str,
    help: &str,
    mut rows: impl Iterator<Item = (L, Number)>,
) -> fmt::Result {
    let Some(first) = rows.next() else { return Ok(()) };
    let counts = metric_type == MetricType::Counter;
    let mut family = encoder.encode_descriptor(name, help, None, metric_type)?;
    for (labels, number) in iter::once(first).chain(rows) {
        let mut row = family.encode_family(&labels)?;
        match number {
            Number::Whole(n) if counts => row.encode_counter::<NoLabelSet, _, f64>(&n, None)?,
            Number::Real(n) if counts => row.encode_counter::<NoLabelSet, _, f64>(&n, None)?,
            Number::Whole(n) => row.encode_gauge(&n)?,
            Number::Real(n) => row.encode_gauge(&n)?,
        }
    }
    Ok(())
}

/// The labels of a row, and one more.
struct And<'a, const N: usize>(&'a Labels<'a, N>, (&'static str, &'static str));

impl<const N: usize> EncodeLabelSet for And<'_, N> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)?;
        [self.1].encode(encoder)
    }
}

/// A number: counts stay whole, however great they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A count.
    Whole(u64),
    /// Anything else.
    Real(f64),
}

macro_rules! whole {
    ($($from:ty)+) => {
        $(impl From<$from> for Number {
            fn from(n: $from) -> Self {
                Self::Whole(n as u64)
            }
        })+
    };
}

whole!(bool u32 u64 usize);

impl From<f64> for Number {
    fn from(n: f64) -> Self {
        Self::Real(n)
    }
}
