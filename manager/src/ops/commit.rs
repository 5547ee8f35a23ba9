//! One SET, with who and why in it.

use lcms_lb_core::model::Name;
use lcms_snmp::{
    ErrorStatus,
    object::{Scalar, Table},
};
use load_cluster_mib::{
    load_cluster_mib::lc_agent::{self, LcAgent},
    tc::LcConfigSource,
};

use super::{Doing, OpError};
use crate::{
    client::{Access, Changes, Client, ClientError, target},
    inventory::Node,
};

/// Carries out changes of the configuration, and says whether they were any.
pub(super) async fn commit(
    client: &Client,
    node: &Node,
    changes: &Changes,
    doing: Doing,
    reason: Option<&str>,
) -> Result<bool, OpError> {
    let target = target(node, Access::Write).await?;
    let story = lc_agent::Patch {
        lc_config_last_source: Some(LcConfigSource::Cli),
        lc_config_last_reason: reason.map(str::to_owned),
        ..Default::default()
    };
    let told = changes.clone().with::<LcAgent>(&Scalar, &story);
    match client.commit(&target, &told).await {
        Ok(()) => Ok(true),
        // The MIB lets only a SET that changes something tell its story.
        Err(error) if is_about_the_story(&error) => {
            let done = client.commit(&target, changes).await;
            done.map(|()| false).map_err(|source| failed(node.name, doing, source))
        }
        Err(source) => Err(failed(node.name, doing, source)),
    }
}

pub(super) fn failed(node: Name, doing: Doing, source: ClientError) -> OpError {
    OpError::Client { node, doing, source }
}

fn is_about_the_story(error: &ClientError) -> bool {
    let ClientError::Refused { name: Some(name), .. } = error else { return false };
    error.status() == Some(ErrorStatus::InconsistentValue) && LcAgent::ENTRY.split(name).is_some()
}
