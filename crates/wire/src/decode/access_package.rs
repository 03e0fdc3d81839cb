//! Access packages: the catalog comes as `catalog`, `accessPackageCatalog` or `catalogId`.

use domain::access_package::{AccessPackageChange, NewAccessPackage};
use domain::id::CatalogId;
use serde_json::Value as Json;

use super::{DecodeError, changed, changed_text, flag, id, root, text};
use crate::body::Node;

/// Reads an access package to create. `implied` is the catalog that the path names; the body may leave it out.
pub fn create(body: &Json, implied: Option<CatalogId>) -> Result<NewAccessPackage, DecodeError> {
    let root = root(body)?;
    let named = catalog_id(&root)?;
    if let (Some(named), Some(implied)) = (named, implied)
        && named != implied
    {
        let member = root.member("catalog");
        return Err(member
            .member("id")
            .invalid("must be the catalog that the path names")
            .into());
    }
    Ok(NewAccessPackage {
        display_name: root.member("displayName").required_text()?.to_owned(),
        description: text(&root.member("description"))?,
        catalog_id: named
            .or(implied)
            .ok_or_else(|| root.member("catalog").member("id").invalid("is required"))?,
        is_hidden: flag(&root.member("isHidden"))?.unwrap_or(false),
        is_role_scopes_visible: flag(&root.member("isRoleScopesVisible"))?.unwrap_or(true),
        unique_name: text(&root.member("uniqueName"))?,
    })
}

/// Reads what to change of an access package. Its catalog may be in the body, as Terraform sends it, and is passed over.
pub fn update(body: &Json) -> Result<AccessPackageChange, DecodeError> {
    let root = root(body)?;
    Ok(AccessPackageChange {
        display_name: changed(&root, "displayName", text)?,
        description: changed_text(&root, "description")?,
        is_hidden: changed(&root, "isHidden", flag)?,
        is_role_scopes_visible: changed(&root, "isRoleScopesVisible", flag)?,
        unique_name: changed_text(&root, "uniqueName")?,
    })
}

/// Reads where an access package is to be moved.
pub fn move_to_catalog(body: &Json) -> Result<CatalogId, DecodeError> {
    let root = root(body)?;
    let catalog = root.member("catalogId");
    Ok(id(&catalog)?.ok_or_else(|| catalog.invalid("is required"))?)
}

/// The catalog that a body names in one of its ways.
pub(super) fn catalog_id(root: &Node<'_>) -> Result<Option<CatalogId>, DecodeError> {
    for name in ["catalog", "accessPackageCatalog"] {
        if let Some(catalog) = id(&root.member(name).member("id"))? {
            return Ok(Some(catalog));
        }
    }
    id(&root.member("catalogId"))
}

#[cfg(test)]
mod tests {
    use domain::change::Change;
    use serde_json::json;

    use super::*;

    const CATALOG: &str = "ae79f266-94d4-4dab-b730-feca7e132178";

    #[test]
    fn the_catalog_is_found_in_each_of_its_places() {
        for body in [
            json!({"displayName": "x", "catalog": {"id": CATALOG}}),
            json!({"displayName": "x", "accessPackageCatalog": {"id": CATALOG, "displayName": "y", "catalogStatus": "published"}}),
            json!({"displayName": "x", "catalogId": CATALOG.to_uppercase()}),
        ] {
            let package = create(&body, None).unwrap();
            assert_eq!(package.catalog_id.to_string(), CATALOG, "{body}");
            assert!(!package.is_hidden && package.is_role_scopes_visible);
        }
    }

    #[test]
    fn the_catalog_of_the_path_needs_no_name_and_bears_no_other() {
        let implied = Some(CATALOG.parse().unwrap());
        let other =
            json!({"displayName": "x", "catalogId": "7d4f1c5e-1c3a-4f1e-9a53-0f3f7f5f2a01"});

        let package = create(&json!({"displayName": "x"}), implied).unwrap();
        let refused = create(&other, implied).unwrap_err();

        assert_eq!(Some(package.catalog_id), implied);
        assert_eq!(refused.target, "catalog/id");
    }

    #[test]
    fn a_move_names_a_catalog() {
        let wanted = move_to_catalog(&json!({"catalogId": CATALOG})).unwrap();
        let refused = move_to_catalog(&json!({"catalogId": "7"})).unwrap_err();

        assert_eq!(wanted.to_string(), CATALOG);
        assert_eq!(refused.target, "catalogId");
        assert_eq!(move_to_catalog(&json!({})).unwrap_err().target, "catalogId");
    }

    #[test]
    fn flaws_name_the_member() {
        for (body, target) in [
            (json!({"displayName": "x"}), "catalog/id"),
            (
                json!({"displayName": "x", "catalog": {"id": "7"}}),
                "catalog/id",
            ),
            (json!({"catalog": {"id": CATALOG}}), "displayName"),
            (
                json!({"displayName": "x", "catalog": {"id": CATALOG}, "isHidden": 1}),
                "isHidden",
            ),
        ] {
            assert_eq!(create(&body, None).unwrap_err().target, target, "{body}");
        }
    }

    #[test]
    fn an_update_passes_over_the_catalog() {
        let change = update(&json!({
            "accessPackageCatalog": {"id": CATALOG}, "displayName": "y", "description": "", "isHidden": true
        }))
        .unwrap();

        assert_eq!(
            change,
            AccessPackageChange {
                display_name: Some("y".to_owned()),
                description: Change::Set(String::new()),
                is_hidden: Some(true),
                ..AccessPackageChange::default()
            }
        );
    }
}
