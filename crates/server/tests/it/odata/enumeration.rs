//! Every property that can be compared or ordered by is, on both databases: generated from the tables.

use domain::cloud::Cloud;
use domain::query::{Predicate, Query};
use odata::query::QueryOptions;
use service::Service;
use testkit::TestApp;
use wire::Version;
use wire::resolve::{Request, ResolveError, resolve};
use wire::table::{Edm, Property, Read, Type};
use wire::tables::TYPES;

fn compiled(version: Version, of: &'static Type, query: &str) -> Result<Query, ResolveError> {
    let options = QueryOptions::parse(&query.replace(' ', "%20"))
        .unwrap_or_else(|error| panic!("{query}: {error}"));
    let plan = resolve(Request {
        version,
        cloud: Cloud::Global,
        of,
        filter: Predicate::True,
        is_single: false,
        is_derived: false,
        is_annotated: false,
        options: &options,
        max_page_size: Some(2),
        after: None,
    })?;
    Ok(plan.query)
}

/// Runs the query and the page after its first one.
fn run(service: &Service, name: &str, query: &Query) {
    let query = query.clone();
    let done: Result<(), store::Error> = service.store.read_blocking(move |tx| {
        let page = store::list::list(tx, &query)?;
        if page.next.is_some() {
            let later = Query {
                after: page.next,
                ..query
            };
            store::list::list(tx, &later)?;
        }
        Ok(())
    });
    done.unwrap_or_else(|error| panic!("{name}: {error:?}"));
}

/// Conditions that fit the type of a property reached by `path`; none for what is compared by its members.
fn conditions(edm: Edm, path: &str) -> Vec<String> {
    let comparisons = |literal: &str, with_order: bool| {
        let mut all = vec![
            format!("{path} eq {literal}"),
            format!("not ({path} ne {literal})"),
            format!("{path} in ({literal})"),
            format!("{path} eq null"),
        ];
        if with_order {
            all.extend(["gt", "ge", "lt", "le"].map(|op| format!("{path} {op} {literal}")));
        }
        all
    };
    match edm {
        Edm::String | Edm::Guid => {
            let mut all = comparisons("'3f2504e0-4f89-11d3-9a0c-0305e82c3301'", true);
            all.extend([
                format!("{path} eq 3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
                format!("contains(tolower({path}),'o''b')"),
                format!("startswith({path},'a')"),
                format!("not endswith({path},'z')"),
            ]);
            all
        }
        Edm::Boolean => {
            let mut all = comparisons("true", false);
            all.push(path.to_owned());
            all
        }
        Edm::Int32 | Edm::Int64 => comparisons("5", true),
        Edm::Instant => comparisons("2026-01-02T03:04:05Z", true),
        Edm::Word(words) | Edm::Enum(words) => {
            let word = words.members.first().unwrap();
            let mut all = comparisons(&format!("'{}'", word.to_uppercase()), false);
            all.push(format!("{path} eq microsoft.graph.x'{word}'"));
            all
        }
        Edm::Strings => vec![
            format!("{path}/any(i:i eq 'a' or startswith(i,'b'))"),
            format!("{path}/all(i:i ne 'a')"),
            format!("{path}/any()"),
        ],
        _ => Vec::new(),
    }
}

/// Whether the table says that the property is stored and plain, so that refusing it would be a fault.
fn must_compare(property: &Property) -> bool {
    let is_plain = !conditions(property.edm, "x").is_empty();
    let is_list = matches!(property.edm, Edm::Strings);
    match property.read {
        Read::Computed { .. } | Read::Printed { .. } => property.inside.is_some() && is_plain,
        Read::Column(_) => is_plain && !is_list,
        Read::Constant(_) => false,
        _ => is_plain,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stored_property_of_every_type_can_be_filtered_and_ordered_by() {
    TestApp::on_both(async |app| {
        let service = app.service();
        let (mut filters, mut orders) = (0, 0);
        for version in [Version::V1, Version::Beta] {
            for of in TYPES.iter().filter(|of| of.name(version).is_some()) {
                for property in of.properties {
                    let Some(name) = property.name(version) else {
                        continue;
                    };
                    let full = format!("{version:?} {}.{name}", of.entity.name);
                    // Property names are read in any case (OD-2).
                    let spelled = [name.to_owned(), name.to_uppercase()];
                    for path in &spelled {
                        for condition in conditions(property.edm, path) {
                            match compiled(version, of, &format!("$filter={condition}")) {
                                Ok(query) if path == name => {
                                    run(service, &format!("{full}: {condition}"), &query);
                                    filters += 1;
                                }
                                Ok(_) => {}
                                Err(error) => {
                                    assert!(
                                        !must_compare(property),
                                        "{condition} of {full}: {error}"
                                    );
                                }
                            }
                        }
                    }
                    if !must_compare(property) || matches!(property.edm, Edm::Strings) {
                        continue;
                    }
                    for direction in ["", " desc"] {
                        let order = format!("$orderby={name}{direction}");
                        match compiled(version, of, &order) {
                            Ok(query) => {
                                run(service, &format!("{full}: {order}"), &query);
                                orders += 1;
                            }
                            Err(error) => assert!(
                                matches!(property.read, Read::Member { .. }),
                                "{order} of {full}: {error}"
                            ),
                        }
                    }
                }
            }
        }
        assert!(
            filters > 1_500 && orders > 400,
            "{filters} filters, {orders} orders"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_navigation_of_every_type_can_be_followed_by_a_filter_and_an_expansion() {
    TestApp::on_both(async |app| {
        let service = app.service();
        let mut followed = 0;
        for version in [Version::V1, Version::Beta] {
            for of in TYPES.iter().filter(|of| of.name(version).is_some()) {
                for navigation in of.navigations {
                    let Some(name) = navigation.name(version) else {
                        continue;
                    };
                    let full = format!("{version:?} {}.{name}", of.entity.name);
                    let is_one = navigation.first_only
                        || of.relation(navigation).is_some_and(domain::query::Relation::is_to_one);
                    let first = navigation.target.properties.iter().find_map(|property| {
                        must_compare(property)
                            .then(|| conditions(property.edm, property.name(version)?).pop())?
                            .map(|_| property)
                    });
                    let mut queries = vec![
                        format!("$expand={name}"),
                        format!("$expand={name}($count=true)"),
                    ];
                    if let Some(property) = first {
                        let inner = property.name(version).unwrap();
                        let conditions = |path: &str| conditions(property.edm, path);
                        if is_one {
                            queries.extend(
                                conditions(&format!("{name}/{inner}"))
                                    .into_iter()
                                    .map(|condition| format!("$filter={condition}")),
                            );
                            if !navigation.first_only {
                                queries.push(format!("$orderby={name}/{inner} desc"));
                            }
                        } else {
                            for condition in conditions(&format!("x/{inner}")) {
                                queries.push(format!("$filter={name}/any(x:{condition})"));
                                queries.push(format!("$filter={name}/all(x:{condition})"));
                            }
                            queries.push(format!("$filter={name}/any()"));
                            queries.push(format!(
                                "$expand={name}($top=1;$skip=1;$count=true;$orderby={inner} desc;$filter={})",
                                conditions(inner).pop().unwrap()
                            ));
                        }
                    }
                    for query in queries {
                        let found = compiled(version, of, &query)
                            .unwrap_or_else(|error| panic!("{full}: {query}: {error}"));
                        run(service, &format!("{full}: {query}"), &found);
                        followed += 1;
                    }
                }
            }
        }
        assert!(followed > 500, "{followed}");
    })
    .await;
}
