//! What went wrong, said with what to do next.

use std::io::{self, IsTerminal as _};

use lcms_mibs::codegen::CodegenError;
use lcms_snmp::usm::KeyError;
use miette::GraphicalReportHandler;
use thiserror::Error;

use super::Exit;
use crate::{
    client::{ClientError, ResolveError},
    config::ConfigError,
    demo::DemoError,
    inventory::EndpointError,
    ops::{OpError, QueryError},
    secret::SecretFault,
    serve::ServeError,
    tls::FileFault,
    traps::ReceiverError,
};

/// Why a verb did not do what it should.
#[derive(Debug, Error)]
pub enum CliError {
    /// The configuration is wrong or missing.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// An operation failed.
    #[error(transparent)]
    Op(#[from] OpError),
    /// A question to one agent failed.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A node is neither in the inventory nor an address.
    #[error("node {given:?}: the inventory has none of that name, and {cause}")]
    Node {
        /// What was given.
        given: String,
        /// Why it is no address.
        cause: EndpointError,
    },
    /// A secret cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// An agent cannot be addressed.
    #[error("{given}: {source}")]
    Resolve {
        /// What was given.
        given: String,
        /// Why.
        source: ResolveError,
    },
    /// Notifications cannot be received.
    #[error(transparent)]
    Receiver(#[from] ReceiverError),
    /// A thread of the receiver has died.
    #[error("the receiver of notifications has ended by itself")]
    ReceiverEnded,
    /// The demo does not run.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// A folder with MIB modules cannot be read.
    #[error("--mib-dir: {0}")]
    MibDir(io::Error),
    /// No diagnostic has this code.
    #[error("there is no code {given:?}; docs/mib-diagnostics.md has all of them")]
    NoCode {
        /// What was given.
        given: String,
    },
    /// No code can be generated for a module.
    #[error(transparent)]
    Codegen(#[from] CodegenError),
    /// Standard output cannot be written.
    #[error("standard output: {0}")]
    Output(io::Error),
    /// A file or folder cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{path}: {source}")]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file that is not to be written over.
    #[error("{0} is there already")]
    Exists(String),
    /// A password that makes no key.
    #[error("{0}")]
    Password(KeyError),
    /// A user without a password.
    #[error("a user needs a password")]
    NoPassword,
    /// A file gives no certificate or key.
    #[error(transparent)]
    Certificate(#[from] FileFault),
    /// A certificate without its key, or nothing to show to an agent that is described.
    #[error("over TLS an agent is shown a certificate, which has a key")]
    NoCertificate,
    /// Nothing to know an agent by, or too much.
    #[error("an agent over TLS is known by its fingerprint, or by its name and an authority")]
    NoServer,
    /// A name that no certificate has.
    #[error("--server-name: {0:?} is no name that a certificate could have")]
    ServerName(String),
    /// TLS does not work with these.
    #[error("{0}")]
    Tls(Box<rustls::Error>),
    /// The daemon does not run.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The system refused what every run needs.
    #[error("{0}")]
    System(io::Error),
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }
}

impl CliError {
    fn exit(&self) -> Exit {
        match self {
            // Whoever read has had enough.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Config(_)
            | Self::Node { .. }
            | Self::Secret(_)
            | Self::MibDir(_)
            | Self::Read { .. }
            | Self::Password(_)
            | Self::NoPassword
            | Self::Certificate(_)
            | Self::NoCertificate
            | Self::NoServer
            | Self::ServerName(_)
            | Self::Tls(_) => Exit::Usage,
            Self::Resolve {
                source:
                    ResolveError::NoCommunity { .. }
                    | ResolveError::NoUser { .. }
                    | ResolveError::NoCertificate { .. },
                ..
            } => Exit::Usage,
            Self::Op(error) if error.is_usage() => Exit::Usage,
            Self::NoCode { .. } => Exit::Usage,
            Self::Query(error) if error.is_usage() => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    pub(super) fn advice(&self) -> Option<String> {
        match self {
            Self::Config(error) => miette::Diagnostic::help(&**error).map(|h| h.to_string()),
            Self::Op(error) => Some(error.advice()),
            Self::Query(error) => Some(error.advice()),
            Self::Node { .. } => {
                Some("name a node of the inventory, or write HOST:PORT".to_owned())
            }
            Self::Secret(error) => Some(error.advice()),
            Self::Password(_) => Some("write a password of 8 to 255 octets there".to_owned()),
            Self::NoPassword => Some(
                "say where it is with --auth-file FILE, or ask for --level noAuthNoPriv; a \
                 password on the command line could be seen by everybody on this machine"
                    .to_owned(),
            ),
            Self::Certificate(fault) => Some(fault.advice()),
            Self::NoCertificate => {
                Some("name both: --certificate-file FILE --key-file FILE".to_owned())
            }
            Self::NoServer => Some(
                "say which: --fingerprint DIGITS, or --ca-file FILE with or without --server-name \
                 NAME"
                    .to_owned(),
            ),
            Self::ServerName(_) => {
                Some("write the DNS name or address in the agent's certificate".to_owned())
            }
            Self::Resolve { source: ResolveError::NoCommunity { .. }, .. } => Some(
                "say which with --community-file FILE, or add it to the inventory; a community \
                 on the command line could be seen by everybody on this machine"
                    .to_owned(),
            ),
            Self::Resolve { source, .. } => Some(source.advice()),
            Self::MibDir(_) | Self::Read { .. } => {
                Some("name a folder with MIB modules".to_owned())
            }
            Self::Exists(_) => {
                Some("write over it with --force, or name another folder with --out".to_owned())
            }
            Self::Write { .. } => Some("name a place that you may write to".to_owned()),
            Self::Receiver(error) => error.advice(),
            Self::Demo(error) => error.advice(),
            Self::Codegen(_) => {
                Some("see what `mib lint` says, or leave the module out".to_owned())
            }
            Self::Serve(error) => error.advice().map(str::to_owned),
            Self::ReceiverEnded
            | Self::NoCode { .. }
            | Self::Output(_)
            | Self::Tls(_)
            | Self::System(_) => None,
        }
    }

    /// Says it on standard error, and how the run is to end.
    pub fn report(self) -> Exit {
        let exit = self.exit();
        if exit == Exit::Done {
            return exit;
        }
        if let Self::Config(error) = &self
            && io::stderr().is_terminal()
        {
            let mut text = String::new();
            let drawn = GraphicalReportHandler::new().render_report(&mut text, &**error);
            if drawn.is_ok() {
                eprint!("lcms-manager: {text}");
                return exit;
            }
        }
        eprintln!("lcms-manager: {self}");
        for line in self.advice().iter().flat_map(|advice| advice.lines()) {
            eprintln!("  {line}");
        }
        exit
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        Self::Query(error.into())
    }
}
