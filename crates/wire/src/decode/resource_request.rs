//! Requests to add, update or remove a resource, in the spellings of both versions (DL-10).

use domain::access_package::ResourceReference;
use domain::change::Change;
use domain::id::ExternalConnectorId;
use domain::resource::{
    CUSTOM_DATA_TYPE, CustomDescription, EnvironmentReference, NewResourceRequest, OriginSystem,
    ResourceRequestType,
};
use serde_json::{Value as Json, json};

use super::access_package::catalog_id;
use super::reference::object_in;
use super::resource_role_scope::resource;
use super::{DecodeError, changed_text, either, flag, id, required_id, root, text, word};
use crate::attribute;
use crate::body::Node;

/// The sets that environments are found in.
const ENVIRONMENT_SETS: &[&str] = &["resourceEnvironments", "accessPackageResourceEnvironments"];

/// The set that connectors are found in.
const CONNECTOR_SETS: &[&str] = &["externalOriginResourceConnectors"];

/// The ways to be told of decisions about custom data.
const ENDPOINTS: &[&str] = &[
    "logicAppTriggerEndpointConfiguration",
    "httpRequestEndpoint",
];

/// Reads a request about a resource; questions without an id get a fresh one.
pub fn create(
    body: &Json,
    fresh_id: &mut dyn FnMut() -> String,
) -> Result<NewResourceRequest, DecodeError> {
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
        None => id(&root.member("catalogId"))?,
    };
    let description = description(&resource_node)?;
    Ok(NewResourceRequest {
        attributes_json: attributes(&resource_node.member("attributes"), fresh_id)?,
        environment: environment(&resource_node)?,
        connector: connector(&resource_node)?,
        justification: text(&root.member("justification"))?,
        is_validation_only: flag(&root.member("isValidationOnly"))?.unwrap_or(false),
        execute_immediately: flag(&root.member("executeImmediately"))?,
        expires_at: root.member("expirationDateTime").instant()?,
        ..NewResourceRequest::about(
            request_type,
            catalog_id,
            named(&resource_node, &description)?,
        )
        .describing(description)
    })
}

/// How a body names the resource. The type of custom data says the system, and its name is its id where none is given.
fn named(
    node: &Node<'_>,
    description: &CustomDescription,
) -> Result<ResourceReference, DecodeError> {
    let mut reference = resource(node)?;
    let type_name = text(&node.member("@odata.type"))?.unwrap_or_default();
    let bare = type_name
        .trim_start_matches('#')
        .trim_start_matches("microsoft.graph.");
    let system = OriginSystem::CustomDataProvidedResource;
    if reference.origin_system.is_none() && bare.eq_ignore_ascii_case(CUSTOM_DATA_TYPE) {
        reference.origin_system = Some(system.to_string());
    }
    let is_custom = reference
        .origin_system
        .as_deref()
        .and_then(OriginSystem::from_name)
        == Some(system);
    if is_custom && reference.id.is_none() && reference.origin_id.is_none() {
        reference.origin_id.clone_from(&description.display_name);
    }
    Ok(reference)
}

/// What the body says of a resource that no directory describes.
fn description(node: &Node<'_>) -> Result<CustomDescription, DecodeError> {
    let name = "notificationEndpointConfiguration";
    let endpoint = node.member(name);
    let notification_endpoint_json = match endpoint.object()? {
        None if node.has(name) => Change::Clear,
        None => Change::Keep,
        Some(_) => {
            let kind = endpoint.member("@odata.type");
            let named = kind.required_text()?;
            let bare = named
                .trim_start_matches('#')
                .trim_start_matches("microsoft.graph.");
            if !ENDPOINTS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(bare))
            {
                let known = ENDPOINTS.join(" or ");
                return Err(kind
                    .invalid(format!("must be {known}, not `{named}`"))
                    .into());
            }
            Change::Set(endpoint.json().to_string())
        }
    };
    Ok(CustomDescription {
        display_name: text(&node.member("displayName"))?,
        description: changed_text(node, "description")?,
        notification_endpoint_json,
    })
}

/// The connector that a body says the resource comes through: bound by its address, as an object, or null for none.
fn connector(node: &Node<'_>) -> Result<Change<ExternalConnectorId>, DecodeError> {
    let name = "externalOriginResourceConnector";
    let bound = node.member(&format!("{name}@odata.bind"));
    if let Some(address) = bound.text()? {
        let key = object_in(address, CONNECTOR_SETS).and_then(|key| key.parse().ok());
        return key.map(Change::Set).ok_or_else(|| {
            let expected =
                "must be the address of a connector, such as `…/externalOriginResourceConnectors/{id}`";
            bound.invalid(expected).into()
        });
    }
    let member = node.member(name);
    match member.object()? {
        Some(connector) => Ok(Change::Set(required_id(&connector.member("id"))?)),
        None if node.has(name) => Ok(Change::Clear),
        None => Ok(Change::Keep),
    }
}

/// The environment that a body places the resource in: bound by its address, or as an object.
fn environment(node: &Node<'_>) -> Result<Option<EnvironmentReference>, DecodeError> {
    for name in ["environment", "accessPackageResourceEnvironment"] {
        let bound = node.member(&format!("{name}@odata.bind"));
        if let Some(address) = bound.text()? {
            let key = object_in(address, ENVIRONMENT_SETS);
            let id = key.and_then(|key| key.parse().ok()).ok_or_else(|| {
                bound.invalid(
                    "must be the address of an environment, such as `…/resourceEnvironments/{id}`",
                )
            })?;
            return Ok(Some(EnvironmentReference {
                id: Some(id),
                origin_id: None,
            }));
        }
        let member = node.member(name);
        if member.object()?.is_some() {
            let reference = EnvironmentReference {
                id: id(&member.member("id"))?,
                origin_id: text(&member.member("originId"))?,
            };
            return Ok((reference != EnvironmentReference::default()).then_some(reference));
        }
    }
    Ok(None)
}

/// The attributes in the one internal shape, as a document; `None` if the body says nothing about them.
fn attributes(
    node: &Node<'_>,
    fresh_id: &mut dyn FnMut() -> String,
) -> Result<Option<String>, DecodeError> {
    if node.is_null() {
        return Ok(None);
    }
    let mut items = Vec::new();
    for item in node.items()? {
        items.push(attribute::read(&item, fresh_id)?);
    }
    Ok(Some(json!({ "v": 1, "items": items }).to_string()))
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    fn create(body: &Json) -> Result<NewResourceRequest, DecodeError> {
        super::create(body, &mut || "fresh".to_owned())
    }

    const CATALOG: &str = "ae79f266-94d4-4dab-b730-feca7e132178";
    const GROUP: &str = "44272f93-9762-48e8-af59-1b5351b1d6b3";

    #[test]
    fn additions_are_read_in_both_versions() {
        let resource = ResourceReference {
            id: None,
            origin_id: Some(GROUP.to_owned()),
            origin_system: Some("AadGroup".to_owned()),
        };
        let catalog = Some(CATALOG.parse().unwrap());
        let expected = NewResourceRequest::about(ResourceRequestType::AdminAdd, catalog, resource);

        let v1 = create(&json!({
            "requestType": "adminAdd", "catalog": {"id": CATALOG},
            "resource": {"originId": GROUP, "originSystem": "AadGroup"}
        }));
        let beta = create(&json!({
            "requestType": "AdminAdd", "catalogId": CATALOG, "executeImmediately": true,
            "justification": "needed", "expirationDateTime": "2026-01-02T03:04:05Z",
            "accessPackageResource": {"originId": GROUP, "originSystem": "AadGroup"}
        }));

        assert_eq!(v1.unwrap(), expected);
        let more = NewResourceRequest {
            execute_immediately: Some(true),
            justification: Some("needed".to_owned()),
            expires_at: Some(Timestamp::from_micros(1_767_323_045_000_000)),
            ..expected
        };
        assert_eq!(beta.unwrap(), more);
    }

    #[test]
    fn a_removal_may_name_our_id_alone() {
        let request =
            create(&json!({"requestType": "adminRemove", "resource": {"id": GROUP}})).unwrap();

        assert_eq!(request.catalog_id, None);
        assert_eq!(request.resource.id, Some(GROUP.parse().unwrap()));
    }

    #[test]
    fn custom_data_is_known_by_its_type_and_named_by_its_name() {
        let request = create(&json!({
            "requestType": "adminAdd", "catalog": {"id": CATALOG}, "resource": {
                "@odata.type": "#microsoft.graph.customDataProvidedResource", "displayName": "Doors",
                "description": null, "notificationEndpointConfiguration": {
                    "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
                    "logicAppWorkflowName": "told"
                }
            }
        }))
        .unwrap();

        let system = request.resource.origin_system.as_deref();
        assert_eq!(system, Some("CustomDataProvidedResource"));
        assert_eq!(request.resource.origin_id.as_deref(), Some("Doors"));
        assert_eq!(request.description.description, Change::Clear);
        assert!(matches!(
            request.description.notification_endpoint_json,
            Change::Set(_)
        ));
    }

    #[test]
    fn od_13_an_environment_is_bound_by_its_address_or_named_as_an_object() {
        let with = |resource: Json| {
            create(&json!({"requestType": "adminAdd", "resource": resource}))
                .map(|read| read.environment)
        };
        let bound = EnvironmentReference {
            id: Some(GROUP.parse().unwrap()),
            origin_id: None,
        };

        for resource in [
            json!({"environment@odata.bind": format!("https://h/v1.0/x/resourceEnvironments/{GROUP}")}),
            json!({"accessPackageResourceEnvironment@odata.bind":
                format!("accessPackageResourceEnvironments('{GROUP}')")}),
            json!({"environment": {"id": GROUP}}),
        ] {
            assert_eq!(
                with(resource.clone()).unwrap(),
                Some(bound.clone()),
                "{resource}"
            );
        }
        assert_eq!(with(json!({"environment": {}})).unwrap(), None);
        let refused =
            with(json!({"environment@odata.bind": "https://h/v1.0/users/x"})).unwrap_err();
        assert_eq!(refused.target, "resource/environment@odata.bind");
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
            (
                json!({"requestType": "adminAdd", "resource": {}, "expirationDateTime": "soon"}),
                "expirationDateTime",
            ),
            (
                json!({"requestType": "adminAdd", "resource": {"notificationEndpointConfiguration":
                    {"@odata.type": "#microsoft.graph.carrierPigeon"}}}),
                "resource/notificationEndpointConfiguration/@odata.type",
            ),
        ] {
            assert_eq!(create(&body).unwrap_err().target, target, "{body}");
        }
    }
}
