//! The permissions that the built-in issuer puts into the tokens of a client.

use domain::id::ObjectId;

use crate::value::text;
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[OF, ADD];

const OF: &str = "SELECT permission FROM application_permission WHERE service_principal_id = $1 ORDER BY permission";
const ADD: &str = "INSERT INTO application_permission (service_principal_id, permission) VALUES ($1, $2) \
    ON CONFLICT (service_principal_id, permission) DO NOTHING";

/// The names of the permissions.
pub fn of(tx: &mut ReadTx<'_>, service_principal: ObjectId) -> Result<Vec<String>, Error> {
    tx.query_map(OF, &[text(service_principal)], |row| {
        row.text(0).map(ToOwned::to_owned)
    })
}

/// Gives a permission; giving it twice is the same as giving it once.
pub fn add(
    tx: &mut WriteTx<'_>,
    service_principal: ObjectId,
    permission: &str,
) -> Result<(), Error> {
    tx.execute(ADD, &[text(service_principal), text(permission)])
        .map(drop)
}
