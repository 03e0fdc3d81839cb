//! Filters as the known clients send them, printed trees read again, and any
//! text at all.

use proptest::prelude::*;

use super::*;

fn path(text: &str) -> Operand {
    Operand::Path(names(text))
}

fn names(text: &str) -> Names {
    text.split('/')
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into()
}

fn string(text: &str) -> Operand {
    Operand::Literal(Literal::String(text.to_owned()))
}

fn compare(left: Operand, op: CompareOp, right: Operand) -> Expr {
    Expr::Compare { left, op, right }
}

fn equals(property: &str, text: &str) -> Expr {
    compare(path(property), CompareOp::Eq, string(text))
}

fn flag(name: &str) -> Expr {
    Expr::BoolPath(names(name))
}

fn literal(text: &str) -> Literal {
    match parse(&format!("a eq {text}")).unwrap() {
        Expr::Compare {
            right: Operand::Literal(literal),
            ..
        } => literal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn od_2_a_doubled_quote_is_one_quote() {
    let expr = parse("displayName eq 'O''Brien & Söhne (50%)'").unwrap();

    assert_eq!(expr, equals("displayName", "O'Brien & Söhne (50%)"));
}

#[test]
fn od_3_every_comparison_operator_is_read_in_any_case() {
    for op in CompareOp::ALL {
        let expected = compare(path("a"), *op, Operand::Literal(Literal::Int(1)));
        assert_eq!(parse(&format!("a {op} 1")).unwrap(), expected);
        let upper = op.as_str().to_uppercase();
        assert_eq!(parse(&format!("a {upper} 1")).unwrap(), expected);
    }
}

#[test]
fn od_3_every_text_function_is_read_in_any_case() {
    for function in TextFunction::ALL {
        let expected = Expr::Call {
            function: *function,
            text: path("originId"),
            part: string("x"),
        };
        assert_eq!(
            parse(&format!("{function}(originId, 'x')")).unwrap(),
            expected
        );
        let upper = function.as_str().to_uppercase();
        assert_eq!(
            parse(&format!("({upper}(originId,'x'))")).unwrap(),
            expected
        );
    }
}

#[test]
fn od_3_case_functions_are_operands() {
    let expr = parse("contains(tolower(displayName),'x')").unwrap();
    assert_eq!(
        expr,
        Expr::Call {
            function: TextFunction::Contains,
            text: Operand::ToLower(Box::new(path("displayName"))),
            part: string("x"),
        }
    );

    let expr = parse("toupper(a/b) eq toUpper('x')").unwrap();
    assert_eq!(
        expr,
        compare(
            Operand::ToUpper(Box::new(path("a/b"))),
            CompareOp::Eq,
            Operand::ToUpper(Box::new(string("x"))),
        )
    );
}

#[test]
fn od_3_in_takes_a_list_of_literals() {
    assert_eq!(
        parse("state in ('delivered', 'expired',null)").unwrap(),
        Expr::In {
            left: path("state"),
            list: vec![
                Literal::String("delivered".to_owned()),
                Literal::String("expired".to_owned()),
                Literal::Null,
            ],
        }
    );
}

#[test]
fn od_3_lambdas_keep_their_variable_and_type_casts() {
    let text =
        "identitySources/any(is:is/microsoft.graph.azureActiveDirectoryTenant/tenantId eq 'x')";

    assert_eq!(
        parse(text).unwrap(),
        Expr::Any {
            path: names("identitySources"),
            lambda: Some(Lambda {
                variable: "is".to_owned(),
                body: Box::new(equals(
                    "is/microsoft.graph.azureActiveDirectoryTenant/tenantId",
                    "x"
                )),
            }),
        }
    );
    assert_eq!(
        parse("a/b/all(x:x eq 'y')").unwrap(),
        Expr::All {
            path: names("a/b"),
            lambda: Lambda {
                variable: "x".to_owned(),
                body: Box::new(equals("x", "y")),
            },
        }
    );
    assert_eq!(
        parse("not tags/any()").unwrap(),
        Expr::Not(Box::new(Expr::Any {
            path: names("tags"),
            lambda: None,
        }))
    );
}

#[test]
fn and_binds_tighter_than_or_and_not_tighter_than_and() {
    let (a, b, c, d) = (flag("a"), flag("b"), flag("c"), flag("d"));

    assert_eq!(
        parse("a or b and c or not d").unwrap(),
        Expr::Or(vec![
            a.clone(),
            Expr::And(vec![b.clone(), c.clone()]),
            Expr::Not(Box::new(d.clone())),
        ])
    );
    assert_eq!(
        parse("(a or b) and not c and d").unwrap(),
        Expr::And(vec![Expr::Or(vec![a, b]), Expr::Not(Box::new(c)), d,])
    );
    assert_eq!(
        parse("not displayName eq 'x' and e").unwrap(),
        Expr::And(vec![
            Expr::Not(Box::new(equals("displayName", "x"))),
            flag("e"),
        ])
    );
}

#[test]
fn parentheses_change_nothing_around_a_single_condition() {
    let expected = equals("displayName", "x");

    for text in [
        "displayName eq 'x'",
        "(displayName eq 'x')",
        "((displayName) eq 'x')",
        "  (  displayName   eq   'x' )  ",
    ] {
        assert_eq!(parse(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn a_condition_compared_with_a_truth_value_is_the_condition() {
    let call = parse("startswith(a,'x')").unwrap();

    assert_eq!(parse("startswith(a,'x') eq true").unwrap(), call);
    assert_eq!(parse("startswith(a,'x') ne false").unwrap(), call);
    let negated = Expr::Not(Box::new(call));
    assert_eq!(parse("startswith(a,'x') eq false").unwrap(), negated);
    assert!(parse("startswith(a,'x') gt false").is_err());
    assert!(parse("startswith(a,'x') eq 'true'").is_err());
}

#[test]
fn a_literal_may_stand_left() {
    let expr = parse("5 lt size").unwrap();

    let five = Operand::Literal(Literal::Int(5));
    assert_eq!(expr, compare(five, CompareOp::Lt, path("size")));
    assert_eq!(CompareOp::Lt.mirrored(), CompareOp::Gt);
}

#[test]
fn literals_of_each_kind_are_told_apart() {
    assert_eq!(literal("null"), Literal::Null);
    assert_eq!(literal("true"), Literal::Bool(true));
    assert_eq!(literal("False"), Literal::Bool(false));
    assert_eq!(literal("-12"), Literal::Int(-12));
    assert_eq!(literal("1.5"), Literal::Decimal(1.5));
    assert_eq!(literal("-2e3"), Literal::Decimal(-2000.0));
    assert_eq!(literal("''"), Literal::String(String::new()));
    assert_eq!(
        literal("AE79f266-94d4-4dab-b730-feca7e132178"),
        Literal::Guid("ae79f266-94d4-4dab-b730-feca7e132178".to_owned())
    );
    assert_eq!(
        literal("microsoft.graph.accessPackageState'delivered'"),
        Literal::String("delivered".to_owned())
    );
    let day_and_hour = SignedDuration::from_hours(25);
    assert_eq!(literal("duration'P1DT1H'"), Literal::Duration(day_and_hour));
}

#[test]
fn dt_1_instants_are_read_with_each_kind_of_zone() {
    let expected: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();

    for text in [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.0000000Z",
        "2026-01-02T05:04:05+02:00",
        "2026-01-02T01:04:05-02:00",
        // Sent with a bare `+`, which a query string turns into a space.
        "2026-01-02T03:04:05 00:00",
        "2026-01-02T05:04:05 02:00",
    ] {
        assert_eq!(literal(text), Literal::DateTimeOffset(expected), "{text}");
    }
}

#[test]
fn dt_1_a_date_alone_is_refused() {
    for text in ["2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z"] {
        let error = parse(&format!("createdDateTime ge {text}")).unwrap_err();
        assert_eq!(error.position, 20);
        assert!(error.problem.contains("a date and time with a zone"));
    }
}

#[test]
fn od_3_anything_else_is_refused_at_its_place() {
    for (text, position) in [
        ("", 1),
        ("displayName eq", 15),
        ("displayName eq 'x", 16),
        ("displayName = 'x'", 13),
        ("displayName has 'x'", 13),
        ("size add 1 eq 2", 6),
        ("length(displayName) eq 2", 1),
        ("concat(a,b) eq 'x'", 1),
        ("a eq 1 b eq 2", 8),
        ("a eq 1 and", 11),
        ("a eq 1)", 7),
        ("(a eq 1", 8),
        ("not", 4),
        ("contains(a)", 11),
        ("contains(a,'b','c')", 15),
        ("a in ()", 7),
        ("a in 'x'", 6),
        ("a in (b)", 8),
        ("a/any(x)", 8),
        ("a/all()", 7),
        ("a/any(x.y:x eq 1)", 7),
        ("a/count() eq 1", 3),
        ("a//b eq 1", 3),
        ("a/", 3),
        ("a..b eq 1", 1),
        ("a eq 12abc", 6),
        ("a eq 99999999999999999999", 6),
        ("a eq 1e999", 6),
        ("a eq guid'x'", 6),
        ("a eq duration'P1M'", 6),
        ("a eq duration'1h'", 6),
        ("a eq \"x\"", 6),
        ("'x'", 4),
        ("true", 5),
        ("ö eq ,", 6),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(error.position, position, "{text}: {error}");
    }
}

#[test]
fn nesting_ends_at_the_limit_and_not_in_a_crash() {
    let nested = |open: &str, close: &str, levels: usize| {
        format!("{}a{}", open.repeat(levels), close.repeat(levels))
    };

    for (open, close) in [("(", ")"), ("not ", ""), ("a/any(b:", ")")] {
        assert!(parse(&nested(open, close, MAX_DEPTH)).is_ok(), "{open}");
        let error = parse(&nested(open, close, MAX_DEPTH + 1)).unwrap_err();
        assert!(error.problem.contains("deeper"), "{open}: {error}");
        assert!(parse(&nested(open, close, 3000)).is_err());
    }
    let lower = nested("tolower(", ")", MAX_DEPTH + 1);
    assert!(parse(&format!("{lower} eq 'x'")).is_err());
    assert!(parse(&"(".repeat(MAX_LENGTH)).is_err());
}

#[test]
fn conditions_side_by_side_are_not_nested() {
    let text = vec!["not (tolower(a) eq 'x')"; MAX_DEPTH + 1].join(" and ");

    assert!(parse(&text).is_ok());
}

#[test]
fn long_chains_are_flat_lists() {
    let text = vec!["a"; 3000].join(" or ");

    let Expr::Or(members) = parse(&text).unwrap() else {
        panic!("not a chain");
    };

    assert_eq!(members.len(), 3000);
}

#[test]
fn a_text_over_the_limit_is_refused() {
    let error = parse(&" ".repeat(MAX_LENGTH + 1)).unwrap_err();

    assert!(error.problem.contains("longer"));
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z_][a-zA-Z0-9_]{0,8}(\\.[a-z]{1,4})?".prop_filter("is a keyword", |name| {
        let keywords = [
            "and", "or", "not", "in", "any", "all", "true", "false", "null",
        ];
        let operators = CompareOp::ALL.iter().map(|op| op.as_str());
        !keywords
            .into_iter()
            .chain(operators)
            .any(|keyword| keyword.eq_ignore_ascii_case(name))
    })
}

fn any_path() -> impl Strategy<Value = Names> {
    prop::collection::vec(name(), 1..4).prop_map(Names::from)
}

fn any_literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(Literal::Int),
        prop::num::f64::NORMAL.prop_map(Literal::Decimal),
        any::<String>().prop_map(Literal::String),
        (0..4_000_000_000_000_000_i64)
            .prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
            .prop_map(Literal::DateTimeOffset),
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}".prop_map(Literal::Guid),
        (-1_000_000_000_i64..1_000_000_000)
            .prop_map(SignedDuration::from_millis)
            .prop_map(Literal::Duration),
    ]
}

fn any_operand() -> impl Strategy<Value = Operand> {
    let leaf = prop_oneof![
        any_path().prop_map(Operand::Path),
        any_literal().prop_map(Operand::Literal),
    ];
    leaf.prop_recursive(3, 3, 1, |inner| {
        prop_oneof![
            inner.clone().prop_map(|o| Operand::ToLower(Box::new(o))),
            inner.prop_map(|o| Operand::ToUpper(Box::new(o))),
        ]
    })
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let op = prop::sample::select(CompareOp::ALL);
    let function = prop::sample::select(TextFunction::ALL);
    let leaf = prop_oneof![
        any_path().prop_map(Expr::BoolPath),
        (any_operand(), op, any_operand()).prop_map(|(left, op, right)| compare(left, op, right)),
        (any_operand(), prop::collection::vec(any_literal(), 1..4))
            .prop_map(|(left, list)| Expr::In { left, list }),
        (function, any_operand(), any_operand()).prop_map(|(function, text, part)| Expr::Call {
            function,
            text,
            part
        }),
        any_path().prop_map(|path| Expr::Any { path, lambda: None }),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        let variable = "[a-z]{1,3}".prop_filter("is a keyword", |name| name != "not");
        let lambda = (variable, inner.clone()).prop_map(|(variable, body)| Lambda {
            variable,
            body: Box::new(body),
        });
        prop_oneof![
            several.clone().prop_map(Expr::Or),
            several.prop_map(Expr::And),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
            (any_path(), lambda.clone()).prop_map(|(path, lambda)| Expr::Any {
                path,
                lambda: Some(lambda)
            }),
            (any_path(), lambda).prop_map(|(path, lambda)| Expr::All { path, lambda }),
        ]
    })
}

proptest! {
    #[test]
    fn a_printed_tree_reads_back_as_itself(expr in any_expr()) {
        let text = expr.to_string();
        prop_assume!(text.len() <= MAX_LENGTH);

        prop_assert_eq!(parse(&text), Ok(expr), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn any_mixture_of_tokens_is_read_or_refused_and_what_is_read_prints_back(
        tokens in prop::collection::vec(
            prop::sample::select(vec![
                "a", "b/c", "any", "all", "not", "and", "or", "eq", "in", "(", ")", ",", ":", "/",
                "'x'", "1", "-", "null", "true", "contains", "tolower", "2026-01-02T03:04:05Z", "'",
            ]),
            0..40,
        ),
        spaced in any::<bool>(),
    ) {
        let text = tokens.join(if spaced { " " } else { "" });

        match parse(&text) {
            Ok(expr) => prop_assert_eq!(parse(&expr.to_string()), Ok(expr)),
            Err(error) => prop_assert!(error.position <= text.chars().count() + 1),
        }
    }
}
