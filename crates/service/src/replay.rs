//! Calls that a client repeats under its own `client-request-id` because it did not hear the first answer (RP-41, RS-5).

use std::collections::{BTreeMap, BTreeSet};

use domain::time::{Duration, Timestamp};
use store::accepted_call::{self, Accepted, Call};
use store::{ReadTx, WriteTx};

use crate::authorize;
use crate::ctx::{Ctx, Moment};

/// How long a repeated call gets the first answer again.
const WINDOW: Duration = Duration::from_minutes(10);

/// Whether this caller sent this very call before, under the same `client-request-id`.
pub(crate) fn was_accepted(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    operation: &str,
    id: &str,
) -> Result<bool, store::Error> {
    let Some((caller, client_request_id)) = call_of(ctx) else {
        return Ok(false);
    };
    let call = Call {
        caller_id: &caller,
        client_request_id,
        operation,
        object_id: id,
    };
    accepted_call::was_accepted(tx, &call, moment.now.minus(WINDOW))
}

/// Remembers the call, if the client may ask about it again.
pub(crate) fn remember(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    operation: &str,
    id: &str,
) -> Result<(), store::Error> {
    let Some((caller, client_request_id)) = call_of(ctx) else {
        return Ok(());
    };
    let call = Call {
        caller_id: &caller,
        client_request_id,
        operation,
        object_id: id,
    };
    accepted_call::remember(tx, &call, moment.now)
}

/// Who called, and under which id of their own.
pub(crate) fn call_of(ctx: &Ctx) -> Option<(String, &str)> {
    let caller = authorize::object_of(ctx)?.to_string();
    Some((caller, ctx.client_request_id.as_deref()?))
}

/// Which calls were accepted, for several calls at once: those of before, and those of this transaction.
#[derive(Debug, Default)]
pub(crate) struct Replays {
    known: BTreeMap<Accepted, Timestamp>,
    /// Those of them that are to be stored.
    new: BTreeSet<Accepted>,
}

impl Replays {
    /// What these calls may repeat.
    pub(crate) fn of<'c>(
        tx: &mut ReadTx<'_>,
        calls: impl Iterator<Item = (&'c Moment, &'c Ctx)>,
    ) -> Result<Self, store::Error> {
        let mut asked: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let mut since = None;
        for (moment, ctx) in calls {
            if let Some((caller, client_request_id)) = call_of(ctx) {
                asked.entry(caller).or_default().insert(client_request_id);
                let earliest = moment.now.minus(WINDOW);
                since = Some(since.map_or(earliest, |since: Timestamp| since.min(earliest)));
            }
        }
        let mut all = Self::default();
        if let Some(since) = since {
            for (caller, client_request_ids) in asked {
                let found = accepted_call::find_all(tx, &caller, client_request_ids, since)?;
                all.known.extend(found);
            }
        }
        Ok(all)
    }

    /// Whether this caller sent this very call before, under the same `client-request-id`.
    pub(crate) fn was_accepted(
        &self,
        moment: &Moment,
        ctx: &Ctx,
        operation: &'static str,
        object: &str,
    ) -> bool {
        let since = moment.now.minus(WINDOW);
        call_of(ctx).is_some_and(|(caller, client_request_id)| {
            let call = accepted(caller, client_request_id, operation, object.to_owned());
            self.known.get(&call).is_some_and(|at| *at >= since)
        })
    }

    /// Remembers the call, if the client may ask about it again; in any case, if it `counts` against a limit.
    pub(crate) fn remember(
        &mut self,
        moment: &Moment,
        ctx: &Ctx,
        operation: &'static str,
        object: String,
        counts: bool,
    ) {
        let call = match call_of(ctx) {
            Some((caller, client_request_id)) => {
                accepted(caller, client_request_id, operation, object)
            }
            None if counts => {
                let request_id = ctx.request_id.to_string();
                accepted(String::new(), &request_id, operation, object)
            }
            None => return,
        };
        self.known.insert(call.clone(), moment.now);
        self.new.insert(call);
    }

    /// Writes what is to be remembered.
    pub(crate) fn store(mut self, tx: &mut WriteTx<'_>) -> Result<(), store::Error> {
        self.known.retain(|call, _| self.new.contains(call));
        accepted_call::remember_all(tx, &self.known)
    }
}

fn accepted(
    caller_id: String,
    client_request_id: &str,
    operation: &'static str,
    object_id: String,
) -> Accepted {
    Accepted {
        caller_id,
        client_request_id: client_request_id.to_owned(),
        operation: operation.to_owned(),
        object_id,
    }
}
