//! What an operator said about a target: paused or not, and why.
//!
//! The column `fault` is from before [`crate::injected_fault`] and is read by older versions alone.

use domain::time::Timestamp;

use crate::column::{instant, opt_string};
use crate::value::{self, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[LIST, PAUSE];

const LIST: &str = "SELECT target, paused, reason, changed_at FROM target_switch ORDER BY target";
const PAUSE: &str = "INSERT INTO target_switch (target, paused, reason, fault, changed_at) \
    VALUES ($1, $2, $3, NULL, $4) ON CONFLICT (target) DO UPDATE \
    SET paused = excluded.paused, reason = excluded.reason, changed_at = excluded.changed_at";
/// What was said about a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSwitch {
    /// The target's name.
    pub target: String,
    /// Whether deliveries to it wait.
    pub paused: bool,
    /// Why.
    pub reason: Option<String>,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// All that was said.
pub fn list(tx: &mut ReadTx<'_>) -> Result<Vec<TargetSwitch>, Error> {
    tx.query_map(LIST, &[], |row| {
        Ok(TargetSwitch {
            target: row.text(0)?.to_owned(),
            paused: row.boolean(1)?,
            reason: opt_string(row, 2)?,
            changed_at: instant(row, 3)?,
        })
    })
}

/// Pauses a target, or lets it go on.
pub fn pause(
    tx: &mut WriteTx<'_>,
    target: &str,
    paused: bool,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    let args = [
        text(target),
        value::boolean(paused),
        opt_text(reason),
        value::int(now.micros()),
    ];
    tx.execute(PAUSE, &args).map(drop)
}
