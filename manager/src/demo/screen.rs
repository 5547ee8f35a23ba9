//! What somebody who watches sees.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use super::outcome::Weights;

/// A server at a moment.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Requests a second it can do.
    pub capacity: f64,
    /// Whether it runs.
    pub alive: bool,
    /// Its weights.
    pub weights: Weights,
    /// Requests a second it answered in the last seconds.
    pub rate: f64,
    /// Its part of the requests in the last seconds.
    pub share: Option<f64>,
    /// Its part of the capacity of all.
    pub capacity_share: f64,
    /// Mean time to its answers in the last seconds.
    pub latency: Option<Duration>,
}

/// All of them at a moment.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Since the demo began.
    pub time: Duration,
    /// The servers.
    pub lines: Vec<Line>,
    /// Requests without an answer so far.
    pub errors: u64,
    /// What the controller told last.
    pub told: Option<String>,
}

/// Where the story is told: standard output, or standard error while that is
/// kept for the result.
pub struct Screen {
    out: Box<dyn Write + Send>,
    terminal: bool,
    /// Lines of the table that the next one is drawn over.
    drawn: usize,
}

impl Screen {
    /// Standard output.
    pub fn stdout() -> Self {
        Self { terminal: io::stdout().is_terminal(), out: Box::new(io::stdout()), drawn: 0 }
    }

    /// Standard error.
    pub fn stderr() -> Self {
        Self { terminal: io::stderr().is_terminal(), out: Box::new(io::stderr()), drawn: 0 }
    }

    /// Says something that stays.
    pub fn say(&mut self, text: &str) {
        self.drawn = 0;
        self.put(&format!("{text}\n"));
    }

    /// Shows a moment: over the one before on a terminal, else as a line.
    pub fn show(&mut self, moment: &Moment) {
        if !self.terminal {
            self.put(&moment.line());
            return;
        }
        let table = moment.table();
        let mut text = match self.drawn {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\x1b[J"),
        };
        text.push_str(&table);
        self.put(&text);
        self.drawn = table.lines().count();
    }

    fn put(&mut self, text: &str) {
        // Somebody who looks away is no reason to stop.
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

impl Moment {
    fn line(&self) -> String {
        let mut text = format!("{:3} s", self.time.as_secs());
        for line in &self.lines {
            let _ = write!(
                text,
                "  {} weight {} gets {} of {:.0}% {}",
                line.name,
                weight(line.weights.effective),
                percent(line.share),
                line.capacity_share * 100.0,
                latency(line.latency),
            );
        }
        let _ = writeln!(text, "  errors {}", self.errors);
        text
    }

    fn table(&self) -> String {
        let mut text = String::from(
            "server  capacity   configured  dynamic  effective   requests    share  of capacity  \
             latency\n",
        );
        for line in &self.lines {
            let capacity = format!("{:.0}/s", line.capacity);
            let rate = format!("{:.0}/s", line.rate);
            let of = format!("{:.0}%", line.capacity_share * 100.0);
            let latency = match line.alive {
                true => latency(line.latency),
                false => "killed".to_owned(),
            };
            let _ = writeln!(
                text,
                "{:<8}{capacity:>8}   {:>10}  {:>7}  {:>9}   {rate:>8}  {:>7}  {of:>11}  \
                 {latency:>7}",
                line.name,
                weight(line.weights.configured),
                weight(line.weights.dynamic),
                weight(line.weights.effective),
                percent(line.share),
            );
        }
        let total: f64 = self.lines.iter().map(|line| line.rate).sum();
        let _ = writeln!(
            text,
            "{:3} s, {total:.0} requests/s, {} without an answer",
            self.time.as_secs(),
            self.errors
        );
        let told: String = self.told.iter().flat_map(|text| text.chars()).take(98).collect();
        let _ = writeln!(text, "{told}");
        text
    }
}

fn weight(weight: Option<u32>) -> String {
    weight.map_or_else(|| "-".to_owned(), |weight| weight.to_string())
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.0}%", share * 100.0))
}

fn latency(latency: Option<Duration>) -> String {
    latency.map_or_else(|| "-".to_owned(), |latency| format!("{} ms", latency.as_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment() -> Moment {
        let line = Line {
            name: "rs1".to_owned(),
            capacity: 160.0,
            alive: true,
            weights: Weights { configured: Some(50), dynamic: None, effective: Some(50) },
            rate: 95.2,
            share: Some(0.566),
            capacity_share: 0.571,
            latency: Some(Duration::from_millis(31)),
        };
        let dead = Line { alive: false, share: None, latency: None, ..line.clone() };
        Moment {
            time: Duration::from_secs(7),
            lines: vec![line, dead],
            errors: 3,
            told: Some("x".repeat(200)),
        }
    }

    #[test]
    fn a_moment_fits_a_hundred_columns() {
        let table = moment().table();
        assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
        assert_eq!(
            table.lines().nth(1),
            Some(
                "rs1        160/s           50        -         50       95/s      57%          \
                 57%    31 ms"
            )
        );
        assert!(table.contains("killed"), "{table}");
    }

    #[test]
    fn a_moment_is_one_line_where_nothing_can_be_redrawn() {
        let line = moment().line();
        assert!(line.starts_with("  7 s  rs1 weight 50 gets 57% of 57% 31 ms  rs1"), "{line}");
        assert_eq!(line.lines().count(), 1);
    }
}
