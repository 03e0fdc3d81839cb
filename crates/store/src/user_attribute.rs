//! The attributes of resources that are asked for, and what their answers brought to users (QA-6).

use domain::id::{AccessPackageId, AssignmentId, ObjectId};
use domain::policy::Question;
use domain::time::Timestamp;
use domain::user_attribute::UserAttribute;
use serde_json::Value as Json;

use crate::column::parsed;
use crate::engine::Row;
use crate::value::{boolean, int, list, text};
use crate::{Error, ReadTx, WriteTx, assignment_policy};

pub(crate) const STATEMENTS: &[&str] = &[
    CONCERNS,
    CONCERNED,
    OF_PACKAGE,
    ANSWERS,
    WRITTEN_BY,
    WRITTEN_TO,
    WRITE,
    FORGET,
    FORGET_USER,
];

const OF_PACKAGE: &str = "SELECT r.id, r.attributes FROM resource r WHERE r.id IN (SELECT o.resource_id FROM resource_role o \
    JOIN resource_role_scope s ON s.resource_role_id = o.id WHERE s.access_package_id = $1) ORDER BY r.id";
// Most packages write nothing: one question, asked of every delivery, tells.
const CONCERNS: &str = "SELECT EXISTS (SELECT 1 FROM user_attribute_write w WHERE w.assignment_id = $1) \
    OR EXISTS (SELECT 1 FROM resource_role_scope s JOIN resource_role o ON o.id = s.resource_role_id \
    JOIN resource r ON r.id = o.resource_id WHERE s.access_package_id = $2 \
    AND r.attributes LIKE '%accessPackageUserDirectoryAttributeStore%')";
const CONCERNED: &str = "SELECT a.id FROM assignment a WHERE a.id IN EACH($1) AND (\
    EXISTS (SELECT 1 FROM user_attribute_write w WHERE w.assignment_id = a.id) \
    OR EXISTS (SELECT 1 FROM resource_role_scope s JOIN resource_role o ON o.id = s.resource_role_id \
    JOIN resource r ON r.id = o.resource_id WHERE s.access_package_id = a.access_package_id \
    AND r.attributes LIKE '%accessPackageUserDirectoryAttributeStore%'))";
// What was said last about the assignment, by a request that came as far as delivery.
const ANSWERS: &str = "SELECT answers FROM assignment_request WHERE assignment_id = $1 AND answers <> '[]' \
    AND state IN ('delivering', 'delivered', 'partiallyDelivered') ORDER BY created_at DESC, id DESC LIMIT 1";

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT assignment_id, attribute, user_id, value, is_persisted, written_at FROM user_attribute_write ",
            $tail
        )
    };
}

const WRITTEN_BY: &str = select!("WHERE assignment_id = $1 ORDER BY attribute");
const WRITTEN_TO: &str = select!(
    "WHERE user_id = $1 AND attribute = $2 ORDER BY written_at DESC, assignment_id LIMIT 1"
);
const WRITE: &str = "INSERT INTO user_attribute_write (assignment_id, attribute, user_id, value, is_persisted, written_at) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (assignment_id, attribute) DO UPDATE SET user_id = excluded.user_id, \
    value = excluded.value, is_persisted = excluded.is_persisted, written_at = excluded.written_at";
const FORGET: &str = "DELETE FROM user_attribute_write WHERE assignment_id = $1 AND attribute = $2";
const FORGET_USER: &str = "DELETE FROM user_attribute_write WHERE user_id = $1";

/// An attribute of a resource with the question that whoever asks for access is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedAttribute {
    /// The question.
    pub question: Question,
    /// The same as a document.
    pub question_json: String,
    /// Where the answer is written; none: it is only kept with the request.
    pub destination: Option<UserAttribute>,
    /// Whether the answer takes the place of a value that is there.
    pub is_editable: bool,
    /// Whether the value outlives the assignment.
    pub is_persisted: bool,
}

/// What an assignment brought to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// By which assignment.
    pub assignment_id: AssignmentId,
    /// Where.
    pub attribute: UserAttribute,
    /// To whom.
    pub user_id: ObjectId,
    /// What.
    pub value: String,
    /// Whether it outlives the assignment.
    pub is_persisted: bool,
    /// When.
    pub written_at: Timestamp,
}

/// The attributes of the resources of a package that come with a question.
pub fn of_package(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
) -> Result<Vec<AskedAttribute>, Error> {
    let mut asked = Vec::new();
    let rows = tx.query_map(OF_PACKAGE, &[text(package)], |row| {
        Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
    })?;
    for (resource, document) in rows {
        let corrupt = |why: String| Error::corrupt("resource", "attributes", &resource, why);
        let json: Json =
            serde_json::from_str(&document).map_err(|error| corrupt(error.to_string()))?;
        let items = json.get("items").and_then(Json::as_array);
        for item in items.into_iter().flatten() {
            asked.extend(asked_in(item));
        }
    }
    Ok(asked)
}

/// An attribute as it is stored, if it has a question. One that cannot be read was stored before questions were looked at:
/// nobody can be asked it.
fn asked_in(item: &Json) -> Option<AskedAttribute> {
    let question = item.pointer("/source/question")?;
    let flag = |name: &str| item.get(name).and_then(Json::as_bool).unwrap_or(false);
    let is_written = item.get("destination").is_some_and(Json::is_object);
    let name = item.get("name").and_then(Json::as_str).unwrap_or_default();
    Some(AskedAttribute {
        question: assignment_policy::question("source/question", question).ok()?,
        question_json: question.to_string(),
        destination: UserAttribute::from_name(name).filter(|_| is_written),
        is_editable: flag("isEditable"),
        is_persisted: flag("isPersistedOnAssignmentRemoval"),
    })
}

/// Those of these assignments that wrote something to their users, or may have to.
pub fn concerned(
    tx: &mut ReadTx<'_>,
    assignments: impl IntoIterator<Item = AssignmentId>,
) -> Result<Vec<AssignmentId>, Error> {
    tx.query_map(CONCERNED, &[list(assignments)], |row| {
        parsed(row, 0, "assignment.id")
    })
}

/// Whether an assignment of a package wrote something to its user, or may have to.
pub fn concerns(
    tx: &mut ReadTx<'_>,
    assignment: AssignmentId,
    package: AccessPackageId,
) -> Result<bool, Error> {
    tx.query_one(CONCERNS, &[text(assignment), text(package)])?
        .boolean(0)
}

/// The newest answers that were given for an assignment, as they are stored.
pub fn answers(tx: &mut ReadTx<'_>, assignment: AssignmentId) -> Result<Option<String>, Error> {
    let row = tx.query_opt(ANSWERS, &[text(assignment)])?;
    row.map(|row| Ok(row.text(0)?.to_owned())).transpose()
}

/// What an assignment brought to its user.
pub fn written_by(tx: &mut ReadTx<'_>, assignment: AssignmentId) -> Result<Vec<Written>, Error> {
    tx.query_map(WRITTEN_BY, &[text(assignment)], read)
}

/// What was brought last to this attribute of a user, and is not taken back.
pub fn written_to(
    tx: &mut ReadTx<'_>,
    user: ObjectId,
    attribute: &UserAttribute,
) -> Result<Option<Written>, Error> {
    tx.query_opt(WRITTEN_TO, &[text(user), text(attribute)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Remembers what an assignment brought to its user, in the place of what it brought there before.
pub fn write(tx: &mut WriteTx<'_>, written: &Written) -> Result<(), Error> {
    tx.execute_one(
        WRITE,
        &[
            text(written.assignment_id),
            text(&written.attribute),
            text(written.user_id),
            text(&written.value),
            boolean(written.is_persisted),
            int(written.written_at.micros()),
        ],
    )
}

/// Forgets that an assignment brought something to an attribute.
pub fn forget(
    tx: &mut WriteTx<'_>,
    assignment: AssignmentId,
    attribute: &UserAttribute,
) -> Result<(), Error> {
    tx.execute(FORGET, &[text(assignment), text(attribute)])
        .map(drop)
}

/// Forgets all that was brought to a user who is gone for good.
pub(crate) fn forget_of_user(tx: &mut WriteTx<'_>, user: ObjectId) -> Result<(), Error> {
    tx.execute(FORGET_USER, &[text(user)]).map(drop)
}

fn read(row: &Row<'_>) -> Result<Written, Error> {
    let name = row.text(1)?;
    let attribute = UserAttribute::from_name(name).ok_or_else(|| {
        Error::corrupt(
            "user_attribute_write",
            "attribute",
            name,
            "no such attribute",
        )
    })?;
    Ok(Written {
        assignment_id: parsed(row, 0, "user_attribute_write.assignment_id")?,
        attribute,
        user_id: parsed(row, 2, "user_attribute_write.user_id")?,
        value: row.text(3)?.to_owned(),
        is_persisted: row.boolean(4)?,
        written_at: Timestamp::from_micros(row.int(5)?),
    })
}
