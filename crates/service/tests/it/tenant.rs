//! The first start of a tenant.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use auth::principal::{DirectoryRole, Permission};
use domain::model;
use domain::query::Query;
use domain::time::Duration;
use service::directory::members;
use service::reads::{self, Own};
use service::tenant::{
    DevAccounts, DevSecrets, advance_clock, dev_accounts, initialise, restore_clock,
    restore_snapshot, sample_organisation, take_snapshot, verify_client, verify_password,
};
use store::directory::user;

use crate::support::{World, as_user, start};

fn secrets_of(accounts: &DevAccounts) -> DevSecrets {
    DevSecrets {
        client_secret: accounts
            .clients
            .first()
            .map(|client| client.client_secret.clone()),
        passwords: accounts
            .users
            .iter()
            .map(|user| (user.user_principal_name.clone(), user.password.clone()))
            .collect(),
    }
}

#[tokio::test]
async fn the_general_catalog_is_made_once() {
    let world = World::new();

    let first = initialise(&world.service).await.unwrap();
    let again = initialise(&world.service).await.unwrap();

    assert_eq!(first, again);
    let general = world
        .service
        .store
        .read_blocking(move |tx| store::catalog::find(tx, first))
        .unwrap();
    assert_eq!(general.unwrap().display_name, "General");
}

#[tokio::test]
async fn the_accounts_of_a_development_tenant_sign_in() {
    let world = World::new();

    let accounts = dev_accounts(&world.service, &DevSecrets::default())
        .await
        .unwrap();

    let names: Vec<_> = accounts
        .users
        .iter()
        .map(|user| user.user_principal_name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "admin@reeve.example",
            "alice@reeve.example",
            "bob@reeve.example",
            "carol@reeve.example"
        ]
    );
    for user in &accounts.users {
        let signed_in = verify_password(&world.service, &user.user_principal_name, &user.password)
            .await
            .unwrap();
        let signed_in = signed_in.unwrap();
        assert_eq!(signed_in.id, user.id);
        let is_administrator =
            signed_in.directory_roles == [DirectoryRole::IdentityGovernanceAdministrator];
        assert_eq!(
            is_administrator,
            user.user_principal_name == "admin@reeve.example"
        );
    }
    let client = &accounts.clients[0];
    let id = client.client_id.to_string();
    let signed_in = verify_client(&world.service, &id, &client.client_secret)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(signed_in.object, client.object);
    assert!(
        signed_in
            .permissions
            .contains(Permission::EntitlementManagementReadWriteAll)
    );
    assert!(
        signed_in
            .permissions
            .contains(Permission::DirectoryReadWriteAll)
    );
    for (client_id, secret) in [
        (id.as_str(), "wrong"),
        ("admin", client.client_secret.as_str()),
    ] {
        assert_eq!(
            verify_client(&world.service, client_id, secret)
                .await
                .unwrap(),
            None
        );
    }
}

#[tokio::test]
async fn known_secrets_outlive_a_restart_and_lost_ones_are_replaced() {
    let world = World::new();
    let first = dev_accounts(&world.service, &DevSecrets::default())
        .await
        .unwrap();

    let again = dev_accounts(&world.service, &secrets_of(&first))
        .await
        .unwrap();
    assert_eq!(
        again.clients[0].client_secret,
        first.clients[0].client_secret
    );
    assert_eq!(again.users[1].id, first.users[1].id);
    assert_eq!(again.users[1].password, first.users[1].password);

    let replaced = dev_accounts(&world.service, &DevSecrets::default())
        .await
        .unwrap();
    let name = "alice@reeve.example";
    assert_eq!(
        verify_password(&world.service, name, &first.users[1].password)
            .await
            .unwrap(),
        None
    );
    let signed_in = verify_password(&world.service, name, &replaced.users[1].password)
        .await
        .unwrap();
    assert_eq!(signed_in.map(|user| user.id), Some(first.users[1].id));
}

#[tokio::test]
async fn the_sample_organisation_is_made_once_with_managers_and_nested_groups() {
    let world = World::new();
    dev_accounts(&world.service, &DevSecrets::default())
        .await
        .unwrap();

    let made = sample_organisation(&world.service).await.unwrap().unwrap();
    let again = sample_organisation(&world.service).await.unwrap();

    assert!(again.is_none());
    assert_eq!(
        (made.users.len(), made.groups.len(), made.applications.len()),
        (30, 9, 3)
    );
    let (everybody, flora) = (made.groups["All Staff"], made.users["flora@reeve.example"]);
    let (below, flora, fiona) = world
        .service
        .store
        .read_blocking(move |tx| {
            let flora = user::find(tx, flora)?;
            let fiona = user::find_by_name(tx, "fiona@reeve.example")?;
            Ok::<_, store::Error>((members::transitive_members(tx, everybody)?, flora, fiona))
        })
        .unwrap();
    let (flora, fiona) = (flora.unwrap(), fiona.unwrap());
    assert!(made.users.values().all(|user| below.contains(user)));
    assert_eq!(flora.manager_id, Some(fiona.id));
    assert_eq!(flora.department.as_deref(), Some("Finance"));
    assert_eq!(fiona.manager_id, Some(made.users["maud@reeve.example"]));
}

#[tokio::test]
async fn the_sample_organisation_offers_packages_that_can_be_asked_for() {
    let world = World::new();
    initialise(&world.service).await.unwrap();
    let made = sample_organisation(&world.service).await.unwrap();
    let ella = made.unwrap().users["ella@reeve.example"];

    let mut query = Query::of(&model::ACCESS_PACKAGE);
    query.fields = vec![model::ACCESS_PACKAGE.field("display_name").unwrap()];
    let page = reads::own(&world.service, &as_user(ella, &[]), query, Own::Requestable)
        .await
        .unwrap();

    let names: Vec<_> = page
        .rows
        .iter()
        .filter_map(|row| row.values[0].as_text())
        .collect();
    assert_eq!(
        names,
        ["Audit", "Bookkeeping", "Order handling", "Remote work"]
    );
}

/// What the future came to, if that took it at most so many waits; then it is dropped, as by a signal to end.
async fn within<F: Future>(future: F, mut waits: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if waits == 0 => Poll::Ready(None),
        Poll::Pending => {
            waits -= 1;
            Poll::Pending
        }
    })
    .await
}

/// What is offered in a tenant: catalogs, packages, their roles, policies.
async fn offered(world: &World) -> Vec<(&'static str, Vec<String>)> {
    let mut all = Vec::new();
    for (entity, name) in [
        (&model::CATALOG, "display_name"),
        (&model::ACCESS_PACKAGE, "display_name"),
        (&model::RESOURCE_ROLE_SCOPE, "id"),
        (&model::ASSIGNMENT_POLICY, "display_name"),
    ] {
        let query = Query {
            fields: vec![entity.field(name).unwrap()],
            ..Query::of(entity)
        };
        let ctx = world.service.system();
        let page = reads::list(&world.service, &ctx, query).await.unwrap();
        let rows = page.rows;
        let names = rows.iter().map(|row| match name {
            "id" => String::new(),
            _ => row.values[0].as_text().unwrap().to_owned(),
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        all.push((entity.name, names));
    }
    all
}

#[tokio::test]
async fn a_sample_organisation_that_was_broken_off_anywhere_is_made_to_its_end() {
    let whole = World::new();
    initialise(&whole.service).await.unwrap();
    sample_organisation(&whole.service).await.unwrap().unwrap();
    let whole = offered(&whole).await;

    for waits in 0..1_000 {
        let world = World::new();
        initialise(&world.service).await.unwrap();
        let ended = within(sample_organisation(&world.service), waits).await;
        // What was asked of the store before the end comes to pass.
        let flushed = world.service.store.write(|_| Ok::<_, store::Error>(()));
        flushed.await.unwrap();

        sample_organisation(&world.service).await.unwrap();

        assert_eq!(
            offered(&world).await,
            whole,
            "broken off after {waits} waits"
        );
        let again = sample_organisation(&world.service).await.unwrap();
        assert_eq!(again, None);
        if ended.is_some() {
            assert!(waits > 20, "{waits}");
            return;
        }
    }
    panic!("it has no end");
}

#[tokio::test]
async fn a_snapshot_is_brought_back_with_its_time_even_if_the_caller_has_gone() {
    for waits in 0..4 {
        let world = World::new();
        initialise(&world.service).await.unwrap();
        let ctx = world.service.system();
        take_snapshot(&world.service, &ctx, "before").await.unwrap();
        let settled = async || Ok(());
        advance_clock(&world.service, &ctx, Duration::from_days(1), settled)
            .await
            .unwrap();

        within(restore_snapshot(&world.service, &ctx, "before"), waits).await;

        // A second one waits for the first.
        restore_snapshot(&world.service, &ctx, "before")
            .await
            .unwrap();
        assert_eq!(
            world.service.clock.now(),
            start(),
            "gone after {waits} waits"
        );
    }
}

#[tokio::test]
async fn somebody_who_can_sign_in_approves_in_the_sample_organisation() {
    let world = World::new();
    initialise(&world.service).await.unwrap();
    let accounts = dev_accounts(&world.service, &DevSecrets::default())
        .await
        .unwrap();
    let made = sample_organisation(&world.service).await.unwrap().unwrap();

    for name in ["Management", "Finance", "Sales", "Support"] {
        let group = made.groups[name];
        let members = world
            .service
            .store
            .read_blocking(move |tx| members::transitive_members(tx, group))
            .unwrap();
        let known: Vec<_> = accounts
            .users
            .iter()
            .filter(|user| members.contains(&user.id))
            .map(|user| user.user_principal_name.as_str())
            .collect();
        // Support approves nothing.
        let expected: &[&str] = if name == "Support" {
            &[]
        } else {
            &["bob@reeve.example"]
        };
        assert_eq!(known, expected, "{name}");
    }
}

#[tokio::test]
async fn a_moved_clock_is_where_it_was_after_a_restart() {
    let world = World::new();
    let day = Duration::from_days(1);
    let system = world.service.system();
    for _ in 0..2 {
        let nobody_works = || std::future::ready(Ok(()));
        let moved = advance_clock(&world.service, &system, day, nobody_works);
        moved.await.unwrap();
    }

    let again = world.started_again();
    restore_clock(&again).await.unwrap();

    assert_eq!(again.clock.now(), start().plus(Duration::from_days(2)));
}
