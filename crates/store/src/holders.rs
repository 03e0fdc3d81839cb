//! Who is in a group or has a role of an application by the directory, and about whom the ledger knows something there, by
//! their ids one after the other.

use domain::id::ObjectId;

use crate::column::{opt_string, parsed};
use crate::value::{int, text};
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[HOLDERS];

const HOLDERS: &str = "SELECT held.object_id, CAST(MAX(held.here) AS BIGINT), \
    MAX(CASE WHEN u.id IS NOT NULL THEN 'user' WHEN g.id IS NOT NULL THEN 'group' WHEN p.id IS NOT NULL THEN 'servicePrincipal' END), \
    MAX(COALESCE(u.display_name, g.display_name, p.display_name)) FROM ( \
    SELECT member_id AS object_id, 1 AS here FROM group_member WHERE group_id = $1 AND member_id > $2 \
    UNION ALL SELECT principal_id, 1 FROM app_role_assignment WHERE resource_id = $1 AND principal_id > $2 \
    UNION ALL SELECT s.object_id, 0 FROM ledger l JOIN subject s ON s.id = l.subject_id \
    WHERE l.origin_system IN ('AadGroup', 'AadApplication') AND l.resource_origin_id = $1 AND s.object_id > $2) held \
    LEFT JOIN directory_user u ON u.id = held.object_id AND u.deleted_at IS NULL \
    LEFT JOIN directory_group g ON g.id = held.object_id \
    LEFT JOIN service_principal p ON p.id = held.object_id \
    GROUP BY held.object_id ORDER BY held.object_id LIMIT $3";

/// Somebody who has something of an object, or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub object: ObjectId,
    /// Whether the directory says that they have it, by themselves and not through another group.
    pub is_in_directory: bool,
    /// What they are, if they are still there.
    pub kind: Option<String>,
    /// Their name.
    pub display_name: Option<String>,
}

/// The next of those who have something of `object`, behind `after`.
pub fn page(
    tx: &mut ReadTx<'_>,
    object: ObjectId,
    after: Option<ObjectId>,
    limit: i64,
) -> Result<Vec<Holder>, Error> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    tx.query_map(HOLDERS, &[text(object), text(after), int(limit)], |row| {
        Ok(Holder {
            object: parsed(row, 0, "subject.object_id")?,
            is_in_directory: row.int(1)? == 1,
            kind: opt_string(row, 2)?,
            display_name: opt_string(row, 3)?,
        })
    })
}
