//! What a bulk reprocess does to each target, and why it refuses: sums that grow with each chunk.

use std::collections::BTreeMap;

use domain::id::{ReprocessJobId, RequestId};

use crate::column::parsed;
use crate::value::{int, list, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[ADD_TARGET, TARGETS, UNITS, ERRORS, ADD_REFUSAL, REFUSALS];

const ADD_TARGET: &str = "INSERT INTO reprocess_job_target (job_id, target, adds, removes, kept, done, failed) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (job_id, target) DO UPDATE \
    SET adds = reprocess_job_target.adds + excluded.adds, removes = reprocess_job_target.removes + excluded.removes, \
    kept = reprocess_job_target.kept + excluded.kept, done = reprocess_job_target.done + excluded.done, \
    failed = reprocess_job_target.failed + excluded.failed";
const TARGETS: &str = "SELECT target, adds, removes, kept, done, failed FROM reprocess_job_target \
    WHERE job_id = $1 ORDER BY target";
const UNITS: &str = "SELECT l.target, d.outcome, count(*) FROM request_delivery d JOIN ledger l ON l.id = d.grant_id \
    WHERE d.request_id IN EACH($1) AND d.outcome <> 'pending' GROUP BY l.target, d.outcome \
    ORDER BY l.target, d.outcome";
const ERRORS: &str = "SELECT request_id, min(error_code), min(error_message) FROM request_delivery \
    WHERE request_id IN EACH($1) AND outcome = 'failed' AND error_code IS NOT NULL GROUP BY request_id";
const ADD_REFUSAL: &str = "INSERT INTO reprocess_job_refusal (job_id, code, items) VALUES ($1, $2, $3) \
    ON CONFLICT (job_id, code) DO UPDATE SET items = reprocess_job_refusal.items + excluded.items";
const REFUSALS: &str =
    "SELECT code, items FROM reprocess_job_refusal WHERE job_id = $1 ORDER BY code";

/// What a job does to one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TargetTally {
    /// Grants that are missing there.
    pub adds: i64,
    /// Grants that go there.
    pub removes: i64,
    /// Grants that stay there, and are read again.
    pub kept: i64,
    /// Units of work that were done.
    pub done: i64,
    /// Units of work that were given up.
    pub failed: i64,
}

/// Adds to what the job does to its targets.
pub fn add_targets(
    tx: &mut WriteTx<'_>,
    job: ReprocessJobId,
    targets: &BTreeMap<String, TargetTally>,
) -> Result<(), Error> {
    for (target, tally) in targets {
        let args = [
            text(job),
            text(target),
            int(tally.adds),
            int(tally.removes),
            int(tally.kept),
            int(tally.done),
            int(tally.failed),
        ];
        tx.execute(ADD_TARGET, &args)?;
    }
    Ok(())
}

/// What the job does to each target.
pub fn targets(
    tx: &mut ReadTx<'_>,
    job: ReprocessJobId,
) -> Result<Vec<(String, TargetTally)>, Error> {
    tx.query_map(TARGETS, &[text(job)], |row| {
        let tally = TargetTally {
            adds: row.int(1)?,
            removes: row.int(2)?,
            kept: row.int(3)?,
            done: row.int(4)?,
            failed: row.int(5)?,
        };
        Ok((row.text(0)?.to_owned(), tally))
    })
}

/// How the units of work of these requests ended, target by target.
pub fn units(
    tx: &mut ReadTx<'_>,
    requests: &[RequestId],
) -> Result<BTreeMap<String, TargetTally>, Error> {
    let mut all: BTreeMap<String, TargetTally> = BTreeMap::new();
    tx.for_each_row(UNITS, &[list(requests)], |row| {
        let tally = all.entry(row.text(0)?.to_owned()).or_default();
        match row.text(1)? {
            "failed" => tally.failed += row.int(2)?,
            _ => tally.done += row.int(2)?,
        }
        Ok(())
    })?;
    Ok(all)
}

/// Why units of work of these requests were given up: for each request one code and one sentence.
pub fn errors(
    tx: &mut ReadTx<'_>,
    requests: &[RequestId],
) -> Result<Vec<(RequestId, String, String)>, Error> {
    tx.query_map(ERRORS, &[list(requests)], |row| {
        let message = row.opt_text(2)?.unwrap_or_default().to_owned();
        Ok((
            parsed(row, 0, "request_delivery.request_id")?,
            row.text(1)?.to_owned(),
            message,
        ))
    })
}

/// Adds to what the job refuses.
pub fn add_refusals(
    tx: &mut WriteTx<'_>,
    job: ReprocessJobId,
    codes: &BTreeMap<String, i64>,
) -> Result<(), Error> {
    for (code, items) in codes {
        tx.execute(ADD_REFUSAL, &[text(job), text(code), int(*items)])?;
    }
    Ok(())
}

/// How many items are refused, by code.
pub fn refusals(tx: &mut ReadTx<'_>, job: ReprocessJobId) -> Result<Vec<(String, i64)>, Error> {
    tx.query_map(REFUSALS, &[text(job)], |row| {
        Ok((row.text(0)?.to_owned(), row.int(1)?))
    })
}
