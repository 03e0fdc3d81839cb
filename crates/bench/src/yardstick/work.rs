//! The writes, in the rows that Reeve writes, spelt out by hand. One text for both databases.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::ensure;

use crate::data::{APPROVER, Kind, id, identifier, schedule};

/// A value that is bound.
#[derive(Debug, Clone, Copy)]
pub(super) enum Argument<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(i64),
}

/// A transaction of either database.
pub(super) trait Transaction {
    /// Runs a statement; says how many rows it changed or found.
    fn run(&mut self, sql: &'static str, arguments: &[Argument<'_>]) -> anyhow::Result<u64>;
    /// The texts of the one row that a statement finds.
    fn find(&mut self, sql: &'static str, id: &str) -> anyhow::Result<Option<Vec<String>>>;
}

/// A write.
#[derive(Debug)]
pub(super) enum Work {
    /// What the acceptance of `reprocess` stores of an assignment.
    Accept(String),
    /// What a direct assignment comes to once it is delivered.
    Deliver {
        /// The number of the user.
        user: u64,
        /// The number of the package.
        package: u64,
    },
    /// What a request comes to that two people are to agree to, one after the other.
    Submit {
        /// The number of the user.
        user: u64,
        /// The number of the package.
        package: u64,
        /// The policy.
        policy: String,
    },
}

const FIND_ASSIGNMENT: &str = "SELECT access_package_id, assignment_policy_id, target_id FROM assignment \
    WHERE id = $1 AND state = 'delivered'";
const UPDATE_ASSIGNMENT: &str =
    "UPDATE assignment SET modified_at = $1, version = version + 1 WHERE id = $2";
const INSERT_DUE_REQUEST: &str = "INSERT INTO assignment_request (id, request_type, is_extension, access_package_id, \
    assignment_policy_id, assignment_id, requestor_id, target_id, created_by, state, status, answers, schedule, \
    starts_at, bypass_approval, plan_due, created_at, delivering_since, version) \
    VALUES ($1, 'systemUpdate', FALSE, $2, $3, $4, $5, $5, '00000000-0000-0000-0000-000000000000', 'delivering', \
    'Delivering', '[]', 'null', $6, FALSE, TRUE, $6, $6, 1)";
const INSERT_EVENT: &str = "INSERT INTO audit_event (id, happened_at, activity, category, result, initiated_by, \
    target_resources, additional_details, correlation_id, object_id) \
    VALUES ($1, $2, 'Update access package assignment request', 'EntitlementManagement', 'success', $3, $4, '[]', $5, $6)";

const FIND_SUBJECT: &str = "SELECT object_id FROM subject WHERE id = $1";
const INSERT_REQUEST: &str = "INSERT INTO assignment_request (id, request_type, is_extension, access_package_id, \
    assignment_policy_id, assignment_id, requestor_id, target_id, created_by, state, status, answers, schedule, \
    starts_at, bypass_approval, plan_due, created_at, delivering_since, completed_at, first_completed_at, version) \
    VALUES ($1, 'adminAdd', FALSE, $2, $3, $4, $5, $5, '00000000-0000-0000-0000-000000000000', 'delivered', \
    'Delivered', '[]', $6, $7, FALSE, FALSE, $7, $7, $7, $7, 3)";
const INSERT_ASSIGNMENT: &str = "INSERT INTO assignment (id, access_package_id, assignment_policy_id, target_id, \
    state, status, schedule, starts_at, is_extended, created_at, modified_at, version) \
    VALUES ($1, $2, $3, $4, 'delivered', 'Delivered', $5, $6, FALSE, $6, $6, 2)";
const INSERT_GRANT: &str = "INSERT INTO ledger (id, subject_id, origin_system, resource_origin_id, role_origin_id, \
    scope_origin_id, desired, observed, observed_at, observed_by, preexisting, phase, operation, target, attempts, \
    created_at, version) \
    VALUES ($1, $2, 'AadGroup', $3, $4, $3, TRUE, 'present', $5, 'write', FALSE, 'settled', 'add', 'directory', 0, $5, 3)";
const INSERT_LINK: &str = "INSERT INTO ledger_link (grant_id, assignment_id, resource_role_id, resource_scope_id) \
    VALUES ($1, $2, $3, $4)";
const INSERT_UNIT: &str = "INSERT INTO request_delivery (request_id, grant_id, operation, outcome, kept, attempts, \
    settled_at) VALUES ($1, $2, 'add', 'done', FALSE, 1, $3)";
const INSERT_MEMBER: &str = "INSERT INTO group_member (group_id, member_id) VALUES ($1, $2)";

const INSERT_ACCESS_NOTICE: &str = "INSERT INTO notice (id, number, occasion, request_id, assignment_id, about, \
    recipient_id, state, attempts, due_at, created_at, version) \
    VALUES ($1, 18, 'accessDelivered', $2, $3, $2, $4, 'queued', 0, $5, $5, 1)";

const INSERT_WAITING_REQUEST: &str = "INSERT INTO assignment_request (id, request_type, is_extension, access_package_id, \
    assignment_policy_id, requestor_id, target_id, created_by, state, status, answers, schedule, \
    starts_at, bypass_approval, plan_due, created_at, version) \
    VALUES ($1, 'adminAdd', FALSE, $2, $3, $4, $4, '00000000-0000-0000-0000-000000000000', 'pendingApproval', \
    'PendingApproval', '[]', $5, $6, FALSE, FALSE, $6, 2)";
const INSERT_STAGE: &str = "INSERT INTO approval_stage (id, request_id, ordinal, display_name, status, review_result, \
    is_approver_justification_required, lasts_for, opened_at, due_at, is_escalated, version) \
    VALUES ($1, $2, 0, 'Stage 1', 'InProgress', 'NotReviewed', FALSE, 1209600000000, $3, $4, FALSE, 1)";
const INSERT_LATER_STAGE: &str = "INSERT INTO approval_stage (id, request_id, ordinal, display_name, status, \
    review_result, is_approver_justification_required, lasts_for, is_escalated, version) \
    VALUES ($1, $2, 1, 'Stage 2', 'Initializing', 'NotReviewed', FALSE, 1209600000000, FALSE, 1)";
const INSERT_APPROVER: &str = "INSERT INTO approval_stage_approver (stage_id, principal_id, tier) \
    VALUES ($1, $2, 'primary')";
const INSERT_NOTICE: &str = "INSERT INTO notice (id, number, occasion, request_id, stage_id, about, recipient_id, \
    state, attempts, due_at, created_at, version) VALUES ($1, $2, $3, $4, $5, $5, $6, 'queued', 0, $7, $8, 1)";
/// How long a stage waits.
const STAGE_LASTS: i64 = 1_209_600_000_000;

/// Events that Reeve records of a direct assignment from the request to the delivery.
const EVENTS_OF_A_DELIVERY: usize = 5;

const INITIATED_BY: &str = r#"{"app":{"servicePrincipalId":"01941f29-7c00-7000-800a-000000000000","appId":"01941f29-7c00-7000-800a-000000000000"},"user":null}"#;

impl Work {
    /// Does it.
    pub(super) fn run(&self, tx: &mut dyn Transaction) -> anyhow::Result<()> {
        match self {
            Self::Accept(assignment) => accept(tx, assignment),
            Self::Deliver { user, package } => deliver(tx, *user, *package),
            Self::Submit {
                user,
                package,
                policy,
            } => submit(tx, *user, *package, policy),
        }
    }
}

fn accept(tx: &mut dyn Transaction, assignment: &str) -> anyhow::Result<()> {
    use Argument::{Number, Text};
    let found = tx.find(FIND_ASSIGNMENT, assignment)?;
    let Some([package, policy, target]) = found.as_deref() else {
        anyhow::bail!("no delivered assignment `{assignment}`");
    };
    let now = micros();
    tx.run(UPDATE_ASSIGNMENT, &[Number(now), Text(assignment)])?;
    let request = fresh(Kind::Request, now);
    let row = [
        Text(&request),
        Text(package),
        Text(policy),
        Text(assignment),
        Text(target),
        Number(now),
    ];
    tx.run(INSERT_DUE_REQUEST, &row)?;
    event(tx, &request, now)?;
    event(tx, &request, now)
}

fn deliver(tx: &mut dyn Transaction, user: u64, package: u64) -> anyhow::Result<()> {
    use Argument::{Number, Text};
    let now = micros();
    let subject = id(Kind::Subject, user);
    let found = tx.find(FIND_SUBJECT, &subject)?;
    let Some([member]) = found.as_deref() else {
        anyhow::bail!("no subject `{subject}`");
    };
    let [package_id, policy, group, role, scope] = [
        Kind::Package,
        Kind::Policy,
        Kind::Group,
        Kind::Role,
        Kind::Scope,
    ]
    .map(|kind| id(kind, package));
    let [request, assignment, grant] =
        [Kind::Request, Kind::Assignment, Kind::Grant].map(|kind| fresh(kind, now));
    let (schedule, time) = (schedule(0), Number(now));
    let row = [
        Text(&assignment),
        Text(&package_id),
        Text(&policy),
        Text(&subject),
        Text(&schedule),
        time,
    ];
    tx.run(INSERT_ASSIGNMENT, &row)?;
    let row = [
        Text(&request),
        Text(&package_id),
        Text(&policy),
        Text(&assignment),
        Text(&subject),
        Text(&schedule),
        time,
    ];
    tx.run(INSERT_REQUEST, &row)?;
    let origin = format!("Member_{group}");
    let row = [
        Text(&grant),
        Text(&subject),
        Text(&group),
        Text(&origin),
        time,
    ];
    tx.run(INSERT_GRANT, &row)?;
    let row = [Text(&grant), Text(&assignment), Text(&role), Text(&scope)];
    tx.run(INSERT_LINK, &row)?;
    tx.run(INSERT_UNIT, &[Text(&request), Text(&grant), time])?;
    let joined = tx.run(INSERT_MEMBER, &[Text(&group), Text(member)])?;
    ensure!(joined == 1, "`{member}` did not join `{group}`");
    let row = [
        Text(&fresh(Kind::Notice, now)),
        Text(&request),
        Text(&assignment),
        Text(member),
        time,
    ];
    tx.run(INSERT_ACCESS_NOTICE, &row)?;
    for _ in 0..EVENTS_OF_A_DELIVERY {
        event(tx, &request, now)?;
    }
    Ok(())
}

fn submit(tx: &mut dyn Transaction, user: u64, package: u64, policy: &str) -> anyhow::Result<()> {
    use Argument::{Number, Text};
    let now = micros();
    let subject = id(Kind::Subject, user);
    ensure!(
        tx.find(FIND_SUBJECT, &subject)?.is_some(),
        "no subject `{subject}`"
    );
    let (request, package) = (fresh(Kind::Request, now), id(Kind::Package, package));
    let schedule = schedule(0);
    let row = [
        Text(&request),
        Text(&package),
        Text(policy),
        Text(&subject),
        Text(&schedule),
        Number(now),
    ];
    tx.run(INSERT_WAITING_REQUEST, &row)?;
    event(tx, &request, now)?;
    let (first, second) = (fresh(Kind::Stage, now), fresh(Kind::Stage, now));
    let row = [
        Text(&first),
        Text(&request),
        Number(now),
        Number(now + STAGE_LASTS),
    ];
    tx.run(INSERT_STAGE, &row)?;
    tx.run(INSERT_LATER_STAGE, &[Text(&second), Text(&request)])?;
    let approver = id(Kind::User, APPROVER);
    for stage in [&first, &second] {
        tx.run(INSERT_APPROVER, &[Text(stage), Text(&approver)])?;
    }
    // The first approver is asked now, and again when half of the time is over.
    for (number, occasion, due) in [
        (2, "stageOpened", now),
        (3, "stageReminder", now + STAGE_LASTS / 2),
    ] {
        let row = [
            Text(&fresh(Kind::Notice, now)),
            Number(number),
            Text(occasion),
            Text(&request),
            Text(&first),
            Text(&approver),
            Number(due),
            Number(now),
        ];
        tx.run(INSERT_NOTICE, &row)?;
    }
    Ok(())
}

fn event(tx: &mut dyn Transaction, object: &str, now: i64) -> anyhow::Result<()> {
    use Argument::{Number, Text};
    let about = format!(
        r#"[{{"id":"{object}","displayName":null,"type":"AccessPackageAssignmentRequest","modifiedProperties":[]}}]"#
    );
    let row = [
        Text(&fresh(Kind::Event, now)),
        Number(now),
        Text(INITIATED_BY),
        Text(&about),
        Text(object),
        Text(object),
    ];
    tx.run(INSERT_EVENT, &row)?;
    Ok(())
}

/// An id that nothing else has.
fn fresh(kind: Kind, now: i64) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1 << 32);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    identifier(now.unsigned_abs() / 1_000, kind, number)
}

#[expect(clippy::disallowed_methods, reason = "a yardstick is given no clock")]
fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since.map(|since| since.as_micros()).unwrap_or_default();
    i64::try_from(micros).unwrap_or(i64::MAX)
}
