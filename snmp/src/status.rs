//! Versions, PDU types and error statuses, with their numbers on the wire.

/// The version of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// RFC 1157.
    V1,
    /// RFC 1901.
    V2c,
    /// RFC 3412.
    V3,
}

impl Version {
    /// Its number in a message's header.
    pub fn number(self) -> i32 {
        match self {
            Self::V1 => 0,
            Self::V2c => 1,
            Self::V3 => 3,
        }
    }

    /// The version with this number; 2 is no version that was ever standard.
    pub fn from_number(number: i32) -> Option<Self> {
        match number {
            0 => Some(Self::V1),
            1 => Some(Self::V2c),
            3 => Some(Self::V3),
            _ => None,
        }
    }
}

/// What a PDU asks for or says (RFC 3416 §3; `Trap` is version 1's own).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum PduKind {
    GetRequest,
    GetNextRequest,
    Response,
    SetRequest,
    Trap,
    GetBulkRequest,
    InformRequest,
    SnmpV2Trap,
    Report,
}

impl PduKind {
    /// Its tag on the wire.
    pub fn tag(self) -> u8 {
        match self {
            Self::GetRequest => 0xa0,
            Self::GetNextRequest => 0xa1,
            Self::Response => 0xa2,
            Self::SetRequest => 0xa3,
            Self::Trap => 0xa4,
            Self::GetBulkRequest => 0xa5,
            Self::InformRequest => 0xa6,
            Self::SnmpV2Trap => 0xa7,
            Self::Report => 0xa8,
        }
    }

    /// The kind with this tag, where the version knows it: 0xa4 is version 1's
    /// own, what is above came after it (RFC 1157 §4.1, RFC 3416 §3).
    pub fn from_tag(version: Version, tag: u8) -> Option<Self> {
        let kind = match tag {
            0xa0 => Self::GetRequest,
            0xa1 => Self::GetNextRequest,
            0xa2 => Self::Response,
            0xa3 => Self::SetRequest,
            0xa4 => Self::Trap,
            0xa5 => Self::GetBulkRequest,
            0xa6 => Self::InformRequest,
            0xa7 => Self::SnmpV2Trap,
            0xa8 => Self::Report,
            _ => return None,
        };
        let known = match version {
            Version::V1 => tag <= 0xa4,
            Version::V2c | Version::V3 => kind != Self::Trap,
        };
        known.then_some(kind)
    }
}

/// The error-status of a response (RFC 3416 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum ErrorStatus {
    NoError = 0,
    TooBig = 1,
    NoSuchName = 2,
    BadValue = 3,
    ReadOnly = 4,
    GenErr = 5,
    NoAccess = 6,
    WrongType = 7,
    WrongLength = 8,
    WrongEncoding = 9,
    WrongValue = 10,
    NoCreation = 11,
    InconsistentValue = 12,
    ResourceUnavailable = 13,
    CommitFailed = 14,
    UndoFailed = 15,
    AuthorizationError = 16,
    NotWritable = 17,
    InconsistentName = 18,
}

impl ErrorStatus {
    /// The status with this number, or `None` for one that no RFC defines.
    pub fn from_number(number: i32) -> Option<Self> {
        use ErrorStatus::*;
        const ALL: [ErrorStatus; 19] = [
            NoError,
            TooBig,
            NoSuchName,
            BadValue,
            ReadOnly,
            GenErr,
            NoAccess,
            WrongType,
            WrongLength,
            WrongEncoding,
            WrongValue,
            NoCreation,
            InconsistentValue,
            ResourceUnavailable,
            CommitFailed,
            UndoFailed,
            AuthorizationError,
            NotWritable,
            InconsistentName,
        ];
        usize::try_from(number).ok().and_then(|n| ALL.get(n)).copied()
    }

    /// What a version 1 message says instead (RFC 3584 §4.4).
    pub fn in_v1(self) -> Self {
        use ErrorStatus::*;
        match self {
            NoError | TooBig | NoSuchName | BadValue | ReadOnly | GenErr => self,
            WrongValue | WrongEncoding | WrongType | WrongLength | InconsistentValue => BadValue,
            NoAccess | NotWritable | NoCreation | InconsistentName | AuthorizationError => {
                NoSuchName
            }
            ResourceUnavailable | CommitFailed | UndoFailed => GenErr,
        }
    }

    /// The name RFC 3416 gives it.
    pub fn name(self) -> &'static str {
        use ErrorStatus::*;
        match self {
            NoError => "noError",
            TooBig => "tooBig",
            NoSuchName => "noSuchName",
            BadValue => "badValue",
            ReadOnly => "readOnly",
            GenErr => "genErr",
            NoAccess => "noAccess",
            WrongType => "wrongType",
            WrongLength => "wrongLength",
            WrongEncoding => "wrongEncoding",
            WrongValue => "wrongValue",
            NoCreation => "noCreation",
            InconsistentValue => "inconsistentValue",
            ResourceUnavailable => "resourceUnavailable",
            CommitFailed => "commitFailed",
            UndoFailed => "undoFailed",
            AuthorizationError => "authorizationError",
            NotWritable => "notWritable",
            InconsistentName => "inconsistentName",
        }
    }
}
