//! From when and until when an assignment holds (section 2.9).

use super::{Asker, Expiration, Policy};
use crate::time::{Duration, Timestamp};

/// When an assignment shall end, as a request says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RequestedExpiration {
    /// As the policy has it.
    #[default]
    NotSpecified,
    /// Never.
    Never,
    /// At a date.
    At(Timestamp),
    /// So long after its start.
    After(Duration),
}

/// The schedule that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestedSchedule {
    /// From when; absent is at once.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub expiration: RequestedExpiration,
}

impl RequestedSchedule {
    /// Whether it asks for anything other than what the policy gives by itself.
    pub fn is_custom(&self) -> bool {
        *self != Self::default()
    }
}

/// What policy and request come to, copied into the request (RQ-17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EffectiveSchedule {
    /// From when.
    pub starts_at: Timestamp,
    /// Not longer than until this date.
    pub ends_at: Option<Timestamp>,
    /// Not longer than so long from delivery on (SC-3).
    pub lasts_for: Option<Duration>,
}

impl EffectiveSchedule {
    /// The end, once it is known when delivery started: the earliest that applies.
    pub fn ends_after_start(&self, delivery_started_at: Timestamp) -> Option<Timestamp> {
        let counted = self.lasts_for.map(|long| delivery_started_at.plus(long));
        match (self.ends_at, counted) {
            (Some(date), Some(counted)) => Some(date.min(counted)),
            (date, counted) => date.or(counted),
        }
    }
}

/// Why a schedule cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The policy leaves no choice to requestors.
    #[error("the policy does not let requestors choose the dates")]
    CustomNotAllowed,
    /// It would end before it begins, or before now.
    #[error("the end must be later than the start, and in the future")]
    EndsTooEarly,
    /// It would last longer than the policy allows.
    #[error("the policy does not allow an assignment to last so long")]
    LongerThanPolicy,
    /// An extension would pass the policy's fixed end (SC-4).
    #[error("an extension must not pass the end date of the policy")]
    PastPolicyEnd,
    /// The policy's own end has come.
    #[error("the end date of the policy has passed")]
    PolicyEnded,
}

/// What kind of request the schedule belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleContext {
    /// The time.
    pub now: Timestamp,
    /// Who asks.
    pub asker: Asker,
    /// It changes the schedule of an assignment: then naming one is the point.
    pub is_update: bool,
}

/// The schedule that `requested` comes to by `policy` (SC-1 to SC-5).
pub fn effective_schedule(
    policy: &Policy,
    requested: &RequestedSchedule,
    context: ScheduleContext,
) -> Result<EffectiveSchedule, ScheduleError> {
    let may_choose = match context.asker {
        Asker::Administrator => true,
        Asker::User => context.is_update || policy.settings.requestors.custom_schedule,
    };
    if requested.is_custom() && !may_choose {
        return Err(ScheduleError::CustomNotAllowed);
    }
    let starts_at = requested
        .starts_at
        .map_or(context.now, |start| start.max(context.now));
    check_requested_end(requested.expiration, starts_at)?;

    let expiration = policy.settings.expiration;
    let (ends_at, lasts_for) = match expiration {
        Expiration::Never => match requested.expiration {
            RequestedExpiration::NotSpecified | RequestedExpiration::Never => (None, None),
            RequestedExpiration::At(end) => (Some(end), None),
            RequestedExpiration::After(long) => (None, Some(long)),
        },
        Expiration::At(last) if last <= starts_at => return Err(ScheduleError::PolicyEnded),
        Expiration::At(last) => match requested.expiration {
            RequestedExpiration::NotSpecified | RequestedExpiration::Never => (Some(last), None),
            RequestedExpiration::At(end) if end > last && context.is_update => {
                return Err(ScheduleError::PastPolicyEnd);
            }
            RequestedExpiration::At(end) => (Some(end.min(last)), None),
            RequestedExpiration::After(long) => (Some(last), Some(long)),
        },
        Expiration::After(longest) => match requested.expiration {
            RequestedExpiration::NotSpecified | RequestedExpiration::Never => (None, Some(longest)),
            RequestedExpiration::At(end) if end > starts_at.plus(longest) => {
                return Err(ScheduleError::LongerThanPolicy);
            }
            RequestedExpiration::At(end) => (Some(end), None),
            RequestedExpiration::After(long) if long > longest => {
                return Err(ScheduleError::LongerThanPolicy);
            }
            RequestedExpiration::After(long) => (None, Some(long)),
        },
    };
    Ok(EffectiveSchedule {
        starts_at,
        ends_at,
        lasts_for,
    })
}

/// SC-5. `starts_at` is never before now, so an end after it is in the future.
fn check_requested_end(
    requested: RequestedExpiration,
    starts_at: Timestamp,
) -> Result<(), ScheduleError> {
    let is_too_early = match requested {
        RequestedExpiration::NotSpecified | RequestedExpiration::Never => false,
        RequestedExpiration::At(end) => end <= starts_at,
        RequestedExpiration::After(long) => long <= Duration::default(),
    };
    if is_too_early {
        return Err(ScheduleError::EndsTooEarly);
    }
    Ok(())
}
