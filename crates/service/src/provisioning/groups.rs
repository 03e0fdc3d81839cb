//! Groups as an outside directory feeds them.

use std::collections::BTreeSet;

use auth::directory::DirectoryAction;
use domain::directory::{GroupChanges, GroupRole};
use domain::id::ObjectId;
use domain::query::{Query, Record};
use store::directory::membership;
use store::{WriteTx, provisioning};

use super::{Failure, shown};
use crate::authorize;
use crate::ctx::{Ctx, Moment, Service};
use crate::directory::{groups, members};
use crate::error::{Code, ServiceError};

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

/// One change of who is in a group. Who is in it already stays, and who is not needs not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberEdit {
    /// These come.
    Add(Vec<ObjectId>),
    /// These leave.
    Remove(Vec<ObjectId>),
    /// These are in it, and nobody else.
    Replace(Vec<ObjectId>),
}

/// Creates a group.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    edit: GroupEdit,
) -> Result<ObjectId, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteGroups)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let created = service
        .store
        .write(move |tx| {
            let changes = GroupChanges {
                display_name: edit.display_name.clone(),
                ..GroupChanges::default()
            };
            let created = groups::create_in(tx, &moment, &ctx, &changes)?.id;
            if let Some(Some(external_id)) = &edit.external_id {
                provisioning::name_group(tx, created, Some(external_id))?;
            }
            change_members(tx, &moment, &ctx, created, &edit.members)?;
            Ok::<ObjectId, ServiceError>(created)
        })
        .await?;
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
    service
        .store
        .write(move |tx| {
            // A refusal comes before anything about the group is told.
            groups::authorize(tx, &ctx, DirectoryAction::WriteMembers, id)?;
            let row = shown(tx, &query, || ServiceError::not_found("group", id))?;
            let edit = edit(&row).map_err(Failure::Edit)?;
            if edit.display_name.is_some() || edit.external_id.is_some() {
                groups::authorize(tx, &ctx, DirectoryAction::WriteGroups, id)?;
                if let Some(external_id) = &edit.external_id {
                    provisioning::name_group(tx, id, external_id.as_deref())?;
                }
                let changes = GroupChanges {
                    display_name: edit.display_name.clone(),
                    ..GroupChanges::default()
                };
                groups::update_in(tx, &moment, &ctx, id, &changes)?;
            }
            Ok::<(), Failure<E>>(change_members(tx, &moment, &ctx, id, &edit.members)?)
        })
        .await?;
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

fn change_members(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    group: ObjectId,
    edits: &[MemberEdit],
) -> Result<(), ServiceError> {
    for edit in edits {
        let (leave, come) = match edit {
            MemberEdit::Add(objects) => (Vec::new(), objects.clone()),
            MemberEdit::Remove(objects) => (objects.clone(), Vec::new()),
            MemberEdit::Replace(objects) => {
                let wanted: BTreeSet<ObjectId> = objects.iter().copied().collect();
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
    Ok(())
}
