//! Random lives: after each change, what everybody holds is what a second, simpler account of the rules says; and asking
//! everybody anew changes nothing.

use std::collections::BTreeMap;

use domain::time::Duration;

use super::*;

const PEOPLE: usize = 6;
const DEPARTMENTS: [&str; 4] = ["A", "AB", "B", "C"];

/// What the test knows of a person.
#[derive(Debug, Clone)]
struct Known {
    department: &'static str,
    present: bool,
    /// By which of the policies (by its place), and since when no rule says so any more.
    held: Option<(usize, Option<i64>)>,
}

/// What the test knows of a policy: the letter that departments have to contain, and days of grace.
#[derive(Debug, Clone)]
struct Rule {
    letter: &'static str,
    grace: i64,
}

impl Rule {
    fn selects(&self, department: &str) -> bool {
        department.contains(self.letter)
    }
}

/// The account of the test: no marks, no sweeps, no requests.
fn account(rules: &[Rule], people: &mut BTreeMap<usize, Known>, day: i64) {
    for person in people.values_mut().filter(|person| person.present) {
        let owner = rules
            .iter()
            .position(|rule| rule.selects(person.department));
        person.held = match (owner, person.held) {
            (Some(owner), _) => Some((owner, None)),
            (None, None) => None,
            (None, Some((by, since))) => {
                let since = since.unwrap_or(day);
                (since + rules[by].grace > day).then_some((by, Some(since)))
            }
        };
    }
}

/// A stream of numbers that is the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn live_a_life(seed: u64) {
    let mut dice = Dice(seed);
    let world = World::new();
    let package = world.package(world.catalog("Sales").await, "Leads").await;
    let mut people = BTreeMap::new();
    for number in 0..PEOPLE {
        let department = DEPARTMENTS[dice.roll(4)];
        world.person(1000 + number as u128, department).await;
        let known = Known {
            department,
            present: true,
            held: None,
        };
        people.insert(number, known);
    }
    let mut rules: Vec<Rule> = Vec::new();
    let mut ids = Vec::new();
    let mut day = 0;
    for step in 0..40 {
        let choice = dice.roll(10);
        let number = dice.roll(PEOPLE);
        let user = user_number(number);
        let written = |rule: &Rule| {
            let text = format!("user.department -match \"{}\"", rule.letter);
            (text, format!("P{}D", rule.grace))
        };
        match choice {
            0 if rules.len() < 3 => {
                world.advance(Duration::from_micros(1));
                let rule = Rule {
                    letter: ["A", "B", "C"][dice.roll(3)],
                    grace: [0, 2][dice.roll(2)],
                };
                let (text, grace) = written(&rule);
                let wanted = Automatic {
                    grace: Some(&grace),
                    ..Automatic::by(&text)
                };
                ids.push(world.automatic(package, &wanted).await);
                rules.push(rule);
            }
            1 if !rules.is_empty() => {
                let which = dice.roll(rules.len());
                rules[which].letter = ["A", "B", "C"][dice.roll(3)];
                let (text, grace) = written(&rules[which]);
                let wanted = Automatic {
                    grace: Some(&grace),
                    ..Automatic::by(&text)
                };
                world.save_again(ids[which], package, &wanted).await;
            }
            2 => {
                world.advance(Duration::from_days(1));
                day += 1;
            }
            3 => {
                let known = people.get_mut(&number).unwrap();
                if known.present {
                    users::delete(&world.service, &operator(), user)
                        .await
                        .unwrap();
                } else {
                    users::restore(&world.service, &operator(), user)
                        .await
                        .unwrap();
                }
                known.present = !known.present;
            }
            _ if people[&number].present => {
                let department = DEPARTMENTS[dice.roll(4)];
                world.transfer(user, department).await;
                people.get_mut(&number).unwrap().department = department;
            }
            _ => {}
        }
        world.settle().await;
        account(&rules, &mut people, day);
        for (number, known) in &people {
            let held = world.live(package, user_number(*number));
            let shown = held.as_ref().map(|held| {
                let by = ids.iter().position(|id| *id == held.assignment_policy_id);
                (by.unwrap(), held.status == "AutoAssignmentInGracePeriod")
            });
            let expected = known.held.map(|(by, since)| (by, since.is_some()));
            assert_eq!(
                shown, expected,
                "seed {seed}, step {step}, person {number}, {known:?}"
            );
        }
    }
    let users: Vec<ObjectId> = (0..PEOPLE).map(user_number).collect();
    let before = book(&world, &[package], &users);
    let requests: usize = users
        .iter()
        .map(|user| world.requests_of(*user).len())
        .sum();
    let now = world.service.clock.now();
    world
        .service
        .store
        .write_blocking(move |tx| store::automatic::sweep::request(tx, package, now))
        .unwrap();
    world.settle().await;
    assert_eq!(book(&world, &[package], &users), before);
    let after: usize = users
        .iter()
        .map(|user| world.requests_of(*user).len())
        .sum();
    assert_eq!(after, requests);
}

#[tokio::test]
async fn whatever_happens_everybody_holds_what_the_rules_say_and_asking_all_anew_changes_nothing() {
    for seed in 1..=12 {
        live_a_life(seed).await;
    }
}
