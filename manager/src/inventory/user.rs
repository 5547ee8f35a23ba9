//! What a user is taken for where nobody says more.

use lcms_snmp::usm::{AuthProtocol, PrivProtocol};

/// How a user is authenticated.
pub const AUTH: AuthProtocol = AuthProtocol::Sha256;

/// How its messages are encrypted.
pub const PRIV: PrivProtocol = PrivProtocol::Aes128;
