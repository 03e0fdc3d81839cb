//! What an outside directory calls the users and groups that it feeds.

use domain::directory::name_key;
use domain::id::ObjectId;

use crate::column::opt_string;
use crate::value::{opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] =
    &[NAME_USER, ALIAS, EXTERNAL_ID, GROUP_EXTERNAL_ID, NAME_GROUP];

const NAME_USER: &str = "INSERT INTO user_provisioning (id, external_id, user_name, user_name_key, \
    sign_in_name) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id, \
    user_name = excluded.user_name, user_name_key = excluded.user_name_key, sign_in_name = excluded.sign_in_name";
const ALIAS: &str = "SELECT user_name, sign_in_name FROM user_provisioning WHERE id = $1";
const EXTERNAL_ID: &str = "SELECT external_id FROM user_provisioning WHERE id = $1";
const GROUP_EXTERNAL_ID: &str = "SELECT external_id FROM group_provisioning WHERE id = $1";
const NAME_GROUP: &str = "INSERT INTO group_provisioning (id, external_id) VALUES ($1, $2) \
    ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id";

/// A user name that cannot be a sign-in name, with the sign-in name that was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The user name.
    pub user_name: String,
    /// The sign-in name.
    pub sign_in_name: String,
}

/// Keeps what a user is called elsewhere.
pub fn name_user(
    tx: &mut WriteTx<'_>,
    user: ObjectId,
    external_id: Option<&str>,
    alias: Option<&Alias>,
) -> Result<(), Error> {
    let values = [
        text(user),
        opt_text(external_id),
        opt_text(alias.map(|alias| &alias.user_name)),
        opt_text(alias.map(|alias| name_key(&alias.user_name))),
        opt_text(alias.map(|alias| &alias.sign_in_name)),
    ];
    tx.execute_one(NAME_USER, &values)
}

/// The user name of a user with the sign-in name that was made of it, if one was.
pub fn find_alias(tx: &mut ReadTx<'_>, user: ObjectId) -> Result<Option<Alias>, Error> {
    let Some(row) = tx.query_opt(ALIAS, &[text(user)])? else {
        return Ok(None);
    };
    let names = opt_string(&row, 0)?.zip(opt_string(&row, 1)?);
    Ok(names.map(|(user_name, sign_in_name)| Alias {
        user_name,
        sign_in_name,
    }))
}

/// The key that the outside directory has for a user.
pub fn find_external_id(tx: &mut ReadTx<'_>, user: ObjectId) -> Result<Option<String>, Error> {
    match tx.query_opt(EXTERNAL_ID, &[text(user)])? {
        Some(row) => opt_string(&row, 0),
        None => Ok(None),
    }
}

/// The key that the outside directory has for a group.
pub fn find_external_id_of_group(
    tx: &mut ReadTx<'_>,
    group: ObjectId,
) -> Result<Option<String>, Error> {
    match tx.query_opt(GROUP_EXTERNAL_ID, &[text(group)])? {
        Some(row) => opt_string(&row, 0),
        None => Ok(None),
    }
}

/// Keeps what a group is called elsewhere.
pub fn name_group(
    tx: &mut WriteTx<'_>,
    group: ObjectId,
    external_id: Option<&str>,
) -> Result<(), Error> {
    tx.execute_one(NAME_GROUP, &[text(group), opt_text(external_id)])
}
