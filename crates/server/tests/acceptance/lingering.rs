//! Access that more than one assignment justifies, and access that was there before (LG-1 to LG-7, AS-3).

use domain::time::Duration;
use testkit::{CRM, ERP, Package, Plan, TestApp};

/// Two packages that share the group `Shared` of a target.
async fn sharing(app: &TestApp) -> (Package, Package) {
    let first = app
        .package(Plan::new("First").member_of("Shared", ERP))
        .await;
    let second = Plan::new("Second")
        .in_catalog("Other")
        .member_of("Shared", ERP);
    (first, app.package(second).await)
}

async fn give(app: &TestApp, package: &Package, name: &str) -> String {
    let request = app.assign(package, name).await;
    app.deliver().await;
    assert_eq!(app.state(&request).await, "delivered");
    app.assignment_of(&request).await
}

// AS-1
#[tokio::test]
async fn lg_1_a_role_goes_only_with_the_last_assignment_that_includes_it() {
    TestApp::on_both(async |app| {
        let (first, second) = sharing(app).await;
        let one = give(app, &first, "alice").await;
        let two = give(app, &second, "alice").await;
        let subject = app.id_of("alice");
        let role = first.role();
        assert_eq!(
            app.target(ERP).changes(&role.origin_id, subject),
            1,
            "granted once"
        );

        app.remove(&one).await;
        app.deliver().await;

        assert_eq!(app.assignment_state(&one).await, "expired");
        assert!(
            app.has(role, "alice").await,
            "LG-1: the other catalog's package keeps it"
        );
        app.remove(&two).await;
        app.deliver().await;
        assert!(!app.has(role, "alice").await);
        assert_eq!(app.target(ERP).changes(&role.origin_id, subject), 2, "LG-2");
    })
    .await;
}

#[tokio::test]
async fn lg_1_others_keep_the_role() {
    TestApp::on_both(async |app| {
        let (first, second) = sharing(app).await;
        let one = give(app, &first, "alice").await;
        give(app, &second, "bob").await;

        app.remove(&one).await;
        app.deliver().await;

        assert!(!app.has(first.role(), "alice").await);
        assert!(app.has(first.role(), "bob").await);
    })
    .await;
}

#[tokio::test]
async fn lg_3_a_grant_that_races_with_a_revocation_ends_granted() {
    TestApp::on_both(async |app| {
        let (first, second) = sharing(app).await;
        let one = give(app, &first, "alice").await;
        app.target(ERP).goes_down();
        let removal = app.remove(&one).await;
        app.deliver().await;

        let request = app.assign(&second, "alice").await;
        app.deliver().await;
        app.recover(&[ERP]);
        app.wait_out_retries().await;

        assert!(app.has(first.role(), "alice").await);
        assert_eq!(app.state(&request).await, "delivered");
        assert_eq!(
            app.state(&removal).await,
            "delivered",
            "nothing is left to revoke"
        );
        assert_eq!(app.assignment_state(&one).await, "expired");
    })
    .await;
}

#[tokio::test]
async fn lg_3_a_revocation_in_the_hands_of_a_target_is_undone_by_a_later_grant() {
    TestApp::on_both(async |app| {
        let (first, second) = sharing(app).await;
        let one = give(app, &first, "alice").await;
        app.remove(&one).await;
        app.target(ERP).sticks_after(0);
        let engine = app.engine();
        tokio::select! {
            _ = engine.settle() => panic!("the revocation is stuck"),
            () = app.target(ERP).stuck() => {}
        }
        app.target(ERP).sticks_no_more();
        assert!(
            !app.has(first.role(), "alice").await,
            "carried out, and not yet recorded"
        );

        let request = app.assign(&second, "alice").await;
        app.crash();
        app.deliver().await;
        app.advance(Duration::from_minutes(6));
        app.wait_out_retries().await;

        assert!(app.has(first.role(), "alice").await);
        assert_eq!(app.state(&request).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn lg_4_a_delivering_removal_does_not_keep_a_role() {
    TestApp::on_both(async |app| {
        let wide = Plan::new("Wide")
            .member_of("Shared", ERP)
            .member_of("Customers", CRM);
        let wide = app.package(wide).await;
        let narrow = app
            .package(Plan::new("Narrow").member_of("Shared", ERP))
            .await;
        let one = give(app, &wide, "alice").await;
        let two = give(app, &narrow, "alice").await;
        app.target(CRM).goes_down();
        app.remove(&one).await;
        app.deliver().await;
        assert_eq!(app.assignment_state(&one).await, "delivering");

        app.remove(&two).await;
        app.deliver().await;

        assert!(!app.has(narrow.role(), "alice").await);
        app.recover(&[CRM]);
        app.wait_out_retries().await;
        assert_eq!(app.assignment_state(&one).await, "expired");
    })
    .await;
}

#[tokio::test]
async fn lg_5_access_that_was_there_before_goes_all_the_same() {
    TestApp::on_both(async |app| {
        let (first, _) = sharing(app).await;
        let role = first.role();
        app.target(ERP).gains(&role.origin_id, app.id_of("alice"));
        let one = give(app, &first, "alice").await;
        let books = app.books(&["alice"]).await;
        assert!(books.entries[0].1.preexisting, "AS-3: for reports");

        app.remove(&one).await;
        app.deliver().await;

        assert!(!app.has(role, "alice").await, "AS-3");
    })
    .await;
}

#[tokio::test]
async fn lg_5_access_that_reeve_never_had_to_do_with_is_left_alone() {
    TestApp::on_both(async |app| {
        let (first, _) = sharing(app).await;
        let role = first.role();
        app.target(ERP).gains(&role.origin_id, app.id_of("bob"));

        let one = give(app, &first, "alice").await;
        app.remove(&one).await;
        app.deliver().await;

        assert!(app.has(role, "bob").await);
    })
    .await;
}

#[tokio::test]
async fn lg_6_all_roles_of_a_package_are_granted() {
    TestApp::on_both(async |app| {
        let plan = Plan::new("Many")
            .member_of("One", ERP)
            .member_of("Two", ERP)
            .owner_of("Two", ERP)
            .member_of("Three", CRM)
            .member_here("Four");
        let many = app.package(plan).await;

        give(app, &many, "alice").await;

        for role in &many.roles {
            assert!(app.has(role, "alice").await, "{role:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn lg_7_member_and_owner_are_different_roles() {
    TestApp::on_both(async |app| {
        let members = app
            .package(Plan::new("Members").member_of("Team", ERP))
            .await;
        let owners = app.package(Plan::new("Owners").owner_of("Team", ERP)).await;
        let one = give(app, &members, "alice").await;
        give(app, &owners, "alice").await;

        app.remove(&one).await;
        app.deliver().await;

        assert!(!app.has(members.role(), "alice").await);
        assert!(app.has(owners.role(), "alice").await);
    })
    .await;
}
