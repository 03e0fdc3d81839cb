//! Environments of resources: one for each system, there from the start.

use domain::id::EnvironmentId;
use domain::resource::OriginSystem;

use crate::column::parsed;
use crate::value::text;
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[OF_SYSTEM];

const OF_SYSTEM: &str = "SELECT id, origin_id FROM resource_environment WHERE origin_system = $1";

/// Where the resources of a system live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its id.
    pub id: EnvironmentId,
    /// Its id in the system.
    pub origin_id: String,
}

/// The environment of a system.
pub fn of_system(tx: &mut ReadTx<'_>, system: OriginSystem) -> Result<Option<Environment>, Error> {
    let row = tx.query_opt(OF_SYSTEM, &[text(system)])?;
    row.as_ref()
        .map(|row| {
            Ok(Environment {
                id: parsed(row, 0, "resource_environment.id")?,
                origin_id: row.text(1)?.to_owned(),
            })
        })
        .transpose()
}
