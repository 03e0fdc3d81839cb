//! Catalogs: `state` in v1.0 is `catalogStatus` in beta.

use domain::catalog::{CatalogChange, CatalogState, NewCatalog};
use serde_json::Value as Json;

use super::{DecodeError, changed, changed_text, either, flag, root, text, word};
use crate::body::Node;

/// Reads a catalog to create.
pub fn create(body: &Json) -> Result<NewCatalog, DecodeError> {
    let root = root(body)?;
    let named = NewCatalog::named(root.member("displayName").required_text()?);
    Ok(NewCatalog {
        description: text(&root.member("description"))?,
        state: state(&either(&root, &["state", "catalogStatus"]))?.unwrap_or(named.state),
        is_externally_visible: flag(&root.member("isExternallyVisible"))?
            .unwrap_or(named.is_externally_visible),
        unique_name: text(&root.member("uniqueName"))?,
        ..named
    })
}

/// Reads what to change of a catalog.
pub fn update(body: &Json) -> Result<CatalogChange, DecodeError> {
    let root = root(body)?;
    let published = match changed(&root, "state", state)? {
        Some(state) => Some(state),
        None => changed(&root, "catalogStatus", state)?,
    };
    Ok(CatalogChange {
        display_name: changed(&root, "displayName", text)?,
        description: changed_text(&root, "description")?,
        state: published,
        is_externally_visible: changed(&root, "isExternallyVisible", flag)?,
        unique_name: changed_text(&root, "uniqueName")?,
    })
}

fn state(node: &Node<'_>) -> Result<Option<CatalogState>, DecodeError> {
    word(
        node,
        CatalogState::from_name,
        &CatalogState::ALL
            .iter()
            .map(|one| one.as_str())
            .collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests {
    use domain::change::Change;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_enough_and_the_rest_has_defaults() {
        let catalog = create(&json!({"displayName": "Finance"})).unwrap();

        assert_eq!(catalog, NewCatalog::named("Finance"));
        assert_eq!(catalog.state, CatalogState::Published);
        assert!(catalog.is_externally_visible);
    }

    #[test]
    fn both_spellings_of_the_state_are_read_in_any_case() {
        for body in [
            json!({"@odata.type": "#microsoft.graph.accessPackageCatalog", "displayName": "x", "state": "Unpublished"}),
            json!({"displayName": "x", "catalogStatus": "unpublished", "isExternallyVisible": false}),
        ] {
            assert_eq!(create(&body).unwrap().state, CatalogState::Unpublished);
        }
    }

    #[test]
    fn flaws_name_the_member() {
        for (body, target) in [
            (json!({}), "displayName"),
            (json!({"displayName": "  "}), "displayName"),
            (json!({"displayName": 5}), "displayName"),
            (
                json!({"displayName": "x", "catalogStatus": "open"}),
                "catalogStatus",
            ),
            (
                json!({"displayName": "x", "isExternallyVisible": "yes"}),
                "isExternallyVisible",
            ),
        ] {
            assert_eq!(create(&body).unwrap_err().target, target, "{body}");
        }
    }

    #[test]
    fn an_update_keeps_what_it_does_not_name() {
        let change = update(&json!({"description": null, "catalogStatus": "published"})).unwrap();

        assert_eq!(change.display_name, None);
        assert_eq!(change.description, Change::Clear);
        assert_eq!(change.state, Some(CatalogState::Published));
        assert_eq!(change.unique_name, Change::Keep);
        assert_eq!(
            update(&json!({"displayName": null})).unwrap_err().target,
            "displayName"
        );
    }
}
