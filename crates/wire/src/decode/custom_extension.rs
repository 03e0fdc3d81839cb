//! Custom extensions and their configurations, the stages at which policies call them, and what receivers answer.

use domain::change::Change;
use domain::extension::{
    Authentication, Callback, ClientConfiguration, DEFAULT_CALLBACK_TIMEOUT, Endpoint,
    ExtensionChange, ExtensionDraft, ExtensionType, Stage,
};
use domain::id::CustomExtensionId;
use serde_json::Value as Json;

use super::{DecodeError, changed, changed_text, either, id, root, text};
use crate::body::Node;

/// Reads an extension to create. `default_type` is what the collection holds, where it holds one type only.
pub fn create(
    body: &Json,
    default_type: Option<ExtensionType>,
) -> Result<ExtensionDraft, DecodeError> {
    let root = root(unwrapped(body))?;
    let named = object_type(&root)?.or(default_type);
    let annotation = root.member(TYPE);
    let object_type = named.ok_or_else(|| {
        annotation.invalid("must say which type of extension it is, such as `#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension`")
    })?;
    let configuration = root.member("endpointConfiguration");
    Ok(ExtensionDraft {
        object_type,
        display_name: root.member("displayName").required_text()?.to_owned(),
        description: text(&root.member("description"))?,
        endpoint: endpoint(&configuration)?.ok_or_else(|| configuration.invalid("is required"))?,
        authentication: authentication(&root.member("authenticationConfiguration"))?,
        client: client(&root.member("clientConfiguration"))?,
        callback: callback(&root.member("callbackConfiguration"))?,
    })
}

/// Reads what to change of an extension.
pub fn update(body: &Json) -> Result<ExtensionChange, DecodeError> {
    let root = root(unwrapped(body))?;
    Ok(ExtensionChange {
        object_type: object_type(&root)?,
        display_name: changed(&root, "displayName", text)?,
        description: changed_text(&root, "description")?,
        endpoint: changed(&root, "endpointConfiguration", endpoint)?,
        authentication: change_of(&root, "authenticationConfiguration", authentication)?,
        client: change_of(&root, "clientConfiguration", client)?,
        callback: change_of(&root, "callbackConfiguration", callback)?,
    })
}

/// What stands in a link where the id of an extension has to.
pub(crate) fn id_in_link(link: &str) -> &str {
    let last = link.trim_end_matches('/').rsplit('/').next();
    let last = last.unwrap_or_default().trim_end_matches("')");
    last.rsplit("('").next().unwrap_or_default()
}

/// Reads a stage setting or a handler: the stage, and the id of the extension in whatever form it is written (PO-31).
pub fn stage_setting(
    body: &Json,
) -> Result<(Option<Stage>, Option<CustomExtensionId>), DecodeError> {
    let root = root(unwrapped(body))?;
    let stage = super::word(
        &root.member("stage"),
        Stage::from_name,
        &Stage::ALL
            .iter()
            .map(|stage| stage.as_str())
            .collect::<Vec<_>>(),
    )?;
    let reference = root.member("customExtension@odata.bind");
    let extension = match reference.text()? {
        Some(link) => {
            let read = id_in_link(link).parse().ok();
            Some(read.ok_or_else(|| reference.invalid("must end in the id of an extension"))?)
        }
        None => id(&root.member("customExtension").member("id"))?,
    };
    Ok((stage, extension))
}

const TYPE: &str = "@odata.type";

/// Some pages print the object wrapped in `value` (HT-3).
fn unwrapped(body: &Json) -> &Json {
    match body.get("value") {
        Some(inner) if inner.is_object() && body.get("displayName").is_none() => inner,
        _ => body,
    }
}

/// The name of the type of an object, without namespace.
fn type_name(node: &Node<'_>) -> Result<Option<String>, DecodeError> {
    let annotation = node.member(TYPE);
    let name = annotation.text()?.filter(|name| !name.is_empty());
    Ok(name.map(|name| {
        let bare = name.rsplit(['.', '#']).next();
        bare.unwrap_or_default().to_owned()
    }))
}

fn object_type(root: &Node<'_>) -> Result<Option<ExtensionType>, DecodeError> {
    let Some(name) = type_name(root)? else {
        return Ok(None);
    };
    // The declared type says nothing about which of those derived from it is meant.
    if name.eq_ignore_ascii_case("customCalloutExtension") {
        return Ok(None);
    }
    let read = ExtensionType::from_name(&name)
        .ok_or_else(|| root.member(TYPE).invalid("names no type of extension"))?;
    Ok(Some(read))
}

fn change_of<T>(
    root: &Node<'_>,
    name: &str,
    read: impl Fn(&Node<'_>) -> Result<Option<T>, DecodeError>,
) -> Result<Change<T>, DecodeError> {
    if !root.has(name) {
        return Ok(Change::Keep);
    }
    Ok(read(&root.member(name))?.map_or(Change::Clear, Change::Set))
}

fn endpoint(node: &Node<'_>) -> Result<Option<Endpoint>, DecodeError> {
    if node.object()?.is_none() {
        return Ok(None);
    }
    let name = type_name(node)?.unwrap_or_default().to_ascii_lowercase();
    let target_url = node.member("targetUrl");
    let is_http = match name.as_str() {
        "logicapptriggerendpointconfiguration" => false,
        "httprequestendpoint" => true,
        "" | "customextensionendpointconfiguration" => !target_url.is_null(),
        _ => {
            return Err(node
                .member(TYPE)
                .invalid("names no kind of endpoint")
                .into());
        }
    };
    if is_http {
        return Ok(Some(Endpoint::Http {
            target_url: target_url.required_text()?.to_owned(),
        }));
    }
    Ok(Some(Endpoint::LogicApp {
        subscription_id: text(&node.member("subscriptionId"))?,
        resource_group_name: text(&node.member("resourceGroupName"))?,
        workflow_name: text(&node.member("logicAppWorkflowName"))?,
        // Nobody here can ask for it where it is left out.
        url: node.member("url").required_text()?.to_owned(),
    }))
}

fn authentication(node: &Node<'_>) -> Result<Option<Authentication>, DecodeError> {
    if node.object()?.is_none() {
        return Ok(None);
    }
    let name = type_name(node)?.unwrap_or_default().to_ascii_lowercase();
    let resource_id = node.member("resourceId");
    let is_bearer = match name.as_str() {
        "azureadtokenauthentication" => true,
        "azureadpoptokenauthentication" => false,
        "" | "customextensionauthenticationconfiguration" if !resource_id.is_null() => true,
        _ => {
            let annotation = node.member(TYPE);
            return Err(annotation
                .invalid("must be `#microsoft.graph.azureAdPopTokenAuthentication` or `#microsoft.graph.azureAdTokenAuthentication`")
                .into());
        }
    };
    Ok(Some(if is_bearer {
        Authentication::Bearer {
            resource_id: resource_id.required_text()?.to_owned(),
        }
    } else {
        Authentication::ProofOfPossession
    }))
}

fn client(node: &Node<'_>) -> Result<Option<ClientConfiguration>, DecodeError> {
    if node.object()?.is_none() {
        return Ok(None);
    }
    Ok(Some(ClientConfiguration {
        timeout_in_milliseconds: node.member("timeoutInMilliseconds").int()?,
        maximum_retries: node.member("maximumRetries").int()?,
    }))
}

fn callback(node: &Node<'_>) -> Result<Option<Callback>, DecodeError> {
    if node.object()?.is_none() {
        return Ok(None);
    }
    let type_name = match type_name(node)?.as_deref() {
        Some(name) if name.eq_ignore_ascii_case("customExtensionCallbackConfiguration") => {
            Some("customExtensionCallbackConfiguration".to_owned())
        }
        Some(name)
            if name
                .eq_ignore_ascii_case("accessPackageRequestApprovalStageCallbackConfiguration") =>
        {
            Some("accessPackageRequestApprovalStageCallbackConfiguration".to_owned())
        }
        None => None,
        Some(_) => {
            return Err(node
                .member(TYPE)
                .invalid("names no kind of callback")
                .into());
        }
    };
    // CX-11: the schema and the pages call it differently.
    let timeout = either(node, &["timeoutDuration", "durationBeforeTimeout"]).duration()?;
    Ok(Some(Callback {
        type_name,
        timeout: timeout.unwrap_or(DEFAULT_CALLBACK_TIMEOUT),
    }))
}

#[cfg(test)]
mod tests {
    use domain::time::Duration;
    use serde_json::json;

    use super::*;

    fn body() -> Json {
        json!({
            "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
            "displayName": "Ticket",
            "endpointConfiguration": {
                "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
                "subscriptionId": "s", "resourceGroupName": "g", "logicAppWorkflowName": "w",
                "url": "https://hooks.example.com/in",
            },
            "authenticationConfiguration": {"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"},
            "clientConfiguration": {"timeoutInMilliseconds": 500, "maximumRetries": 1},
            "callbackConfiguration": {"durationBeforeTimeout": "PT1H"},
        })
    }

    #[test]
    fn ht_3_an_object_is_read_bare_and_wrapped() {
        let bare = create(&body(), None).unwrap();

        assert_eq!(create(&json!({"value": body()}), None).unwrap(), bare);
        assert_eq!(bare.object_type, ExtensionType::Request);
        assert_eq!(bare.endpoint.url(), "https://hooks.example.com/in");
        assert_eq!(
            bare.callback.unwrap().timeout,
            Duration::from_minutes(60),
            "both names of the time are read (CX-11)"
        );
    }

    #[test]
    fn every_kind_of_configuration_is_told_by_its_type() {
        let mut other = body();
        other["endpointConfiguration"] = json!({"@odata.type": "#microsoft.graph.httpRequestEndpoint", "targetUrl": "https://a.example/"});
        other["authenticationConfiguration"] =
            json!({"@odata.type": "microsoft.graph.azureAdTokenAuthentication", "resourceId": "r"});
        other["callbackConfiguration"] = json!({"@odata.type": "#microsoft.graph.accessPackageRequestApprovalStageCallbackConfiguration"});

        let read = create(&other, None).unwrap();

        assert!(matches!(read.endpoint, Endpoint::Http { .. }));
        assert!(matches!(
            read.authentication,
            Some(Authentication::Bearer { .. })
        ));
        let callback = read.callback.unwrap();
        assert_eq!(callback.timeout, DEFAULT_CALLBACK_TIMEOUT);
        assert!(callback.type_name.unwrap().contains("ApprovalStage"));
    }

    #[test]
    fn flaws_name_the_member() {
        for (member, value, target) in [
            ("@odata.type", json!(null), "@odata.type"),
            ("@odata.type", json!("#microsoft.graph.user"), "@odata.type"),
            ("displayName", json!(""), "displayName"),
            (
                "endpointConfiguration",
                json!(null),
                "endpointConfiguration",
            ),
            (
                "endpointConfiguration",
                json!({}),
                "endpointConfiguration/url",
            ),
            (
                "endpointConfiguration",
                json!({"@odata.type": "#microsoft.graph.x"}),
                "endpointConfiguration/@odata.type",
            ),
            (
                "authenticationConfiguration",
                json!({}),
                "authenticationConfiguration/@odata.type",
            ),
            (
                "clientConfiguration",
                json!({"maximumRetries": "one"}),
                "clientConfiguration/maximumRetries",
            ),
            (
                "callbackConfiguration",
                json!({"timeoutDuration": "soon"}),
                "callbackConfiguration/timeoutDuration",
            ),
        ] {
            let mut wrong = body();
            wrong[member] = value;

            assert_eq!(create(&wrong, None).unwrap_err().target, target, "{wrong}");
        }
    }

    #[test]
    fn a_collection_of_one_type_needs_no_annotation() {
        let mut plain = body();
        plain.as_object_mut().unwrap().remove("@odata.type");

        let read = create(&plain, Some(ExtensionType::Legacy)).unwrap();

        assert_eq!(read.object_type, ExtensionType::Legacy);
    }

    #[test]
    fn po_31_an_extension_is_named_in_any_form() {
        let id = "ae79f266-94d4-4dab-b730-feca7e132178";
        for extension in [
            json!({"id": id}),
            json!({"id": id, "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension", "displayName": "x"}),
        ] {
            let body = json!({"stage": "AssignmentRequestCreated", "customExtension": extension});
            let (stage, named) = stage_setting(&body).unwrap();
            assert_eq!(stage, Some(Stage::RequestCreated));
            assert_eq!(named.unwrap().to_string(), id);
        }
        let link = json!({"customExtension@odata.bind": format!("https://h/v1.0/x/customWorkflowExtensions('{id}')")});
        assert_eq!(stage_setting(&link).unwrap().1.unwrap().to_string(), id);
        assert_eq!(
            stage_setting(&json!({"stage": "lunch"}))
                .unwrap_err()
                .target,
            "stage"
        );
    }
}
