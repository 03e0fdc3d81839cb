//! The grants of an object as a sweep reads them, and what it saw of them.
//!
//! **Invariant:** what was seen is written only over the version that was read before the look, and only where nothing is
//! in flight: who changed a grant in between knows better.

use domain::id::{AssignmentId, GrantId, ObjectId, ResourceId, SubjectId};
use domain::ledger::{Observed, Phase};
use domain::time::Timestamp;

use super::Place;
use crate::column::{opt_parsed, opt_string, parsed, word};
use crate::value::{boolean, int, list, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    NAMES,
    PAGE,
    PEOPLE,
    SEEN,
    RESTORABLE,
    UNWANTED,
    CONSENT,
    OPEN_GRANT,
    AGES,
    SET_AUTHORITATIVE,
];

const NAMES: &str = "SELECT COALESCE(g.display_name, p.display_name, $1), b.address, \
    (SELECT min(rr.display_name) FROM resource_role rr WHERE rr.origin_id = $2 AND rr.origin_system = $3) \
    FROM (SELECT 1 AS one) AS always LEFT JOIN directory_group g ON g.id = $1 \
    LEFT JOIN service_principal p ON p.id = $1 LEFT JOIN target_binding b ON b.object_id = $1";
const PAGE: &str = "SELECT l.id, l.version, l.phase, l.desired, l.observed, s.id, s.object_id, \
    COALESCE(u.user_principal_name, s.principal_name, ''), COALESCE(u.display_name, sp.display_name, s.display_name, ''), \
    u.given_name, u.surname, COALESCE(u.mail, s.email), COALESCE(u.account_enabled, sp.account_enabled, FALSE), \
    (u.id IS NOT NULL AND u.deleted_at IS NULL) OR sp.id IS NOT NULL \
    FROM ledger l JOIN subject s ON s.id = l.subject_id LEFT JOIN directory_user u ON u.id = s.object_id \
    LEFT JOIN service_principal sp ON sp.id = s.object_id \
    WHERE l.origin_system = $1 AND l.resource_origin_id = $2 AND l.role_origin_id = $3 AND l.scope_origin_id = $4 \
    AND l.subject_id > $6 AND l.target = $5 ORDER BY l.subject_id LIMIT $7";
const PEOPLE: &str = "SELECT u.id, u.user_principal_name, u.display_name, u.given_name, u.surname, u.mail, \
    u.account_enabled FROM directory_user u WHERE u.deleted_at IS NULL AND (u.id IN EACH($1) \
    OR u.user_principal_name_key IN EACH($2) OR u.mail IN EACH($3) OR EXISTS (SELECT 1 FROM EACH($4) AS part \
        WHERE SUBSTR(u.user_principal_name_key, 1, LENGTH(part.value) + 1) = part.value || '@')) \
    ORDER BY u.id LIMIT $5";
const SEEN: &str = "UPDATE ledger SET observed = $3, observed_at = $4, observed_by = 'sweep', in_doubt = FALSE, \
    version = version + 1 WHERE id = $1 AND version = $2 AND phase IN ('settled', 'needsAttention')";
// L8: only where the resource says so, and nothing about the assignment is under way.
const RESTORABLE: &str = "SELECT DISTINCT a.id FROM ledger l JOIN ledger_link k ON k.grant_id = l.id \
    JOIN assignment a ON a.id = k.assignment_id AND a.state = 'delivered' \
    JOIN resource_role rr ON rr.id = k.resource_role_id \
    JOIN resource res ON res.id = rr.resource_id AND res.drift_action = 'restore' \
    WHERE l.id IN EACH($1) AND l.phase = 'settled' AND l.desired = TRUE AND l.observed <> 'present' \
    AND NOT EXISTS (SELECT 1 FROM assignment_request r WHERE r.target_id = a.target_id \
        AND r.access_package_id = a.access_package_id \
        AND r.state IN ('submitted', 'pendingApproval', 'scheduled', 'delivering')) ORDER BY a.id";
const UNWANTED: &str = "SELECT l.id FROM ledger l WHERE l.origin_system = $1 AND l.resource_origin_id = $2 \
    AND l.role_origin_id = $3 AND l.scope_origin_id = $4 AND l.target = $5 AND l.phase = 'settled' \
    AND l.desired = FALSE AND l.observed = 'present' ORDER BY l.subject_id LIMIT $6";
// A thing may be in several catalogs: whoever answers for one of them can keep its members.
const CONSENT: &str = "SELECT count(*), sum(CASE WHEN authoritative THEN 1 ELSE 0 END) FROM resource \
    WHERE origin_system = $1 AND origin_id = $2";
const SET_AUTHORITATIVE: &str =
    "UPDATE resource SET authoritative = $2, modified_at = $3, version = version + 1 WHERE id = $1";
const OPEN_GRANT: &str = "INSERT INTO ledger (id, subject_id, origin_system, resource_origin_id, role_origin_id, \
    scope_origin_id, desired, observed, observed_at, observed_by, in_doubt, preexisting, phase, target, attempts, \
    created_at, version) VALUES ($1, $2, $3, $4, $5, $6, FALSE, 'present', $8, 'sweep', FALSE, TRUE, 'settled', $7, 0, \
    $8, 1) ON CONFLICT (subject_id, origin_system, resource_origin_id, role_origin_id, scope_origin_id) DO NOTHING";
// What was given up has drifted since then.
const AGES: &str = "SELECT target, min(CASE phase WHEN 'needsAttention' THEN COALESCE(error_at, created_at) \
    ELSE COALESCE(observed_at, created_at) END) FROM drifted_grant GROUP BY target ORDER BY target";

/// What an object is called, and where it lives in its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The resource's name.
    pub resource: String,
    /// Its fixed place in the target.
    pub address: Option<String>,
    /// The role's name, while a catalog has the role.
    pub role: Option<String>,
}

/// Somebody whom targets may be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their directory id.
    pub object_id: ObjectId,
    /// Sign-in name.
    pub user_principal_name: String,
    /// Full name.
    pub display_name: String,
    /// First name.
    pub given_name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
    /// Whether they may sign in.
    pub enabled: bool,
}

/// A grant of an object, as it was when the sweep read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The ledger's row.
    pub id: GrantId,
    /// Counts its changes.
    pub version: i64,
    /// What is in flight.
    pub phase: Phase,
    /// Whether a live assignment justifies it.
    pub desired: bool,
    /// What was last seen.
    pub observed: Observed,
    /// Whose it is.
    pub subject_id: SubjectId,
    /// Who that is, if they have a directory id.
    pub person: Option<Person>,
    /// Whether the directory knows them, and they are not deleted.
    pub is_present: bool,
}

/// What an object is called.
pub fn names(tx: &mut ReadTx<'_>, place: &Place) -> Result<Names, Error> {
    let args = [
        text(&place.resource_origin_id),
        text(&place.role_origin_id),
        text(&place.origin_system),
    ];
    let row = tx.query_one(NAMES, &args)?;
    Ok(Names {
        resource: row.text(0)?.to_owned(),
        address: opt_string(&row, 1)?,
        role: opt_string(&row, 2)?,
    })
}

/// The next grants of an object, by subject.
pub fn page(
    tx: &mut ReadTx<'_>,
    target: &str,
    place: &Place,
    after: &str,
    limit: i64,
) -> Result<Vec<Grant>, Error> {
    let mut args = of(place).to_vec();
    args.extend([text(target), text(after), int(limit)]);
    tx.query_map(PAGE, &args, |row| {
        let person = match opt_parsed(row, 6, "subject.object_id")? {
            Some(object_id) => Some(Person {
                object_id,
                user_principal_name: row.text(7)?.to_owned(),
                display_name: row.text(8)?.to_owned(),
                given_name: opt_string(row, 9)?,
                surname: opt_string(row, 10)?,
                mail: opt_string(row, 11)?,
                enabled: row.boolean(12)?,
            }),
            None => None,
        };
        Ok(Grant {
            id: parsed(row, 0, "ledger.id")?,
            version: row.int(1)?,
            phase: word(row, 2, "ledger.phase", Phase::from_name)?,
            desired: row.boolean(3)?,
            observed: word(row, 4, "ledger.observed", Observed::from_name)?,
            subject_id: parsed(row, 5, "subject.id")?,
            person,
            is_present: row.boolean(13)?,
        })
    })
}

/// Users whom one of these texts may name: by id, by sign-in name or what stands before its `@`, or by mail address.
pub fn people(tx: &mut ReadTx<'_>, texts: &[String], limit: i64) -> Result<Vec<Person>, Error> {
    let lower: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let parts = lower.iter().filter(|text| !text.contains('@'));
    let args = [
        list(&lower),
        list(&lower),
        list(texts),
        list(parts),
        int(limit),
    ];
    tx.query_map(PEOPLE, &args, |row| {
        Ok(Person {
            object_id: parsed(row, 0, "directory_user.id")?,
            user_principal_name: row.text(1)?.to_owned(),
            display_name: row.text(2)?.to_owned(),
            given_name: opt_string(row, 3)?,
            surname: opt_string(row, 4)?,
            mail: opt_string(row, 5)?,
            enabled: row.boolean(6)?,
        })
    })
}

/// A look saw the grant, or that it is not there; false if the grant changed since it was read.
pub fn seen(
    tx: &mut WriteTx<'_>,
    grant: GrantId,
    version: i64,
    observed: Observed,
    now: Timestamp,
) -> Result<bool, Error> {
    let args = [
        text(grant),
        int(version),
        text(observed.as_str()),
        int(now.micros()),
    ];
    Ok(tx.execute(SEEN, &args)? > 0)
}

/// The delivered assignments that lack one of these grants, of resources whose drift is to be restored (L8).
pub fn restorable(tx: &mut ReadTx<'_>, grants: &[GrantId]) -> Result<Vec<AssignmentId>, Error> {
    tx.query_map(RESTORABLE, &[list(grants)], |row| {
        parsed(row, 0, "assignment.id")
    })
}

/// Grants of the object that nothing justifies any more, and that are there.
pub fn unwanted(
    tx: &mut ReadTx<'_>,
    target: &str,
    place: &Place,
    limit: i64,
) -> Result<Vec<GrantId>, Error> {
    let mut args = of(place).to_vec();
    args.extend([text(target), int(limit)]);
    tx.query_map(UNWANTED, &args, |row| parsed(row, 0, "ledger.id"))
}

/// Whether every catalog that has the resource says that nobody else may be in it.
pub fn is_authoritative(tx: &mut ReadTx<'_>, place: &Place) -> Result<bool, Error> {
    let args = [text(&place.origin_system), text(&place.resource_origin_id)];
    let row = tx.query_one(CONSENT, &args)?;
    let (all, saying) = (row.int(0)?, row.opt_int(1)?.unwrap_or_default());
    Ok(all > 0 && all == saying)
}

/// Says whether nobody else may be in the resource.
pub fn set_authoritative(
    tx: &mut WriteTx<'_>,
    resource: ResourceId,
    authoritative: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let args = [text(resource), boolean(authoritative), int(now.micros())];
    tx.execute_one(SET_AUTHORITATIVE, &args)
}

/// Opens a grant for access that is there and that nobody granted; false if the ledger knows it by now.
pub fn open_grant(
    tx: &mut WriteTx<'_>,
    id: GrantId,
    subject: SubjectId,
    target: &str,
    place: &Place,
    now: Timestamp,
) -> Result<bool, Error> {
    let mut args = vec![text(id), text(subject)];
    args.extend(of(place));
    args.extend([text(target), int(now.micros())]);
    Ok(tx.execute(OPEN_GRANT, &args)? > 0)
}

/// Since when the oldest drift of each target is known.
pub fn ages(tx: &mut ReadTx<'_>) -> Result<Vec<(String, Timestamp)>, Error> {
    tx.query_map(AGES, &[], |row| {
        Ok((row.text(0)?.to_owned(), Timestamp::from_micros(row.int(1)?)))
    })
}

pub(super) fn of(place: &Place) -> [crate::value::Value; 4] {
    [
        text(&place.origin_system),
        text(&place.resource_origin_id),
        text(&place.role_origin_id),
        text(&place.scope_origin_id),
    ]
}
