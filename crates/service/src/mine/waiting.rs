//! What waits for somebody's decision, with what they should know before they decide.
//!
//! **Invariant:** only who is asked now sees it here. What somebody else holds that does not go together with what they ask
//! for is named to whoever may read it, as in a refusal (SD-7).

use std::collections::HashMap;

use domain::id::{RequestId, StageId};
use domain::model;
use domain::query::{Comparison, Predicate, Query, Record, Value};
use domain::time::Timestamp;
use store::ReadTx;

use super::PAGE;
use super::requests::{self, Answered, Line, Stage};
use super::rows::{Row, equals};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::ServiceError;
use crate::overview::{Part, Place};
use crate::reads::{self, Own, OwnRelation, scope};
use crate::{approvals, authorize, guards};

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What is asked.
    pub line: Line,
    /// Why.
    pub justification: Option<String>,
    /// From when on.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Option<Timestamp>,
    /// What was answered.
    pub answers: Vec<Answered>,
    /// The stage that waits.
    pub stage: StageId,
    /// Which one that is, from 1 on.
    pub number: usize,
    /// All stages.
    pub stages: Vec<Stage>,
    /// What the target holds that does not go together with the package.
    pub conflict: Option<String>,
    /// What was asked for the same person and package before, as far as the caller may see it.
    pub history: Vec<Line>,
}

impl Waiting {
    /// The stage that waits.
    pub fn open(&self) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == self.stage)
    }
}

/// How many earlier requests are shown.
const MOST_HISTORY: u64 = 5;

/// How many requests wait for the caller.
pub async fn count(service: &Service, ctx: &Ctx) -> Result<usize, ServiceError> {
    let user = authorize::as_requestor(ctx, auth::decide::Access::Read)?;
    Ok(approvals::waiting_for(service, user).await?.len())
}

/// What waits for the caller, the oldest first, behind a place; some of it at a time.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    after: Option<Place>,
) -> Result<Part<Waiting>, ServiceError> {
    let user = authorize::as_requestor(ctx, auth::decide::Access::Read)?;
    let open: HashMap<RequestId, StageId> = approvals::waiting_for(service, user)
        .await?
        .into_iter()
        .collect();
    if open.is_empty() {
        return Ok(Part {
            rows: Vec::new(),
            next: None,
        });
    }
    let more = [
        "assignment_policy_id",
        "target_id",
        "justification",
        "answers",
        "starts_at",
        "ends_at",
    ];
    let mut wanted = requests::stages(requests::lines(&more)?)?;
    wanted.order = vec![(
        scope::path(&model::ASSIGNMENT_REQUEST, &[], "created_at")?,
        domain::query::Direction::Ascending,
    )];
    wanted.after = after.map(Place::values);
    wanted.limit = Some(PAGE);
    let own = Own::Requests(OwnRelation::Approver);
    let found = reads::own(service, ctx, wanted.clone(), own).await?;
    let next = found.next.as_deref().and_then(Place::of);
    let (moment, caller) = (service.moment(), ctx.clone());
    let rows = found.rows;
    let mut waiting = service
        .store
        .read(move |tx| -> Result<Vec<Waiting>, ServiceError> {
            let mut waiting = Vec::new();
            for record in &rows {
                let case = (&wanted, record);
                if let Some(one) = whole(tx, &moment, &caller, case, &open)? {
                    waiting.push(one);
                }
            }
            Ok(waiting)
        })
        .await?;
    for one in &mut waiting {
        one.history = history(service, ctx, &one.line).await?;
    }
    Ok(Part {
        rows: waiting,
        next,
    })
}

fn whole(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    (wanted, record): (&Query, &Record),
    open: &HashMap<RequestId, StageId>,
) -> Result<Option<Waiting>, ServiceError> {
    let row = Row::new(wanted, record);
    let line = requests::line(row)?;
    let stages = requests::stages_of(row)?;
    let Some(stage) = open.get(&line.id).copied() else {
        return Ok(None);
    };
    let target = row.parsed("target_id")?;
    let blocker = guards::incompatible(tx, moment, line.package, Some(target), line.target)?;
    let conflict = match blocker {
        Some(blocker) => Some(blocker.in_words(tx, ctx)?),
        None => None,
    };
    let number = stages.iter().position(|one| one.id == stage);
    Ok(Some(Waiting {
        justification: row.owned("justification").filter(|why| !why.is_empty()),
        starts_at: row.instant("starts_at"),
        ends_at: row.instant("ends_at"),
        answers: requests::answered(tx, row, line.target)?,
        stage,
        number: number.unwrap_or_default() + 1,
        stages,
        conflict,
        history: Vec::new(),
        line,
    }))
}

async fn history(service: &Service, ctx: &Ctx, line: &Line) -> Result<Vec<Line>, ServiceError> {
    let Some(target) = line.target else {
        return Ok(Vec::new());
    };
    let entity = &model::ASSIGNMENT_REQUEST;
    let mut wanted = requests::lines(&[])?;
    let itself = Predicate::Compare {
        path: scope::path(entity, &[], "id")?,
        comparison: Comparison::Ne,
        value: Value::Text(line.id.to_string()),
    };
    wanted.filter = equals(entity, &[], "access_package_id", line.package.to_string())?
        .and(equals(
            entity,
            &["target"],
            "object_id",
            target.to_string(),
        )?)
        .and(itself);
    wanted.limit = Some(MOST_HISTORY);
    let found = reads::get(service, ctx, wanted.clone()).await?;
    found
        .rows
        .iter()
        .map(|record| requests::line(Row::new(&wanted, record)))
        .collect()
}
