//! The director: one thread owns the state, everybody else reads snapshots.
//!
//! A commit is checked as a whole, written to the state document, applied by
//! the driver and published, in this order, before its caller goes on. Checks
//! of servers, the end of leases and listeners that could not bind are the
//! owner's too: it sleeps until the next of their deadlines or a message.

mod assemble;
mod checker;
mod commit;
mod gauge;
mod handle;
mod handover;
mod live;
mod owner;
mod plane;
mod priority;
mod snapshot;
mod view;

pub use checker::{Ejected, Sign, Suspicion};
pub use commit::{CommitError, Draft, Reload, Reloaded};
pub use handle::{Director, DirectorHandle, DirectorOptions};
pub use handover::{HandedOver, Handover, Legacy};
pub use live::{ServerLive, ServiceLive};
pub use priority::stand_back;
pub use snapshot::{
    ClusterStatus, DirectorStatus, Listening, ServerStatus, ServiceStatus, ServiceView, Snapshot,
    WeightChange,
};
