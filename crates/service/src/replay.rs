//! Calls that a client repeats under its own `client-request-id` because it did not hear the first answer (RP-41, RS-5).

use domain::time::Duration;
use store::WriteTx;
use store::accepted_call::{self, Call};

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
