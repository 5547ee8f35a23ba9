//! From tables to an inventory, with the secrets that it names.

use std::{
    collections::HashMap,
    fmt::Display,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use lcms_snmp::{
    Secret, UserCredentials, Version,
    usm::{AuthProtocol, PrivProtocol},
    v3::SecurityLevel,
};
use toml::Spanned;

use super::{
    Tables,
    error::{Fault, Placed, place},
    tables::{Defaults, NodeTable, Word},
};
use crate::{
    inventory::{Cluster, Inventory, Node, user},
    secret,
    tls::{Authorities, Own},
};

pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) folder: &'a Path,
    /// A file that many nodes share is read once.
    secrets: HashMap<PathBuf, Secret>,
    /// A password takes milliseconds, and many nodes share it.
    users: HashMap<UserKey, UserCredentials>,
    /// Certificates with their keys, by their files.
    pub(super) own: HashMap<(PathBuf, PathBuf), Own>,
    pub(super) authorities: HashMap<PathBuf, Authorities>,
}

/// A user as it is written.
pub(super) struct UserWords<'t> {
    pub(super) name: &'t str,
    /// Where to point to if something is missing.
    pub(super) place: Range<usize>,
    pub(super) level: Option<&'t Spanned<Word<SecurityLevel>>>,
    pub(super) auth: Option<&'t Spanned<Word<AuthProtocol>>>,
    pub(super) auth_file: Option<&'t Spanned<PathBuf>>,
    pub(super) privacy: Option<&'t Spanned<Word<PrivProtocol>>>,
    pub(super) priv_file: Option<&'t Spanned<PathBuf>>,
}

/// What a user is made of: name, and protocols with the files of their passwords.
type UserKey = (String, Option<(AuthProtocol, PathBuf)>, Option<(PrivProtocol, PathBuf)>);

impl<'a> Reader<'a> {
    /// For the file with this text in this folder.
    pub(super) fn new(text: &'a str, folder: &'a Path) -> Self {
        Self {
            text,
            folder,
            secrets: HashMap::new(),
            users: HashMap::new(),
            own: HashMap::new(),
            authorities: HashMap::new(),
        }
    }

    pub(super) fn inventory(&mut self, file: &Tables) -> Placed<Inventory> {
        unique("node", self.text, file.node.iter().map(|node| &node.name))?;
        unique("cluster", self.text, file.cluster.iter().map(|cluster| &cluster.name))?;
        let mut inventory = Inventory::default();
        for table in &file.node {
            let node = self.node(table, &file.defaults)?;
            if let Some(other) = inventory.nodes.iter().find(|n| n.endpoint == node.endpoint) {
                let fault = Fault::SharedAddress { address: node.endpoint, node: other.name };
                return Err((table.address.span(), fault));
            }
            inventory.nodes.push(node);
        }
        for table in &file.cluster {
            let name = *table.name.get_ref();
            if table.directors.is_empty() {
                return Err((table.name.span(), Fault::NoDirectors(name)));
            }
            for director in &table.directors {
                if inventory.node(director.get_ref().as_str()).is_none() {
                    let fault = Fault::UnknownDirector(*director.get_ref());
                    return Err((director.span(), fault));
                }
            }
            let directors = table.directors.iter().map(|name| *name.get_ref()).collect();
            inventory.clusters.push(Cluster { name, directors });
        }
        Ok(inventory)
    }

    fn node(&mut self, table: &NodeTable, defaults: &Defaults) -> Placed<Node> {
        let mut node = Node::new(*table.name.get_ref(), table.address.get_ref().clone());
        node.roles = table.roles;
        node.peer = self.peer(table, defaults)?;
        if !node.endpoint.is_tls() {
            self.security(&mut node, table, defaults)?;
        }
        if let Some(timeout) = table.timeout_ms.as_ref().or(defaults.timeout_ms.as_ref()) {
            let milliseconds = *timeout.get_ref();
            if !(1..=60_000).contains(&milliseconds) {
                return Err((timeout.span(), Fault::Timeout(milliseconds)));
            }
            node.timeout = Duration::from_millis(milliseconds);
        }
        if let Some(retries) = table.retries.as_ref().or(defaults.retries.as_ref()) {
            if *retries.get_ref() > 20 {
                return Err((retries.span(), Fault::Retries(*retries.get_ref())));
            }
            node.retries = *retries.get_ref();
        }
        Ok(node)
    }

    /// In which version a node is asked, and as whom.
    fn security(&mut self, node: &mut Node, table: &NodeTable, defaults: &Defaults) -> Placed<()> {
        node.user = self.user(table, defaults)?;
        if node.user.is_some() {
            node.version = Version::V3;
        }
        let version = table.version.as_ref().map(|version| *version.get_ref());
        if let Some(version) = version.or(defaults.version) {
            node.version = version.into();
        }
        node.read =
            self.secret(table.community_file.as_ref().or(defaults.community_file.as_ref()))?;
        node.write = self.secret(
            table.write_community_file.as_ref().or(defaults.write_community_file.as_ref()),
        )?;
        Ok(())
    }

    /// The user of a node: each key is the node's own, or the default.
    fn user(&mut self, table: &NodeTable, defaults: &Defaults) -> Placed<Option<UserCredentials>> {
        let own = table.user.as_ref().map(Spanned::get_ref);
        let Some(name) = own.or(defaults.user.as_ref()) else { return Ok(None) };
        let words = UserWords {
            name,
            place: table.name.span(),
            level: table.level.as_ref().or(defaults.level.as_ref()),
            auth: table.auth.as_ref().or(defaults.auth.as_ref()),
            auth_file: table.auth_file.as_ref().or(defaults.auth_file.as_ref()),
            privacy: table.privacy.as_ref().or(defaults.privacy.as_ref()),
            priv_file: table.priv_file.as_ref().or(defaults.priv_file.as_ref()),
        };
        self.credentials(&words).map(Some)
    }

    /// A user with the keys that its passwords make.
    pub(super) fn credentials(&mut self, words: &UserWords<'_>) -> Placed<UserCredentials> {
        let UserWords { name, auth, privacy, auth_file, .. } = *words;
        let level = words.level.map_or(SecurityLevel::AuthPriv, |level| level.get_ref().0);
        let priv_file = words.priv_file.or(auth_file);
        let missing = || (words.place.clone(), Fault::NoPassword(name.to_owned()));
        let auth = match level >= SecurityLevel::AuthNoPriv {
            true => {
                let protocol = auth.map_or(user::AUTH, |auth| auth.get_ref().0);
                Some((protocol, auth_file.ok_or_else(missing)?))
            }
            false => None,
        };
        let privacy = match level == SecurityLevel::AuthPriv {
            true => {
                let protocol = privacy.map_or(user::PRIV, |privacy| privacy.get_ref().0);
                Some((protocol, priv_file.ok_or_else(missing)?))
            }
            false => None,
        };
        let key = (
            name.to_owned(),
            auth.map(|(protocol, file)| (protocol, self.path(file))),
            privacy.map(|(protocol, file)| (protocol, self.path(file))),
        );
        if let Some(user) = self.users.get(&key) {
            return Ok(user.clone());
        }
        let auth_secret = self.secret(auth.map(|(_, file)| file))?;
        let priv_secret = self.secret(privacy.map(|(_, file)| file))?;
        let made = UserCredentials::new(
            name,
            auth.map(|(protocol, _)| protocol).zip(auth_secret.as_ref()),
            privacy.map(|(protocol, _)| protocol).zip(priv_secret.as_ref()),
        );
        let place = auth_file.map_or(words.place.clone(), Spanned::span);
        let user = made.map_err(|error| (place, Fault::Password(error)))?;
        self.users.insert(key, user.clone());
        Ok(user)
    }

    pub(super) fn secret(&mut self, file: Option<&Spanned<PathBuf>>) -> Placed<Option<Secret>> {
        let Some(file) = file else { return Ok(None) };
        let path = self.path(file);
        if let Some(secret) = self.secrets.get(&path) {
            return Ok(Some(secret.clone()));
        }
        let secret = secret::read(&path).map_err(|error| (file.span(), error.into()))?;
        self.secrets.insert(path, secret.clone());
        Ok(Some(secret))
    }

    pub(super) fn path(&self, file: &Spanned<PathBuf>) -> PathBuf {
        self.folder.join(file.get_ref())
    }
}

pub(super) fn unique<'a, T: Display + 'a>(
    kind: &'static str,
    text: &str,
    names: impl Iterator<Item = &'a Spanned<T>>,
) -> Placed<()> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for spanned in names {
        let (line, _) = place(text, spanned.span().start);
        let name = spanned.get_ref().to_string();
        if let Some(&line) = seen.get(&name) {
            return Err((spanned.span(), Fault::Duplicate { kind, name, line }));
        }
        seen.insert(name, line);
    }
    Ok(())
}
