//! What a message needs to know of its sender.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use lcms_lb_core::model::RowState;
use lcms_snmp::{
    Secret, Version,
    usm::{AuthKey, PrivKey},
    v3::SecurityLevel,
    vacm::{AccessKey, Family, View},
};
use load_cluster_mib::snmp_framework_mib::snmp_engine;

use super::{
    Certificates, LocalEngine, Receiver, SecurityRows, TRANSPORT, TargetRow, V1, V2C, V3,
    receivers::receivers,
    rows::{GroupId, PREFIX},
};

/// The rows, and what follows from them.
#[derive(Debug)]
pub struct Security {
    /// The own engine.
    pub engine: Arc<LocalEngine>,
    /// The rows.
    pub rows: Arc<SecurityRows>,
    /// Who certificates stand for: the same value as before where nothing of it changed.
    pub certificates: Arc<Certificates>,
    /// When rows of SNMP-TLS-TM-MIB have changed.
    pub changed: LastChanged,
    /// By name.
    users: Vec<User>,
    /// By name.
    members: Vec<Member>,
    communities: Vec<Community>,
    receivers: Vec<Arc<Receiver>>,
    /// What everybody may read who asks for this engine's name.
    discovery: Rights,
}

/// When the tables of SNMP-TLS-TM-MIB changed, if they have since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastChanged {
    /// snmpTlstmCertToTSNTable.
    pub certificates: Option<Instant>,
    /// snmpTlstmAddrTable.
    pub servers: Option<Instant>,
    /// snmpTlstmParamsTable.
    pub clients: Option<Instant>,
}

/// An active user of the own engine.
#[derive(Debug)]
pub struct User {
    /// The name in messages, and for access.
    pub name: Box<str>,
    /// The key for authentication.
    pub auth: Option<AuthKey>,
    /// The key for encryption.
    pub privacy: Option<PrivKey>,
    /// By level, lowest first.
    rights: [Rights; 3],
}

/// Somebody whom a session knows and who is in a group.
#[derive(Debug)]
struct Member {
    /// What VACM knows it by.
    name: Box<str>,
    /// Where in that the name begins that the session has.
    after_prefix: usize,
    /// By level, lowest first.
    rights: [Rights; 3],
}

#[derive(Debug)]
struct Community {
    octets: Secret,
    name: Box<str>,
    sources: Sources,
    v1: Rights,
    v2c: Rights,
}

/// Where messages may come from.
#[derive(Debug)]
enum Sources {
    Anywhere,
    /// The rows of snmpTargetAddrTable with the community's tag.
    Tagged(Vec<TargetRow>),
}

/// The views of a sender in the default context, which is the only one. `None`
/// is what RFC 3415 calls noGroupName, noAccessEntry or noSuchView: the answer to
/// all three is authorizationError.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    /// What may be read.
    pub read: Option<Arc<View>>,
    /// What may be written.
    pub write: Option<Arc<View>>,
    /// Of what it may be notified.
    pub notify: Option<Arc<View>>,
}

/// The sender of a message that was let in.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'a> {
    /// The name it goes by in logs and in the record of changes.
    pub name: &'a str,
    /// By which security model it is known.
    pub model: i32,
    /// What it may do.
    pub rights: &'a Rights,
    /// The longest message that is known to reach it, where that is known.
    pub largest: Option<usize>,
}

impl Security {
    /// Makes the rows ready.
    pub fn new(engine: Arc<LocalEngine>, rows: Arc<SecurityRows>) -> Self {
        let users = rows
            .users
            .iter()
            .filter(|(id, row)| id.engine == engine.id && row.row == RowState::Active)
            .map(|(id, row)| User {
                name: id.name.as_str().into(),
                auth: row.auth.clone(),
                privacy: row.privacy.clone(),
                rights: LEVELS.map(|level| rights(&rows, V3, &id.name, level)),
            });
        let lowest = SecurityLevel::NoAuthNoPriv;
        let communities = rows.communities.iter().map(|(name, row)| Community {
            octets: row.community.clone(),
            name: name.as_str().into(),
            sources: Sources::of(&rows, &row.tag),
            v1: rights(&rows, V1, name, lowest),
            v2c: rights(&rows, V2C, name, lowest),
        });
        let (mut users, communities): (Vec<User>, _) = (users.collect(), communities.collect());
        users.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        // Where names have a prefix, one without it is nobody's.
        let prefix = if rows.use_prefix() { PREFIX } else { "" };
        let members = rows
            .groups
            .keys()
            .filter(|id| id.model == TRANSPORT && id.name.starts_with(prefix))
            .map(|id| Member {
                name: id.name.as_str().into(),
                after_prefix: prefix.len(),
                rights: LEVELS.map(|level| rights(&rows, TRANSPORT, &id.name, level)),
            });
        let members = members.collect();
        let certificates = Arc::new(Certificates::new(&rows.certificates, &rows.authorities));
        let receivers = receivers(&rows, engine.id);
        let discovery = Rights { read: Some(Arc::new(engine_id_alone())), ..Rights::default() };
        Self {
            users,
            members,
            communities,
            receivers,
            discovery,
            engine,
            rows,
            certificates,
            changed: LastChanged::default(),
        }
    }

    /// The same engine's, after its rows have become these.
    pub fn after(&self, rows: Arc<SecurityRows>, now: Instant) -> Self {
        let mut next = Self::new(Arc::clone(&self.engine), rows);
        if next.certificates == self.certificates {
            next.certificates = Arc::clone(&self.certificates);
        }
        let (rows, before) = (&next.rows, &self.rows);
        let changed = |is_same: bool, at| if is_same { at } else { Some(now) };
        next.changed = LastChanged {
            certificates: changed(
                rows.certificates == before.certificates,
                self.changed.certificates,
            ),
            servers: changed(rows.servers == before.servers, self.changed.servers),
            clients: changed(rows.clients == before.clients, self.changed.clients),
        };
        next
    }

    /// Who is to be notified.
    pub fn receivers(&self) -> &[Arc<Receiver>] {
        &self.receivers
    }

    /// The user of the own engine with this name.
    pub fn user(&self, name: &[u8]) -> Option<&User> {
        let at = self.users.binary_search_by(|user| user.name.as_bytes().cmp(name)).ok()?;
        self.users.get(at)
    }

    /// The sender of a message of this level in a session with somebody of this name,
    /// who may do nothing unless in a group.
    pub fn session<'s>(&'s self, name: &'s str, level: SecurityLevel) -> Principal<'s> {
        static NOTHING: Rights = Rights { read: None, write: None, notify: None };
        // Group rows are in the order of their names, and so are members, also without
        // the prefix that all of them have.
        let found = self.members.binary_search_by(|member| member.session().cmp(name)).ok();
        let (name, rights) = match found.and_then(|at| self.members.get(at)) {
            Some(member) => (&*member.name, at_level(&member.rights, level)),
            None => (name, &NOTHING),
        };
        Principal { name, model: TRANSPORT, rights, largest: None }
    }

    /// The same sender as far as it asks for this engine's name alone: that is no secret,
    /// and managers ask for it with no security (RFC 5343 §3.2).
    pub fn discoverer<'s>(&'s self, principal: Principal<'s>) -> Principal<'s> {
        Principal { rights: &self.discovery, ..principal }
    }

    /// The sender that a community and an address stand for, if any (RFC 3584
    /// §5.2.1). Where one community has two rows, the one that allows more counts.
    pub fn community<'s>(
        &'s self,
        version: Version,
        octets: &[u8],
        from: SocketAddr,
    ) -> Option<Principal<'s>> {
        let ip = from.ip().to_canonical();
        let from = SocketAddr::new(ip, from.port());
        let admitted = |community: &'s Community| match community.octets.expose() == octets {
            true => Some((community, community.sources.admit(from)?)),
            false => None,
        };
        let rights = |community: &'_ Community| match version {
            Version::V1 => community.v1.write.is_some(),
            _ => community.v2c.write.is_some(),
        };
        let (found, largest) =
            self.communities.iter().filter_map(admitted).max_by_key(|(one, _)| rights(one))?;
        let (model, rights) = match version {
            Version::V1 => (V1, &found.v1),
            _ => (V2C, &found.v2c),
        };
        Some(Principal { name: &found.name, model, rights, largest })
    }
}

impl Member {
    /// tmSecurityName.
    fn session(&self) -> &str {
        self.name.get(self.after_prefix..).unwrap_or_default()
    }
}

impl Sources {
    fn of(rows: &SecurityRows, tag: &str) -> Self {
        let targets = &rows.notification.targets;
        let tagged = targets.values().filter(|row| row.row == RowState::Active && row.has_tag(tag));
        match tag.is_empty() {
            true => Self::Anywhere,
            false => Self::Tagged(tagged.cloned().collect()),
        }
    }

    /// Whether messages may come from there, and how long answers to there may be
    /// (snmpTargetAddrMMS), where somebody has said.
    fn admit(&self, from: SocketAddr) -> Option<Option<usize>> {
        match self {
            Self::Anywhere => Some(None),
            Self::Tagged(rows) => {
                let row = rows.iter().find(|row| row.admits(from))?;
                Some((row.largest > 0).then_some(row.largest as usize))
            }
        }
    }
}

const LEVELS: [SecurityLevel; 3] =
    [SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthNoPriv, SecurityLevel::AuthPriv];

fn at_level([lowest, middle, highest]: &[Rights; 3], level: SecurityLevel) -> &Rights {
    match level {
        SecurityLevel::NoAuthNoPriv => lowest,
        SecurityLevel::AuthNoPriv => middle,
        SecurityLevel::AuthPriv => highest,
    }
}

impl User {
    /// The user as the sender of a message of this level.
    pub fn principal(&self, level: SecurityLevel) -> Principal<'_> {
        let rights = at_level(&self.rights, level);
        Principal { name: &self.name, model: V3, rights, largest: None }
    }

    /// Whether the user has the keys for a level.
    pub fn supports(&self, level: SecurityLevel) -> bool {
        match level {
            SecurityLevel::NoAuthNoPriv => true,
            SecurityLevel::AuthNoPriv => self.auth.is_some(),
            SecurityLevel::AuthPriv => self.auth.is_some() && self.privacy.is_some(),
        }
    }
}

fn engine_id_alone() -> View {
    let subtree = snmp_engine::ENTRY.instance(snmp_engine::col::ID, &[]);
    View::new(vec![Family { subtree, mask: Vec::new(), included: true }])
}

/// isAccessAllowed (RFC 3415 §3.2), as far as it does not depend on a variable.
pub(super) fn rights(rows: &SecurityRows, model: i32, name: &str, level: SecurityLevel) -> Rights {
    let id = GroupId { model, name: name.to_owned() };
    let Some(group) = rows.groups.get(&id).filter(|row| row.row == RowState::Active) else {
        return Rights::default();
    };
    let entries = rows
        .access
        .iter()
        .filter(|(id, row)| id.group == group.group && row.row == RowState::Active);
    let suiting = entries.filter_map(|(id, row)| {
        let key = AccessKey {
            context: &id.context,
            is_prefix: row.is_prefix,
            model: id.model,
            level: id.level,
        };
        Some((key.suits("", model, level)?, row))
    });
    let Some((_, entry)) = suiting.max_by(|(a, _), (b, _)| a.cmp(b)) else {
        return Rights::default();
    };
    Rights {
        read: view(rows, &entry.read),
        write: view(rows, &entry.write),
        notify: view(rows, &entry.notify),
    }
}

fn view(rows: &SecurityRows, name: &str) -> Option<Arc<View>> {
    let families = rows
        .families
        .iter()
        .filter(|(id, row)| id.view == name && row.row == RowState::Active)
        .map(|(id, row)| Family {
            subtree: id.subtree.clone(),
            mask: row.mask.clone(),
            included: row.included,
        });
    let families: Vec<Family> = families.collect();
    (!families.is_empty()).then(|| Arc::new(View::new(families)))
}
