//! The questions of a policy, changed one by one. They are stored within the policy, so each change is a change of the
//! policy: checked by the same rules and counted by its version.

use std::sync::Arc;

use domain::activity::Activity;
use domain::id::PolicyId;
use domain::policy::PolicyDraft;
use serde_json::Value as Json;
use store::assignment_policy::{self, AssignmentPolicy};

use crate::content::caller_name;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::policies::{checked, policy_for, record};

/// From the questions as they are stored to the questions as they are to be. It may run several times.
pub type Revision = Arc<dyn Fn(Vec<Json>) -> Result<Vec<Json>, ServiceError> + Send + Sync>;

/// Changes the questions of a policy. Whoever is asked from now on sees the new ones; answers that were given stay.
pub async fn revise(
    service: &Service,
    ctx: &Ctx,
    id: PolicyId,
    revision: Revision,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = policy_for(tx, &ctx, id)?;
            let draft = PolicyDraft {
                access_package_id: Some(stored.access_package_id),
                display_name: stored.display_name.clone(),
                description: stored.description.clone(),
                allowed_target_scope: stored.allowed_target_scope,
                can_extend: stored.can_extend,
                settings_json: revised(&stored.settings, &revision)?,
            };
            let settings = checked(tx, &moment, &ctx, &draft, None)?;
            let changed = AssignmentPolicy {
                settings,
                modified_by: caller_name(&ctx),
                modified_at: moment.now,
                ..stored.clone()
            };
            assignment_policy::save(tx, &changed)?;
            let activity = Activity::UpdatePolicy;
            record(tx, &moment, &ctx, activity, Some(&stored), &changed)
        })
        .await
}

fn revised(settings: &str, revision: &Revision) -> Result<String, ServiceError> {
    let mut json: Json = serde_json::from_str(settings).map_err(ServiceError::internal)?;
    let stored = match json.get_mut("questions").map(Json::take) {
        Some(Json::Array(questions)) => questions,
        _ => Vec::new(),
    };
    let questions = revision(stored)?;
    if let Some(members) = json.as_object_mut() {
        members.insert("questions".to_owned(), Json::Array(questions));
    }
    Ok(json.to_string())
}
