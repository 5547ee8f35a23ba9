//! Checks as the Monitoring Plugins Development Guidelines want them: figures
//! out of the state that `poll` builds, judged by ranges, told in one line.
//!
//! Everything here is a function of a [`ClusterState`](crate::poll::ClusterState);
//! who asked the agents, and how long that may take, is [`crate::ops`]' affair.

mod figure;
mod judge;
mod range;
mod subject;
mod threshold;
mod verdict;

pub(crate) use self::judge::status_of;
pub use self::{
    figure::{Figure, Unit},
    judge::{CheckError, judge},
    range::{Range, RangeError},
    subject::Subject,
    threshold::{Threshold, ThresholdError, Thresholds},
    verdict::{Judged, Verdict, word},
};
