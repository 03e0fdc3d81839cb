//! `assignmentPolicies/{id}/customExtensionStageSettings` and beta's older `customExtensionHandlers`.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod update;

use domain::model;
use service::extensions::stages::{List, StageChange};
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;

/// Which list of the policy the path names.
fn list(request: &GraphRequest<'_>) -> List {
    if request.address().target().entity == &model::EXTENSION_HANDLER {
        List::Handlers
    } else {
        List::Settings
    }
}

fn body(request: &GraphRequest<'_>) -> Result<StageChange, Error> {
    let (stage, extension_id) = decode::custom_extension::stage_setting(&request.json()?)?;
    Ok(StageChange {
        stage,
        extension_id,
    })
}
