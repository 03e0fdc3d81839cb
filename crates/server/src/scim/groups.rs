//! Groups: from rows to documents, and from documents and changes to what is said about a group.

use aws_lc_rs::digest::{Context, SHA256};
use scim::error::{ErrorType, Invalid};
use scim::filter::{Filter, Literal, Operator};
use scim::locate::Located;
use scim::patch::{Change, Operation, apply};
use scim::resource::Unknown;
use scim::{member, resource};
use serde_json::{Map, Value as Json, json};
use service::provisioning::groups::{GroupEdit, MemberEdit};

use super::fault::{Fault, instant};
use super::row::{Row, related_text};
use super::types::GROUP;
use super::users::{identifier, put};

type Members = Map<String, Json>;

/// The attribute that changes on its own: a group may have more members than anybody wants to read for a change.
const MEMBERS: &str = "members";

/// The document of a group, below `base`. Without members, it has no version.
pub(super) fn document(row: &Row<'_>, base: &str) -> Members {
    let id = row.text("id").unwrap_or_default();
    let mut group = Members::new();
    put(&mut group, "schemas", json!([GROUP.schema.urn]));
    put(&mut group, "id", json!(id));
    put(&mut group, "externalId", json!(row.text("external_id")));
    put(&mut group, "displayName", json!(row.text("display_name")));
    if let Some(members) = row.related() {
        let members: Vec<Json> = members
            .iter()
            .map(|one| member_document(related_text(one, 0), related_text(one, 1), base))
            .collect();
        put(&mut group, MEMBERS, Json::Array(members));
    }
    let mut meta = Members::new();
    put(&mut meta, "resourceType", json!(GROUP.name));
    put(&mut meta, "created", json!(instant(row.int("created_at"))));
    put(
        &mut meta,
        "lastModified",
        json!(instant(row.int("modified_at"))),
    );
    put(&mut meta, "location", json!(format!("{base}/Groups/{id}")));
    put(&mut meta, "version", json!(version(row)));
    put(&mut group, "meta", Json::Object(meta));
    group
}

/// A member; applications are members that the protocol has no type for.
fn member_document(id: &str, kind: &str, base: &str) -> Json {
    match kind {
        "user" => json!({"value": id, "$ref": format!("{base}/Users/{id}"), "type": "User"}),
        "group" => json!({"value": id, "$ref": format!("{base}/Groups/{id}"), "type": "Group"}),
        _ => json!({"value": id}),
    }
}

/// The version of a group, as `If-Match` names it: it changes with the group and with who is in it.
pub(super) fn version(row: &Row<'_>) -> Option<String> {
    let mut members: Vec<&str> = row
        .related()?
        .iter()
        .map(|member| related_text(member, 0))
        .collect();
    members.sort_unstable();
    let mut digest = Context::new(&SHA256);
    for member in members {
        digest.update(member.as_bytes());
    }
    let digest = digest.finish();
    let short = digest
        .as_ref()
        .iter()
        .take(8)
        .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    Some(format!("W/\"{}.{short:x}\"", row.int("version")))
}

/// What a whole document says about a group.
pub(super) fn edit(group: &Members) -> Result<GroupEdit, Fault> {
    let display_name = member::text(group, "displayName")
        .filter(|name| !name.trim().is_empty())
        .ok_or_else(|| Fault::value("`displayName` must be a text that is not empty"))?;
    let members = named(group.get(MEMBERS).unwrap_or(&Json::Null))?;
    Ok(GroupEdit {
        display_name: Some(display_name.to_owned()),
        external_id: Some(external_id(group)),
        members: vec![MemberEdit::Replace(members)],
    })
}

/// What changes say about a group whose document, but for its members, is this.
pub(super) fn edit_by(
    group: &Members,
    changes: &[Change],
    unknown: Unknown,
) -> Result<GroupEdit, Fault> {
    let mut changed = group.clone();
    let mut edit = GroupEdit::default();
    for change in changes {
        if change.is_of(MEMBERS) {
            edit.members.push(member_edit(change, unknown)?);
        } else {
            apply(&mut changed, change, unknown)?;
        }
    }
    if changed != *group {
        let whole = self::edit(&changed)?;
        edit.display_name = whole.display_name;
        edit.external_id = whole.external_id;
    }
    Ok(edit)
}

fn member_edit(change: &Change, unknown: Unknown) -> Result<MemberEdit, Fault> {
    let Located::Attribute {
        attribute,
        sub: None,
        ..
    } = change.place
    else {
        let detail = "members cannot be changed, only added and removed";
        return Err(Invalid::new(ErrorType::Mutability, detail).into());
    };
    let given = |change: &Change| -> Result<Vec<String>, Fault> {
        // Read as a body is, so that a member may be written in all the ways that a body allows.
        let alone = Members::from_iter([
            ("schemas".to_owned(), json!([GROUP.schema.urn])),
            (attribute.name.to_owned(), change.value.clone()),
        ]);
        let read = resource::read(&GROUP, &alone, unknown)?;
        named(read.get(attribute.name).unwrap_or(&Json::Null))
    };
    match (change.operation, &change.only) {
        (Operation::Add, None) => given(change).map(MemberEdit::Add),
        (Operation::Replace, None) => given(change).map(MemberEdit::Replace),
        (Operation::Remove, None) if change.value.is_null() => Ok(MemberEdit::Replace(Vec::new())),
        (Operation::Remove, None) => given(change).map(MemberEdit::Remove),
        (Operation::Remove, Some(filter)) => Ok(MemberEdit::Remove(picked(filter)?)),
        (Operation::Add | Operation::Replace, Some(_)) => {
            let detail = "members cannot be changed, only added and removed";
            Err(Invalid::new(ErrorType::Mutability, detail).into())
        }
    }
}

/// The members that a filter picks by their ids.
fn picked(filter: &Filter) -> Result<Vec<String>, Fault> {
    match filter {
        Filter::Compare(path, Operator::Eq, Literal::Text(id))
            if path.name.eq_ignore_ascii_case("value") && path.sub.is_none() =>
        {
            Ok(vec![id.clone()])
        }
        Filter::Or(left, right) => Ok([picked(left)?, picked(right)?].concat()),
        _ => {
            let detail = "members to remove are picked by `value eq` and `or` alone";
            Err(Invalid::new(ErrorType::InvalidFilter, detail).into())
        }
    }
}

/// The ids of members, as they were written.
fn named(members: &Json) -> Result<Vec<String>, Fault> {
    let members = members.as_array().into_iter().flatten();
    members
        .map(|member| {
            member
                .as_object()
                .and_then(identifier)
                .ok_or_else(|| Fault::value("each of `members` must have a `value`"))
        })
        .collect()
}

fn external_id(group: &Members) -> Option<String> {
    member::text(group, "externalId")
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}
