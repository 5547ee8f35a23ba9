//! What a director is asked to do, and what controllers told it lately.
//!
//! [`Wanted`] is the operator's will: one document, kept over restarts.
//! [`Runtime`] is what controllers write: leases, dynamic weights and load
//! reports; it is never kept, apart from the terms of the leases. Words, units
//! and ranges are those of the project's management model, and so are the
//! labels of all enumerations.

mod address;
mod bounded;
mod check;
mod effective;
mod id;
mod kinds;
mod labels;
mod lease;
mod mend;
mod name;
mod provenance;
mod question;
mod roles;
mod runtime;
mod wanted;

pub use address::{Address, AddressError};
pub use bounded::{
    Bounded, Burst, CheckCount, CheckInterval, ConnectionRate, DoubtInterval, EjectionTime,
    IdleTimeout, OutOfRange, ParseError, Permille, PersistenceTimeout, PollInterval, PrefixIpv4,
    PrefixIpv6, Priority, ServerCount, Span, Timeout, Weight,
};
pub use check::{Problem, ProblemKind, Reference};
pub use effective::{Effective, Health};
pub use id::{DirectorId, RowId, ServerId, ServiceId};
pub use kinds::{
    AdminState, CheckKind, DirectorState, Forward, OperState, PanicUse, PolicyKind, PolicyWindow,
    Protocol, RecordType, ResponseCode, RowState, Scheduler, SendProxy, Source, Status,
    StorageType, WeightMode, WeightSource,
};
pub use labels::UnknownLabel;
pub use lease::{LEASE_SECONDS, Lease, LeaseError, LeaseRequest};
pub use name::{Name, NameError};
pub use provenance::{Provenance, UnixTime};
pub use question::{DnsQuestion, HttpQuestion, Question, QuestionError, StatusCodes};
pub use roles::{Role, Roles};
pub use runtime::{DynamicWeight, LoadReport, Runtime};
pub use wanted::{Check, Cluster, DirectorRow, Host, Policy, Server, Service, Wanted};
