//! What the text of a notice is made of, as things are when it is sent; and whether there is a point in it any more.

use domain::approval::{Stage, StageStatus};
use domain::assignment::{self, Assignment};
use domain::assignment_request::{AssignmentRequest, State};
use domain::id::ObjectId;
use domain::notice::Occasion;
use serde_json::{Value as Json, json};
use store::ReadTx;
use store::notice::Notice;

use super::{EVERYBODY, Mail, asked, person};
use crate::error::ServiceError;

/// The mail of a notice, or why there is no need of one any more.
pub(super) fn compose(
    tx: &mut ReadTx<'_>,
    notice: &Notice,
) -> Result<Result<Mail, &'static str>, ServiceError> {
    let Some(recipient) = store::directory::user::find_present(tx, notice.recipient_id)? else {
        return Ok(Err("the recipient is gone"));
    };
    // The sign-in name of a guest is made up, and nobody reads what is sent there.
    let is_made_up = recipient.user_principal_name.contains("#EXT#");
    let address = recipient
        .mail
        .filter(|mail| !mail.is_empty())
        .or_else(|| (!is_made_up).then_some(recipient.user_principal_name));
    let Some(address) = address else {
        return Ok(Err("the recipient has no mail address"));
    };
    let request = match notice.request_id {
        Some(id) => store::assignment_request::find(tx, id)?,
        None => None,
    };
    let held = match notice.assignment_id {
        Some(id) => store::assignment::find(tx, id)?,
        None => None,
    };
    let stage = match (notice.stage_id, &request) {
        (Some(id), Some(request)) => store::approval::find(tx, request.id, id)?,
        _ => None,
    };
    if let Some(reason) = is_void(tx, notice, request.as_ref(), stage.as_ref(), held.as_ref())? {
        return Ok(Err(reason));
    }
    let what = request
        .as_ref()
        .map(|request| (request.access_package_id, request.target_id))
        .or(held
            .as_ref()
            .map(|held| (held.access_package_id, held.target_id)));
    let Some((package, target)) = what else {
        return Ok(Err("what it is about is gone"));
    };
    let Some(package) = store::access_package::find(tx, package)? else {
        return Ok(Err("the access package is gone"));
    };
    let target = match person(tx, target)? {
        Some(object) => named(tx, object)?,
        None => Json::Null,
    };
    let requestor = match &request {
        Some(request) => named(tx, request.created_by)?,
        None => Json::Null,
    };
    let data = json!({
        "number": notice.number,
        "occasion": notice.occasion.as_str(),
        "recipient": { "displayName": recipient.display_name, "mail": address },
        "requestor": requestor,
        "target": target,
        "accessPackage": {
            "id": package.id.to_string(),
            "displayName": package.display_name,
            "description": package.description,
        },
        "request": request.as_ref().map(|request| json!({
            "id": request.id.to_string(),
            "requestType": request.request_type.as_str(),
            "justification": request.justification,
        })),
        "stage": match &stage {
            Some(stage) => of_stage(tx, stage)?,
            None => Json::Null,
        },
        "assignment": held.as_ref().map(|held| json!({
            "id": held.id.to_string(),
            "endDateTime": held.ends_at.map(|at| at.to_string()),
        })),
    });
    Ok(Ok(Mail {
        id: notice.id,
        number: notice.number,
        occasion: notice.occasion,
        name: recipient.display_name,
        address,
        data,
    }))
}

/// Why nobody needs to be told any more, if so.
fn is_void(
    tx: &mut ReadTx<'_>,
    notice: &Notice,
    request: Option<&AssignmentRequest>,
    stage: Option<&Stage>,
    held: Option<&Assignment>,
) -> Result<Option<&'static str>, ServiceError> {
    if notice.occasion.asks_for_decision() {
        let Some((request, stage)) = request.zip(stage) else {
            return Ok(Some("the stage is gone"));
        };
        let is_open = stage.status == StageStatus::InProgress
            && request.state == State::PendingApproval
            && asked(tx, request, stage, EVERYBODY)?.contains(&notice.recipient_id);
        if !is_open {
            return Ok(Some(
                "the stage needs no decision of the recipient any more",
            ));
        }
    }
    if notice.occasion == Occasion::AccessNearEnd {
        let ends_then = held.is_some_and(|held| {
            let about = |end: domain::time::Timestamp| format!("/{}/", end.micros());
            held.state != assignment::State::Expired
                && held
                    .ends_at
                    .is_some_and(|end| notice.about.contains(&about(end)))
        });
        if !ends_then {
            return Ok(Some("the access does not end then any more"));
        }
    }
    Ok(None)
}

fn of_stage(tx: &mut ReadTx<'_>, stage: &Stage) -> Result<Json, ServiceError> {
    let count = store::approval::of_request(tx, stage.request_id)?.len();
    Ok(json!({
        "number": stage.ordinal + 1,
        "count": count,
        "dueDateTime": stage.due_at.map(|at| at.to_string()),
        "decision": stage.verdict.as_str(),
        "justification": stage.justification,
    }))
}

fn named(tx: &mut ReadTx<'_>, object: ObjectId) -> Result<Json, ServiceError> {
    let known = store::directory::object::find(tx, object)?;
    let name = known.and_then(|known| known.display_name);
    Ok(json!({ "displayName": name }))
}
