//! `lcms-manager serve`, and what it shows.

use std::time::Duration;

use rustix::process::Signal;

use crate::{eventually, http::get, manager::Manager, process::Process};

/// A running daemon with metrics.
pub struct Serve {
    process: Process,
    port: u16,
}

impl Serve {
    /// Starts one by the manager's file.
    #[track_caller]
    pub fn start(manager: &Manager, args: &[&str]) -> Self {
        let args = [&["serve", "--metrics", "0"], args].concat();
        let mut process = manager.start(&args);
        let page = process.says("metrics on http://127.0.0.1:");
        let port = page.trim_end_matches("/metrics").parse().expect("a port");
        let serve = Self { process, port };
        eventually("it is ready", Duration::from_secs(20), || serve.page("/readyz"));
        serve
    }

    /// Its port of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A page.
    pub fn page(&self, path: &str) -> Result<String, String> {
        get(self.port, path)
    }

    /// All metrics.
    #[track_caller]
    pub fn metrics(&self) -> String {
        self.page("/metrics").expect("metrics are shown")
    }

    /// The value of one series at present.
    pub fn metric(&self, series: &str) -> Result<f64, String> {
        let metrics = self.page("/metrics")?;
        let mut values =
            metrics.lines().filter_map(|line| line.strip_prefix(series)?.trim().parse().ok());
        values.next().ok_or_else(|| format!("no {series} in {metrics}"))
    }

    /// Waits until a series has a value of this kind.
    #[track_caller]
    pub fn becomes(&self, series: &str, is: impl Fn(f64) -> bool) -> f64 {
        eventually(series, Duration::from_secs(20), || {
            self.metric(series).and_then(|n| if is(n) { Ok(n) } else { Err(n.to_string()) })
        })
    }

    /// All it has said.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// The rest of the first line with this mark, once it says one.
    #[track_caller]
    pub fn says(&mut self, mark: &str) -> String {
        self.process.says(mark)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Asks it to end; its exit code.
    #[track_caller]
    pub fn stop(&mut self) -> Option<i32> {
        self.process.end(Signal::TERM)
    }

    /// Kills it without a chance to tidy up.
    #[track_caller]
    pub fn kill(&mut self) {
        self.process.end(Signal::KILL);
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}
