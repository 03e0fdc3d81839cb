//! `assignmentPolicies`.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod replace;

use domain::id::QuestionId;
use domain::policy::{PolicyDraft, TargetScope};
use serde_json::Value;

use crate::error::Error;
use crate::graph::GraphRequest;

/// The policy that a body describes; `stored` is the settings document that it replaces.
fn draft(request: &GraphRequest<'_>, stored: Option<&Value>) -> Result<PolicyDraft, Error> {
    let moment = request.service().moment();
    let mut fresh_id = || moment.id(QuestionId::new).to_string();
    let body = request.json()?;
    let read = wire::policy::read(request.version(), &body, stored, &mut fresh_id)?;
    let invalid = |target: &str, message: &str| Error::InvalidModel {
        target: target.to_owned(),
        message: message.to_owned(),
    };
    let access_package_id = read
        .access_package_id
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| invalid("accessPackageId", "`accessPackageId` must be a GUID"))?;
    let allowed_target_scope =
        TargetScope::from_name(read.allowed_target_scope).ok_or_else(|| {
            invalid(
                "allowedTargetScope",
                "`allowedTargetScope` is not supported",
            )
        })?;
    Ok(PolicyDraft {
        access_package_id,
        display_name: read.display_name,
        description: read.description,
        allowed_target_scope,
        can_extend: read.can_extend,
        settings_json: read.settings.to_string(),
    })
}
