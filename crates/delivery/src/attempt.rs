//! One attempt of a unit of work: look, write, halve what fails as a whole, verify.
//!
//! - What was observed to be so already is read first, and written only if it is not so (RP-8, RP-21).
//! - Changes to one object share a write up to the target's cap; a write that fails as a whole is halved until the bad
//!   subject stands alone (L6).
//! - A success that the answer does not prove is read back before it counts (L2).
//!
//! **Invariant:** a row is reported once, or not at all when it was not tried; then its lease is given back.

use std::time::Duration as RealTime;

use connector_api::{Applied, Change, FailureCode, Object, Outcome, Presence, Subject};
use domain::ledger::{Observed, Operation};
use domain::time::Timestamp;
use service::deliveries::{Settled, Verdict};
use store::ledger::lease::ObservedBy;
use tokio::sync::mpsc::UnboundedSender;

use crate::batch::{Row, Unit, Work, direction};
use crate::lane::{Lane, domain_duration};

/// What a row came to, and whether the target was changed by it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) settled: Settled,
    pub(crate) changed: bool,
}

/// Brings a unit to its target and reports each row as soon as it is known.
pub(crate) async fn run(
    lane: &Lane,
    lease_until: Timestamp,
    unit: Unit,
    reports: UnboundedSender<Report>,
) {
    let attempt = Attempt {
        lane,
        lease_until,
        reports,
    };
    for work in unit {
        attempt.deliver(work).await;
    }
}

/// Whether the answer is about the write as a whole because of one of its subjects, rather than about the target.
fn may_be_one_subject(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Refused { .. } => true,
        Outcome::Retry { after, reason } => {
            after.is_none()
                && !matches!(
                    reason.code,
                    FailureCode::OriginUnavailable | FailureCode::OriginThrottled
                )
        }
        Outcome::Done { .. } | Outcome::AlreadySo | Outcome::CredentialsRejected { .. } => false,
    }
}

struct Attempt<'a> {
    lane: &'a Lane,
    lease_until: Timestamp,
    reports: UnboundedSender<Report>,
}

impl Attempt<'_> {
    async fn deliver(&self, work: Work) {
        let Work {
            object,
            operation,
            rows,
        } = work;
        let (seen, mut to_write): (Vec<Row>, Vec<Row>) = rows
            .into_iter()
            .partition(|row| row.observed == operation.leads_to());
        for chunk in chunks(seen, self.lane.max_subjects) {
            to_write.extend(self.look(&object, operation, chunk).await);
        }
        for chunk in chunks(to_write, self.lane.max_subjects) {
            self.write(&object, operation, chunk).await;
        }
    }

    /// Reads what should be so already; the rows that are not so are left to be written.
    async fn look(&self, object: &Object, operation: Operation, rows: Vec<Row>) -> Vec<Row> {
        let subjects = subjects(&rows);
        let mut missing = Vec::new();
        match self
            .lane
            .observe(object, &subjects, Some(self.lease_until))
            .await
        {
            None => {}
            Some(Err(outcome)) => self.fail_all(operation, rows, &outcome, false),
            Some(Ok(presences)) => {
                let mut presences = presences.into_iter();
                for mut row in rows {
                    match presences.next() {
                        Some(presence) if is_so(presence, operation) => {
                            self.done(operation, &row, ObservedBy::Read, false, false);
                        }
                        Some(_) => {
                            row.contradicted = true;
                            missing.push(row);
                        }
                        None => self.fail(operation, &row, &half_answer(), false),
                    }
                }
            }
        }
        missing
    }

    async fn write(&self, object: &Object, operation: Operation, rows: Vec<Row>) {
        let mut unverified = Vec::new();
        let mut to_do = vec![rows];
        while let Some(mut rows) = to_do.pop() {
            let change = Change {
                object: object.clone(),
                operation: direction(operation),
                subjects: subjects(&rows),
            };
            let outcomes = match self.lane.apply(&change, self.lease_until).await {
                None => continue,
                Some(Applied::Whole(outcome)) if rows.len() > 1 && may_be_one_subject(&outcome) => {
                    let half = rows.split_off(rows.len() / 2);
                    to_do.extend([half, rows]);
                    continue;
                }
                Some(Applied::Whole(outcome)) => vec![outcome; rows.len()],
                Some(Applied::Each(outcomes)) => outcomes,
            };
            let mut outcomes = outcomes.into_iter();
            for row in rows {
                match outcomes.next().unwrap_or_else(half_answer) {
                    Outcome::Done { verified: false } => unverified.push(row),
                    Outcome::Done { verified: true } => {
                        self.done(operation, &row, ObservedBy::Write, false, true);
                    }
                    Outcome::AlreadySo => {
                        let first = is_first_sight(operation, &row);
                        self.done(operation, &row, ObservedBy::Write, first, false);
                    }
                    failed @ (Outcome::Retry { .. }
                    | Outcome::Refused { .. }
                    | Outcome::CredentialsRejected { .. }) => {
                        self.fail(operation, &row, &failed, true);
                    }
                }
            }
        }
        if !unverified.is_empty() {
            self.verify(object, operation, unverified).await;
        }
    }

    /// Reads back what was written but not proved. This is tried even if the lane has closed meanwhile: the write is out.
    async fn verify(&self, object: &Object, operation: Operation, rows: Vec<Row>) {
        let presences = match self.lane.observe(object, &subjects(&rows), None).await {
            None => return,
            Some(Err(outcome)) => return self.fail_all(operation, rows, &outcome, true),
            Some(Ok(presences)) => presences,
        };
        let mut presences = presences.into_iter();
        for row in rows {
            match presences.next() {
                Some(presence) if is_so(presence, operation) => {
                    self.done(operation, &row, ObservedBy::Read, false, true);
                }
                Some(_) => self.fail(
                    operation,
                    &row,
                    &Outcome::retry(
                        FailureCode::ConnectorError,
                        "the target took the change but does not show it",
                    ),
                    true,
                ),
                None => self.fail(operation, &row, &half_answer(), true),
            }
        }
    }

    fn done(
        &self,
        operation: Operation,
        row: &Row,
        by: ObservedBy,
        preexisting: bool,
        changed: bool,
    ) {
        let result = Verdict::Done { by, preexisting };
        self.report(
            Settled {
                grant_id: row.grant_id,
                operation,
                result,
            },
            changed,
        );
    }

    fn fail_all(&self, operation: Operation, rows: Vec<Row>, outcome: &Outcome, sent: bool) {
        for row in rows {
            self.fail(operation, &row, outcome, sent);
        }
    }

    fn fail(&self, operation: Operation, row: &Row, outcome: &Outcome, sent: bool) {
        self.report(failure(operation, row, outcome, sent), false);
    }

    fn report(&self, settled: Settled, changed: bool) {
        // Nobody listens any more only when the engine is dropped; then the lease expires.
        let _gone = self.reports.send(Report { settled, changed });
    }
}

/// How a row that did not succeed is recorded. After a write was sent the row is in doubt unless the target refused
/// it; and what a read contradicted is not known any more either.
pub(crate) fn failure(operation: Operation, row: &Row, outcome: &Outcome, sent: bool) -> Settled {
    let (permanent, retry_after): (bool, Option<RealTime>) = match outcome {
        Outcome::Retry { after, .. } => (false, *after),
        Outcome::Refused { .. } | Outcome::CredentialsRejected { .. } => (true, None),
        Outcome::Done { .. } | Outcome::AlreadySo => (false, None),
    };
    let (code, message) = match outcome.reason() {
        Some(reason) => (reason.code, reason.message.clone()),
        None => (
            FailureCode::ConnectorError,
            "the connector answered a read with a success of a write".to_owned(),
        ),
    };
    Settled {
        grant_id: row.grant_id,
        operation,
        result: Verdict::Failed {
            code,
            message,
            in_doubt: row.contradicted || (sent && !permanent),
            permanent,
            retry_after: retry_after.map(domain_duration),
            attempts: row.attempts,
        },
    }
}

/// AS-3: access that is there at the first attempt of a grant that was never seen before.
fn is_first_sight(operation: Operation, row: &Row) -> bool {
    operation == Operation::Add && row.attempts == 1 && row.observed == Observed::Unknown
}

const fn is_so(presence: Presence, operation: Operation) -> bool {
    matches!(
        (presence, operation),
        (Presence::Present, Operation::Add) | (Presence::Absent, Operation::Remove)
    )
}

fn half_answer() -> Outcome {
    Outcome::retry(
        FailureCode::ConnectorError,
        "the connector did not answer for every subject",
    )
}

fn subjects(rows: &[Row]) -> Vec<Subject> {
    rows.iter().map(|row| row.subject.clone()).collect()
}

/// Cuts rows into pieces of at most `size`.
fn chunks(mut rows: Vec<Row>, size: usize) -> Vec<Vec<Row>> {
    let mut pieces = Vec::new();
    while rows.len() > size {
        let rest = rows.split_off(size);
        pieces.push(std::mem::replace(&mut rows, rest));
    }
    if !rows.is_empty() {
        pieces.push(rows);
    }
    pieces
}
