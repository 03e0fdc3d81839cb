//! From what people call things to their ids. What could be several things is an error that lists them.

use anyhow::{Context, bail};
use serde_json::Value;

use super::ENTITLEMENTS;
use super::graph::{Graph, encoded, literal};
use crate::output::Refused;
use crate::output::rows::shown;

/// Most candidates that an error lists.
const MOST_CANDIDATES: usize = 10;

/// Whether it is an id, which may then be used as it is.
pub(crate) fn is_id(text: &str) -> bool {
    text.parse::<domain::id::ObjectId>().is_ok()
}

/// The id of an access package.
pub(crate) async fn package(graph: &Graph, name: &str) -> anyhow::Result<String> {
    let collection = format!("{ENTITLEMENTS}/accessPackages");
    named(graph, "access package", &collection, name).await
}

/// The id of an access package that whoever is signed in may ask for.
pub(crate) async fn requestable_package(graph: &Graph, name: &str) -> anyhow::Result<String> {
    let collection =
        format!("{ENTITLEMENTS}/accessPackages/filterByCurrentUser(on='allowedRequestor')");
    let what = "access package that you may ask for";
    named(graph, what, &collection, name).await
}

/// The id of a catalog.
pub(crate) async fn catalog(graph: &Graph, name: &str) -> anyhow::Result<String> {
    named(graph, "catalog", &format!("{ENTITLEMENTS}/catalogs"), name).await
}

/// The id of a group.
pub(crate) async fn group(graph: &Graph, name: &str) -> anyhow::Result<String> {
    named(graph, "group", "/v1.0/groups", name).await
}

/// The id of a person: by sign-in name, by the part before the `@`, or by display name.
pub(crate) async fn person(graph: &Graph, name: &str) -> anyhow::Result<String> {
    if is_id(name) {
        return Ok(name.to_owned());
    }
    let filters = if name.contains('@') {
        vec![format!("userPrincipalName eq {}", literal(name))]
    } else {
        vec![
            format!(
                "startswith(userPrincipalName, {})",
                literal(&format!("{name}@"))
            ),
            format!("displayName eq {}", literal(name)),
        ]
    };
    for filter in filters {
        let path = format!(
            "/v1.0/users?$select=id,displayName,userPrincipalName&$filter={}",
            encoded(&filter)
        );
        let found = graph.list(&path).await?;
        if !found.is_empty() {
            return only("user", name, &found);
        }
    }
    only("user", name, &[])
}

/// The policy of a package that is named, or its only one.
pub(crate) fn policy(
    package: &str,
    name: Option<&str>,
    policies: &[Value],
) -> anyhow::Result<String> {
    let Some(name) = name else {
        return match policies {
            [] => Err(Refused(format!("`{package}` has no policy to do this by")).into()),
            [one] => id(one),
            several => Err(Refused(format!(
                "`{package}` has several policies: name one with `--policy`\n{}",
                candidates(several)
            ))
            .into()),
        };
    };
    let is_meant = |policy: &&Value| {
        ["id", "displayName"].iter().any(|member| {
            let text = policy.get(member).and_then(Value::as_str);
            text.is_some_and(|text| text.eq_ignore_ascii_case(name))
        })
    };
    let found: Vec<Value> = policies.iter().filter(is_meant).cloned().collect();
    if found.is_empty() && !policies.is_empty() {
        return Err(Refused(format!(
            "`{package}` has no policy `{name}`; it has\n{}",
            candidates(policies)
        ))
        .into());
    }
    only("policy", name, &found)
}

async fn named(graph: &Graph, what: &str, collection: &str, name: &str) -> anyhow::Result<String> {
    if is_id(name) {
        return Ok(name.to_owned());
    }
    let filter = format!("displayName eq {}", literal(name));
    let path = format!("{collection}?$filter={}", encoded(&filter));
    let found = graph.list(&path).await?;
    only(what, name, &found)
}

/// The id of the one that was found.
fn only(what: &str, name: &str, found: &[Value]) -> anyhow::Result<String> {
    match found {
        [one] => id(one),
        [] => Err(Refused(format!(
            "there is no {what} `{name}`, or you may not see it"
        ))
        .into()),
        several => Err(Refused(format!(
            "`{name}` could be {} things; name one by its id:\n{}",
            several.len(),
            candidates(several)
        ))
        .into()),
    }
}

/// A line for each.
fn candidates(several: &[Value]) -> String {
    let text = |one: &Value, member: &str| {
        let text = one.get(member).and_then(Value::as_str);
        shown(text.unwrap_or_default())
    };
    let mut lines: Vec<String> = several
        .iter()
        .take(MOST_CANDIDATES)
        .map(|one| {
            let more = ["userPrincipalName", "description"]
                .iter()
                .map(|member| text(one, member))
                .find(|more| !more.is_empty())
                .unwrap_or_default();
            format!(
                "  {}  {}  {more}",
                text(one, "id"),
                text(one, "displayName")
            )
            .trim_end()
            .to_owned()
        })
        .collect();
    if several.len() > MOST_CANDIDATES {
        lines.push(format!("  … and {} more", several.len() - MOST_CANDIDATES));
    }
    lines.join("\n")
}

fn id(one: &Value) -> anyhow::Result<String> {
    let id = one.get("id").and_then(Value::as_str);
    match id {
        Some(id) => Ok(id.to_owned()),
        None => bail!("an object came without its id"),
    }
}

/// The text at a place of an object.
pub(crate) fn text_at<'v>(object: &'v Value, pointer: &str) -> Option<&'v str> {
    object.pointer(pointer).and_then(Value::as_str)
}

/// The same where it has to be.
pub(crate) fn needed<'v>(object: &'v Value, pointer: &str) -> anyhow::Result<&'v str> {
    text_at(object, pointer).with_context(|| format!("the answer has no `{pointer}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_could_be_several_things_is_refused_with_all_of_them() {
        let two = [
            json!({ "id": "1", "displayName": "Work", "description": "on the farm" }),
            json!({ "id": "2", "displayName": "Work" }),
        ];

        let refused = only("access package", "Work", &two)
            .unwrap_err()
            .to_string();

        assert!(
            refused.contains("  1  Work  on the farm\n  2  Work"),
            "{refused}"
        );
        assert_eq!(only("access package", "Work", &two[..1]).unwrap(), "1");
        assert!(only("access package", "Work", &[]).is_err());
    }

    #[test]
    fn a_policy_need_not_be_named_where_there_is_one() {
        let policies = [
            json!({ "id": "1", "displayName": "Direct" }),
            json!({ "id": "2", "displayName": "By hand" }),
        ];

        assert_eq!(policy("Work", None, &policies[..1]).unwrap(), "1");
        assert_eq!(policy("Work", Some("by hand"), &policies).unwrap(), "2");
        assert_eq!(policy("Work", Some("2"), &policies).unwrap(), "2");
        let refused = policy("Work", None, &policies).unwrap_err().to_string();
        assert!(refused.contains("Direct") && refused.contains("By hand"));
        let refused = policy("Work", Some("x"), &policies).unwrap_err();
        assert!(refused.to_string().contains("By hand"));
    }
}
