//! usmUserTable (RFC 3414 §5): users by SNMP, made as copies of others whose keys
//! are then changed without ever being shown; and the lock beside it.

use std::{borrow::Cow, sync::LazyLock};

use lcms_snmp::{
    EngineId, ErrorStatus, Octets, Oid, Value,
    object::{Index as _, Scalar},
    usm::{AuthKey, AuthProtocol, Key, PrivKey, PrivProtocol, change_key},
};
use load_cluster_mib::{
    lcms_usm_aes_mib::nodes as long_keys,
    snmp_user_based_sm_mib::{
        nodes,
        usm_user::{self, Index, Patch, View, col},
        usm_user_scalars,
    },
    snmp_usm_aes_mib::nodes as aes,
    snmp_usm_hmac_sha2_mib::nodes as sha2,
    snmpv2_smi::nodes as smi,
    tc::{RowStatus, StorageType},
};

use super::{managed, row_status};
use crate::{
    engine::{At, Instrumentation, Refusal, Rows, scalar_row},
    security::{UserId, UserRow},
    state::{AgentState, Draft, Lock},
};

/// `usmUserEntry`.
pub struct UsmUser;

/// `usmUser`, for usmUserSpinLock.
pub struct UsmUserScalars;

struct Row<'s> {
    id: &'s UserId,
    row: &'s UserRow,
}

struct Spin<'s>(&'s Lock);

impl Instrumentation<AgentState> for UsmUser {
    type Table = usm_user::UsmUser;
    type Key = UserId;

    fn rows<'s>(&self, state: &'s AgentState) -> &'s Rows<UserId> {
        &state.security_index.users
    }

    fn column<'s>(&self, at: At<'s, AgentState>, id: &'s UserId, arc: u32) -> Option<Value<'s>> {
        let row = at.state.security.rows.users.get(id)?;
        usm_user::column(&Row { id, row }, arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn admits(&self, index: &Index) -> bool {
        EngineId::new(&index.user_engine_id).is_ok() && (1..=32).contains(&index.user_name.len())
    }

    fn assign(&self, draft: &mut Draft, index: &Index, patch: &Patch) -> Result<(), Refusal> {
        let engine = EngineId::new(&index.user_engine_id)
            .map_err(|_| Refusal::row(ErrorStatus::NoCreation))?;
        let id = UserId { engine, name: index.user_name.clone() };
        // Own keys are one's own, whatever else one may do.
        for (arc, change) in [
            (col::OWN_AUTH_KEY_CHANGE, &patch.own_auth_key_change),
            (col::OWN_PRIV_KEY_CHANGE, &patch.own_priv_key_change),
        ] {
            if change.is_some() && !draft.is_by(&id) {
                return Err(Refusal::column(arc, ErrorStatus::NoAccess));
            }
        }
        let template = match &patch.clone_from {
            Some(name) => Some(template(draft, name)?),
            None => None,
        };
        let asked = managed::Asked {
            status: (col::STATUS, patch.status),
            storage: (col::STORAGE_TYPE, patch.storage_type),
        };
        let users = &mut draft.security_mut().users;
        let Some(row) = managed::apply(users, id, asked)? else { return Ok(()) };
        if let Some(template) = template
            && !row.cloned
        {
            (row.auth, row.privacy) = (template.auth, template.privacy);
            row.cloned = true;
        }
        write_protocols(row, patch)?;
        write_keys(row, patch)?;
        if let Some(public) = &patch.public {
            row.public.clone_from(public);
        }
        row_status::complete(col::STATUS, patch.status, !row.is_complete())
    }
}

/// The row that a RowPointer names, by any of its columns.
fn template(draft: &Draft, name: &Oid) -> Result<UserRow, Refusal> {
    let found = || {
        let (_, index) = usm_user::ENTRY.split(name)?;
        let index = Index::decode(index)?;
        let engine = EngineId::new(&index.user_engine_id).ok()?;
        let row = draft.security().users.get(&UserId { engine, name: index.user_name })?;
        (row.row == lcms_lb_core::model::RowState::Active).then(|| row.clone())
    };
    found().ok_or(Refusal::column(col::CLONE_FROM, ErrorStatus::InconsistentName))
}

/// Protocols come with the template; later they can be given up, encryption
/// before authentication, and nothing else.
fn write_protocols(row: &mut UserRow, patch: &Patch) -> Result<(), Refusal> {
    if let Some(name) = &patch.priv_protocol {
        let refused = |status| Err(Refusal::column(col::PRIV_PROTOCOL, status));
        match priv_protocol(name) {
            None => return refused(ErrorStatus::WrongValue),
            Some(same) if same == row.privacy.as_ref().map(PrivKey::protocol) => {}
            Some(None) => row.privacy = None,
            Some(Some(_)) => return refused(ErrorStatus::InconsistentValue),
        }
    }
    if let Some(name) = &patch.auth_protocol {
        let refused = |status| Err(Refusal::column(col::AUTH_PROTOCOL, status));
        match auth_protocol(name) {
            None => return refused(ErrorStatus::WrongValue),
            Some(same) if same == row.auth.as_ref().map(AuthKey::protocol) => {}
            Some(None) if row.privacy.is_none() => row.auth = None,
            Some(_) => return refused(ErrorStatus::InconsistentValue),
        }
    }
    Ok(())
}

fn write_keys(row: &mut UserRow, patch: &Patch) -> Result<(), Refusal> {
    let wrong = |arc| Refusal::column(arc, ErrorStatus::WrongLength);
    // Both hash as the authentication protocol does. Without a protocol there is
    // no key, and the SET succeeds and does nothing.
    let Some(protocol) = row.auth.as_ref().map(AuthKey::protocol) else { return Ok(()) };
    for (arc, value) in [
        (col::PRIV_KEY_CHANGE, &patch.priv_key_change),
        (col::OWN_PRIV_KEY_CHANGE, &patch.own_priv_key_change),
    ] {
        if let (Some(value), Some(key)) = (value, &mut row.privacy) {
            let new = change_key(protocol, key.key(), value).ok_or(wrong(arc))?;
            *key = PrivKey::new(key.protocol(), new).map_err(|_| wrong(arc))?;
            row.own_privacy = true;
        }
    }
    for (arc, value) in [
        (col::AUTH_KEY_CHANGE, &patch.auth_key_change),
        (col::OWN_AUTH_KEY_CHANGE, &patch.own_auth_key_change),
    ] {
        if let (Some(value), Some(key)) = (value, &mut row.auth) {
            let new: Key = change_key(protocol, key.key(), value).ok_or(wrong(arc))?;
            *key = AuthKey::new(protocol, new).map_err(|_| wrong(arc))?;
            row.own_auth = true;
        }
    }
    Ok(())
}

/// The protocols' names in the MIB; the first stands for none.
struct Names<P>(Vec<(Oid, Option<P>)>);

impl<P: Copy + PartialEq> Names<P> {
    fn new(pairs: &[(&[u32], Option<P>)]) -> Self {
        let oid = |arcs: &[u32]| Oid::new(arcs).expect("a node's OID is one");
        Self(pairs.iter().map(|(arcs, protocol)| (oid(arcs), *protocol)).collect())
    }

    fn name(&self, protocol: Option<P>) -> Option<&Oid> {
        self.0.iter().find(|(_, other)| *other == protocol).map(|(name, _)| name)
    }

    fn protocol(&self, name: &Oid) -> Option<Option<P>> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, protocol)| *protocol)
    }
}

static AUTH: LazyLock<Names<AuthProtocol>> = LazyLock::new(|| {
    Names::new(&[
        (nodes::USM_NO_AUTH_PROTOCOL, None),
        (nodes::USM_HMACMD5_AUTH_PROTOCOL, Some(AuthProtocol::Md5)),
        (nodes::USM_HMACSHA_AUTH_PROTOCOL, Some(AuthProtocol::Sha1)),
        (sha2::USM_HMAC128_SHA224_AUTH_PROTOCOL, Some(AuthProtocol::Sha224)),
        (sha2::USM_HMAC192_SHA256_AUTH_PROTOCOL, Some(AuthProtocol::Sha256)),
        (sha2::USM_HMAC256_SHA384_AUTH_PROTOCOL, Some(AuthProtocol::Sha384)),
        (sha2::USM_HMAC384_SHA512_AUTH_PROTOCOL, Some(AuthProtocol::Sha512)),
    ])
});

static PRIV: LazyLock<Names<PrivProtocol>> = LazyLock::new(|| {
    Names::new(&[
        (nodes::USM_NO_PRIV_PROTOCOL, None),
        (nodes::USM_DES_PRIV_PROTOCOL, Some(PrivProtocol::Des)),
        (aes::USM_AES_CFB128_PROTOCOL, Some(PrivProtocol::Aes128)),
        (long_keys::LC_USM_AES192_PROTOCOL, Some(PrivProtocol::Aes192)),
        (long_keys::LC_USM_AES256_PROTOCOL, Some(PrivProtocol::Aes256)),
        (long_keys::LC_USM_AES192_REEDER_PROTOCOL, Some(PrivProtocol::Aes192Reeder)),
        (long_keys::LC_USM_AES256_REEDER_PROTOCOL, Some(PrivProtocol::Aes256Reeder)),
    ])
});

fn auth_protocol(name: &Oid) -> Option<Option<AuthProtocol>> {
    AUTH.protocol(name)
}

fn priv_protocol(name: &Oid) -> Option<Option<PrivProtocol>> {
    PRIV.protocol(name)
}

static NOTHING: LazyLock<Oid> =
    LazyLock::new(|| Oid::new(smi::ZERO_DOT_ZERO).expect("0.0 is an OID"));

impl<'s> View<'s> for Row<'s> {
    fn security_name(&self) -> Option<Octets<'s>> {
        Some(self.id.name.as_str().into())
    }

    fn clone_from(&self) -> Option<Cow<'s, Oid>> {
        Some(Cow::Borrowed(&NOTHING))
    }

    fn auth_protocol(&self) -> Option<Cow<'s, Oid>> {
        AUTH.name(self.row.auth.as_ref().map(AuthKey::protocol)).map(Cow::Borrowed)
    }

    fn auth_key_change(&self) -> Option<Octets<'s>> {
        Some("".into())
    }

    fn own_auth_key_change(&self) -> Option<Octets<'s>> {
        Some("".into())
    }

    fn priv_protocol(&self) -> Option<Cow<'s, Oid>> {
        PRIV.name(self.row.privacy.as_ref().map(PrivKey::protocol)).map(Cow::Borrowed)
    }

    fn priv_key_change(&self) -> Option<Octets<'s>> {
        Some("".into())
    }

    fn own_priv_key_change(&self) -> Option<Octets<'s>> {
        Some("".into())
    }

    fn public(&self) -> Option<Octets<'s>> {
        Some(self.row.public.as_slice().into())
    }

    fn storage_type(&self) -> Option<StorageType> {
        Some(managed::storage(self.row.storage))
    }

    fn status(&self) -> Option<RowStatus> {
        Some(row_status::shown(self.row.row, !self.row.is_complete()))
    }
}

impl Instrumentation<AgentState> for UsmUserScalars {
    type Table = usm_user_scalars::UsmUserScalars;
    type Key = ();

    fn rows<'s>(&self, _: &'s AgentState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, AgentState>, (): &'s (), arc: u32) -> Option<Value<'s>> {
        usm_user_scalars::column(&Spin(&at.state.node.locks.users), arc)
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn assign(
        &self,
        draft: &mut Draft,
        _: &Scalar,
        patch: &usm_user_scalars::Patch,
    ) -> Result<(), Refusal> {
        draft.claim(|locks| &locks.users, patch.spin_lock, usm_user_scalars::col::SPIN_LOCK)
    }
}

impl usm_user_scalars::View<'_> for Spin<'_> {
    fn spin_lock(&self) -> Option<i32> {
        Some(self.0.value())
    }
}
