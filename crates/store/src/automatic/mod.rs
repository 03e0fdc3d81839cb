//! Assignment by rule: the policies that do so, who has to be looked at, and what was left undone.
//!
//! **Invariant:** the rows of `automatic_policy` are what the documents of the policies say: nothing else writes them.

pub mod due;
pub mod facts;
pub mod note;
pub mod sweep;

use domain::id::{AccessPackageId, AssignmentId, ObjectId, PolicyId};
use domain::membership_rule::Rule;
use domain::policy::{AutomaticSettings, Policy};
use domain::subscription::ChangeType;
use domain::time::{Duration, Timestamp};

use crate::column::{instant, opt_duration, opt_instant, parsed};
use crate::engine::Row;
use crate::value::{boolean, int, opt_int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    ANY,
    FIND,
    OF_PACKAGE,
    ALL,
    KEEP,
    FORGET,
    COUNT_HELD,
    HAND_OVER,
    REMOVAL_FAILED,
];

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT policy_id, access_package_id, rule, adds, removes, grace, created_at, evaluated_at ",
            "FROM automatic_policy ",
            $tail
        )
    };
}

const ANY: &str = "SELECT 1 FROM automatic_policy LIMIT 1";
const FIND: &str = select!("WHERE policy_id = $1");
const OF_PACKAGE: &str = select!("WHERE access_package_id = $1 ORDER BY created_at, policy_id");
const ALL: &str = select!("ORDER BY access_package_id, created_at, policy_id");
const KEEP: &str = "INSERT INTO automatic_policy (policy_id, access_package_id, rule, adds, removes, grace, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (policy_id) DO UPDATE SET rule = $3, adds = $4, removes = $5, \
    grace = $6";
const FORGET: &str = "DELETE FROM automatic_policy WHERE policy_id = $1";
const COUNT_HELD: &str = "SELECT count(*) FROM assignment WHERE assignment_policy_id = $1 \
    AND state IN ('delivering', 'delivered', 'partiallyDelivered')";
const HAND_OVER: &str = "UPDATE assignment SET assignment_policy_id = $3, status = $4, modified_at = $5, \
    version = version + 1 WHERE id = $1 AND version = $2";
const REMOVAL_FAILED: &str = "SELECT 1 FROM assignment_request WHERE assignment_id = $1 \
    AND request_type IN ('systemRemove', 'adminRemove', 'userRemove', 'approverRemove') \
    AND state IN ('deliveryFailed', 'partiallyDelivered') LIMIT 1";

/// A policy that assigns by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomaticPolicy {
    /// The policy.
    pub policy_id: PolicyId,
    /// The package.
    pub access_package_id: AccessPackageId,
    /// Its rule, as it was written.
    pub rule: String,
    /// What follows from the rule.
    pub settings: AutomaticSettings,
    /// When the policy was made.
    pub created_at: Timestamp,
    /// When the rule was last asked of everybody.
    pub evaluated_at: Option<Timestamp>,
}

/// Whether any policy assigns by itself.
pub fn is_any(tx: &mut ReadTx<'_>) -> Result<bool, Error> {
    Ok(tx.query_opt(ANY, &[])?.is_some())
}

/// The automatic policy of this id.
pub fn find(tx: &mut ReadTx<'_>, id: PolicyId) -> Result<Option<AutomaticPolicy>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The automatic policies of a package, oldest first.
pub fn of_package(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
) -> Result<Vec<AutomaticPolicy>, Error> {
    tx.query_map(OF_PACKAGE, &[text(package)], read)
}

/// Every automatic policy, package by package, oldest first.
pub fn all(tx: &mut ReadTx<'_>) -> Result<Vec<AutomaticPolicy>, Error> {
    tx.query_map(ALL, &[], read)
}

/// Keeps what the document of a policy says of assigning by itself. Whoever wrote it wants everybody to be looked at anew,
/// and what was suppressed so far forgotten (AU-9).
pub(crate) fn keep(tx: &mut WriteTx<'_>, policy: &Policy, now: Timestamp) -> Result<(), Error> {
    let changed = match policy.settings.automatic_rule() {
        Some((settings, rule)) => {
            tx.execute_one(
                KEEP,
                &[
                    text(policy.id),
                    text(policy.access_package_id),
                    text(rule),
                    boolean(settings.adds),
                    boolean(settings.removes),
                    opt_int(settings.grace.map(Duration::micros)),
                    int(policy.created_at.micros()),
                ],
            )?;
            note::forget_of_policy(tx, policy.id)?;
            true
        }
        None => tx.execute(FORGET, &[text(policy.id)])? > 0,
    };
    if changed {
        sweep::request(tx, policy.access_package_id, now)?;
    }
    Ok(())
}

/// A policy of a package is gone: where others assign by themselves, everybody is looked at anew.
pub(crate) fn left_by(
    tx: &mut WriteTx<'_>,
    package: AccessPackageId,
    now: Timestamp,
) -> Result<(), Error> {
    if of_package(tx, package)?.is_empty() {
        return Ok(());
    }
    sweep::request(tx, package, now)
}

/// How many hold the package by this policy.
pub fn count_held(tx: &mut ReadTx<'_>, policy: PolicyId) -> Result<i64, Error> {
    tx.query_one(COUNT_HELD, &[text(policy)])?.int(0)
}

/// An assignment that goes by another policy from now on, with the text beside its state.
pub fn hand_over(
    tx: &mut WriteTx<'_>,
    assignment: (AssignmentId, i64),
    to: PolicyId,
    status: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let (id, version) = assignment;
    tx.execute_one(
        HAND_OVER,
        &[
            text(id),
            int(version),
            text(to),
            text(status),
            int(now.micros()),
        ],
    )?;
    crate::assignment::note(tx, id, ChangeType::Updated);
    Ok(())
}

/// Whether somebody tried to remove the assignment and could not: its request can be reprocessed.
pub fn has_failed_removal(tx: &mut ReadTx<'_>, assignment: AssignmentId) -> Result<bool, Error> {
    Ok(tx.query_opt(REMOVAL_FAILED, &[text(assignment)])?.is_some())
}

impl AutomaticPolicy {
    /// The rule as it is understood; an error quarantines the policy (AU-6).
    pub fn parse(&self) -> Result<Rule, domain::membership_rule::InvalidRule> {
        Rule::parse(&self.rule)
    }
}

fn read(row: &Row<'_>) -> Result<AutomaticPolicy, Error> {
    Ok(AutomaticPolicy {
        policy_id: parsed(row, 0, "automatic_policy.policy_id")?,
        access_package_id: parsed(row, 1, "automatic_policy.access_package_id")?,
        rule: row.text(2)?.to_owned(),
        settings: AutomaticSettings {
            adds: row.boolean(3)?,
            removes: row.boolean(4)?,
            grace: opt_duration(row, 5)?,
        },
        created_at: instant(row, 6)?,
        evaluated_at: opt_instant(row, 7)?,
    })
}

/// A user with what is known of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user.
    pub id: ObjectId,
    /// What the rules can ask about them.
    pub facts: domain::membership_rule::Facts,
}
