//! What somebody asked for, or was asked for in their name: where each request stands, and of its own roles how each stands.

use domain::assignment_request::{Event, RequestType, State, next};
use domain::id::{AccessPackageId, AssignmentId, ObjectId, RequestId, StageId};
use domain::model;
use domain::query::{Query, Record};
use domain::time::Timestamp;
use store::ReadTx;

use super::held::{self, Role};
use super::rows::{Row, equals, query, with, with_fields};
use super::{Listing, PAGE};
use crate::assignment_requests::{answers, find_with_catalog, is_own};
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::reads::{self, Own, OwnRelation};
use crate::{authorize, user_attributes};

/// A request as a line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: RequestId,
    /// What is asked.
    pub request_type: RequestType,
    /// Whether more time is asked for.
    pub is_extension: bool,
    /// For which package.
    pub package: AccessPackageId,
    /// The package's name.
    pub package_name: String,
    /// For whom.
    pub target: Option<ObjectId>,
    /// Their name.
    pub target_name: String,
    /// Who asked.
    pub requestor_name: String,
    /// Where it stands.
    pub state: State,
    /// When it was sent.
    pub created_at: Option<Timestamp>,
    /// When it was over.
    pub completed_at: Option<Timestamp>,
}

/// One stage of its approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its id.
    pub id: StageId,
    /// Its name, if it has one.
    pub display_name: Option<String>,
    /// Where it stands, as the wire says it.
    pub status: String,
    /// What was decided, as the wire says it.
    pub verdict: String,
    /// Why.
    pub justification: Option<String>,
    /// Who decided, if the reader may know.
    pub reviewed_by: Option<String>,
    /// When.
    pub reviewed_at: Option<Timestamp>,
    /// Since when it is decided about.
    pub opened_at: Option<Timestamp>,
    /// Until when.
    pub due_at: Option<Timestamp>,
    /// Whether whoever decides has to say why.
    pub needs_reason: bool,
}

/// One role that it brings or takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The role, and how it stands.
    pub role: Role,
    /// What came of this request's part, if that is known: `delivered`, `failed` and so on.
    pub outcome: String,
    /// Whether the role stays for the sake of another assignment.
    pub is_kept: bool,
    /// Why it went wrong.
    pub error_code: Option<String>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was over.
    pub settled_at: Option<Timestamp>,
}

/// A question and what was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
}

/// A request with all that can be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What a list says of it.
    pub line: Line,
    /// The assignment that it made or is about.
    pub assignment: Option<AssignmentId>,
    /// Why it was sent.
    pub justification: Option<String>,
    /// From when on.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Option<Timestamp>,
    /// Why it failed.
    pub failure_code: Option<String>,
    /// What was answered.
    pub answers: Vec<Answered>,
    /// Its approval.
    pub stages: Vec<Stage>,
    /// What it brings or takes away.
    pub deliveries: Vec<Delivery>,
    /// Whether the caller may take it back.
    pub can_cancel: bool,
}

const LINE: &[&str] = &[
    "id",
    "request_type",
    "is_extension",
    "access_package_id",
    "state",
    "created_at",
    "completed_at",
];

/// The states of a request that is not over.
pub(super) fn open_states() -> impl Iterator<Item = String> {
    State::ALL
        .iter()
        .filter(|state| !state.is_terminal())
        .map(|state| state.as_str().to_owned())
}

/// What is read for a line.
pub(crate) fn lines(more: &[&str]) -> Result<Query, ServiceError> {
    let wanted = query(&model::ASSIGNMENT_REQUEST, &[LINE, more].concat())?;
    let wanted = with_fields(wanted, "access_package", &["display_name"])?;
    let wanted = with_fields(wanted, "target", &["display_name", "object_id"])?;
    with_fields(wanted, "requestor", &["display_name"])
}

pub(crate) fn line(row: Row<'_>) -> Result<Line, ServiceError> {
    let unreadable = || ServiceError::Internal("a request of no known kind or state".into());
    let request_type = RequestType::from_name(row.text("request_type").unwrap_or_default());
    let state = State::from_name(row.text("state").unwrap_or_default());
    let target = row.one("target");
    Ok(Line {
        id: row.parsed("id")?,
        request_type: request_type.ok_or_else(unreadable)?,
        is_extension: row.flag("is_extension"),
        package: row.parsed("access_package_id")?,
        package_name: row.of("access_package", "display_name").unwrap_or_default(),
        target: target.and_then(|target| target.parsed("object_id").ok()),
        target_name: target
            .map(|target| target.string("display_name"))
            .unwrap_or_default(),
        requestor_name: row.of("requestor", "display_name").unwrap_or_default(),
        state: state.ok_or_else(unreadable)?,
        created_at: row.instant("created_at"),
        completed_at: row.instant("completed_at"),
    })
}

pub(super) fn stages(wanted: Query) -> Result<Query, ServiceError> {
    let fields = [
        "id",
        "display_name",
        "status",
        "review_result",
        "justification",
        "reviewed_by_name",
        "reviewed_at",
        "opened_at",
        "due_at",
        "is_approver_justification_required",
    ];
    with_fields(wanted, "stages", &fields)
}

pub(super) fn stages_of(row: Row<'_>) -> Result<Vec<Stage>, ServiceError> {
    row.many("stages")
        .map(|stage| {
            Ok(Stage {
                id: stage.parsed("id")?,
                display_name: stage.owned("display_name").filter(|name| !name.is_empty()),
                status: stage.string("status"),
                verdict: stage.string("review_result"),
                justification: stage.owned("justification").filter(|why| !why.is_empty()),
                reviewed_by: stage.owned("reviewed_by_name"),
                reviewed_at: stage.instant("reviewed_at"),
                opened_at: stage.instant("opened_at"),
                due_at: stage.instant("due_at"),
                needs_reason: stage.flag("is_approver_justification_required"),
            })
        })
        .collect()
}

/// Requests that the caller sent, or that are for the caller; the newest first.
pub async fn list(service: &Service, ctx: &Ctx, page: u64) -> Result<Listing<Line>, ServiceError> {
    let mut wanted = lines(&[])?;
    wanted.skip = page.saturating_mul(PAGE);
    wanted.limit = Some(PAGE + 1);
    let own = Own::Requests(OwnRelation::TargetOrRequestor);
    let found = reads::own(service, ctx, wanted.clone(), own).await?;
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let rows = found.rows.iter().take(most);
    Ok(Listing {
        rows: rows
            .map(|record| line(Row::new(&wanted, record)))
            .collect::<Result<_, _>>()?,
        has_more: found.rows.len() > most,
    })
}

/// One request that the caller may see.
pub async fn get(service: &Service, ctx: &Ctx, id: RequestId) -> Result<Request, ServiceError> {
    let more = [
        "assignment_id",
        "assignment_policy_id",
        "justification",
        "answers",
        "starts_at",
        "ends_at",
        "failure_code",
    ];
    let mut wanted = stages(lines(&more)?)?;
    wanted.filter = equals(&model::ASSIGNMENT_REQUEST, &[], "id", id.to_string())?;
    wanted.limit = Some(1);
    let found = reads::get(service, ctx, wanted.clone()).await?;
    let record = found.rows.into_iter().next();
    let record = record.ok_or_else(|| ServiceError::not_found("assignment request", id))?;
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| whole(tx, &ctx, &wanted, &record))
        .await
}

fn whole(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    wanted: &Query,
    record: &Record,
) -> Result<Request, ServiceError> {
    let row = Row::new(wanted, record);
    let line = line(row)?;
    let (stored, catalog) = find_with_catalog(tx, line.id)?;
    let is_own = is_own(tx, ctx, &stored)?;
    let by_role = |action| authorize::catalogs(ctx, action).contains(catalog);
    let may_follow = is_own || by_role(auth::roles::Action::ReadRequests);
    let deliveries = if may_follow {
        deliveries(tx, line.id, stored.assignment_id)?
    } else {
        Vec::new()
    };
    let ends = next(line.state, Event::Canceled).is_ok();
    let answers = answered(tx, row, line.target)?;
    Ok(Request {
        assignment: stored.assignment_id,
        justification: row.owned("justification").filter(|why| !why.is_empty()),
        starts_at: row.instant("starts_at"),
        ends_at: row.instant("ends_at"),
        failure_code: row.owned("failure_code"),
        answers,
        stages: stages_of(row)?,
        deliveries,
        can_cancel: ends && is_own,
        line,
    })
}

/// The answers with their questions, as the policy asks them now.
pub(super) fn answered(
    tx: &mut ReadTx<'_>,
    row: Row<'_>,
    target: Option<ObjectId>,
) -> Result<Vec<Answered>, ServiceError> {
    let given = answers::stored(row.text("answers").unwrap_or("[]"));
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let stored = match row.text("assignment_policy_id") {
        Some(_) => store::assignment_policy::find(tx, row.parsed("assignment_policy_id")?)?,
        None => None,
    };
    let questions = match &stored {
        Some(stored) => {
            let policy = stored.to_policy()?;
            let asked = user_attributes::asked(tx, policy.access_package_id, target)?;
            let document = user_attributes::with_questions(&stored.settings, &asked)?;
            super::offers::shown(user_attributes::questions(tx, &policy, target)?, &document)
        }
        None => Vec::new(),
    };
    Ok(given
        .into_iter()
        .map(|answer| {
            let asked = questions
                .iter()
                .find(|one| one.question.id == Some(answer.question_id));
            // A value that is not offered any more stands for itself.
            let told = |value: &String| {
                let choices = asked.map_or(&[][..], |one| one.choices.as_slice());
                let choice = choices.iter().find(|choice| choice.value == *value);
                choice.map_or_else(|| value.clone(), |choice| choice.text.clone())
            };
            Answered {
                question: asked.map_or_else(
                    || "A question that is not asked any more".to_owned(),
                    |asked| asked.question.text.clone(),
                ),
                answer: answer
                    .values
                    .iter()
                    .map(told)
                    .collect::<Vec<_>>()
                    .join(", "),
            }
        })
        .collect())
}

fn deliveries(
    tx: &mut ReadTx<'_>,
    request: RequestId,
    assignment: Option<AssignmentId>,
) -> Result<Vec<Delivery>, ServiceError> {
    let mut links = held::links()?;
    if let Some(assignment) = assignment {
        // The same grant may be for the sake of several assignments; this one tells what it is called.
        let own = equals(
            &model::LEDGER_LINK,
            &[],
            "assignment_id",
            assignment.to_string(),
        )?;
        links.filter = own;
    }
    let grants = with(held::grants()?, "links", links)?;
    let fields = [
        "grant_id",
        "outcome",
        "kept",
        "error_code",
        "attempts",
        "settled_at",
    ];
    let mut wanted = with(query(&model::REQUEST_DELIVERY, &fields)?, "ledger", grants)?;
    wanted.filter = equals(
        &model::REQUEST_DELIVERY,
        &[],
        "request_id",
        request.to_string(),
    )?;
    let mut deliveries = Vec::new();
    for record in &store::list::list(tx, &wanted)?.rows {
        let row = Row::new(&wanted, record);
        let Some(grant) = row.one("ledger") else {
            continue;
        };
        let role = match grant.one("links") {
            Some(link) => held::role(grant, link)?,
            None => held::unlinked(tx, grant)?,
        };
        deliveries.push(Delivery {
            role,
            outcome: row.string("outcome"),
            is_kept: row.flag("kept"),
            error_code: row.owned("error_code"),
            attempts: row.int("attempts").unwrap_or_default(),
            settled_at: row.instant("settled_at"),
        });
    }
    deliveries.sort_by(|one, other| {
        let key = |one: &Delivery| (one.role.resource.clone(), one.role.role.clone());
        key(one).cmp(&key(other))
    });
    Ok(deliveries)
}
