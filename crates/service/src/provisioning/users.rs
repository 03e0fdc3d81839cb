//! Users as an outside directory feeds them.

use auth::directory::DirectoryAction;
use domain::directory::{UserChanges, sign_in_name};
use domain::id::ObjectId;
use domain::query::{Query, Record};
use store::directory::user;
use store::provisioning::{self, Alias};
use store::{ReadTx, WriteTx};

use super::{Failure, shown};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::directory::users::{self, Beside};
use crate::error::{Code, ServiceError};

/// All that an outside directory says about a user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserImage {
    /// Its name for the user.
    pub user_name: String,
    /// Its key of the user.
    pub external_id: Option<String>,
    /// The user's manager; none: nobody.
    pub manager: Option<ObjectId>,
    /// The rest. Sign-in name, manager and password in here are not looked at.
    pub changes: UserChanges,
}

/// Creates a user.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    image: UserImage,
    password: Option<String>,
) -> Result<ObjectId, ServiceError> {
    authorize::in_directory(ctx, DirectoryAction::WriteUsers)?;
    let password = users::hash(password).await?;
    let domain = service.settings.provisioning_domain.clone();
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            let alias = alias(&image.user_name, domain.as_deref())?;
            require_free_name(tx, &alias.sign_in_name, None)?;
            let changes = UserChanges {
                user_principal_name: Some(alias.sign_in_name.clone()),
                manager_id: image.manager,
                ..image.changes.clone()
            };
            let external_id = image.external_id.as_deref();
            let beside = Beside {
                password: password.as_deref(),
                external_id: external_id.is_some().then_some((None, external_id)),
            };
            let created = users::create_in(tx, &moment, &ctx, &changes, beside)?;
            name(tx, created.id, &image, &alias)?;
            Ok(created.id)
        })
        .await
}

/// Makes a user what `edit` says, who is shown the row that `query` selects of the user as it is.
pub async fn change<E>(
    service: &Service,
    ctx: &Ctx,
    id: ObjectId,
    query: Query,
    password: Option<String>,
    edit: impl Fn(&Record) -> Result<UserImage, E> + Send + 'static,
) -> Result<(), Failure<E>>
where
    E: Send + 'static,
{
    authorize::in_directory(ctx, DirectoryAction::WriteUsers)?;
    let password = users::hash(password).await?;
    let domain = service.settings.provisioning_domain.clone();
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            let row = shown(tx, &query, || ServiceError::not_found("user", id))?;
            let image = edit(&row).map_err(Failure::Edit)?;
            let current = users::get(tx, id)?;
            let kept = kept_alias(tx, &current, &image.user_name)?;
            let alias = match kept {
                Some(alias) => alias,
                None => alias(&image.user_name, domain.as_deref())?,
            };
            require_free_name(tx, &alias.sign_in_name, Some(id))?;
            if let (None, Some(_)) = (image.manager, current.manager_id) {
                user::set_manager(tx, &current, None)?;
            }
            let changes = UserChanges {
                user_principal_name: Some(alias.sign_in_name.clone()),
                manager_id: image.manager,
                ..image.changes.clone()
            };
            let external_id = provisioning::find_external_id(tx, id)?;
            let beside = Beside {
                password: password.as_deref(),
                external_id: (external_id != image.external_id)
                    .then_some((external_id.as_deref(), image.external_id.as_deref())),
            };
            users::update_in(tx, &moment, &ctx, id, &changes, beside)?;
            Ok::<(), Failure<E>>(name(tx, id, &image, &alias)?)
        })
        .await?;
    service.callers.invalidate();
    Ok(())
}

/// Deletes a user as [`users::delete`] does, unless `check` refuses, who is shown the row that `query` selects.
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
    authorize::in_directory(ctx, DirectoryAction::WriteUsers)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            let row = shown(tx, &query, || ServiceError::not_found("user", id))?;
            check(&row).map_err(Failure::Edit)?;
            Ok::<(), Failure<E>>(users::delete_in(tx, &moment, &ctx, id)?)
        })
        .await?;
    service.callers.invalidate();
    Ok(())
}

/// The sign-in name of a user name.
fn alias(user_name: &str, domain: Option<&str>) -> Result<Alias, ServiceError> {
    let sign_in_name = sign_in_name(user_name, domain).ok_or_else(|| {
        let message = "`userName` must be a name and a domain such as `alice@example.com`, because the server has no \
                       domain for other names";
        ServiceError::invalid(Code::InvalidModel, "userName", message)
    })?;
    Ok(Alias {
        user_name: user_name.to_owned(),
        sign_in_name,
    })
}

/// The sign-in name that a user has by now, if the user name is the one that it was made of.
fn kept_alias(
    tx: &mut ReadTx<'_>,
    current: &domain::directory::User,
    user_name: &str,
) -> Result<Option<Alias>, ServiceError> {
    let alias = provisioning::find_alias(tx, current.id)?;
    Ok(alias.filter(|alias| {
        alias.user_name == user_name && alias.sign_in_name == current.user_principal_name
    }))
}

fn require_free_name(
    tx: &mut ReadTx<'_>,
    sign_in_name: &str,
    own: Option<ObjectId>,
) -> Result<(), ServiceError> {
    match user::name_holder(tx, sign_in_name)? {
        Some(holder) if Some(holder) != own => {
            let message = "another user has this `userName`";
            Err(ServiceError::invalid(Code::Conflict, "userName", message))
        }
        _ => Ok(()),
    }
}

/// Keeps the names, the user name only if it is not the sign-in name itself.
fn name(
    tx: &mut WriteTx<'_>,
    id: ObjectId,
    image: &UserImage,
    alias: &Alias,
) -> Result<(), ServiceError> {
    let alias = (alias.user_name != alias.sign_in_name).then_some(alias);
    provisioning::name_user(tx, id, image.external_id.as_deref(), alias)?;
    Ok(())
}
