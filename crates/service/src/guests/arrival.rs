//! How somebody outside comes into the directory before anything is granted to them: they are there by now, Reeve creates
//! their guest, or the request waits until somebody else does (EX-3, EX-4).
//!
//! **Invariant:** there is one subject for each address, and one account for each subject: whoever creates a guest has looked for the
//! address in the same transaction.

use domain::activity::Activity;
use domain::assignment_request::{AssignmentRequest, Event, State};
use domain::change::Change;
use domain::connected_organization::OrganizationState;
use domain::directory::UserChanges;
use domain::failure::FailureCode;
use domain::guest::{MailAddress, NO_DOMAIN};
use domain::id::{ObjectId, SubjectId};
use domain::subject::SubjectLifecycle;
use store::directory::user;
use store::subject::Subject;
use store::{ReadTx, WriteTx, connected_organization, guest, subject};

use super::address_of;
use crate::ctx::{Ctx, Moment};
use crate::directory::users;
use crate::error::{Code, ServiceError};
use crate::{audit, rollup};

/// How many sign-in names are tried before one is drawn that nobody can have.
const ATTEMPTS: usize = 20;

/// Where the target of a request is.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// They are nobody from outside: whether the directory knows them is not for this to say.
    Elsewhere,
    /// The directory knows them now.
    Present,
    /// Not in the directory yet: the request waits.
    Awaited,
    /// They do not come: the request fails.
    Refused(String, String),
}

/// Sees to it that the target of a request that grants is in the directory, if it is somebody outside.
pub(crate) fn arrive(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &mut AssignmentRequest,
) -> Result<Arrival, ServiceError> {
    let Some(target) = subject::find(tx, request.target_id)? else {
        return Ok(Arrival::Elsewhere);
    };
    let Some(address) = address_of(&target) else {
        return Ok(Arrival::Elsewhere);
    };
    let settings = &moment.guests;
    if let Some(user) = subject::user_by_address(tx, &address.to_string())? {
        guest::stop_waiting(tx, request.id)?;
        return recognize(tx, moment, request, &target, user);
    }
    let organization = connected_organization::of_domain(tx, address.domain())?;
    let is_configured =
        organization.is_some_and(|(_, state)| state == OrganizationState::Configured);
    if let Err(why) = settings.invitations.check(&address, is_configured) {
        guest::stop_waiting(tx, request.id)?;
        let code = FailureCode::InvitationBlocked.as_str().to_owned();
        return Ok(Arrival::Refused(code, why.to_string()));
    }
    if settings.invites {
        guest::stop_waiting(tx, request.id)?;
        invite(tx, moment, ctx, request, &target, &address)?;
        return Ok(Arrival::Present);
    }
    guest::wait(tx, request.id, target.id, moment.now.plus(settings.wait))?;
    Ok(Arrival::Awaited)
}

/// The directory has a user with the address by now. If that user was a subject before, the request is theirs.
fn recognize(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    request: &mut AssignmentRequest,
    target: &Subject,
    user: ObjectId,
) -> Result<Arrival, ServiceError> {
    let fresh = moment.id(SubjectId::new);
    let Some(known) = subject::ensure(tx, user, fresh, moment.now)? else {
        return Ok(Arrival::Elsewhere);
    };
    if known.id == target.id {
        return Ok(Arrival::Present);
    }
    let package = request.access_package_id;
    let is_taken = store::assignment::find_live(tx, known.id, package)?.is_some()
        || store::assignment_request::find_open(tx, known.id, package)?.is_some();
    if is_taken {
        let message = "whoever has the address has the access package already, or asked for it";
        return Ok(Arrival::Refused(
            Code::ExistingAssignment.name(),
            message.to_owned(),
        ));
    }
    guest::hand_over(tx, request.id, request.assignment_id, known.id)?;
    request.target_id = known.id;
    Ok(Arrival::Present)
}

/// Creates the guest of an address: governed, because Reeve made it (EX-5).
fn invite(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    request: &AssignmentRequest,
    target: &Subject,
    address: &MailAddress,
) -> Result<(), ServiceError> {
    let name = target
        .display_name
        .clone()
        .unwrap_or_else(|| address.name().to_owned());
    let text = |value: &str| Change::Set(serde_json::Value::from(value).to_string());
    let now = moment.now.to_string();
    let changes = UserChanges {
        user_principal_name: Some(sign_in_name(tx, moment, address)?),
        display_name: Some(name),
        mail: Change::Set(address.to_string()),
        user_type: Some("Guest".to_owned()),
        details: [
            ("creationType".to_owned(), text("Invitation")),
            ("externalUserState".to_owned(), text("PendingAcceptance")),
            ("externalUserStateChangeDateTime".to_owned(), text(&now)),
        ]
        .into(),
        ..UserChanges::default()
    };
    let system = Ctx::system(ctx.request_id);
    let created = users::create_in(tx, moment, &system, &changes, users::Beside::default())?;
    let fresh = moment.id(SubjectId::new);
    subject::ensure(tx, created.id, fresh, moment.now)?;
    subject::set_lifecycle(tx, target.id, SubjectLifecycle::Governed)?;
    let event = audit::success(
        Activity::InviteUser,
        "User",
        created.id,
        Some(created.user_principal_name),
    )
    .with("request", request.id);
    Ok(audit::record(tx, moment, &system, event)?)
}

/// A sign-in name that nobody has.
fn sign_in_name(
    tx: &mut ReadTx<'_>,
    moment: &Moment,
    address: &MailAddress,
) -> Result<String, ServiceError> {
    let tenant = moment.guests.domain.as_deref().unwrap_or(NO_DOMAIN);
    for attempt in 0..ATTEMPTS {
        let name = address.sign_in_name(tenant, attempt);
        if user::name_holder(tx, &name)?.is_none() {
            return Ok(name);
        }
    }
    let drawn = moment.id(|id| id.simple().to_string());
    Ok(format!("{drawn}#EXT#@{tenant}"))
}

/// Ends requests whose target did not come in time (RP-35).
pub(super) fn give_up(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    limit: i64,
) -> Result<usize, ServiceError> {
    let overdue = guest::overdue(tx, moment.now, limit)?;
    let count = overdue.len();
    for id in overdue {
        guest::stop_waiting(tx, id)?;
        let Some(mut request) = store::assignment_request::find(tx, id)? else {
            continue;
        };
        if request.state != State::Delivering {
            continue;
        }
        request.plan_due = false;
        request.failure = Some((
            FailureCode::TargetNotProvisioned.as_str().to_owned(),
            "nobody with the address of the target came into the directory in time".to_owned(),
        ));
        rollup::complete(tx, moment, ctx, request, Event::NoneDelivered)?;
    }
    Ok(count)
}
