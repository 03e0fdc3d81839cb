//! Users: from rows to documents, and from documents to what is said about a user.

use domain::change::Change;
use domain::directory::UserChanges;
use domain::id::ObjectId;
use scim::member;
use scim::resource::Unknown;
use serde_json::{Map, Value as Json, json};
use service::provisioning::users::UserImage;

use super::fault::{Fault, instant};
use super::row::{Row, related_text};
use super::types::{ENTERPRISE, USER};

type Members = Map<String, Json>;

/// The document of a user, below `base`.
pub(super) fn document(row: &Row<'_>, base: &str) -> Members {
    let id = row.text("id").unwrap_or_default();
    let details = row.document("details");
    let mut user = Members::new();
    put(&mut user, "schemas", json!([USER.schema.urn, ENTERPRISE]));
    put(&mut user, "id", json!(id));
    put(&mut user, "externalId", json!(row.text("external_id")));
    put(&mut user, "userName", json!(row.text("user_name")));
    let name = object([
        ("givenName", json!(row.text("given_name"))),
        ("familyName", json!(row.text("surname"))),
    ]);
    put(&mut user, "name", name);
    put(&mut user, "displayName", json!(row.text("display_name")));
    put(&mut user, "title", json!(row.text("job_title")));
    put(&mut user, "userType", json!(row.text("user_type")));
    put(
        &mut user,
        "preferredLanguage",
        json!(row.text("preferred_language")),
    );
    put(&mut user, "active", json!(row.flag("account_enabled")));
    if let Some(mail) = row.text("mail") {
        put(
            &mut user,
            "emails",
            json!([{"value": mail, "type": "work"}]),
        );
    }
    put(&mut user, "phoneNumbers", phones(row, &details));
    put(&mut user, "addresses", addresses(&details));
    if let Some(groups) = row.related() {
        put(&mut user, "groups", memberships(groups, base));
    }
    let manager = row
        .text("manager_id")
        .map(|manager| json!({"value": manager, "$ref": format!("{base}/Users/{manager}")}));
    let work = details.get("employeeOrgData");
    let of_work = |name: &str| work.and_then(|work| work.get(name)).cloned();
    let enterprise = object([
        ("employeeNumber", json!(row.text("employee_id"))),
        ("costCenter", of_work("costCenter").unwrap_or_default()),
        ("organization", json!(row.text("company_name"))),
        ("division", of_work("division").unwrap_or_default()),
        ("department", json!(row.text("department"))),
        ("manager", manager.unwrap_or_default()),
    ]);
    put(&mut user, ENTERPRISE, enterprise);
    let meta = json!({
        "resourceType": USER.name,
        "created": instant(row.int("created_at")),
        "lastModified": instant(row.int("modified_at")),
        "location": format!("{base}/Users/{id}"),
        "version": version(row),
    });
    put(&mut user, "meta", meta);
    user
}

/// The document as changes pick from it: the only mail address is the primary one.
pub(super) fn changeable(row: &Row<'_>, base: &str) -> Members {
    let mut user = document(row, base);
    let mails = user.get_mut("emails").and_then(Json::as_array_mut);
    for mail in mails.into_iter().flatten() {
        if let Some(mail) = mail.as_object_mut() {
            put(mail, "primary", json!(true));
        }
    }
    user
}

/// The version of a user, as `If-Match` names it.
pub(super) fn version(row: &Row<'_>) -> String {
    format!("W/\"{}\"", row.int("version"))
}

fn phones(row: &Row<'_>, details: &Json) -> Json {
    let mut phones: Vec<Json> = details
        .get("businessPhones")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .map(|number| json!({"value": number, "type": "work"}))
        .collect();
    if let Some(number) = row.text("mobile_phone") {
        phones.push(json!({"value": number, "type": "mobile"}));
    }
    if let Some(number) = details.get("faxNumber").and_then(Json::as_str) {
        phones.push(json!({"value": number, "type": "fax"}));
    }
    Json::Array(phones)
}

/// The parts of an address, and the properties that they are kept in.
const ADDRESS: &[(&str, &str)] = &[
    ("streetAddress", "streetAddress"),
    ("locality", "city"),
    ("region", "state"),
    ("postalCode", "postalCode"),
    ("country", "country"),
];

fn addresses(details: &Json) -> Json {
    let mut address = Members::new();
    for (name, property) in ADDRESS {
        put(
            &mut address,
            name,
            details.get(property).cloned().unwrap_or_default(),
        );
    }
    if address.is_empty() {
        return Json::Null;
    }
    put(&mut address, "type", json!("work"));
    json!([address])
}

fn memberships(groups: &[domain::query::Record], base: &str) -> Json {
    groups
        .iter()
        .map(|group| {
            let id = related_text(group, 0);
            json!({
                "value": id,
                "$ref": format!("{base}/Groups/{id}"),
                "display": related_text(group, 1),
                "type": "direct",
            })
        })
        .collect()
}

/// What a document says about a user: what it does not mention is nothing.
pub(super) fn image(user: &Members, unknown: Unknown) -> Result<UserImage, Fault> {
    let none = Members::new();
    let part = |name: &str| user.get(name).and_then(Json::as_object).unwrap_or(&none);
    let user_name = text(user, "userName")
        .filter(|name| !name.trim().is_empty())
        .ok_or_else(|| Fault::value("`userName` must be a text that is not empty"))?;
    let (name, enterprise) = (part("name"), part(ENTERPRISE));
    let mut changes = UserChanges {
        display_name: Some(display_name(user, name, &user_name)),
        given_name: change(text(name, "givenName")),
        surname: change(text(name, "familyName")),
        job_title: change(text(user, "title")),
        preferred_language: change(text(user, "preferredLanguage")),
        account_enabled: user.get("active").and_then(Json::as_bool),
        employee_id: change(text(enterprise, "employeeNumber")),
        company_name: change(text(enterprise, "organization")),
        department: change(text(enterprise, "department")),
        mail: change(work_mail(user, unknown)?),
        ..UserChanges::default()
    };
    set_phones(&mut changes, user, unknown)?;
    set_address(&mut changes, user, unknown)?;
    let work = object([
        ("costCenter", json!(text(enterprise, "costCenter"))),
        ("division", json!(text(enterprise, "division"))),
    ]);
    set_detail(&mut changes, "employeeOrgData", &work);
    Ok(UserImage {
        user_name,
        external_id: text(user, "externalId"),
        manager: manager(enterprise)?,
        changes,
    })
}

/// The password in a document.
pub(super) fn password(user: &Members) -> Option<String> {
    text(user, "password").filter(|password| !password.is_empty())
}

/// The name as it is shown: whoever gives none is shown by the names that there are.
fn display_name(user: &Members, name: &Members, user_name: &str) -> String {
    let parts: Vec<String> = ["givenName", "familyName"]
        .iter()
        .filter_map(|part| text(name, part))
        .collect();
    text(user, "displayName")
        .or_else(|| (!parts.is_empty()).then(|| parts.join(" ")))
        .unwrap_or_else(|| user_name.to_owned())
}

fn manager(enterprise: &Members) -> Result<Option<ObjectId>, Fault> {
    let manager = enterprise.get("manager").and_then(Json::as_object);
    let Some(named) = manager.and_then(identifier) else {
        return Ok(None);
    };
    let id = named
        .parse()
        .map_err(|_| Fault::value(format!("`manager` names no user: `{named}`")))?;
    Ok(Some(id))
}

/// The id that a reference names: its value, or the end of its address.
pub(super) fn identifier(reference: &Members) -> Option<String> {
    text(reference, "value").or_else(|| {
        let address = text(reference, "$ref")?;
        address.rsplit('/').next().map(str::to_owned)
    })
}

fn work_mail(user: &Members, unknown: Unknown) -> Result<Option<String>, Fault> {
    let mut mails = values(user, "emails", "work", unknown, &["work"])?;
    if mails.len() > 1 {
        return Err(Fault::value(
            "`emails` may have one entry of the type `work`",
        ));
    }
    Ok(mails.pop().and_then(|mail| text(&mail.0, "value")))
}

fn set_phones(changes: &mut UserChanges, user: &Members, unknown: Unknown) -> Result<(), Fault> {
    let types = &["work", "mobile", "fax"];
    let mut work = Vec::new();
    let (mut mobile, mut fax) = (None, None);
    for (phone, kind) in values(user, "phoneNumbers", "work", unknown, types)? {
        let Some(number) = text(&phone, "value") else {
            continue;
        };
        let slot = match kind {
            "mobile" => &mut mobile,
            "fax" => &mut fax,
            _ => {
                work.push(number);
                continue;
            }
        };
        if slot.replace(number).is_some() {
            let detail = format!("`phoneNumbers` may have one entry of the type `{kind}`");
            return Err(Fault::value(detail));
        }
    }
    changes.mobile_phone = change(mobile);
    set_detail(changes, "businessPhones", &json!(work));
    set_detail(changes, "faxNumber", &json!(fax));
    Ok(())
}

fn set_address(changes: &mut UserChanges, user: &Members, unknown: Unknown) -> Result<(), Fault> {
    let mut addresses = values(user, "addresses", "work", unknown, &["work"])?;
    if addresses.len() > 1 {
        return Err(Fault::value(
            "`addresses` may have one entry of the type `work`",
        ));
    }
    let (address, _) = addresses.pop().unwrap_or_default();
    for (name, property) in ADDRESS {
        set_detail(changes, property, &json!(text(&address, name)));
    }
    Ok(())
}

/// The values of an attribute with their types. Those of types that are not kept are passed over, or refused.
fn values(
    user: &Members,
    name: &str,
    default: &'static str,
    unknown: Unknown,
    kept: &[&'static str],
) -> Result<Vec<(Members, &'static str)>, Fault> {
    let mut found = Vec::new();
    for value in user
        .get(name)
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        let Some(value) = value.as_object() else {
            continue;
        };
        let kind = text(value, "type");
        let known = match &kind {
            None => Some(default),
            Some(kind) => kept
                .iter()
                .copied()
                .find(|one| one.eq_ignore_ascii_case(kind)),
        };
        match known {
            Some(kind) => found.push((value.clone(), kind)),
            None if unknown == Unknown::Ignored => {}
            None => {
                let detail = format!(
                    "`{name}` of the type `{}` are not kept",
                    kind.unwrap_or_default()
                );
                return Err(Fault::value(detail));
            }
        }
    }
    Ok(found)
}

fn set_detail(changes: &mut UserChanges, name: &str, value: &Json) {
    let is_empty = match value {
        Json::Null => true,
        Json::Array(values) => values.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => false,
    };
    let change = if is_empty {
        Change::Clear
    } else {
        Change::Set(value.to_string())
    };
    changes.details.insert(name.to_owned(), change);
}

fn change(value: Option<String>) -> Change<String> {
    value.map_or(Change::Clear, Change::Set)
}

/// A text; one that is empty is none.
fn text(members: &Members, name: &str) -> Option<String> {
    member::text(members, name)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn object<const N: usize>(parts: [(&str, Json); N]) -> Json {
    let mut members = Members::new();
    for (name, value) in parts {
        put(&mut members, name, value);
    }
    Json::Object(members)
}

/// Sets a member, unless there is nothing in the value.
pub(super) fn put(members: &mut Members, name: &str, value: Json) {
    let is_empty = match &value {
        Json::Null => true,
        Json::Array(values) => values.is_empty(),
        Json::Object(parts) => parts.is_empty(),
        _ => false,
    };
    if !is_empty {
        members.insert(name.to_owned(), value);
    }
}
