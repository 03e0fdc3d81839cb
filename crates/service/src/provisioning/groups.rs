//! Groups as an outside directory feeds them.

use std::collections::BTreeSet;

use auth::directory::DirectoryAction;
use domain::activity::Activity;
use domain::directory::{GroupChanges, GroupRole, MemberStanding};
use domain::id::ObjectId;
use domain::query::{Query, Record};
use store::directory::{membership, object};
use store::{ReadTx, WriteTx, provisioning};

use super::{Failure, shown};
use crate::audit::{self, modified, success};
use crate::authorize;
use crate::ctx::{Ctx, Moment, Service};
use crate::directory::{groups, members};
use crate::error::{Code, ServiceError};
use crate::settings::UnknownMembers;

/// What an outside directory says about a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupEdit {
    /// Its name.
    pub display_name: Option<String>,
    /// Its key of the group; the second part is what the key becomes.
    pub external_id: Option<Option<String>>,
    /// Who is to be in it, one change after the other.
    pub members: Vec<MemberEdit>,
}

/// One change of who is in a group, by their ids as they were written. Who is in it already stays, and who is not needs
/// not leave. Who may come without being known is a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberEdit {
    /// These come.
    Add(Vec<String>),
    /// These leave.
    Remove(Vec<String>),
    /// These are in it, and nobody else.
    Replace(Vec<String>),
}

/// Creates a group.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    edit: GroupEdit,
) -> Result<ObjectId, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteGroups)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let unknown = service.settings.provisioning_unknown_members;
    let (created, left_out) = service
        .store
        .write(move |tx| {
            let changes = GroupChanges {
                display_name: edit.display_name.clone(),
                ..GroupChanges::default()
            };
            let created = groups::create_in(tx, &moment, &ctx, &changes)?.id;
            if let Some(Some(external_id)) = &edit.external_id {
                tell_external_id(tx, &moment, &ctx, created, Some(external_id))?;
                provisioning::name_group(tx, created, Some(external_id))?;
            }
            let left_out = change_members(tx, &moment, &ctx, created, &edit.members, unknown)?;
            Ok::<(ObjectId, usize), ServiceError>((created, left_out))
        })
        .await?;
    tell(created, left_out);
    service.callers.invalidate();
    Ok(created)
}

/// Brings to a group what `edit` says, who is shown the row that `query` selects of the group as it is.
pub async fn change<E>(
    service: &Service,
    ctx: &Ctx,
    id: ObjectId,
    query: Query,
    edit: impl Fn(&Record) -> Result<GroupEdit, E> + Send + 'static,
) -> Result<(), Failure<E>>
where
    E: Send + 'static,
{
    let (moment, ctx) = (service.moment(), ctx.clone());
    let unknown = service.settings.provisioning_unknown_members;
    let left_out = service
        .store
        .write(move |tx| {
            // A refusal comes before anything about the group is told.
            groups::authorize(tx, &ctx, DirectoryAction::WriteMembers, id)?;
            let row = shown(tx, &query, || ServiceError::not_found("group", id))?;
            let edit = edit(&row).map_err(Failure::Edit)?;
            if edit.display_name.is_some() || edit.external_id.is_some() {
                groups::authorize(tx, &ctx, DirectoryAction::WriteGroups, id)?;
                if let Some(external_id) = &edit.external_id {
                    tell_external_id(tx, &moment, &ctx, id, external_id.as_deref())?;
                    provisioning::name_group(tx, id, external_id.as_deref())?;
                }
                let changes = GroupChanges {
                    display_name: edit.display_name.clone(),
                    ..GroupChanges::default()
                };
                groups::update_in(tx, &moment, &ctx, id, &changes)?;
            }
            let left_out = change_members(tx, &moment, &ctx, id, &edit.members, unknown)?;
            Ok::<usize, Failure<E>>(left_out)
        })
        .await?;
    tell(id, left_out);
    service.callers.invalidate();
    service.wake();
    Ok(())
}

/// Deletes a group as [`groups::delete`] does, unless `check` refuses, who is shown the row that `query` selects.
pub async fn delete<E>(
    service: &Service,
    ctx: &Ctx,
    id: ObjectId,
    query: Query,
    check: impl Fn(&Record) -> Result<(), E> + Send + 'static,
) -> Result<(), Failure<E>>
where
    E: Send + 'static,
{
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            groups::authorize(tx, &ctx, DirectoryAction::WriteGroups, id)?;
            let row = shown(tx, &query, || ServiceError::not_found("group", id))?;
            check(&row).map_err(Failure::Edit)?;
            Ok::<(), Failure<E>>(groups::delete_in(tx, &moment, &ctx, id)?)
        })
        .await?;
    service.callers.invalidate();
    service.wake();
    Ok(())
}

/// Leaves an event of the key that the outside directory has for a group, if it changes.
fn tell_external_id(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: ObjectId,
    external_id: Option<&str>,
) -> Result<(), ServiceError> {
    let known = provisioning::find_external_id_of_group(tx, id)?;
    if known.as_deref() == external_id {
        return Ok(());
    }
    let name = groups::get(tx, id)?.display_name;
    let mut event = success(Activity::UpdateGroup, "Group", id, Some(name));
    let changed = modified::text("ExternalId", known.as_deref(), external_id);
    event.modified.push(changed);
    Ok(audit::record(tx, moment, ctx, event)?)
}

/// Changes who is in a group, and says how many were left out because nobody knows them.
fn change_members(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    group: ObjectId,
    edits: &[MemberEdit],
    unknown: UnknownMembers,
) -> Result<usize, ServiceError> {
    let mut left_out = 0;
    for edit in edits {
        let (leave, come) = match edit {
            MemberEdit::Add(names) => (Vec::new(), known(tx, names, unknown, &mut left_out)?),
            // Nobody has an id that is none.
            MemberEdit::Remove(names) => (
                names.iter().filter_map(|name| name.parse().ok()).collect(),
                Vec::new(),
            ),
            MemberEdit::Replace(names) => {
                let wanted = known(tx, names, unknown, &mut left_out)?;
                let wanted: BTreeSet<ObjectId> = wanted.into_iter().collect();
                let present: BTreeSet<ObjectId> =
                    membership::members(tx, group)?.into_iter().collect();
                (
                    present.difference(&wanted).copied().collect(),
                    wanted.difference(&present).copied().collect(),
                )
            }
        };
        for object in leave {
            members::remove_in(tx, moment, ctx, group, GroupRole::Member, object)?;
        }
        for object in come {
            let absent = Code::BadRequest;
            members::add_in(tx, moment, ctx, group, GroupRole::Member, object, absent)?;
        }
    }
    Ok(left_out)
}

/// Those of the named who can come, if the unknown are left out; all of them otherwise, and who comes finds out.
fn known(
    tx: &mut ReadTx<'_>,
    names: &[String],
    unknown: UnknownMembers,
    left_out: &mut usize,
) -> Result<Vec<ObjectId>, ServiceError> {
    let mut known = Vec::with_capacity(names.len());
    for name in names {
        match (name.parse(), unknown) {
            (Ok(id), _) => known.push(id),
            (Err(_), UnknownMembers::Ignore) => {}
            (Err(_), UnknownMembers::Refuse) => {
                let message = format!("`members` names nobody of the directory: `{name}`");
                return Err(ServiceError::invalid(Code::BadRequest, "members", message));
            }
        }
    }
    if unknown == UnknownMembers::Ignore {
        let standings = object::standings(tx, &known)?;
        known.retain(|id| matches!(standings.get(id), Some(MemberStanding::Present(_))));
    }
    *left_out += names.len().saturating_sub(known.len());
    Ok(known)
}

fn tell(group: ObjectId, left_out: usize) {
    if left_out > 0 {
        tracing::info!(%group, members = left_out, "members that nobody knows were left out");
    }
}
