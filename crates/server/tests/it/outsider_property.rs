//! Whatever somebody without a role calls, in whatever order, nothing changes but what is their own; and the owner of a
//! catalog changes nothing of another one.
//!
//! A row is somebody's own if it names them, or an object whose row does: their subject, their requests, what follows from
//! those. Without a role only such tables may change at all.

use std::collections::BTreeSet;

use auth::principal::Permission;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use server::surface::{self, Offer};

use crate::support::V1;
use crate::walk_world::{Content, Pick, Who, World, send};

/// Sequences tried for each kind of caller, and calls in each.
const SEQUENCES: u32 = 6;
const CALLS: usize = 80;

/// Tables in which somebody without a role may leave something of their own.
const OWN_TABLES: &[&str] = &[
    "accepted_call",
    "approval_stage",
    "approval_stage_approver",
    "assignment",
    "assignment_request",
    "audit_chain",
    "audit_event",
    "audit_head",
    "extension_callout",
    "ledger",
    "ledger_link",
    "notice",
    "request_answer",
    "request_delivery",
    "subject",
];

/// One call: which command, and what it names.
#[derive(Debug, Clone, Copy)]
struct Step {
    offer: prop::sample::Index,
    pick: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step =
        (any::<prop::sample::Index>(), 0_u8..4).prop_map(|(offer, pick)| Step { offer, pick });
    prop::collection::vec(step, CALLS)
}

/// Runs random sequences of commands; the same ones each time.
fn run(
    who: impl Fn(&World) -> Who,
    roots: impl Fn(&World) -> Vec<String>,
    tables: Option<&[&str]>,
) {
    let config = Config {
        cases: SEQUENCES,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let commands: Vec<Offer> = surface::graph()
        .into_iter()
        .filter(|offer| offer.method != "GET")
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let tried = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            let world = World::new().await;
            let who = who(&world);
            let before = world.content();
            for step in &steps {
                call(&world, &who, step.offer.get(&commands), step.pick).await;
            }
            let wrong = foreign(&before, &world.content(), roots(&world), tables);
            world.app.wait_out_retries().await;
            prop_assert!(wrong.is_empty(), "{wrong:#?}");
            Ok(())
        })
    });
    tried.unwrap();
}

async fn call(world: &World, who: &Who, offer: &Offer, pick: u8) {
    let asks = offer.command.as_deref() == Some("POST assignment_request collection");
    if asks && pick < 2 {
        let list = format!("{V1}/availableAccessPackages");
        let offered = who.client.get(&list).await;
        let package = offered.json()["value"][usize::from(pick)]["id"].clone();
        let body = json!({"requestType": "userAdd", "assignment": {"accessPackageId": package}});
        send(
            &who.client,
            "POST",
            &format!("{V1}/assignmentRequests"),
            body,
        )
        .await;
        return;
    }
    let pick = [Pick::Any, Pick::Foreign, Pick::Any, Pick::LastAbsent][usize::from(pick)];
    let reply = world.call(offer, pick, who).await;
    assert!(
        reply.is_none_or(|reply| reply.status.as_u16() < 500),
        "{offer:?}"
    );
}

/// The rows that came, went or changed although they are not the caller's own.
fn foreign(
    before: &Content,
    after: &Content,
    roots: Vec<String>,
    tables: Option<&[&str]>,
) -> Vec<String> {
    let own = own(before, after, roots);
    let is_own = |row: &str| own.iter().any(|id| row.contains(id.as_str()));
    let mut wrong = Vec::new();
    for (table, rows) in after {
        let changed = rows.symmetric_difference(&before[table]);
        for row in changed {
            let is_sealed = table.starts_with("audit");
            let may_change = tables.is_none_or(|tables| tables.contains(&table.as_str()));
            if !(is_sealed || may_change && is_own(row)) {
                wrong.push(format!("{table}: {row}"));
            }
        }
    }
    wrong
}

/// The ids of what is the caller's own: the roots, and every row that names one of them, until there are no more.
fn own(before: &Content, after: &Content, roots: Vec<String>) -> BTreeSet<String> {
    let mut own: BTreeSet<String> = roots.into_iter().collect();
    loop {
        let known = own.len();
        for row in before.values().chain(after.values()).flatten() {
            if own.iter().any(|id| row.contains(id.as_str())) {
                let first = row.split('"').nth(1).unwrap_or_default();
                if first.len() >= 36 {
                    own.insert(first.to_owned());
                }
            }
        }
        if own.len() == known {
            return own;
        }
    }
}

#[test]
fn a_user_without_a_role_changes_nothing_but_their_own() {
    run(
        |world| world.user("mallory"),
        |world| vec![world.app.id_of("mallory").to_string()],
        Some(OWN_TABLES),
    );
}

#[test]
fn an_application_without_permission_and_role_changes_nothing() {
    run(
        |world| Who {
            name: "operator without permissions",
            client: world.app.as_application("operator", &[]),
        },
        // Whoever made a subscription may end it without any permission.
        |world| vec![world.app.id_of("operator").to_string()],
        Some(&["change_feed", "change_notification", "subscription"]),
    );
}

#[test]
fn the_owner_of_a_catalog_changes_nothing_of_another() {
    run(
        |world| Who {
            name: "erin",
            client: world
                .app
                .as_user_with("erin", &[Permission::EntitlementManagementReadWriteAll]),
        },
        |world| {
            let elsewhere = &world.elsewhere;
            vec![
                world.app.id_of("erin").to_string(),
                elsewhere.catalog.clone(),
                elsewhere.id.clone(),
            ]
        },
        None,
    );
}
