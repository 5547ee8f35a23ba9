//! What the servers of a service can do and have to do: the mathematics behind
//! the scheduler *freest*.
//!
//! A controller looks at the hosts now and then and reports what it saw. The
//! director knows its own connections at every moment. Neither is enough: a
//! report is old when it comes, and whoever follows it sends everybody to the
//! server that *was* idle; a director's own counts say nothing of other work
//! on the hosts, nor of how fast they are. So both are joined:
//!
//! * From a report and the director's own counts over the same interval follows
//!   each server's *capacity* ([`Capacity`]): completions over the busy time
//!   that they took.
//! * From the runnable tasks up to the moment of the sample, less the director's
//!   own connections up to that moment ([`History`]), follows the work of
//!   *others* ([`HostLoad`]). The scheduler adds its own connections of now, so each one
//!   it gives away counts at once, however old the report.
//! * From available memory and swapping follows how many connections the host
//!   can hold before it pages ([`MemoryGuard`]): a host that pages completes
//!   little and hardly seems busy, and every rule by capacity then goes wrong.
//! * Between two reports the director's own counts say when a host has too many
//!   ([`Overload`]): more in flight than ever went well, and hardly any that end.
//! * [`loads`] puts it together by the age of the data: fresh reports correct,
//!   old ones leave own counts, and where nothing is known the weights stand.
//!
//! All of it is arithmetic on (state, input, now), with the time as a duration
//! since any fixed moment.

mod capacity;
mod fleet;
mod history;
mod host;
mod memory;
mod overload;
mod server;

pub use capacity::{Capacity, Measurement};
pub use fleet::Fleet;
pub use history::{Company, History, Totals};
pub use host::{HostLoad, HostReport};
pub use memory::MemoryGuard;
pub use overload::Overload;
pub use server::{Known, ServerLoad, loads};
