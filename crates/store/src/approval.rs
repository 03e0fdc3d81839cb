//! The stages of approvals, and who may decide in them.

use domain::approval::{Approver, Stage, StageStatus, Tier, Verdict};
use domain::id::{AssignmentId, ObjectId, RequestId, StageId};
use domain::policy::ApprovalStage;
use domain::time::{Duration, Timestamp};

use crate::column::{opt_duration, opt_instant, opt_parsed, opt_string, parsed, word};
use crate::engine::Row;
use crate::value;
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    OF_REQUEST,
    OVERDUE,
    ESCALATING,
    OPEN_FOR,
    UNATTENDED,
    CLOSE,
    APPROVERS,
    ASKED,
    COUNT,
    APPROVED,
    INSERT,
    INSERT_APPROVER,
    SAVE,
    ANSWER,
    ANSWERED,
];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, request_id, ordinal, display_name, status, review_result, ",
            "is_approver_justification_required, justification, reviewed_by_id, reviewed_by_name, ",
            "reviewed_by_principal_name, reviewed_at, lasts_for, escalates_after, opened_at, due_at, ",
            "escalates_at, is_escalated, custom_extension_id, version FROM approval_stage ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1 AND request_id = $2");
const OF_REQUEST: &str = select!("WHERE request_id = $1 ORDER BY ordinal");
const OVERDUE: &str =
    select!("WHERE status = 'InProgress' AND due_at <= $1 ORDER BY due_at, id LIMIT $2");
const ESCALATING: &str = select!(
    "WHERE status = 'InProgress' AND escalates_at <= $1 AND is_escalated = FALSE ORDER BY escalates_at, id LIMIT $2"
);
const OPEN_FOR: &str = select!(
    "WHERE status = 'InProgress' AND id IN (SELECT stage_id FROM approval_stage_approver WHERE principal_id IN EACH($1)) ORDER BY opened_at, id"
);
// Stages that name nobody who could be asked first.
const UNATTENDED: &str = select!(
    "WHERE status = 'InProgress' AND NOT EXISTS (SELECT 1 FROM approval_stage_approver a WHERE a.stage_id = approval_stage.id AND a.tier IN ('primary', 'fallbackPrimary')) ORDER BY opened_at, id LIMIT $1"
);
const CLOSE: &str = "UPDATE approval_stage SET status = 'Completed', version = version + 1 \
    WHERE request_id = $1 AND status IN ('Initializing', 'InProgress')";
const APPROVERS: &str = "SELECT principal_id, tier FROM approval_stage_approver WHERE stage_id = $1 \
    ORDER BY tier, principal_id";
const ASKED: &str = "SELECT a.principal_id, a.tier, \
    EXISTS (SELECT 1 FROM directory_user u WHERE u.id = a.principal_id AND u.deleted_at IS NULL), \
    (SELECT s.object_id FROM assignment_request r JOIN subject s ON s.id = r.target_id WHERE r.id = $2) \
    FROM approval_stage_approver a WHERE a.stage_id = $1 ORDER BY a.tier, a.principal_id";
const COUNT: &str = "SELECT COUNT(*) FROM approval_stage WHERE request_id = $1";
const APPROVED: &str = "SELECT 1 FROM approval_stage stage JOIN assignment_request r ON r.id = stage.request_id \
    WHERE r.assignment_id = $1 AND stage.reviewed_by_id = $2 AND stage.review_result = 'Approved' LIMIT 1";
const INSERT: &str = "INSERT INTO approval_stage (id, request_id, ordinal, display_name, status, review_result, \
    is_approver_justification_required, justification, reviewed_by_id, reviewed_by_name, reviewed_by_principal_name, \
    reviewed_at, lasts_for, escalates_after, opened_at, due_at, escalates_at, is_escalated, custom_extension_id, \
    version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
const INSERT_APPROVER: &str = "INSERT INTO approval_stage_approver (stage_id, principal_id, tier) \
    VALUES ($1, $2, $3) ON CONFLICT (stage_id, tier, principal_id) DO NOTHING";
const SAVE: &str = "UPDATE approval_stage SET status = $3, review_result = $4, justification = $5, reviewed_by_id = $6, \
    reviewed_by_name = $7, reviewed_by_principal_name = $8, reviewed_at = $9, opened_at = $10, due_at = $11, \
    escalates_at = $12, is_escalated = $13, version = version + 1 WHERE id = $1 AND version = $2";

const ANSWER: &str = "UPDATE approval_stage SET answer = $3, is_approver_justification_required = $4, lasts_for = $5, \
    escalates_after = $6, version = version + 1 WHERE id = $1 AND version = $2";
const ANSWERED: &str = "SELECT answer FROM approval_stage WHERE id = $1";

/// A stage of a request's approval.
pub fn find(
    tx: &mut ReadTx<'_>,
    request: RequestId,
    stage: StageId,
) -> Result<Option<Stage>, Error> {
    tx.query_opt(FIND, &[value::text(stage), value::text(request)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The stages of a request's approval, in order.
pub fn of_request(tx: &mut ReadTx<'_>, request: RequestId) -> Result<Vec<Stage>, Error> {
    tx.query_map(OF_REQUEST, &[value::text(request)], read)
}

/// Open stages whose time is over (T9).
pub fn overdue(tx: &mut ReadTx<'_>, now: Timestamp, limit: i64) -> Result<Vec<Stage>, Error> {
    tx.query_map(
        OVERDUE,
        &[value::int(now.micros()), value::int(limit)],
        read,
    )
}

/// Open stages whose alternates are to be asked too (T10).
pub fn escalating(tx: &mut ReadTx<'_>, now: Timestamp, limit: i64) -> Result<Vec<Stage>, Error> {
    tx.query_map(
        ESCALATING,
        &[value::int(now.micros()), value::int(limit)],
        read,
    )
}

/// Open stages that name one of these principals in any tier.
pub fn open_for(tx: &mut ReadTx<'_>, principals: &[ObjectId]) -> Result<Vec<Stage>, Error> {
    tx.query_map(OPEN_FOR, &[value::list(principals)], read)
}

/// Open stages that name nobody to be asked first (AP-8).
pub fn unattended(tx: &mut ReadTx<'_>, limit: i64) -> Result<Vec<Stage>, Error> {
    tx.query_map(UNATTENDED, &[value::int(limit)], read)
}

/// Names more approvers of a stage; those whom it names already stay.
pub fn add_approvers(
    tx: &mut WriteTx<'_>,
    stage: StageId,
    approvers: &[Approver],
) -> Result<(), Error> {
    for approver in approvers {
        let args = [
            value::text(stage),
            value::text(approver.principal_id),
            value::text(approver.tier.as_str()),
        ];
        tx.execute(INSERT_APPROVER, &args)?;
    }
    Ok(())
}

/// Closes the stages of a request that nobody needs to decide any more.
pub fn close(tx: &mut WriteTx<'_>, request: RequestId) -> Result<(), Error> {
    tx.execute(CLOSE, &[value::text(request)]).map(drop)
}

/// Who may decide in a stage: users and groups, by tier.
pub fn approvers(tx: &mut ReadTx<'_>, stage: StageId) -> Result<Vec<Approver>, Error> {
    tx.query_map(APPROVERS, &[value::text(stage)], |row| {
        Ok(Approver {
            principal_id: parsed(row, 0, "approval_stage_approver.principal_id")?,
            tier: word(row, 1, "approval_stage_approver.tier", Tier::from_name)?,
        })
    })
}

/// Who may decide in a stage, by what they are, and whom its request is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// The approvers, each with whether it is a user who is there.
    pub approvers: Vec<(Approver, bool)>,
    /// The directory object of the target; none also where nobody may decide.
    pub target: Option<ObjectId>,
}

/// Everything that says who is asked by a stage of a request, but the members of groups.
pub fn asked(tx: &mut ReadTx<'_>, stage: StageId, request: RequestId) -> Result<Asked, Error> {
    let mut asked = Asked::default();
    let args = [value::text(stage), value::text(request)];
    tx.for_each_row(ASKED, &args, |row| {
        let approver = Approver {
            principal_id: parsed(row, 0, "approval_stage_approver.principal_id")?,
            tier: word(row, 1, "approval_stage_approver.tier", Tier::from_name)?,
        };
        asked.approvers.push((approver, row.boolean(2)?));
        asked.target = opt_parsed(row, 3, "subject.object_id")?;
        Ok(())
    })?;
    Ok(asked)
}

/// How many stages a request has.
pub fn count(tx: &mut ReadTx<'_>, request: RequestId) -> Result<i64, Error> {
    tx.query_one(COUNT, &[value::text(request)])?.int(0)
}

/// Whether the user approved a request that the assignment came from, or that changed it.
pub fn approved(
    tx: &mut ReadTx<'_>,
    assignment: AssignmentId,
    user: ObjectId,
) -> Result<bool, Error> {
    let args = [value::text(assignment), value::text(user)];
    Ok(tx.query_opt(APPROVED, &args)?.is_some())
}

/// Stores a new stage with its approvers.
pub fn insert(tx: &mut WriteTx<'_>, stage: &Stage, approvers: &[Approver]) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            value::text(stage.id),
            value::text(stage.request_id),
            value::int(stage.ordinal),
            value::opt_text(stage.display_name.as_ref()),
            value::text(stage.status.as_str()),
            value::text(stage.verdict.as_str()),
            value::boolean(stage.is_approver_justification_required),
            value::opt_text(stage.justification.as_ref()),
            value::opt_text(stage.reviewed_by),
            value::opt_text(stage.reviewed_by_name.as_ref()),
            value::opt_text(stage.reviewed_by_principal_name.as_ref()),
            value::opt_int(stage.reviewed_at.map(Timestamp::micros)),
            value::int(stage.lasts_for.micros()),
            value::opt_int(stage.escalates_after.map(Duration::micros)),
            value::opt_int(stage.opened_at.map(Timestamp::micros)),
            value::opt_int(stage.due_at.map(Timestamp::micros)),
            value::opt_int(stage.escalates_at.map(Timestamp::micros)),
            value::boolean(stage.is_escalated),
            value::opt_text(stage.extension_id),
            value::int(stage.version),
        ],
    )?;
    add_approvers(tx, stage.id, approvers)
}

/// Stores what changed, if nobody else decided since it was read.
pub fn save(tx: &mut WriteTx<'_>, stage: &Stage) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            value::text(stage.id),
            value::int(stage.version),
            value::text(stage.status.as_str()),
            value::text(stage.verdict.as_str()),
            value::opt_text(stage.justification.as_ref()),
            value::opt_text(stage.reviewed_by),
            value::opt_text(stage.reviewed_by_name.as_ref()),
            value::opt_text(stage.reviewed_by_principal_name.as_ref()),
            value::opt_int(stage.reviewed_at.map(Timestamp::micros)),
            value::opt_int(stage.opened_at.map(Timestamp::micros)),
            value::opt_int(stage.due_at.map(Timestamp::micros)),
            value::opt_int(stage.escalates_at.map(Timestamp::micros)),
            value::boolean(stage.is_escalated),
        ],
    )
}

/// Stores what an extension answered about a stage: how it is to be decided, and the document that says so (AP-15).
pub fn answer(tx: &mut WriteTx<'_>, stage: &Stage, document: &str) -> Result<(), Error> {
    tx.execute_one(
        ANSWER,
        &[
            value::text(stage.id),
            value::int(stage.version),
            value::text(document),
            value::boolean(stage.is_approver_justification_required),
            value::int(stage.lasts_for.micros()),
            value::opt_int(stage.escalates_after.map(Duration::micros)),
        ],
    )
}

/// What an extension answered about a stage.
pub fn answered(tx: &mut ReadTx<'_>, stage: StageId) -> Result<Option<ApprovalStage>, Error> {
    let Some(row) = tx.query_opt(ANSWERED, &[value::text(stage)])? else {
        return Ok(None);
    };
    let Some(document) = opt_string(&row, 0)? else {
        return Ok(None);
    };
    let corrupt = |why: String| Error::corrupt("approval_stage", "answer", stage, why);
    let json = serde_json::from_str(&document).map_err(|wrong| corrupt(wrong.to_string()))?;
    crate::assignment_policy::approval_stage("", &json)
        .map(Some)
        .map_err(|flaw| corrupt(flaw.to_string()))
}

fn read(row: &Row<'_>) -> Result<Stage, Error> {
    Ok(Stage {
        id: parsed(row, 0, "approval_stage.id")?,
        request_id: parsed(row, 1, "approval_stage.request_id")?,
        ordinal: row.int(2)?,
        display_name: opt_string(row, 3)?,
        status: word(row, 4, "approval_stage.status", StageStatus::from_name)?,
        verdict: word(row, 5, "approval_stage.review_result", Verdict::from_name)?,
        is_approver_justification_required: row.boolean(6)?,
        justification: opt_string(row, 7)?,
        reviewed_by: opt_parsed::<ObjectId>(row, 8, "approval_stage.reviewed_by_id")?,
        reviewed_by_name: opt_string(row, 9)?,
        reviewed_by_principal_name: opt_string(row, 10)?,
        reviewed_at: opt_instant(row, 11)?,
        lasts_for: Duration::from_micros(row.int(12)?),
        escalates_after: opt_duration(row, 13)?,
        opened_at: opt_instant(row, 14)?,
        due_at: opt_instant(row, 15)?,
        escalates_at: opt_instant(row, 16)?,
        is_escalated: row.boolean(17)?,
        extension_id: opt_parsed(row, 18, "approval_stage.custom_extension_id")?,
        version: row.int(19)?,
    })
}
