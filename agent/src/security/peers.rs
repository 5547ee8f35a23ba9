//! The other ends of sessions that are opened here (RFC 6353 §5.3.1): whom a
//! notification is to reach over TLS, and with which certificate.

use std::{net::SocketAddr, sync::Arc};

use lcms_lb_core::model::RowState;
use lcms_tls::Fingerprint;

use super::{Authorities, SecurityRows, Storage, TargetRow};

/// A row of snmpTlstmAddrTable: what a target has to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRow {
    /// The target's certificate.
    pub fingerprint: Option<Fingerprint>,
    /// Without one, the name that its certificate has to have, by an authority.
    pub identity: String,
    /// How long it lives.
    pub storage: Storage,
    /// What its RowStatus was set to.
    pub row: RowState,
}

/// A row of snmpTlstmParamsTable: what is shown to targets with some parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRow {
    /// The own certificate, once somebody has said which.
    pub fingerprint: Option<Fingerprint>,
    /// How long it lives.
    pub storage: Storage,
    /// What its RowStatus was set to.
    pub row: RowState,
}

/// How a target is reached over TLS.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// The target, by its row of snmpTargetAddrTable.
    pub name: String,
    /// Where it is.
    pub address: SocketAddr,
    /// What it has to show.
    pub server: Server,
    /// The own certificate that somebody has said.
    pub client: Option<Fingerprint>,
    /// Who may have signed the target's.
    pub authorities: Authorities,
}

/// What the other end has to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// This certificate.
    Certificate(Fingerprint),
    /// One of this name or address, by an authority.
    Name(String),
}

/// Any name, which is no name to know anybody by.
const ANY: &str = "*";

super::rows::new_rows! {
    ServerRow { fingerprint: None, identity: ANY.to_owned() }
    ClientRow { fingerprint: None }
}

impl ServerRow {
    /// Whether it may be active (RFC 6353, snmpTlstmAddrRowStatus): not where it would
    /// take whatever is shown.
    pub fn is_complete(&self) -> bool {
        self.fingerprint.is_some() || !matches!(&*self.identity, "" | ANY)
    }
}

impl ClientRow {
    /// Whether it may be active.
    pub fn is_complete(&self) -> bool {
        self.fingerprint.is_some()
    }
}

impl Peer {
    /// That of a target. Rows that are there and not active are somebody's who has not
    /// finished, so that nothing is known of the target until then.
    pub(super) fn of(
        rows: &SecurityRows,
        name: &str,
        target: &TargetRow,
    ) -> Result<Arc<Self>, &'static str> {
        let address = target.socket_address().ok_or("it has no address")?;
        let server = match rows.servers.get(name) {
            // RFC 6353, snmpTlstmAddrTable: then an authority has to know it.
            None => Server::Name(address.ip().to_string()),
            Some(row) if row.row != RowState::Active => {
                return Err("its row of snmpTlstmAddrTable is not active");
            }
            Some(ServerRow { fingerprint: Some(fingerprint), .. }) => {
                Server::Certificate(fingerprint.clone())
            }
            Some(row) => Server::Name(row.identity.clone()),
        };
        let client = match rows.clients.get(&target.params) {
            None => None,
            Some(row) if row.row != RowState::Active => {
                return Err("its row of snmpTlstmParamsTable is not active");
            }
            Some(row) => row.fingerprint.clone(),
        };
        let authorities = rows.authorities.clone();
        Ok(Arc::new(Self { name: name.to_owned(), address, server, client, authorities }))
    }
}
