//! Resource role scopes: a role and a scope, by our ids or by those of their origin (DL-2).

use domain::access_package::{
    NewResourceRoleScope, ResourceReference, RoleReference, ScopeReference,
};
use domain::id::AccessPackageId;
use serde_json::Value as Json;

use super::{DecodeError, either, flag, id, required_id, root, text};
use crate::body::Node;

/// Reads a role and a scope to put into a package.
pub fn create(body: &Json) -> Result<NewResourceRoleScope, DecodeError> {
    let root = root(body)?;
    let role = either(&root, &["role", "accessPackageResourceRole"]);
    if role.object()?.is_none() {
        return Err(role.invalid("is required").into());
    }
    let scope = either(&root, &["scope", "accessPackageResourceScope"]);
    scope.object()?;
    let read = NewResourceRoleScope {
        role: RoleReference {
            id: id(&role.member("id"))?,
            origin_id: named(&role.member("originId"))?,
            resource: resource(&either(&role, &["resource", "accessPackageResource"]))?,
        },
        scope: ScopeReference {
            id: id(&scope.member("id"))?,
            origin_id: named(&scope.member("originId"))?,
            is_root_scope: flag(&scope.member("isRootScope"))?.unwrap_or(false),
        },
    };
    if read.role.id.is_none() && read.role.origin_id.is_none() {
        return Err(role.member("originId").invalid("is required").into());
    }
    Ok(read)
}

/// Reads which package a body means, where its path names none.
pub fn package(body: &Json) -> Result<AccessPackageId, DecodeError> {
    let root = root(body)?;
    let named = root.member("accessPackage");
    named.object()?;
    required_id(&named.member("id"))
}

/// Reads how a body names a resource.
pub(super) fn resource(node: &Node<'_>) -> Result<ResourceReference, DecodeError> {
    node.object()?;
    Ok(ResourceReference {
        id: id(&node.member("id"))?,
        origin_id: named(&node.member("originId"))?,
        origin_system: named(&node.member("originSystem"))?,
    })
}

/// A text that names something; an empty one names nothing.
fn named(node: &Node<'_>) -> Result<Option<String>, DecodeError> {
    Ok(text(node)?.filter(|name| !name.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GROUP: &str = "ae79f266-94d4-4dab-b730-feca7e132178";
    const RESOURCE: &str = "44272f93-9762-48e8-af59-1b5351b1d6b3";

    #[test]
    fn both_versions_are_read_and_ids_may_be_missing_dl_2() {
        let member = format!("Member_{GROUP}");
        let expected = NewResourceRoleScope {
            role: RoleReference {
                id: None,
                origin_id: Some(member.clone()),
                resource: ResourceReference {
                    id: Some(RESOURCE.parse().unwrap()),
                    ..ResourceReference::default()
                },
            },
            scope: ScopeReference {
                id: None,
                origin_id: Some(GROUP.to_owned()),
                is_root_scope: false,
            },
        };
        for body in [
            json!({
                "role": {"originId": member, "originSystem": "AadGroup", "displayName": "Member",
                    "resource": {"id": RESOURCE}},
                "scope": {"originId": GROUP, "originSystem": "AadGroup"}
            }),
            json!({
                "accessPackageResourceRole": {"id": null, "originId": member, "originSystem": "AadGroup",
                    "accessPackageResource": {"id": RESOURCE, "resourceType": "Security Group"}},
                "accessPackageResourceScope": {"id": "", "originId": GROUP, "originSystem": "AadGroup"}
            }),
        ] {
            assert_eq!(create(&body).unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn a_package_is_named_where_the_path_names_none() {
        let named = package(&json!({"accessPackage": {"id": RESOURCE}}));
        let refused = package(&json!({"role": {}}));

        assert_eq!(named.unwrap(), RESOURCE.parse().unwrap());
        assert_eq!(refused.unwrap_err().target, "accessPackage/id");
    }

    #[test]
    fn flaws_name_the_member() {
        for (body, target) in [
            (json!({}), "role"),
            (json!({"role": 7}), "role"),
            (json!({"role": {}}), "role/originId"),
            (
                json!({"accessPackageResourceRole": {"id": "x"}}),
                "accessPackageResourceRole/id",
            ),
            (
                json!({"role": {"originId": "Member_x"}, "scope": []}),
                "scope",
            ),
            (
                json!({"role": {"originId": "Member_x", "resource": {"id": "x"}}}),
                "role/resource/id",
            ),
        ] {
            assert_eq!(create(&body).unwrap_err().target, target, "{body}");
        }
    }
}
