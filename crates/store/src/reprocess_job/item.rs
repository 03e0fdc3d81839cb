//! The objects of a bulk reprocess, in the order in which they are begun, and what came of each.

use domain::id::{CatalogId, ReprocessJobId, RequestId, SubjectId};
use domain::reprocess_job::{Collection, ItemState};
use domain::time::Timestamp;
use serde_json::json;

use crate::column::{opt_instant, opt_parsed, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{int, list, objects, opt_int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    ADD,
    NEXT,
    BEGUN,
    AS_FOUND,
    OPEN,
    SETTLE,
    PEOPLE,
    BEYOND,
    BEYOND_REQUESTS,
    PAGE,
    PAGE_FAILED,
];

const ADD: &str = "INSERT INTO reprocess_job_item (job_id, ordinal, object_id, subject_id, state, adds, removes, kept, \
    code, message, request_id, settled_at) \
    SELECT $1, CAST(JSON_OF(e.value) ->> 'n' AS BIGINT), JSON_OF(e.value) ->> 'o', JSON_OF(e.value) ->> 's', \
    JSON_OF(e.value) ->> 't', CAST(JSON_OF(e.value) ->> 'a' AS BIGINT), CAST(JSON_OF(e.value) ->> 'r' AS BIGINT), \
    CAST(JSON_OF(e.value) ->> 'k' AS BIGINT), JSON_OF(e.value) ->> 'c', JSON_OF(e.value) ->> 'm', NULL, \
    CAST($3 AS BIGINT) FROM OBJECTS($2) e";
const NEXT: &str = "SELECT ordinal, object_id, state FROM reprocess_job_item \
    WHERE job_id = $1 AND ordinal > $2 ORDER BY ordinal LIMIT $3";
// The job stands in each row: SQLite would go through all items of a job that is given once.
const BEGUN: &str = "UPDATE reprocess_job_item SET state = JSON_OF(e.value) ->> 't', code = JSON_OF(e.value) ->> 'c', \
    message = JSON_OF(e.value) ->> 'm', request_id = JSON_OF(e.value) ->> 'q', \
    settled_at = CAST(JSON_OF(e.value) ->> 'z' AS BIGINT) FROM OBJECTS($1) e \
    WHERE job_id = JSON_OF(e.value) ->> 'j' AND ordinal = CAST(JSON_OF(e.value) ->> 'n' AS BIGINT)";
const AS_FOUND: &str = "UPDATE reprocess_job_item SET state = 'delivered', settled_at = $4 \
    WHERE job_id = $1 AND ordinal > $2 AND ordinal <= $3 AND state = 'planned' AND object_id IN EACH($5)";
const OPEN: &str = "SELECT i.ordinal, i.request_id, r.state, r.failure_code, r.failure_message \
    FROM reprocess_job_item i LEFT JOIN assignment_request r ON r.id = i.request_id \
    WHERE i.job_id = $1 AND i.state = 'inDelivery' AND i.ordinal > $2 ORDER BY i.ordinal LIMIT $3";
const SETTLE: &str = "UPDATE reprocess_job_item SET state = JSON_OF(e.value) ->> 't', code = JSON_OF(e.value) ->> 'c', \
    message = JSON_OF(e.value) ->> 'm', settled_at = $2 FROM OBJECTS($1) e \
    WHERE job_id = JSON_OF(e.value) ->> 'j' AND state = 'inDelivery' AND ordinal = CAST(JSON_OF(e.value) ->> 'n' AS BIGINT)";
const PEOPLE: &str = "SELECT count(DISTINCT subject_id) FROM reprocess_job_item \
    WHERE job_id = $1 AND state = 'planned'";

// Of what was hidden from the maker nothing is told but the id that they named.
const BEYOND: &str = "SELECT i.ordinal FROM reprocess_job_item i JOIN assignment o ON o.id = i.object_id \
    JOIN access_package p ON p.id = o.access_package_id \
    WHERE i.job_id = $1 AND i.subject_id IS NOT NULL AND NOT (p.catalog_id IN EACH($2)) LIMIT 1";
const BEYOND_REQUESTS: &str = "SELECT i.ordinal FROM reprocess_job_item i JOIN assignment_request o \
    ON o.id = i.object_id JOIN access_package p ON p.id = o.access_package_id \
    WHERE i.job_id = $1 AND i.subject_id IS NOT NULL AND NOT (p.catalog_id IN EACH($2)) LIMIT 1";

/// Every column of [`Line`], with what follows the job.
macro_rules! page {
    ($tail:literal) => {
        concat!(
            "SELECT i.ordinal, i.object_id, i.state, i.adds, i.removes, i.kept, i.code, i.message, i.request_id, ",
            "i.settled_at, s.id, s.object_id, s.display_name FROM reprocess_job_item i ",
            "LEFT JOIN subject s ON s.id = i.subject_id WHERE i.job_id = $1 AND i.ordinal > $2 ",
            $tail
        )
    };
}

const PAGE: &str = page!("ORDER BY i.ordinal LIMIT $3");
const PAGE_FAILED: &str = page!(
    "AND i.state IN ('refused', 'partiallyDelivered', 'deliveryFailed', 'superseded') ORDER BY i.ordinal LIMIT $3"
);

/// An object of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its place.
    pub ordinal: i64,
    /// Its id.
    pub object_id: String,
    /// Whom it is about.
    pub subject_id: Option<SubjectId>,
    /// Grants that are missing, go, and stay.
    pub effect: (i64, i64, i64),
    /// Why it is refused, if it is: a code and a sentence.
    pub refusal: Option<(String, String)>,
}

/// Adds objects to a plan.
pub fn add(
    tx: &mut WriteTx<'_>,
    job: ReprocessJobId,
    items: &[Planned],
    now: Timestamp,
) -> Result<(), Error> {
    for (is_refused, settled_at) in [(false, None), (true, Some(now.micros()))] {
        let rows = items
            .iter()
            .filter(|item| item.refusal.is_some() == is_refused)
            .map(|item| {
                let (adds, removes, kept) = item.effect;
                let refusal = item.refusal.as_ref();
                let state = refusal.map_or(ItemState::Planned, |_| ItemState::Refused);
                json!({
                    "n": item.ordinal,
                    "o": item.object_id,
                    "s": item.subject_id.map(|id| id.to_string()),
                    "t": state.as_str(),
                    "a": adds,
                    "r": removes,
                    "k": kept,
                    "c": refusal.map(|(code, _)| code),
                    "m": refusal.map(|(_, message)| message),
                })
            });
        tx.execute(ADD, &[text(job), objects(rows), opt_int(settled_at)])?;
    }
    Ok(())
}

/// The next items behind a place: their places, objects and whether they are to be begun at all.
pub fn next(
    tx: &mut ReadTx<'_>,
    job: ReprocessJobId,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, String, bool)>, Error> {
    tx.query_map(NEXT, &[text(job), int(after), int(limit)], |row| {
        let state = word(row, 2, "reprocess_job_item.state", ItemState::from_name)?;
        Ok((
            row.int(0)?,
            row.text(1)?.to_owned(),
            state == ItemState::Planned,
        ))
    })
}

/// Whether a job tells of anything outside of these catalogs.
pub fn any_beyond<'c>(
    tx: &mut ReadTx<'_>,
    job: ReprocessJobId,
    of: Collection,
    catalogs: impl IntoIterator<Item = &'c CatalogId>,
) -> Result<bool, Error> {
    let sql = match of {
        Collection::Assignments => BEYOND,
        Collection::AssignmentRequests => BEYOND_REQUESTS,
    };
    let found = tx.query_opt(sql, &[text(job), list(catalogs)])?;
    Ok(found.is_some())
}

/// What came of an item when its turn came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Its place.
    pub ordinal: i64,
    /// The request that delivers it and where that is already, or why there is none: a code and a sentence.
    pub result: Result<(RequestId, ItemState), (String, String)>,
}

/// Records what came of items when their turn came.
pub fn begun(
    tx: &mut WriteTx<'_>,
    job: ReprocessJobId,
    items: &[Begun],
    now: Timestamp,
) -> Result<(), Error> {
    let rows = items.iter().map(|item| match &item.result {
        Ok((request, state)) => json!({
            "j": job.to_string(),
            "n": item.ordinal,
            "t": state.as_str(),
            "q": request.to_string(),
            "z": (*state != ItemState::InDelivery).then_some(now.micros()),
        }),
        Err((code, message)) => json!({
            "j": job.to_string(),
            "n": item.ordinal,
            "t": ItemState::Refused.as_str(),
            "c": code,
            "m": message,
            "z": now.micros(),
        }),
    });
    tx.execute(BEGUN, &[objects(rows)]).map(drop)
}

/// Records of items behind a place and up to another one, of these objects, that all was found as it shall be; answers how
/// many there were.
pub fn as_found(
    tx: &mut WriteTx<'_>,
    job: ReprocessJobId,
    (after, through): (i64, i64),
    objects: impl IntoIterator<Item = impl std::fmt::Display>,
    now: Timestamp,
) -> Result<u64, Error> {
    let args = [
        text(job),
        int(after),
        int(through),
        int(now.micros()),
        list(objects),
    ];
    tx.execute(AS_FOUND, &args)
}

/// An item whose delivery is under way, as far as the job knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its place.
    pub ordinal: i64,
    /// The request that delivers it.
    pub request_id: RequestId,
    /// Where the request stands; `None`, if it is gone.
    pub state: Option<String>,
    /// Why it ended so, if it says.
    pub failure: Option<(String, String)>,
}

/// The next items behind a place whose deliveries are under way.
pub fn open(
    tx: &mut ReadTx<'_>,
    job: ReprocessJobId,
    after: i64,
    limit: i64,
) -> Result<Vec<Open>, Error> {
    tx.query_map(OPEN, &[text(job), int(after), int(limit)], |row| {
        let failure = opt_string(row, 3)?;
        Ok(Open {
            ordinal: row.int(0)?,
            request_id: parsed(row, 1, "reprocess_job_item.request_id")?,
            state: opt_string(row, 2)?,
            failure: match failure {
                Some(code) => Some((code, opt_string(row, 4)?.unwrap_or_default())),
                None => None,
            },
        })
    })
}

/// How the delivery of an item ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its place.
    pub ordinal: i64,
    /// How.
    pub state: ItemState,
    /// Why it came to no good end: a code and a sentence.
    pub why: Option<(String, String)>,
}

/// Records how deliveries ended.
pub fn settle(
    tx: &mut WriteTx<'_>,
    job: ReprocessJobId,
    items: &[Ended],
    now: Timestamp,
) -> Result<(), Error> {
    let rows = items.iter().map(|item| {
        json!({
            "j": job.to_string(),
            "n": item.ordinal,
            "t": item.state.as_str(),
            "c": item.why.as_ref().map(|(code, _)| code),
            "m": item.why.as_ref().map(|(_, message)| message),
        })
    });
    tx.execute(SETTLE, &[objects(rows), int(now.micros())])
        .map(drop)
}

/// How many people the items that are to be begun are about.
pub fn people(tx: &mut ReadTx<'_>, job: ReprocessJobId) -> Result<i64, Error> {
    tx.query_one(PEOPLE, &[text(job)])?.int(0)
}

/// An item as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place.
    pub ordinal: i64,
    /// The object.
    pub object_id: String,
    /// Where it stands.
    pub state: ItemState,
    /// Grants that were missing, to go, and to stay, when it was planned.
    pub effect: (i64, i64, i64),
    /// Why it came to no good end.
    pub failure: Option<(String, String)>,
    /// The request that delivers it.
    pub request_id: Option<RequestId>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
    /// Whom it is about: the subject, their directory id and name.
    pub subject: Option<(SubjectId, Option<String>, Option<String>)>,
}

/// The next items behind a place; only those that came to no good end, if these are asked for.
pub fn page(
    tx: &mut ReadTx<'_>,
    job: ReprocessJobId,
    after: i64,
    only_failed: bool,
    limit: i64,
) -> Result<Vec<Line>, Error> {
    let sql = if only_failed { PAGE_FAILED } else { PAGE };
    tx.query_map(sql, &[text(job), int(after), int(limit)], line)
}

fn line(row: &Row<'_>) -> Result<Line, Error> {
    let failure = match opt_string(row, 6)? {
        Some(code) => Some((code, opt_string(row, 7)?.unwrap_or_default())),
        None => None,
    };
    let subject = match opt_parsed(row, 10, "subject.id")? {
        Some(id) => Some((id, opt_string(row, 11)?, opt_string(row, 12)?)),
        None => None,
    };
    Ok(Line {
        ordinal: row.int(0)?,
        object_id: row.text(1)?.to_owned(),
        state: word(row, 2, "reprocess_job_item.state", ItemState::from_name)?,
        effect: (row.int(3)?, row.int(4)?, row.int(5)?),
        failure,
        request_id: opt_parsed(row, 8, "reprocess_job_item.request_id")?,
        settled_at: opt_instant(row, 9)?,
        subject,
    })
}
