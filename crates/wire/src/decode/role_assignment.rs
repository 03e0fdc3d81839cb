//! Role assignments of entitlement management: the same members in both versions.

use domain::directory::NewRoleAssignment;
use serde_json::Value as Json;

use super::{DecodeError, either, id, root, text};

/// Where a role counts if the body does not say.
const TENANT: &str = "/";

/// Reads a role to assign. Some clients put the scope into `directoryScopeId`, or name the role by its definition.
pub fn create(body: &Json) -> Result<NewRoleAssignment, DecodeError> {
    let root = root(body)?;
    let principal = root.member("principal");
    let definition = root.member("roleDefinition");
    let principal_id = match id(&root.member("principalId"))? {
        Some(id) => Some(id),
        None => id(&principal.member("id"))?,
    };
    let role = match text(&root.member("roleDefinitionId"))?.filter(|role| !role.is_empty()) {
        Some(role) => Some(role),
        None => text(&either(&definition, &["id", "displayName"]))?,
    };
    let condition = root.member("condition");
    if !condition.is_null() {
        return Err(condition
            .invalid("roles are assigned without conditions")
            .into());
    }
    let app_scope = text(&root.member("appScopeId"))?.filter(|scope| !scope.is_empty());
    let directory_scope = text(&root.member("directoryScopeId"))?.filter(|scope| !scope.is_empty());
    if let (Some(app), Some(directory)) = (&app_scope, &directory_scope)
        && directory != TENANT
        && !directory.eq_ignore_ascii_case(app)
    {
        let message = "must be `/`: the scope is named by `appScopeId`";
        return Err(root.member("directoryScopeId").invalid(message).into());
    }
    Ok(NewRoleAssignment {
        principal_id: principal_id
            .ok_or_else(|| root.member("principalId").invalid("is required"))?,
        role: role.ok_or_else(|| root.member("roleDefinitionId").invalid("is required"))?,
        app_scope_id: app_scope
            .or(directory_scope)
            .unwrap_or_else(|| TENANT.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALICE: &str = "ae79f266-94d4-4dab-b730-feca7e132178";

    #[test]
    fn the_scope_is_in_either_member() {
        let scope = format!("/AccessPackageCatalog/{ALICE}");
        for body in [
            json!({"principalId": ALICE, "roleDefinitionId": "r", "directoryScopeId": "/", "appScopeId": scope}),
            json!({"principalId": ALICE, "roleDefinition": {"displayName": "r"}, "directoryScopeId": scope}),
        ] {
            let wanted = create(&body).unwrap();

            assert_eq!(
                (wanted.role.as_str(), wanted.app_scope_id.as_str()),
                ("r", scope.as_str())
            );
        }
        let tenant =
            json!({"principal": {"id": ALICE}, "roleDefinitionId": "r", "appScopeId": null});
        assert_eq!(create(&tenant).unwrap().app_scope_id, "/");
    }

    #[test]
    fn two_scopes_and_conditions_are_refused() {
        let body = json!({
            "principalId": ALICE, "roleDefinitionId": "r", "appScopeId": "/",
            "directoryScopeId": "/administrativeUnits/x",
        });
        assert_eq!(create(&body).unwrap_err().target, "directoryScopeId");
        let body = json!({"principalId": ALICE, "roleDefinitionId": "r", "condition": "x"});
        assert_eq!(create(&body).unwrap_err().target, "condition");
    }

    #[test]
    fn principal_and_role_are_required() {
        assert_eq!(
            create(&json!({"roleDefinitionId": "r"}))
                .unwrap_err()
                .target,
            "principalId"
        );
        assert_eq!(
            create(&json!({"principalId": ALICE})).unwrap_err().target,
            "roleDefinitionId"
        );
        assert_eq!(
            create(&json!({"principalId": "x", "roleDefinitionId": "r"}))
                .unwrap_err()
                .target,
            "principalId"
        );
    }
}
