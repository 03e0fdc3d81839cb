//! The walk over what is neither the Graph API nor Reeve's own: provisioning, the development issuer, and what machines ask.
//! The addresses come out of the tables that requests are routed by, the methods by trying them; a door that no case names
//! fails.

use std::collections::BTreeSet;

use auth::principal::Permission;
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use server::surface;
use testkit::{Client, TestApp};

use crate::support::{NOWHERE, Server, TENANT};
use crate::walk_unknown::told;
use crate::walk_world::{Content, send};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Who asks without a token at these doors, and what an empty request is answered there.
const PUBLIC: &[(&str, &str, u16)] = &[
    // Machines that watch the server.
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 200),
    ("GET", "/metrics", 200),
    // Receivers of callouts; nothing is signed in this tenant.
    ("GET", "/extensions/keys", 404),
    ("GET", "/extensions/.well-known/openid-configuration", 404),
    // Clients that have no token yet; people are sent back to the page.
    ("GET", "/{tenant}/oauth2/v2.0/authorize", 400),
    ("POST", "/{tenant}/oauth2/v2.0/authorize", 400),
    ("POST", "/{tenant}/login", 303),
    ("POST", "/{tenant}/oauth2/v2.0/token", 400),
    ("POST", "/{tenant}/oauth2/v2.0/devicecode", 400),
    ("GET", "/{tenant}/oauth2/deviceauth", 200),
    ("POST", "/{tenant}/oauth2/deviceauth", 303),
    ("GET", "/{tenant}/oauth2/v2.0/logout", 200),
    ("POST", "/{tenant}/oauth2/v2.0/logout", 200),
    (
        "GET",
        "/{tenant}/v2.0/.well-known/openid-configuration",
        200,
    ),
    ("GET", "/{tenant}/discovery/v2.0/keys", 200),
    ("GET", "/{tenant}/discovery/instance", 200),
    ("GET", "/metadata/endpoints", 200),
];

/// What any valid token reads of provisioning: what the server can do, and nothing of what it holds.
const DESCRIPTIONS: &[&str] = &[
    "/scim/v2/ServiceProviderConfig",
    "/scim/v2/ResourceTypes",
    "/scim/v2/ResourceTypes/{id}",
    "/scim/v2/Schemas",
    "/scim/v2/Schemas/{id}",
];

/// What the protocol has and the server has not, whoever asks.
const NOT_SERVED: &[&str] = &["/scim/v2/Me", "/scim/v2/Bulk"];

fn content(service: &service::Service) -> Content {
    service
        .store
        .read_blocking(store::snapshot::content)
        .unwrap()
}

#[tokio::test]
async fn every_door_that_needs_no_token_is_named_and_takes_no_notice_of_one() {
    let server = Server::new().await;
    let before = content(&server.service);
    let (admin, weak) = (server.admin(), server.user_with("alice", &[]));
    let mut offered = BTreeSet::new();
    let mut wrong = Vec::new();
    for path in surface::open() {
        for method in METHODS {
            let mut statuses = Vec::new();
            for token in [None, Some("nonsense"), Some(&*weak), Some(&*admin)] {
                let request = Request::builder()
                    .method(Method::from_bytes(method.as_bytes()).unwrap())
                    .uri(path.replace("{tenant}", TENANT))
                    .header("host", "127.0.0.1:8080")
                    .header("content-type", "application/x-www-form-urlencoded");
                let request = match token {
                    Some(token) => request.header("authorization", format!("Bearer {token}")),
                    None => request,
                };
                let answer = server.send(request.body(Body::empty()).unwrap()).await;
                statuses.push(answer.status.as_u16());
                assert_eq!(answer.header("www-authenticate"), "", "{method} {path}");
            }
            if statuses == [405; 4] {
                continue;
            }
            offered.insert((method, path));
            let expected = PUBLIC
                .iter()
                .find(|(m, p, _)| *m == method && *p == path)
                .map(|(_, _, status)| [*status; 4]);
            if expected.is_none_or(|expected| statuses != expected) {
                wrong.push(format!("{method} {path}: {statuses:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let named: BTreeSet<(&str, &str)> = PUBLIC.iter().map(|(m, p, _)| (*m, *p)).collect();
    assert_eq!(named, offered);
    let after = content(&server.service);
    let changed: Vec<&String> = after.keys().filter(|t| before[*t] != after[*t]).collect();
    assert!(changed.is_empty(), "{changed:?}");
}

/// The ids that stand in for `{id}`.
struct Feed {
    user: String,
    group: String,
}

impl Feed {
    fn id(&self, path: &str) -> &str {
        match path {
            "/scim/v2/ResourceTypes/{id}" => "User",
            "/scim/v2/Schemas/{id}" => "urn:ietf:params:scim:schemas:core:2.0:User",
            path if path.contains("/Users/") => &self.user,
            path if path.contains("/Groups/") => &self.group,
            path => panic!("{path} has no id in walk_doors.rs"),
        }
    }
}

/// A body that the address takes.
fn body(method: &str, path: &str) -> Value {
    let schema = |name: &str| format!("urn:ietf:params:scim:schemas:core:2.0:{name}");
    let is_user = path.contains("/Users");
    match method {
        "POST" if path.ends_with("/.search") => json!({"schemas": [LIST]}),
        "POST" | "PUT" if is_user => json!({
            "schemas": [schema("User")], "userName": format!("{method}@reeve.test"), "displayName": "W",
        }),
        "POST" | "PUT" if path.contains("/Groups") => json!({
            "schemas": [schema("Group")], "displayName": "Walked", "members": [],
        }),
        "PATCH" => json!({
            "schemas": [PATCH],
            "Operations": [{"op": "replace", "path": "displayName", "value": "Walked"}],
        }),
        _ => Value::Null,
    }
}

/// The addresses of provisioning with the methods that they take; what deletes comes last.
async fn offered(operator: &Client) -> Vec<(&'static str, String)> {
    let mut offered = Vec::new();
    for method in METHODS {
        for path in surface::provisioning() {
            let filled = path.replace("{id}", NOWHERE);
            let reply = send(operator, method, &filled, Value::Null).await;
            if reply.status != 405 {
                offered.push((method, path));
            }
        }
    }
    offered
}

async fn fed(app: &TestApp) -> Feed {
    Feed {
        user: app.add_user("fed").await.to_string(),
        group: app.group("Fed", None).await.to_string(),
    }
}

#[tokio::test]
async fn provisioning_asks_every_caller_for_a_token_and_for_a_right_in_the_directory() {
    let app = TestApp::new().await;
    let feed = fed(&app).await;
    app.add_application("weak").await;
    // Rights in entitlement management are none in the directory.
    let governance = [
        Permission::EntitlementManagementReadWriteAll,
        Permission::SubjectAccessReadWrite,
    ];
    let weak = [
        app.as_user_with("mallory", &[]),
        app.as_user_with("mallory", &governance),
        app.as_application("weak", &[]),
        app.as_application("weak", &governance),
    ];
    let (operator, nobody) = (app.as_operator(), app.as_nobody());
    let offered = offered(&operator).await;
    assert!(offered.len() > 20, "{offered:?}");
    let challenge = nobody.get("/v1.0/users").await.headers["www-authenticate"].clone();
    let before = content(app.service());
    let mut wrong = Vec::new();
    for (method, path) in &offered {
        let body = body(method, path);
        let real = path.replace(
            "{id}",
            if path.contains('{') {
                feed.id(path)
            } else {
                ""
            },
        );
        let reply = send(&nobody, method, &real, body.clone()).await;
        if reply.status != 401 || reply.headers["www-authenticate"] != challenge {
            wrong.push(format!("nobody: {reply}"));
        }
        for client in &weak {
            let reply = send(client, method, &real, body.clone()).await;
            let expected: &[u16] = match path.as_str() {
                path if DESCRIPTIONS.contains(&path) => &[200],
                path if NOT_SERVED.contains(&path) => &[501],
                _ => &[403, 404],
            };
            let is_challenged = reply.headers.contains_key("www-authenticate");
            if is_challenged || !expected.contains(&reply.status.as_u16()) {
                wrong.push(format!("weak: {reply}"));
            }
            // Nor do they learn whether there is such a resource.
            if path.contains("/Users/{id}") || path.contains("/Groups/{id}") {
                let nowhere = path.replace("{id}", NOWHERE);
                let other = send(client, method, &nowhere, body.clone()).await;
                let named = [feed.id(path).to_owned(), NOWHERE.to_owned()];
                let (one, two) = (told(&reply, &named), told(&other, &named));
                if one.replace(NOWHERE, "ID") != two.replace(NOWHERE, "ID") {
                    wrong.push(format!("a leak: {method} {path}\n  {one}\n  {two}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let after = content(app.service());
    let changed: Vec<&String> = after
        .keys()
        .filter(|table| !table.starts_with("audit") && before[*table] != after[*table])
        .collect();
    assert!(changed.is_empty(), "{changed:?}");

    for (method, path) in &offered {
        let body = body(method, path);
        let real = path.replace(
            "{id}",
            if path.contains('{') {
                feed.id(path)
            } else {
                ""
            },
        );
        let reply = send(&operator, method, &real, body).await;
        let is_in = reply.status.is_success()
            || (NOT_SERVED.contains(&path.as_str()) && reply.status == 501);
        assert!(is_in, "{reply}");
    }
}
