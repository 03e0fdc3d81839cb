//! What somebody may not know is answered as if it were not there: each address of the tables, called with ids that exist and
//! with ids that do not, tells a caller the same (RP-5, ER-5).

use auth::principal::Permission;
use auth::roles::EmRole;
use serde_json::Value;
use server::surface::{self, Offer};
use testkit::Reply;

use crate::walk_world::{Pick, Who, World, absent};

/// An answer without what differs from call to call: ids as one word, no dates, no ids of the call.
pub(crate) fn told(reply: &Reply, named: &[String]) -> String {
    let mut body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if let Some(error) = body.get_mut("error").and_then(Value::as_object_mut) {
        error.remove("innerError");
    }
    let mut text = format!("{} {body}", reply.status);
    for id in named {
        text = text.replace(id, "ID").replace(&absent(id), "ID");
    }
    text
}

/// The ids that stand in a path.
fn ids_of(path: &str) -> Vec<String> {
    let is_id = |part: &&str| part.len() >= 36;
    path.split(['/', '\'', '(', ')', '?'])
        .filter(is_id)
        .map(str::to_owned)
        .collect()
}

/// The differences that are wanted, by command: quirks.
const KNOWN: &[&str] = &[
    // Whoever has the id of a package may ask for it, and learns that it is not for them (RQ-6).
    "POST access_package getApplicablePolicyRequirements",
];

async fn check(world: &World, who: &Who) {
    let before = world.content();
    let (mut leaks, mut compared) = (Vec::new(), 0);
    for offer in offers().iter().filter(|offer| offer.path.contains('{')) {
        let Some(path) = world.path(offer, Pick::Foreign, who).await else {
            continue;
        };
        let named = ids_of(&path);
        let foreign = world.call(offer, Pick::Foreign, who).await.unwrap();
        for pick in [Pick::Absent, Pick::LastAbsent] {
            let other = world.call(offer, pick, who).await.unwrap();
            compared += 1;
            let (one, two) = (told(&foreign, &named), told(&other, &named));
            let command = offer.command.as_deref().unwrap_or_default();
            if one != two && !KNOWN.contains(&command) {
                leaks.push(format!(
                    "{}: {} {}\n  {one:.200}\n  {two:.200}",
                    who.name, offer.method, offer.path
                ));
            }
        }
    }
    assert!(
        compared > 500,
        "{}: only {compared} were compared",
        who.name
    );
    let after = world.content();
    let changed: Vec<&String> = after
        .keys()
        .filter(|table| before[*table] != after[*table])
        .collect();
    assert!(
        changed.iter().all(|table| *table == "audit_event"),
        "{}: {changed:?}",
        who.name
    );
    assert!(
        leaks.is_empty(),
        "{} leaks\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

/// What is asked: every command of both versions, every read of v1.0, and of beta what is not too deep.
fn offers() -> Vec<Offer> {
    let mut offers = surface::graph();
    offers.retain(|offer| {
        offer.command.is_some()
            || offer.path.starts_with("/v1.0/")
            || offer.path.matches('{').count() < 2
    });
    offers
}

/// Roles of entitlement management count alone: what is in the directory these callers may not see.
pub(crate) const PERMISSIONS: &[Permission] = &[
    Permission::EntitlementManagementReadWriteAll,
    Permission::SubjectAccessReadWrite,
];

#[tokio::test]
async fn rp_5_a_user_without_a_role_learns_by_no_answer_what_is_there() {
    let world = World::new().await;
    let client = world.app.as_user_with("mallory", PERMISSIONS);

    check(
        &world,
        &Who {
            name: "mallory",
            client,
        },
    )
    .await;
}

#[tokio::test]
async fn rp_5_the_owner_of_a_catalog_learns_by_no_answer_what_is_in_others() {
    let world = World::new().await;
    let client = world.app.as_user_with("erin", PERMISSIONS);

    check(
        &world,
        &Who {
            name: "erin",
            client,
        },
    )
    .await;
}

#[tokio::test]
async fn rp_5_an_application_without_permission_and_role_learns_by_no_answer_what_is_there() {
    let world = World::new().await;
    world.app.add_application("stranger").await;
    let client = world.app.as_application("stranger", &[]);

    check(
        &world,
        &Who {
            name: "stranger",
            client,
        },
    )
    .await;
}

#[tokio::test]
async fn rp_5_an_application_that_owns_a_catalog_learns_by_no_answer_what_is_in_others() {
    let world = World::new().await;
    world.app.add_application("owner").await;
    world
        .app
        .give_role("owner", EmRole::CatalogOwner, &world.elsewhere)
        .await;
    let client = world.app.as_application("owner", &[]);

    check(
        &world,
        &Who {
            name: "owner",
            client,
        },
    )
    .await;
}
