//! What receivers are told: the data of a callout, in the shape and with the names of v1.0 (CX-2).

use domain::assignment::Assignment;
use domain::assignment_request::AssignmentRequest;
use domain::extension::Stage;
use domain::id::{AccessPackageId, CatalogId, PolicyId, RequestId, SubjectId};
use domain::time::Timestamp;
use serde_json::{Value as Json, json};
use store::ReadTx;
use store::custom_extension::CustomExtension;
use store::extension_callout::Callout;

use crate::error::ServiceError;

/// The data at a stage of a request.
pub(super) fn of_request(
    tx: &mut ReadTx<'_>,
    request: &AssignmentRequest,
    extension: &CustomExtension,
    callout: &Callout,
) -> Result<Json, ServiceError> {
    let (package, catalog) = package_and_catalog(tx, request.access_package_id)?;
    let held = match request.assignment_id {
        Some(id) => store::assignment::find(tx, id)?,
        None => None,
    };
    let target = subject(tx, request.target_id)?;
    let policy = match request.assignment_policy_id {
        Some(id) => policy(tx, id)?,
        None => Json::Null,
    };
    let answers: Json =
        serde_json::from_str(&request.answers).unwrap_or_else(|_| Json::Array(Vec::new()));
    Ok(json!({
        "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestCalloutData",
        "stage": callout.stage.as_str(),
        "customExtensionStageInstanceId": callout.id.to_string(),
        "accessPackageAssignmentRequestId": request.id.to_string(),
        "callbackUriPath": callback_path(request.id),
        "callbackConfiguration": callback(extension, callout.stage),
        "requestType": request.request_type.as_str(),
        "state": request.state.as_str(),
        "status": request.status,
        "justification": request.justification,
        "answers": answers,
        "verifiedCredentialsData": [],
        "accessPackage": package,
        "accessPackageCatalog": catalog,
        "assignment": assignment(held.as_ref(), &target, &policy, request),
        "requestor": subject(tx, request.requestor_id)?,
    }))
}

/// The data at a stage before the end of an assignment.
pub(super) fn of_assignment(
    tx: &mut ReadTx<'_>,
    held: &Assignment,
    request: Option<RequestId>,
    callout: &Callout,
) -> Result<Json, ServiceError> {
    let (package, catalog) = package_and_catalog(tx, held.access_package_id)?;
    let target = subject(tx, held.target_id)?;
    let policy = policy(tx, held.assignment_policy_id)?;
    Ok(json!({
        "@odata.type": "#microsoft.graph.accessPackageAssignmentCalloutData",
        "stage": callout.stage.as_str(),
        "customExtensionStageInstanceId": callout.id.to_string(),
        "accessPackageAssignmentRequestId": request.map(|id| id.to_string()),
        "callbackConfiguration": null,
        "accessPackage": package,
        "accessPackageCatalog": catalog,
        "assignment": described(held, &target, &policy),
    }))
}

/// The data of a test call: every member that receivers look for, about nothing but the catalog.
pub(super) fn of_probe(
    tx: &mut ReadTx<'_>,
    extension: &CustomExtension,
    callout: &Callout,
) -> Result<Json, ServiceError> {
    let kind = if callout.stage.before_end().is_some() {
        "accessPackageAssignmentCalloutData"
    } else {
        "accessPackageAssignmentRequestCalloutData"
    };
    Ok(json!({
        "@odata.type": format!("#microsoft.graph.{kind}"),
        "stage": callout.stage.as_str(),
        "customExtensionStageInstanceId": callout.id.to_string(),
        "accessPackageAssignmentRequestId": null,
        "callbackUriPath": null,
        "callbackConfiguration": null,
        "requestType": null,
        "state": null,
        "status": null,
        "justification": null,
        "answers": [],
        "verifiedCredentialsData": [],
        "accessPackage": null,
        "accessPackageCatalog": catalog(tx, extension.catalog_id)?,
        "assignment": null,
        "requestor": null,
        "isTest": true,
    }))
}

/// Where the answer goes, below the version root (CX-4).
fn callback_path(request: RequestId) -> String {
    format!("/identityGovernance/entitlementManagement/assignmentRequests/{request}/resume")
}

fn callback(extension: &CustomExtension, stage: Stage) -> Json {
    match &extension.content.callback {
        Some(callback) if stage.before_end().is_none() => json!({
            "@odata.type": format!(
                "#microsoft.graph.{}",
                callback
                    .type_name
                    .as_deref()
                    .unwrap_or("customExtensionCallbackConfiguration")
            ),
            "timeoutDuration": callback.timeout.to_string(),
        }),
        _ => Json::Null,
    }
}

fn package_and_catalog(
    tx: &mut ReadTx<'_>,
    id: AccessPackageId,
) -> Result<(Json, Json), ServiceError> {
    let Some(package) = store::access_package::find(tx, id)? else {
        return Ok((json!({"id": id.to_string()}), Json::Null));
    };
    let catalog = catalog(tx, package.catalog_id)?;
    let shown = json!({
        "id": package.id.to_string(),
        "displayName": package.display_name,
        "description": package.description,
    });
    Ok((shown, catalog))
}

fn catalog(tx: &mut ReadTx<'_>, id: CatalogId) -> Result<Json, ServiceError> {
    let found = store::catalog::find(tx, id)?.map(|catalog| {
        json!({
            "id": catalog.id.to_string(),
            "displayName": catalog.display_name,
            "description": catalog.description,
        })
    });
    Ok(found.unwrap_or_default())
}

fn policy(tx: &mut ReadTx<'_>, id: PolicyId) -> Result<Json, ServiceError> {
    Ok(
        store::assignment_policy::find(tx, id)?.map_or(Json::Null, |policy| {
            json!({
                "id": policy.id.to_string(),
                "displayName": policy.display_name,
                "description": policy.description,
            })
        }),
    )
}

fn subject(tx: &mut ReadTx<'_>, id: SubjectId) -> Result<Json, ServiceError> {
    Ok(store::subject::find(tx, id)?.map_or(Json::Null, |subject| {
        json!({
            "id": subject.id.to_string(),
            "objectId": subject.object_id.map(|object| object.to_string()),
            "displayName": subject.display_name,
            "email": subject.email,
            "principalName": subject.principal_name,
            "subjectType": subject.subject_type,
        })
    }))
}

/// The assignment, or, before there is one, what it is to be.
fn assignment(
    held: Option<&Assignment>,
    target: &Json,
    policy: &Json,
    request: &AssignmentRequest,
) -> Json {
    match held {
        Some(held) => described(held, target, policy),
        None => json!({
            "id": null,
            "state": null,
            "status": null,
            "expiredDateTime": null,
            "schedule": schedule(request.starts_at, request.ends_at),
            "target": target,
            "assignmentPolicy": policy,
        }),
    }
}

fn described(held: &Assignment, target: &Json, policy: &Json) -> Json {
    json!({
        "id": held.id.to_string(),
        "state": held.state.as_str(),
        "status": held.status,
        "expiredDateTime": held.expired_at.map(|at| at.to_string()),
        "schedule": schedule(Some(held.starts_at), held.ends_at),
        "target": target,
        "assignmentPolicy": policy,
    })
}

fn schedule(starts_at: Option<Timestamp>, ends_at: Option<Timestamp>) -> Json {
    let kind = if ends_at.is_some() {
        "afterDateTime"
    } else {
        "noExpiration"
    };
    json!({
        "startDateTime": starts_at.map(|at| at.to_string()),
        "expiration": {
            "type": kind,
            "endDateTime": ends_at.map(|at| at.to_string()),
            "duration": null,
        },
    })
}
