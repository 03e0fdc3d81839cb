//! Assignment requests as they are submitted: every spelling that documents and clients use (RQ-4).

use domain::assignment_request::RequestType;
use domain::id::ObjectId;
use domain::policy::{RequestedExpiration, RequestedSchedule};
use domain::submission::{Addressee, Answer, Submission, TargetReference};
use serde_json::{Value as Json, json};

use super::{DecodeError, either, flag, id, required_id, root, text};
use crate::body::Node;

/// The types that a body may name; the service decides which of them a client may submit.
const EXPECTED: &str = "must be one of userAdd, userUpdate, userExtend, userRemove, adminAdd, adminUpdate, adminRemove, approverRemove";

/// Reads a request to submit.
pub fn submit(body: &Json) -> Result<Submission, DecodeError> {
    let root = root(body)?;
    let (request_type, is_extension) = request_type(&root.member("requestType"))?;
    let assignment = either(&root, &["assignment", "accessPackageAssignment"]);
    assignment.object()?;
    let schedule_node = {
        let own = root.member("schedule");
        if own.is_null() {
            assignment.member("schedule")
        } else {
            own
        }
    };
    let (schedule, schedule_document) = schedule(&schedule_node)?;
    let (answers, answers_document) = answers(&root.member("answers"))?;
    Ok(Submission {
        request_type,
        is_extension,
        access_package_id: named(&assignment, "accessPackageId", &["accessPackage"])?,
        assignment_policy_id: named(
            &assignment,
            "assignmentPolicyId",
            &["assignmentPolicy", "accessPackageAssignmentPolicy"],
        )?,
        assignment_id: id(&assignment.member("id"))?,
        target: target(&assignment)?,
        schedule,
        schedule_document,
        answers,
        answers_document,
        justification: text(&root.member("justification"))?,
        bypass_approval: flag(&root.member("parameters").member("bypassApproval"))?,
        is_validation_only: flag(&root.member("isValidationOnly"))?.unwrap_or(false),
    })
}

fn request_type(node: &Node<'_>) -> Result<(RequestType, bool), DecodeError> {
    let name = node.required_text()?;
    if name.eq_ignore_ascii_case("userExtend") {
        return Ok((RequestType::UserUpdate, true));
    }
    let request_type = RequestType::from_name(name)
        .ok_or_else(|| node.invalid(format!("{EXPECTED}, not `{name}`")))?;
    Ok((request_type, false))
}

/// An id that stands beside the assignment's other members, or in an object of its own.
fn named<T: std::str::FromStr>(
    assignment: &Node<'_>,
    flat: &str,
    nested: &[&str],
) -> Result<Option<T>, DecodeError> {
    if let Some(found) = id(&assignment.member(flat))? {
        return Ok(Some(found));
    }
    for name in nested {
        let object = assignment.member(name);
        object.object()?;
        if let Some(found) = id(&object.member("id"))? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn target(assignment: &Node<'_>) -> Result<Option<TargetReference>, DecodeError> {
    let flat = id::<ObjectId>(&assignment.member("targetId"))?;
    let target = assignment.member("target");
    target.object()?;
    let object = target.member("objectId");
    if let (Some(flat), Some(nested)) = (flat, id::<ObjectId>(&object)?)
        && flat != nested
    {
        return Err(object
            .invalid("must be the same as `assignment/targetId`")
            .into());
    }
    if let Some(flat) = flat {
        return Ok(Some(TargetReference::Id(flat)));
    }
    for name in ["objectId", "id"] {
        if let Some(object) = id::<ObjectId>(&target.member(name))? {
            return Ok(Some(TargetReference::Id(object)));
        }
    }
    let email = text(&target.member("email"))?.filter(|address| !address.trim().is_empty());
    let display_name = text(&target.member("displayName"))?.filter(|name| !name.trim().is_empty());
    Ok(email.map(|address| {
        TargetReference::Email(Addressee {
            address: address.trim().to_owned(),
            display_name,
        })
    }))
}

/// The schedule asked for, and the document that shows it again: null where nothing was said.
fn schedule(node: &Node<'_>) -> Result<(RequestedSchedule, String), DecodeError> {
    if node.object()?.is_none() {
        return Ok((RequestedSchedule::default(), Json::Null.to_string()));
    }
    let starts_at = node.member("startDateTime").instant()?;
    let expiration = node.member("expiration");
    expiration.object()?;
    let end = expiration.member("endDateTime").instant()?;
    let long = expiration.member("duration").duration()?;
    if end.is_some() && long.is_some() {
        // SC-1: one of them says when it ends, not both.
        return Err(expiration
            .invalid("must have `endDateTime` or `duration`, not both")
            .into());
    }
    let kind_node = expiration.member("type");
    let kind = text(&kind_node)?;
    let requested = match (
        kind.as_deref().map(str::to_ascii_lowercase).as_deref(),
        end,
        long,
    ) {
        (Some("noexpiration"), None, None) => RequestedExpiration::Never,
        (None | Some("notspecified"), None, None) => RequestedExpiration::NotSpecified,
        (None | Some("afterdatetime" | "notspecified"), Some(end), None) => {
            RequestedExpiration::At(end)
        }
        (None | Some("afterduration" | "notspecified"), None, Some(long)) => {
            RequestedExpiration::After(long)
        }
        (Some("afterdatetime"), None, _) => {
            return Err(expiration
                .member("endDateTime")
                .invalid("is required")
                .into());
        }
        (Some("afterduration"), _, None) => {
            return Err(expiration.member("duration").invalid("is required").into());
        }
        (Some("noexpiration"), _, _) => {
            return Err(expiration
                .invalid("must not name an end with type noExpiration")
                .into());
        }
        _ => {
            let expected =
                "must be one of notSpecified, noExpiration, afterDateTime, afterDuration";
            return Err(kind_node.invalid(expected).into());
        }
    };
    let document = json!({
        "v": 1,
        "startDateTime": starts_at.map(|at| at.to_string()),
        "expiration": {
            "type": word(&requested),
            "endDateTime": end.map(|at| at.to_string()),
            "duration": long.map(|long| long.to_string()),
        },
    });
    Ok((
        RequestedSchedule {
            starts_at,
            expiration: requested,
        },
        document.to_string(),
    ))
}

const fn word(expiration: &RequestedExpiration) -> &'static str {
    match expiration {
        RequestedExpiration::NotSpecified => "notSpecified",
        RequestedExpiration::Never => "noExpiration",
        RequestedExpiration::At(_) => "afterDateTime",
        RequestedExpiration::After(_) => "afterDuration",
    }
}

/// The answers, and the document that shows them again in the order given.
fn answers(node: &Node<'_>) -> Result<(Vec<Answer>, String), DecodeError> {
    let mut answers: Vec<Answer> = Vec::new();
    let mut documents = Vec::new();
    for item in node.items()? {
        let question_id = required_id(&item.member("answeredQuestion").member("id"))?;
        let value = either(&item, &["value", "displayValue"]);
        let values: Vec<String> = value
            .text()?
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect();
        // QA-2: several values of one question come on lines of their own, or as answers of their own.
        match answers
            .iter_mut()
            .find(|answer| answer.question_id == question_id)
        {
            Some(answer) => answer.values.extend(values),
            None => answers.push(Answer {
                question_id,
                values,
            }),
        }
        documents.push(item.json().clone());
    }
    Ok((answers, Json::Array(documents).to_string()))
}

#[cfg(test)]
mod tests {
    use domain::time::Duration;

    use super::*;

    const ONE: &str = "ae79f266-94d4-4dab-b730-feca7e132178";
    const TWO: &str = "7f480852-ebdc-47d4-87de-0d8498384a83";

    #[test]
    fn both_names_of_the_assignment_and_nested_ids_are_understood() {
        for assignment in [
            json!({"targetId": ONE, "accessPackageId": TWO}),
            json!({"target": {"objectId": ONE}, "accessPackage": {"id": TWO}}),
            json!({"targetId": ONE, "target": {"objectId": ONE}, "accessPackageId": TWO}),
        ] {
            for name in ["assignment", "accessPackageAssignment"] {
                let body = json!({"requestType": "AdminAdd", name: assignment});

                let read = submit(&body).unwrap();

                assert_eq!(read.request_type, RequestType::AdminAdd, "RQ-4");
                assert_eq!(read.target, Some(TargetReference::Id(ONE.parse().unwrap())));
                assert_eq!(read.access_package_id, Some(TWO.parse().unwrap()));
            }
        }
    }

    #[test]
    fn an_extension_is_an_update_by_another_name() {
        let read = submit(&json!({"requestType": "UserExtend"})).unwrap();

        assert_eq!(
            (read.request_type, read.is_extension),
            (RequestType::UserUpdate, true),
            "RQ-3"
        );
    }

    #[test]
    fn schedules_are_read_and_shown_again() {
        let body = json!({"requestType": "userAdd", "schedule": {
            "startDateTime": "2026-01-02T03:04:05Z",
            "expiration": {"type": "afterDuration", "duration": "P30D"}}});

        let read = submit(&body).unwrap();

        let expected = RequestedExpiration::After(Duration::from_days(30));
        assert_eq!(read.schedule.expiration, expected);
        assert!(read.schedule_document.contains("P30D"));
    }

    #[test]
    fn what_cannot_be_read_names_the_member() {
        let end = "2096-01-02T03:04:05Z";
        for (body, target) in [
            (json!({}), "requestType"),
            (json!({"requestType": "onBehalfAdd"}), "requestType"),
            (json!({"requestType": "notSpecified"}), "requestType"),
            (
                json!({"requestType": "userAdd", "assignment": 5}),
                "assignment",
            ),
            (
                json!({"requestType": "userAdd", "assignment": {"targetId": "x"}}),
                "assignment/targetId",
            ),
            (
                // Two people.
                json!({"requestType": "userAdd", "assignment": {"targetId": ONE, "target": {"objectId": TWO}}}),
                "assignment/target/objectId",
            ),
            (
                json!({"requestType": "userAdd", "schedule": {"startDateTime": "2026-01-02"}}),
                "schedule/startDateTime",
            ),
            (
                json!({"requestType": "userAdd", "schedule": {"expiration": {"duration": "1 day, 0:00:00"}}}),
                "schedule/expiration/duration",
            ),
            (
                json!({"requestType": "userAdd", "schedule": {"expiration": {"duration": "P1D", "endDateTime": end}}}),
                "schedule/expiration",
            ),
            (
                json!({"requestType": "userAdd", "schedule": {"expiration": {"type": "sometimes"}}}),
                "schedule/expiration/type",
            ),
            (
                json!({"requestType": "userAdd", "answers": [{"value": "x"}]}),
                "answers/0/answeredQuestion/id",
            ),
        ] {
            assert_eq!(submit(&body).unwrap_err().target, target, "{body}");
        }
    }
}
