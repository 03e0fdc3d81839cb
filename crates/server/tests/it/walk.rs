//! A walk over everything the server answers: without a token, with one that gives no right, and with one that does. The
//! addresses come from the tables that requests are routed by, so that nothing can be forgotten.

use std::collections::BTreeSet;

use auth::principal::Permission;
use http::Method;
use serde_json::{Value, json};
use server::surface::{self, Offer};

use crate::support::{NOWHERE, Server};
use crate::walk_world::{Pick, Who, World, send};

/// What says what the server can do and nothing of what it holds: the only addresses without a token, beside health,
/// metrics, the keys of callouts, and the issuer.
const PUBLIC: &[&str] = &[
    "/v1.0/$metadata",
    "/beta/$metadata",
    "/v1.0",
    "/beta",
    "/reeve/v1/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
];

/// Entities that are built in, always empty or the caller's own: any valid token reads them.
const OPEN: &[&str] = &[
    "role_definition",
    "deleted_role_definition",
    "role_deleted_items",
    "role_application",
    "role_resource_namespace",
    "role_resource_action",
    "role_assignment_approval",
    "role_assignment_approval_step",
    "subscription",
];

/// The path with an id that nothing has in every hole.
fn filled(offer: &Offer) -> String {
    let mut path = String::new();
    let mut rest = offer.path.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (_, behind) = after.split_once('}').unwrap();
        path.push_str(before);
        path.push_str(NOWHERE);
        rest = behind;
    }
    path + rest
}

#[tokio::test]
async fn er_1_without_a_token_every_address_answers_401_with_the_same_challenge() {
    let world = World::new().await;
    let nobody = world.app.as_nobody();
    let reference = nobody.get("/v1.0/users").await.assert_status(401);
    let challenge = reference.headers["www-authenticate"].clone();
    let offers = surface::graph().into_iter().chain(surface::own());
    let mut open = Vec::new();
    for offer in offers {
        let body = if offer.method == "GET" {
            Value::Null
        } else {
            json!({})
        };
        let reply = send(&nobody, &offer.method, &filled(&offer), body).await;
        let is_refused = reply.status == 401
            && reply.code() == "InvalidAuthenticationToken"
            && reply
                .headers
                .get_all("www-authenticate")
                .iter()
                .eq([&challenge]);
        // What only development tenants have is not there at all.
        if !is_refused {
            open.push(format!("{reply}"));
        }
    }
    assert!(open.is_empty(), "{open:#?}");
    for path in PUBLIC {
        nobody.get(path).await.assert_status(200);
    }
    for path in ["/scim/v2/Users", "/scim/v2/Groups", "/v1.0/$batch"] {
        let reply = nobody.get(path).await.assert_status(401);
        assert_eq!(reply.headers["www-authenticate"], challenge, "{path}");
    }
}

#[tokio::test]
async fn az_1_a_token_that_gives_no_right_gets_nowhere_and_changes_nothing() {
    let world = World::new().await;
    world.app.add_application("weak").await;
    let weak = [
        Who {
            name: "weak user",
            client: world.app.as_user_with("mallory", &[]),
        },
        Who {
            name: "weak application",
            client: world.app.as_application("weak", &[]),
        },
    ];
    let before = world.content();
    let mut passed = Vec::new();
    for offer in surface::graph() {
        for who in &weak {
            let Some(reply) = world.call(&offer, Pick::Any, who).await else {
                continue;
            };
            let is_open = offer.method == "GET" && OPEN.contains(&offer.of);
            let refused = [403, 404].contains(&reply.status.as_u16());
            // A body that cannot be read is told before anything is looked up.
            let is_unread = reply.status == 400;
            let never = offer.command.as_deref().is_some_and(refuses_everybody);
            let challenged = reply.headers.contains_key("www-authenticate");
            if challenged || !(refused || is_unread || (is_open && reply.status == 200) || never) {
                passed.push(format!("{}: {reply}", who.name));
            }
        }
    }
    assert!(
        passed.is_empty(),
        "{} passed\n{}",
        passed.len(),
        passed.join("\n")
    );
    let after = world.content();
    for (table, rows) in &after {
        // Refusals may be kept in the audit log; nothing that was there changes.
        if table.starts_with("audit") {
            continue;
        }
        assert_eq!(rows, &before[table], "{table}");
    }
}

/// What is refused whoever asks, because it is built in.
fn refuses_everybody(command: &str) -> bool {
    ["restore", "importResourceActions", "updateRequest"]
        .iter()
        .any(|name| command.ends_with(name))
}

#[tokio::test]
async fn az_1_a_token_that_gives_the_right_is_let_in_everywhere() {
    let world = World::new().await;
    let (operator, admin, approver) = (world.operator(), world.user("admin"), world.user("bob"));
    let mut offers = surface::graph();
    // What others are found by is deleted last.
    offers.sort_by_key(|offer| offer.method == "DELETE");
    let lets_in = |status: u16| status < 500 && ![401, 403].contains(&status);
    let (mut shut, mut reached) = (Vec::new(), BTreeSet::new());
    for offer in &offers {
        // A command that was carried out has changed what it would be asked of again.
        if offer
            .command
            .as_ref()
            .is_some_and(|command| reached.contains(command))
        {
            continue;
        }
        let mut answers = Vec::new();
        for who in [&operator, &admin, &approver] {
            let Some(reply) = world.call(offer, Pick::Any, who).await else {
                continue;
            };
            let is_in = lets_in(reply.status.as_u16());
            answers.push(reply);
            if is_in {
                break;
            }
        }
        if answers.is_empty() {
            continue;
        }
        if answers.iter().any(|reply| lets_in(reply.status.as_u16())) {
            reached.extend(offer.command.clone());
        } else {
            shut.push(format!("{}", answers[0]));
        }
    }
    assert!(
        shut.is_empty(),
        "{} are shut\n{}",
        shut.len(),
        shut.join("\n")
    );
    // What the tenant has no object for is called with an id that nothing has: let in, and not found.
    for offer in &offers {
        let Some(command) = offer.command.clone().filter(|one| !reached.contains(one)) else {
            continue;
        };
        let body = if offer.method == "GET" {
            Value::Null
        } else {
            world.body(&command, Pick::Any, &operator).await
        };
        let reply = send(&operator.client, &offer.method, &filled(offer), body).await;
        if lets_in(reply.status.as_u16()) {
            reached.insert(command);
        }
    }
    let not_walked: Vec<String> = surface::commands()
        .into_iter()
        .filter(|command| !reached.contains(command))
        .collect();
    assert!(not_walked.is_empty(), "not walked: {not_walked:#?}");
    world.app.wait_out_retries().await;
}

#[tokio::test]
async fn reeves_own_api_lets_in_who_has_the_right_and_nobody_else() {
    let server = Server::new().await;
    let (admin, weak) = (
        server.admin(),
        server.user_with("alice", &[Permission::UserRead]),
    );
    let body = json!({
        "advance": "PT1H", "fault": null, "target": "directory", "driftAction": "report",
        "name": "kept",
    });
    for offer in surface::own() {
        let path = filled(&offer).replace(
            "/faults/ffffffff-0000-4000-8000-000000000000",
            "/faults/directory",
        );
        let method = Method::from_bytes(offer.method.as_bytes()).unwrap();
        let path = match offer.of {
            "explainAuthorization" => format!("{path}?operation=reprocess"),
            _ => path,
        };
        let refused = server.write(&weak, method.clone(), &path, &body).await;
        let let_in = server.write(&admin, method, &path, &body).await;
        // About oneself anybody may ask.
        let expected: &[u16] = if offer.of == "explainAuthorization" {
            &[200]
        } else {
            &[403, 404, 400]
        };
        assert!(
            expected.contains(&refused.status.as_u16()),
            "{} {path}: {}",
            offer.method,
            refused.status
        );
        let status = let_in.status.as_u16();
        assert!(
            status < 500 && ![401, 403].contains(&status),
            "{} {path}: {status}",
            offer.method
        );
    }
}
