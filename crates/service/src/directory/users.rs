//! Users: create, update, delete, restore, and who manages whom.

use auth::directory::DirectoryAction;
use auth::issuer::{Cost, PasswordHash, random_salt};
use domain::activity::Activity;
use domain::directory::{User, UserChanges};
use domain::id::ObjectId;
use store::directory::{object, user};
use store::{ReadTx, WriteTx, sign_in};

use super::{flawed, privileged};
use crate::assignment_requests::withdraw;
use crate::audit::modified::{self, Audited};
use crate::audit::{self, success};
use crate::authorize;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};

pub(crate) const TYPE: &str = "User";

/// What a change says of a user that is kept beside it. All of it decides who can be that user.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beside<'a> {
    /// The hash of the new password.
    pub(crate) password: Option<&'a str>,
    /// The key that the outside directory had for the user, and the one that it has now, if they differ.
    pub(crate) external_id: Option<(Option<&'a str>, Option<&'a str>)>,
}

impl<'a> Beside<'a> {
    const fn password(password: Option<&'a str>) -> Self {
        Self {
            password,
            external_id: None,
        }
    }

    const fn is_nothing(self) -> bool {
        self.password.is_none() && self.external_id.is_none()
    }

    /// The event that tells of it, too: of a password only that there is a new one.
    fn told(self, mut event: audit::Event) -> audit::Event {
        if self.password.is_some() {
            event.modified.push(modified::hidden("PasswordProfile"));
        }
        if let Some((was, is)) = self.external_id {
            event.modified.push(modified::text("ExternalId", was, is));
        }
        event
    }
}

/// Creates a user.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    changes: UserChanges,
) -> Result<User, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteUsers)?;
    let password = hash(changes.password.clone()).await?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            let beside = Beside::password(password.as_deref());
            create_in(tx, &moment, &ctx, &changes, beside)
        })
        .await
}

/// [`create`] as a part of a larger transaction, whose maker asked whether it is allowed and hashed the password.
pub(crate) fn create_in(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    changes: &UserChanges,
    beside: Beside<'_>,
) -> Result<User, ServiceError> {
    let created = User::create(moment.id(ObjectId::new), moment.now, changes).map_err(flawed)?;
    insert(tx, &created, beside.password)?;
    let event = event(Activity::AddUser, None, &created);
    audit::record(tx, moment, ctx, beside.told(event))?;
    Ok(created)
}

/// Changes a user (HT-1). A new password, or an account that is disabled, signs the user out everywhere.
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    id: ObjectId,
    changes: UserChanges,
) -> Result<User, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteUsers)?;
    let password = hash(changes.password.clone()).await?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let changed = service
        .store
        .write(move |tx| {
            let beside = Beside::password(password.as_deref());
            update_in(tx, &moment, &ctx, id, &changes, beside)
        })
        .await?;
    service.callers.invalidate();
    Ok(changed)
}

/// [`update`] as a part of a larger transaction, whose maker asked whether it is allowed and hashed the password.
pub(crate) fn update_in(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: ObjectId,
    changes: &UserChanges,
    beside: Beside<'_>,
) -> Result<User, ServiceError> {
    let password = beside.password;
    let stored = get(tx, id)?;
    let mut changed = stored.clone();
    changed.change(changes).map_err(flawed)?;
    if !beside.is_nothing() || changed.signs_in_otherwise_than(&stored) {
        privileged::check_user(tx, ctx, id)?;
    }
    require_free_name(tx, &changed)?;
    require_manager(tx, &changed)?;
    user::update(tx, &changed)?;
    changed.version += 1;
    if changes.account_enabled.is_some() {
        // EX-8: Reeve takes back its own block only. Where it is Reeve that blocks, it says so after this.
        store::guest::decided_by_others(tx, id)?;
    }
    if let Some(hash) = password {
        user::set_password_hash(tx, id, hash)?;
    }
    let is_locked_out = stored.account_enabled && !changed.account_enabled;
    if password.is_some() || is_locked_out {
        sign_in::sign_out_everywhere(tx, id, moment.now)?;
    }
    let event = event(Activity::UpdateUser, Some(&stored), &changed);
    audit::record(tx, moment, ctx, beside.told(event))?;
    Ok(changed)
}

/// Deletes a user, who can be restored: access vanishes with the object, assignments stay (AS-16).
pub async fn delete(service: &Service, ctx: &Ctx, id: ObjectId) -> Result<(), ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteUsers)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| delete_in(tx, &moment, &ctx, id))
        .await?;
    service.callers.invalidate();
    Ok(())
}

pub(crate) fn delete_in(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: ObjectId,
) -> Result<(), ServiceError> {
    let mut deleted = get(tx, id)?;
    privileged::check_user(tx, ctx, id)?;
    deleted.deleted_at = Some(moment.now);
    user::update(tx, &deleted)?;
    sign_in::sign_out_everywhere(tx, id, moment.now)?;
    store::guest::forget(tx, id)?;
    object::withdraw_access(tx, id)?;
    withdraw::end_waiting_of(tx, moment, ctx, id)?;
    record(
        tx,
        moment,
        ctx,
        Activity::DeleteUser,
        Some(&deleted),
        &deleted,
    )
}

/// Brings a deleted user back, without the access that vanished: it is granted again with the next reprocessing, or when
/// the roles of the package change (AS-17).
pub async fn restore(service: &Service, ctx: &Ctx, id: ObjectId) -> Result<User, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteUsers)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    let restored = service
        .store
        .write(move |tx| {
            let mut restored = get_deleted(tx, id)?;
            privileged::check_user(tx, &ctx, id)?;
            restored.deleted_at = None;
            require_free_name(tx, &restored)?;
            user::update(tx, &restored)?;
            restored.version += 1;
            store::ledger::witness::came_back(tx, id)?;
            record(
                tx,
                &moment,
                &ctx,
                Activity::RestoreUser,
                Some(&restored),
                &restored,
            )?;
            Ok::<User, ServiceError>(restored)
        })
        .await?;
    service.callers.invalidate();
    Ok(restored)
}

/// Removes a deleted user for good. What that means for assignments (AS-18) is for whoever keeps them.
pub async fn hard_delete(service: &Service, ctx: &Ctx, id: ObjectId) -> Result<(), ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteUsers)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| hard_delete_in(tx, &moment, &ctx, id))
        .await?;
    service.callers.invalidate();
    service.wake();
    Ok(())
}

/// [`hard_delete`] as a part of a larger transaction, whose maker asked whether it is allowed.
pub fn hard_delete_in(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    id: ObjectId,
) -> Result<(), ServiceError> {
    let gone = get_deleted(tx, id)?;
    privileged::check_user(tx, ctx, id)?;
    sign_in::sign_out_everywhere(tx, id, moment.now)?;
    object::withdraw_access(tx, id)?;
    object::withdraw_roles(tx, id)?;
    store::guest::decided_by_others(tx, id)?;
    user::delete(tx, id)?;
    withdraw::end_all_of(tx, moment, ctx, id)?;
    record(
        tx,
        moment,
        ctx,
        Activity::HardDeleteUser,
        Some(&gone),
        &gone,
    )
}

/// Makes `manager` the manager of a user, or nobody.
pub async fn set_manager(
    service: &Service,
    ctx: &Ctx,
    id: ObjectId,
    manager: Option<ObjectId>,
) -> Result<(), ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteUsers)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            let current = get(tx, id)?;
            if let Some(manager) = manager {
                if manager == id {
                    let message = "a user cannot be their own manager";
                    return Err(ServiceError::invalid(Code::BadRequest, "manager", message));
                }
                get(tx, manager)?;
            } else if current.manager_id.is_none() {
                return Err(ServiceError::refused(
                    Code::ResourceNotFound,
                    "the user has no manager",
                ));
            }
            user::set_manager(tx, &current, manager)?;
            let changed = User {
                manager_id: manager,
                ..current.clone()
            };
            record(
                tx,
                &moment,
                &ctx,
                Activity::UpdateUser,
                Some(&current),
                &changed,
            )
        })
        .await
}

/// The id of the user that a path names: by id, or by sign-in name.
pub async fn resolve(service: &Service, key: &str) -> Result<ObjectId, ServiceError> {
    if let Ok(id) = key.parse() {
        return Ok(id);
    }
    let name = key.to_owned();
    let found = service
        .store
        .read(move |tx| user::find_by_name(tx, &name))
        .await?;
    match found {
        Some(found) => Ok(found.id),
        None if key.contains('@') => Err(ServiceError::not_found("user", key)),
        None => {
            let message = format!("`{key}` is neither an id nor a sign-in name");
            Err(ServiceError::refused(Code::BadRequest, message))
        }
    }
}

/// Stores a new user, if the sign-in name is free and the manager is there.
pub(crate) fn insert(
    tx: &mut WriteTx<'_>,
    created: &User,
    password: Option<&str>,
) -> Result<(), ServiceError> {
    require_free_name(tx, created)?;
    require_manager(tx, created)?;
    user::insert(tx, created)?;
    if let Some(hash) = password {
        user::set_password_hash(tx, created.id, hash)?;
    }
    Ok(())
}

/// The hash of a password. Takes a while, and so has a thread of its own.
pub(crate) async fn hash(password: Option<String>) -> Result<Option<String>, ServiceError> {
    let Some(password) = password else {
        return Ok(None);
    };
    let salt = random_salt().map_err(ServiceError::internal)?;
    tokio::task::spawn_blocking(move || {
        PasswordHash::new(&password, salt, Cost::Password).to_text()
    })
    .await
    .map(Some)
    .map_err(ServiceError::internal)
}

pub(crate) fn get(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<User, ServiceError> {
    user::find_present(tx, id)?.ok_or_else(|| ServiceError::not_found("user", id))
}

fn get_deleted(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<User, ServiceError> {
    let found = user::find(tx, id)?.filter(|user| user.deleted_at.is_some());
    found.ok_or_else(|| ServiceError::not_found("deleted user", id))
}

fn require_free_name(tx: &mut ReadTx<'_>, wanted: &User) -> Result<(), ServiceError> {
    match user::name_holder(tx, &wanted.user_principal_name)? {
        Some(holder) if holder != wanted.id => Err(ServiceError::invalid(
            Code::BadRequest,
            "userPrincipalName",
            "another object with the same value for property userPrincipalName already exists",
        )),
        _ => Ok(()),
    }
}

fn require_manager(tx: &mut ReadTx<'_>, wanted: &User) -> Result<(), ServiceError> {
    let Some(manager) = wanted.manager_id else {
        return Ok(());
    };
    // A manager who was deleted since stays known until gone for good.
    if user::find(tx, manager)?.is_some() {
        return Ok(());
    }
    let message = format!("no user has the id `{manager}`");
    Err(ServiceError::invalid(Code::BadRequest, "manager", message))
}

fn record(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    activity: Activity,
    before: Option<&User>,
    about: &User,
) -> Result<(), ServiceError> {
    Ok(audit::record(
        tx,
        moment,
        ctx,
        event(activity, before, about),
    )?)
}

fn event(activity: Activity, before: Option<&User>, about: &User) -> audit::Event {
    success(
        activity,
        TYPE,
        about.id,
        Some(about.user_principal_name.clone()),
    )
    .changing(before.map(|row| row as &dyn Audited), Some(about))
}
