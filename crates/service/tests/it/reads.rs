//! What callers may see of each other.

use domain::model;
use domain::policy::{PolicyDraft, TargetScope};
use domain::query::{Entity, Expansion, Path, Predicate, Query, Relation, TextMatch};
use service::reads::{self, Own, OwnRelation};
use service::{assignment_requests, policies};

use crate::requests::user_add;
use crate::support::{World, app, as_user};

fn hops(entity: &'static Entity, names: &[&str]) -> Vec<&'static Relation> {
    let mut at = entity;
    names
        .iter()
        .map(|name| {
            let relation = at.relation(name).unwrap();
            at = relation.to;
            relation
        })
        .collect()
}

/// Alice's requests for which some row at the end of the path has a text that begins so.
fn probing(path: &[&str], field: &str, begins: &str) -> Query {
    let hops = hops(&model::ASSIGNMENT_REQUEST, path);
    let field = hops.last().unwrap().to.field(field).unwrap();
    let mut query = Query::of(&model::ASSIGNMENT_REQUEST);
    query.fields.extend(model::ASSIGNMENT_REQUEST.key());
    query.filter = Predicate::Exists {
        hops,
        inner: Box::new(Predicate::Text {
            path: Path::of(field),
            matching: TextMatch::StartsWith,
            text: begins.to_owned(),
        }),
    };
    query
}

#[tokio::test]
async fn a_filter_cannot_be_used_to_guess_what_the_caller_may_not_see_az_21() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let open = world.package(catalog, "Open").await;
    world.package(catalog, "Secret").await;
    let alice = world.user(1, "alice");
    let draft = PolicyDraft {
        access_package_id: Some(open),
        display_name: "Confidential".to_owned(),
        description: None,
        allowed_target_scope: TargetScope::AllMemberUsers,
        can_extend: true,
        settings_json: r#"{"v":1,"requestorSettings":{"enableTargetsToSelfAddAccess":true}}"#
            .to_owned(),
    };
    policies::create(&world.service, &app(), draft)
        .await
        .unwrap();
    let ctx = as_user(alice, &[]);
    assignment_requests::submit(&world.service, &ctx, user_add(open))
        .await
        .unwrap();
    let mine = Own::Requests(OwnRelation::Target);
    let found = async |path: &[&str], field: &str, begins: &str| {
        let page = reads::own(&world.service, &ctx, probing(path, field, begins), mine).await;
        page.unwrap().rows.len()
    };

    let known = found(&["access_package"], "display_name", "Op").await;
    let siblings = ["access_package", "catalog", "access_packages"];
    let sibling = found(&siblings, "display_name", "Sec").await;
    let policies = ["access_package", "assignment_policies"];
    let policy = found(&policies, "display_name", "Conf").await;
    let own_policy = found(&["assignment_policy"], "display_name", "Conf").await;

    assert_eq!(known, 1, "the package asked for is theirs to know");
    assert_eq!((sibling, policy, own_policy), (0, 0, 0));
}

#[tokio::test]
async fn a_requestor_does_not_see_the_policy_behind_a_request_az_21() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let package = world.package(catalog, "Open").await;
    let policy = world.direct_policy(package).await;
    let alice = world.user(1, "alice");
    world.request(package, policy, alice, |_| {});
    let relation = model::ASSIGNMENT_REQUEST
        .relation("assignment_policy")
        .unwrap();
    let mut query = Query::of(&model::ASSIGNMENT_REQUEST);
    query.fields.extend(model::ASSIGNMENT_REQUEST.key());
    let mut inner = Query::of(relation.to);
    inner.fields.extend(relation.to.key());
    query.expand.push(Expansion {
        relation,
        query: inner,
    });

    let mine = Own::Requests(OwnRelation::Target);
    let own = reads::own(&world.service, &as_user(alice, &[]), query.clone(), mine)
        .await
        .unwrap();
    let administrators = reads::list(&world.service, &app(), query).await.unwrap();

    assert_eq!(own.rows.len(), 1);
    assert!(own.rows[0].expanded[0].is_empty());
    assert_eq!(administrators.rows[0].expanded[0].len(), 1);
}
