//! What was learned about targets that a restart must not forget: how fast they may be asked, and until when not at all.

use domain::time::Timestamp;

use crate::column::opt_instant;
use crate::value::{int, opt_int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[LIST, SAVE];

const LIST: &str =
    "SELECT target, rate, refused_at_rate, held_until FROM target_lesson ORDER BY target";
const SAVE: &str = "INSERT INTO target_lesson (target, rate, refused_at_rate, held_until, learned_at) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (target) DO UPDATE SET rate = excluded.rate, \
    refused_at_rate = excluded.refused_at_rate, held_until = excluded.held_until, learned_at = excluded.learned_at";

/// What a target taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lesson {
    /// Calls in a thousand seconds that it serves, and the rate at which it refused.
    pub rate: Option<(i64, i64)>,
    /// Until when it asked for patience.
    pub held_until: Option<Timestamp>,
}

/// What all targets taught.
pub fn list(tx: &mut ReadTx<'_>) -> Result<Vec<(String, Lesson)>, Error> {
    tx.query_map(LIST, &[], |row| {
        let lesson = Lesson {
            rate: row.opt_int(1)?.zip(row.opt_int(2)?),
            held_until: opt_instant(row, 3)?,
        };
        Ok((row.text(0)?.to_owned(), lesson))
    })
}

/// Keeps what a target taught, in the place of what it taught before.
pub fn save(
    tx: &mut WriteTx<'_>,
    target: &str,
    lesson: Lesson,
    now: Timestamp,
) -> Result<(), Error> {
    let args = [
        text(target),
        opt_int(lesson.rate.map(|(rate, _)| rate)),
        opt_int(lesson.rate.map(|(_, refused)| refused)),
        opt_int(lesson.held_until.map(Timestamp::micros)),
        int(now.micros()),
    ];
    tx.execute(SAVE, &args).map(drop)
}
