//! Figures, and performance data made of them.

use super::Range;

/// A measured number with a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Its name, in thresholds and as a label.
    pub name: &'static str,
    /// What it is at present, where that is known.
    pub value: Option<f64>,
    /// What it counts.
    pub unit: Unit,
    /// The greatest value it can have, where there is one.
    pub max: Option<f64>,
}

/// The guidelines' units of measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Things,
    /// Things since some time: it only grows.
    Counter,
    /// Hundredths.
    Percent,
    /// Seconds.
    Seconds,
}

impl Unit {
    fn symbol(self) -> &'static str {
        match self {
            Self::Things => "",
            Self::Counter => "c",
            Self::Percent => "%",
            Self::Seconds => "s",
        }
    }
}

impl Figure {
    /// A figure without a greatest value.
    pub fn new(name: &'static str, unit: Unit, value: Option<f64>) -> Self {
        Self { name, value, unit, max: None }
    }

    /// A number of things.
    pub fn things(name: &'static str, value: Option<impl Into<u64>>) -> Self {
        Self::new(name, Unit::Things, value.map(|n| n.into() as f64))
    }

    /// A counter.
    pub fn counter(name: &'static str, value: Option<u64>) -> Self {
        Self::new(name, Unit::Counter, value.map(|n| n as f64))
    }

    /// A share, from thousandths.
    pub fn permille(name: &'static str, value: Option<u32>) -> Self {
        Self::new(name, Unit::Percent, value.map(|n| f64::from(n) / 10.0))
    }

    /// So many of so many.
    pub fn of(name: &'static str, value: usize, all: usize) -> Self {
        let max = Some(all as f64);
        Self { max, ..Self::new(name, Unit::Things, Some(value as f64)) }
    }

    /// `'label'=value[UOM];[warn];[crit];[min];[max]`, without what is empty at
    /// the end; nothing where there is no value.
    pub fn perfdata(&self, warning: Option<&Range>, critical: Option<&Range>) -> Option<String> {
        let value = self.value?;
        let range = |range: Option<&Range>| range.map(ToString::to_string).unwrap_or_default();
        // The guidelines leave both away with per cent, and every figure starts at 0.
        let (min, max) = match self.unit {
            Unit::Percent => (String::new(), String::new()),
            _ => ("0".to_owned(), self.max.map(|max| max.to_string()).unwrap_or_default()),
        };
        let (name, unit) = (self.name, self.unit.symbol());
        let all =
            format!("'{name}'={value}{unit};{};{};{min};{max}", range(warning), range(critical));
        Some(all.trim_end_matches(';').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn performance_data_has_the_guidelines_form() {
        let range = |text: &str| text.parse::<Range>().unwrap();
        let (warning, critical) = (range("10"), range("@5:"));
        let drawn = |figure: Figure, w: Option<&Range>, c: Option<&Range>| figure.perfdata(w, c);
        for (figure, w, c, expected) in [
            (Figure::things("connections", Some(12_u32)), None, None, "'connections'=12;;;0"),
            (Figure::of("servers_up", 2, 3), Some(&warning), None, "'servers_up'=2;10;;0;3"),
            (
                Figure::permille("cpu", Some(125)),
                Some(&warning),
                Some(&critical),
                "'cpu'=12.5%;10;@5:",
            ),
            (Figure::counter("total", Some(7)), None, Some(&warning), "'total'=7c;;10;0"),
            (Figure::new("time", Unit::Seconds, Some(0.000_42)), None, None, "'time'=0.00042s;;;0"),
        ] {
            assert_eq!(drawn(figure, w, c).as_deref(), Some(expected));
        }
        assert_eq!(drawn(Figure::counter("total", None), None, None), None);
    }
}
