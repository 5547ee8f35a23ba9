//! The rows that managers made, as a file has them.

use lcms_lb_core::model::RowState;
use lcms_snmp::{
    usm::{AuthKey, Key, PrivKey},
    v3::SecurityLevel,
};
use lcms_tls::Fingerprint;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    AccessId, AccessRow, CertificateRow, ClientRow, FamilyId, FamilyRow, GroupId, GroupRow,
    MapType, NotificationRows, SecurityRows, ServerRow, Storage, UserId, UserRow,
};

/// The format this program reads and writes.
pub const FORMAT: u32 = 5;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    users: Vec<UserText>,
    groups: Vec<GroupText>,
    access: Vec<AccessText>,
    views: Vec<FamilyText>,
    /// Format 1 did not have it.
    #[serde(default)]
    notification: NotificationRows,
    /// Format 4 did not have these two.
    #[serde(default)]
    certificates: Vec<CertificateText>,
    #[serde(default)]
    use_prefix: bool,
    /// Nor these.
    #[serde(default)]
    servers: Vec<ServerText>,
    #[serde(default)]
    clients: Vec<ClientText>,
}

#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserText {
    engine: String,
    name: String,
    auth: Option<KeyText>,
    privacy: Option<KeyText>,
    public: String,
    cloned: bool,
    own_auth: bool,
    own_privacy: bool,
    active: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyText {
    protocol: String,
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupText {
    model: i32,
    name: String,
    group: String,
    active: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessText {
    group: String,
    context: String,
    model: i32,
    level: String,
    is_prefix: bool,
    read: String,
    write: String,
    notify: String,
    active: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyText {
    view: String,
    subtree: Vec<u32>,
    mask: String,
    included: bool,
    active: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateText {
    number: u32,
    /// SnmpTLSFingerprint, if there is one.
    fingerprint: Option<String>,
    map: MapType,
    data: String,
    active: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerText {
    target: String,
    fingerprint: Option<String>,
    identity: String,
    active: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientText {
    params: String,
    fingerprint: Option<String>,
    active: bool,
}

/// Why a text is not rows.
pub enum Refused {
    /// It has this format, of a newer program.
    Newer(u32),
    /// What is wrong with it.
    Damaged(String),
}

/// The text that rows which outlive the process are kept as.
pub fn text(rows: &SecurityRows) -> Vec<u8> {
    fn kept<'r, K: 'r, R: 'r>(
        rows: impl Iterator<Item = (&'r K, &'r R)>,
        storage: impl Fn(&R) -> Storage,
    ) -> impl Iterator<Item = (&'r K, &'r R)> {
        rows.filter(move |(_, row)| storage(row) == Storage::NonVolatile)
    }
    let active = |row| row == RowState::Active;
    let fingerprint = |one: &Fingerprint| hex(one.as_octets());
    let auth = |key: &AuthKey| KeyText {
        protocol: key.protocol().name().to_owned(),
        key: hex(key.key().expose()),
    };
    let privacy = |key: &PrivKey| KeyText {
        protocol: key.protocol().name().to_owned(),
        key: hex(key.key().expose()),
    };
    let document = Document {
        format: FORMAT,
        users: kept(rows.users.iter(), |row| row.storage)
            .map(|(id, row)| UserText {
                engine: id.engine.to_string(),
                name: id.name.clone(),
                auth: row.auth.as_ref().map(auth),
                privacy: row.privacy.as_ref().map(privacy),
                public: hex(&row.public),
                cloned: row.cloned,
                own_auth: row.own_auth,
                own_privacy: row.own_privacy,
                active: active(row.row),
            })
            .collect(),
        groups: kept(rows.groups.iter(), |row| row.storage)
            .map(|(id, row)| GroupText {
                model: id.model,
                name: id.name.clone(),
                group: row.group.clone(),
                active: active(row.row),
            })
            .collect(),
        access: kept(rows.access.iter(), |row| row.storage)
            .map(|(id, row)| AccessText {
                group: id.group.clone(),
                context: id.context.clone(),
                model: id.model,
                level: id.level.name().to_owned(),
                is_prefix: row.is_prefix,
                read: row.read.clone(),
                write: row.write.clone(),
                notify: row.notify.clone(),
                active: active(row.row),
            })
            .collect(),
        views: kept(rows.families.iter(), |row| row.storage)
            .map(|(id, row)| FamilyText {
                view: id.view.clone(),
                subtree: id.subtree.clone(),
                mask: hex(&row.mask),
                included: row.included,
                active: active(row.row),
            })
            .collect(),
        notification: rows.notification.kept(),
        certificates: kept(rows.certificates.iter(), |row| row.storage)
            .map(|(number, row)| CertificateText {
                number: *number,
                fingerprint: row.fingerprint.as_ref().map(fingerprint),
                map: row.map,
                data: hex(&row.data),
                active: active(row.row),
            })
            .collect(),
        use_prefix: rows.use_prefix(),
        servers: kept(rows.servers.iter(), |row| row.storage)
            .map(|(target, row)| ServerText {
                target: target.clone(),
                fingerprint: row.fingerprint.as_ref().map(fingerprint),
                identity: row.identity.clone(),
                active: active(row.row),
            })
            .collect(),
        clients: kept(rows.clients.iter(), |row| row.storage)
            .map(|(params, row)| ClientText {
                params: params.clone(),
                fingerprint: row.fingerprint.as_ref().map(fingerprint),
                active: active(row.row),
            })
            .collect(),
    };
    serde_json::to_vec_pretty(&document).expect("numbers and strings are JSON")
}

/// The rows of a text.
pub fn parse(text: &[u8]) -> Result<SecurityRows, Refused> {
    let head: Head = json(text)?;
    if head.format > FORMAT {
        return Err(Refused::Newer(head.format));
    }
    let document: Document = json(text)?;
    rows(document).ok_or_else(|| Refused::Damaged("a row that cannot be".to_owned()))
}

fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(text).map_err(|error| Refused::Damaged(error.to_string()))
}

fn rows(document: Document) -> Option<SecurityRows> {
    let state = |active| match active {
        true => RowState::Active,
        false => RowState::NotInService,
    };
    let storage = Storage::NonVolatile;
    let auth = |text: KeyText| {
        AuthKey::new(text.protocol.parse().ok()?, Key::new(&octets(&text.key)?)?).ok()
    };
    let privacy = |text: KeyText| {
        PrivKey::new(text.protocol.parse().ok()?, Key::new(&octets(&text.key)?)?).ok()
    };
    let fingerprint = |text: Option<String>| match text {
        Some(text) => Some(Some(Fingerprint::new(&octets(&text)?)?)),
        None => Some(None),
    };
    let mut rows = SecurityRows { notification: document.notification, ..SecurityRows::default() };
    for user in document.users {
        let id = UserId { engine: user.engine.parse().ok()?, name: user.name };
        let row = UserRow {
            auth: match user.auth {
                Some(text) => Some(auth(text)?),
                None => None,
            },
            privacy: match user.privacy {
                Some(text) => Some(privacy(text)?),
                None => None,
            },
            public: octets(&user.public)?,
            cloned: user.cloned,
            own_auth: user.own_auth,
            own_privacy: user.own_privacy,
            credentials: None,
            storage,
            row: state(user.active),
        };
        rows.users.insert(id, row);
    }
    for group in document.groups {
        let id = GroupId { model: group.model, name: group.name };
        let row = GroupRow { group: group.group, storage, row: state(group.active) };
        rows.groups.insert(id, row);
    }
    for access in document.access {
        let level: SecurityLevel = access.level.parse().ok()?;
        let (group, context, model) = (access.group, access.context, access.model);
        let row = AccessRow {
            is_prefix: access.is_prefix,
            read: access.read,
            write: access.write,
            notify: access.notify,
            storage,
            row: state(access.active),
        };
        rows.access.insert(AccessId { group, context, model, level }, row);
    }
    for family in document.views {
        let id = FamilyId { view: family.view, subtree: family.subtree };
        let mask = octets(&family.mask)?;
        let (included, row) = (family.included, state(family.active));
        rows.families.insert(id, FamilyRow { mask, included, storage, row });
    }
    for certificate in document.certificates {
        let fingerprint = fingerprint(certificate.fingerprint)?;
        let data = octets(&certificate.data)?;
        (certificate.number > 0).then_some(())?;
        let (map, row) = (certificate.map, state(certificate.active));
        let row = CertificateRow { fingerprint, map, data, storage, row };
        rows.certificates.insert(certificate.number, row);
    }
    rows.use_prefix = document.use_prefix;
    for server in document.servers {
        let fingerprint = fingerprint(server.fingerprint)?;
        let (identity, row) = (server.identity, state(server.active));
        rows.servers.insert(server.target, ServerRow { fingerprint, identity, storage, row });
    }
    for client in document.clients {
        let (fingerprint, row) = (fingerprint(client.fingerprint)?, state(client.active));
        rows.clients.insert(client.params, ClientRow { fingerprint, storage, row });
    }
    Some(rows)
}

fn hex(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        write!(text, "{octet:02x}").expect("a String takes any text");
    }
    text
}

fn octets(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let octet = |[high, low]: &[u8; 2]| Some((digit(*high)? << 4 | digit(*low)?) as u8);
    match rest {
        [] => pairs.iter().map(octet).collect(),
        _ => None,
    }
}
