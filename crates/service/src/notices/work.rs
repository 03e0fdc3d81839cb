//! Notices handed out under leases, and what came of them.
//!
//! **Invariant:** what is handed out counts as sent or unknown from then on; only a sender that says it was refused makes
//! it due again (NO-3).

use auth::roles::Action;
use domain::activity::Activity;
use domain::assignment;
use domain::assignment_request::State;
use domain::id::NoticeId;
use domain::notice::{NoticeState, Occasion, retry_after};
use domain::time::{Duration, Timestamp};
use serde_json::Value as Json;
use store::WriteTx;
use store::notice::Notice;
use store::outbox::Lease;

use super::facts::compose;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::{audit, authorize};

/// How long a claimed notice is left to whoever claimed it: several times what a mail server may take.
pub const LEASE: Duration = Duration::from_minutes(5);

/// A mail to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The notice's id, by which mail servers know the message.
    pub id: NoticeId,
    /// Its number in the documented table.
    pub number: i64,
    /// What happened.
    pub occasion: Occasion,
    /// The recipient's name.
    pub name: String,
    /// The recipient's address.
    pub address: String,
    /// What the text is made of.
    pub data: Json,
}

/// What came of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A mail server took it.
    Mailed,
    /// It was written to the log.
    Logged,
    /// It was not taken, and may be later.
    Postponed {
        /// Why, in one sentence.
        reason: String,
    },
    /// It was not taken, and never will be.
    Refused {
        /// Why, in one sentence.
        reason: String,
    },
    /// Nobody knows whether it was taken.
    Unknown {
        /// Why, in one sentence.
        reason: String,
    },
}

/// Claims up to `limit` notices that are due for `owner`, which must be new. Those that are void by now are dropped.
pub async fn claim(service: &Service, owner: &str, limit: i64) -> Result<Vec<Mail>, ServiceError> {
    let moment = service.moment();
    let owner = owner.to_owned();
    service
        .store
        .write(move |tx| -> Result<Vec<Mail>, ServiceError> {
            let lease = Lease {
                owner: &owner,
                now: moment.now,
                until: moment.now.plus(LEASE),
            };
            let claimed = store::notice::claim(tx, lease, limit)?;
            let mut mails = Vec::new();
            for mut notice in claimed {
                match compose(tx, &notice)? {
                    Ok(mail) => {
                        notice.address = Some(mail.address.clone());
                        store::notice::save(tx, &notice)?;
                        mails.push(mail);
                    }
                    Err(reason) => {
                        finish(
                            &mut notice,
                            &moment,
                            NoticeState::Dropped,
                            Some(reason.to_owned()),
                        );
                        store::notice::save(tx, &notice)?;
                    }
                }
            }
            Ok(mails)
        })
        .await
}

/// When the next notice is due that nobody has claimed.
pub async fn next_due(service: &Service) -> Result<Option<Timestamp>, ServiceError> {
    Ok(service.store.read(store::notice::next_due).await?)
}

/// Records what came of a mail, if it was still this owner's to send.
pub async fn record(
    service: &Service,
    owner: &str,
    id: NoticeId,
    outcome: Outcome,
) -> Result<(), ServiceError> {
    let moment = service.moment();
    let owner = owner.to_owned();
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let Some(mut notice) = store::notice::find(tx, id)? else {
                return Ok(());
            };
            if notice.lease_owner.as_deref() != Some(&owner) {
                return Ok(());
            }
            match &outcome {
                Outcome::Mailed => {
                    finish(&mut notice, &moment, NoticeState::Sent, None);
                    show(tx, &notice)?;
                }
                Outcome::Logged => finish(&mut notice, &moment, NoticeState::Sent, None),
                Outcome::Postponed { reason } => postpone(&mut notice, &moment, reason),
                Outcome::Refused { reason } => {
                    finish(
                        &mut notice,
                        &moment,
                        NoticeState::Failed,
                        Some(reason.clone()),
                    );
                }
                Outcome::Unknown { reason } => {
                    finish(
                        &mut notice,
                        &moment,
                        NoticeState::Uncertain,
                        Some(reason.clone()),
                    );
                }
            }
            Ok(store::notice::save(tx, &notice)?)
        })
        .await
}

fn postpone(notice: &mut Notice, moment: &Moment, reason: &str) {
    notice.attempts += 1;
    let Some(gap) = retry_after(notice.attempts) else {
        let reason = format!("given up after {} attempts: {reason}", notice.attempts);
        finish(notice, moment, NoticeState::Failed, Some(reason));
        return;
    };
    notice.state = NoticeState::Queued;
    notice.due_at = Some(moment.now.plus(gap));
    notice.lease_owner = None;
    notice.lease_until = None;
    notice.failure = Some(reason.to_owned());
}

fn finish(notice: &mut Notice, moment: &Moment, state: NoticeState, failure: Option<String>) {
    notice.state = state;
    notice.due_at = None;
    notice.lease_owner = None;
    notice.lease_until = None;
    notice.failure = failure;
    notice.finished_at = Some(moment.now);
}

/// Requests and assignments tell in their `status` that the mail went out (semantics 2.4, 3.1).
fn show(tx: &mut WriteTx<'_>, notice: &Notice) -> Result<(), ServiceError> {
    let request = match notice.request_id {
        Some(id) => store::assignment_request::find(tx, id)?,
        None => None,
    };
    if let Some(mut request) = request {
        let told = match (notice.occasion, request.state, request.status.as_str()) {
            (Occasion::AccessDelivered | Occasion::AccessEnded, State::Delivered, "Delivered") => {
                "FulfilledNotificationTriggered"
            }
            (Occasion::RequestDenied, State::Denied, "Denied") => "DeniedNotificationTriggered",
            (Occasion::RequestExpired, State::Denied, "Expired") => "ExpiredNotificationTriggered",
            _ => return Ok(()),
        };
        told.clone_into(&mut request.status);
        store::assignment_request::save(tx, &request)?;
    }
    if notice.occasion == Occasion::AccessEnded
        && let Some(id) = notice.assignment_id
        && let Some(mut assignment) = store::assignment::find(tx, id)?
        && assignment.state == assignment::State::Expired
    {
        "ExpiredNotificationTriggered".clone_into(&mut assignment.status);
        store::assignment::save(tx, &assignment)?;
    }
    Ok(())
}

/// The notices in a state, the oldest first, after the one that is given.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    state: NoticeState,
    after: Option<NoticeId>,
    limit: i64,
) -> Result<Vec<Notice>, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadSettings)?;
    service
        .store
        .read(move |tx| -> Result<_, ServiceError> {
            let start = match after {
                Some(id) => store::notice::find(tx, id)?
                    .map(|notice| (notice.created_at, notice.id.to_string())),
                None => None,
            };
            let (at, id) = start.unwrap_or((Timestamp::from_micros(i64::MIN), String::new()));
            Ok(store::notice::list(tx, state, (at, &id), limit)?)
        })
        .await
}

/// How many notices there are in each state.
pub async fn overview(
    service: &Service,
    ctx: &Ctx,
) -> Result<Vec<(NoticeState, i64)>, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadSettings)?;
    Ok(service.store.read(store::notice::counts).await?)
}

/// Has a notice sent, or sent again, that came to no good end.
pub async fn retry(service: &Service, ctx: &Ctx, id: NoticeId) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, caller) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let mut notice = store::notice::find(tx, id)?
                .ok_or_else(|| ServiceError::not_found("notice", id))?;
            let is_over = matches!(
                notice.state,
                NoticeState::Failed
                    | NoticeState::Uncertain
                    | NoticeState::Dropped
                    | NoticeState::Withheld
            );
            if !is_over {
                return Err(ServiceError::refused(
                    Code::BadRequest,
                    format!(
                        "the notice is {}, so there is nothing to send again",
                        notice.state
                    ),
                ));
            }
            notice.state = NoticeState::Queued;
            notice.attempts = 0;
            notice.due_at = Some(moment.now);
            notice.failure = None;
            notice.finished_at = None;
            store::notice::save(tx, &notice)?;
            let event = audit::success(Activity::RetryNotice, "Notice", id, None);
            Ok(audit::record(tx, &moment, &caller, event)?)
        })
        .await?;
    service.wake();
    Ok(())
}
