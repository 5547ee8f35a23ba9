//! Who is to be notified, made ready: what the rows of SNMP-TARGET-MIB and
//! SNMP-NOTIFICATION-MIB amount to (RFC 3413 §3.3 and §5).

use std::{net::SocketAddr, sync::Arc, time::Duration};

use lcms_lb_core::model::RowState;
use lcms_snmp::{
    Community, EngineId, LocalKeys, Retry, UserCredentials,
    notification::Notification,
    v3::SecurityLevel,
    vacm::{Family, View},
};

use super::{
    Domain, Model, Peer, SecurityRows, TargetRow, UserId, UserRow, ready::rights, rows::PREFIX,
};

/// A target that a row of snmpNotifyTable has chosen.
#[derive(Debug)]
pub struct Receiver {
    /// The row of snmpTargetAddrTable.
    pub name: String,
    /// Where it is.
    pub address: SocketAddr,
    /// Whether it acknowledges: informs, and not traps.
    pub confirmed: bool,
    /// How long and how often it is waited for.
    pub retry: Retry,
    /// As whom it is told.
    pub who: Who,
    /// What it wants; everything if `None`.
    filter: Option<View>,
    /// What it may be told.
    view: Arc<View>,
}

/// In whose name a notification is sent.
#[derive(Debug)]
pub enum Who {
    /// A community, of version 1 or 2c.
    Community(Community),
    /// A user.
    User {
        /// The name.
        name: String,
        /// How the message is secured.
        level: SecurityLevel,
        /// Keys for the receiver's engine, which an inform needs; `None` for traps,
        /// which the own engine signs.
        credentials: Option<UserCredentials>,
    },
    /// Whoever has the own certificate, in a session.
    Session {
        /// Whom with.
        peer: Arc<Peer>,
        /// What the message asks for: the session has all of it.
        level: SecurityLevel,
        /// Whether the name has the prefix of TLS where it has to (RFC 5591 §4.2).
        is_named_well: bool,
    },
}

impl Receiver {
    /// Whether it is to be told: its filter lets the notification through, and
    /// its notify view has all of it.
    pub fn is_told(&self, notification: &Notification) -> bool {
        self.filter.as_ref().is_none_or(|filter| notification.passes(filter))
            && notification.is_in(&self.view)
    }
}

/// All of them. A target that several rows choose for the same kind of message is
/// told once.
pub(super) fn receivers(rows: &SecurityRows, own: EngineId) -> Vec<Arc<Receiver>> {
    let notification = &rows.notification;
    let mut all: Vec<Arc<Receiver>> = Vec::new();
    for notify in notification.notify.values().filter(|row| row.row == RowState::Active) {
        let chosen = notification
            .targets
            .iter()
            .filter(|(_, row)| row.row == RowState::Active && row.has_tag(&notify.tag));
        for (name, target) in chosen {
            let taken = |one: &Arc<Receiver>| one.name == *name && one.confirmed == notify.inform;
            if all.iter().any(taken) {
                continue;
            }
            match receiver(rows, own, name, target, notify.inform) {
                Ok(receiver) => all.push(Arc::new(receiver)),
                Err(why) => tracing::warn!(target = %name, "nobody is notified there: {why}"),
            }
        }
    }
    all
}

fn receiver(
    rows: &SecurityRows,
    own: EngineId,
    name: &str,
    target: &TargetRow,
    confirmed: bool,
) -> Result<Receiver, &'static str> {
    let address = target.socket_address().ok_or("it has no address")?;
    let params = rows.notification.params.get(&target.params);
    let params = params
        .filter(|row| row.row == RowState::Active)
        .ok_or("its row of snmpTargetParamsTable is not there or not active")?;
    let incomplete = "its row of snmpTargetParamsTable is not complete";
    let (model, security_name, level) =
        match (params.mp_model, &params.security_name, params.security_level) {
            (Some(model), Some(name), Some(level)) => (model, name, level),
            _ => return Err(incomplete),
        };
    let security = match (target.domain, model) {
        (Some(Domain::Tls), Model::V3) => Model::Transport,
        (Some(Domain::Tls), _) => return Err("over TLS messages are of version 3"),
        _ => model,
    };
    if params.security_model != Some(security) {
        return Err("its messages, their security and its domain do not go together");
    }
    let who = match security {
        Model::V1 | Model::V2c => {
            // RFC 3584 §5.2.3: the community that stands for the name.
            let row = rows.communities.get(security_name).ok_or("no such community")?;
            Who::Community(match security {
                Model::V1 => Community::v1(row.community.expose()),
                _ => Community::v2c(row.community.expose()),
            })
        }
        Model::V3 => {
            let credentials = match confirmed {
                true => Some(credentials(rows, own, security_name, level).ok_or(
                    "an inform needs a user with keys for its receiver's engine: one of the \
                     configuration, or a row of usmUserTable that names that engine",
                )?),
                false => {
                    user(rows, own, security_name).ok_or("no such user")?;
                    None
                }
            };
            Who::User { name: security_name.clone(), level, credentials }
        }
        Model::Transport => Who::Session {
            peer: Peer::of(rows, name, target)?,
            level,
            is_named_well: !rows.use_prefix() || security_name.starts_with(PREFIX),
        },
    };
    let lowest = SecurityLevel::NoAuthNoPriv;
    let level = if model == Model::V3 { level } else { lowest };
    let view = rights(rows, security.security(), security_name, level)
        .notify
        .ok_or("whoever is notified there has no notify view")?;
    let wait = Duration::from_millis(u64::from(target.timeout.max(1).unsigned_abs()) * 10);
    Ok(Receiver {
        name: name.to_owned(),
        address,
        // Version 1 has no informs.
        confirmed: confirmed && model != Model::V1,
        retry: Retry {
            timeout: wait,
            ceiling: wait.saturating_mul(8),
            retries: target.retry_count.into(),
        },
        who,
        filter: filter(rows, &target.params),
        view,
    })
}

/// The active row of a user of an engine.
fn user<'r>(rows: &'r SecurityRows, engine: EngineId, name: &str) -> Option<&'r UserRow> {
    let id = UserId { engine, name: name.to_owned() };
    rows.users.get(&id).filter(|row| row.row == RowState::Active)
}

/// The keys by which informs are signed: the receiver's engine is the authority, so
/// they are made for that, from the user's password, or else by a manager (RFC 3414
/// §2.6, and usmUserEngineID).
fn credentials(
    rows: &SecurityRows,
    own: EngineId,
    name: &str,
    level: SecurityLevel,
) -> Option<UserCredentials> {
    if let Some(user) = user(rows, own, name).and_then(|row| row.credentials.as_ref()) {
        return user.at(level);
    }
    let elsewhere = rows
        .users
        .iter()
        .filter(|(id, row)| id.name == name && id.engine != own && row.row == RowState::Active)
        .map(|(id, row)| {
            let keys = LocalKeys { auth: row.auth.clone(), privacy: row.privacy.clone() };
            (id.engine, keys)
        });
    let credentials = UserCredentials::of_engines(name, level, elsewhere);
    credentials.has_keys().then_some(credentials)
}

/// The filter of the targets with these parameters, if they have one.
fn filter(rows: &SecurityRows, params: &str) -> Option<View> {
    let notification = &rows.notification;
    let profile = notification.profiles.get(params).filter(|row| row.row == RowState::Active)?;
    let families = notification
        .filters
        .iter()
        .filter(|(id, row)| id.profile == profile.name && row.row == RowState::Active)
        .map(|(id, row)| Family {
            subtree: id.subtree.clone(),
            mask: row.mask.clone(),
            included: row.included,
        });
    Some(View::new(families.collect()))
}
