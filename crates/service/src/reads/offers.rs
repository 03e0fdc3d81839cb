//! What is offered to a user: packages that they may ask for, and among them those that they might want.
//!
//! **Invariant:** an offer is worked out anew for each read, by the rules that a request goes by (section 6.3).

use std::collections::BTreeMap;

use domain::id::{AccessPackageId, ObjectId};
use domain::model;
use domain::policy::applicable;
use domain::query::{Page, Query, Value};
use serde_json::{Value as Json, json};
use store::{ReadTx, assignment_policy, offer};

use crate::assignment_requests::target_facts;
use crate::error::ServiceError;

/// Who is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    /// Somebody looks around: what is hidden is not shown.
    Left,
    /// Somebody names a package, which they may ask for although it is hidden (RQ-9).
    Shown,
}

/// Why packages are suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SuggestionKinds {
    /// People around the caller have them.
    pub related_people: bool,
    /// The caller had them before.
    pub assignment_history: bool,
}

impl SuggestionKinds {
    /// Every reason.
    pub const ALL: Self = Self {
        related_people: true,
        assignment_history: true,
    };

    /// The reasons that the words of the wire name: one, or several with commas between, in any case.
    pub fn named(words: &str) -> Option<Self> {
        let mut kinds = Self::default();
        for word in words.split(',').map(str::trim) {
            match word.to_ascii_lowercase().as_str() {
                "none" => {}
                "relatedpeopleassignments" => kinds.related_people = true,
                "assignmenthistory" => kinds.assignment_history = true,
                _ => return None,
            }
        }
        Some(kinds)
    }
}

/// Packages that the user may ask for now: in a published catalog, with a policy that lets them.
pub(super) fn requestable(
    tx: &mut ReadTx<'_>,
    user: ObjectId,
    hidden: Hidden,
) -> Result<Vec<AccessPackageId>, ServiceError> {
    let Some(facts) = target_facts(tx, user)? else {
        return Ok(Vec::new());
    };
    let policies = assignment_policy::requestable(tx, hidden == Hidden::Shown)?;
    Ok(policies
        .chunk_by(|one, next| one.access_package_id == next.access_package_id)
        .filter_map(|of_one| applicable(of_one, &facts).first().copied())
        .map(|policy| policy.access_package_id)
        .collect())
}

/// Packages that the user may ask for and might want, with the reasons. What they have, or have asked for, is none.
pub(super) fn suggested(
    tx: &mut ReadTx<'_>,
    user: ObjectId,
    kinds: SuggestionKinds,
) -> Result<BTreeMap<AccessPackageId, Json>, ServiceError> {
    let mut offered = requestable(tx, user, Hidden::Left)?;
    let held = offer::held(tx, user)?;
    offered.retain(|package| !held.contains(package));
    offered.sort_unstable();
    let is_offered = |package: &AccessPackageId| offered.binary_search(package).is_ok();
    let mut reasons: BTreeMap<AccessPackageId, Vec<Json>> = BTreeMap::new();
    if kinds.related_people {
        for (package, reason) in related_people(tx, user)? {
            if is_offered(&package) {
                reasons.entry(package).or_default().push(reason);
            }
        }
    }
    if kinds.assignment_history {
        for past in offer::past(tx, user)? {
            if is_offered(&past.access_package_id) {
                let reason = json!({
                    "kind": "assignmentHistory",
                    "pastAssignmentCount": past.times,
                    "lastAssignmentDateTime": past.last.to_string(),
                });
                reasons
                    .entry(past.access_package_id)
                    .or_default()
                    .push(reason);
            }
        }
    }
    Ok(reasons
        .into_iter()
        .map(|(package, reasons)| (package, Json::Array(reasons)))
        .collect())
}

/// The packages of the user's team, as far as the tenant lets users know of each other.
fn related_people(
    tx: &mut ReadTx<'_>,
    user: ObjectId,
) -> Result<Vec<(AccessPackageId, Json)>, ServiceError> {
    let with_names = match offer::insight_level(tx)?.as_deref() {
        Some("count") => false,
        Some("countAndNames") => true,
        Some(_) | None => return Ok(Vec::new()),
    };
    let team = offer::team(tx, user)?;
    let of_packages = team.chunk_by(|one, next| one.access_package_id == next.access_package_id);
    let reason = |people: &[offer::Colleague]| {
        let names: Vec<Json> = people
            .iter()
            .filter(|_| with_names)
            .map(|one| json!({"id": one.user.to_string(), "displayName": one.display_name}))
            .collect();
        let package = people.first()?.access_package_id;
        let reason = json!({
            "kind": "relatedPeople",
            "relatedPeopleAssignmentCount": people.len(),
            "relatedPeople": names,
        });
        Some((package, reason))
    };
    Ok(of_packages.filter_map(reason).collect())
}

/// The query with the key among its fields, by which [`explain`] finds the reasons of a row.
pub(super) fn keyed(mut query: Query) -> Query {
    let key = query.entity.key();
    if let Some(key) = key.filter(|key| query.fields.iter().all(|field| field.name != key.name)) {
        query.fields.push(key);
    }
    query
}

/// Puts the reasons into the rows of a query of suggestions that was [`keyed`].
pub(super) fn explain(
    query: &Query,
    mut page: Page,
    reasons: &BTreeMap<AccessPackageId, Json>,
) -> Page {
    let place = |name: &str| query.fields.iter().position(|field| field.name == name);
    let key = model::SUGGESTION.key().and_then(|key| place(key.name));
    let (Some(key), Some(reason)) = (key, place("reasons")) else {
        return page;
    };
    for row in &mut page.rows {
        let package = row.values.get(key).and_then(Value::as_text);
        let found = package
            .and_then(|package| package.parse().ok())
            .and_then(|package: AccessPackageId| reasons.get(&package));
        if let (Some(found), Some(value)) = (found, row.values.get_mut(reason)) {
            *value = Value::Text(found.to_string());
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_named_in_any_case_and_together() {
        let related = SuggestionKinds {
            related_people: true,
            assignment_history: false,
        };

        assert_eq!(
            SuggestionKinds::named("RelatedPeopleAssignments"),
            Some(related)
        );
        assert_eq!(
            SuggestionKinds::named("assignmentHistory, relatedPeopleAssignments"),
            Some(SuggestionKinds::ALL)
        );
        assert_eq!(
            SuggestionKinds::named("none"),
            Some(SuggestionKinds::default())
        );
        assert_eq!(SuggestionKinds::named(""), None);
        assert_eq!(SuggestionKinds::named("unknownFutureValue"), None);
    }
}
