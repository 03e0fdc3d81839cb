//! What the databases answer is what the predicates say.

mod documents;
mod pages;

use std::collections::{BTreeMap, BTreeSet};

use domain::evaluate::{self, Tuple};
use domain::model;
use domain::query::{
    Comparison, Direction, Entity, Expansion, Field, Kind, Link, Path, Predicate, Query, Record,
    Relation, TextMatch, Value,
};

use super::list;
use super::render::{Statement, never_null};
use crate::engine::Store;
use crate::engine::tests::{Fixture, with_both};
use crate::error::Error;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

const NAMES: &[&str] = &[
    "Finance", "finance", "50%_off", "Ärger", "", "HR \\ x", "O'Brien", "zz",
];

/// One row, by column; literals are written by the test itself and never by a client.
fn insert(store: &Store, table: &'static str, row: &[(&'static str, String)]) {
    let columns: Vec<&str> = row.iter().map(|(column, _)| *column).collect();
    let values: Vec<&str> = row.iter().map(|(_, value)| value.as_str()).collect();
    let sql = format!(
        "INSERT INTO {table} ({}) VALUES ({})",
        columns.join(", "),
        values.join(", ")
    );
    let done: Result<u64, Error> = store.write_blocking(move |tx| tx.execute(&sql, &[]));
    done.unwrap();
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn maybe(dice: &mut Dice, value: String) -> String {
    if dice.roll(3) == 0 {
        "NULL".to_owned()
    } else {
        value
    }
}

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

fn maybe_name(dice: &mut Dice) -> String {
    let name = text(dice.pick::<&str>(NAMES));
    maybe(dice, name)
}

/// Rows in every table that the predicates below look at, with gaps where gaps may be.
fn fill(store: &Store, dice: &mut Dice) {
    fill_directory(store, dice);
    fill_catalogs(store, dice);
    fill_assignments(store, dice);
}

fn name(dice: &mut Dice) -> String {
    text(dice.pick::<&str>(NAMES))
}

fn flag(dice: &mut Dice) -> String {
    let flag = if dice.roll(2) == 0 { "TRUE" } else { "FALSE" };
    flag.to_owned()
}

fn fill_directory(store: &Store, dice: &mut Dice) {
    for i in 0..12 {
        let manager = if i > 0 {
            text(&format!("u{}", dice.roll(i)))
        } else {
            "NULL".to_owned()
        };
        let rank = maybe_name(dice);
        insert(
            store,
            "directory_user",
            &[
                ("id", text(&format!("u{i}"))),
                (
                    "user_principal_name",
                    text(&format!("User{i}@example.test")),
                ),
                (
                    "user_principal_name_key",
                    text(&format!("user{i}@example.test")),
                ),
                ("display_name", name(dice)),
                ("department", rank),
                ("user_type", text("Member")),
                ("account_enabled", flag(dice)),
                ("details", text("{}")),
                ("manager_id", maybe(dice, manager)),
                ("created_at", dice.roll(5).to_string()),
                ("version", "1".to_owned()),
            ],
        );
    }
    for i in 0..4 {
        insert(
            store,
            "directory_group",
            &[
                ("id", text(&format!("g{i}"))),
                ("display_name", name(dice)),
                ("description", maybe(dice, text("x"))),
                ("mail_enabled", "FALSE".to_owned()),
                ("security_enabled", "TRUE".to_owned()),
                ("group_types", text("[]")),
                ("details", text("{}")),
                ("created_at", dice.roll(5).to_string()),
                ("version", "1".to_owned()),
            ],
        );
        for u in 0..12 {
            if dice.roll(3) == 0 {
                insert(
                    store,
                    "group_member",
                    &[
                        ("group_id", text(&format!("g{i}"))),
                        ("member_id", text(&format!("u{u}"))),
                    ],
                );
            }
        }
    }
}

fn fill_catalogs(store: &Store, dice: &mut Dice) {
    for i in 0..3 {
        insert(
            store,
            "catalog",
            &[
                ("id", text(&format!("c{i}"))),
                ("display_name", name(dice)),
                ("description", maybe_name(dice)),
                ("catalog_type", text("userManaged")),
                ("state", text(["published", "unpublished"][dice.roll(2)])),
                ("is_externally_visible", flag(dice)),
                ("created_at", dice.roll(5).to_string()),
                ("modified_at", "1".to_owned()),
                ("version", "1".to_owned()),
            ],
        );
    }
    for i in 0..6 {
        let catalog = dice.roll(3);
        insert(
            store,
            "access_package",
            &[
                ("id", text(&format!("p{i}"))),
                ("catalog_id", text(&format!("c{catalog}"))),
                ("display_name", name(dice)),
                ("description", maybe_name(dice)),
                ("is_hidden", flag(dice)),
                ("is_role_scopes_visible", "TRUE".to_owned()),
                ("created_at", dice.roll(5).to_string()),
                ("modified_at", "1".to_owned()),
                ("version", "1".to_owned()),
            ],
        );
        insert(
            store,
            "assignment_policy",
            &[
                ("id", text(&format!("q{i}"))),
                ("access_package_id", text(&format!("p{i}"))),
                ("display_name", name(dice)),
                ("allowed_target_scope", text("notSpecified")),
                ("can_extend", "FALSE".to_owned()),
                ("settings", text("{}")),
                ("created_at", "1".to_owned()),
                ("modified_at", "1".to_owned()),
                ("version", "1".to_owned()),
            ],
        );
        if i > 0 {
            let other = dice.roll(i);
            insert(
                store,
                "incompatible_access_package",
                &[
                    ("access_package_id", text(&format!("p{i}"))),
                    ("incompatible_id", text(&format!("p{other}"))),
                ],
            );
        }
    }
}

fn fill_assignments(store: &Store, dice: &mut Dice) {
    for i in 0..10 {
        insert(
            store,
            "subject",
            &[
                ("id", text(&format!("s{i}"))),
                ("object_id", maybe(dice, text(&format!("u{i}")))),
                ("subject_type", text("user")),
                ("display_name", maybe_name(dice)),
                ("email", maybe(dice, text("a@example.test"))),
                ("subject_lifecycle", text("notDefined")),
                ("created_at", dice.roll(5).to_string()),
            ],
        );
    }
    for i in 0..40 {
        let package = dice.roll(6);
        let ends = dice.roll(9).to_string();
        insert(
            store,
            "assignment",
            &[
                ("id", text(&format!("a{i}"))),
                ("access_package_id", text(&format!("p{package}"))),
                ("assignment_policy_id", text(&format!("q{package}"))),
                ("target_id", text(&format!("s{}", dice.roll(10)))),
                ("state", text(["expired", "deliveryFailed"][dice.roll(2)])),
                ("status", name(dice)),
                ("schedule", text("{}")),
                ("starts_at", "0".to_owned()),
                ("ends_at", maybe(dice, ends)),
                ("is_extended", flag(dice)),
                ("expired_at", maybe(dice, "7".to_owned())),
                ("created_at", dice.roll(8).to_string()),
                ("modified_at", "1".to_owned()),
                ("version", "1".to_owned()),
            ],
        );
    }
}

/// Everything that is stored, in memory.
struct World {
    rows: BTreeMap<&'static str, Vec<BTreeMap<&'static str, Value>>>,
    pairs: BTreeMap<&'static str, Vec<(Value, Value, Value, Value)>>,
}

struct Member<'w> {
    world: &'w World,
    row: &'w BTreeMap<&'static str, Value>,
}

impl Tuple for Member<'_> {
    fn value(&self, field: &Field) -> Value {
        self.row.get(field.name).cloned().unwrap_or(Value::Null)
    }

    fn follow(&self, relation: &Relation) -> Vec<Box<dyn Tuple + '_>> {
        if let Link::Inside { here, at, many } = relation.link {
            let text = self.row[here].as_text().unwrap_or("null");
            let document: serde_json::Value = serde_json::from_str(text).unwrap();
            return inside(&document, at, many);
        }
        let wanted: Vec<Value> = match relation.link {
            Link::One { here, .. } | Link::Many { here, .. } => vec![self.row[here].clone()],
            Link::Inside { .. } => Vec::new(),
            Link::Through {
                table, here, near, ..
            } => self.world.pairs[table]
                .iter()
                .filter(|(first, left, second, right)| {
                    let (near_value, _) = ends(near, (first, left), (second, right));
                    near_value == &self.row[here]
                })
                .map(|(first, left, second, right)| {
                    ends(near, (first, left), (second, right)).1.clone()
                })
                .collect(),
        };
        let (Link::One { there, .. } | Link::Many { there, .. } | Link::Through { there, .. }) =
            relation.link
        else {
            return Vec::new();
        };
        self.world.rows[relation.to.name]
            .iter()
            .filter(|row| row[there] != Value::Null && wanted.contains(&row[there]))
            .map(|row| {
                let member = Member {
                    world: self.world,
                    row,
                };
                Box::new(member) as Box<dyn Tuple + '_>
            })
            .collect()
    }
}

/// A value inside a document, in memory.
struct Item(serde_json::Value);

impl Tuple for Item {
    fn value(&self, field: &Field) -> Value {
        let found = match field.name {
            "" => Some(&self.0),
            path => path
                .split('/')
                .try_fold(&self.0, |value, name| value.get(name)),
        };
        match (field.kind, found) {
            (Kind::Instant, Some(serde_json::Value::String(text))) => {
                Value::Int(domain::time::Timestamp::parse(text).unwrap().micros())
            }
            (Kind::Bool, Some(serde_json::Value::Bool(flag))) => Value::Bool(*flag),
            (Kind::Int, Some(serde_json::Value::Number(number))) => {
                Value::Int(number.as_i64().unwrap())
            }
            (Kind::Id | Kind::Text | Kind::Word, Some(serde_json::Value::String(text))) => {
                Value::Text(text.clone())
            }
            _ => Value::Null,
        }
    }

    fn follow(&self, relation: &Relation) -> Vec<Box<dyn Tuple + '_>> {
        match relation.link {
            Link::Inside { here, at, many } => inside(&self.0[here], at, many),
            _ => Vec::new(),
        }
    }
}

fn inside<'w>(document: &serde_json::Value, at: &[&str], many: bool) -> Vec<Box<dyn Tuple + 'w>> {
    let found = at.iter().fold(document, |value, name| &value[*name]);
    let values = match found {
        serde_json::Value::Array(items) if many => items.clone(),
        serde_json::Value::Object(members) if many => members
            .get("items")
            .and_then(serde_json::Value::as_array)
            .cloned()
            .unwrap_or_default(),
        _ if many => Vec::new(),
        one => vec![one.clone()],
    };
    values
        .into_iter()
        .map(|value| Box::new(Item(value)) as Box<dyn Tuple + 'w>)
        .collect()
}

/// The near and the far value of a pair, which is kept with its column names.
fn ends<'v>(
    near: &str,
    first: (&'v Value, &'v Value),
    second: (&'v Value, &'v Value),
) -> (&'v Value, &'v Value) {
    if first.0.as_text() == Some(near) {
        (first.1, second.1)
    } else {
        (second.1, first.1)
    }
}

fn read(store: &Store, query: &Query) -> domain::query::Page {
    let query = query.clone();
    let page: Result<_, Error> = store.read_blocking(move |tx| list(tx, &query));
    page.unwrap_or_else(|error| panic!("{error:?}"))
}

fn world(store: &Store) -> World {
    let mut rows = BTreeMap::new();
    for entity in model::ENTITIES {
        let page = read(store, &everything(entity));
        let named = |record: Record| {
            entity
                .fields
                .iter()
                .map(|field| field.name)
                .zip(record.values)
                .collect()
        };
        rows.insert(entity.name, page.rows.into_iter().map(named).collect());
    }
    let mut pairs = BTreeMap::new();
    for (table, left, right) in [
        ("group_member", "group_id", "member_id"),
        (
            "incompatible_access_package",
            "access_package_id",
            "incompatible_id",
        ),
    ] {
        let sql = format!("SELECT {left}, {right} FROM {table}");
        let found: Result<Vec<(String, String)>, Error> = store.read_blocking(move |tx| {
            tx.query_map(&sql, &[], |row| {
                Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
            })
        });
        let kept = found
            .unwrap()
            .into_iter()
            .map(|(a, b)| {
                (
                    Value::Text(left.to_owned()),
                    Value::Text(a),
                    Value::Text(right.to_owned()),
                    Value::Text(b),
                )
            })
            .collect();
        pairs.insert(table, kept);
    }
    World { rows, pairs }
}

fn members<'w>(world: &'w World, entity: &'static Entity) -> Vec<Member<'w>> {
    world.rows[entity.name]
        .iter()
        .map(|row| Member { world, row })
        .collect()
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

/// A predicate over an entity, made of everything a predicate can be made of.
fn predicate(dice: &mut Dice, world: &World, entity: &'static Entity, depth: usize) -> Predicate {
    let kinds = if depth == 0 { 3 } else { 7 };
    match dice.roll(kinds) {
        0 => {
            let path = path(dice, entity);
            let comparisons = [
                Comparison::Eq,
                Comparison::Ne,
                Comparison::Gt,
                Comparison::Ge,
                Comparison::Lt,
                Comparison::Le,
            ];
            // Only numbers have an order that both sides agree on.
            let comparison = match path.field.kind {
                Kind::Int | Kind::Instant => *dice.pick(&comparisons),
                _ => *dice.pick(&comparisons[..2]),
            };
            let value = known_value(dice, world, entity, &path);
            Predicate::Compare {
                path,
                comparison,
                value,
            }
        }
        1 => {
            let path = path(dice, entity);
            let values = (0..dice.roll(4))
                .map(|_| known_value(dice, world, entity, &path))
                .collect();
            Predicate::In { path, values }
        }
        2 => {
            let path = path(dice, entity);
            let matching = *dice.pick(&[
                TextMatch::Contains,
                TextMatch::StartsWith,
                TextMatch::EndsWith,
            ]);
            let text = (*dice.pick(&["fin", "%", "_", "ÄR", "\\", "'", "", "NCE"])).to_owned();
            Predicate::Text {
                path,
                matching,
                text,
            }
        }
        3 => Predicate::Not(Box::new(predicate(dice, world, entity, depth - 1))),
        4 => Predicate::All(
            (0..dice.roll(4))
                .map(|_| predicate(dice, world, entity, depth - 1))
                .collect(),
        ),
        5 => Predicate::Any(
            (0..dice.roll(4))
                .map(|_| predicate(dice, world, entity, depth - 1))
                .collect(),
        ),
        _ => {
            let relations: Vec<&'static Relation> = entity
                .relations
                .iter()
                .filter(|relation| is_known(world, relation))
                .collect();
            if relations.is_empty() {
                return Predicate::True;
            }
            let relation = *dice.pick::<&Relation>(&relations);
            let inner = predicate(dice, world, relation.to, depth - 1);
            Predicate::Exists {
                hops: vec![relation],
                inner: Box::new(inner),
            }
        }
    }
}

fn is_known(world: &World, relation: &Relation) -> bool {
    match relation.link {
        Link::Through { table, .. } => world.pairs.contains_key(table),
        Link::One { .. } | Link::Many { .. } | Link::Inside { .. } => true,
    }
}

/// A field that can be compared, here or behind a relation to one row.
fn path(dice: &mut Dice, entity: &'static Entity) -> Path {
    let to_one: Vec<&'static Relation> = entity
        .relations
        .iter()
        .filter(|relation| relation.is_to_one())
        .collect();
    let hops = if to_one.is_empty() || dice.roll(2) == 0 {
        Vec::new()
    } else {
        vec![*dice.pick::<&Relation>(&to_one)]
    };
    let end = hops.last().map_or(entity, |hop: &&Relation| hop.to);
    let fields: Vec<&'static Field> = end
        .fields
        .iter()
        .filter(|field| field.kind != Kind::Document)
        .collect();
    Path {
        hops,
        field: dice.pick::<&Field>(&fields),
    }
}

/// A value that some row has, or null.
fn known_value(dice: &mut Dice, world: &World, entity: &'static Entity, path: &Path) -> Value {
    let end = path.hops.last().map_or(entity, |hop| hop.to);
    let rows = &world.rows[end.name];
    if rows.is_empty() || dice.roll(6) == 0 {
        return Value::Null;
    }
    let value = dice.pick(rows)[path.field.name].clone();
    match (path.field.kind, value) {
        (Kind::Text, Value::Text(text)) if dice.roll(2) == 0 => Value::Text(text.to_uppercase()),
        (_, value) => value,
    }
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
    let sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
    let lines: Result<Vec<String>, Error> = store.read_blocking(move |tx| {
        tx.query_map(&sql, &statement.args, |row| Ok(row.text(3)?.to_owned()))
    });
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
fn lists_by_package_and_by_person_follow_an_index() {
    let fixture = Fixture::sqlite();
    let store = migrated(&fixture);
    for (entity, column) in [
        (&model::ASSIGNMENT, "access_package_id"),
        (&model::ASSIGNMENT, "target_id"),
        (&model::ASSIGNMENT_REQUEST, "access_package_id"),
        (&model::ASSIGNMENT_REQUEST, "requestor_id"),
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
