//! Tests of the decision alone.

use std::sync::Arc;

use domain::id::{AccessPackageId, PolicyId};
use domain::membership_rule::{Attribute, Fact, Facts, Rule};
use domain::policy::AutomaticSettings;
use domain::time::Timestamp;
use store::automatic::AutomaticPolicy;
use uuid::Uuid;

use super::decision::{Decision, Holding, decide};
use super::rules::{Known, Package};

fn id(number: u128) -> PolicyId {
    PolicyId::new(Uuid::from_u128(number))
}

/// A policy for those whose city begins so.
fn policy(number: u128, start: &str, adds: bool, removes: bool) -> Known {
    let rule = format!("user.city -startsWith \"{start}\"");
    Known {
        rule: Rule::parse(&rule).map(Arc::new),
        policy: AutomaticPolicy {
            policy_id: id(number),
            access_package_id: AccessPackageId::new(Uuid::from_u128(1)),
            rule,
            settings: AutomaticSettings {
                adds,
                removes,
                grace: None,
            },
            created_at: Timestamp::from_micros(0),
            evaluated_at: None,
        },
    }
}

fn in_city(city: &str) -> Facts {
    let city = Fact::Text(city.to_owned());
    [(Attribute::named("city").unwrap(), city)]
        .into_iter()
        .collect()
}

/// The decision in one word with the policy that it is about.
fn decided(package: &Package, city: &str, held: Option<Holding>, suppressed: &[u128]) -> String {
    let suppressed: Vec<PolicyId> = suppressed.iter().map(|number| id(*number)).collect();
    let of = |word: &str, known: &Known| format!("{word} {}", known.id().uuid().as_u128());
    match decide(package, &in_city(city), held, |policy| {
        suppressed.contains(&policy)
    }) {
        Decision::Nothing => "nothing".to_owned(),
        Decision::Elsewhere => "elsewhere".to_owned(),
        Decision::Suppressed(known) => of("suppressed", known),
        Decision::Gain(known) => of("gain", known),
        Decision::Keep(known) => of("keep", known),
        Decision::Move(known) => of("move", known),
        Decision::KeepUnselected(known) => of("unselected", known),
        Decision::Lose(known) => of("lose", known),
        Decision::Failed => "failed".to_owned(),
        Decision::Quarantined => "quarantined".to_owned(),
    }
}

// AU-2, AU-4, AU-9, OM-3
#[test]
fn the_oldest_policy_that_selects_and_adds_owns_the_assignment_au_2() {
    let package = Package {
        id: AccessPackageId::new(Uuid::from_u128(1)),
        policies: vec![
            policy(1, "Old", true, true),
            policy(2, "O", true, true),
            policy(3, "K", false, true),
            policy(4, "L", true, false),
        ],
    };
    let held = |number| {
        Some(Holding {
            policy_id: id(number),
            has_failed: false,
        })
    };
    for (city, holding, suppressed, expected) in [
        ("Oldtown", None, &[][..], "gain 1"),
        ("Oslo", None, &[], "gain 2"),
        ("Kiel", None, &[], "nothing"),
        ("Oldtown", None, &[1], "gain 2"),
        ("Oldtown", None, &[1, 2], "suppressed 1"),
        ("Oldtown", held(1), &[], "keep 1"),
        ("Oldtown", held(2), &[], "move 1"),
        ("Oslo", held(1), &[], "move 2"),
        ("Kiel", held(3), &[], "keep 3"),
        ("Kiel", held(1), &[], "lose 1"),
        ("Oslo", held(3), &[], "move 2"),
        ("Paris", held(4), &[], "unselected 4"),
        ("Paris", held(2), &[2], "lose 2"),
        ("Oldtown", held(9), &[], "elsewhere"),
        ("Paris", held(9), &[], "elsewhere"),
    ] {
        let answer = decided(&package, city, holding, suppressed);
        assert_eq!(answer, expected, "{city} {holding:?} {suppressed:?}");
    }
}

#[test]
fn what_failed_is_not_tried_again_by_itself_and_still_taken_back() {
    let package = Package {
        id: AccessPackageId::new(Uuid::from_u128(1)),
        policies: vec![policy(1, "O", true, true)],
    };
    let failed = Some(Holding {
        policy_id: id(1),
        has_failed: true,
    });

    assert_eq!(decided(&package, "Oslo", failed, &[]), "failed");
    assert_eq!(decided(&package, "Paris", failed, &[]), "lose 1");
}

// AU-6
#[test]
fn a_rule_that_nobody_understands_adds_and_removes_nothing_au_6() {
    let mut broken = policy(1, "O", true, true);
    broken.rule = Rule::parse("user.memberOf -any (group.objectId -in ['x'])").map(Arc::new);
    let package = Package {
        id: AccessPackageId::new(Uuid::from_u128(1)),
        policies: vec![broken],
    };
    let held = Some(Holding {
        policy_id: id(1),
        has_failed: false,
    });

    assert_eq!(decided(&package, "Oslo", None, &[]), "nothing");
    assert_eq!(decided(&package, "Oslo", held, &[]), "quarantined");
    assert_eq!(
        decided(
            &package,
            "Oslo",
            Some(Holding {
                policy_id: id(7),
                has_failed: false
            }),
            &[]
        ),
        "elsewhere"
    );
}
