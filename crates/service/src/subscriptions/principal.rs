//! What a subscriber's token said, kept for as long as the subscription lives.
//!
//! **Invariant:** only what a decision needs is kept: who, through which application, with which permissions. The roles
//! that the directory gives are asked for anew each time.

use std::sync::Arc;

use auth::principal::{DirectoryRole, Kind, PermissionSet, Principal, TokenFacts};
use serde_json::{Value as Json, json};

/// The document that keeps it.
pub(super) fn document(principal: &Principal) -> String {
    let roles: Vec<_> = principal
        .token
        .directory_roles
        .iter()
        .map(|role| role.template_id())
        .collect();
    json!({
        "v": 1,
        "isApplication": principal.is_application(),
        "object": principal.object().to_string(),
        "clientId": principal.client_id(),
        "scopes": principal.scopes().to_string(),
        "directoryRoles": roles,
        "tenant": principal.token.tenant,
        "issuer": &*principal.token.issuer,
    })
    .to_string()
}

/// The principal that a document keeps; `None` if it is none.
pub(super) fn read(document: &str) -> Option<Arc<Principal>> {
    let json: Json = serde_json::from_str(document).ok()?;
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let object = text("object")?.parse().ok()?;
    let client_id = text("clientId").map(ToOwned::to_owned);
    let kind = if json.get("isApplication")?.as_bool()? {
        Kind::Application {
            object,
            client_id: client_id?,
        }
    } else {
        Kind::Delegated {
            user: object,
            client_id,
        }
    };
    let directory_roles = json.get("directoryRoles")?.as_array()?;
    Some(Arc::new(Principal {
        kind,
        token: TokenFacts {
            scopes: PermissionSet::from_names(text("scopes")?.split(' ')),
            directory_roles: directory_roles
                .iter()
                .filter_map(|role| DirectoryRole::from_template_id(role.as_str()?))
                .collect(),
            tenant: text("tenant").map(ToOwned::to_owned),
            issuer: Arc::from(text("issuer")?),
            token_id: None,
        },
    }))
}

#[cfg(test)]
mod tests {
    use auth::principal::Permission;
    use domain::id::ObjectId;

    use super::*;

    #[test]
    fn what_a_token_said_comes_back_as_it_was() {
        let object: ObjectId = "62e90394-69f5-4237-9190-012177145e10".parse().unwrap();
        let kinds = [
            Kind::Delegated {
                user: object,
                client_id: None,
            },
            Kind::Application {
                object,
                client_id: "app".to_owned(),
            },
        ];
        for kind in kinds {
            let principal = Principal {
                kind,
                token: TokenFacts {
                    scopes: PermissionSet::of(&[
                        Permission::EntitlementManagementReadAll,
                        Permission::UserRead,
                    ]),
                    directory_roles: vec![DirectoryRole::GlobalReader],
                    tenant: Some("t".to_owned()),
                    issuer: Arc::from("i"),
                    token_id: None,
                },
            };
            assert_eq!(*read(&document(&principal)).unwrap(), principal);
        }
        assert_eq!(read("{}"), None);
        assert_eq!(read("no document"), None);
    }
}
