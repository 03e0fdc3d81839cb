//! Paths as the known clients send them, and any text at all.

use proptest::prelude::*;

use super::*;

fn plain(name: &str) -> Segment {
    Segment {
        name: name.to_owned(),
        args: Args::None,
    }
}

fn named(name: &str, pairs: &[(&str, &str)]) -> Segment {
    let pairs = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Segment {
        name: name.to_owned(),
        args: Args::Named(pairs.collect()),
    }
}

fn keyed(name: &str, key: &str) -> Segment {
    Segment {
        name: name.to_owned(),
        args: Args::Key(key.to_owned()),
    }
}

#[test]
fn a_key_in_a_segment_of_its_own_stays_a_plain_segment() {
    let segments = parse("/identityGovernance/entitlementManagement/subjects/abc").unwrap();

    let names = [
        "identityGovernance",
        "entitlementManagement",
        "subjects",
        "abc",
    ];
    assert_eq!(segments, names.map(plain));
}

#[test]
fn a_key_in_parentheses_is_read_quoted_or_not() {
    assert_eq!(
        parse("accessPackages('x')").unwrap(),
        [keyed("accessPackages", "x")]
    );
    assert_eq!(
        parse("accessPackages(42)").unwrap(),
        [keyed("accessPackages", "42")]
    );
    assert_eq!(
        parse("users('o''brien')").unwrap(),
        [keyed("users", "o'brien")]
    );
}

#[test]
fn parameters_are_read_percent_encoded_or_not() {
    let expected = [
        plain("assignments"),
        named("filterByCurrentUser", &[("on", "approver")]),
    ];

    for raw in [
        "/assignments/filterByCurrentUser(on='approver')",
        "/assignments/filterByCurrentUser(on=%27approver%27)",
        "/assignments/filterByCurrentUser%28on%3D%27approver%27%29",
        "assignments/filterByCurrentUser( on = 'approver' )/",
    ] {
        assert_eq!(parse(raw).unwrap(), expected, "{raw}");
    }
}

#[test]
fn several_parameters_and_none_are_read() {
    let raw =
        "assignments/additionalAccess(accessPackageId='a',incompatibleAccessPackageId='b')/x()";

    let segments = parse(raw).unwrap();

    let pairs = [
        ("accessPackageId", "a"),
        ("incompatibleAccessPackageId", "b"),
    ];
    assert_eq!(segments[1], named("additionalAccess", &pairs));
    assert_eq!(segments[1].arg("accesspackageid"), Some("a"));
    assert_eq!(segments[1].arg("other"), None);
    assert_eq!(segments[2], named("x", &[]));
}

#[test]
fn a_slash_inside_quotes_or_escaped_does_not_separate() {
    assert_eq!(
        parse("subjects(objectId='a/b')/c").unwrap(),
        [named("subjects", &[("objectId", "a/b")]), plain("c")]
    );
    assert_eq!(parse("a%2Fb/c").unwrap(), [plain("a/b"), plain("c")]);
}

#[test]
fn names_of_the_protocol_are_ordinary() {
    let segments = parse("members/x/$ref").unwrap();
    assert_eq!(segments[2], plain("$ref"));

    let segments = parse("a/microsoft.graph.reprocess").unwrap();
    assert!(segments[1].is("reprocess"));
    assert!(segments[1].is("Microsoft.Graph.Reprocess"));
    assert!(plain("ReProcess").is("microsoft.graph.reprocess"));
    assert!(!segments[1].is("process"));
}

#[test]
fn letters_beyond_ascii_decode() {
    assert_eq!(parse("caf%C3%A9/ö").unwrap(), [plain("café"), plain("ö")]);
}

#[test]
fn the_root_has_no_segments() {
    assert_eq!(parse("").unwrap(), []);
    assert_eq!(parse("/").unwrap(), []);
}

#[test]
fn a_malformed_path_is_refused_with_the_place_of_the_fault() {
    for (raw, position) in [
        ("//a", 2),
        ("/a//b", 4),
        ("/a%2", 3),
        ("/a%zz", 3),
        ("/a%C3%28", 3),
        ("/a('x", 4),
        ("/a('x'", 7),
        ("/a('x')b", 8),
        ("/a(b=)", 6),
        ("/a(b='1'", 9),
        ("/a(b='1',)", 10),
        ("/a(b='1',b='2')", 11),
        ("/a('x','y')", 7),
        ("/('x')", 2),
        ("/a%28", 6),
        ("/ö/a%zz", 5),
    ] {
        let error = parse(raw).expect_err(raw);
        assert_eq!(error.position, position, "{raw}: {error}");
    }
    assert!(parse(&"a".repeat(MAX_LENGTH + 1)).is_err());
}

#[test]
fn paths_as_long_as_allowed_are_read_or_refused() {
    for piece in [
        "(", "'", "a/", "a(", "a=", "a(b='", "%27", "%C3%B6", "%", ",",
    ] {
        let _ = parse(&piece.repeat(MAX_LENGTH / piece.len()));
        let _ = parse(&format!(
            "a(b={}",
            piece.repeat((MAX_LENGTH - 10) / piece.len())
        ));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(raw in any::<String>()) {
        let _ = parse(&raw);
    }

    #[test]
    fn any_mixture_of_punctuation_is_read_or_refused(raw in "[a(),='%27/ ]{0,60}") {
        if let Ok(segments) = parse(&raw) {
            prop_assert!(segments.iter().all(|segment| !segment.name.is_empty()));
        }
    }

    #[test]
    fn any_value_survives_quoting(value in any::<String>(), escape_all in any::<bool>()) {
        let quoted = value.replace('\'', "''");
        let set = if escape_all {
            percent_encoding::NON_ALPHANUMERIC
        } else {
            percent_encoding::CONTROLS
        };
        let quoted = quoted.replace('%', "%25");
        let encoded = if escape_all {
            percent_encoding::utf8_percent_encode(&value.replace('\'', "''"), set).to_string()
        } else {
            percent_encoding::utf8_percent_encode(&quoted, set).to_string()
        };
        prop_assume!(encoded.len() < MAX_LENGTH - 100);

        let segments = parse(&format!("a/f(x='{encoded}')/b"));

        prop_assert_eq!(segments, Ok(vec![plain("a"), named("f", &[("x", &value)]), plain("b")]));
    }
}

#[test]
fn a_parameter_alias_stands_for_what_the_query_says() {
    let aliases = [
        ("@who".to_owned(), "'tar''get'".to_owned()),
        ("@id".to_owned(), "7".to_owned()),
    ];

    let segments = parse_with("set(@id)/f(on=@who,b='@who')", &aliases).unwrap();

    assert_eq!(segments[0].args, Args::Key("7".to_owned()));
    assert_eq!(segments[1].arg("on"), Some("tar'get"));
    assert_eq!(segments[1].arg("b"), Some("@who"));
}

#[test]
fn null_is_no_argument_and_an_alias_without_a_value_is_null() {
    let aliases = [("@p".to_owned(), "null".to_owned())];

    for path in ["f(a=@p,b=1)", "f(a=@other,b=1)", "f(a=null,b=1)"] {
        let segments = parse_with(path, &aliases).unwrap();

        assert_eq!(segments, [named("f", &[("b", "1")])], "{path}");
    }
    assert_eq!(
        parse("f(a='null')").unwrap(),
        [named("f", &[("a", "null")])]
    );
    for path in ["set(@p)", "set(@other)", "f(a=@p,A=1)"] {
        assert!(parse_with(path, &aliases).is_err(), "{path}");
    }
}
