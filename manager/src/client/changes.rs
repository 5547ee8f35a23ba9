//! Typed patches on their way into one SET.

use lcms_snmp::{
    OutMessage, PduKind, VarBind, Version, message,
    object::{Index, Table},
};

use super::{Client, ClientError, Credentials, Target};

/// Patches of any rows of any tables, that an agent carries out all or none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    varbinds: Vec<VarBind<'static>>,
}

/// The octets of a message in a session around its PDU, at most: the name of an engine,
/// the header, and lengths.
const SESSION_OVERHEAD: usize = 34 + 34 + 24;

impl Changes {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// And this patch too.
    #[must_use]
    pub fn with<T: Table>(mut self, index: &T::Index, patch: &T::Patch) -> Self {
        self.add::<T>(index, patch);
        self
    }

    /// Adds a patch.
    pub fn add<T: Table>(&mut self, index: &T::Index, patch: &T::Patch) {
        self.varbinds.extend(T::varbinds(index, patch));
    }

    /// Adds what another collection holds.
    pub fn extend(&mut self, other: Self) {
        self.varbinds.extend(other.varbinds);
    }

    /// Whether there is nothing to set.
    pub fn is_empty(&self) -> bool {
        self.varbinds.is_empty()
    }

    /// The octets of the message that would carry them to this agent, or a few more.
    pub fn message_size(&self, target: &Target) -> usize {
        let (version, community, more) = match &target.credentials {
            Credentials::Community(community) => (community.version(), community.name(), 0),
            Credentials::User(user) => (Version::V2c, &[][..], user.overhead()),
            Credentials::Certificate(_) => (Version::V2c, &[][..], SESSION_OVERHEAD),
        };
        let message = message::encode(&OutMessage {
            version,
            community,
            kind: PduKind::SetRequest,
            request_id: i32::MAX,
            error_status: 0,
            error_index: 0,
            varbinds: &self.varbinds,
        });
        message.len() + more
    }

    /// The variables, in the order they were added.
    pub fn varbinds(&self) -> &[VarBind<'static>] {
        &self.varbinds
    }
}

impl Client {
    /// Carries out changes in one SET. Nothing to change asks nobody.
    pub async fn commit(&self, target: &Target, changes: &Changes) -> Result<(), ClientError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.set(target, changes.varbinds.clone()).await.map(drop)
    }

    /// Patches one row.
    pub async fn apply<T: Table>(
        &self,
        target: &Target,
        index: &T::Index,
        patch: &T::Patch,
    ) -> Result<(), ClientError> {
        self.commit(target, &Changes::new().with::<T>(index, patch)).await
    }
}

/// The sub-identifiers of a typed index.
pub(super) fn arcs(index: &impl Index) -> Vec<u32> {
    let mut arcs = Vec::new();
    index.encode(&mut arcs);
    arcs
}
