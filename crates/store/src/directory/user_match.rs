//! Users by what other systems know them by, for callers whose tokens name no object of the directory.
//!
//! **Invariant:** deleted users are nobody. Whoever asks gets all that fit, up to two: more than one is for the caller to
//! refuse, not to choose from.

use domain::directory::name_key;
use domain::id::ObjectId;

use crate::column::parsed;
use crate::value::text;
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[BY_MAIL, BY_EMPLOYEE_ID, BY_EXTERNAL_ID];

const BY_MAIL: &str =
    "SELECT id FROM directory_user WHERE LOWER(mail) = $1 AND deleted_at IS NULL LIMIT 2";
const BY_EMPLOYEE_ID: &str =
    "SELECT id FROM directory_user WHERE employee_id = $1 AND deleted_at IS NULL LIMIT 2";
const BY_EXTERNAL_ID: &str = "SELECT u.id FROM directory_user u JOIN user_provisioning p ON p.id = u.id \
    WHERE p.external_id = $1 AND u.deleted_at IS NULL LIMIT 2";

/// Who has this mail address, in either case.
pub fn by_mail(tx: &mut ReadTx<'_>, mail: &str) -> Result<Vec<ObjectId>, Error> {
    found(tx, BY_MAIL, &name_key(mail))
}

/// Who has this employee number.
pub fn by_employee_id(tx: &mut ReadTx<'_>, number: &str) -> Result<Vec<ObjectId>, Error> {
    found(tx, BY_EMPLOYEE_ID, number)
}

/// Whom the outside directory that provisions users knows by this id.
pub fn by_external_id(tx: &mut ReadTx<'_>, id: &str) -> Result<Vec<ObjectId>, Error> {
    found(tx, BY_EXTERNAL_ID, id)
}

fn found(
    tx: &mut ReadTx<'_>,
    statement: &'static str,
    value: &str,
) -> Result<Vec<ObjectId>, Error> {
    tx.query_map(statement, &[text(value)], |row| {
        parsed(row, 0, "directory_user.id")
    })
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;
    use crate::engine::tests::Fixture;
    use crate::subject::USER_BY_ADDRESS;

    #[test]
    fn nobody_is_looked_for_by_reading_all_users() {
        let fixture = Fixture::sqlite();
        let store = fixture.open();
        store.migrate(Timestamp::from_micros(0)).unwrap();
        for statement in STATEMENTS.iter().chain([&USER_BY_ADDRESS]) {
            let sql = format!("EXPLAIN QUERY PLAN {statement}");
            let lines: Result<Vec<String>, Error> = store.read_blocking(move |tx| {
                tx.query_map(&sql, &[text("alice@reeve.example")], |row| {
                    Ok(row.text(3)?.to_owned())
                })
            });
            let plan = lines.unwrap().join("; ");

            assert!(!plan.contains("SCAN"), "{statement}: {plan}");
        }
    }
}
