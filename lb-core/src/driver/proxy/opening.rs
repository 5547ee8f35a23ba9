//! Who speaks first.

use crate::driver::socket::Handshake;

/// What a shard has learned of a service's clients: whether they speak before
/// their server does. Then their first bytes are there once a server has
/// accepted, and can carry the last acknowledgement of that handshake.
///
/// A wrong guess costs a system call and no time: the acknowledgement is sent
/// where there turns out to be nothing to carry it.
pub(super) struct Opening {
    trust: u8,
}

/// Trust that is acted on, and the most there is.
const ENOUGH: u8 = 8;
const MOST: u8 = 16;

impl Opening {
    pub(super) fn new() -> Self {
        Self { trust: 0 }
    }

    /// How to begin the next connection.
    pub(super) fn handshake(&self) -> Handshake {
        if self.trust >= ENOUGH { Handshake::WithData } else { Handshake::Prompt }
    }

    /// Whether a client had spoken when its server had accepted.
    pub(super) fn learn(&mut self, client_spoke: bool) {
        self.trust = match client_spoke {
            true => (self.trust + 1).min(MOST),
            false => self.trust.saturating_sub(MOST / 4),
        };
    }
}
