//! The tenant's own limit of accepted calls, where one is set (RP-53).

use domain::time::{Duration, Timestamp};
use store::ReadTx;
use store::accepted_call;

use super::accept::OPERATIONS;
use crate::ctx::Moment;
use crate::error::ServiceError;

/// How many calls were accepted within the minute before, those of this transaction included.
#[derive(Debug, Default)]
pub(super) struct Rate {
    limit: Option<u32>,
    /// How many, and when the first was; unknown until somebody asks.
    accepted: Option<(i64, Option<Timestamp>)>,
}

impl Rate {
    pub(super) fn new(limit: Option<u32>) -> Self {
        Self {
            limit,
            accepted: None,
        }
    }

    /// Whether every call has to be remembered, to be counted.
    pub(super) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Refuses what is too much.
    pub(super) fn admit(
        &mut self,
        tx: &mut ReadTx<'_>,
        moment: &Moment,
    ) -> Result<(), ServiceError> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        let minute = Duration::from_minutes(1);
        let (accepted, oldest) = match self.accepted {
            Some(known) => known,
            None => *self.accepted.insert(count(tx, moment.now.minus(minute))?),
        };
        if accepted < i64::from(limit) {
            return Ok(());
        }
        let wait = oldest
            .unwrap_or(moment.now)
            .plus(minute)
            .micros()
            .saturating_sub(moment.now.micros());
        Err(ServiceError::Throttled {
            retry_after: wait.max(0).unsigned_abs().div_ceil(1_000_000).max(1),
        })
    }

    /// One more was accepted.
    pub(super) fn spend(&mut self, moment: &Moment) {
        if let Some((accepted, oldest)) = &mut self.accepted {
            *accepted += 1;
            oldest.get_or_insert(moment.now);
        }
    }
}

fn count(tx: &mut ReadTx<'_>, since: Timestamp) -> Result<(i64, Option<Timestamp>), store::Error> {
    let mut all = 0;
    let mut oldest = None;
    for operation in OPERATIONS {
        let (count, first) = accepted_call::count_since(tx, operation, since)?;
        all += count;
        oldest = [oldest, first].into_iter().flatten().min();
    }
    Ok((all, oldest))
}
