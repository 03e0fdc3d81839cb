use serde_json::json;

use super::*;
use crate::schema::{Kind, Schema};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

static USER: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "A person.",
    attributes: &[
        Attribute::new("userName", Kind::Text, "").required(),
        Attribute::new("active", Kind::Boolean, ""),
        Attribute::new(
            "name",
            Kind::Complex(&[
                Attribute::new("givenName", Kind::Text, ""),
                Attribute::new("familyName", Kind::Text, ""),
            ]),
            "",
        ),
        Attribute::new(
            "emails",
            Kind::Complex(&[
                Attribute::new("value", Kind::Text, ""),
                Attribute::new("type", Kind::Text, ""),
            ]),
            "",
        )
        .multi_valued(),
        Attribute::new("groups", Kind::Complex(&[]), "")
            .multi_valued()
            .read_only(),
    ],
};

static EXTENSION: Schema = Schema {
    urn: ENTERPRISE,
    name: "EnterpriseUser",
    description: "",
    attributes: &[
        Attribute::new("department", Kind::Text, ""),
        Attribute::new(
            "manager",
            Kind::Complex(&[Attribute::new("value", Kind::Text, "")]),
            "",
        ),
    ],
};

static TYPE: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    description: "",
    schema: &USER,
    extensions: &[&EXTENSION],
};

fn start() -> Map<String, Json> {
    let resource = json!({
        "userName": "alice",
        "name": {"givenName": "Alice", "familyName": "Jones"},
        "emails": [{"type": "work", "value": "a@work"}, {"type": "home", "value": "a@home"}],
        ENTERPRISE: {"department": "Sales"},
    });
    resource.as_object().unwrap().clone()
}

fn patched(operations: Json) -> Result<Json, Invalid> {
    let body = json!({"schemas": [SCHEMA], "Operations": operations});
    let mut resource = start();
    for change in read(&TYPE, body.as_object().unwrap(), Unknown::Ignored)? {
        apply(&mut resource, &change, Unknown::Ignored)?;
    }
    Ok(Json::Object(resource))
}

fn one(op: &str, path: &str, value: Json) -> Result<Json, Invalid> {
    patched(json!([{"op": op, "path": path, "value": value}]))
}

#[test]
fn a_single_value_is_set_and_removed() {
    assert_eq!(
        one("replace", "userName", json!("bob")).unwrap()["userName"],
        "bob"
    );
    assert_eq!(
        one("add", "USERNAME", json!("bob")).unwrap()["userName"],
        "bob"
    );
    assert_eq!(
        one("remove", "name.givenName", Json::Null).unwrap()["name"],
        json!({"familyName": "Jones"})
    );
    assert_eq!(one("remove", "name", Json::Null).unwrap().get("name"), None);
    assert_eq!(
        one(
            "replace",
            "urn:ietf:params:scim:schemas:core:2.0:User:userName",
            json!("bob")
        )
        .unwrap()["userName"],
        "bob"
    );
}

#[test]
fn parts_of_a_complex_value_that_are_not_named_stay() {
    let name = &one("replace", "name", json!({"givenName": "Alicia"})).unwrap()["name"];

    assert_eq!(name, &json!({"givenName": "Alicia", "familyName": "Jones"}));
}

#[test]
fn values_are_picked_by_a_filter() {
    let replaced = one(
        "replace",
        r#"emails[type eq "work"].value"#,
        json!("b@work"),
    )
    .unwrap();
    assert_eq!(replaced["emails"][0]["value"], "b@work");
    assert_eq!(replaced["emails"][1]["value"], "a@home");

    let removed = one(
        "remove",
        r#"emails[value sw "a@" and type eq "home"]"#,
        Json::Null,
    )
    .unwrap();
    assert_eq!(
        removed["emails"],
        json!([{"type": "work", "value": "a@work"}])
    );

    let added = one("add", r#"emails[type eq "other"].value"#, json!("a@other")).unwrap();
    assert_eq!(
        added["emails"][2],
        json!({"type": "other", "value": "a@other"})
    );
}

#[test]
fn a_filter_that_picks_nothing_is_an_error_for_a_replacement_alone() {
    let path = r#"emails[type eq "other"].value"#;

    assert_eq!(
        one("replace", path, json!("x")).unwrap_err().error_type,
        ErrorType::NoTarget
    );
    assert_eq!(
        one("remove", path, Json::Null).unwrap(),
        Json::Object(start())
    );
}

#[test]
fn values_are_added_once_and_removed_by_a_list() {
    let work = json!([{"type": "work", "value": "a@work"}]);

    assert_eq!(
        one("add", "emails", work.clone()).unwrap()["emails"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        one("add", "emails", json!({"value": "x"})).unwrap()["emails"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        one("remove", "emails", work).unwrap()["emails"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        one("remove", "emails", Json::Null).unwrap().get("emails"),
        None
    );
    assert_eq!(
        one("replace", "emails", json!([])).unwrap().get("emails"),
        None
    );
}

#[test]
fn extensions_are_changed_in_parts_and_as_a_whole() {
    let department = format!("{ENTERPRISE}:department");
    let manager = format!("{ENTERPRISE}:manager");

    assert_eq!(
        one("replace", &department, json!("IT")).unwrap()[ENTERPRISE]["department"],
        "IT"
    );
    assert_eq!(
        one("add", &manager, json!("42")).unwrap()[ENTERPRISE]["manager"],
        json!({"value": "42"})
    );
    assert_eq!(
        one("remove", &department, Json::Null)
            .unwrap()
            .get(ENTERPRISE),
        None
    );
    assert_eq!(
        one("remove", ENTERPRISE, Json::Null)
            .unwrap()
            .get(ENTERPRISE),
        None
    );
    assert_eq!(
        one("add", ENTERPRISE, json!({"manager": {"value": "7"}})).unwrap()[ENTERPRISE],
        json!({"department": "Sales", "manager": {"value": "7"}})
    );
}

#[test]
fn words_and_flags_are_read_as_other_directories_write_them() {
    let result = patched(json!([
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "value": {
            "name.givenName": "Alicia",
            "emails[type eq \"work\"].value": "b@work",
            format!("{ENTERPRISE}:department"): "IT",
            "nickName": "nobody keeps it",
            "groups": "the server knows better",
        }},
    ]))
    .unwrap();

    assert_eq!(result["active"], json!(false));
    assert_eq!(result["name"]["givenName"], "Alicia");
    assert_eq!(result["emails"][0]["value"], "b@work");
    assert_eq!(result[ENTERPRISE]["department"], "IT");
    assert_eq!(result.get("nickName"), None);
}

#[test]
fn what_cannot_be_changed_is_told_by_the_type_of_the_error() {
    for (op, path, value, expected) in [
        ("replace", "id", json!("1"), ErrorType::Mutability),
        ("add", "groups", json!([]), ErrorType::Mutability),
        ("replace", "nickName", json!("x"), ErrorType::InvalidPath),
        ("replace", "emails[type", json!("x"), ErrorType::InvalidPath),
        (
            "replace",
            "name[givenName pr]",
            json!("x"),
            ErrorType::InvalidPath,
        ),
        ("replace", "userName", json!(5), ErrorType::InvalidValue),
        ("replace", "active", json!("maybe"), ErrorType::InvalidValue),
        ("move", "userName", json!("x"), ErrorType::InvalidSyntax),
    ] {
        assert_eq!(
            one(op, path, value).unwrap_err().error_type,
            expected,
            "{op} {path}"
        );
    }
    let pathless = patched(json!([{"op": "remove"}])).unwrap_err();
    assert_eq!(pathless.error_type, ErrorType::NoTarget);
    assert!(patched(json!([])).is_err());
}
