//! Assignment policies: the row, and the document that holds most of each.
//!
//! **Invariant:** the rows of `extension_stage_setting` and `automatic_policy` are what the document says: nothing else
//! writes them.

mod document;
#[cfg(test)]
mod tests;

use domain::id::{AccessPackageId, PolicyId};
use domain::policy::{Policy, TargetScope};
use domain::time::Timestamp;

pub use document::{DocumentError, approval_stage, parse, question};

use crate::column::{instant, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{boolean, int, opt_text, text};
use crate::{Error, ReadTx, WriteTx, automatic, custom_extension};

pub(crate) const STATEMENTS: &[&str] = &[FIND, OF_PACKAGE, REQUESTABLE, INSERT, SAVE, DELETE];

/// Every column in the order of [`read`], with what follows the table's name.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, access_package_id, display_name, description, allowed_target_scope, can_extend, settings, ",
            "created_by, created_at, modified_by, modified_at, version FROM assignment_policy ",
            $tail
        )
    };
}

const FIND: &str = select!("WHERE id = $1");
const OF_PACKAGE: &str = select!("WHERE access_package_id = $1 ORDER BY created_at, id");
// Packages that can be asked for: not in a catalog that is not published, and, to be seen, not hidden (RQ-9).
const REQUESTABLE: &str = select!(
    "WHERE allowed_target_scope <> 'notSpecified' AND access_package_id IN (SELECT p.id FROM access_package p JOIN catalog c ON c.id = p.catalog_id WHERE (p.is_hidden = FALSE OR $1 = TRUE) AND c.state = 'published') ORDER BY access_package_id, created_at, id"
);
const INSERT: &str = "INSERT INTO assignment_policy (id, access_package_id, display_name, description, \
    allowed_target_scope, can_extend, settings, created_by, created_at, modified_by, modified_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const SAVE: &str = "UPDATE assignment_policy SET display_name = $3, description = $4, allowed_target_scope = $5, \
    can_extend = $6, settings = $7, modified_by = $8, modified_at = $9, version = version + 1 \
    WHERE id = $1 AND version = $2";
const DELETE: &str = "DELETE FROM assignment_policy WHERE id = $1 AND version = $2";

/// A policy as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentPolicy {
    /// Its id.
    pub id: PolicyId,
    /// The package it belongs to.
    pub access_package_id: AccessPackageId,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who may have the package by it.
    pub allowed_target_scope: TargetScope,
    /// Whether holders may ask for more time.
    pub can_extend: bool,
    /// The rest, as a document in the one internal shape (OM-1).
    pub settings: String,
    /// Who created it.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// Who replaced it last.
    pub modified_by: Option<String>,
    /// When.
    pub modified_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

impl AssignmentPolicy {
    /// The policy as the rules read it.
    pub fn to_policy(&self) -> Result<Policy, Error> {
        let settings = parse(&self.settings)
            .map_err(|flaw| Error::corrupt("assignment_policy", "settings", self.id, flaw))?;
        Ok(Policy {
            id: self.id,
            access_package_id: self.access_package_id,
            display_name: self.display_name.clone(),
            scope: self.allowed_target_scope,
            can_extend: self.can_extend,
            settings,
            created_at: self.created_at,
        })
    }
}

/// The policy of this id.
pub fn find(tx: &mut ReadTx<'_>, id: PolicyId) -> Result<Option<AssignmentPolicy>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// The policy of this id, as the rules read it.
pub fn find_policy(tx: &mut ReadTx<'_>, id: PolicyId) -> Result<Option<Policy>, Error> {
    find(tx, id)?.map(|row| row.to_policy()).transpose()
}

/// The policies of a package, as the rules read them, oldest first.
pub fn of_package(tx: &mut ReadTx<'_>, package: AccessPackageId) -> Result<Vec<Policy>, Error> {
    tx.query_map(OF_PACKAGE, &[text(package)], read)?
        .iter()
        .map(AssignmentPolicy::to_policy)
        .collect()
}

/// The policies of a package as they are stored, oldest first.
pub fn stored_of_package(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
) -> Result<Vec<AssignmentPolicy>, Error> {
    tx.query_map(OF_PACKAGE, &[text(package)], read)
}

/// The policies of packages that are in a published catalog, package by package, oldest first; those of hidden packages
/// only for whoever knows the package (RQ-9).
pub fn requestable(tx: &mut ReadTx<'_>, with_hidden: bool) -> Result<Vec<Policy>, Error> {
    tx.query_map(REQUESTABLE, &[boolean(with_hidden)], read)?
        .iter()
        .map(AssignmentPolicy::to_policy)
        .collect()
}

/// Stores a new policy.
pub fn insert(tx: &mut WriteTx<'_>, policy: &AssignmentPolicy) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(policy.id),
            text(policy.access_package_id),
            text(&policy.display_name),
            opt_text(policy.description.as_ref()),
            text(policy.allowed_target_scope),
            boolean(policy.can_extend),
            text(&policy.settings),
            opt_text(policy.created_by.as_ref()),
            int(policy.created_at.micros()),
            opt_text(policy.modified_by.as_ref()),
            int(policy.modified_at.micros()),
            int(policy.version),
        ],
    )?;
    keep_parts(tx, policy)
}

/// Replaces a policy, if nobody changed it since it was read.
pub fn save(tx: &mut WriteTx<'_>, policy: &AssignmentPolicy) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            text(policy.id),
            int(policy.version),
            text(&policy.display_name),
            opt_text(policy.description.as_ref()),
            text(policy.allowed_target_scope),
            boolean(policy.can_extend),
            text(&policy.settings),
            opt_text(policy.modified_by.as_ref()),
            int(policy.modified_at.micros()),
        ],
    )?;
    keep_parts(tx, policy)
}

/// Keeps what the document says of extensions and of assigning by itself where it can be asked for.
fn keep_parts(tx: &mut WriteTx<'_>, policy: &AssignmentPolicy) -> Result<(), Error> {
    let rules = policy.to_policy()?;
    custom_extension::replace_settings(tx, policy.id, &rules.settings.extensions)?;
    custom_extension::replace_dynamic_stages(tx, policy.id, &rules.settings.approval.stages)?;
    automatic::keep(tx, &rules, policy.modified_at)
}

/// Removes a policy that neither assignments nor requests name any more.
pub fn delete(tx: &mut WriteTx<'_>, policy: &AssignmentPolicy) -> Result<(), Error> {
    tx.execute_one(DELETE, &[text(policy.id), int(policy.version)])?;
    automatic::left_by(tx, policy.access_package_id, policy.modified_at)
}

fn read(row: &Row<'_>) -> Result<AssignmentPolicy, Error> {
    Ok(AssignmentPolicy {
        id: parsed(row, 0, "assignment_policy.id")?,
        access_package_id: parsed(row, 1, "assignment_policy.access_package_id")?,
        display_name: row.text(2)?.to_owned(),
        description: opt_string(row, 3)?,
        allowed_target_scope: word(
            row,
            4,
            "assignment_policy.allowed_target_scope",
            TargetScope::from_name,
        )?,
        can_extend: row.boolean(5)?,
        settings: row.text(6)?.to_owned(),
        created_by: opt_string(row, 7)?,
        created_at: instant(row, 8)?,
        modified_by: opt_string(row, 9)?,
        modified_at: instant(row, 10)?,
        version: row.int(11)?,
    })
}
