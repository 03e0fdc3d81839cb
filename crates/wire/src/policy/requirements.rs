//! What a policy wants of whoever asks by it: `accessPackageAssignmentRequestRequirements` (PO-10 to PO-12).

use serde_json::{Value as Json, json};

use super::question;
use crate::document;
use crate::version::Version;

/// A policy that somebody may ask by, as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Offered<'p> {
    /// Its id.
    pub id: &'p str,
    /// Its name.
    pub display_name: &'p str,
    /// What it is for.
    pub description: Option<&'p str>,
    /// Its settings.
    pub settings: &'p Json,
    /// The answers that the target gave before, as they are stored.
    pub answers: &'p Json,
}

/// The requirements of a policy as `version` shows them, to somebody who reads these languages.
pub fn requirements(version: Version, policy: Offered<'_>, languages: &[String]) -> Json {
    let section = |name: &str| policy.settings.get(name).unwrap_or(&Json::Null);
    let flag = |name: &str, of: &str| {
        let found = section(of).get(name).and_then(Json::as_bool);
        json!(found.unwrap_or(false))
    };
    let approval = |name: &str| flag(name, "requestApprovalSettings");
    let questions = question::ask(version, section("questions"), languages);
    let custom_schedule = flag("allowCustomAssignmentSchedule", "requestorSettings");
    let for_add = approval("isApprovalRequiredForAdd");
    let for_update = approval("isApprovalRequiredForUpdate");
    let justified = approval("isRequestorJustificationRequired");
    let schedule = json!({
        "startDateTime": null,
        "recurrence": null,
        "expiration": document::expiration(section("expiration")),
    });
    match version {
        Version::V1 => json!({
            "policyId": policy.id,
            "policyDisplayName": policy.display_name,
            "policyDescription": policy.description,
            "isApprovalRequiredForAdd": for_add,
            "isApprovalRequiredForUpdate": for_update,
            "isRequestorJustificationRequired": justified,
            "allowCustomAssignmentSchedule": custom_schedule,
            "schedule": schedule,
            "questions": questions,
        }),
        Version::Beta => json!({
            "policyId": policy.id,
            "policyDisplayName": policy.display_name,
            "policyDescription": policy.description,
            "isApprovalRequired": for_add,
            "isApprovalRequiredForExtension": for_update,
            "isRequestorJustificationRequired": justified,
            "isCustomAssignmentScheduleAllowed": custom_schedule,
            "schedule": schedule,
            "questions": questions,
            "existingAnswers": existing(&policy),
            // No policy wants verified credentials, as there is nothing to verify them (VC-3).
            "verifiableCredentialRequirementStatus": null,
        }),
    }
}

/// The answers to the questions that the policy asks now.
fn existing(policy: &Offered<'_>) -> Json {
    let asked: Vec<&str> = policy
        .settings
        .get("questions")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|question| question.get("id")?.as_str())
        .collect();
    document::items(policy.answers.clone())
        .into_iter()
        .filter(|answer| {
            let id = answer
                .pointer("/answeredQuestion/id")
                .and_then(Json::as_str);
            id.is_some_and(|id| asked.iter().any(|known| known.eq_ignore_ascii_case(id)))
        })
        .map(|answer| question::answer(Version::Beta, answer))
        .collect()
}
