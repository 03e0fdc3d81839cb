//! Service principals: the same members in both versions.

use domain::directory::{AppRole, ServicePrincipalChanges};
use serde_json::Value as Json;

use super::{DecodeError, changed_text, details, flag, given, id, required_id, root, text, texts};
use crate::body::Node;

/// Members that are only kept and served.
const KEPT: &[&str] = &[
    "alternativeNames",
    "homepage",
    "loginUrl",
    "logoutUrl",
    "notes",
    "notificationEmailAddresses",
    "oauth2PermissionScopes",
    "preferredSingleSignOnMode",
    "replyUrls",
    "signInAudience",
    "tags",
];

/// Reads what a create or an update says about a service principal. A name may be absent: the application's would do,
/// and whether there is one is not for this place to say.
pub fn changes(body: &Json) -> Result<ServicePrincipalChanges, DecodeError> {
    keeping(body, KEPT)
}

/// The same with other members that are only kept and served.
pub(super) fn keeping(body: &Json, kept: &[&str]) -> Result<ServicePrincipalChanges, DecodeError> {
    let root = root(body)?;
    let name = match given(&root, "displayName", text)? {
        Some(name) => Some(name),
        None => given(&root, "appDisplayName", text)?,
    };
    let roles = root.member("appRoles");
    let app_roles = if roles.is_null() {
        None
    } else {
        let read: Result<Vec<AppRole>, DecodeError> = roles.items()?.iter().map(app_role).collect();
        Some(read?)
    };
    Ok(ServicePrincipalChanges {
        app_id: id(&root.member("appId"))?,
        display_name: name,
        description: changed_text(&root, "description")?,
        account_enabled: given(&root, "accountEnabled", flag)?,
        app_role_assignment_required: given(&root, "appRoleAssignmentRequired", flag)?,
        service_principal_type: given(&root, "servicePrincipalType", text)?,
        details: details(&root, kept),
        app_roles,
    })
}

fn app_role(node: &Node<'_>) -> Result<AppRole, DecodeError> {
    Ok(AppRole {
        id: required_id(&node.member("id"))?,
        display_name: text(&node.member("displayName"))?,
        description: text(&node.member("description"))?,
        value: text(&node.member("value"))?,
        is_enabled: flag(&node.member("isEnabled"))?.unwrap_or(true),
        allowed_member_types: texts(&node.member("allowedMemberTypes"))?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_application_is_read_with_its_roles() {
        let body = json!({
            "appId": "AE79F266-94D4-4DAB-B730-FECA7E132178", "displayName": "Payroll", "tags": ["hr"],
            "appRoles": [{
                "id": "44272f93-9762-48e8-af59-1b5351b1d6b3", "displayName": "Reader", "value": "read",
                "allowedMemberTypes": ["User"], "isEnabled": true, "description": null,
            }],
        });

        let changes = changes(&body).unwrap();

        assert_eq!(
            changes.app_id.unwrap().to_string(),
            "ae79f266-94d4-4dab-b730-feca7e132178"
        );
        let roles = changes.app_roles.unwrap();
        assert_eq!(roles[0].display_name.as_deref(), Some("Reader"));
        assert_eq!(roles[0].allowed_member_types, ["User"]);
        assert!(changes.details.contains_key("tags"));
    }

    #[test]
    fn the_member_at_fault_is_named() {
        for (body, target) in [
            (json!({"appId": "x"}), "appId"),
            (
                json!({"appRoles": [{"displayName": "Reader"}]}),
                "appRoles/0/id",
            ),
            (json!({"appRoles": {}}), "appRoles"),
        ] {
            assert_eq!(changes(&body).unwrap_err().target, target, "{body}");
        }
    }
}
