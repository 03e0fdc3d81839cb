//! Query strings as the known clients send them, and any text at all.

use proptest::prelude::*;

use super::*;
use crate::filter;

fn parse(raw: &str) -> QueryOptions {
    QueryOptions::parse(raw).unwrap_or_else(|error| panic!("{raw}: {error}"))
}

fn refused(raw: &str) -> QueryError {
    QueryOptions::parse(raw).expect_err(raw)
}

fn names(text: &str) -> Names {
    text.split('/')
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into()
}

fn expanded(path: &str, options: QueryOptions) -> ExpandItem {
    ExpandItem {
        path: ExpandPath::Path(names(path)),
        options,
        is_ref: false,
    }
}

fn plain(path: &str) -> ExpandItem {
    expanded(path, QueryOptions::default())
}

fn expanding(expand: Vec<ExpandItem>) -> QueryOptions {
    QueryOptions {
        expand,
        ..QueryOptions::default()
    }
}

#[test]
fn od_2_a_filter_decodes_from_each_spelling_that_clients_send() {
    let expected = filter::parse("displayName eq 'O''Brien & Söhne (50%)'").unwrap();

    for raw in [
        "$filter=displayName%20eq%20'O''Brien%20%26%20S%C3%B6hne%20(50%25)'",
        "%24filter=displayName+eq+%27O%27%27Brien+%26+S%C3%B6hne+%2850%25%29%27",
        "filter=displayName eq 'O''Brien %26 Söhne (50%)'",
        "$Filter=%20displayName+eq+'O''Brien+%26+S%c3%b6hne+(50%)'&",
    ] {
        assert_eq!(parse(raw).filter.as_ref(), Some(&expected), "{raw}");
    }
}

#[test]
fn every_option_is_read_with_and_without_its_dollar_and_in_any_case() {
    let expected = QueryOptions {
        filter: Some(filter::parse("a eq 1").unwrap()),
        select: Some(vec![SelectItem::Path(names("id")), SelectItem::All]),
        expand: vec![plain("target")],
        orderby: vec![OrderItem {
            path: names("id"),
            descending: true,
        }],
        top: Some(5),
        skip: Some(0),
        count: true,
        search: Some(Search::Term("x y".to_owned())),
        format: Some("json".to_owned()),
        skiptoken: Some("abc".to_owned()),
        id: Some("https://h/x".to_owned()),
        custom: vec![("api-version".to_owned(), "1.6".to_owned())],
    };

    for (dollar, id) in [("$", "$id"), ("%24", "@odata.id"), ("", "@id")] {
        let raw = format!(
            "{dollar}FILTER=a eq 1&{dollar}select=id,*&{dollar}Expand=target&{dollar}orderBy=id desc\
             &{dollar}top=5&{dollar}skip=0&{dollar}count=True&{dollar}search=\"x y\"\
             &{dollar}skipToken=abc&$format=json&{id}=https://h/x&api-version=1.6"
        );
        assert_eq!(parse(&raw), expected, "{raw}");
    }
}

#[test]
fn an_empty_query_says_nothing() {
    assert_eq!(parse(""), QueryOptions::default());
    assert_eq!(parse("&&"), QueryOptions::default());
}

#[test]
fn parameters_of_others_are_kept_in_order() {
    let custom = parse("id=7&b=%C3%B6&c").custom;

    let expected = [("id", "7"), ("b", "ö"), ("c", "")];
    assert_eq!(custom, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
}

#[test]
fn od_5_expansions_nest_with_options_of_their_own() {
    assert_eq!(
        parse("$expand=accessPackageResourceRoleScopes($expand=accessPackageResourceRole,accessPackageResourceScope)").expand,
        [expanded(
            "accessPackageResourceRoleScopes",
            expanding(vec![plain("accessPackageResourceRole"), plain("accessPackageResourceScope")])
        )]
    );
    assert_eq!(
        parse("$expand=assignment($expand=target),requestor").expand,
        [
            expanded("assignment", expanding(vec![plain("target")])),
            plain("requestor")
        ]
    );
    let options = parse("$expand=members( $select = id,displayName ; $filter=contains(a,';),(') ; $top=3;$count=true;$orderby=id desc;)")
        .expand
        .remove(0)
        .options;
    assert_eq!(
        options.filter,
        Some(filter::parse("contains(a,';),(')").unwrap())
    );
    assert_eq!(options.select.unwrap().len(), 2);
    assert_eq!((options.top, options.count), (Some(3), true));
    assert!(options.orderby[0].descending);
}

#[test]
fn od_5_slashes_stars_and_links_are_read() {
    assert_eq!(
        parse("$expand=assignment/target").expand,
        [plain("assignment/target")]
    );
    assert_eq!(parse("$expand=*").expand[0].path, ExpandPath::All);
    let link = &parse("$expand=members/$ref").expand[0];
    assert_eq!(link.path, ExpandPath::Path(names("members")));
    assert!(link.is_ref);
    let cast = "microsoft.graph.group/members";
    assert_eq!(parse(&format!("$expand={cast}")).expand, [plain(cast)]);
}

#[test]
fn od_5_four_levels_are_allowed_and_five_are_not() {
    for raw in [
        "$expand=a($expand=b($expand=c($expand=d)))",
        "$expand=a/b($expand=c/x.y/d)",
        "$expand=a/b/c/d",
    ] {
        assert_eq!(parse(raw).expand.len(), 1);
    }
    for (raw, position) in [
        ("$expand=a($expand=b($expand=c($expand=d($expand=e))))", 41),
        ("$expand=a/b($expand=c/d/e)", 13),
        ("$expand=a/b/c/d/e", 1),
    ] {
        let error = refused(raw);
        assert!(error.problem.contains("deeper"), "{error}");
        assert_eq!(error.position, position);
    }
    let deep = format!("$expand={}a{}", "a($expand=".repeat(5000), ")".repeat(5000));
    assert!(refused(&deep).problem.contains("deeper"));
}

#[test]
fn orders_have_a_direction() {
    let orderby = parse("$orderby=displayName,createdDateTime+desc, target/id asc").orderby;

    let expected = [
        ("displayName", false),
        ("createdDateTime", true),
        ("target/id", false),
    ];
    assert_eq!(
        orderby,
        expected.map(|(path, descending)| OrderItem {
            path: names(path),
            descending,
        })
    );
}

#[test]
fn od_7_a_page_has_1_to_999_rows() {
    assert_eq!(parse("$top=1").top, Some(1));
    assert_eq!(parse("$top=999").top, Some(999));
    for top in [
        "0",
        "1000",
        "-1",
        "1.0",
        "%2B5",
        "x",
        "99999999999999999999",
    ] {
        assert_eq!(refused(&format!("$top={top}")).option, "$top", "{top}");
    }
}

#[test]
fn a_refusal_names_option_and_place() {
    for (raw, option, position) in [
        ("$filter=displayName+foo+'x'", "$filter", 13),
        ("FILTER=%C3%B6+eq+", "$filter", 5),
        ("$filter=", "$filter", 1),
        ("$filter=a eq '%FF'", "$filter", 1),
        ("$select=a,,b", "$select", 3),
        ("$select=a,b c", "$select", 4),
        ("$select=a/", "$select", 3),
        ("$expand=a($top=0)", "$expand", 8),
        ("$expand=a,b($filter=c eq)", "$expand", 17),
        ("$expand=a($select=b;$select=c)", "$expand", 13),
        ("$expand=a($skiptoken=b)", "$expand", 3),
        ("$expand=a(b)", "$expand", 3),
        ("$expand=a(x=b)", "$expand", 3),
        ("$expand=a($select=b", "$expand", 2),
        ("$expand=a($select=b)c", "$expand", 13),
        ("$expand=a)", "$expand", 2),
        ("$expand=(a)", "$expand", 1),
        ("$orderby=a up", "$orderby", 3),
        ("$orderby=a desc desc", "$orderby", 3),
        ("$skip=-1", "$skip", 1),
        ("$skip=9223372036854775808", "$skip", 1),
        ("$count=1", "$count", 1),
        ("$search=a OR", "$search", 5),
        ("$apply=x", "$apply", 1),
        ("$deltatoken=x", "$deltatoken", 1),
        ("$top=1&top=2", "$top", 1),
        ("%FF=1", "%FF", 1),
    ] {
        let error = refused(raw);
        assert_eq!(
            (error.option.as_str(), error.position),
            (option, position),
            "{raw}: {error}"
        );
    }
    let order = |items: usize| format!("$orderby={}", vec!["a"; items].join(","));
    assert_eq!(parse(&order(MAX_ORDER)).orderby.len(), MAX_ORDER);
    let error = refused(&order(MAX_ORDER + 1));
    assert_eq!((error.option.as_str(), error.position), ("$orderby", 65));
    assert!(
        refused(&"a".repeat(MAX_LENGTH + 1))
            .problem
            .contains("longer")
    );
}

fn any_query() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "$filter=",
        "$select=",
        "$expand=",
        "$orderby=",
        "$top=",
        "$skip=",
        "$count=",
        "&",
        "=",
        "a",
        "b/c",
        "(",
        ")",
        ",",
        ";",
        "'",
        "%27",
        "%",
        "%C3",
        "+",
        "*",
        "/$ref",
        " desc",
        "1",
        "ö",
    ]);
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn any_expand_text(depth: u32) -> BoxedStrategy<(String, Vec<ExpandItem>)> {
    let item = ("[a-z]{1,5}", any::<bool>(), 0_u32..1000, nested(depth)).prop_map(
        |(name, is_ref, top, (inner_text, inner))| {
            let top = (1..=MAX_TOP).contains(&top).then_some(top);
            let mut options: Vec<String> = top.iter().map(|top| format!("$top={top}")).collect();
            if !inner.is_empty() {
                options.push(format!("$expand={inner_text}"));
            }
            let suffix = if is_ref { "/$ref" } else { "" };
            let text = if options.is_empty() {
                format!("{name}{suffix}")
            } else {
                format!("{name}{suffix}({})", options.join(";"))
            };
            let item = ExpandItem {
                path: ExpandPath::Path(vec![name].into()),
                options: QueryOptions {
                    top,
                    expand: inner,
                    ..QueryOptions::default()
                },
                is_ref,
            };
            (text, item)
        },
    );
    prop::collection::vec(item, 1..3)
        .prop_map(|items| {
            let (texts, items): (Vec<String>, Vec<ExpandItem>) = items.into_iter().unzip();
            (texts.join(","), items)
        })
        .boxed()
}

fn nested(depth: u32) -> BoxedStrategy<(String, Vec<ExpandItem>)> {
    let nothing = Just((String::new(), Vec::new()));
    if depth == 0 {
        return nothing.boxed();
    }
    prop_oneof![nothing, any_expand_text(depth - 1)].boxed()
}

#[test]
fn options_as_long_as_allowed_are_read_or_refused() {
    for piece in [
        "(",
        ")",
        "'",
        "''",
        "a/",
        "a,",
        "a,b(",
        "a($filter=",
        ";",
        "not ",
        "a eq 1 or ",
        "a in (1,",
        "%C3%B6",
        "x/any(x:",
        "tolower(",
        "2026-01-02T",
        "0123abcd-",
        "*",
        "&a=",
        "&&",
    ] {
        for option in ["$filter", "$select", "$expand", "$orderby", "$search", "x"] {
            let value = piece.repeat((MAX_LENGTH - 20) / piece.len());
            let _ = QueryOptions::parse(&format!("{option}={value}"));
            let filter = piece.repeat(filter::MAX_LENGTH / piece.len());
            let _ = QueryOptions::parse(&format!("$expand=a($filter={filter})"));
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(raw in any::<String>()) {
        let _ = QueryOptions::parse(&raw);
    }

    #[test]
    fn any_mixture_of_options_is_read_or_refused(raw in any_query()) {
        let _ = QueryOptions::parse(&raw);
    }

    #[test]
    fn any_value_of_each_option_is_read_or_refused(
        option in prop::sample::select(vec!["$filter", "$select", "$expand", "$orderby", "$search"]),
        value in any::<String>(),
    ) {
        let value = crate::link::encode_component(&value);
        let _ = QueryOptions::parse(&format!("{option}={value}"));
    }

    #[test]
    fn any_written_expansion_reads_back((text, items) in any_expand_text(3)) {
        prop_assert_eq!(parse(&format!("$expand={text}")).expand, items);
    }

    #[test]
    fn any_phrase_survives_both_encodings(text in "[^\\\\\"\\p{C}]{1,20}") {
        prop_assume!(!text.trim().is_empty());
        let escaped = crate::link::encode_component(&format!("\"{text}\""));

        for raw in [escaped.clone(), escaped.replace("%20", "+")] {
            let search = parse(&format!("$search={raw}")).search;
            prop_assert_eq!(search, Some(Search::Term(text.clone())));
        }
    }
}
