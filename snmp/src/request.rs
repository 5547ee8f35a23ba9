//! What a client asks, whom, and what it gets back.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    Credentials, EngineId, ErrorStatus, Message, Oid, Pdu, PduKind, Value, VarBind, Version,
};

/// An agent to be asked.
#[derive(Clone, Debug)]
pub struct Target<A> {
    /// Where its responses come from. Give it the form in which the socket
    /// reports a sender: addresses are compared as they are.
    pub address: A,
    /// How it knows us.
    pub credentials: Credentials,
    /// How long it is waited for.
    pub retry: Retry,
}

/// A version with the community name that is used in it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Community {
    version: Version,
    name: Arc<[u8]>,
}

impl Community {
    /// For messages of version 1.
    pub fn v1(name: impl AsRef<[u8]>) -> Self {
        Self { version: Version::V1, name: name.as_ref().into() }
    }

    /// For messages of version 2c.
    pub fn v2c(name: impl AsRef<[u8]>) -> Self {
        Self { version: Version::V2c, name: name.as_ref().into() }
    }

    /// `V1` or `V2c`.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The name; a secret.
    pub fn name(&self) -> &[u8] {
        &self.name
    }
}

impl fmt::Debug for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Community").field("version", &self.version).finish_non_exhaustive()
    }
}

/// When a request is sent again, and when it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The wait for the first attempt; each further one waits twice as long as
    /// the one before, so that an agent with too much to do gets less of it.
    pub timeout: Duration,
    /// The longest wait.
    pub ceiling: Duration,
    /// How many attempts follow the first.
    pub retries: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(1), ceiling: Duration::from_secs(8), retries: 3 }
    }
}

impl Retry {
    /// Beyond this no wait makes sense, and far beyond it no clock can tell.
    const LONGEST: Duration = Duration::from_secs(86_400);

    /// The wait after an attempt, the first being 0.
    pub fn wait(&self, attempt: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
        self.timeout.saturating_mul(factor).min(self.ceiling.max(self.timeout)).min(Self::LONGEST)
    }
}

/// A request without its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub(crate) kind: PduKind,
    pub(crate) non_repeaters: i32,
    pub(crate) max_repetitions: i32,
    pub(crate) varbinds: Vec<VarBind<'static>>,
    /// Whose context is meant, if not that of the engine that is asked.
    pub(crate) context: Option<EngineId>,
}

impl Request {
    /// Reads exactly these instances.
    pub fn get(names: impl IntoIterator<Item = Oid>) -> Self {
        Self::read(PduKind::GetRequest, names)
    }

    /// Reads what follows each of these names.
    pub fn get_next(names: impl IntoIterator<Item = Oid>) -> Self {
        Self::read(PduKind::GetNextRequest, names)
    }

    /// Reads what follows the first `non_repeaters` names once, and what follows
    /// the others up to `max_repetitions` times. A version 1 agent, which has no
    /// such thing, is sent the GETNEXT that RFC 3584 §4.1.1 puts in its place.
    pub fn get_bulk(
        non_repeaters: u16,
        max_repetitions: u16,
        names: impl IntoIterator<Item = Oid>,
    ) -> Self {
        Self {
            non_repeaters: non_repeaters.into(),
            max_repetitions: max_repetitions.into(),
            ..Self::read(PduKind::GetBulkRequest, names)
        }
    }

    /// Sets all of these or none.
    pub fn set(varbinds: Vec<VarBind<'static>>) -> Self {
        Self { varbinds, ..Self::read(PduKind::SetRequest, []) }
    }

    /// Notifies and asks for an acknowledgement; version 2c and later. What is
    /// told of is the sender's own, so in version 3 its engine's context is meant.
    pub fn inform(varbinds: Vec<VarBind<'static>>, sender: EngineId) -> Self {
        Self { varbinds, context: Some(sender), ..Self::read(PduKind::InformRequest, []) }
    }

    /// Whether it asks and changes nothing, so that it can be asked again elsewhere.
    pub fn is_read(&self) -> bool {
        use PduKind::{GetBulkRequest, GetNextRequest, GetRequest};
        matches!(self.kind, GetRequest | GetNextRequest | GetBulkRequest)
    }

    fn read(kind: PduKind, names: impl IntoIterator<Item = Oid>) -> Self {
        let varbinds = names.into_iter().map(|name| VarBind { name, value: Value::Null }).collect();
        Self { kind, non_repeaters: 0, max_repetitions: 0, varbinds, context: None }
    }
}

/// What an agent answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The error-status as it came; 0 is noError.
    pub error_status: i32,
    /// Which variable binding the error is about, counted from 1; 0 for none.
    pub error_index: i32,
    /// The variable bindings. Nothing has been said of their names yet: that they
    /// are those asked for, or increase, is for the caller to see.
    pub varbinds: Vec<VarBind<'static>>,
}

impl Response {
    /// The error-status, or `None` for a number that no RFC defines.
    pub fn status(&self) -> Option<ErrorStatus> {
        ErrorStatus::from_number(self.error_status)
    }
}

impl From<&Message<'_>> for Response {
    fn from(message: &Message<'_>) -> Self {
        Self::from(&message.pdu)
    }
}

impl From<&Pdu<'_>> for Response {
    fn from(pdu: &Pdu<'_>) -> Self {
        Self {
            error_status: pdu.error_status,
            error_index: pdu.error_index,
            varbinds: pdu.varbinds.to_vec(),
        }
    }
}
