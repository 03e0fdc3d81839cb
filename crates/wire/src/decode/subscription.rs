//! Subscriptions to changes: what is followed by its address, in the names of the version that is spoken.
//!
//! **Invariant:** a member that would change what is notified and is not understood is refused, never passed over.

use domain::id::RequestId;
use domain::model;
use domain::subscription::{
    ChangeType, ClientState, Followed, NewSubscription, Resource, SubscriptionChange,
};
use serde_json::Value as Json;

use super::{DecodeError, changed, root, text};
use crate::body::{InvalidField, Node};
use crate::sets::{ENTITY_SETS, EntitySet, Root};
use crate::version::Version;

/// Members that ask for what is not done.
const REFUSED: [(&str, &str); 7] = [
    (
        "encryptionCertificate",
        "is not supported: notifications carry no resource data",
    ),
    (
        "encryptionCertificateId",
        "is not supported: notifications carry no resource data",
    ),
    (
        "notificationQueryOptions",
        "is not supported: notifications carry no resource data",
    ),
    (
        "notificationContentType",
        "is not supported: notifications are `application/json`",
    ),
    (
        "vapidPublicKey",
        "is not supported: notifications are posted by HTTP alone",
    ),
    (
        "webPushEncryptionP256dhPublicKey",
        "is not supported: notifications are posted by HTTP alone",
    ),
    (
        "webPushEncryptionSecret",
        "is not supported: notifications are posted by HTTP alone",
    ),
];

/// Members that stay as they were.
const FIXED: [&str; 6] = [
    "changeType",
    "clientState",
    "latestSupportedTlsVersion",
    "lifecycleNotificationUrl",
    "notificationUrlAppId",
    "resource",
];

/// Reads a subscription to create.
pub fn create(version: Version, body: &Json) -> Result<NewSubscription, DecodeError> {
    let root = root(body)?;
    refuse(&root)?;
    let end = root.member("expirationDateTime");
    let tls = text(&root.member("latestSupportedTlsVersion"))?;
    Ok(NewSubscription {
        resource: resource(version, &root.member("resource"))?,
        api_version: version.as_str(),
        change_types: change_types(&root.member("changeType"))?,
        notification_url: root.member("notificationUrl").required_text()?.to_owned(),
        lifecycle_url: text(&root.member("lifecycleNotificationUrl"))?,
        notification_url_app_id: text(&root.member("notificationUrlAppId"))?,
        client_state: text(&root.member("clientState"))?.map(ClientState::new),
        tls_version: tls.unwrap_or_else(|| "v1_2".to_owned()),
        expires_at: end.instant()?.ok_or_else(|| end.invalid("is required"))?,
    })
}

/// Reads what to change of a subscription.
pub fn update(body: &Json) -> Result<SubscriptionChange, DecodeError> {
    let root = root(body)?;
    refuse(&root)?;
    for name in FIXED {
        let member = root.member(name);
        if !member.is_null() {
            let message = "cannot be changed: delete the subscription and create another";
            return Err(member.invalid(message).into());
        }
    }
    let change = SubscriptionChange {
        expires_at: changed(&root, "expirationDateTime", |node| Ok(node.instant()?))?,
        notification_url: changed(&root, "notificationUrl", text)?,
    };
    if change == SubscriptionChange::default() {
        let end = root.member("expirationDateTime");
        return Err(end
            .invalid("is required, unless `notificationUrl` is given")
            .into());
    }
    Ok(change)
}

fn refuse(root: &Node<'_>) -> Result<(), DecodeError> {
    for (name, why) in REFUSED {
        let member = root.member(name);
        if !member.is_null() {
            return Err(member.invalid(why).into());
        }
    }
    let data = root.member("includeResourceData");
    if data.flag()? == Some(true) {
        return Err(data
            .invalid("must be false: notifications carry no resource data")
            .into());
    }
    Ok(())
}

fn change_types(node: &Node<'_>) -> Result<Vec<ChangeType>, DecodeError> {
    let mut read = Vec::new();
    for word in node.required_text()?.split(',').map(str::trim) {
        let one = ChangeType::from_name(word).ok_or_else(|| {
            node.invalid(format!(
                "must be made of `created`, `updated` and `deleted`, not `{word}`"
            ))
        })?;
        if !read.contains(&one) {
            read.push(one);
        }
    }
    Ok(read)
}

fn resource(version: Version, node: &Node<'_>) -> Result<Resource, DecodeError> {
    let written = node.required_text()?;
    let path = written.trim_matches('/');
    if path.contains('?') {
        let message = "must not have query options: all changes of the collection, or of one object, are followed";
        return Err(node.invalid(message).into());
    }
    for (set, of) in followed() {
        if set.name(version).is_none() {
            continue;
        }
        let collection = set.path(version);
        let object = match below(path, &collection) {
            None => continue,
            Some(Below::Everything) => None,
            Some(Below::One(key)) => Some(object(node, key)?),
        };
        return Ok(Resource {
            text: written.to_owned(),
            of,
            object,
            collection,
        });
    }
    let known: Vec<_> = followed()
        .filter(|(set, _)| set.name(version).is_some())
        .map(|(set, _)| format!("`{}`", set.path(version)))
        .collect();
    let message = format!("must be {} or one object of it", known.join(" or "));
    Err(node.invalid(message).into())
}

/// The sets that can be followed.
fn followed() -> impl Iterator<Item = (&'static EntitySet, Followed)> {
    ENTITY_SETS.iter().filter_map(|set| {
        let of = if set.of.entity == &model::ASSIGNMENT_REQUEST {
            Followed::AssignmentRequest
        } else if set.of.entity == &model::ASSIGNMENT {
            Followed::Assignment
        } else {
            return None;
        };
        (set.root == Root::EntitlementManagement).then_some((set, of))
    })
}

/// Where a path leads.
enum Below<'p> {
    Everything,
    One(&'p str),
}

/// What a path has below a collection: nothing, or a key. `None` if it leads elsewhere.
fn below<'p>(path: &'p str, collection: &str) -> Option<Below<'p>> {
    let (begin, rest) = path.split_at_checked(collection.len())?;
    if !begin.eq_ignore_ascii_case(collection) {
        return None;
    }
    if rest.is_empty() {
        return Some(Below::Everything);
    }
    if let Some(key) = rest.strip_prefix('/') {
        return Some(Below::One(key));
    }
    let quoted = rest.strip_prefix('(')?.strip_suffix(')')?;
    Some(Below::One(quoted.trim_matches('\'')))
}

fn object(node: &Node<'_>, key: &str) -> Result<String, InvalidField> {
    key.parse::<RequestId>()
        .map(|id| id.to_string())
        .map_err(|_| node.invalid("must end with the id of one object, which is a GUID"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "AE79F266-94D4-4DAB-B730-FECA7E132178";
    const EM: &str = "identityGovernance/entitlementManagement";

    fn body(resource: &str) -> Json {
        json!({
            "changeType": "Updated, created,updated", "resource": resource,
            "notificationUrl": "https://receiver.example/in", "expirationDateTime": "2026-01-02T03:04:05Z",
        })
    }

    #[test]
    fn what_is_followed_is_named_as_its_version_names_it() {
        let read =
            |version, resource: String| create(version, &body(&resource)).map(|it| it.resource);

        let all = read(Version::V1, format!("/{EM}/assignmentRequests")).unwrap();
        assert_eq!((all.of, all.object), (Followed::AssignmentRequest, None));
        let one = read(Version::V1, format!("{EM}/assignments/{ID}")).unwrap();
        assert_eq!(one.of, Followed::Assignment);
        assert_eq!(
            one.object.as_deref(),
            Some(ID.to_ascii_lowercase().as_str())
        );
        assert_eq!(one.collection, format!("{EM}/assignments"));
        let beta = read(
            Version::Beta,
            format!("{EM}/accessPackageAssignments('{ID}')"),
        )
        .unwrap();
        assert_eq!(beta.collection, format!("{EM}/accessPackageAssignments"));
        assert!(beta.object.is_some());

        for (version, resource) in [
            (Version::V1, format!("{EM}/accessPackageAssignmentRequests")),
            (Version::Beta, format!("{EM}/assignments")),
            (Version::V1, format!("{EM}/catalogs")),
            (Version::V1, format!("{EM}/assignments/x")),
            (Version::V1, format!("{EM}/assignments/{ID}/target")),
            (Version::V1, format!("{EM}/assignmentsX")),
            (Version::V1, format!("{EM}/assignments?$filter=x")),
            (Version::V1, "users".to_owned()),
            (Version::V1, "ü".to_owned()),
            (Version::V1, " ".to_owned()),
        ] {
            let flaw = read(version, resource.clone()).unwrap_err();
            assert_eq!(flaw.target, "resource", "{resource}");
        }
    }

    #[test]
    fn each_change_is_named_once_and_what_is_not_understood_is_refused() {
        let resource = format!("{EM}/assignments");
        let read = create(Version::V1, &body(&resource)).unwrap();
        assert_eq!(
            read.change_types,
            [ChangeType::Updated, ChangeType::Created]
        );
        assert_eq!(read.tls_version, "v1_2");

        for (name, value) in [
            ("changeType", json!("moved")),
            ("changeType", json!("")),
            ("expirationDateTime", json!(null)),
            ("expirationDateTime", json!("soon")),
            ("notificationUrl", json!(null)),
            ("includeResourceData", json!(true)),
            ("encryptionCertificate", json!("x")),
            ("notificationQueryOptions", json!("x")),
            ("clientState", json!(5)),
        ] {
            let mut body = body(&resource);
            body[name] = value;
            assert_eq!(
                create(Version::V1, &body).unwrap_err().target,
                name,
                "{body}"
            );
        }
    }

    #[test]
    fn an_update_renews_or_sends_elsewhere_and_changes_nothing_else() {
        let change = update(&json!({"expirationDateTime": "2026-01-02T03:04:05Z"})).unwrap();
        assert!(change.expires_at.is_some() && change.notification_url.is_none());

        assert_eq!(update(&json!({})).unwrap_err().target, "expirationDateTime");
        for name in FIXED {
            assert_eq!(update(&json!({name: "x"})).unwrap_err().target, name);
        }
        assert_eq!(
            update(&json!({"notificationUrl": null}))
                .unwrap_err()
                .target,
            "notificationUrl"
        );
    }
}
