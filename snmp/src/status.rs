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
