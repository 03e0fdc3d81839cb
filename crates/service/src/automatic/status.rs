//! How far an automatic policy is: when its rule was last asked of everybody, what is under way, and about whom nothing was
//! done for which reason.

use std::collections::BTreeMap;

use auth::roles::Action;
use domain::id::{ObjectId, PolicyId};
use domain::time::Timestamp;
use store::automatic::note::{self, Kind, Note};
use store::automatic::{self, due, sweep};
use store::{ReadTx, access_package, assignment_policy};

use crate::authorize;
use crate::content::authorize_in;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;

/// What a policy is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It does not assign by itself.
    Off,
    /// Nothing: everybody was looked at.
    Idle,
    /// Everybody is being looked at.
    Evaluating,
    /// Nobody understands its rule: nothing is added or removed (AU-6).
    Quarantined,
}

impl Activity {
    /// The activity in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Idle => "idle",
            Self::Evaluating => "evaluating",
            Self::Quarantined => "quarantined",
        }
    }
}

/// How far an automatic policy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What it is doing.
    pub activity: Activity,
    /// Its rule.
    pub rule: Option<String>,
    /// What is wrong with the rule.
    pub error: Option<String>,
    /// When everybody was last looked at.
    pub last_evaluated_at: Option<Timestamp>,
    /// How many were looked at so far, while everybody is.
    pub looked_at: Option<i64>,
    /// How many users wait to be looked at because they changed, for any policy.
    pub pending_users: i64,
    /// How many have the package by the policy.
    pub targets: i64,
    /// How many may.
    pub most_targets: i64,
    /// How many notes of each kind there are.
    pub counts: BTreeMap<Kind, i64>,
    /// Some of the notes, in the order of the users' ids.
    pub notes: Vec<Note>,
    /// Whether there are more after the last one.
    pub has_more: bool,
}

/// Says how far a policy is, with at most `top` notes about users after `after`.
pub async fn status(
    service: &Service,
    ctx: &Ctx,
    id: PolicyId,
    after: Option<ObjectId>,
    top: usize,
) -> Result<Status, ServiceError> {
    authorize::admitted(ctx, Action::ReadPolicies)?;
    let ctx = ctx.clone();
    let most_targets = service.settings.auto_assignment_max_targets;
    service
        .store
        .read(move |tx| {
            let package = visible(tx, &ctx, id)?;
            let found = automatic::find(tx, id)?;
            let sweep = sweep::find(tx, package)?;
            let error = found
                .as_ref()
                .and_then(|found| found.parse().err())
                .map(|wrong| wrong.to_string());
            let activity = match (&found, &error, &sweep) {
                (None, _, _) => Activity::Off,
                (_, Some(_), _) => Activity::Quarantined,
                (_, _, Some(_)) => Activity::Evaluating,
                (Some(_), None, None) => Activity::Idle,
            };
            let limit = i64::try_from(top).unwrap_or(i64::MAX - 1) + 1;
            let after = after.map_or(String::new(), |id| id.to_string());
            let mut notes = note::page(tx, id, &after, limit)?;
            let has_more = notes.len() > top;
            notes.truncate(top);
            let counted: BTreeMap<Kind, i64> = note::counts(tx, id)?.into_iter().collect();
            let of = |kind: &Kind| (*kind, counted.get(kind).copied().unwrap_or_default());
            Ok(Status {
                activity,
                error,
                last_evaluated_at: found.as_ref().and_then(|found| found.evaluated_at),
                rule: found.map(|found| found.rule),
                looked_at: sweep.map(|sweep| sweep.looked_at),
                pending_users: due::count(tx)?,
                targets: automatic::count_held(tx, id)?,
                most_targets,
                counts: Kind::ALL.iter().map(of).collect(),
                notes,
                has_more,
            })
        })
        .await
}

/// The package of a policy that the caller may read.
fn visible(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    id: PolicyId,
) -> Result<domain::id::AccessPackageId, ServiceError> {
    let unknown = || ServiceError::not_found("assignment policy", id);
    let policy = assignment_policy::find(tx, id)?.ok_or_else(unknown)?;
    let package = access_package::find(tx, policy.access_package_id)?.ok_or_else(unknown)?;
    authorize_in(ctx, Action::ReadPolicies, package.catalog_id, unknown)?;
    Ok(package.id)
}
