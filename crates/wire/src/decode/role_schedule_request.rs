//! Requests to assign or remove a role: the members of the role assignment, and what is kept of the request itself.

use domain::directory::{NewRoleScheduleRequest, RoleAction};
use domain::time::Timestamp;
use serde_json::Value as Json;

use super::{DecodeError, either, flag, role_assignment, root, text};
use crate::body::Node;
use crate::words::{EXPIRATION_TYPE, ROLE_SCHEDULE_ACTION};

/// Reads a request. Reeve assigns roles for good: what would activate one, or end by itself, is refused.
pub fn create(body: &Json) -> Result<NewRoleScheduleRequest, DecodeError> {
    let root = root(body)?;
    if flag(&root.member("isValidationOnly"))? == Some(true) {
        let message = "requests are carried out, not only validated";
        return Err(root.member("isValidationOnly").invalid(message).into());
    }
    let schedule = root.member("scheduleInfo");
    lasting(&schedule)?;
    let starts_at = match text(&schedule.member("startDateTime"))? {
        None => None,
        Some(start) => Some(Timestamp::parse(&start).map_err(|error| {
            let message = format!("needs {}", error.expected);
            schedule.member("startDateTime").invalid(message)
        })?),
    };
    Ok(NewRoleScheduleRequest {
        action: action(&root)?,
        assignment: role_assignment::create(body)?,
        starts_at,
        justification: text(&root.member("justification"))?,
        custom_data: text(&root.member("customData"))?,
        schedule_info: document(&schedule)?,
        ticket_info: document(&root.member("ticketInfo"))?,
    })
}

fn action(root: &Node<'_>) -> Result<RoleAction, DecodeError> {
    let node = either(root, &["action", "type"]);
    let Some(word) = text(&node)? else {
        return Err(node.invalid("is required").into());
    };
    match ROLE_SCHEDULE_ACTION.parse(&word) {
        Some("adminAssign") => Ok(RoleAction::Assign),
        Some("adminRemove") => Ok(RoleAction::Remove),
        Some(other) => {
            let message = format!(
                "must be adminAssign or adminRemove, not `{other}`: roles are held until they are removed"
            );
            Err(node.invalid(message).into())
        }
        None => {
            let message = format!("must be adminAssign or adminRemove, not `{word}`");
            Err(node.invalid(message).into())
        }
    }
}

/// The schedule has neither an end nor a recurrence.
fn lasting(schedule: &Node<'_>) -> Result<(), DecodeError> {
    let recurrence = schedule.member("recurrence");
    if !recurrence.is_null() {
        return Err(recurrence.invalid("a role is held without a break").into());
    }
    let expiration = schedule.member("expiration");
    let kind = expiration.member("type");
    let ends = match text(&kind)? {
        None => false,
        Some(word) => match EXPIRATION_TYPE.parse(&word) {
            Some("noExpiration" | "notSpecified") => false,
            Some(_) => true,
            None => return Err(kind.invalid(format!("`{word}` is not a way to end")).into()),
        },
    };
    let ends_by = ["endDateTime", "duration"]
        .iter()
        .any(|name| !expiration.member(name).is_null());
    if ends || ends_by {
        let message = "must be noExpiration: a role is held until it is removed";
        return Err(expiration.member("type").invalid(message).into());
    }
    Ok(())
}

/// An object that is kept as it was sent.
fn document(node: &Node<'_>) -> Result<Option<String>, DecodeError> {
    if node.is_null() {
        return Ok(None);
    }
    let mut document = node.json().clone();
    let members = document
        .as_object_mut()
        .ok_or_else(|| node.invalid("must be an object"))?;
    members.insert("v".to_owned(), Json::from(1));
    Ok(Some(document.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALICE: &str = "ae79f266-94d4-4dab-b730-feca7e132178";

    fn body(extra: Json) -> Json {
        let mut body = json!({
            "action": "AdminAssign", "principalId": ALICE, "roleDefinitionId": "r", "directoryScopeId": "/",
        });
        for (name, value) in extra.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    #[test]
    fn what_is_asked_for_and_what_is_kept_is_read() {
        let extra = json!({
            "justification": "audit", "customData": "x",
            "scheduleInfo": {"startDateTime": "2026-01-01T00:00:00Z", "expiration": {"type": "NoExpiration"}},
            "ticketInfo": {"ticketNumber": "7", "ticketSystem": "desk"},
        });

        let wanted = create(&body(extra)).unwrap();

        assert_eq!(wanted.action, RoleAction::Assign);
        assert_eq!(wanted.assignment.app_scope_id, "/");
        assert_eq!(wanted.justification.as_deref(), Some("audit"));
        assert_eq!(
            wanted.starts_at.unwrap().to_string(),
            "2026-01-01T00:00:00Z"
        );
        let ticket: Json = serde_json::from_str(&wanted.ticket_info.unwrap()).unwrap();
        assert_eq!(ticket["ticketNumber"], "7");
    }

    #[test]
    fn activation_ends_and_rehearsals_are_refused_by_name() {
        for (extra, target) in [
            (json!({"action": "selfActivate"}), "action"),
            (json!({"action": "grab"}), "action"),
            (json!({"action": null}), "action"),
            (json!({"isValidationOnly": true}), "isValidationOnly"),
            (
                json!({"scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "PT8H"}}}),
                "scheduleInfo/expiration/type",
            ),
            (
                json!({"scheduleInfo": {"expiration": {"endDateTime": "2027-01-01T00:00:00Z"}}}),
                "scheduleInfo/expiration/type",
            ),
            (
                json!({"scheduleInfo": {"recurrence": {"pattern": {}}}}),
                "scheduleInfo/recurrence",
            ),
            (
                json!({"scheduleInfo": {"startDateTime": "soon"}}),
                "scheduleInfo/startDateTime",
            ),
            (json!({"ticketInfo": "7"}), "ticketInfo"),
        ] {
            assert_eq!(
                create(&body(extra.clone())).unwrap_err().target,
                target,
                "{extra}"
            );
        }
    }
}
