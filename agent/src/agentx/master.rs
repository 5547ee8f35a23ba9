//! Where an AgentX master listens.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

/// The address of a master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Master {
    /// A socket in the file system.
    Unix(PathBuf),
    /// A port, of this host alone: AgentX has neither secrets nor signatures.
    Tcp(SocketAddr),
}

/// Why a text names no master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterError {
    /// Neither a path nor an address.
    #[error("neither a path nor tcp:ADDRESS:PORT")]
    Form,
    /// An address of another host.
    #[error("AgentX authenticates nobody, so it stays on this host")]
    Remote,
}

impl FromStr for Master {
    type Err = MasterError;

    fn from_str(text: &str) -> Result<Self, MasterError> {
        if let Some(address) = text.strip_prefix("tcp:") {
            let address: SocketAddr = address.parse().map_err(|_| MasterError::Form)?;
            let ip: IpAddr = address.ip().to_canonical();
            return match ip.is_loopback() {
                true => Ok(Self::Tcp(address)),
                false => Err(MasterError::Remote),
            };
        }
        match text.strip_prefix("unix:").unwrap_or(text) {
            path if path.contains('/') => Ok(Self::Unix(path.into())),
            _ => Err(MasterError::Form),
        }
    }
}

impl fmt::Display for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masters() {
        for (text, outcome) in [
            ("/var/agentx/master", Ok("/var/agentx/master")),
            ("unix:/run/agentx", Ok("/run/agentx")),
            ("tcp:127.0.0.1:705", Ok("tcp:127.0.0.1:705")),
            ("tcp:[::1]:705", Ok("tcp:[::1]:705")),
            ("tcp:192.0.2.1:705", Err(MasterError::Remote)),
            ("tcp:localhost:705", Err(MasterError::Form)),
            ("master", Err(MasterError::Form)),
            ("", Err(MasterError::Form)),
        ] {
            let read = text.parse::<Master>().map(|master| master.to_string());
            assert_eq!(read, outcome.map(str::to_owned), "{text}");
        }
    }
}
