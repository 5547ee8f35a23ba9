//! As whom an agent is asked.

use std::{fmt, sync::Arc};

use crate::{
    Community, EngineId, Secret, Version,
    usm::{AuthKey, AuthProtocol, KeyError, MasterKey, PrivKey, PrivProtocol},
    v3::SecurityLevel,
};

/// A community, or a user.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Of version 1 or 2c.
    Community(Community),
    /// Of version 3.
    User(UserCredentials),
}

/// A user of version 3 with keys for every engine there is. Clones share them,
/// and are the same user to a tracker; one made anew is another.
#[derive(Clone)]
pub struct UserCredentials(Arc<User>);

struct User {
    name: Box<str>,
    auth: Option<(AuthProtocol, MasterKey)>,
    privacy: Option<(PrivProtocol, MasterKey)>,
}

/// A user's keys for one engine.
#[derive(Clone, Debug)]
pub struct LocalKeys {
    /// The key for authentication, if the user has one.
    pub auth: Option<AuthKey>,
    /// The key for encryption, if the user has one.
    pub privacy: Option<PrivKey>,
}

impl Credentials {
    /// The version of the messages.
    pub fn version(&self) -> Version {
        match self {
            Self::Community(community) => community.version(),
            Self::User(_) => Version::V3,
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
        Ok(Self(Arc::new(User { name: name.into(), auth, privacy })))
    }

    /// The same user at a level without encryption: which of two keys an agent does
    /// not take shows by asking with one of them.
    #[must_use]
    pub fn without_privacy(&self) -> Self {
        let User { name, auth, .. } = &*self.0;
        Self(Arc::new(User { name: name.clone(), auth: auth.clone(), privacy: None }))
    }

    /// The name in messages.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// At which level the user asks, and answers must come.
    pub fn level(&self) -> SecurityLevel {
        match (&self.0.auth, &self.0.privacy) {
            (None, _) => SecurityLevel::NoAuthNoPriv,
            (Some(_), None) => SecurityLevel::AuthNoPriv,
            (Some(_), Some(_)) => SecurityLevel::AuthPriv,
        }
    }

    /// The same user at a level, if it is capable of that.
    pub fn at(&self, level: SecurityLevel) -> Option<Self> {
        if level >= self.level() {
            return (level == self.level()).then(|| self.clone());
        }
        let auth = self.0.auth.clone().filter(|_| level == SecurityLevel::AuthNoPriv);
        Some(Self(Arc::new(User { name: self.0.name.clone(), auth, privacy: None })))
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The keys for one engine.
    pub fn localised(&self, engine: &EngineId) -> LocalKeys {
        let fits = "a key made for a protocol has its length";
        let auth = self.0.auth.as_ref();
        let privacy = self.0.privacy.as_ref();
        LocalKeys {
            auth: auth.map(|(hash, key)| AuthKey::new(*hash, key.localised(engine)).expect(fits)),
            privacy: privacy.map(|(cipher, key)| {
                PrivKey::new(*cipher, key.localised_for(*cipher, engine)).expect(fits)
            }),
        }
    }

    /// The octets by which a message around a PDU is longer than the PDU, at
    /// most: an engine's name and clock are not known before it is asked.
    pub fn overhead(&self) -> usize {
        let code = self.0.auth.as_ref().map_or(0, |(hash, _)| hash.mac_len());
        // Names of engine (twice) and user, header, clock, lengths, a salt and the
        // padding of a block.
        2 * 34 + 34 + code + 90
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
