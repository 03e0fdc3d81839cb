use proptest::prelude::*;
use serde_json::json;

use super::*;

fn path() -> impl Strategy<Value = AttributePath> {
    let schema = proptest::option::of(Just(
        "urn:ietf:params:scim:schemas:core:2.0:User".to_owned(),
    ));
    let name = "[a-zA-Z$][a-zA-Z0-9_-]{0,8}";
    (schema, name, proptest::option::of(name)).prop_map(|(schema, name, sub)| AttributePath {
        schema,
        name,
        sub,
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(|number| Literal::Number(number.into())),
        any::<String>().prop_map(Literal::Text),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![
        path().prop_map(Filter::Present),
        (path(), proptest::sample::select(Operator::ALL), literal())
            .prop_map(|(path, operator, literal)| Filter::Compare(path, operator, literal)),
    ];
    leaf.prop_recursive(5, 32, 2, |inner| {
        let boxed = inner.prop_map(Box::new).boxed();
        prop_oneof![
            (boxed.clone(), boxed.clone()).prop_map(|(left, right)| Filter::And(left, right)),
            (boxed.clone(), boxed.clone()).prop_map(|(left, right)| Filter::Or(left, right)),
            boxed.clone().prop_map(Filter::Not),
            (path(), boxed).prop_map(|(path, inner)| Filter::Values(path, inner)),
        ]
    })
}

proptest! {
    #[test]
    fn what_a_filter_prints_reads_as_the_same_filter(filter in filter()) {
        prop_assert_eq!(parse(&filter.to_string()), Ok(filter));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = parse(&text);
        let _ = parse_value_path(&text);
    }

    #[test]
    fn no_text_of_the_grammars_own_parts_makes_the_reader_panic(
        parts in proptest::collection::vec(
            proptest::sample::select(vec!["(", ")", "[", "]", "not", "and", "or", "eq", "pr", "a", ".b", "\"", "\\", "1", " "]),
            0..40,
        )
    ) {
        let _ = parse(&parts.concat());
    }
}

#[test]
fn and_binds_stronger_than_or_and_words_are_read_in_any_case() {
    let filter = parse(r#"a EQ "1" Or b pr AND NOT (c Ne True)"#).unwrap();

    assert_eq!(
        filter.to_string(),
        r#"a eq "1" or b pr and not (c ne true)"#
    );
    assert!(matches!(filter, Filter::Or(..)));
}

#[test]
fn values_of_an_attribute_are_picked_in_brackets() {
    let text = r#"emails[type eq "work" and value co "@example.com"]"#;

    assert_eq!(parse(text).unwrap().to_string(), text);
    let (path, filter, sub) = parse_value_path(r#"emails[type eq "work"].value"#).unwrap();
    assert_eq!(path.name, "emails");
    assert!(filter.is_some());
    assert_eq!(sub.as_deref(), Some("value"));
}

#[test]
fn the_fault_of_a_text_that_is_no_filter_is_told_by_its_position() {
    for (text, position) in [
        ("", 0),
        ("userName", 8),
        ("userName eq", 11),
        ("userName eq \"a", 12),
        ("userName is \"a\"", 8),
        ("userName eq \"a\" userName pr", 16),
        ("(userName pr", 12),
        ("emails[type pr", 14),
        ("userName eq [1]", 12),
    ] {
        assert_eq!(parse(text).unwrap_err().position, position, "{text}");
    }
}

#[test]
fn nesting_and_length_are_bounded() {
    let deep = format!("{}a pr{}", "(".repeat(100_000), ")".repeat(100_000));
    let long = vec!["a pr"; 100_000].join(" or ");

    assert_eq!(parse(&deep).unwrap_err().expected, "less nesting");
    assert_eq!(parse(&long).unwrap_err().expected, "fewer conditions");
}

#[test]
fn a_filter_holds_for_a_value_at_hand() {
    let value = json!({"type": "Work", "value": "a@b", "primary": true, "rank": 3, "tags": []});

    for (filter, expected) in [
        (r#"type eq "work""#, true),
        (r#"type ne "work""#, false),
        (r#"absent ne "work""#, true),
        (r#"type sw "wo" and value ew "@B""#, true),
        (r#"type co "x" or primary eq true"#, true),
        ("rank gt 2 and rank le 3 and not (rank lt 3)", true),
        ("tags pr", false),
        ("absent eq null", true),
        (r#"rank eq "3""#, false),
    ] {
        assert_eq!(
            matches(&parse(filter).unwrap(), &value),
            expected,
            "{filter}"
        );
    }
}
