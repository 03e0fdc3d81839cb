//! What a rule would do, told before and seen after; and how far it is.

use service::automatic::preview::{Draft, Listing, Outcome, preview};
use service::automatic::status::{Activity, status};
use service::{Code, ServiceError};

use super::*;
use crate::support::{code, refusal};

const ALL: Listing = Listing {
    outcome: None,
    after: None,
    top: 100,
};

fn by(rule: &str) -> Draft {
    Draft {
        rule: Some(rule.to_owned()),
        settings: None,
    }
}

#[tokio::test]
async fn a_preview_tells_what_then_happens_and_writes_nothing() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let mut people = Vec::new();
    for (number, department) in ["Sales", "Sales", "Finance", "Legal"].iter().enumerate() {
        let id = user_number(number);
        world.user(1000 + number as u128, &format!("user{number}"));
        world.transfer(id, department).await;
        people.push(id);
    }
    let policy = world.automatic(package, &Automatic::by(SALES)).await;
    world.settle().await;
    let before = book(&world, &[package], &people);
    let rule = "user.department -in [\"Finance\", \"Legal\"] -or user.displayName -eq \"user0\"";

    let told = preview(&world.service, &operator(), policy, by(rule), ALL)
        .await
        .unwrap();

    assert_eq!(book(&world, &[package], &people), before);
    assert_eq!(automatic::run_due(&world.service).await.unwrap(), 0);
    let counts: Vec<(Outcome, usize)> = told.counts.iter().map(|(one, two)| (*one, *two)).collect();
    assert_eq!(
        counts,
        [
            (Outcome::Gains, 2),
            (Outcome::Loses, 1),
            (Outcome::Moves, 0),
            (Outcome::Stays, 1),
            (Outcome::Skipped, 0),
        ]
    );
    world
        .save_again(policy, package, &Automatic::by(rule))
        .await;
    world.settle().await;
    for line in &told.lines {
        let has = world.live(package, line.object_id).is_some();
        assert_eq!(has, line.outcome == Outcome::Gains, "{line:?}");
    }
    assert_eq!(told.lines.len(), 3);
    assert!(world.live(package, people[0]).is_some());
}

#[tokio::test]
async fn a_preview_is_read_in_pages() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    for number in 0..5 {
        world.person(1000 + number, "Sales").await;
    }
    let policy = world
        .automatic(package, &Automatic::by("user.city -eq \"Nowhere\""))
        .await;
    let mut seen = Vec::new();
    let mut listing = Listing {
        outcome: Some(Outcome::Gains),
        top: 2,
        ..ALL
    };
    loop {
        let page = preview(
            &world.service,
            &operator(),
            policy,
            by(SALES),
            listing.clone(),
        )
        .await
        .unwrap();
        assert_eq!(page.counts[&Outcome::Gains], 5);
        seen.extend(page.lines.iter().map(|line| line.object_id));
        listing.after = seen.last().copied();
        if !page.has_more {
            break;
        }
    }

    assert_eq!(seen, (0..5).map(user_number).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_preview_is_for_administrators_and_needs_a_rule_that_can_be_read() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let policy = world.direct_policy(package).await;
    let ask = async |ctx, draft| -> Result<_, ServiceError> {
        preview(&world.service, &ctx, policy, draft, ALL).await
    };

    let stranger = app_with(&[Permission::EntitlementManagementReadAll]);
    assert_eq!(code(ask(stranger, by(SALES)).await), Code::AccessDenied);
    assert_eq!(
        refusal(ask(operator(), Draft::default()).await),
        (Code::InvalidModel, Some("membershipRule".to_owned()))
    );
    assert_eq!(
        refusal(ask(operator(), by("nonsense")).await),
        (
            Code::InvalidMembershipRule,
            Some("membershipRule".to_owned())
        )
    );
    assert!(ask(operator(), by(SALES)).await.is_ok());
}

#[tokio::test]
async fn a_policy_tells_how_far_it_is() {
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let direct = world.direct_policy(package).await;
    let person = world.person(1, "Sales").await;
    let wanted = Automatic {
        grace: Some("P1D"),
        ..Automatic::by(SALES)
    };
    let policy = world.automatic(package, &wanted).await;
    let ask = async |id| {
        status(&world.service, &operator(), id, None, 10)
            .await
            .unwrap()
    };

    assert_eq!(ask(direct).await.activity, Activity::Off);
    let begun = ask(policy).await;
    assert_eq!(begun.activity, Activity::Evaluating);
    assert_eq!(begun.last_evaluated_at, None);
    world.settle().await;
    let done = ask(policy).await;
    assert_eq!(done.activity, Activity::Idle);
    assert_eq!(done.last_evaluated_at, Some(world.service.clock.now()));
    assert_eq!((done.targets, done.most_targets), (1, 15_000));
    world.transfer(person, "Finance").await;
    assert_eq!(ask(policy).await.pending_users, 1);
    world.settle().await;
    let in_grace = ask(policy).await;
    assert_eq!(in_grace.notes.len(), 1);
    assert_eq!(in_grace.counts[&note::Kind::Grace], 1);
    let stranger = app_with(&[]);
    let refused = status(&world.service, &stranger, policy, None, 10).await;
    assert_eq!(code(refused), Code::AccessDenied);
}
