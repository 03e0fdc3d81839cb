//! What a rule says and is not done, or not yet done, for one user.
//!
//! **Invariant:** there is at most one note about a user for each policy.

use domain::id::{ObjectId, PolicyId};
use domain::time::Timestamp;

use crate::column::{instant, opt_instant, parsed, word};
use crate::engine::Row;
use crate::value::{int, opt_int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    OF_USER,
    PAGE,
    COUNTS,
    WRITE,
    DELETE,
    FORGET_OF_POLICY,
    FORGET_OF_USER,
    DUE,
    NEXT_DUE,
];

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT n.policy_id, n.object_id, n.kind, n.reason, n.noted_at, n.due_at FROM automatic_note n ",
            $tail
        )
    };
}

const OF_USER: &str = select!("WHERE n.object_id = $1 ORDER BY n.policy_id");
const PAGE: &str =
    select!("WHERE n.policy_id = $1 AND n.object_id > $2 ORDER BY n.object_id LIMIT $3");
const COUNTS: &str =
    "SELECT kind, count(*) FROM automatic_note WHERE policy_id = $1 GROUP BY kind ORDER BY kind";
const WRITE: &str = "INSERT INTO automatic_note (policy_id, object_id, kind, reason, noted_at, due_at) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (policy_id, object_id) DO UPDATE SET kind = $3, reason = $4, \
    noted_at = $5, due_at = $6";
const DELETE: &str = "DELETE FROM automatic_note WHERE policy_id = $1 AND object_id = $2";
// Time that runs goes on: a policy that is saved again does not give more of it.
const FORGET_OF_POLICY: &str =
    "DELETE FROM automatic_note WHERE policy_id = $1 AND kind <> 'grace'";
const FORGET_OF_USER: &str = "DELETE FROM automatic_note WHERE object_id = $1";
// A deleted user has no access to lose; whoever comes back is looked at then.
const DUE: &str = "SELECT DISTINCT n.object_id FROM automatic_note n \
    JOIN directory_user u ON u.id = n.object_id \
    WHERE n.due_at IS NOT NULL AND n.due_at <= $1 AND u.deleted_at IS NULL ORDER BY n.object_id LIMIT $2";
const NEXT_DUE: &str = "SELECT min(n.due_at) FROM automatic_note n \
    JOIN directory_user u ON u.id = n.object_id WHERE n.due_at IS NOT NULL AND u.deleted_at IS NULL";

/// Why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The user should get the package and cannot (AU-3, SD-5).
    Skipped,
    /// The user had the package, and somebody took it on purpose (AU-9).
    Suppressed,
    /// The rule no longer selects the user, who keeps the package for some time (A10).
    Grace,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Skipped, Self::Suppressed, Self::Grace];

    /// The kind in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Suppressed => "suppressed",
            Self::Grace => "grace",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// For which policy.
    pub policy_id: PolicyId,
    /// About whom.
    pub object_id: ObjectId,
    /// Why nothing is done.
    pub kind: Kind,
    /// The same in words.
    pub reason: String,
    /// Since when.
    pub noted_at: Timestamp,
    /// When to look again; never by itself, if nothing is said.
    pub due_at: Option<Timestamp>,
}

/// What is noted about a user.
pub fn of_user(tx: &mut ReadTx<'_>, user: ObjectId) -> Result<Vec<Note>, Error> {
    tx.query_map(OF_USER, &[text(user)], read)
}

/// What is noted for a policy, user by user.
pub fn page(
    tx: &mut ReadTx<'_>,
    policy: PolicyId,
    after: &str,
    limit: i64,
) -> Result<Vec<Note>, Error> {
    tx.query_map(PAGE, &[text(policy), text(after), int(limit)], read)
}

/// How many notes of each kind there are for a policy.
pub fn counts(tx: &mut ReadTx<'_>, policy: PolicyId) -> Result<Vec<(Kind, i64)>, Error> {
    tx.query_map(COUNTS, &[text(policy)], |row| {
        Ok((
            word(row, 0, "automatic_note.kind", Kind::from_name)?,
            row.int(1)?,
        ))
    })
}

/// Writes a note, in place of the one that was there.
pub fn write(tx: &mut WriteTx<'_>, note: &Note) -> Result<(), Error> {
    tx.execute_one(
        WRITE,
        &[
            text(note.policy_id),
            text(note.object_id),
            text(note.kind.as_str()),
            text(&note.reason),
            int(note.noted_at.micros()),
            opt_int(note.due_at.map(Timestamp::micros)),
        ],
    )
}

/// Takes a note away.
pub fn delete(tx: &mut WriteTx<'_>, policy: PolicyId, user: ObjectId) -> Result<(), Error> {
    tx.execute(DELETE, &[text(policy), text(user)]).map(drop)
}

/// Takes away what does not outlive a write of the policy.
pub(crate) fn forget_of_policy(tx: &mut WriteTx<'_>, policy: PolicyId) -> Result<(), Error> {
    tx.execute(FORGET_OF_POLICY, &[text(policy)]).map(drop)
}

/// Takes away all about a user who is gone for good.
pub(crate) fn forget_of_user(tx: &mut WriteTx<'_>, user: ObjectId) -> Result<(), Error> {
    tx.execute(FORGET_OF_USER, &[text(user)]).map(drop)
}

/// The users about whom a note is due.
pub fn due(tx: &mut ReadTx<'_>, now: Timestamp, limit: i64) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(DUE, &[int(now.micros()), int(limit)], |row| {
        parsed(row, 0, "automatic_note.object_id")
    })
}

/// When the next note is due.
pub fn next_due(tx: &mut ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
    opt_instant(&tx.query_one(NEXT_DUE, &[])?, 0)
}

fn read(row: &Row<'_>) -> Result<Note, Error> {
    Ok(Note {
        policy_id: parsed(row, 0, "automatic_note.policy_id")?,
        object_id: parsed(row, 1, "automatic_note.object_id")?,
        kind: word(row, 2, "automatic_note.kind", Kind::from_name)?,
        reason: row.text(3)?.to_owned(),
        noted_at: instant(row, 4)?,
        due_at: opt_instant(row, 5)?,
    })
}
