//! From claimed rows to units of work: the same object together, so that changes to it can share a write (L6).
//!
//! **Invariant:** every claimed row ends up in exactly one unit, or is settled at once because there is nobody to grant
//! to.

use connector_api::{FailureCode, Object, Operation, Subject};
use domain::id::GrantId;
use domain::ledger::{self, Observed};
use service::deliveries::{Settled, Verdict};
use store::ledger::lease::Leased;

use crate::registry::DIRECTORY;

/// One delivery of a unit.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) grant_id: GrantId,
    pub(crate) observed: Observed,
    pub(crate) attempts: i64,
    /// A read of this attempt contradicts what the ledger has observed.
    pub(crate) contradicted: bool,
    pub(crate) subject: Subject,
}

/// The same operation on one object for several subjects.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) object: Object,
    pub(crate) operation: ledger::Operation,
    pub(crate) rows: Vec<Row>,
}

/// Work that is done in sequence, because it changes the same object.
pub(crate) type Unit = Vec<Work>;

/// Sorts claimed rows into units. Where the target takes one subject at a time, an object is not one value that
/// several writes would race for, so each row is a unit of its own.
pub(crate) fn sort(
    target: &str,
    leased: Vec<Leased>,
    max_subjects: usize,
) -> (Vec<Unit>, Vec<Settled>) {
    let mut units: Vec<Unit> = Vec::new();
    let mut settled = Vec::new();
    let mut places = std::collections::HashMap::new();
    for row in leased {
        let Some(subject) = subject_of(target, &row) else {
            settled.push(nobody(&row));
            continue;
        };
        let object = object_of(&row);
        let operation = row.operation;
        let new = Row {
            grant_id: row.id,
            observed: row.observed,
            attempts: row.attempts,
            contradicted: false,
            subject,
        };
        let place = *places.entry(object.clone()).or_insert_with(|| {
            units.push(Vec::new());
            units.len() - 1
        });
        let Some(unit) = units.get_mut(place) else {
            continue;
        };
        match unit.iter_mut().find(|work| work.operation == operation) {
            Some(work) if max_subjects > 1 => work.rows.push(new),
            Some(_) => units.push(vec![Work {
                object,
                operation,
                rows: vec![new],
            }]),
            None => unit.push(Work {
                object,
                operation,
                rows: vec![new],
            }),
        }
    }
    (units, settled)
}

/// How the connectors say it.
pub(crate) const fn direction(operation: ledger::Operation) -> Operation {
    match operation {
        ledger::Operation::Add => Operation::Add,
        ledger::Operation::Remove => Operation::Remove,
    }
}

/// The subject as connectors know it; nobody, if there is no one to change anything for. Access is never granted to
/// a subject that the directory does not know or has deleted (AS-16), but it is taken from one as long as it can be
/// told who it was: by its directory id in the directory itself, by its sign-in name elsewhere.
fn subject_of(target: &str, row: &Leased) -> Option<Subject> {
    let object_id = row.object_id?;
    let is_findable = row.known || row.user_principal_name.is_some() || target == DIRECTORY;
    let allowed = match row.operation {
        ledger::Operation::Add => row.known && !row.deleted,
        ledger::Operation::Remove => is_findable,
    };
    allowed.then(|| Subject {
        id: row.subject_id,
        object_id,
        user_principal_name: row.user_principal_name.clone().unwrap_or_default(),
        display_name: row.display_name.clone(),
        given_name: row.given_name.clone(),
        surname: row.surname.clone(),
        mail: row.mail.clone(),
        enabled: row.enabled,
    })
}

fn object_of(row: &Leased) -> Object {
    Object {
        origin_system: row.origin_system.clone(),
        resource_origin_id: row.resource_origin_id.clone(),
        resource_display_name: row.resource_display_name.clone(),
        role_origin_id: row.role_origin_id.clone(),
        role_display_name: row
            .role_display_name
            .clone()
            .unwrap_or_else(|| role_name(&row.role_origin_id, &row.resource_origin_id).to_owned()),
        scope_origin_id: row.scope_origin_id.clone(),
        address: row.address.clone(),
    }
}

/// `Member` of `Member_{group id}`; other roles are told by their id.
pub(crate) fn role_name<'a>(role: &'a str, resource: &str) -> &'a str {
    role.strip_suffix(resource)
        .and_then(|name| name.strip_suffix('_'))
        .unwrap_or(role)
}

fn nobody(row: &Leased) -> Settled {
    let (code, message) = if row.known && row.deleted {
        (
            FailureCode::TargetDeleted,
            "the subject is deleted in the directory",
        )
    } else {
        (
            FailureCode::TargetNotFound,
            "the directory does not know the subject",
        )
    };
    Settled {
        grant_id: row.id,
        operation: row.operation,
        result: Verdict::Failed {
            code,
            message: message.to_owned(),
            in_doubt: false,
            permanent: true,
            retry_after: None,
            attempts: row.attempts,
        },
    }
}
