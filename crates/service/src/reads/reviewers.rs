//! Who decided in a stage of approval, kept from those who read it as their own request (AZ-21).
//!
//! **Invariant:** the names of approvers are in no answer to a caller who sees the stage neither by role nor as one who
//! was asked, unless the policy or the tenant shows them.

use std::collections::{BTreeSet, HashSet};

use domain::id::{PolicyId, RequestId, StageId};
use domain::model;
use domain::policy::ApprovalStage;
use domain::query::{Field, Page, Predicate, Query, Record, Value};
use store::{ReadTx, assignment_policy, assignment_request, control_configuration};

use super::scope::{self, Me};
use crate::ctx::Ctx;
use crate::error::ServiceError;

/// The columns that say who it was.
const NAMES: &[&str] = &[
    "reviewed_by_id",
    "reviewed_by_name",
    "reviewed_by_principal_name",
];

/// The answer to `query`, without the names that the caller may not know.
pub(super) fn read(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    me: &Me,
    mut query: Query,
) -> Result<Page, ServiceError> {
    if !asks(&query) || scope::sees_all(ctx, &model::APPROVAL_STAGE)? {
        return Ok(store::list::list(tx, &query)?);
    }
    let key = scope::path(&model::APPROVAL_STAGE, &[], "id")?.field;
    with_key(&mut query, key);
    let mut page = store::list::list(tx, &query)?;
    let mut stages = BTreeSet::new();
    for row in &page.rows {
        collect(&query, row, &mut stages);
    }
    let open = open(tx, ctx, me, key, stages)?;
    for row in &mut page.rows {
        hide(&query, row, &open);
    }
    Ok(page)
}

/// Whether the query asks for a name, here or further inside.
fn asks(query: &Query) -> bool {
    names(query).next().is_some() || query.expand.iter().any(|expansion| asks(&expansion.query))
}

/// Where the names are among the columns.
fn names(query: &Query) -> impl Iterator<Item = usize> {
    let is_stage = query.entity == &model::APPROVAL_STAGE;
    let fields = query.fields.iter().enumerate();
    fields.filter_map(move |(at, field)| (is_stage && NAMES.contains(&field.name)).then_some(at))
}

/// Asks for the id of each stage as well, behind what was asked for.
fn with_key(query: &mut Query, key: &'static Field) {
    if names(query).next().is_some() {
        query.fields.push(key);
    }
    for expansion in &mut query.expand {
        with_key(&mut expansion.query, key);
    }
}

fn stage_of(query: &Query, row: &Record) -> Option<String> {
    names(query).next()?;
    row.values.last()?.as_text().map(str::to_owned)
}

fn collect(query: &Query, row: &Record, stages: &mut BTreeSet<String>) {
    stages.extend(stage_of(query, row));
    for (expansion, rows) in query.expand.iter().zip(&row.expanded) {
        for row in rows {
            collect(&expansion.query, row, stages);
        }
    }
}

fn hide(query: &Query, row: &mut Record, open: &HashSet<String>) {
    if let Some(stage) = stage_of(query, row) {
        if !open.contains(&stage) {
            for at in names(query) {
                if let Some(name) = row.values.get_mut(at) {
                    *name = Value::Null;
                }
            }
        }
        row.values.pop();
    }
    for (expansion, rows) in query.expand.iter().zip(&mut row.expanded) {
        for row in rows {
            hide(&expansion.query, row, open);
        }
    }
}

/// Those of the stages whose approvers the caller may know.
fn open(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    me: &Me,
    key: &'static Field,
    stages: BTreeSet<String>,
) -> Result<HashSet<String>, ServiceError> {
    let mut named = Query::of(&model::APPROVAL_STAGE);
    named.fields = vec![
        key,
        scope::path(named.entity, &[], "request_id")?.field,
        scope::path(named.entity, &[], "ordinal")?.field,
    ];
    named.filter = Predicate::In {
        path: scope::path(named.entity, &[], "id")?,
        values: stages.into_iter().map(Value::Text).collect(),
    };
    let mut judged = named.clone();
    judged.filter = judged.filter.and(scope::judged(ctx, me, named.entity));
    let mut open: HashSet<String> = store::list::list(tx, &judged)?
        .rows
        .iter()
        .filter_map(|row| row.values.first()?.as_text().map(str::to_owned))
        .collect();
    for row in store::list::list(tx, &named)?.rows {
        if let [
            Value::Text(stage),
            Value::Text(request),
            Value::Int(ordinal),
        ] = row.values.as_slice()
            && !open.contains(stage)
            && is_told(tx, me, request, stage, *ordinal)?
        {
            open.insert(stage.clone());
        }
    }
    Ok(open)
}

/// Whether the policy of the request tells whose request it is who decided in this stage.
fn is_told(
    tx: &mut ReadTx<'_>,
    me: &Me,
    request: &str,
    stage: &str,
    ordinal: i64,
) -> Result<bool, ServiceError> {
    // AP-15: what the extension said of the stage counts, not what the policy says in its place.
    if let Ok(id) = stage.parse::<StageId>()
        && let Some(answered) = store::approval::answered(tx, id)?
    {
        return tells(tx, me, &answered);
    }
    let Ok(id) = request.parse::<RequestId>() else {
        return Ok(false);
    };
    let request = assignment_request::find(tx, id)?;
    let policy: Option<PolicyId> = request.and_then(|request| request.assignment_policy_id);
    let Some(policy) = policy
        .map(|id| assignment_policy::find_policy(tx, id))
        .transpose()?
        .flatten()
    else {
        return Ok(false);
    };
    let stage = usize::try_from(ordinal).ok();
    let stage = stage.and_then(|at| policy.settings.approval.stages.get(at));
    match stage {
        Some(stage) => tells(tx, me, stage),
        None => Ok(false),
    }
}

/// Whether a stage tells the caller, whose own request it is, who is asked (AZ-21).
pub(crate) fn tells(
    tx: &mut ReadTx<'_>,
    me: &Me,
    stage: &ApprovalStage,
) -> Result<bool, ServiceError> {
    Ok(stage.visibility.shows(
        control_configuration::shows_approvers(tx)?,
        me.is_member(tx)?,
    ))
}
