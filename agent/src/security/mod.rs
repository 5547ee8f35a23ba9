//! Who may do what: users with their keys (RFC 3414), communities in the same
//! terms (RFC 3584), and groups, access and views (RFC 3415).
//!
//! `rows` is what the tables hold, from the configuration and from managers.
//! `ready` is what a message needs of it: keys as HMAC states and ciphers, and
//! the view that each sender has at each level, so that nothing is looked up
//! twice. Both are one immutable [`Security`], swapped whole as rows change.
//! `keeper` is who swaps, and `document` what stays on disk.

mod authorities;
mod certificates;
mod document;
mod engine;
pub(crate) mod file;
mod keeper;
mod notification_rows;
mod peers;
mod ready;
mod receivers;
mod rows;

pub use authorities::{Authorities, Unverified};
pub use certificates::{CertificateRow, Certificates, MapType};
pub use engine::{IdentityError, identity};
pub use keeper::{Keeper, KeeperError, Prepared};
pub use lcms_snmp::Network;
pub use lcms_snmp::usm::{Identity, LocalEngine};
pub use notification_rows::{
    Domain, FilterId, FilterRow, MOST_LOG_ENTRIES, Model, NotificationRows, NotifyRow, ParamsRow,
    ProfileRow, TargetRow,
};
pub use peers::{ClientRow, Peer, Server, ServerRow};
pub use ready::{LastChanged, Principal, Rights, Security, User};
pub use receivers::{Receiver, Who};
pub use rows::{
    AccessId, AccessRow, CommunityRow, FamilyId, FamilyRow, GroupId, GroupRow, MOST_ROWS,
    SecurityRows, Storage, TRANSPORT, UserId, UserRow, V1, V2C, V3, access_level,
};
