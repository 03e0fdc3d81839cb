//! The accounts of governed guests: blocked and deleted after the last access, and given back with new access (EX-6 to
//! EX-8); and users who were deleted so long ago that nobody restores them any more (AS-18).
//!
//! **Invariant:** what the settings say is asked once, when access was lost; what was scheduled then stands (EX-7).

use domain::activity::Activity;
use domain::directory::{User, UserChanges};
use domain::id::{ObjectId, SubjectId};
use domain::subject::SubjectLifecycle;
use domain::tenant_settings::ExternalUserAction;
use domain::time::Duration;
use store::directory::user;
use store::guest::{self, Account};
use store::{ReadTx, WriteTx, entitlement_settings};

use crate::audit;
use crate::ctx::{Ctx, Moment};
use crate::directory::users;
use crate::error::ServiceError;

/// How long after blocking an account goes where the settings do not say (EX-6).
const USUAL_TIME: Duration = Duration::from_days(30);

/// Looks at the accounts whose access came or went.
pub(super) fn look(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    limit: i64,
) -> Result<usize, ServiceError> {
    let marked = guest::to_look_at(tx, moment.now, limit)?;
    let count = marked.len();
    for subject in marked {
        guest::looked(tx, subject)?;
        let Some(account) = guest::account(tx, subject)? else {
            continue;
        };
        if guest::has_access(tx, subject)? {
            give_back(tx, moment, ctx, subject, &account)?;
        } else {
            withdraw(tx, moment, ctx, subject, &account)?;
        }
    }
    Ok(count)
}

/// The holder has access again: the account stays, and can be used (EX-8).
fn give_back(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    subject: SubjectId,
    account: &Account,
) -> Result<(), ServiceError> {
    if account.cleanup_at.is_none() && !account.blocked_here {
        return Ok(());
    }
    let Some(user) = present(tx, account)? else {
        return Ok(guest::schedule(tx, subject, None, account.blocked_here)?);
    };
    guest::schedule(tx, subject, None, false)?;
    if account.blocked_here && !user.account_enabled {
        enable(tx, moment, ctx, user.id, true)?;
    }
    if account.cleanup_at.is_some() {
        let event = event(Activity::CancelUserDeletion, &user);
        audit::record(tx, moment, ctx, event)?;
    }
    Ok(())
}

/// The holder has no access any more: the account of a governed guest is blocked, and goes after some time (EX-6).
fn withdraw(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    subject: SubjectId,
    account: &Account,
) -> Result<(), ServiceError> {
    let is_done = account.cleanup_at.is_some() || account.blocked_here;
    if account.lifecycle != SubjectLifecycle::Governed || is_done {
        return Ok(());
    }
    let Some(user) = present(tx, account)?.filter(is_guest) else {
        return Ok(());
    };
    let settings = entitlement_settings::get(tx)?;
    let deleted_after = match settings.external_user_action {
        ExternalUserAction::None => return Ok(()),
        ExternalUserAction::BlockSignIn => None,
        ExternalUserAction::BlockSignInAndDelete => {
            Some(settings.external_user_deleted_after.unwrap_or(USUAL_TIME))
        }
    };
    if user.account_enabled {
        enable(tx, moment, ctx, user.id, false)?;
    }
    let lost_at = account.look_at.unwrap_or(moment.now);
    let cleanup_at = deleted_after.map(|time| lost_at.plus(time));
    guest::schedule(tx, subject, cleanup_at, user.account_enabled)?;
    match cleanup_at {
        Some(at) => {
            let event = event(Activity::ScheduleUserDeletion, &user).with("scheduledFor", at);
            Ok(audit::record(tx, moment, ctx, event)?)
        }
        None => Ok(()),
    }
}

/// Deletes the accounts whose time has come; they can be restored like those of any user.
pub(super) fn delete_due(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    limit: i64,
) -> Result<usize, ServiceError> {
    let due = guest::due(tx, moment.now, limit)?;
    let count = due.len();
    for subject in due {
        let Some(account) = guest::account(tx, subject)? else {
            continue;
        };
        guest::schedule(tx, subject, None, account.blocked_here)?;
        let is_governed = account.lifecycle == SubjectLifecycle::Governed;
        let user = present(tx, &account)?.filter(is_guest);
        if let Some(user) = user.filter(|_| is_governed)
            && !guest::has_access(tx, subject)?
        {
            users::delete_in(tx, moment, ctx, user.id)?;
        }
    }
    Ok(count)
}

/// Removes users for good who can no longer be restored (AS-16, AS-18).
pub(super) fn remove_for_good(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    limit: i64,
) -> Result<usize, ServiceError> {
    let gone = guest::deleted_before(tx, moment.now.minus(moment.guests.restorable), limit)?;
    let count = gone.len();
    for user in gone {
        users::hard_delete_in(tx, moment, ctx, user)?;
    }
    Ok(count)
}

fn enable(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    user: ObjectId,
    enabled: bool,
) -> Result<(), ServiceError> {
    let changes = UserChanges {
        account_enabled: Some(enabled),
        ..UserChanges::default()
    };
    users::update_in(tx, moment, ctx, user, &changes, users::Beside::default()).map(drop)
}

fn present(tx: &mut ReadTx<'_>, account: &Account) -> Result<Option<User>, ServiceError> {
    match account.object_id {
        Some(object) => Ok(user::find_present(tx, object)?),
        None => Ok(None),
    }
}

fn is_guest(user: &User) -> bool {
    user.user_type.eq_ignore_ascii_case("guest")
}

fn event(activity: Activity, user: &User) -> audit::Event {
    let name = Some(user.user_principal_name.clone());
    audit::success(activity, users::TYPE, user.id, name)
}
