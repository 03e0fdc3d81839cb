//! People from outside: whom a request by mail address is for, how they come into the directory, and when their account
//! goes again (section 3.4).
//!
//! **Invariant:** whatever has to wait is a row with a time, so that a restart or a moved clock loses nothing.

mod accounts;
mod arrival;

pub(crate) use arrival::{Arrival, arrive};

use domain::connected_organization::OrganizationState;
use domain::guest::MailAddress;
use domain::id::{ConnectedOrganizationId, SubjectId};
use domain::policy::{Target, TargetKind};
use domain::time::Timestamp;
use store::subject::Subject;
use store::{ReadTx, WriteTx, connected_organization};

use crate::ctx::{Ctx, Moment};
use crate::error::ServiceError;
use crate::settings::GuestSettings;

/// Does what is due: requests that waited long enough, accounts to look at or to delete, users who were deleted long ago.
/// Answers how much there was.
pub(crate) fn run_due(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    limit: i64,
) -> Result<usize, ServiceError> {
    Ok(arrival::give_up(tx, moment, ctx, limit)?
        + accounts::look(tx, moment, ctx, limit)?
        + accounts::delete_due(tx, moment, ctx, limit)?
        + accounts::remove_for_good(tx, moment, ctx, limit)?)
}

/// When the next of these things is due.
pub(crate) fn next_due(
    tx: &mut ReadTx<'_>,
    settings: &GuestSettings,
) -> Result<Option<Timestamp>, ServiceError> {
    Ok(store::guest::next_due(tx, settings.restorable)?)
}

/// What the policies need to know about somebody who is known by an address only.
pub(crate) fn facts_of_stranger(
    tx: &mut ReadTx<'_>,
    address: &MailAddress,
) -> Result<Target, ServiceError> {
    let organization = connected_organization::of_domain(tx, address.domain())?;
    Ok(Target {
        kind: TargetKind::External,
        object_id: None,
        groups: std::collections::BTreeSet::new(),
        organization: organization.map(|(id, state)| (id, state == OrganizationState::Configured)),
        facts: None,
    })
}

/// The connected organization that a subject belongs to: by their account, or else by their address.
pub(crate) fn organization_of(
    tx: &mut ReadTx<'_>,
    subject: SubjectId,
) -> Result<Option<ConnectedOrganizationId>, ServiceError> {
    let Some(subject) = store::subject::find(tx, subject)? else {
        return Ok(None);
    };
    let organization = match (subject.object_id, address_of(&subject)) {
        (Some(object), _) => connected_organization::of_guest(tx, object)?,
        (None, Some(address)) => connected_organization::of_domain(tx, address.domain())?,
        (None, None) => None,
    };
    Ok(organization.map(|(id, _)| id))
}

/// The address of a subject whom the directory does not know.
pub(crate) fn address_of(subject: &Subject) -> Option<MailAddress> {
    let email = subject
        .email
        .as_deref()
        .filter(|_| subject.object_id.is_none());
    email.and_then(|email| MailAddress::parse(email).ok())
}
