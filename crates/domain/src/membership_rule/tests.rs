//! Tests of the language of membership rules (AU-6, AU-7).

use proptest::prelude::*;

use super::attribute::ATTRIBUTES;
use super::*;

fn facts(pairs: &[(&str, Fact)]) -> Facts {
    pairs
        .iter()
        .map(|(name, fact)| (Attribute::named(name).unwrap(), fact.clone()))
        .collect()
}

fn text(text: &str) -> Fact {
    Fact::Text(text.to_owned())
}

/// Somebody of Sales with two mail addresses, who may sign in.
fn somebody() -> Facts {
    facts(&[
        ("department", text("Sales")),
        ("jobTitle", text("Field \"Lead\" O'Brien")),
        ("city", text("Zürich")),
        ("accountEnabled", Fact::Flag(true)),
        (
            "otherMails",
            Fact::Texts(vec!["A@old.example".into(), "a@new.example".into()]),
        ),
        ("extensionAttribute3", text("42")),
        ("extension_0af1_level", Fact::Number(7)),
    ])
}

#[track_caller]
fn holds(rule: &str) -> bool {
    Rule::parse(rule)
        .unwrap_or_else(|wrong| panic!("{rule}: {wrong}"))
        .matches(&somebody())
}

#[track_caller]
fn fault(rule: &str) -> (u32, u32, String) {
    let wrong = Rule::parse(rule).unwrap_err();
    (wrong.at.line, wrong.at.column, wrong.message)
}

// AU-7
#[test]
fn every_operator_and_its_opposite_say_yes_and_no_au_7() {
    for (operator, yes, no) in [
        ("eq", "\"SALES\"", "\"Sale\""),
        ("in", "[\"x\", \"sales\"]", "[\"x\", \"y\"]"),
        ("startsWith", "\"sA\"", "\"al\""),
        ("endsWith", "\"LES\"", "\"le\""),
        ("contains", "\"ALE\"", "\"x\""),
        ("match", "\"^s.l\"", "\"^ales\""),
    ] {
        let opposite = if operator == "eq" {
            "ne".to_owned()
        } else {
            format!("not{operator}")
        };
        for spelling in [operator.to_owned(), operator.to_uppercase()] {
            for hyphen in ["-", "", "\u{2013}"] {
                assert!(holds(&format!("user.department {hyphen}{spelling} {yes}")));
                assert!(!holds(&format!("user.department {hyphen}{spelling} {no}")));
            }
        }
        assert!(!holds(&format!("user.department -{opposite} {yes}")));
        assert!(holds(&format!("user.department -{opposite} {no}")));
    }
}

#[test]
fn what_is_not_there_is_null_and_nothing_else() {
    assert!(holds("user.surname -eq null"));
    assert!(!holds("user.surname -ne null"));
    assert!(!holds("user.department -eq null"));
    assert!(holds("user.department -ne NULL"));
    assert!(!holds("user.surname -eq \"null\""));
    assert!(holds("user.surname -notContains \"x\""));
    assert!(!holds("user.surname -contains \"\""));
    assert!(!holds("user.surname -match \".*\""));
    assert!(holds("user.surname -in [\"x\", null]"));
    assert!(holds("user.skills -eq null"));
}

#[test]
fn not_binds_before_and_and_before_or() {
    let (yes, no) = (
        "user.accountEnabled -eq true",
        "user.accountEnabled -eq false",
    );
    for (rule, expected) in [
        (format!("{yes} -or {no} -and {no}"), true),
        (format!("({yes} -or {no}) -and {no}"), false),
        (format!("-not {no} -and {yes}"), true),
        (format!("-not {yes} -or {yes}"), true),
        (format!("-not ({yes} -or {yes})"), false),
        (format!("not not {yes} and not {no}"), true),
        (format!("{no} -AND {yes} -Or {yes}"), true),
    ] {
        assert_eq!(holds(&rule), expected, "{rule}");
    }
}

#[test]
fn quotes_are_escaped_by_a_grave_accent_or_doubled() {
    assert!(holds("user.jobTitle -contains \"`\"lead`\"\""));
    assert!(holds("user.jobTitle -contains `\"Lead`\""));
    assert!(!holds("user.department -eq `\"Sales`\""));
    assert!(holds("user.jobTitle -endsWith \"O''Brien\""));
    assert!(holds("user.jobTitle -endsWith 'O''Brien'"));
    assert!(holds("user.jobTitle -endsWith \"O'Brien\""));
    assert!(holds("user.department -eq 'Sales'"));
}

#[test]
fn letters_of_every_language_compare_without_case() {
    assert!(holds("user.city -eq \"ZÜRICH\""));
    assert!(holds("user.city -startsWith \"zÜ\""));
    assert!(holds("user.city -match \"^ZÜ\""));
}

#[test]
fn lists_are_asked_as_a_whole_or_text_by_text() {
    assert!(holds("user.otherMails -any (_ -endsWith \"old.example\")"));
    assert!(!holds("user.otherMails -all (_ -endsWith \"old.example\")"));
    assert!(holds(
        "user.otherMails -all (_ -startsWith \"a@\" -and _ -contains \".\")"
    ));
    assert!(holds("user.otherMails -contains \"new\""));
    assert!(!holds("user.otherMails -notContains \"new\""));
    assert!(!holds("user.skills -any (_ -ne \"x\")"));
    assert!(holds("user.skills -all (_ -eq \"x\")"));
}

#[test]
fn what_applications_store_may_be_of_any_kind() {
    assert!(holds("user.extension_0AF1_level -eq 7"));
    assert!(!holds("user.extension_0af1_level -eq \"7\""));
    assert!(holds("user.extension_0af1_level -in [1, -7, 7]"));
    assert!(holds("user.extension_0af1_other -eq null"));
    assert!(holds("user.extensionAttribute3 -eq \"42\""));
}

#[test]
fn an_attribute_goes_by_each_of_its_names() {
    for name in ["id", "OBJECTID", "mobilePhone", "mailNickName", "faxNumber"] {
        assert!(Attribute::named(name).is_some(), "{name}");
    }
    let mut names: Vec<String> = ATTRIBUTES
        .iter()
        .flat_map(|known| std::iter::once(known.name).chain(known.aliases.iter().copied()))
        .map(str::to_ascii_lowercase)
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert_eq!(Attribute::named("extension_"), None);
}

#[test]
fn a_rule_is_refused_where_it_goes_wrong_and_told_what_was_expected() {
    for (rule, line, column, said) in [
        ("", 1, 1, "empty"),
        ("user.department", 1, 16, "expected one of -eq"),
        ("user.department -eq", 1, 20, "expected a text"),
        ("user.department -eq Sales", 1, 21, "expected a text"),
        ("user.department -eq true", 1, 21, "expected a text"),
        ("user.department -eq \"x", 1, 21, "does not end"),
        ("user.department -like \"x\"", 1, 17, "expected one of -eq"),
        ("user.accountEnabled -eq \"true\"", 1, 25, "expected true"),
        (
            "user.accountEnabled -contains \"t\"",
            1,
            21,
            "true or false",
        ),
        ("user.nonsense -eq \"x\"", 1, 1, "not an attribute"),
        ("department -eq \"x\"", 1, 1, "expected an attribute"),
        ("(user.city -eq \"x\"", 1, 19, "the `(` of line 1, column 1"),
        ("user.city -eq \"x\")", 1, 18, "cannot follow"),
        (
            "user.city -eq \"x\"\n  -and\n  user.city -eq ;",
            3,
            17,
            "`;`",
        ),
        ("user.city -in \"x\"", 1, 15, "expected a list"),
        ("user.city -in [\"x\" \"y\"]", 1, 20, "expected `,` or `]`"),
        ("user.city -match \"(\"", 1, 18, "not a regular expression"),
        ("user.city -match \"(?=x)\"", 1, 18, "look-around"),
        ("user.city -any (_ -eq \"x\")", 1, 11, "-any is for lists"),
        ("_ -eq \"x\"", 1, 1, "only behind -any or -all"),
        (
            "user.skills -any (user.city -eq \"x\")",
            1,
            19,
            "expected `_`",
        ),
        (
            "user.memberOf -any (group.objectId -in ['x'])",
            1,
            1,
            "memberOf",
        ),
        ("user.city -eq 5", 1, 15, "expected a text"),
        ("user.extension_a -eq 5x", 1, 22, "no whole number"),
        ("user.city - eq \"x\"", 1, 11, "an operator must follow"),
        ("Direct Reports for \"x\"", 1, 1, "expected an attribute"),
    ] {
        let (at_line, at_column, message) = fault(rule);
        assert_eq!((at_line, at_column), (line, column), "{rule}: {message}");
        assert!(message.contains(said), "{rule}: {message}");
    }
}

#[test]
fn rules_are_bounded_in_length_and_depth() {
    let long = |length: usize| {
        let rule = "user.city -eq \"\"";
        rule.replace("\"\"", &format!("\"{}\"", "ü".repeat(length - rule.len())))
    };
    assert!(Rule::parse(&long(LONGEST)).is_ok());
    assert!(fault(&long(LONGEST + 1)).2.contains("longer than 3072"));
    let deep = |depth: usize| {
        format!(
            "{}user.city -eq \"x\"{}",
            "(".repeat(depth),
            ")".repeat(depth)
        )
    };
    let many_patterns = |count: usize| vec!["user.city -match \"^a\""; count].join(" -or ");
    assert!(Rule::parse(&many_patterns(20)).is_ok());
    assert!(fault(&many_patterns(21)).2.contains("at most 20 patterns"));
    assert!(Rule::parse(&deep(50)).is_ok());
    assert!(fault(&deep(51)).2.contains("nested"));
    assert!(
        fault(&format!("{}user.city -eq \"x\"", "-not ".repeat(60)))
            .2
            .contains("nested")
    );
}

#[test]
fn a_rule_says_which_attributes_it_asks_for() {
    let rule = Rule::parse(
        "user.city -eq \"x\" -or -not (user.skills -any (_ -eq \"y\") -and user.CITY -ne null)",
    )
    .unwrap();
    let names: Vec<&str> = rule.attributes().iter().map(Attribute::name).collect();

    assert_eq!(names, ["city", "skills"]);
}

/// A condition as the test writes it, and what the test itself makes of it.
#[derive(Debug, Clone)]
enum Said {
    City(&'static str),
    Enabled(bool),
    Mail(&'static str),
    Not(Box<Said>),
    Both(Box<Said>, Box<Said>),
    Either(Box<Said>, Box<Said>),
}

impl Said {
    fn written(&self) -> String {
        match self {
            Self::City(city) => format!("user.city -eq \"{city}\""),
            Self::Enabled(flag) => format!("user.accountEnabled -eq {flag}"),
            Self::Mail(part) => format!("user.otherMails -any (_ -contains \"{part}\")"),
            Self::Not(inner) => format!("-not ({})", inner.written()),
            Self::Both(one, other) => format!("({}) -and ({})", one.written(), other.written()),
            Self::Either(one, other) => format!("({}) -or ({})", one.written(), other.written()),
        }
    }

    fn means(&self, city: &str, enabled: bool, mails: &[String]) -> bool {
        match self {
            Self::City(said) => *said == city,
            Self::Enabled(flag) => *flag == enabled,
            Self::Mail(part) => mails.iter().any(|mail| mail.contains(part)),
            Self::Not(inner) => !inner.means(city, enabled, mails),
            Self::Both(one, other) => {
                one.means(city, enabled, mails) && other.means(city, enabled, mails)
            }
            Self::Either(one, other) => {
                one.means(city, enabled, mails) || other.means(city, enabled, mails)
            }
        }
    }
}

fn said() -> impl Strategy<Value = Said> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["a", "b"]).prop_map(Said::City),
        any::<bool>().prop_map(Said::Enabled),
        prop::sample::select(vec!["x", "y"]).prop_map(Said::Mail),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| Said::Not(Box::new(one))),
            (inner.clone(), inner.clone())
                .prop_map(|(one, other)| Said::Both(Box::new(one), Box::new(other))),
            (inner.clone(), inner)
                .prop_map(|(one, other)| Said::Either(Box::new(one), Box::new(other))),
        ]
    })
}

proptest! {
    #[test]
    fn a_rule_means_what_its_parts_mean_together(
        said in said(), city in "[abc]", enabled: bool, mails in prop::collection::vec("[xyz]{1,2}", 0..3)
    ) {
        let user = facts(&[
            ("city", text(&city)),
            ("accountEnabled", Fact::Flag(enabled)),
            ("otherMails", Fact::Texts(mails.clone())),
        ]);
        let rule = Rule::parse(&said.written()).unwrap();
        let printed = Rule::parse(&rule.to_string()).unwrap();

        prop_assert_eq!(rule.matches(&user), said.means(&city, enabled, &mails));
        prop_assert_eq!(printed, rule);
    }

    #[test]
    fn whatever_is_written_is_understood_or_refused(
        rule in "(user\\.|city|skills|[-_()\\[\\]\"'`, ]|eq|any|and|not|in|null|match|[0-9]|ü|\\PC){0,30}"
    ) {
        if let Ok(read) = Rule::parse(&rule) {
            let printed = read.to_string();
            prop_assert_eq!(Rule::parse(&printed), Ok(read), "{:?} was printed as {:?}", rule, printed);
        }
    }
}
