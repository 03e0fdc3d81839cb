//! Jobs that are over go once their reports were kept for long enough.
//!
//! **Invariant:** a report goes a bounded number of items at a time, and the job after its last item. Requests and the audit
//! log keep what they say.

use domain::time::Timestamp;
use store::reprocess_job as jobs;
use store::{ReadTx, WriteTx};

use super::{happened, record};
use crate::ctx::Moment;
use crate::settings::Settings;

/// Items that go in one transaction.
const ITEMS: i64 = 1_000;

/// When the next job goes; never, where all are kept.
pub(crate) fn next(
    tx: &mut ReadTx<'_>,
    settings: &Settings,
) -> Result<Option<Timestamp>, store::Error> {
    let Some(keeps) = settings.retention_jobs else {
        return Ok(None);
    };
    Ok(jobs::next_to_go(tx)?.map(|(_, ended)| ended.plus(keeps)))
}

/// Lets go of what may; answers how much that was.
pub(crate) fn purge(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    settings: &Settings,
) -> Result<usize, store::Error> {
    let Some(keeps) = settings.retention_jobs else {
        return Ok(0);
    };
    let Some((id, ended)) = jobs::next_to_go(tx)? else {
        return Ok(0);
    };
    if ended.plus(keeps) > moment.now {
        return Ok(0);
    }
    let job = jobs::find(tx, id)?;
    let items = jobs::forget(tx, id, ITEMS)?;
    if let (0, Some(job)) = (items, job) {
        let event = happened(&job, "deleteReprocessJob").with("reason", "retention.reprocessJobs");
        record(tx, moment, &job, event)?;
    }
    Ok(usize::try_from(items).unwrap_or(usize::MAX).max(1))
}
