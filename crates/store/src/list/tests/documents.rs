//! What is inside of documents is found as in memory.

use super::*;

/// Everything that a document can hold where a list or a value is sought, and more.
const DOCUMENTS: &[&str] = &[
    r#"["Unified","DynamicMembership"]"#,
    r#"{"v":1,"items":["unified"]}"#,
    "[]",
    r#"{"items":"Unified"}"#,
    r#"{"v":1,"items":[{"n":5,"f":true,"s":"a","o":{"s":"it's"},"t":"2026-01-02T03:04:05Z"},"x",null,7]}"#,
    r#"[{"n":-1,"f":false,"s":null,"t":"2026-01-02T03:04:05.5Z","o":{"l":["Unified"]}},{"n":"5","f":"true","s":"A"}]"#,
    r#"{"n":5,"f":true,"s":"A","o":{"s":"b","l":["x","UNIFIED"]},"t":"2026-01-02T03:04:04.999999Z"}"#,
    "null",
    "7",
    r#""Unified""#,
];

static INSIDE: Entity = Entity {
    name: "inside",
    fields: &[
        Field {
            name: "n",
            kind: Kind::Int,
        },
        Field {
            name: "f",
            kind: Kind::Bool,
        },
        Field {
            name: "s",
            kind: Kind::Text,
        },
        Field {
            name: "o/s",
            kind: Kind::Text,
        },
        Field {
            name: "t",
            kind: Kind::Instant,
        },
    ],
    relations: &[],
    order: &[],
};

static ITEMS: Relation = Relation {
    name: "items",
    to: &INSIDE,
    link: Link::Inside {
        here: "group_types",
        at: &[],
        many: true,
    },
};

static DOCUMENT: Relation = Relation {
    name: "document",
    to: &INSIDE,
    link: Link::Inside {
        here: "group_types",
        at: &[],
        many: false,
    },
};

static NESTED: Relation = Relation {
    name: "nested",
    to: &model::inside::TEXTS,
    link: Link::Inside {
        here: "o",
        at: &["l"],
        many: true,
    },
};

/// Conditions on what is inside of documents, each with every value that tells something.
fn conditions() -> Vec<Predicate> {
    let micros = domain::time::Timestamp::parse("2026-01-02T03:04:05Z")
        .unwrap()
        .micros();
    let mut plain = Vec::new();
    let comparisons = [
        Comparison::Eq,
        Comparison::Ne,
        Comparison::Gt,
        Comparison::Ge,
        Comparison::Lt,
        Comparison::Le,
    ];
    for field in INSIDE.fields {
        let values = match field.kind {
            Kind::Int => vec![Value::Int(5), Value::Null],
            Kind::Bool => vec![Value::Bool(true), Value::Null],
            Kind::Instant => vec![Value::Int(micros), Value::Null],
            _ => vec![
                Value::Text("a".to_owned()),
                Value::Text("It's".to_owned()),
                Value::Null,
            ],
        };
        for value in values {
            for comparison in comparisons {
                // Texts have an order of their own in each database.
                if field.kind == Kind::Text
                    && !matches!(comparison, Comparison::Eq | Comparison::Ne)
                {
                    continue;
                }
                plain.push(Predicate::Compare {
                    path: Path::of(field),
                    comparison,
                    value: value.clone(),
                });
            }
            plain.push(Predicate::In {
                path: Path::of(field),
                values: vec![value],
            });
        }
        for matching in [
            TextMatch::Contains,
            TextMatch::StartsWith,
            TextMatch::EndsWith,
        ] {
            let text = "A".to_owned();
            plain.push(Predicate::Text {
                path: Path::of(field),
                matching,
                text,
            });
        }
    }
    let mut all = Vec::new();
    for inner in plain {
        all.push(Predicate::Exists {
            hops: vec![&ITEMS],
            inner: Box::new(inner.clone()),
        });
        all.push(Predicate::Exists {
            hops: vec![&ITEMS],
            inner: Box::new(Predicate::Not(Box::new(inner.clone()))),
        });
        // The same on the one value, over a hop.
        all.extend(match inner {
            Predicate::Compare {
                path,
                comparison,
                value,
            } => Some(Predicate::Compare {
                path: Path {
                    hops: vec![&DOCUMENT],
                    field: path.field,
                },
                comparison,
                value,
            }),
            _ => None,
        });
    }
    for text in ["Unified", "x", ""] {
        let field = model::inside::TEXTS.field("").unwrap();
        let item = || Box::new(Predicate::equals(field, Value::Text(text.to_owned())));
        all.push(Predicate::Exists {
            hops: vec![&model::inside::GROUP_TYPES],
            inner: item(),
        });
        all.push(Predicate::Exists {
            hops: vec![&ITEMS, &NESTED],
            inner: item(),
        });
        all.push(Predicate::Exists {
            hops: vec![&DOCUMENT, &NESTED],
            inner: item(),
        });
    }
    all
}

#[test]
fn what_is_inside_of_documents_is_found_as_in_memory() {
    on_both(|store| {
        for (i, document) in DOCUMENTS.iter().enumerate() {
            insert(
                store,
                "directory_group",
                &[
                    ("id", text(&format!("g{i}"))),
                    ("display_name", text("x")),
                    ("mail_enabled", "FALSE".to_owned()),
                    ("security_enabled", "TRUE".to_owned()),
                    ("group_types", text(document)),
                    ("details", text("{}")),
                    ("created_at", "1".to_owned()),
                    ("version", "1".to_owned()),
                ],
            );
        }
        let world = world(store);
        let mut some = 0;
        for condition in conditions() {
            for condition in [condition.clone(), Predicate::Not(Box::new(condition))] {
                let mut query = everything(&model::GROUP);
                query.filter = condition;

                let answered: BTreeSet<String> = keys(&read(store, &query)).into_iter().collect();

                let expected = evaluate::list(&query, &members(&world, &model::GROUP));
                let expected: BTreeSet<String> = keys(&expected).into_iter().collect();
                assert_eq!(answered, expected, "{:?}", query.filter);
                some += usize::from(!answered.is_empty() && answered.len() < DOCUMENTS.len());
            }
        }
        assert!(some > 50, "too few conditions told anything: {some}");
    });
}
