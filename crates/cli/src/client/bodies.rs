//! Bodies of Graph calls (v1.0) that more than one command sends.

use serde_json::{Value, json};

/// A thing of the directory that a package can give roles of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) system: &'static str,
    pub(crate) id: String,
}

impl Origin {
    /// A group.
    pub(crate) fn group(id: impl Into<String>) -> Self {
        Self {
            system: "AadGroup",
            id: id.into(),
        }
    }

    /// An application, by its service principal.
    pub(crate) fn application(id: impl Into<String>) -> Self {
        Self {
            system: "AadApplication",
            id: id.into(),
        }
    }
}

/// Asks for a resource in a catalog.
pub(crate) fn add_resource(catalog: &str, origin: &Origin) -> Value {
    json!({
        "requestType": "adminAdd",
        "catalog": { "id": catalog },
        "resource": { "originId": origin.id, "originSystem": origin.system },
    })
}

/// Puts a role of a resource into a package.
pub(crate) fn role_scope(resource: &str, origin: &Origin, role: &str) -> Value {
    json!({
        "role": {
            "originId": role,
            "originSystem": origin.system,
            "resource": { "id": resource },
        },
        "scope": { "originId": origin.id, "originSystem": origin.system },
    })
}

/// Who may ask for a package.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Requestors<'a> {
    /// Everybody in the directory.
    Everybody,
    /// These users.
    Users(&'a [String]),
    /// Nobody: administrators assign.
    Nobody,
}

/// Has every stage of a policy ask somebody else, too, once this time is over.
pub(crate) fn escalate(policy: &mut Value, to: &str, after: &str) {
    let stages = policy.pointer_mut("/requestApprovalSettings/stages");
    for stage in stages.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(stage) = stage.as_object_mut() {
            let alternate = json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": to });
            stage.insert("isEscalationEnabled".to_owned(), json!(true));
            stage.insert("durationBeforeEscalation".to_owned(), json!(after));
            stage.insert("escalationApprovers".to_owned(), json!([alternate]));
        }
    }
}

/// A policy of a package. Without approvers nobody is asked.
pub(crate) fn policy(
    package: &str,
    name: &str,
    requestors: Requestors<'_>,
    approvers: &[String],
    duration: Option<&str>,
) -> Value {
    let single_users = |ids: &[String]| -> Vec<Value> {
        ids.iter()
            .map(|id| json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": id }))
            .collect()
    };
    let (scope, targets) = match requestors {
        Requestors::Everybody => ("allDirectoryUsers", Vec::new()),
        Requestors::Users(ids) => ("specificDirectoryUsers", single_users(ids)),
        Requestors::Nobody => ("notSpecified", Vec::new()),
    };
    let self_service = !matches!(requestors, Requestors::Nobody);
    let stages = if approvers.is_empty() {
        Vec::new()
    } else {
        vec![json!({
            "durationBeforeAutomaticDenial": "P14D",
            "isApproverJustificationRequired": false,
            "isEscalationEnabled": false,
            "durationBeforeEscalation": "PT0S",
            "primaryApprovers": single_users(approvers),
            "fallbackPrimaryApprovers": [],
            "escalationApprovers": [],
            "fallbackEscalationApprovers": [],
        })]
    };
    let expiration = match duration {
        Some(duration) => json!({ "type": "afterDuration", "duration": duration }),
        None => json!({ "type": "noExpiration" }),
    };
    json!({
        "displayName": name,
        "description": name,
        "allowedTargetScope": scope,
        "specificAllowedTargets": targets,
        "expiration": expiration,
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": self_service,
            "enableTargetsToSelfUpdateAccess": self_service,
            "enableTargetsToSelfRemoveAccess": self_service,
            "allowCustomAssignmentSchedule": true,
            "enableOnBehalfRequestorsToAddAccess": false,
            "enableOnBehalfRequestorsToUpdateAccess": false,
            "enableOnBehalfRequestorsToRemoveAccess": false,
            "onBehalfRequestors": [],
        },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": !approvers.is_empty(),
            "isApprovalRequiredForUpdate": false,
            "stages": stages,
        },
        "accessPackage": { "id": package },
    })
}
