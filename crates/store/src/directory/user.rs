//! Users, deleted ones included as long as they can be restored.
//!
//! **Invariant:** a deleted user does not hold on to its sign-in name: its key is the id until it is restored.

use domain::directory::{User, name_key};
use domain::id::ObjectId;

use super::{details_document, details_of};
use crate::automatic;
use crate::column::{instant, opt_instant, opt_parsed, opt_string, parsed};
use crate::connected_organization;
use crate::engine::Row;
use crate::value::{Value, boolean, int, opt_int, opt_text, text};
use crate::{Error, ReadTx, WriteTx, guest, user_attribute};

pub(crate) const STATEMENTS: &[&str] = &[
    TYPE,
    FIND,
    FIND_BY_NAME,
    INSERT,
    UPDATE,
    DELETE,
    PASSWORD,
    SET_PASSWORD,
    WITH_PASSWORD,
    NAME_HOLDER,
    SET_MANAGER,
];

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, user_principal_name, display_name, given_name, surname, mail, mail_nickname, user_type, \
             account_enabled, job_title, department, company_name, employee_id, office_location, mobile_phone, \
             usage_location, preferred_language, details, manager_id, created_at, deleted_at, version \
             FROM directory_user WHERE ",
            $condition
        )
    };
}

const FIND: &str = select!("id = $1");
const TYPE: &str = "SELECT user_type, deleted_at IS NULL FROM directory_user WHERE id = $1";
const FIND_BY_NAME: &str = select!("user_principal_name_key = $1 AND deleted_at IS NULL");
const NAME_HOLDER: &str = "SELECT id FROM directory_user WHERE user_principal_name_key = $1";
const INSERT: &str = "INSERT INTO directory_user (id, user_principal_name_key, user_principal_name, display_name, \
    given_name, surname, mail, mail_nickname, user_type, account_enabled, job_title, department, company_name, \
    employee_id, office_location, mobile_phone, usage_location, preferred_language, details, manager_id, created_at, \
    deleted_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)";
const UPDATE: &str = "UPDATE directory_user SET user_principal_name_key = $2, user_principal_name = $3, \
    display_name = $4, given_name = $5, surname = $6, mail = $7, mail_nickname = $8, user_type = $9, \
    account_enabled = $10, job_title = $11, department = $12, company_name = $13, employee_id = $14, \
    office_location = $15, mobile_phone = $16, usage_location = $17, preferred_language = $18, details = $19, \
    manager_id = $20, created_at = $21, deleted_at = $22, version = version + 1 \
    WHERE id = $1 AND version = $23";
const SET_MANAGER: &str = "UPDATE directory_user SET manager_id = $2, version = version + 1 \
    WHERE id = $1 AND version = $3";
const DELETE: &str = "DELETE FROM directory_user WHERE id = $1";
const PASSWORD: &str = "SELECT password_hash FROM directory_user WHERE id = $1";
const SET_PASSWORD: &str = "UPDATE directory_user SET password_hash = $2 WHERE id = $1";
const WITH_PASSWORD: &str = "SELECT user_principal_name, display_name FROM directory_user \
    WHERE password_hash IS NOT NULL AND account_enabled = TRUE AND deleted_at IS NULL \
    ORDER BY user_principal_name_key LIMIT $1";

/// The user of this id, deleted or not.
pub fn find(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Option<User>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// What a user is to the tenant, and whether they are there still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserType {
    /// `Member` or `Guest`, as the directory spells it.
    pub name: String,
    /// Whether the user is not deleted.
    pub is_present: bool,
}

/// What the user of this id is, without all that is known of them.
pub fn find_type(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Option<UserType>, Error> {
    let Some(row) = tx.query_opt(TYPE, &[text(id)])? else {
        return Ok(None);
    };
    Ok(Some(UserType {
        name: row.text(0)?.to_owned(),
        is_present: row.boolean(1)?,
    }))
}

/// The user of this id, unless deleted.
pub fn find_present(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Option<User>, Error> {
    Ok(find(tx, id)?.filter(|user| user.deleted_at.is_none()))
}

/// The user with this sign-in name, unless deleted.
pub fn find_by_name(tx: &mut ReadTx<'_>, user_principal_name: &str) -> Result<Option<User>, Error> {
    tx.query_opt(FIND_BY_NAME, &[text(name_key(user_principal_name))])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Who has this sign-in name now.
pub fn name_holder(
    tx: &mut ReadTx<'_>,
    user_principal_name: &str,
) -> Result<Option<ObjectId>, Error> {
    let row = tx.query_opt(NAME_HOLDER, &[text(name_key(user_principal_name))])?;
    row.as_ref()
        .map(|row| parsed(row, 0, "directory_user.id"))
        .transpose()
}

/// Stores a new user, whose sign-in name nobody has.
pub fn insert(tx: &mut WriteTx<'_>, user: &User) -> Result<(), Error> {
    tx.execute_one(INSERT, &values(user))?;
    guest::arrived(tx, user)?;
    automatic::due::mark(tx, user.id)
}

/// Stores a changed user.
pub fn update(tx: &mut WriteTx<'_>, user: &User) -> Result<(), Error> {
    tx.execute_one(UPDATE, &values(user))?;
    if user.deleted_at.is_none() {
        guest::arrived(tx, user)?;
    }
    automatic::due::mark(tx, user.id)?;
    connected_organization::refresh_subject(tx, user.id)
}

/// Makes `manager` the user's manager, or nobody.
pub fn set_manager(
    tx: &mut WriteTx<'_>,
    user: &User,
    manager: Option<ObjectId>,
) -> Result<(), Error> {
    tx.execute_one(
        SET_MANAGER,
        &[text(user.id), opt_text(manager), int(user.version)],
    )
}

/// Removes a user for good; whoever it managed has no manager then.
pub fn delete(tx: &mut WriteTx<'_>, id: ObjectId) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(id)])?;
    user_attribute::forget_of_user(tx, id)?;
    automatic::note::forget_of_user(tx, id)
}

/// The hash of the user's password, if there is one.
pub fn password_hash(tx: &mut ReadTx<'_>, id: ObjectId) -> Result<Option<String>, Error> {
    let row = tx.query_opt(PASSWORD, &[text(id)])?;
    row.as_ref().map_or(Ok(None), |row| opt_string(row, 0))
}

/// Sign-in names and full names of the first users who have a password and may sign in.
pub fn list_with_password(tx: &mut ReadTx<'_>, limit: i64) -> Result<Vec<(String, String)>, Error> {
    tx.query_map(WITH_PASSWORD, &[int(limit)], |row| {
        Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
    })
}

/// Gives the user a password, told by its hash.
pub fn set_password_hash(tx: &mut WriteTx<'_>, id: ObjectId, hash: &str) -> Result<(), Error> {
    tx.execute_one(SET_PASSWORD, &[text(id), text(hash)])
}

/// What the sign-in name is found by.
fn stored_key(user: &User) -> String {
    match user.deleted_at {
        None => user.name_key(),
        Some(_) => user.id.to_string(),
    }
}

fn values(user: &User) -> [Value; 23] {
    [
        text(user.id),
        text(stored_key(user)),
        text(&user.user_principal_name),
        text(&user.display_name),
        opt_text(user.given_name.as_ref()),
        opt_text(user.surname.as_ref()),
        opt_text(user.mail.as_ref()),
        opt_text(user.mail_nickname.as_ref()),
        text(&user.user_type),
        boolean(user.account_enabled),
        opt_text(user.job_title.as_ref()),
        opt_text(user.department.as_ref()),
        opt_text(user.company_name.as_ref()),
        opt_text(user.employee_id.as_ref()),
        opt_text(user.office_location.as_ref()),
        opt_text(user.mobile_phone.as_ref()),
        opt_text(user.usage_location.as_ref()),
        opt_text(user.preferred_language.as_ref()),
        text(details_document(&user.details)),
        opt_text(user.manager_id),
        int(user.created_at.micros()),
        opt_int(user.deleted_at.map(domain::time::Timestamp::micros)),
        int(user.version),
    ]
}

fn read(row: &Row<'_>) -> Result<User, Error> {
    Ok(User {
        id: parsed(row, 0, "directory_user.id")?,
        user_principal_name: row.text(1)?.to_owned(),
        display_name: row.text(2)?.to_owned(),
        given_name: opt_string(row, 3)?,
        surname: opt_string(row, 4)?,
        mail: opt_string(row, 5)?,
        mail_nickname: opt_string(row, 6)?,
        user_type: row.text(7)?.to_owned(),
        account_enabled: row.boolean(8)?,
        job_title: opt_string(row, 9)?,
        department: opt_string(row, 10)?,
        company_name: opt_string(row, 11)?,
        employee_id: opt_string(row, 12)?,
        office_location: opt_string(row, 13)?,
        mobile_phone: opt_string(row, 14)?,
        usage_location: opt_string(row, 15)?,
        preferred_language: opt_string(row, 16)?,
        details: details_of(row, 17, "directory_user.details")?,
        manager_id: opt_parsed(row, 18, "directory_user.manager_id")?,
        created_at: instant(row, 19)?,
        deleted_at: opt_instant(row, 20)?,
        version: row.int(21)?,
    })
}
