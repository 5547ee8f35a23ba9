//! Why there is no answer in a session.

use std::io;

use rustls::{AlertDescription, CertificateError, Error};
use thiserror::Error;

use crate::tls::WrongFingerprint;

/// Why there is no session with an agent, or no answer in it.
#[derive(Debug, PartialEq, Error)]
pub enum SessionFault {
    /// The host refuses the port.
    #[error("nobody listens for TLS at this TCP port")]
    NobodyListens,
    /// There is no connection, or no more.
    #[error("no connection: {0}")]
    Connection(io::ErrorKind),
    /// Nothing comes back in time.
    #[error("no answer over TLS in time")]
    Silent,
    /// Whoever listens closes the connection, or says something else.
    #[error("what listens there does not speak TLS")]
    NoTls,
    /// The agent's certificate is another than it should be.
    #[error(transparent)]
    WrongFingerprint(#[from] WrongFingerprint),
    /// It is not that of the name that was expected.
    #[error("the agent's certificate is for {}, and not for {expected}", names(shown))]
    WrongName {
        /// The name.
        expected: String,
        /// Those in the certificate.
        shown: Vec<String>,
    },
    /// Nobody in `ca_file` has signed it.
    #[error("the agent's certificate is by no authority of ca_file")]
    UnknownAuthority,
    /// It has expired.
    #[error("the agent's certificate has expired")]
    Expired,
    /// It is not valid yet.
    #[error("the agent's certificate is not valid yet")]
    NotValidYet,
    /// It cannot be used for another reason.
    #[error("the agent's certificate cannot be used: {}", unusable(.0))]
    Unusable(CertificateError),
    /// The agent does not take the own certificate.
    #[error("the agent does not take the certificate it is shown ({0:?})")]
    Refused(AlertDescription),
    /// TLS itself does not work out.
    #[error("TLS: {0}")]
    Tls(Error),
    /// The agent has closed the session before its first answer.
    #[error("the agent has closed the session without an answer")]
    Closed,
    /// The agent has closed the session while it was asked.
    #[error("the session has ended before the answer came")]
    Ended,
    /// The agent does not say the name of its engine.
    #[error("the agent does not say its engine's name, by which it is asked (RFC 5343)")]
    NoEngine,
    /// What the agent says is no SNMP, or none that a session can have.
    #[error("what comes in the session is no SNMP")]
    NoSnmp,
}

impl SessionFault {
    /// What an error of the system means.
    pub(super) fn of_system(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::NobodyListens,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::Closed,
            kind => Self::Connection(kind),
        }
    }

    /// What an error of TLS means.
    pub(super) fn of_tls(error: Error) -> Self {
        match error {
            Error::InvalidCertificate(error) => Self::of_certificate(error),
            Error::InvalidMessage(_) => Self::NoTls,
            Error::AlertReceived(alert) if is_of_certificate(alert) => Self::Refused(alert),
            error => Self::Tls(error),
        }
    }

    fn of_certificate(error: CertificateError) -> Self {
        use CertificateError as E;
        match error {
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotValidYet,
            E::UnknownIssuer | E::BadSignature => Self::UnknownAuthority,
            E::NotValidForNameContext { expected, presented } => {
                Self::WrongName { expected: expected.to_str().into_owned(), shown: presented }
            }
            E::Other(other) => match other.0.downcast_ref::<WrongFingerprint>() {
                Some(wrong) => Self::WrongFingerprint(wrong.clone()),
                None => Self::Unusable(E::Other(other)),
            },
            error => Self::Unusable(error),
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NobodyListens => {
                "start the agent, give it a [tls] with listen, or correct the address: tls:HOST:PORT"
            }
            Self::Connection(_) => "check the address and this machine's routes",
            Self::Silent => {
                "is there a filter on the way, or does the agent hang? Its port for UDP may answer"
            }
            Self::NoTls => {
                "correct the port, which is 10161 unless the agent's [tls] says otherwise; or ask \
                 over UDP, without tls: in front of the address"
            }
            Self::WrongFingerprint(_) => {
                "where the agent has a new certificate, write into fingerprint what openssl x509 \
                 -noout -fingerprint -sha256 shows on the node; else somebody stands in for it"
            }
            Self::WrongName { .. } => {
                "correct the address, or write the name in the certificate into server_name"
            }
            Self::UnknownAuthority => {
                "add the certificate of who has signed it to ca_file; one that is its own \
                 authority is known by its fingerprint"
            }
            Self::Expired => "give the agent a new certificate; or this machine's clock is wrong",
            Self::NotValidYet => "set this machine's clock, or wait",
            Self::Unusable(_) => {
                "give the agent a certificate that an authority signed for a server, or know it by \
                 its fingerprint"
            }
            Self::Refused(AlertDescription::CertificateExpired) => {
                "give certificate_file a new certificate, and the agent its fingerprint"
            }
            Self::Refused(_) | Self::Closed => {
                "add a [[tls.user]] with the fingerprint of certificate_file to the agent; its \
                 snmpTlstmSessionInvalidClientCertificates counts"
            }
            Self::Tls(_) => "agents speak TLS 1.2 or 1.3; the agent's log says more",
            Self::Ended => "the agent has stopped or started again: ask once more",
            Self::NoEngine => "ask it over UDP, without tls: in front of the address",
            Self::NoSnmp => "is it an agent? Correct the port",
        }
    }
}

/// Whether an alert is about the certificate that its sender was shown (RFC 8446 §6.2).
fn is_of_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    matches!(
        alert,
        A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied
            | A::DecryptError
            | A::CertificateRequired
            | A::NoCertificate
    )
}

/// Without the names that rustls has for its own sorts of errors.
fn unusable(error: &CertificateError) -> String {
    match error {
        CertificateError::Other(other) => other.to_string(),
        error => error.to_string(),
    }
}

fn names(shown: &[String]) -> String {
    match shown {
        [] => "no name".to_owned(),
        shown => shown.join(", "),
    }
}
