//! Assignment policies: one stored document, two projections (OM-1), and the way back from each.
//!
//! The document has the shape of v1.0 whatever version wrote it; what only beta can say stands under `"beta"`.
//!
//! **Invariant:** a section that a client writes back as it read it keeps its stored form, so that a version which
//! cannot express everything loses nothing (OM-2).

mod approval;
mod expiration;
mod language;
pub mod question;
mod requestor;
mod requirements;
mod review;
mod scope;
mod subject_set;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value as Json, json};

pub use approval::answered as answered_stage;
pub use language::languages;
pub use question::answer;
pub use requirements::{Offered, requirements};
pub use scope::{from_beta as scope_from_beta, to_beta as scope_to_beta};

use crate::body::{InvalidField, Node};
use crate::version::Version;
use crate::words::{ALLOWED_TARGET_SCOPE, EXTENSION_STAGE};

/// A policy as a client wrote it: the columns, and the document of the `settings` column.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyBody {
    /// The access package it is for, if the body names one.
    pub access_package_id: Option<String>,
    /// Its name.
    pub display_name: String,
    /// Its description.
    pub description: Option<String>,
    /// Who it is for, a word of [`ALLOWED_TARGET_SCOPE`].
    pub allowed_target_scope: &'static str,
    /// Whether a holder may ask for more time.
    pub can_extend: bool,
    /// The rest.
    pub settings: Json,
}

/// Reads a policy in the shape of `version`. `stored` is the document that a PUT replaces; `fresh_id` gives ids to
/// questions that have none (§6.6).
pub fn read(
    version: Version,
    body: &Json,
    stored: Option<&Json>,
    fresh_id: &mut dyn FnMut() -> String,
) -> Result<PolicyBody, InvalidField> {
    let root = Node::root(body);
    if root.object()?.is_none() {
        return Err(root.invalid("the body must be an object"));
    }
    let access_package_id = match version {
        Version::V1 => first_text(&[
            root.member("accessPackage").member("id"),
            root.member("accessPackageId"),
        ])?,
        Version::Beta => first_text(&[
            root.member("accessPackageId"),
            root.member("accessPackage").member("id"),
        ])?,
    };
    let stored = stored.cloned().unwrap_or(Json::Null);
    let allowed_target_scope = match version {
        Version::V1 => root
            .member("allowedTargetScope")
            .word(&ALLOWED_TARGET_SCOPE)?
            .unwrap_or("notSpecified"),
        Version::Beta => scope::read_beta(&root)?,
    };
    let targets = match version {
        Version::V1 => subject_set::read_all(&root.member("specificAllowedTargets"))?,
        Version::Beta => subject_set::read_all_beta(
            &root.member("requestorSettings").member("allowedRequestors"),
        )?,
    };
    scope::check(version, allowed_target_scope, &targets)?;
    let requestor_settings = match version {
        Version::V1 => requestor::read_v1(&root.member("requestorSettings"))?,
        Version::Beta => requestor::read_beta(&root, stored.get("requestorSettings"))?,
    };
    let can_extend =
        requestor_settings.get("enableTargetsToSelfUpdateAccess") == Some(&json!(true));

    let mut settings = Map::new();
    settings.insert("v".to_owned(), json!(1));
    settings.insert(
        "specificAllowedTargets".to_owned(),
        keep_targets(targets, &stored),
    );
    let automatic = match version {
        Version::V1 => automatic(&root.member("automaticRequestSettings"))?,
        Version::Beta => stored
            .get("automaticRequestSettings")
            .cloned()
            .unwrap_or_default(),
    };
    settings.insert("automaticRequestSettings".to_owned(), automatic);
    settings.insert(
        "expiration".to_owned(),
        expiration::read(version, &root, stored.get("expiration"))?,
    );
    settings.insert(
        "requestApprovalSettings".to_owned(),
        approval::read(
            version,
            &root.member("requestApprovalSettings"),
            stored.get("requestApprovalSettings"),
        )?,
    );
    settings.insert(
        "reviewSettings".to_owned(),
        review::read(version, &root, stored.get("reviewSettings"))?,
    );
    settings.insert(
        "notificationSettings".to_owned(),
        notification(version, &root)?,
    );
    settings.insert(
        "questions".to_owned(),
        question::read_all(version, &root.member("questions"), fresh_id)?,
    );
    settings.insert(
        "customExtensionStageSettings".to_owned(),
        stage_settings(&root, &stored, fresh_id)?,
    );
    let credentials = match version {
        Version::V1 => stored
            .get("verifiableCredentialSettings")
            .cloned()
            .unwrap_or_default(),
        Version::Beta => credentials(&root)?,
    };
    settings.insert("verifiableCredentialSettings".to_owned(), credentials);
    let beta = only_beta(version, &root, &stored, &requestor_settings, fresh_id)?;
    settings.insert("beta".to_owned(), beta);
    settings.insert("requestorSettings".to_owned(), requestor_settings);
    Ok(PolicyBody {
        access_package_id,
        display_name: root.member("displayName").required_text()?.to_owned(),
        description: root.member("description").text()?.map(str::to_owned),
        allowed_target_scope,
        can_extend,
        settings: Json::Object(settings),
    })
}

/// A section of the stored document as `version` shows it; `name` is the version's own.
pub fn section(
    version: Version,
    name: &str,
    settings: &Json,
    scope: &str,
    can_extend: bool,
) -> Json {
    let stored = |name: &str| settings.get(name).unwrap_or(&Json::Null);
    match (version, name) {
        (Version::V1, "specificAllowedTargets") => {
            subject_set::show_all(version, stored(name), None)
        }
        (Version::V1, "expiration") => expiration::to_v1(stored(name)),
        (Version::V1, "requestorSettings") => requestor::to_v1(stored(name), can_extend),
        (Version::V1, "requestApprovalSettings") => approval::to_v1(stored(name)),
        (Version::V1, "reviewSettings") => review::to_v1(stored(name)),
        (Version::Beta, "durationInDays") => expiration::duration_in_days(stored("expiration")),
        (Version::Beta, "expirationDateTime") => expiration::end_date_time(stored("expiration")),
        (Version::Beta, "requestorSettings") => requestor::to_beta(
            stored("requestorSettings"),
            scope,
            stored("specificAllowedTargets"),
        ),
        (Version::Beta, "requestApprovalSettings") => approval::to_beta(stored(name)),
        (Version::Beta, "accessReviewSettings") => {
            review::to_beta(stored("reviewSettings"), stored("beta"))
        }
        (Version::Beta, "accessPackageNotificationSettings")
        | (Version::V1, "notificationSettings") => stored("notificationSettings").clone(),
        (_, "questions") => question::show_all(version, stored(name)),
        (_, "customExtensionStageSettings") => array(stored(name)),
        (Version::Beta, "customExtensionHandlers") => {
            array(stored("beta").get(name).unwrap_or(&Json::Null))
        }
        // What is left is stored as it is shown.
        _ => stored(name).clone(),
    }
}

/// The body that `version` would show, made of everything a policy's document holds; for tests and for comparing.
pub fn whole(version: Version, policy: &PolicyBody) -> Json {
    let names: &[&str] = match version {
        Version::V1 => &[
            "specificAllowedTargets",
            "automaticRequestSettings",
            "expiration",
            "requestorSettings",
            "requestApprovalSettings",
            "reviewSettings",
            "notificationSettings",
            "questions",
            "customExtensionStageSettings",
        ],
        Version::Beta => &[
            "durationInDays",
            "expirationDateTime",
            "requestorSettings",
            "requestApprovalSettings",
            "accessReviewSettings",
            "accessPackageNotificationSettings",
            "questions",
            "customExtensionStageSettings",
            "customExtensionHandlers",
            "verifiableCredentialSettings",
        ],
    };
    let mut body = Map::new();
    body.insert("displayName".to_owned(), json!(policy.display_name));
    body.insert("description".to_owned(), json!(policy.description));
    match version {
        Version::V1 => {
            body.insert(
                "allowedTargetScope".to_owned(),
                json!(policy.allowed_target_scope),
            );
            body.insert(
                "accessPackage".to_owned(),
                json!({"id": policy.access_package_id}),
            );
        }
        Version::Beta => {
            body.insert("canExtend".to_owned(), json!(policy.can_extend));
            body.insert(
                "accessPackageId".to_owned(),
                json!(policy.access_package_id),
            );
        }
    }
    for name in names {
        let shown = section(
            version,
            name,
            &policy.settings,
            policy.allowed_target_scope,
            policy.can_extend,
        );
        body.insert((*name).to_owned(), shown);
    }
    Json::Object(body)
}

fn first_text(nodes: &[Node<'_>]) -> Result<Option<String>, InvalidField> {
    for node in nodes {
        if let Some(text) = node.text()? {
            return Ok(Some(text.to_owned()));
        }
    }
    Ok(None)
}

fn array(value: &Json) -> Json {
    if value.is_array() {
        value.clone()
    } else {
        json!([])
    }
}

/// Subject sets that came back as they were shown keep their stored form, with the description from the directory.
fn keep_targets(targets: Vec<Json>, stored: &Json) -> Json {
    subject_set::kept(
        targets,
        stored.get("specificAllowedTargets").unwrap_or(&Json::Null),
    )
}

fn automatic(node: &Node<'_>) -> Result<Json, InvalidField> {
    if node.object()?.is_none() {
        return Ok(Json::Null);
    }
    let grace = node.member("gracePeriodBeforeAccessRemoval").duration()?;
    Ok(json!({
        "requestAccessForAllowedTargets": node.member("requestAccessForAllowedTargets").flag()?.unwrap_or(false),
        "removeAccessWhenTargetLeavesAllowedTargets":
            node.member("removeAccessWhenTargetLeavesAllowedTargets").flag()?.unwrap_or(true),
        "gracePeriodBeforeAccessRemoval": grace.map(|grace| grace.to_string()),
    }))
}

fn notification(version: Version, root: &Node<'_>) -> Result<Json, InvalidField> {
    let node = match version {
        Version::V1 => root.member("notificationSettings"),
        Version::Beta => root.member("accessPackageNotificationSettings"),
    };
    if node.object()?.is_none() {
        return Ok(Json::Null);
    }
    let disabled = node
        .member("isAssignmentNotificationDisabled")
        .flag()?
        .unwrap_or(false);
    Ok(json!({"isAssignmentNotificationDisabled": disabled}))
}

fn stage_settings(
    root: &Node<'_>,
    stored: &Json,
    fresh_id: &mut dyn FnMut() -> String,
) -> Result<Json, InvalidField> {
    const NAME: &str = "customExtensionStageSettings";
    let before = stored.get(NAME).unwrap_or(&Json::Null);
    extension_stages(&root.member(NAME), before, fresh_id)
}

/// Only the stage and the extension's id count, in whatever form the extension is written (PO-31). A setting that comes
/// back by its id, without what is shown on demand only, keeps its extension.
fn extension_stages(
    list: &Node<'_>,
    stored: &Json,
    fresh_id: &mut dyn FnMut() -> String,
) -> Result<Json, InvalidField> {
    let mut settings = Vec::new();
    for item in list.items()? {
        let id = item.member("id").text()?.map(str::to_owned);
        let known = stored
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| id.is_some() && one.get("id").and_then(Json::as_str) == id.as_deref());
        let stage_node = item.member("stage");
        let stage = stage_node
            .word(&EXTENSION_STAGE)?
            .ok_or_else(|| stage_node.invalid("is required"))?;
        let extension_node = item.member("customExtension");
        let extension = match known.and_then(|one| one.get("customExtension")) {
            Some(kept) if extension_node.is_null() => kept.clone(),
            _ => json!({"id": extension_node.member("id").required_text()?}),
        };
        settings.push(json!({
            "id": id.unwrap_or_else(&mut *fresh_id),
            "stage": stage,
            "customExtension": extension,
        }));
    }
    Ok(Json::Array(settings))
}

fn credentials(root: &Node<'_>) -> Result<Json, InvalidField> {
    let node = root.member("verifiableCredentialSettings");
    let types = node
        .object()?
        .map(|settings| settings.member("credentialTypes"));
    match types {
        None => Ok(Json::Null),
        Some(types) => {
            types.items()?;
            Ok(json!({"credentialTypes": array(types.json())}))
        }
    }
}

/// What only beta can say; a v1.0 write keeps it.
fn only_beta(
    version: Version,
    root: &Node<'_>,
    stored: &Json,
    requestor_settings: &Json,
    fresh_id: &mut dyn FnMut() -> String,
) -> Result<Json, InvalidField> {
    let mut kept = stored
        .get("beta")
        .and_then(Json::as_object)
        .cloned()
        .unwrap_or_default();
    let self_add =
        |settings: &Json| settings.get("enableTargetsToSelfAddAccess") == Some(&json!(true));
    if version == Version::V1 {
        if self_add(requestor_settings) {
            kept.shift_remove("acceptRequests");
        }
        return Ok(Json::Object(kept));
    }
    let said = root
        .member("requestorSettings")
        .member("acceptRequests")
        .flag()?;
    let was_shown = stored
        .get("requestorSettings")
        .is_some_and(|settings| !self_add(settings));
    match said {
        // No more than was read: a policy that never said so still lets admins assign (RQ-12).
        Some(false) if was_shown => {}
        Some(false) => {
            kept.insert("acceptRequests".to_owned(), json!(false));
        }
        Some(true) | None => {
            kept.shift_remove("acceptRequests");
        }
    }
    // Handlers are not shown unless asked for, so a body without them does not take them away.
    let handlers = root.member("customExtensionHandlers");
    if root.has("customExtensionHandlers") {
        let before = kept
            .shift_remove("customExtensionHandlers")
            .unwrap_or_default();
        let read = extension_stages(&handlers, &before, fresh_id)?;
        if read.as_array().is_some_and(|list| !list.is_empty()) {
            kept.insert("customExtensionHandlers".to_owned(), read);
        }
    }
    let review = root.member("accessReviewSettings");
    if !review.is_null() {
        kept.shift_remove("isAgenticExperienceEnabled");
        let agentic = review.member("isAgenticExperienceEnabled");
        if !agentic.is_null() {
            kept.insert(
                "isAgenticExperienceEnabled".to_owned(),
                agentic.json().clone(),
            );
        }
    }
    Ok(Json::Object(kept))
}
