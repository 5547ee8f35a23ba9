//! As whom an agent is asked.

use std::{fmt, sync::Arc};

use crate::{
    Community, EngineId, Secret, Version,
    usm::{AuthKey, AuthProtocol, KeyError, MasterKey, PrivKey, PrivProtocol},
    v3::SecurityLevel,
};

/// A community, a user, or whoever has opened a session.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Of version 1 or 2c.
    Community(Community),
    /// Of version 3.
    User(UserCredentials),
    /// Of version 3 too: the session that carries the messages has said who asks, and
    /// secures them (RFC 5591). They are about the context of this engine, which
    /// [`EngineId::local`] is to those who ask for its name.
    Session(EngineId),
}

/// A user of version 3 at a level, with keys for every engine there is or for some.
/// Clones share them, and are the same user to a tracker; one made anew is another.
#[derive(Clone)]
pub struct UserCredentials(Arc<User>);

struct User {
    name: Box<str>,
    level: SecurityLevel,
    keys: Keys,
}

enum Keys {
    /// A password makes keys for any engine.
    Master { auth: Option<(AuthProtocol, MasterKey)>, privacy: Option<(PrivProtocol, MasterKey)> },
    /// Where no password is known, each engine's have been handed in.
    Local(Vec<(EngineId, LocalKeys)>),
}

/// A user's keys for one engine.
#[derive(Clone, Debug)]
pub struct LocalKeys {
    /// The key for authentication, if the user has one.
    pub auth: Option<AuthKey>,
    /// The key for encryption, if the user has one.
    pub privacy: Option<PrivKey>,
}

impl LocalKeys {
    /// Those that a level needs, if they are here.
    fn at(&self, level: SecurityLevel) -> Option<Self> {
        let (auth, privacy) = match level {
            SecurityLevel::NoAuthNoPriv => (None, None),
            SecurityLevel::AuthNoPriv => (Some(self.auth.clone()?), None),
            SecurityLevel::AuthPriv => (Some(self.auth.clone()?), Some(self.privacy.clone()?)),
        };
        Some(Self { auth, privacy })
    }
}

impl Credentials {
    /// The version of the messages.
    pub fn version(&self) -> Version {
        match self {
            Self::Community(community) => community.version(),
            Self::User(_) | Self::Session(_) => Version::V3,
        }
    }
}

impl UserCredentials {
    /// A user at the level that the protocols make: without authentication there
    /// is no encryption. A password takes milliseconds.
    pub fn new(
        name: &str,
        auth: Option<(AuthProtocol, &Secret)>,
        privacy: Option<(PrivProtocol, &Secret)>,
    ) -> Result<Self, KeyError> {
        let master = |hash, secret: &Secret| MasterKey::of_password(hash, secret.expose());
        let hash = auth.map(|(hash, _)| hash);
        let auth = match auth {
            Some((hash, secret)) => Some((hash, master(hash, secret)?)),
            None => None,
        };
        let privacy = match (privacy, hash) {
            (Some((cipher, secret)), Some(hash)) => Some((cipher, master(hash, secret)?)),
            _ => None,
        };
        let level = match (&auth, &privacy) {
            (None, _) => SecurityLevel::NoAuthNoPriv,
            (Some(_), None) => SecurityLevel::AuthNoPriv,
            (Some(_), Some(_)) => SecurityLevel::AuthPriv,
        };
        let keys = Keys::Master { auth, privacy };
        Ok(Self(Arc::new(User { name: name.into(), level, keys })))
    }

    /// A user at a level whose keys are known for some engines alone; those that are
    /// not enough for the level count for nothing.
    pub fn of_engines(
        name: &str,
        level: SecurityLevel,
        keys: impl IntoIterator<Item = (EngineId, LocalKeys)>,
    ) -> Self {
        let keys = keys.into_iter().filter_map(|(engine, keys)| Some((engine, keys.at(level)?)));
        let keys = Keys::Local(keys.collect());
        Self(Arc::new(User { name: name.into(), level, keys }))
    }

    /// The same user at a level without encryption: which of two keys an agent does
    /// not take shows by asking with one of them.
    #[must_use]
    pub fn without_privacy(&self) -> Self {
        self.at(self.level().min(SecurityLevel::AuthNoPriv)).unwrap_or_else(|| self.clone())
    }

    /// The name in messages.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// At which level the user asks, and answers must come.
    pub fn level(&self) -> SecurityLevel {
        self.0.level
    }

    /// The same user at a level, if it is capable of that.
    pub fn at(&self, level: SecurityLevel) -> Option<Self> {
        if level >= self.level() {
            return (level == self.level()).then(|| self.clone());
        }
        let keys = match &self.0.keys {
            Keys::Master { auth, .. } => Keys::Master {
                auth: auth.clone().filter(|_| level == SecurityLevel::AuthNoPriv),
                privacy: None,
            },
            Keys::Local(engines) => Keys::Local(
                engines.iter().filter_map(|(id, keys)| Some((*id, keys.at(level)?))).collect(),
            ),
        };
        Some(Self(Arc::new(User { name: self.0.name.clone(), level, keys })))
    }

    /// Whether there is an engine that the user has keys for.
    pub fn has_keys(&self) -> bool {
        match &self.0.keys {
            Keys::Master { .. } => true,
            Keys::Local(engines) => !engines.is_empty(),
        }
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The keys for one engine, if they are known; a password makes them for each.
    pub fn localised(&self, engine: &EngineId) -> Option<LocalKeys> {
        let fits = "a key made for a protocol has its length";
        match &self.0.keys {
            Keys::Master { auth, privacy } => Some(LocalKeys {
                auth: auth
                    .as_ref()
                    .map(|(hash, key)| AuthKey::new(*hash, key.localised(engine)).expect(fits)),
                privacy: privacy.as_ref().map(|(cipher, key)| {
                    PrivKey::new(*cipher, key.localised_for(*cipher, engine)).expect(fits)
                }),
            }),
            Keys::Local(engines) => {
                engines.iter().find(|(id, _)| id == engine).map(|(_, keys)| keys.clone())
            }
        }
    }

    /// The octets by which a message around a PDU is longer than the PDU, at
    /// most: an engine's name and clock are not known before it is asked.
    pub fn overhead(&self) -> usize {
        let code = match &self.0.keys {
            Keys::Master { auth, .. } => auth.as_ref().map(|(hash, _)| hash.mac_len()),
            Keys::Local(engines) => {
                let keys = engines.iter().filter_map(|(_, keys)| keys.auth.as_ref());
                keys.map(|key| key.protocol().mac_len()).max()
            }
        };
        // Names of engine (twice) and user, header, clock, lengths, a salt and the
        // padding of a block.
        2 * 34 + 34 + code.unwrap_or(0) + 90
    }
}

/// The same user, and not one with the same keys: those need not be compared.
impl PartialEq for UserCredentials {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Eq for UserCredentials {}

impl fmt::Debug for UserCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserCredentials")
            .field("name", &self.0.name)
            .field("level", &self.level())
            .finish_non_exhaustive()
    }
}

impl From<Community> for Credentials {
    fn from(community: Community) -> Self {
        Self::Community(community)
    }
}

impl From<UserCredentials> for Credentials {
    fn from(user: UserCredentials) -> Self {
        Self::User(user)
    }
}
