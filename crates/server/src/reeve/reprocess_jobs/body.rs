//! The bodies of bulk reprocess: a new job, and what a run may say.

use std::collections::BTreeSet;

use domain::cloud::Cloud;
use domain::query::Predicate;
use domain::reprocess_job::{Collection, Thresholds, Tracking};
use odata::filter;
use odata::query::QueryOptions;
use serde_json::Value as Json;
use service::reprocess_jobs::{MOST_IDS, NewJob, Selection};
use uuid::Uuid;
use wire::resolve;
use wire::tables;
use wire::version::Version;

use crate::error::Error;
use crate::reeve::members::{self, invalid, set};

/// The longest note, in characters.
const LONGEST_NOTE: usize = 1_000;
/// The longest filter: as much as fits into a URL.
const LONGEST_FILTER: usize = 16 * 1024;

/// Reads a new job.
pub(super) fn new_job(body: &Json, cloud: Cloud) -> Result<NewJob, Error> {
    members::known(
        body,
        "",
        &[
            "target",
            "filter",
            "ids",
            "version",
            "dryRun",
            "tracking",
            "thresholds",
            "note",
        ],
    )?;
    let collection = collection(body)?;
    let version = version(body)?;
    let selection = match (set(body, "filter"), set(body, "ids")) {
        (Some(filter), None) => selected(filter, collection, version, cloud)?,
        (None, Some(ids)) => Selection::Ids(listed(ids)?),
        (None, None) => {
            let message = "name the objects by `filter` or by `ids`";
            return Err(invalid("filter", message));
        }
        (Some(_), Some(_)) => {
            let message = "name the objects by `filter` or by `ids`, not by both";
            return Err(invalid("ids", message));
        }
    };
    Ok(NewJob {
        collection,
        selection,
        dry_run: flag(body, "dryRun")?,
        tracking: tracking(body)?,
        thresholds: match set(body, "thresholds") {
            None => Thresholds::default(),
            Some(document) => thresholds(document, Thresholds::default())?,
        },
        note: members::text(body, "note", LONGEST_NOTE)?,
    })
}

/// Reads what is said when a plan is run: other thresholds, if any.
pub(super) fn run(body: &Json, before: Thresholds) -> Result<Option<Thresholds>, Error> {
    members::known(body, "", &["thresholds"])?;
    set(body, "thresholds")
        .map(|document| thresholds(document, before))
        .transpose()
}

/// Reads an order that says nothing more.
pub(super) fn nothing(body: &Json) -> Result<(), Error> {
    match body.as_object().and_then(|members| members.keys().next()) {
        None => Ok(()),
        Some(name) => {
            let message = format!("`{name}` is not known here; nothing is expected");
            Err(invalid(name.as_str(), message))
        }
    }
}

fn collection(body: &Json) -> Result<Collection, Error> {
    let wrong = || {
        let words: Vec<&str> = Collection::ALL.iter().map(|one| one.as_str()).collect();
        invalid(
            "target",
            format!("`target` must be one of {}", words.join(", ")),
        )
    };
    let word = body.get("target").and_then(Json::as_str);
    word.and_then(Collection::from_name).ok_or_else(wrong)
}

fn tracking(body: &Json) -> Result<Tracking, Error> {
    let Some(word) = set(body, "tracking") else {
        return Ok(Tracking::Everything);
    };
    let known = word.as_str().and_then(Tracking::from_name);
    known.ok_or_else(|| {
        let words: Vec<&str> = Tracking::ALL.iter().map(|one| one.as_str()).collect();
        let message = format!("`tracking` must be one of {}", words.join(", "));
        invalid("tracking", message)
    })
}

fn version(body: &Json) -> Result<Version, Error> {
    let Some(version) = set(body, "version") else {
        return Ok(Version::V1);
    };
    let known = Version::ALL
        .into_iter()
        .find(|known| version.as_str() == Some(known.as_str()));
    known.ok_or_else(|| invalid("version", "`version` must be v1.0 or beta"))
}

/// The condition of a filter, by the names of the collection in the version.
fn selected(
    filter: &Json,
    collection: Collection,
    version: Version,
    cloud: Cloud,
) -> Result<Selection, Error> {
    let is_whole = |text: &&str| {
        !text.trim().is_empty() && !text.contains('\0') && text.len() <= LONGEST_FILTER
    };
    let text = filter.as_str().filter(is_whole).ok_or_else(|| {
        invalid(
            "filter",
            "`filter` must be the text of a `$filter`, as long as a URL may be",
        )
    })?;
    let expression = filter::parse(text).map_err(|error| invalid("filter", error.to_string()))?;
    let of = match collection {
        Collection::Assignments => &tables::ASSIGNMENT,
        Collection::AssignmentRequests => &tables::ASSIGNMENT_REQUEST,
    };
    let options = QueryOptions {
        filter: Some(expression),
        ..QueryOptions::default()
    };
    let plan = resolve::resolve(resolve::Request {
        version,
        cloud,
        of,
        filter: Predicate::True,
        is_single: false,
        is_derived: false,
        is_annotated: false,
        options: &options,
        max_page_size: None,
        after: None,
    })
    .map_err(|error| invalid("filter", error.to_string()))?;
    Ok(Selection::Filter(text.to_owned(), plan.query.filter))
}

/// Ids in the spelling in which they are stored.
fn listed(ids: &Json) -> Result<BTreeSet<String>, Error> {
    let list = ids
        .as_array()
        .filter(|list| !list.is_empty())
        .ok_or_else(|| invalid("ids", "`ids` must be a list of ids"))?;
    if list.len() > MOST_IDS {
        let message = format!("`ids` may name {MOST_IDS} objects; select more by `filter`");
        return Err(invalid("ids", message));
    }
    let read = |(place, id): (usize, &Json)| {
        let id = id.as_str().and_then(|id| Uuid::try_parse(id).ok());
        id.map(|id| id.hyphenated().to_string()).ok_or_else(|| {
            let target = format!("ids/{place}");
            let message = format!("`{target}` is not a well-formed id");
            invalid(target, message)
        })
    };
    list.iter().enumerate().map(read).collect()
}

fn flag(body: &Json, name: &str) -> Result<bool, Error> {
    match set(body, name) {
        None => Ok(false),
        Some(Json::Bool(flag)) => Ok(*flag),
        Some(_) => Err(invalid(name, format!("`{name}` must be true or false"))),
    }
}

fn thresholds(document: &Json, before: Thresholds) -> Result<Thresholds, Error> {
    if !document.is_object() {
        return Err(invalid("thresholds", "`thresholds` must be an object"));
    }
    members::known(
        document,
        "thresholds/",
        &["maxRemoved", "maxRemovedPercent"],
    )?;
    let number = |name: &str, most: i64, before: i64| match set(document, name) {
        None => Ok(before),
        Some(value) => value
            .as_i64()
            .filter(|number| (0..=most).contains(number))
            .ok_or_else(|| {
                let target = format!("thresholds/{name}");
                let message = if most == 100 {
                    format!("`{target}` must be a whole number from 0 to 100")
                } else {
                    format!("`{target}` must be a whole number, at least 0")
                };
                invalid(target, message)
            }),
    };
    Ok(Thresholds {
        max_removed: number("maxRemoved", i64::MAX, before.max_removed)?,
        max_removed_percent: number("maxRemovedPercent", 100, before.max_removed_percent)?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(body: &Json) -> String {
        match new_job(body, Cloud::Global) {
            Err(Error::InvalidModel { target, .. }) => target,
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn a_job_is_read_with_its_defaults() {
        let body = json!({ "target": "assignments", "filter": "state eq 'delivered'" });

        let job = new_job(&body, Cloud::Global).unwrap();

        assert_eq!(job.collection, Collection::Assignments);
        assert_eq!(job.thresholds, Thresholds::default());
        assert!(!job.dry_run);
        assert_eq!(job.tracking, Tracking::Everything);
        assert!(matches!(job.selection, Selection::Filter(_, _)));
    }

    #[test]
    fn ids_are_read_in_any_spelling_and_once() {
        let body = json!({
            "target": "assignmentRequests",
            "ids": ["6E2C0A4B-9F44-4C5C-8E61-0C5B1E3A7D11", "6e2c0a4b-9f44-4c5c-8e61-0c5b1e3a7d11"],
        });

        let Selection::Ids(ids) = new_job(&body, Cloud::Global).unwrap().selection else {
            panic!("ids are no filter");
        };

        assert_eq!(ids.len(), 1);
        assert!(ids.contains("6e2c0a4b-9f44-4c5c-8e61-0c5b1e3a7d11"));
    }

    #[test]
    fn a_body_that_makes_no_sense_names_the_member_at_fault() {
        let all = "state eq 'delivered'";
        for (target, body) in [
            ("target", json!({ "filter": all })),
            ("target", json!({ "target": "policies", "filter": all })),
            ("filter", json!({ "target": "assignments" })),
            ("filter", json!({ "target": "assignments", "filter": " " })),
            ("filter", json!({ "target": "assignments", "filter": 7 })),
            (
                "filter",
                json!({ "target": "assignments", "filter": "state eq" }),
            ),
            (
                "filter",
                json!({ "target": "assignments", "filter": "nothing eq 'x'" }),
            ),
            (
                "filter",
                json!({ "target": "assignments", "version": "v1.0",
                "filter": "assignmentState eq 'Delivered'" }),
            ),
            (
                "ids",
                json!({ "target": "assignments", "filter": all, "ids": ["x"] }),
            ),
            (
                "filter",
                json!({ "target": "assignments", "filter": "status eq 'a\u{0}b'" }),
            ),
            (
                "filter",
                json!({ "target": "assignments", "filter": format!("status eq '{}'", "n".repeat(16 * 1024)) }),
            ),
            (
                "note",
                json!({ "target": "assignments", "filter": all, "note": "a\u{0}b" }),
            ),
            ("ids", json!({ "target": "assignments", "ids": [] })),
            (
                "ids",
                json!({ "target": "assignments", "ids": vec!["x"; MOST_IDS + 1] }),
            ),
            ("ids/0", json!({ "target": "assignments", "ids": ["x"] })),
            (
                "tracking",
                json!({ "target": "assignments", "filter": all, "tracking": "nothing" }),
            ),
            (
                "version",
                json!({ "target": "assignments", "filter": all, "version": "v2" }),
            ),
            (
                "dryRun",
                json!({ "target": "assignments", "filter": all, "dryRun": "yes" }),
            ),
            (
                "dryrun",
                json!({ "target": "assignments", "filter": all, "dryrun": true }),
            ),
            (
                "note",
                json!({ "target": "assignments", "filter": all, "note": "n".repeat(1_001) }),
            ),
            (
                "thresholds",
                json!({ "target": "assignments", "filter": all, "thresholds": 5 }),
            ),
            (
                "thresholds/maxRemoved",
                json!({ "target": "assignments", "filter": all,
                "thresholds": { "maxRemoved": -1 } }),
            ),
            (
                "thresholds/maxRemovedPercent",
                json!({ "target": "assignments", "filter": all,
                "thresholds": { "maxRemovedPercent": 101 } }),
            ),
            (
                "thresholds/percent",
                json!({ "target": "assignments", "filter": all,
                "thresholds": { "percent": 1 } }),
            ),
        ] {
            assert_eq!(refused(&body), target, "{body}");
        }
    }
}
