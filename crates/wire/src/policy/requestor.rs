//! Who may ask, and for what: `requestorSettings` of both versions.

use serde_json::{Map, Value as Json, json};

use super::{scope, subject_set};
use crate::body::{InvalidField, Node};
use crate::version::Version;

const FLAGS: &[&str] = &[
    "enableTargetsToSelfAddAccess",
    "enableTargetsToSelfUpdateAccess",
    "enableTargetsToSelfRemoveAccess",
    "allowCustomAssignmentSchedule",
    "enableOnBehalfRequestorsToAddAccess",
    "enableOnBehalfRequestorsToUpdateAccess",
    "enableOnBehalfRequestorsToRemoveAccess",
];

/// Reads the settings of v1.0: what is absent is not allowed.
pub(super) fn read_v1(node: &Node<'_>) -> Result<Json, InvalidField> {
    node.object()?;
    let mut settings = Map::new();
    for flag in FLAGS {
        settings.insert(
            (*flag).to_owned(),
            json!(node.member(flag).flag()?.unwrap_or(false)),
        );
    }
    let requestors = subject_set::read_all(&node.member("onBehalfRequestors"))?;
    settings.insert("onBehalfRequestors".to_owned(), Json::Array(requestors));
    Ok(Json::Object(settings))
}

/// Reads what beta can say and keeps the rest (OM-2). Beta has no word for removal: it is allowed.
pub(super) fn read_beta(root: &Node<'_>, stored: Option<&Json>) -> Result<Json, InvalidField> {
    let node = root.member("requestorSettings");
    node.object()?;
    let accepts = node.member("acceptRequests").flag()?.unwrap_or(false);
    let can_extend = root.member("canExtend").flag()?.unwrap_or(false);
    let mut settings = stored
        .and_then(Json::as_object)
        .cloned()
        .unwrap_or_else(|| {
            let mut fresh: Map<String, Json> = FLAGS
                .iter()
                .map(|flag| ((*flag).to_owned(), json!(false)))
                .collect();
            fresh.insert("enableTargetsToSelfRemoveAccess".to_owned(), json!(true));
            fresh.insert("onBehalfRequestors".to_owned(), json!([]));
            fresh
        });
    settings.insert("enableTargetsToSelfAddAccess".to_owned(), json!(accepts));
    settings.insert(
        "enableTargetsToSelfUpdateAccess".to_owned(),
        json!(can_extend),
    );
    Ok(Json::Object(settings))
}

/// As v1.0 shows it. The column has the last word on extensions.
pub(super) fn to_v1(stored: &Json, can_extend: bool) -> Json {
    let mut shown = Map::new();
    for flag in FLAGS {
        let value = match *flag {
            "enableTargetsToSelfUpdateAccess" => json!(can_extend),
            name => json!(stored.get(name).and_then(Json::as_bool).unwrap_or(false)),
        };
        shown.insert((*flag).to_owned(), value);
    }
    let requestors = stored.get("onBehalfRequestors").unwrap_or(&Json::Null);
    shown.insert(
        "onBehalfRequestors".to_owned(),
        subject_set::show_all(Version::V1, requestors, None),
    );
    Json::Object(shown)
}

/// As beta shows it.
pub(super) fn to_beta(stored: &Json, scope: &str, targets: &Json) -> Json {
    let accepts = stored
        .get("enableTargetsToSelfAddAccess")
        .and_then(Json::as_bool);
    json!({
        "scopeType": scope::to_beta(scope),
        "acceptRequests": accepts.unwrap_or(false),
        "allowedRequestors": subject_set::show_all(Version::Beta, targets, Some(false)),
    })
}
