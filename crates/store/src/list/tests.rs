//! What the databases answer is what the predicates say.

mod chance;
mod documents;
mod memory;
mod pages;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use domain::evaluate::{self, Tuple};
use domain::model;
use domain::query::{
    Comparison, Direction, Entity, Expansion, Field, Kind, Link, Path, Predicate, Query, Record,
    Relation, TextMatch, Value,
};

use chance::{path, predicate};
use memory::{World, members, world};
use rows::{Dice, fill, flag, insert, maybe_name, name, text};

use super::list;
use super::render::{Statement, never_null};
use crate::engine::Store;
use crate::engine::tests::{Fixture, with_both};
use crate::error::Error;

/// Runs `test` once on each kind of database, with the schema in it.
fn on_both(test: impl Fn(&Store)) {
    with_both(|fixture| test(&migrated(fixture)));
}

fn migrated(fixture: &Fixture) -> Store {
    let store = fixture.open();
    store
        .migrate(domain::time::Timestamp::from_micros(0))
        .unwrap();
    store
}

fn read(store: &Store, query: &Query) -> domain::query::Page {
    let query = query.clone();
    let page: Result<_, Error> = store.read_blocking(move |tx| list(tx, &query));
    page.unwrap_or_else(|error| panic!("{error:?}"))
}

fn everything(entity: &'static Entity) -> Query {
    Query {
        fields: entity.fields.iter().collect(),
        ..Query::of(entity)
    }
}

fn keys(page: &domain::query::Page) -> Vec<String> {
    let key = |record: &Record| record.values[0].as_text().unwrap().to_owned();
    page.rows.iter().map(key).collect()
}

const TESTED: &[&Entity] = &[
    &model::ASSIGNMENT,
    &model::ACCESS_PACKAGE,
    &model::CATALOG,
    &model::SUBJECT,
    &model::USER,
    &model::GROUP,
    &model::DIRECTORY_OBJECT,
    &model::ASSIGNMENT_POLICY,
];

#[test]
fn every_field_of_every_entity_can_be_read() {
    on_both(|store| {
        for entity in model::ENTITIES {
            read(store, &everything(entity));
        }
    });
}

#[test]
fn every_relation_of_every_entity_can_be_expanded_and_asked_about() {
    on_both(|store| {
        fill(store, &mut Dice(7));
        for entity in model::ENTITIES {
            for relation in entity.relations {
                for limit in [None, Some(1)] {
                    let mut query = everything(entity);
                    let mut related = everything(relation.to);
                    related.limit = limit;
                    query.expand.push(Expansion {
                        relation,
                        query: related,
                    });
                    query.filter = Predicate::Not(Box::new(Predicate::Exists {
                        hops: vec![relation],
                        inner: Box::new(Predicate::False),
                    }));
                    read(store, &query);
                }
            }
        }
    });
}

#[test]
fn the_database_answers_what_the_predicate_says() {
    on_both(|store| {
        let mut dice = Dice(20_260_102);
        fill(store, &mut dice);
        let world = world(store);
        let mut some = 0;
        for round in 0..600 {
            let entity = *dice.pick::<&Entity>(TESTED);
            let mut query = everything(entity);
            query.filter = predicate(&mut dice, &world, entity, 3);
            query.count = true;

            let answered = read(store, &query);

            let expected = evaluate::list(&query, &members(&world, entity));
            let answered_keys: BTreeSet<String> = keys(&answered).into_iter().collect();
            let expected_keys: BTreeSet<String> = keys(&expected).into_iter().collect();
            assert_eq!(
                answered_keys, expected_keys,
                "round {round} of {}: {:?}",
                entity.name, query.filter
            );
            assert_eq!(answered.count, expected.count, "round {round}");
            assert_eq!(
                answered.rows.len(),
                answered_keys.len(),
                "round {round}: a row came twice"
            );
            some += usize::from(
                !answered.rows.is_empty() && answered.rows.len() < world.rows[entity.name].len(),
            );
        }
        assert!(some > 100, "too few rounds told anything: {some}");
    });
}

#[test]
fn paging_sees_every_row_once_in_any_order() {
    on_both(|store| {
        let mut dice = Dice(99);
        fill(store, &mut dice);
        for round in 0..40 {
            let entity = *dice.pick::<&Entity>(TESTED);
            let mut query = everything(entity);
            for _ in 0..dice.roll(3) {
                let direction = *dice.pick(&[Direction::Ascending, Direction::Descending]);
                query.order.push((path(&mut dice, entity), direction));
            }
            let whole = keys(&read(store, &query));
            query.limit = Some(1 + dice.roll(4) as u64);

            let mut seen = Vec::new();
            loop {
                let page = read(store, &query);
                seen.extend(keys(&page));
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }

            assert_eq!(
                seen, whole,
                "round {round} of {}: {:?}",
                entity.name, query.order
            );
        }
    });
}

#[test]
fn numbers_come_in_the_same_order_as_in_memory() {
    on_both(|store| {
        fill(store, &mut Dice(5));
        let world = world(store);
        let ends = model::ASSIGNMENT.field("ends_at").unwrap();
        for direction in [Direction::Ascending, Direction::Descending] {
            let mut query = everything(&model::ASSIGNMENT);
            query.order = vec![(Path::of(ends), direction)];
            query.skip = 3;
            query.limit = Some(20);

            let answered = read(store, &query);

            let expected = evaluate::list(&query, &members(&world, &model::ASSIGNMENT));
            assert_eq!(keys(&answered), keys(&expected), "{direction:?}");
            assert_eq!(answered.next.is_some(), expected.next.is_some());
        }
    });
}

#[test]
fn expansions_belong_to_their_parents_and_are_cut_for_each() {
    on_both(|store| {
        fill(store, &mut Dice(3));
        let world = world(store);
        let relation = model::GROUP.relation("members").unwrap();
        for limit in [None, Some(2)] {
            let mut members_of = everything(&model::DIRECTORY_OBJECT);
            members_of.limit = limit;
            let mut query = everything(&model::GROUP);
            query.expand.push(Expansion {
                relation,
                query: members_of,
            });

            let page = read(store, &query);

            assert_eq!(page.rows.len(), 4);
            for group in &page.rows {
                let id = group.values[0].clone();
                let mut expected: Vec<Value> = world.pairs["group_member"]
                    .iter()
                    .filter(|(_, group, _, _)| group == &id)
                    .map(|(_, _, _, member)| member.clone())
                    .collect();
                expected.sort();
                let mut actual: Vec<Value> = group.expanded[0]
                    .iter()
                    .map(|row| row.values[0].clone())
                    .collect();
                actual.sort();
                match limit {
                    None => assert_eq!(actual, expected),
                    Some(limit) => {
                        assert_eq!(
                            actual.len(),
                            expected.len().min(usize::try_from(limit).unwrap())
                        );
                        assert!(actual.iter().all(|member| expected.contains(member)));
                    }
                }
            }
        }
    });
}

#[test]
fn expansions_nest() {
    on_both(|store| {
        fill(store, &mut Dice(11));
        let catalog = Expansion {
            relation: model::ACCESS_PACKAGE.relation("catalog").unwrap(),
            query: everything(&model::CATALOG),
        };
        let mut package = everything(&model::ACCESS_PACKAGE);
        package.expand.push(catalog);
        let mut query = everything(&model::ASSIGNMENT);
        query.expand.push(Expansion {
            relation: model::ASSIGNMENT.relation("access_package").unwrap(),
            query: package,
        });

        let page = read(store, &query);

        assert_eq!(page.rows.len(), 40);
        for assignment in &page.rows {
            let [package] = assignment.expanded[0].as_slice() else {
                panic!("one package")
            };
            assert_eq!(package.values[0], assignment.values[1]);
            let [catalog] = package.expanded[0].as_slice() else {
                panic!("one catalog")
            };
            assert_eq!(catalog.values[0], package.values[1]);
        }
    });
}

#[test]
fn sign_in_names_are_found_in_any_case_by_their_index() {
    on_both(|store| {
        fill(store, &mut Dice(2));
        let mut query = everything(&model::USER);
        let name = model::USER.field("user_principal_name").unwrap();
        query.filter = Predicate::equals(name, Value::Text("USER3@example.test".to_owned()));

        assert_eq!(keys(&read(store, &query)), ["u3"]);
    });
}

#[test]
fn a_value_of_another_kind_is_refused_by_both() {
    on_both(|store| {
        let mut query = everything(&model::ASSIGNMENT);
        let state = model::ASSIGNMENT.field("state").unwrap();
        query.filter = Predicate::equals(state, Value::Int(1));

        let answer: Result<_, Error> = store.read_blocking(move |tx| list(tx, &query));

        assert!(matches!(answer, Err(Error::Corrupt { .. })), "{answer:?}");
    });
}

/// How SQLite would run the first page of a query.
fn plan(store: &Store, query: &Query) -> String {
    let statement = Statement::page(query).unwrap();
    explained(store, &statement.sql, statement.args)
}

fn explained(store: &Store, sql: &str, args: Vec<Value>) -> String {
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    let lines: Result<Vec<String>, Error> =
        store.read_blocking(move |tx| tx.query_map(&sql, &args, |row| Ok(row.text(3)?.to_owned())));
    lines.unwrap().join("; ")
}

#[test]
fn the_first_and_later_pages_of_long_lists_follow_an_index() {
    let fixture = Fixture::sqlite();
    let store = migrated(&fixture);
    for entity in [
        &model::ASSIGNMENT,
        &model::ASSIGNMENT_REQUEST,
        &model::AUDIT_EVENT,
    ] {
        let mut query = everything(entity);
        query.limit = Some(100);
        for after in [None, Some(vec![Value::Int(5), Value::Text("x".to_owned())])] {
            query.after = after;
            let plan = plan(&store, &query);
            assert!(plan.contains(&format!("{}_order", entity.name)), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}

#[test]
fn l8_what_has_drifted_is_listed_and_counted_by_its_own_index() {
    let fixture = Fixture::sqlite();
    let store = migrated(&fixture);
    let mut query = everything(&model::DRIFTED_GRANT);
    query.limit = Some(100);
    let field = |name: &str| model::DRIFTED_GRANT.field(name).unwrap();
    let missing = Predicate::equals(field("desired"), Value::Bool(true));
    let of_target = Predicate::equals(field("target"), Value::Text("erp".to_owned()));
    for filter in [Predicate::True, missing.clone(), missing.and(of_target)] {
        query.filter = filter;
        for after in [None, Some(vec![Value::Int(5), Value::Text("x".to_owned())])] {
            query.after = after;
            let plan = plan(&store, &query);
            assert!(plan.contains("INDEX ledger_drifted"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
        let (sql, args) = Statement::count(&query).unwrap();
        let plan = explained(&store, &sql, args);
        assert!(plan.contains("COVERING INDEX ledger_drifted"), "{plan}");
    }
}

#[test]
fn lists_by_package_and_by_person_follow_an_index() {
    let fixture = Fixture::sqlite();
    let store = migrated(&fixture);
    for (entity, column) in [
        (&model::ASSIGNMENT, "access_package_id"),
        (&model::ASSIGNMENT, "target_id"),
        (&model::ASSIGNMENT_REQUEST, "access_package_id"),
        (&model::ASSIGNMENT_REQUEST, "requestor_id"),
        (&model::ASSIGNMENT_REQUEST, "target_id"),
        (&model::ASSIGNMENT_REQUEST, "created_by"),
    ] {
        let mut query = everything(entity);
        query.limit = Some(100);
        query.filter =
            Predicate::equals(entity.field(column).unwrap(), Value::Text("x".to_owned()));
        let plan = plan(&store, &query);
        assert!(plan.contains("USING INDEX"), "{column}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{column}: {plan}");
    }
}

#[test]
fn the_audit_log_is_searched_by_index_for_who_did_what_to_what() {
    let fixture = Fixture::sqlite();
    let store = migrated(&fixture);
    let own = |name| Path::of(model::AUDIT_EVENT.field(name).unwrap());
    let user = Path {
        hops: vec![&model::inside::INITIATORS, &model::inside::AUDITED_USERS],
        field: model::inside::AUDITED_USER.field("id").unwrap(),
    };
    for (path, index) in [
        (own("activity"), "audit_event_activity"),
        (own("correlation_id"), "audit_event_call"),
        (own("object_id"), "audit_event_target"),
        (user, "audit_event_user"),
    ] {
        let mut query = everything(&model::AUDIT_EVENT);
        query.limit = Some(100);
        query.filter = Predicate::Compare {
            path,
            comparison: Comparison::Eq,
            value: Value::Text("x".to_owned()),
        };
        let plan = plan(&store, &query);
        assert!(plan.contains(&format!("USING INDEX {index} (")), "{plan}");
        // The events of one call are few; the others come in their order.
        let is_sorted = plan.contains("TEMP B-TREE");
        assert_eq!(is_sorted, index == "audit_event_call", "{plan}");
    }
}

#[test]
fn columns_that_are_said_never_to_be_null_are_not() {
    let fixture = Fixture::sqlite();
    let store = migrated(&fixture);
    let mut nullable_columns = 0;
    for entity in model::ENTITIES {
        let sql = format!(
            "SELECT name FROM pragma_table_info('{}') WHERE \"notnull\" = 0",
            entity.name
        );
        let found: Result<Vec<String>, Error> = store
            .read_blocking(move |tx| tx.query_map(&sql, &[], |row| Ok(row.text(0)?.to_owned())));
        let views = format!(
            "SELECT name FROM sqlite_schema WHERE type = 'view' AND name = '{}'",
            entity.name
        );
        let views: Result<Vec<String>, Error> = store
            .read_blocking(move |tx| tx.query_map(&views, &[], |row| Ok(row.text(0)?.to_owned())));
        let is_view = !views.unwrap().is_empty();
        for nullable in found.unwrap() {
            nullable_columns += 1;
            let field = entity.field(&nullable);
            let claimed = field.is_some_and(|field| never_null(entity, &Path::of(field)));
            assert!(!claimed || is_view, "{}.{nullable}", entity.name);
        }
    }
    assert!(nullable_columns > 20, "the schema was not there");
}
