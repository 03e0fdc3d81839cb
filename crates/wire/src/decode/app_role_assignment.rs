//! App role assignments: the same members in both versions.

use domain::directory::NewAppRoleAssignment;
use domain::id::ObjectId;
use serde_json::Value as Json;

use super::{DecodeError, id, required_id, root};

/// Reads an app role to grant. The end that the path names need not be in the body: `principal` below a user or group,
/// `resource` below `appRoleAssignedTo`.
pub fn create(
    body: &Json,
    principal: Option<ObjectId>,
    resource: Option<ObjectId>,
) -> Result<NewAppRoleAssignment, DecodeError> {
    let root = root(body)?;
    let end = |name: &str, of_path: Option<ObjectId>| match (id(&root.member(name))?, of_path) {
        (None, Some(of_path)) => Ok(of_path),
        (None, None) => Err(root.member(name).invalid("is required").into()),
        (Some(named), Some(of_path)) if named != of_path => {
            let message = format!("must be `{of_path}`, as in the path");
            Err(DecodeError::from(root.member(name).invalid(message)))
        }
        (Some(named), _) => Ok(named),
    };
    Ok(NewAppRoleAssignment {
        principal_id: end("principalId", principal)?,
        resource_id: end("resourceId", resource)?,
        app_role_id: required_id(&root.member("appRoleId"))?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALICE: &str = "ae79f266-94d4-4dab-b730-feca7e132178";
    const PAYROLL: &str = "44272f93-9762-48e8-af59-1b5351b1d6b3";
    const PLAIN: &str = "00000000-0000-0000-0000-000000000000";

    #[test]
    fn the_path_may_stand_in_for_one_end() {
        let whole = json!({"principalId": ALICE, "resourceId": PAYROLL, "appRoleId": PLAIN});
        let half = json!({"principalId": ALICE, "appRoleId": PLAIN});
        let resource = PAYROLL.parse().ok();

        let from_whole = create(&whole, None, resource).unwrap();

        assert_eq!(from_whole, create(&half, None, resource).unwrap());
        assert_eq!(from_whole.resource_id.to_string(), PAYROLL);
        assert_eq!(create(&half, None, None).unwrap_err().target, "resourceId");
    }

    #[test]
    fn path_and_body_must_not_contradict_each_other() {
        let body = json!({"principalId": ALICE, "resourceId": ALICE, "appRoleId": PLAIN});

        assert_eq!(
            create(&body, None, PAYROLL.parse().ok())
                .unwrap_err()
                .target,
            "resourceId"
        );
        assert_eq!(
            create(
                &json!({"principalId": ALICE, "resourceId": ALICE}),
                None,
                None
            )
            .unwrap_err()
            .target,
            "appRoleId"
        );
    }
}
