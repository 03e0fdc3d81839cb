//! From query options to JSON, over rows made up here.

use domain::cloud::Cloud;
use domain::query::{Page, Predicate, Query, Record, Value};
use odata::accept::MetadataLevel;
use odata::query::QueryOptions;
use serde_json::{Value as Json, json};
use wire::Version;
use wire::encode::{self, Frame};
use wire::resolve::{Plan, Request, ResolveError, decode_position, encode_position, resolve};
use wire::table::Type;
use wire::tables;

fn options(query: &str) -> QueryOptions {
    QueryOptions::parse(query).unwrap()
}

fn plan(version: Version, of: &'static Type, query: &str) -> Result<Plan, ResolveError> {
    resolve(Request {
        version,
        cloud: Cloud::Global,
        of,
        filter: Predicate::True,
        is_single: false,
        is_derived: false,
        is_annotated: false,
        options: &options(query),
        max_page_size: None,
        after: None,
    })
}

fn filter(version: Version, of: &'static Type, text: &str) -> String {
    let plan = plan(
        version,
        of,
        &format!("$filter={}", text.replace(' ', "%20")),
    );
    plan.map_or_else(
        |error| error.to_string(),
        |plan| sql_like(&plan.query.filter),
    )
}

/// A predicate in few words.
fn sql_like(predicate: &Predicate) -> String {
    let path = |path: &domain::query::Path| {
        let hops = path.hops.iter().map(|hop| hop.name);
        hops.chain([path.field.name]).collect::<Vec<_>>().join(".")
    };
    let value = |value: &Value| match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.clone(),
    };
    let list = |list: &[Predicate], word: &str| {
        let parts: Vec<String> = list.iter().map(sql_like).collect();
        format!("({})", parts.join(word))
    };
    match predicate {
        Predicate::True => "true".to_owned(),
        Predicate::False => "false".to_owned(),
        Predicate::All(all) => list(all, " and "),
        Predicate::Any(any) => list(any, " or "),
        Predicate::Not(inner) => format!("not {}", sql_like(inner)),
        Predicate::Compare {
            path: place,
            comparison,
            value: with,
        } => {
            format!("{} {comparison:?} {}", path(place), value(with))
        }
        Predicate::In {
            path: place,
            values,
        } => {
            format!(
                "{} in {}",
                path(place),
                values.iter().map(value).collect::<Vec<_>>().join(",")
            )
        }
        Predicate::Text {
            path: place,
            matching,
            text,
        } => format!("{matching:?}({}, {text})", path(place)),
        Predicate::Exists { hops, inner } => {
            format!(
                "any {}({})",
                hops.iter()
                    .map(|hop| hop.name)
                    .collect::<Vec<_>>()
                    .join("."),
                sql_like(inner)
            )
        }
    }
}

/// Filters from documentation and clients, and what they come to.
static IN_THE_WILD: &[(Version, &Type, &str, &str)] = &[
    (
        Version::V1,
        &tables::ASSIGNMENT,
        "state eq 'Delivered'",
        "state Eq delivered",
    ),
    (
        Version::Beta,
        &tables::ASSIGNMENT,
        "assignmentState eq 'Delivered'",
        "state Eq delivered",
    ),
    (
        Version::V1,
        &tables::ASSIGNMENT,
        "accessPackage/Id eq 'AB'",
        "access_package_id Eq ab",
    ),
    (
        Version::V1,
        &tables::ASSIGNMENT,
        "target/objectid eq 'AB'",
        "target.object_id Eq ab",
    ),
    (
        Version::V1,
        &tables::ASSIGNMENT,
        "accessPackage/catalog/id eq 'c'",
        "access_package.catalog_id Eq c",
    ),
    (
        Version::Beta,
        &tables::ASSIGNMENT,
        "catalogId eq 'c'",
        "access_package.catalog_id Eq c",
    ),
    (
        Version::Beta,
        &tables::DELIVERED_ROLE,
        "accessPackageSubject/objectId eq 'c'",
        "subject.object_id Eq c",
    ),
    (
        Version::V1,
        &tables::ACCESS_PACKAGE,
        "contains(tolower(displayName),'team')",
        "Contains(display_name, team)",
    ),
    (
        Version::V1,
        &tables::CATALOG,
        "(displayName eq 'A''b')",
        "display_name Eq A'b",
    ),
    (
        Version::V1,
        &tables::RESOURCE,
        "startswith(originId,'x')",
        "StartsWith(origin_id, x)",
    ),
    (
        Version::V1,
        &tables::RESOURCE_ROLE,
        "originSystem eq 'AadGroup' and resource/id eq 'r'",
        "(origin_system Eq AadGroup and resource_id Eq r)",
    ),
    (
        Version::V1,
        &tables::ASSIGNMENT_REQUEST,
        "createdDateTime ge 1970-01-01T00:00:01Z",
        "created_at Ge 1000000",
    ),
    (
        Version::V1,
        &tables::ASSIGNMENT_REQUEST,
        "createdDateTime ge '1970-01-01T00:00:01Z'",
        "created_at Ge 1000000",
    ),
    (
        Version::V1,
        &tables::ASSIGNMENT_REQUEST,
        "requestType in ('UserAdd','adminadd')",
        "request_type in userAdd,adminAdd",
    ),
    (
        Version::Beta,
        &tables::ASSIGNMENT_REQUEST,
        "requestType eq 'UserExtend'",
        "(request_type Eq userUpdate and is_extension Eq true)",
    ),
    (
        Version::V1,
        &tables::GROUP,
        "displayName eq 'x' and securityEnabled eq true",
        "(display_name Eq x and security_enabled Eq true)",
    ),
    (
        Version::V1,
        &tables::GROUP,
        "not securityEnabled",
        "not security_enabled Eq true",
    ),
    (
        Version::V1,
        &tables::GROUP,
        "'x' eq displayName",
        "display_name Eq x",
    ),
    (
        Version::V1,
        &tables::USER,
        "memberOf/any(g:g/displayName eq 'x')",
        "any member_of(display_name Eq x)",
    ),
    (
        Version::V1,
        &tables::USER,
        "memberOf/all(g:g/displayName eq 'x')",
        "not any member_of(not display_name Eq x)",
    ),
    (
        Version::V1,
        &tables::ASSIGNMENT,
        "expiredDateTime ne null",
        "expired_at Ne null",
    ),
    // Somebody holds a role as a member of a group, too; none of the holders is that person.
    (
        Version::Beta,
        &tables::TRANSITIVE_ROLE_ASSIGNMENT,
        "principalId eq 'A'",
        "any holders(principal_id Eq a)",
    ),
    (
        Version::Beta,
        &tables::TRANSITIVE_ROLE_ASSIGNMENT,
        "principalId ne 'A' and principalId in ('B')",
        "(not any holders(principal_id Eq a) and any holders(principal_id in b))",
    ),
    (
        Version::V1,
        &tables::ROLE_ASSIGNMENT,
        "principal/id eq 'A' and appScope/displayName eq 'x' and roleDefinition/id eq 'B'",
        "(principal_id Eq a and app_scope.display_name Eq x and role_definition_id Eq b)",
    ),
];

#[test]
fn filters_seen_in_the_wild_compile() {
    for (version, of, text, expected) in IN_THE_WILD {
        let visible = if of.entity.name == "directory_user" {
            "deleted_at Eq null"
        } else {
            ""
        };
        let actual = filter(*version, of, text);
        let expected = if visible.is_empty() {
            (*expected).to_owned()
        } else {
            format!("({visible} and {expected})")
        };
        assert_eq!(actual, expected, "{text}");
    }
}

#[test]
fn filters_that_mean_nothing_are_refused_in_words() {
    use Version::V1;
    for (of, text, part) in [
        (
            &tables::ASSIGNMENT,
            "nothing eq 1",
            "property named 'nothing' on type 'microsoft.graph.accessPackageAssignment'",
        ),
        (
            &tables::ASSIGNMENT,
            "state eq 'lost'",
            "it is one of delivering",
        ),
        (&tables::ASSIGNMENT, "state gt 'delivered'", "no order"),
        (&tables::ASSIGNMENT, "schedule eq 'x'", "cannot be compared"),
        (
            &tables::ASSIGNMENT_REQUEST,
            "createdDateTime gt 'yesterday'",
            "date and time",
        ),
        (
            &tables::GROUP,
            "groupTypes/any(c:c/name eq 'Unified')",
            "property named 'name'",
        ),
        (
            &tables::GROUP,
            "mailEnabled eq 'x'",
            "true or false is expected",
        ),
        (
            &tables::USER,
            "memberOf/displayName eq 'x'",
            "leads to many",
        ),
        (
            &tables::USER,
            "memberOf/any(g:displayName eq 'x')",
            "does not begin with the variable",
        ),
        (
            &tables::USER,
            "displayName eq surname",
            "a property is compared with a value",
        ),
    ] {
        let message = filter(V1, of, text);
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn unknown_names_are_refused_in_every_option() {
    for query in [
        "$select=nothing",
        "$expand=nothing",
        "$orderby=nothing",
        "$filter=nothing%20eq%201",
    ] {
        let error = plan(Version::V1, &tables::ASSIGNMENT, query).unwrap_err();
        assert!(error.to_string().contains("'nothing'"), "{query}: {error}");
    }
    // The beta name is unknown in v1.0.
    assert!(plan(Version::V1, &tables::ASSIGNMENT, "$select=assignmentState").is_err());
}

#[test]
fn only_columns_of_selected_properties_are_read() {
    let plan = plan(Version::V1, &tables::ASSIGNMENT, "$select=id,state").unwrap();

    let fields: Vec<&str> = plan.query.fields.iter().map(|field| field.name).collect();
    assert_eq!(fields, ["id", "state"]);
    assert!(plan.query.expand.is_empty());
}

#[test]
fn pages_have_a_size_and_continue_at_a_position_of_their_own() {
    let of = &tables::ASSIGNMENT;
    assert_eq!(plan(Version::V1, of, "").unwrap().query.limit, Some(100));
    assert_eq!(
        plan(Version::V1, of, "$top=7").unwrap().query.limit,
        Some(7)
    );

    let position = vec![Value::Int(5), Value::Text("a".to_owned())];
    let payload = encode_position(&position);
    assert_eq!(decode_position(&payload).unwrap(), position);
    let resumed = |query: &str, after: Vec<Value>| {
        resolve(Request {
            cloud: Cloud::Global,
            version: Version::V1,
            of,
            filter: Predicate::True,
            is_single: false,
            is_derived: false,
            is_annotated: false,
            options: &options(query),
            max_page_size: None,
            after: Some(after),
        })
    };
    let query: Query = resumed("$skip=3", position.clone()).unwrap().query;
    assert_eq!((query.after, query.skip), (Some(position.clone()), 0));
    assert_eq!(
        resumed("$orderby=state,status", position).unwrap_err(),
        ResolveError::ForeignToken
    );
}

/// A row for a query: each column filled by a rule that shows in the output, and one row for each expansion.
fn row(query: &Query, depth: usize) -> Record {
    use domain::query::Kind;
    let values = query.fields.iter().map(|field| match field.kind {
        Kind::Id | Kind::Text => Value::Text(field.name.to_owned()),
        Kind::Word => Value::Text(
            if field.name == "object_type" {
                "user"
            } else {
                "delivered"
            }
            .to_owned(),
        ),
        Kind::Bool => Value::Bool(true),
        Kind::Int | Kind::Instant => Value::Int(1_000_000),
        Kind::Document => Value::Text("{}".to_owned()),
    });
    let expanded = query.expand.iter().map(|expansion| {
        if depth == 0 {
            Vec::new()
        } else {
            vec![row(&expansion.query, depth - 1)]
        }
    });
    Record {
        values: values.collect(),
        expanded: expanded.collect(),
        counts: Vec::new(),
    }
}

const FRAME: Frame<'static> = Frame {
    base_url: "https://h/v1.0",
    metadata: MetadataLevel::Minimal,
    all_enum_members: false,
    caller: &[],
};

fn printed(plan: &Plan, frame: Frame<'_>, depth: usize) -> Json {
    let page = Page {
        rows: vec![row(&plan.query, depth)],
        next: None,
        count: Some(1),
    };
    let bytes = encode::collection(plan, &page, frame, "ctx", Some("next"));
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn every_type_prints_in_every_version_alone_and_expanded() {
    for of in tables::TYPES {
        for version in Version::ALL {
            if of.name(version).is_none() {
                continue;
            }
            for query in ["", "$expand=*", "$select=id"] {
                let plan = plan(version, of, query).unwrap();
                for depth in [0, 2] {
                    let object = &printed(&plan, FRAME, depth)["value"][0];
                    assert!(object["id"].is_string(), "{version} {}", of.entity.name);
                }
            }
            // Everything by name, also what is shown only then.
            let names: Vec<&str> = of
                .properties
                .iter()
                .filter_map(|property| property.name(version))
                .collect();
            let plan = plan(version, of, &format!("$select={}", names.join(","))).unwrap();
            let object = &printed(&plan, FRAME, 1)["value"][0];
            for (name, property) in names
                .iter()
                .zip(of.properties.iter().filter(|p| p.name(version).is_some()))
            {
                let value = object
                    .get(name)
                    .unwrap_or_else(|| panic!("{version} {}.{name}", of.entity.name));
                assert!(
                    !property.edm.is_collection() || value.is_array(),
                    "{version} {}.{name}: {value}",
                    of.entity.name
                );
            }
        }
    }
}

#[test]
fn words_print_as_each_version_spells_them() {
    let v1 = plan(Version::V1, &tables::ASSIGNMENT, "$select=state").unwrap();
    let beta = plan(
        Version::Beta,
        &tables::ASSIGNMENT,
        "$select=assignmentState,targetId,catalogId",
    )
    .unwrap();

    assert_eq!(
        printed(&v1, FRAME, 1)["value"],
        json!([{"state": "delivered"}])
    );
    assert_eq!(
        printed(&beta, FRAME, 1)["value"],
        json!([{"catalogId": "catalog_id", "targetId": "target_id", "assignmentState": "Delivered"}])
    );
}

#[test]
fn late_words_are_unknown_unless_asked_for_and_extensions_have_their_beta_name() {
    let record = |word: &str| Record {
        values: vec![Value::Text(word.to_owned()), Value::Bool(true)],
        expanded: Vec::new(),
        counts: Vec::new(),
    };
    let shown = |version, word: &str, all_enum_members| {
        let plan = plan(version, &tables::ASSIGNMENT_REQUEST, "$select=requestType").unwrap();
        let frame = Frame {
            all_enum_members,
            ..FRAME
        };
        let body: Json =
            serde_json::from_slice(&encode::entity(&plan, &record(word), frame, "c")).unwrap();
        body["requestType"].clone()
    };

    assert_eq!(
        shown(Version::V1, "approverRemove", false),
        "unknownFutureValue"
    );
    assert_eq!(shown(Version::V1, "approverRemove", true), "approverRemove");
    assert_eq!(
        shown(Version::Beta, "approverRemove", false),
        "ApproverRemove"
    );
    assert_eq!(shown(Version::V1, "userUpdate", false), "userUpdate");
    assert_eq!(shown(Version::Beta, "userUpdate", false), "UserExtend");
}

#[test]
fn empty_expansions_are_arrays_or_null_and_never_absent() {
    let query = "$select=id&$expand=accessPackageResourceRoleScopes($expand=accessPackageResourceRole,accessPackageResourceScope),accessPackageCatalog";
    let plan = plan(Version::Beta, &tables::ACCESS_PACKAGE, query).unwrap();

    let empty = &printed(&plan, FRAME, 0)["value"][0];
    assert_eq!(empty["accessPackageResourceRoleScopes"], json!([]));
    assert_eq!(empty["accessPackageCatalog"], Json::Null);
    assert!(
        empty
            .as_object()
            .unwrap()
            .contains_key("accessPackageCatalog")
    );

    let full = &printed(&plan, FRAME, 2)["value"][0];
    assert_eq!(
        full["accessPackageResourceRoleScopes"][0]["accessPackageResourceRole"]["originId"],
        "origin_id"
    );
}

#[test]
fn expansions_take_their_own_options_and_several_of_one_are_one() {
    let query = "$expand=assignment,assignment/target,assignment($select=id;$expand=accessPackage($select=id))";
    let plan = plan(Version::V1, &tables::ASSIGNMENT_REQUEST, query).unwrap();

    let body = printed(&plan, FRAME, 3);

    let assignment = &body["value"][0]["assignment"];
    assert_eq!(assignment["accessPackage"], json!({"id": "id"}));
    assert_eq!(assignment["target"]["objectId"], "object_id");
    let relations: Vec<&str> = plan
        .query
        .expand
        .iter()
        .map(|expansion| expansion.relation.name)
        .collect();
    // The callouts are shown with every request.
    assert_eq!(relations, ["callouts", "assignment"]);
}

#[test]
fn the_envelope_follows_the_metadata_level() {
    let plan = plan(Version::V1, &tables::DIRECTORY_OBJECT, "$select=id").unwrap();

    let minimal = printed(&plan, FRAME, 0);
    assert_eq!(
        minimal,
        json!({"@odata.context": "ctx", "@odata.count": 1, "@odata.nextLink": "next",
            "value": [{"@odata.type": "#microsoft.graph.user", "id": "id"}]})
    );
    let none = printed(
        &plan,
        Frame {
            metadata: MetadataLevel::None,
            ..FRAME
        },
        0,
    );
    assert_eq!(none["value"], json!([{"id": "id"}]));
    assert!(none.get("@odata.context").is_none());
}

#[test]
fn a_single_object_has_an_etag() {
    let plan = resolve(Request {
        cloud: Cloud::Global,
        version: Version::V1,
        of: &tables::CATALOG,
        filter: Predicate::True,
        is_single: true,
        is_derived: false,
        is_annotated: false,
        options: &options(""),
        max_page_size: None,
        after: None,
    })
    .unwrap();

    assert_eq!(
        encode::etag(&plan, &row(&plan.query, 0)).as_deref(),
        Some("W/\"1000000\"")
    );
    let body: Json =
        serde_json::from_slice(&encode::entity(&plan, &row(&plan.query, 0), FRAME, "ctx")).unwrap();
    assert_eq!(body["createdDateTime"], "1970-01-01T00:00:01Z");
    assert!(body.get("version").is_none());
}

#[test]
fn groups_say_that_they_have_no_membership_rule_and_open_members_come_back() {
    let plan = plan(Version::Beta, &tables::GROUP, "").unwrap();
    let mut record = row(&plan.query, 0);
    for (field, value) in plan.query.fields.iter().zip(&mut record.values) {
        match field.name {
            "membership_rule" => *value = Value::Null,
            "details" => {
                let stored = json!({"v": 1, "theme": "Blue", "proxyAddresses": ["a"]});
                *value = Value::Text(stored.to_string());
            }
            _ => {}
        }
    }

    let body: Json = serde_json::from_slice(&encode::entity(&plan, &record, FRAME, "ctx")).unwrap();

    assert_eq!(body["membershipRule"], Json::Null);
    assert!(body.as_object().unwrap().contains_key("membershipRule"));
    assert_eq!(body["theme"], "Blue");
    assert_eq!(body["proxyAddresses"], json!(["a"]));
    assert_eq!(body["resourceBehaviorOptions"], json!([]));
    assert!(body.get("v").is_none());
}

#[test]
fn members_of_open_types_can_be_selected_by_any_name() {
    let plan = plan(
        Version::V1,
        &tables::USER,
        "$select=id,employeeOrgData,city",
    )
    .unwrap();

    assert_eq!(
        printed(&plan, FRAME, 0)["value"],
        json!([{"id": "id", "employeeOrgData": null, "city": null}])
    );
}

#[test]
fn contexts_are_spelled_out_from_the_root() {
    use wire::address::{Options, resolve as locate};
    const ID: &str = "11111111-1111-1111-1111-111111111111";
    let options = Options {
        caller: Some(ID),
        legacy_v1_paths: true,
        cloud: Cloud::Global,
    };
    let em = "identityGovernance/entitlementManagement";
    for (path, is_entity, expected) in [
        (
            format!("{em}/assignments"),
            false,
            format!("{em}/assignments"),
        ),
        (
            format!("{em}/assignments/{ID}"),
            true,
            format!("{em}/assignments/$entity"),
        ),
        (
            format!("{em}/catalogs/{ID}/resources"),
            false,
            format!("{em}/catalogs('{ID}')/resources"),
        ),
        ("me".to_owned(), true, "users/$entity".to_owned()),
        (
            "users/a@example.test".to_owned(),
            true,
            "users/$entity".to_owned(),
        ),
        (
            format!("{em}/assignments/{ID}/target"),
            true,
            format!("{em}/assignments('{ID}')/target"),
        ),
    ] {
        let segments = odata::path::parse(&path).unwrap();
        let address = locate(Version::V1, &segments, options).unwrap();
        let context = encode::context("https://h/v1.0", &address, is_entity);
        assert_eq!(
            context,
            format!("https://h/v1.0/$metadata#{expected}"),
            "{path}"
        );
    }
}

#[test]
fn search_looks_at_names() {
    let found = plan(
        Version::V1,
        &tables::USER,
        "$search=%22displayName:ann%20b%22",
    )
    .unwrap();
    assert_eq!(
        sql_like(&found.query.filter),
        "(deleted_at Eq null and (Contains(display_name, ann b)))"
    );
    assert!(plan(Version::V1, &tables::ASSIGNMENT, "$search=x").is_err());
}
