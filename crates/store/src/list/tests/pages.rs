//! Pages, their numbers and their statements, and writes over what was read.

use super::*;

#[test]
fn a_part_of_an_expansion_knows_how_many_there_are_in_all() {
    on_both(|store| {
        fill(store, &mut Dice(3));
        let world = world(store);
        for (relation, parent, child) in [
            (
                model::GROUP.relation("members").unwrap(),
                &model::GROUP,
                &model::DIRECTORY_OBJECT,
            ),
            (
                model::CATALOG.relation("access_packages").unwrap(),
                &model::CATALOG,
                &model::ACCESS_PACKAGE,
            ),
        ] {
            for (limit, skip) in [(None, 0), (Some(1), 0), (Some(1), 100), (None, 1)] {
                let mut related = everything(child);
                (related.limit, related.skip, related.count) = (limit, skip, true);
                let mut query = everything(parent);
                query.expand.push(Expansion {
                    relation,
                    query: related,
                });

                for row in read(store, &query).rows {
                    let id = &row.values[0];
                    let there = members(&world, parent)
                        .iter()
                        .find(|member| member.row["id"] == *id)
                        .unwrap()
                        .follow(relation)
                        .len();
                    assert_eq!(row.counts, [i64::try_from(there).unwrap()]);
                }
            }
        }
    });
}

#[test]
fn a_page_of_many_rows_takes_as_many_statements_as_a_page_of_one() {
    on_both(|store| {
        fill(store, &mut Dice(11));
        let mut package = everything(&model::ACCESS_PACKAGE);
        let mut policies = everything(&model::ASSIGNMENT_POLICY);
        (policies.limit, policies.count) = (Some(1), true);
        package.expand = vec![
            Expansion {
                relation: model::ACCESS_PACKAGE.relation("catalog").unwrap(),
                query: everything(&model::CATALOG),
            },
            Expansion {
                relation: model::ACCESS_PACKAGE
                    .relation("assignment_policies")
                    .unwrap(),
                query: policies,
            },
        ];
        let mut query = everything(&model::ASSIGNMENT);
        query.expand = vec![
            Expansion {
                relation: model::ASSIGNMENT.relation("access_package").unwrap(),
                query: package,
            },
            Expansion {
                relation: model::ASSIGNMENT.relation("target").unwrap(),
                query: everything(&model::SUBJECT),
            },
        ];
        let statements = |limit: u64| {
            let mut query = query.clone();
            query.limit = Some(limit);
            let counted: Result<(u64, usize), Error> = store.read_blocking(move |tx| {
                let page = list(tx, &query)?;
                Ok((tx.statements(), page.rows.len()))
            });
            counted.unwrap()
        };

        // The page; its package and its target; the package's catalog, its policies and their number.
        assert_eq!(statements(1), (6, 1));
        assert_eq!(statements(40), (6, 40));
    });
}

#[test]
fn rows_that_stay_are_seen_once_however_others_come_and_go() {
    on_both(|store| {
        let mut dice = Dice(20_260_301);
        let catalog = |store: &Store, dice: &mut Dice, id: &str| {
            insert(
                store,
                "catalog",
                &[
                    ("id", text(id)),
                    ("display_name", name(dice)),
                    ("description", maybe_name(dice)),
                    ("catalog_type", text("userManaged")),
                    ("state", text("published")),
                    ("is_externally_visible", flag(dice)),
                    ("created_at", dice.roll(5).to_string()),
                    ("modified_at", "1".to_owned()),
                    ("version", "1".to_owned()),
                ],
            );
        };
        let run = |sql: String| {
            let done: Result<u64, Error> = store.write_blocking(move |tx| tx.execute(&sql, &[]));
            done.unwrap();
        };
        let mut made = 0;
        for round in 0..25 {
            run("DELETE FROM catalog".to_owned());
            for i in 0..20 {
                catalog(store, &mut dice, &format!("stay{i:02}"));
                catalog(store, &mut dice, &format!("go{i:02}"));
            }
            let mut query = everything(&model::CATALOG);
            for column in ["description", "display_name", "created_at"] {
                if dice.roll(2) == 0 {
                    let direction = *dice.pick(&[Direction::Ascending, Direction::Descending]);
                    let field = model::CATALOG.field(column).unwrap();
                    query.order.push((Path::of(field), direction));
                }
            }
            query.limit = Some(1 + dice.roll(6) as u64);

            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            loop {
                let page = read(store, &query);
                for key in keys(&page) {
                    *seen.entry(key).or_default() += 1;
                }
                let Some(next) = page.next else { break };
                query.after = Some(next);
                // Between two pages: one more, one less, and one that moves.
                made += 1;
                catalog(store, &mut dice, &format!("new{made:04}"));
                run(format!(
                    "DELETE FROM catalog WHERE id = 'go{:02}'",
                    dice.roll(20)
                ));
                run(format!(
                    "UPDATE catalog SET display_name = {}, description = {}, created_at = {} WHERE id = 'go{:02}'",
                    name(&mut dice),
                    maybe_name(&mut dice),
                    dice.roll(5),
                    dice.roll(20),
                ));
            }

            for i in 0..20 {
                let times = seen.get(&format!("stay{i:02}")).copied().unwrap_or(0);
                assert_eq!(times, 1, "round {round}, stay{i:02}: {:?}", query.order);
            }
        }
    });
}

#[test]
fn a_guarded_store_writes_only_over_the_version_that_was_read() {
    on_both(|store| {
        fill(store, &mut Dice(1));
        let version = |id: &str| {
            let mut query = Query::of(&model::CATALOG);
            query.fields = vec![model::CATALOG.field("version").unwrap()];
            query.filter = Predicate::equals(
                model::CATALOG.field("id").unwrap(),
                Value::Text(id.to_owned()),
            );
            query
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let change = |store: &Store| {
            runtime.block_on(store.write(|tx| -> Result<u64, Error> {
                tx.execute(
                    "UPDATE catalog SET version = version + 1 WHERE id = 'c0'",
                    &[],
                )
            }))
        };

        assert!(matches!(
            change(&store.guarded(version("c0"), vec![2])),
            Err(Error::StaleVersion)
        ));
        let guarded = store.guarded(version("c0"), vec![1]);
        assert!(matches!(change(&guarded), Ok(1)));
        // What the same command writes later finds what it wrote first.
        assert!(matches!(change(&guarded), Ok(1)));
        assert!(matches!(
            change(&store.guarded(version("c0"), vec![1])),
            Err(Error::StaleVersion)
        ));
        // What is not there is for the command to tell.
        assert!(change(&store.guarded(version("none"), vec![1])).is_ok());
    });
}
