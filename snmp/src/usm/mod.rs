//! The User-based Security Model (RFC 3414, 3826 and 7860), without state of its
//! own: protocols, keys, what stands in a message, and when a message is timely.
//!
//! Keys are made ready once: the HMAC states after the key's two blocks and the
//! ciphers' round keys are kept, so that a message costs its own octets and
//! nothing more, and no allocation.

mod auth;
mod clock;
mod engine;
mod key;
mod learned;
mod parameters;
mod privacy;
mod protocol;

pub use auth::AuthKey;
pub use clock::{Clock, LATCHED, Timeliness, WINDOW};
pub use engine::{Identity, LocalEngine};
pub use key::{Key, KeyError, MIN_PASSWORD, MasterKey, change_key};
pub use learned::LearnedClock;
pub use parameters::UsmParameters;
pub(crate) use parameters::natural;
pub use privacy::{DecryptionError, PrivKey};
pub use protocol::{AuthProtocol, PrivProtocol, ProtocolError};
