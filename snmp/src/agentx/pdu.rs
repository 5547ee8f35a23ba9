//! The PDUs as values.

use crate::VarBind;

/// A packet: who speaks of what, and the PDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// What stands before the PDU.
    pub header: Header,
    /// The PDU.
    pub pdu: Pdu,
}

/// The header, without what follows from the PDU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The octet order of the whole packet.
    pub order: Order,
    /// The session; 0 in the packet that opens one.
    pub session: u32,
    /// The SNMP request behind it.
    pub transaction: u32,
    /// By which a response is known to belong to its packet.
    pub packet: u32,
}

/// The order in which the octets of a number stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The first octet is the highest, as on every other wire.
    #[default]
    Network,
    /// The first octet is the lowest.
    Little,
}

/// What a packet asks for or says (RFC 2741 §6.2). A `context` is that of
/// SNMPv3; `None` is the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Pdu {
    Open {
        timeout: u8,
        id: Vec<u32>,
        description: Vec<u8>,
    },
    Close {
        reason: u8,
    },
    Register {
        context: Option<Vec<u8>>,
        registration: Registration,
        instance: bool,
    },
    Unregister {
        context: Option<Vec<u8>>,
        registration: Registration,
    },
    Get {
        context: Option<Vec<u8>>,
        ranges: Vec<SearchRange>,
    },
    GetNext {
        context: Option<Vec<u8>>,
        ranges: Vec<SearchRange>,
    },
    GetBulk {
        context: Option<Vec<u8>>,
        non_repeaters: u16,
        max_repetitions: u16,
        ranges: Vec<SearchRange>,
    },
    TestSet {
        context: Option<Vec<u8>>,
        varbinds: Vec<VarBind<'static>>,
    },
    CommitSet,
    UndoSet,
    CleanupSet,
    Notify {
        context: Option<Vec<u8>>,
        varbinds: Vec<VarBind<'static>>,
    },
    Ping {
        context: Option<Vec<u8>>,
    },
    IndexAllocate {
        context: Option<Vec<u8>>,
        varbinds: Vec<VarBind<'static>>,
        new: bool,
        any: bool,
    },
    IndexDeallocate {
        context: Option<Vec<u8>>,
        varbinds: Vec<VarBind<'static>>,
    },
    AddAgentCaps {
        context: Option<Vec<u8>>,
        id: Vec<u32>,
        description: Vec<u8>,
    },
    RemoveAgentCaps {
        context: Option<Vec<u8>>,
        id: Vec<u32>,
    },
    Response {
        up_time: u32,
        error: u16,
        index: u16,
        varbinds: Vec<VarBind<'static>>,
    },
}

/// A subtree, or the same subtree below a range of siblings: the sub-identifier
/// at position `range` (from 1; 0 for none) runs up to `upper`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub struct Registration {
    /// Meaningless in an Unregister, and 0 there.
    pub timeout: u8,
    pub priority: u8,
    pub range: u8,
    pub subtree: Vec<u32>,
    pub upper: u32,
}

/// From where to where a variable is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchRange {
    /// The name to begin at.
    pub start: Vec<u32>,
    /// Whether the variable of just that name counts.
    pub include: bool,
    /// The first name that is too far; none at all where this is empty.
    pub end: Vec<u32>,
}

/// Type of a PDU on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
#[repr(u8)]
pub enum Kind {
    Open = 1,
    Close = 2,
    Register = 3,
    Unregister = 4,
    Get = 5,
    GetNext = 6,
    GetBulk = 7,
    TestSet = 8,
    CommitSet = 9,
    UndoSet = 10,
    CleanupSet = 11,
    Notify = 12,
    Ping = 13,
    IndexAllocate = 14,
    IndexDeallocate = 15,
    AddAgentCaps = 16,
    RemoveAgentCaps = 17,
    Response = 18,
}

impl Kind {
    /// The type with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        use Kind::*;
        const ALL: [Kind; 18] = [
            Open,
            Close,
            Register,
            Unregister,
            Get,
            GetNext,
            GetBulk,
            TestSet,
            CommitSet,
            UndoSet,
            CleanupSet,
            Notify,
            Ping,
            IndexAllocate,
            IndexDeallocate,
            AddAgentCaps,
            RemoveAgentCaps,
            Response,
        ];
        ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

impl Pdu {
    /// Its type.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Open { .. } => Kind::Open,
            Self::Close { .. } => Kind::Close,
            Self::Register { .. } => Kind::Register,
            Self::Unregister { .. } => Kind::Unregister,
            Self::Get { .. } => Kind::Get,
            Self::GetNext { .. } => Kind::GetNext,
            Self::GetBulk { .. } => Kind::GetBulk,
            Self::TestSet { .. } => Kind::TestSet,
            Self::CommitSet => Kind::CommitSet,
            Self::UndoSet => Kind::UndoSet,
            Self::CleanupSet => Kind::CleanupSet,
            Self::Notify { .. } => Kind::Notify,
            Self::Ping { .. } => Kind::Ping,
            Self::IndexAllocate { .. } => Kind::IndexAllocate,
            Self::IndexDeallocate { .. } => Kind::IndexDeallocate,
            Self::AddAgentCaps { .. } => Kind::AddAgentCaps,
            Self::RemoveAgentCaps { .. } => Kind::RemoveAgentCaps,
            Self::Response { .. } => Kind::Response,
        }
    }

    /// The context it is about; none in PDUs that have no such thing.
    pub fn context(&self) -> Option<&[u8]> {
        match self {
            Self::Register { context, .. }
            | Self::Unregister { context, .. }
            | Self::Get { context, .. }
            | Self::GetNext { context, .. }
            | Self::GetBulk { context, .. }
            | Self::TestSet { context, .. }
            | Self::Notify { context, .. }
            | Self::Ping { context }
            | Self::IndexAllocate { context, .. }
            | Self::IndexDeallocate { context, .. }
            | Self::AddAgentCaps { context, .. }
            | Self::RemoveAgentCaps { context, .. } => context.as_deref(),
            Self::Open { .. }
            | Self::Close { .. }
            | Self::CommitSet
            | Self::UndoSet
            | Self::CleanupSet
            | Self::Response { .. } => None,
        }
    }
}

/// Why a session ends (RFC 2741 §6.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
#[repr(u8)]
pub enum CloseReason {
    Other = 1,
    ParseError = 2,
    ProtocolError = 3,
    Timeouts = 4,
    Shutdown = 5,
    ByManager = 6,
}
