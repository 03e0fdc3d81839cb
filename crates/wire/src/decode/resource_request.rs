//! Requests to add, update or remove a resource, in the spellings of both versions (DL-10).

use domain::resource::{NewResourceRequest, ResourceRequestType};
use serde_json::{Map, Value as Json, json};

use super::access_package::catalog_id;
use super::resource_role_scope::resource;
use super::{DecodeError, either, flag, id, root, text, word};
use crate::body::Node;

/// Reads a request about a resource. `executeImmediately` is passed over: every request is carried out at once.
pub fn create(body: &Json) -> Result<NewResourceRequest, DecodeError> {
    let root = root(body)?;
    let kind = root.member("requestType");
    let words: Vec<_> = ResourceRequestType::ALL
        .iter()
        .map(|one| one.as_str())
        .collect();
    let request_type = word(&kind, ResourceRequestType::from_name, &words)?
        .ok_or_else(|| kind.invalid("is required"))?;
    let resource_node = either(&root, &["resource", "accessPackageResource"]);
    if resource_node.object()?.is_none() {
        return Err(resource_node.invalid("is required").into());
    }
    let catalog_id = match catalog_id(&root)? {
        Some(catalog) => Some(catalog),
        None => id(&resource_node.member("catalogId"))?,
    };
    Ok(NewResourceRequest {
        request_type,
        catalog_id,
        resource: resource(&resource_node)?,
        attributes_json: attributes(&resource_node.member("attributes"))?,
        justification: text(&root.member("justification"))?,
        is_validation_only: flag(&root.member("isValidationOnly"))?.unwrap_or(false),
    })
}

/// The attributes in the one internal shape, as a document; `None` if the body says nothing about them.
fn attributes(node: &Node<'_>) -> Result<Option<String>, DecodeError> {
    if node.is_null() {
        return Ok(None);
    }
    let items: Result<Vec<Json>, DecodeError> = node.items()?.iter().map(attribute).collect();
    Ok(Some(json!({ "v": 1, "items": items? }).to_string()))
}

/// One attribute under the names of v1.0; the id, which only beta shows, is kept.
fn attribute(node: &Node<'_>) -> Result<Json, DecodeError> {
    let mut attribute = Map::new();
    if let Some(id) = text(&node.member("id"))? {
        attribute.insert("id".to_owned(), json!(id));
    }
    let name = either(node, &["name", "attributeName"]);
    attribute.insert("name".to_owned(), json!(name.required_text()?));
    for (own, beta) in [
        ("source", "attributeSource"),
        ("destination", "attributeDestination"),
    ] {
        let member = either(node, &[own, beta]);
        member.object()?;
        attribute.insert(own.to_owned(), member.json().clone());
    }
    for name in ["isEditable", "isPersistedOnAssignmentRemoval"] {
        let value = flag(&node.member(name))?.unwrap_or(false);
        attribute.insert(name.to_owned(), json!(value));
    }
    Ok(Json::Object(attribute))
}

#[cfg(test)]
mod tests {
    use domain::access_package::ResourceReference;

    use super::*;

    const CATALOG: &str = "ae79f266-94d4-4dab-b730-feca7e132178";
    const GROUP: &str = "44272f93-9762-48e8-af59-1b5351b1d6b3";

    #[test]
    fn additions_are_read_in_both_versions() {
        let expected = NewResourceRequest {
            request_type: ResourceRequestType::AdminAdd,
            catalog_id: Some(CATALOG.parse().unwrap()),
            resource: ResourceReference {
                id: None,
                origin_id: Some(GROUP.to_owned()),
                origin_system: Some("AadGroup".to_owned()),
            },
            attributes_json: None,
            justification: None,
            is_validation_only: false,
        };
        for body in [
            json!({
                "requestType": "adminAdd", "catalog": {"id": CATALOG},
                "resource": {"originId": GROUP, "originSystem": "AadGroup"}
            }),
            json!({
                "requestType": "AdminAdd", "catalogId": CATALOG, "executeImmediately": true,
                "accessPackageResource": {"originId": GROUP, "originSystem": "AadGroup"}
            }),
        ] {
            assert_eq!(create(&body).unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn a_removal_may_name_our_id_alone() {
        let request =
            create(&json!({"requestType": "adminRemove", "resource": {"id": GROUP}})).unwrap();

        assert_eq!(request.catalog_id, None);
        assert_eq!(request.resource.id, Some(GROUP.parse().unwrap()));
    }

    #[test]
    fn attributes_of_either_version_become_one_document() {
        let with = |attribute: Json| {
            let body = json!({"requestType": "adminUpdate", "resource": {"id": GROUP, "attributes": [attribute]}});
            create(&body).unwrap().attributes_json.unwrap()
        };

        let v1 = with(
            json!({"name": "city", "source": {"a": 1}, "destination": {"b": 2}, "isEditable": true}),
        );
        let beta = with(json!({
            "attributeName": "city", "attributeSource": {"a": 1}, "attributeDestination": {"b": 2}, "isEditable": true
        }));

        assert_eq!(v1, beta);
        assert_eq!(
            serde_json::from_str::<Json>(&v1).unwrap(),
            json!({"v": 1, "items": [{
                "name": "city", "source": {"a": 1}, "destination": {"b": 2},
                "isEditable": true, "isPersistedOnAssignmentRemoval": false
            }]})
        );
    }

    #[test]
    fn flaws_name_the_member() {
        for (body, target) in [
            (json!({"resource": {}}), "requestType"),
            (
                json!({"requestType": "userAdd", "resource": {}}),
                "requestType",
            ),
            (json!({"requestType": "adminAdd"}), "resource"),
            (
                json!({"requestType": "adminAdd", "resource": []}),
                "resource",
            ),
            (
                json!({"requestType": "adminAdd", "resource": {}, "catalogId": "x"}),
                "catalogId",
            ),
            (
                json!({"requestType": "adminUpdate", "resource": {"attributes": [{}]}}),
                "resource/attributes/0/name",
            ),
        ] {
            assert_eq!(create(&body).unwrap_err().target, target, "{body}");
        }
    }
}
