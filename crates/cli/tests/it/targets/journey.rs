//! Access comes to both targets, is put right there, and goes again.

use super::graph::{PEOPLE, Package, WIRES, user_name};
use super::systems::{PLACEHOLDER, Systems, assert_no_secret};

#[tokio::test]
async fn assigned_access_is_in_both_targets_until_it_is_removed() {
    let Some(systems) = Systems::start(PEOPLE) else {
        return;
    };
    let server = systems.serve();
    let api = server.sign_in(None).await;
    for wire in WIRES {
        let package = Package::build(&api, wire).await;
        let names: Vec<&str> = package.people.iter().map(|(name, _)| *name).collect();

        let mut requests = Vec::new();
        for (_, user) in &package.people {
            requests.push(package.assign(user).await);
        }
        for request in &requests {
            assert_eq!(package.request_end(request).await, "delivered", "{wire:?}");
        }

        assert_eq!(systems.hr_members(&package.hr_group).await, names);
        assert_eq!(systems.unix_members(&package.unix_group), names);

        let mut removals = Vec::new();
        for request in &requests {
            let assignment = package.assignment_of(request).await;
            assert_eq!(package.assignment_end(&assignment).await, "delivered");
            removals.push((assignment.clone(), package.remove(&assignment).await));
        }
        for (assignment, removal) in &removals {
            assert_eq!(package.request_end(removal).await, "delivered", "{wire:?}");
            assert_eq!(package.assignment_end(assignment).await, "expired");
        }

        assert!(systems.hr_members(&package.hr_group).await.is_empty());
        assert_eq!(systems.unix_members(&package.unix_group), [PLACEHOLDER]);
    }
    assert_no_secret("the log", &server.log());
}

#[tokio::test]
async fn rp_20_reprocess_brings_back_what_was_taken_behind_reeves_back_in_both_targets() {
    let Some(systems) = Systems::start(PEOPLE) else {
        return;
    };
    let server = systems.serve();
    let api = server.sign_in(None).await;
    for wire in WIRES {
        let package = Package::build(&api, wire).await;
        let mut requests = Vec::new();
        for (_, user) in &package.people {
            requests.push(package.assign(user).await);
        }
        for request in &requests {
            assert_eq!(package.request_end(request).await, "delivered", "{wire:?}");
        }
        let names: Vec<&str> = package.people.iter().map(|(name, _)| *name).collect();
        let assignment = package.assignment_of(&requests[1]).await;
        let schedule = package.schedule(&assignment).await;

        systems
            .hr_loses(&package.hr_group, &user_name(names[1]))
            .await;
        systems.unix_loses(&package.unix_group, names[1]);

        let others = [names[0], names[2]];
        assert_eq!(systems.hr_members(&package.hr_group).await, others);
        assert_eq!(systems.unix_members(&package.unix_group), others);
        assert_eq!(
            package.assignment_state(&assignment).await,
            "delivered",
            "RP-26: {wire:?}"
        );

        package.reprocess(&wire.assignment(&assignment)).await;

        assert_eq!(package.assignment_end(&assignment).await, "delivered");
        assert_eq!(systems.hr_members(&package.hr_group).await, names);
        assert_eq!(systems.unix_members(&package.unix_group), names);
        assert_eq!(
            package.schedule(&assignment).await,
            schedule,
            "RP-22: {wire:?}"
        );
    }
    assert_no_secret("the log", &server.log());
}
