//! Who is notified: `[[receiver]]`, each a row of snmpNotifyTable and one of every
//! table that goes with it.

use std::{collections::BTreeMap, net::SocketAddr};

use lcms_lb_core::model::RowState;
use lcms_snmp::v3::SecurityLevel;
use load_cluster_mib::snmpv2_smi;

use super::{
    Cause, Senders,
    fault::Findings,
    file::{File, NotifyType, ReceiverTable, ReceiverVersion, Subtree},
    senders::fresh,
};
use crate::security::{
    Domain, FilterId, FilterRow, Model, NotificationRows, NotifyRow, ParamsRow, ProfileRow,
    ServerRow, Storage, TargetRow,
};

/// Gives the rows of all receivers to the senders.
pub(super) fn read(file: &File, senders: &mut Senders, findings: &mut Findings) {
    let mut rows = NotificationRows::default();
    let mut seen = BTreeMap::new();
    for table in &file.receiver {
        let Some(name) = fresh("receiver", &table.name, &mut seen, findings) else { continue };
        if table.fingerprint.is_some() || table.server_name.is_some() {
            if let Some((server, params)) = over_tls(file, table, findings) {
                let user = params.security_name.clone().unwrap_or_default();
                senders.add_peer(&name, server, user);
                add(&mut rows, table, name, params, Domain::of_tls);
            }
        } else if let Some(params) = params(table, senders, findings) {
            add(&mut rows, table, name, params, Domain::of_address);
        }
    }
    senders.notification = rows;
}

const KEPT: (Storage, RowState) = (Storage::ReadOnly, RowState::Active);

fn add(
    rows: &mut NotificationRows,
    table: &ReceiverTable,
    name: String,
    params: ParamsRow,
    domain: impl Fn(SocketAddr) -> (Domain, Vec<u8>),
) {
    let (storage, row) = KEPT;
    let defaults = TargetRow::default();
    let (domain, address) = domain(*table.address.get_ref());
    let target = TargetRow {
        domain: Some(domain),
        address,
        // The MIB counts in hundredths of a second.
        timeout: table.timeout.map_or(defaults.timeout, |time| {
            i32::try_from(time.milliseconds().as_millis() / 10).unwrap_or(i32::MAX)
        }),
        retry_count: table.retry_count.unwrap_or(defaults.retry_count),
        tag_list: name.clone(),
        params: name.clone(),
        largest: 0,
        storage,
        row,
        ..defaults
    };
    let inform = table.notify_type == Some(NotifyType::Inform);
    rows.targets.insert(name.clone(), target);
    rows.params.insert(name.clone(), params);
    rows.notify.insert(name.clone(), NotifyRow { tag: name.clone(), inform, storage, row });
    if table.include.is_empty() && table.exclude.is_empty() {
        return;
    }
    // Whoever only says what is not wanted wants everything else.
    let everything = table.include.is_empty().then(|| snmpv2_smi::nodes::ORG.to_vec());
    let arcs = |subtree: &toml::Spanned<Subtree>| subtree.get_ref().0.clone();
    let included = table.include.iter().map(arcs).chain(everything).map(|arcs| (arcs, true));
    let excluded = table.exclude.iter().map(arcs).map(|arcs| (arcs, false));
    for (subtree, included) in included.chain(excluded) {
        let id = FilterId { profile: name.clone(), subtree };
        rows.filters.insert(id, FilterRow { mask: Vec::new(), included, storage, row });
    }
    rows.profiles.insert(name.clone(), ProfileRow { name, storage, row });
}

/// What is shown over TLS, and in whose name it is told.
fn over_tls(
    file: &File,
    table: &ReceiverTable,
    findings: &mut Findings,
) -> Option<(ServerRow, ParamsRow)> {
    let (storage, row) = KEPT;
    let mut fault = |span, cause| {
        findings.add(span, cause);
        None
    };
    let Some(tls) = &file.tls else { return fault(table.name.span(), Cause::ReceiverWithoutTls) };
    let server = match (&table.fingerprint, &table.server_name) {
        (Some(_), Some(name)) => return fault(name.span(), Cause::TwoServers),
        (None, Some(name)) if tls.ca_file.is_none() => {
            return fault(name.span(), Cause::ServerNameAlone);
        }
        (fingerprint, name) => ServerRow {
            fingerprint: fingerprint.as_ref().map(|digits| digits.0.clone()),
            identity: name.as_ref().map_or_else(String::new, |name| name.get_ref().0.clone()),
            storage,
            row,
        },
    };
    if let Some(version) = &table.version {
        return fault(version.span(), Cause::VersionOfUser);
    }
    let (Some(user), None) = (&table.user, &table.community) else {
        return fault(table.name.span(), Cause::ReceiverWithoutSessionUser);
    };
    let name = user.get_ref().0.clone();
    if tls.user.iter().all(|known| known.name.get_ref().0 != name) {
        return fault(user.span(), Cause::UnknownSender { what: "tls.user", name });
    }
    let params = ParamsRow {
        mp_model: Some(Model::V3),
        security_model: Some(Model::Transport),
        security_name: Some(name),
        security_level: Some(
            table.level.as_ref().map_or(SecurityLevel::AuthPriv, |level| level.get_ref().0),
        ),
        storage,
        row,
    };
    Some((server, params))
}

/// In whose name it is told.
fn params(table: &ReceiverTable, senders: &Senders, findings: &mut Findings) -> Option<ParamsRow> {
    let (storage, row) = KEPT;
    let mut fault = |span, cause| {
        findings.add(span, cause);
        None
    };
    let (name, model, level) = match (&table.user, &table.community) {
        (Some(user), None) => {
            let name = &user.get_ref().0;
            if let Some(version) = &table.version {
                return fault(version.span(), Cause::VersionOfUser);
            }
            let found = senders.users.iter().find(|user| user.name == *name);
            let Some(known) = found else {
                return fault(
                    user.span(),
                    Cause::UnknownSender { what: "user", name: name.clone() },
                );
            };
            let level = table.level.as_ref().map_or(known.level(), |level| level.get_ref().0);
            if level > known.level() {
                let span = table.level.as_ref().map_or(user.span(), toml::Spanned::span);
                return fault(span, Cause::LevelWithoutKeys { name: name.clone(), level });
            }
            (name, Model::V3, level)
        }
        (None, Some(community)) => {
            let name = &community.get_ref().0;
            if let Some(level) = &table.level {
                return fault(level.span(), Cause::LevelOfCommunity);
            }
            if senders.communities.iter().all(|known| known.name != *name) {
                let name = name.clone();
                return fault(community.span(), Cause::UnknownSender { what: "community", name });
            }
            let version = table.version.as_ref().map(|version| *version.get_ref());
            match version {
                Some(ReceiverVersion::V1) if table.notify_type == Some(NotifyType::Inform) => {
                    return fault(table.name.span(), Cause::InformOfV1);
                }
                Some(ReceiverVersion::V1) => (name, Model::V1, SecurityLevel::NoAuthNoPriv),
                _ => (name, Model::V2c, SecurityLevel::NoAuthNoPriv),
            }
        }
        _ => return fault(table.name.span(), Cause::ReceiverWithoutSender),
    };
    Some(ParamsRow {
        mp_model: Some(model),
        security_model: Some(model),
        security_name: Some(name.clone()),
        security_level: Some(level),
        storage,
        row,
    })
}
