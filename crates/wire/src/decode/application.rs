//! Applications: the same members in both versions.

use domain::directory::ServicePrincipalChanges;
use serde_json::Value as Json;

use super::{DecodeError, service_principal};

/// Members that are only kept and served.
const KEPT: &[&str] = &[
    "api",
    "defaultRedirectUri",
    "groupMembershipClaims",
    "identifierUris",
    "info",
    "isDeviceOnlyAuthSupported",
    "isDisabled",
    "isFallbackPublicClient",
    "managerApplications",
    "notes",
    "oauth2RequirePostResponse",
    "optionalClaims",
    "parentalControlSettings",
    "publicClient",
    "requiredResourceAccess",
    "samlMetadataUrl",
    "serviceManagementReference",
    "signInAudience",
    "spa",
    "tags",
    "tokenEncryptionKeyId",
    "uniqueName",
    "web",
];

/// Reads what a create or an update says about an application; its client id is the server's to choose.
pub fn changes(body: &Json) -> Result<ServicePrincipalChanges, DecodeError> {
    Ok(ServicePrincipalChanges {
        app_id: None,
        account_enabled: None,
        app_role_assignment_required: None,
        service_principal_type: None,
        ..service_principal::keeping(body, KEPT)?
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_client_id_of_a_body_is_not_heeded_and_what_is_open_is_kept() {
        let body = json!({
            "displayName": "Payroll", "appId": "44272f93-9762-48e8-af59-1b5351b1d6b3",
            "identifierUris": ["api://payroll"], "web": {"redirectUris": []}, "homepage": "x"
        });

        let changes = changes(&body).unwrap();

        assert_eq!(changes.app_id, None);
        let kept: Vec<_> = changes.details.keys().map(String::as_str).collect();
        assert_eq!(kept, ["identifierUris", "web"]);
    }

    #[test]
    fn a_role_without_id_is_named() {
        let body = json!({ "displayName": "x", "appRoles": [{}] });

        assert_eq!(changes(&body).unwrap_err().target, "appRoles/0/id");
    }
}
