//! What it costs that somebody changes: counted, not timed.

use super::*;

/// Statements, and the rows that they gave or changed.
type Cost = (u64, u64);

/// A tenant of so many users, every second one selected, and what it costs that one of them comes to a department.
async fn cost_of_a_change(users: u128, to: &str) -> Cost {
    let world = World::new();
    let catalog = world.catalog("Sales").await;
    let package = world.package(catalog, "Leads").await;
    let mut people = Vec::new();
    for number in 0..users {
        let department = if number % 2 == 0 { "Sales" } else { "Finance" };
        people.push(world.person(number + 1, department).await);
    }
    let policy = world.automatic(package, &Automatic::by(SALES)).await;
    world.settle().await;
    let one = people[usize::from(to == "Sales")];
    assert_eq!(world.held_by(package, one).is_some(), to != "Sales");
    let others = |world: &World| {
        let others: Vec<_> = people.iter().copied().filter(|user| *user != one).collect();
        book(world, &[package], &others)
    };
    let before_others = others(&world);

    let before = world.service.store.statistics();
    world.transfer(one, to).await;
    assert_eq!(automatic::run_due(&world.service).await.unwrap(), 1);
    assert_eq!(automatic::run_due(&world.service).await.unwrap(), 0);
    let after = world.service.store.statistics();

    world.settle().await;
    let expected = (to == "Sales").then_some(policy);
    assert_eq!(world.held_by(package, one), expected);
    assert_eq!(others(&world), before_others);
    (
        after.statements - before.statements,
        after.rows - before.rows,
    )
}

// AU-4
#[tokio::test]
async fn a_change_of_one_user_costs_the_same_however_many_users_there_are() {
    for to in ["Sales", "Finance"] {
        let (few, many) = (
            cost_of_a_change(4, to).await,
            cost_of_a_change(120, to).await,
        );

        assert_eq!(few, many, "to {to}");
        assert!(many.0 > 0 && many.1 > 0, "nothing was counted");
    }
}
