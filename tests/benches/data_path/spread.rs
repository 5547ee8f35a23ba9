//! The middle of some figures, and how far they lie apart.

use serde::Serialize;

/// Median and extremes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        Some(Self {
            median: quantile(&mut figures, 0.5)?,
            least: *figures.first()?,
            most: *figures.last()?,
        })
    }
}

/// The figure that this share of them does not exceed, between two where it
/// lies between; sorts them. `None` of nothing.
pub fn quantile(figures: &mut [f64], share: f64) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let place = share * figures.len().checked_sub(1)? as f64;
    let (below, above) = (figures[place.floor() as usize], figures[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}
