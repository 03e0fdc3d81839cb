//! References: the address of an object where the object itself is meant (OD-13).
//!
//! **Invariant:** the host, the version and the casing of an address do not matter, and neither does whether it is
//! absolute; what matters is that it ends in a directory object.

use domain::directory::ObjectKind;
use domain::id::ObjectId;
use serde_json::Value as Json;

use super::{DecodeError, id, root, texts};
use crate::body::Node;

/// The sets that directory objects are found in.
const DIRECTORY_SETS: &[&str] = &["directoryObjects", "users", "groups", "servicePrincipals"];

/// Reads the body of a `$ref` request: the directory object that it refers to.
pub fn reference(body: &Json) -> Result<ObjectId, DecodeError> {
    let root = root(body)?;
    let address = root.member("@odata.id");
    match bound(&address)? {
        Some(object) => Ok(object),
        None => Err(address.invalid("is required").into()),
    }
}

/// The directory object that an `@odata.bind` member refers to, if there is one.
pub fn bound(node: &Node<'_>) -> Result<Option<ObjectId>, DecodeError> {
    let Some(address) = node.text()? else {
        return Ok(None);
    };
    let Some(object) = directory_object(address) else {
        let expected =
            "must be the address of a directory object, such as `…/v1.0/directoryObjects/{id}`";
        return Err(node.invalid(expected).into());
    };
    Ok(Some(object))
}

/// The directory objects that an `@odata.bind` list refers to.
pub fn bound_list(node: &Node<'_>) -> Result<Vec<ObjectId>, DecodeError> {
    let mut objects = Vec::new();
    for item in node.items()? {
        objects.push(bound(&item)?.ok_or_else(|| item.invalid("must not be null"))?);
    }
    Ok(objects)
}

/// The directory object that an address ends in.
pub fn directory_object(address: &str) -> Option<ObjectId> {
    object_in(address, DIRECTORY_SETS)?.parse().ok()
}

/// The key of the object that an address ends in, if that is one of `sets`: `…/set/key`, `…/set('key')`, with or
/// without a cast behind it. The key is the address's own text.
pub fn object_in<'a>(address: &'a str, sets: &[&str]) -> Option<&'a str> {
    let path = address.split(['?', '#']).next()?.trim_end_matches('/');
    let uncast = match path.rsplit_once('/') {
        Some((before, last)) if last.to_ascii_lowercase().starts_with("microsoft.graph.") => before,
        _ => path,
    };
    let (before, last) = uncast.rsplit_once('/').unwrap_or(("", uncast));
    let is_set = |name: &str| sets.iter().any(|set| set.eq_ignore_ascii_case(name));
    if let Some((set, key)) = last.strip_suffix(')').and_then(|call| call.split_once('(')) {
        return is_set(set).then(|| key.trim_matches('\''));
    }
    let set = before.rsplit_once('/').map_or(before, |(_, set)| set);
    is_set(set).then_some(last)
}

/// Reads the body of `getByIds`: the ids, and the kinds that are wanted; kinds that mean nothing here are left out, and
/// all are meant if none is named. The second is `None` if kinds were named, but none that means anything.
pub fn ids_and_kinds(body: &Json) -> Result<(Vec<ObjectId>, Option<Vec<ObjectKind>>), DecodeError> {
    let root = root(body)?;
    let listed = root.member("ids");
    if listed.is_null() {
        return Err(listed.invalid("is required").into());
    }
    let mut ids = Vec::new();
    for item in listed.items()? {
        ids.push(id(&item)?.ok_or_else(|| item.invalid("must be a GUID"))?);
    }
    let names = texts(&root.member("types"))?.unwrap_or_default();
    if names.is_empty()
        || names
            .iter()
            .any(|name| name.eq_ignore_ascii_case("directoryObject"))
    {
        return Ok((ids, Some(Vec::new())));
    }
    let kinds: Vec<ObjectKind> = names
        .iter()
        .filter_map(|name| ObjectKind::from_name(name))
        .collect();
    Ok((ids, (!kinds.is_empty()).then_some(kinds)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "ae79f266-94d4-4dab-b730-feca7e132178";

    #[test]
    fn addresses_are_read_in_all_their_forms() {
        for address in [
            format!("https://h:8443/v1.0/directoryObjects/{ID}"),
            format!("https://h/beta/DirectoryObjects/{}", ID.to_uppercase()),
            format!("/v1.0/users/{ID}"),
            format!("users/{ID}/"),
            format!("groups('{ID}')"),
            format!("https://h/v1.0/servicePrincipals({ID})"),
            format!("https://h/v1.0/directoryObjects/{ID}/microsoft.graph.user"),
            format!("https://h/v1.0/directoryObjects/{ID}?x=y"),
        ] {
            let object = reference(&json!({"@odata.id": address})).unwrap();

            assert_eq!(object.to_string(), ID, "{address}");
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for address in [
            json!(null),
            json!(""),
            json!("x"),
            json!(ID),
            json!(5),
            json!("https://h/v1.0/users/alice"),
            json!(format!("https://h/v1.0/applications/{ID}")),
            json!(format!("https://h/v1.0/users/{ID}/manager")),
            json!("users(ä"),
        ] {
            let error = reference(&json!({"@odata.id": address})).unwrap_err();

            assert_eq!(error.target, "@odata.id", "{address}");
        }
    }

    #[test]
    fn other_sets_have_other_names() {
        let address =
            format!("https://h/beta/identityGovernance/entitlementManagement/accessPackages/{ID}");

        assert_eq!(object_in(&address, &["accessPackages"]), Some(ID));
        assert_eq!(object_in(&address, &["groups"]), None);
    }

    #[test]
    fn kinds_narrow_a_look_up() {
        let kinds = |types: Json| {
            ids_and_kinds(&json!({"ids": [ID], "types": types}))
                .unwrap()
                .1
        };

        assert_eq!(
            kinds(json!(["User", "device"])),
            Some(vec![ObjectKind::User])
        );
        assert_eq!(kinds(json!([])), Some(vec![]));
        assert_eq!(kinds(json!(["directoryObject"])), Some(vec![]));
        assert_eq!(kinds(json!(["device"])), None);
        assert_eq!(ids_and_kinds(&json!({})).unwrap_err().target, "ids");
        assert_eq!(
            ids_and_kinds(&json!({"ids": ["x"]})).unwrap_err().target,
            "ids/0"
        );
    }
}
