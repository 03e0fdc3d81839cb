//! What rules do to people over time.

use domain::assignment::State;
use domain::assignment_request::State as RequestState;
use domain::time::Duration;
use service::access_packages::incompatible;
use service::settings::Settings;
use service::{Code, Service};
use store::automatic::note::Kind;

use super::*;
use crate::support::{as_user_in, code, refusal};
use auth::roles::EmRole;

const GRACE: &str = "AutoAssignmentInGracePeriod";

// AU-4, AU-5
#[tokio::test]
async fn whoever_the_rule_selects_gets_the_package_without_approval_and_loses_it_au_5() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let before = world.person(1, "sales").await;
    let other = world.person(2, "Finance").await;
    let policy = world.automatic(package, &Automatic::by(SALES)).await;
    world.settle().await;
    let after = world.person(3, "SALES").await;
    world.settle().await;

    assert_eq!(world.held_by(package, before), Some(policy));
    assert_eq!(world.held_by(package, after), Some(policy));
    assert_eq!(world.held_by(package, other), None);

    world.transfer(before, "Finance").await;
    world.transfer(other, "Sales").await;
    world.settle().await;

    assert_eq!(world.held_by(package, before), None);
    assert_eq!(world.held_by(package, other), Some(policy));
    assert_eq!(
        world.types_of(before),
        [RequestType::SystemAdd, RequestType::SystemRemove]
    );
    for request in world.requests_of(before) {
        assert_eq!(request.state, RequestState::Delivered);
    }
}

// AU-5
#[tokio::test]
async fn looking_again_changes_nothing() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let person = world.person(1, "Sales").await;
    let wanted = Automatic::by(SALES);
    let policy = world.automatic(package, &wanted).await;
    world.settle().await;
    let held = world.live(package, person).unwrap();

    world.transfer(person, "sales").await;
    world.save_again(policy, package, &wanted).await;
    world.settle().await;

    assert_eq!(world.live(package, person), Some(held));
    assert_eq!(world.types_of(person), [RequestType::SystemAdd]);
    assert!(world.notes_of(person).is_empty());
}

// AU-4, Q-26
#[tokio::test]
async fn both_switches_do_what_they_say_au_4() {
    let world = World::new();
    let catalog = world.catalog("Sales").await;
    let (keeps, never) = (
        world.package(catalog, "Keeps").await,
        world.package(catalog, "Never").await,
    );
    let person = world.person(1, "Sales").await;
    let keeping = Automatic {
        removes: false,
        ..Automatic::by(SALES)
    };
    let adding_none = Automatic {
        adds: false,
        ..Automatic::by(SALES)
    };
    world.automatic(keeps, &keeping).await;
    let never_adds = world.automatic(never, &adding_none).await;
    world.settle().await;
    assert!(world.live(keeps, person).is_some());
    assert_eq!(world.live(never, person), None);

    world.admin_add(never, never_adds, person).await.unwrap();
    world.settle().await;
    assert!(world.live(never, person).is_some());
    world.transfer(person, "Finance").await;
    world.settle().await;

    assert!(world.live(keeps, person).is_some());
    assert_eq!(world.live(never, person), None);
    let outcome = world.admin_add(never, never_adds, person).await;
    assert_eq!(code(outcome), Code::PolicyRequirementsNotMet);
}

// A10
#[tokio::test]
async fn access_is_kept_for_the_grace_period_and_coming_back_ends_it_a10() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let (leaver, returner) = (
        world.person(1, "Sales").await,
        world.person(2, "Sales").await,
    );
    let wanted = Automatic {
        grace: Some("P3D"),
        ..Automatic::by(SALES)
    };
    world.automatic(package, &wanted).await;
    world.settle().await;
    for person in [leaver, returner] {
        world.transfer(person, "Finance").await;
    }
    world.settle().await;
    world.advance(Duration::from_days(2));
    world.settle().await;
    for person in [leaver, returner] {
        let held = world.live(package, person).unwrap();
        assert_eq!(
            (held.state, held.status.as_str()),
            (State::Delivered, GRACE)
        );
    }

    world.transfer(returner, "Sales").await;
    world.settle().await;
    let back = world.live(package, returner).unwrap();
    assert_eq!(back.status, "Delivered");
    world.advance(Duration::from_days(1));
    world.settle().await;

    assert_eq!(world.live(package, leaver), None);
    assert!(world.live(package, returner).is_some());
    assert_eq!(world.types_of(returner), [RequestType::SystemAdd]);
    assert!(world.notes_of(leaver).is_empty());
}

// A10
#[tokio::test]
async fn a_policy_that_is_saved_again_gives_no_more_time_but_the_new_length() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let person = world.person(1, "Sales").await;
    let mut wanted = Automatic {
        grace: Some("P10D"),
        ..Automatic::by(SALES)
    };
    let policy = world.automatic(package, &wanted).await;
    world.settle().await;
    world.transfer(person, "Finance").await;
    world.settle().await;
    world.advance(Duration::from_days(3));

    wanted.grace = Some("P4D");
    world.save_again(policy, package, &wanted).await;
    world.settle().await;
    assert!(world.live(package, person).is_some());
    world.advance(Duration::from_days(1));
    world.settle().await;

    assert_eq!(world.live(package, person), None);
}

// AU-2
#[tokio::test]
async fn the_oldest_policy_owns_an_assignment_and_another_takes_it_over_without_a_gap_au_2() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let person = world.person(1, "Sales").await;
    let older = world
        .automatic(package, &Automatic::by("user.department -startsWith \"S\""))
        .await;
    world.advance(Duration::from_minutes(1));
    let younger = world
        .automatic(package, &Automatic::by("user.department -contains \"e\""))
        .await;
    world.settle().await;
    let held = world.live(package, person).unwrap();
    assert_eq!(held.assignment_policy_id, older);

    world.transfer(person, "Finance, Pressing need").await;
    world.settle().await;
    let moved = world.live(package, person).unwrap();
    assert_eq!((moved.id, moved.assignment_policy_id), (held.id, younger));
    world.transfer(person, "Sales").await;
    world.settle().await;

    assert_eq!(world.held_by(package, person), Some(older));
    assert_eq!(world.types_of(person), [RequestType::SystemAdd]);
}

// AU-9
#[tokio::test]
async fn who_is_removed_on_purpose_stays_out_until_the_rule_says_something_else_au_9() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let person = world.person(1, "Sales").await;
    let wanted = Automatic::by(SALES);
    let policy = world.automatic(package, &wanted).await;
    world.settle().await;

    world
        .admin_remove(&world.live(package, person).unwrap())
        .await;
    world.settle().await;
    world.transfer(person, "sALES").await;
    world.settle().await;
    assert_eq!(world.live(package, person), None);
    assert_eq!(world.notes_of(person)[0].kind, Kind::Suppressed);

    world.transfer(person, "Finance").await;
    world.settle().await;
    world.transfer(person, "Sales").await;
    world.settle().await;
    let held = world.live(package, person).unwrap();
    world.admin_remove(&held).await;
    world.settle().await;
    assert_eq!(world.live(package, person), None);
    world.save_again(policy, package, &wanted).await;
    world.settle().await;

    assert_eq!(world.held_by(package, person), Some(policy));
}

// AU-9, A8
#[tokio::test]
async fn who_reached_the_end_date_is_not_given_the_package_again_by_itself() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let person = world.person(1, "Sales").await;
    let wanted = Automatic {
        duration: Some("P30D"),
        ..Automatic::by(SALES)
    };
    world.automatic(package, &wanted).await;
    world.settle().await;
    assert!(world.live(package, person).unwrap().ends_at.is_some());

    world.advance(Duration::from_days(31));
    world.settle().await;

    assert_eq!(world.live(package, person), None);
    assert_eq!(world.types_of(person).len(), 2);
    assert_eq!(world.notes_of(person)[0].kind, Kind::Suppressed);
}

// OM-3, Q-22
#[tokio::test]
async fn who_has_the_package_by_another_policy_keeps_that_and_goes_on_by_the_rule_om_3() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let (selected, other) = (
        world.person(1, "Sales").await,
        world.person(2, "Finance").await,
    );
    let direct = world.direct_policy(package).await;
    for person in [selected, other] {
        world.admin_add(package, direct, person).await.unwrap();
    }
    world.settle().await;
    let policy = world.automatic(package, &Automatic::by(SALES)).await;
    world.settle().await;
    for person in [selected, other] {
        assert_eq!(world.held_by(package, person), Some(direct));
    }

    for person in [selected, other] {
        let held = world.live(package, person).unwrap();
        world.admin_remove(&held).await;
    }
    world.settle().await;

    assert_eq!(world.held_by(package, selected), Some(policy));
    assert_eq!(world.held_by(package, other), None);
}

// SD-5
#[tokio::test]
async fn who_holds_what_does_not_go_with_it_is_skipped_until_that_ends_sd_5() {
    let world = World::new();
    let catalog = world.catalog("Sales").await;
    let package = world.package(catalog, "Leads").await;
    let enemy = world.package(catalog, "Audits").await;
    incompatible::add_package(&world.service, &operator(), package, enemy)
        .await
        .unwrap();
    let person = world.person(1, "Sales").await;
    let direct = world.direct_policy(enemy).await;
    world.admin_add(enemy, direct, person).await.unwrap();
    world.settle().await;
    let policy = world.automatic(package, &Automatic::by(SALES)).await;
    world.settle().await;
    assert_eq!(world.live(package, person), None);
    let note = &world.notes_of(person)[0];
    assert_eq!(note.kind, Kind::Skipped);
    assert!(note.reason.contains("incompatible"), "{}", note.reason);

    let held = world.live(enemy, person).unwrap();
    world.admin_remove(&held).await;
    world.settle().await;

    assert_eq!(world.held_by(package, person), Some(policy));
    assert!(world.notes_of(person).is_empty());
}

/// A service on the same database with room for so many.
fn with_room(world: &World, most: i64) -> Service {
    let settings = Settings {
        auto_assignment_max_targets: most,
        ..Settings::default()
    };
    let service = &world.service;
    Service::new(
        service.store.clone(),
        service.clock.clone(),
        service.ids.clone(),
        settings,
    )
}

// AU-3
#[tokio::test]
async fn no_more_get_the_package_than_may_and_the_others_are_told_of_au_3() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let mut people = Vec::new();
    for number in 1..=5 {
        people.push(world.person(number, "Sales").await);
    }
    world.automatic(package, &Automatic::by(SALES)).await;
    let small = with_room(&world, 3);
    settle(&small).await;
    let has = |person: &&ObjectId| world.live(package, **person).is_some();
    assert_eq!(people.iter().filter(has).count(), 3);
    let left_out: Vec<_> = people.iter().filter(|person| !has(person)).collect();
    for person in &left_out {
        assert!(world.notes_of(**person)[0].reason.contains("3 targets"));
    }

    let first = people.iter().find(has).unwrap();
    world.transfer(*first, "Finance").await;
    settle(&small).await;
    world.advance(Duration::from_minutes(61));
    settle(&small).await;

    assert_eq!(people.iter().filter(has).count(), 3);
    assert_eq!(left_out.iter().filter(|person| has(person)).count(), 1);
}

// AS-15 to AS-18
#[tokio::test]
async fn blocking_keeps_deleting_waits_and_coming_back_is_looked_at_as_16() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let (person, gone) = (
        world.person(1, "Sales").await,
        world.person(2, "Sales").await,
    );
    world.automatic(package, &Automatic::by(SALES)).await;
    world.settle().await;
    let block = UserChanges {
        account_enabled: Some(false),
        ..UserChanges::default()
    };
    users::update(&world.service, &operator(), person, block)
        .await
        .unwrap();
    for user in [person, gone] {
        world.settle().await;
        assert!(world.live(package, user).is_some());
        users::delete(&world.service, &operator(), user)
            .await
            .unwrap();
        world.settle().await;
        assert!(world.live(package, user).is_some());
    }

    users::restore(&world.service, &operator(), person)
        .await
        .unwrap();
    users::hard_delete(&world.service, &operator(), gone)
        .await
        .unwrap();
    world.settle().await;
    assert!(world.live(package, person).is_some());
    assert_eq!(world.types_of(gone).len(), 2);
    world.transfer(person, "Finance").await;
    world.settle().await;

    assert_eq!(world.live(package, person), None);
}

#[tokio::test]
async fn a_policy_without_its_rule_leaves_everybody_what_they_have_as_6() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let (stays, leaves) = (
        world.person(1, "Sales").await,
        world.person(2, "Sales").await,
    );
    let wanted = Automatic {
        grace: Some("P3D"),
        ..Automatic::by(SALES)
    };
    let policy = world.automatic(package, &wanted).await;
    world.settle().await;
    world.transfer(leaves, "Finance").await;
    world.settle().await;

    let read = policies::stored(&world.service, &operator(), policy)
        .await
        .unwrap();
    let plain = PolicyDraft {
        settings_json: r#"{"v":1}"#.to_owned(),
        ..wanted.draft(package)
    };
    policies::replace(&world.service, &operator(), policy, plain, read.version)
        .await
        .unwrap();
    world.settle().await;
    world.advance(Duration::from_days(30));
    world.settle().await;

    for person in [stays, leaves] {
        let held = world.live(package, person).unwrap();
        assert_eq!(held.status, "Delivered");
        assert!(world.notes_of(person).is_empty());
    }
}

#[tokio::test]
async fn a_sweep_goes_on_where_it_was_when_the_process_ended() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let mut people = Vec::new();
    for number in 0..130 {
        people.push(world.person(1000 + number, "Sales").await);
    }
    world.automatic(package, &Automatic::by(SALES)).await;
    automatic::run_due(&world.service).await.unwrap();
    let has = |person: &&ObjectId| world.live(package, **person).is_some();
    assert_eq!(people.iter().filter(has).count(), 100);

    settle(&world.started_again()).await;

    assert_eq!(people.iter().filter(has).count(), 130);
    for person in people {
        assert_eq!(world.types_of(person), [RequestType::SystemAdd]);
    }
}

#[tokio::test]
async fn where_no_policy_has_a_rule_nobody_is_marked() {
    let world = World::new();
    world.person(1, "Sales").await;

    let marked = world
        .service
        .store
        .read_blocking(store::automatic::due::count)
        .unwrap();

    assert_eq!(marked, 0);
    assert_eq!(automatic::run_due(&world.service).await.unwrap(), 0);
}

// AU-1
#[tokio::test]
async fn only_administrators_make_change_and_end_policies_with_rules_au_1() {
    let world = World::new();
    let catalog = world.catalog("Sales").await;
    let package = world.package(catalog, "Leads").await;
    let wanted = Automatic::by(SALES);
    let policy = world.automatic(package, &wanted).await;
    let owner = as_user_in(world.user(1, "alice"), EmRole::CatalogOwner, catalog);
    let plain = PolicyDraft {
        settings_json: r#"{"v":1}"#.to_owned(),
        ..wanted.draft(package)
    };
    let service = &world.service;

    let made = policies::create(service, &owner, wanted.draft(package)).await;
    assert_eq!(code(made), Code::AccessDenied);
    for draft in [wanted.draft(package), plain] {
        let read = policies::stored(service, &owner, policy).await.unwrap();
        let changed = policies::replace(service, &owner, policy, draft, read.version).await;
        assert_eq!(code(changed), Code::AccessDenied);
    }
    let ended = policies::delete(service, &owner, policy).await;
    assert_eq!(code(ended), Code::AccessDenied);
}

// AU-6, AU-7
#[tokio::test]
async fn a_rule_that_cannot_be_read_is_refused_at_its_place_au_7() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    for (rule, place) in [
        ("user.department -eq Sales", "line 1, column 21"),
        ("user.memberOf -any (group.objectId -in ['x'])", "memberOf"),
    ] {
        let draft = Automatic::by(rule).draft(package);
        let outcome = policies::create(&world.service, &operator(), draft).await;

        let message = outcome.as_ref().unwrap_err().to_string();
        assert!(message.contains(place), "{message}");
        assert_eq!(
            refusal(outcome),
            (
                Code::InvalidMembershipRule,
                Some("specificAllowedTargets/0/membershipRule".to_owned())
            )
        );
    }
}
