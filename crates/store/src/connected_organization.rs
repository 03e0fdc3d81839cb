//! Connected organizations, the facts by which their people are known, and their sponsors.
//!
//! Invariant: whoever changes sources brings `subject.connected_organization_id` up to date in the same transaction.

mod sources;

use std::collections::BTreeSet;

use domain::connected_organization::{
    IdentitySource, OrganizationState, SourceKey, SourceKind, SponsorKind,
};
use domain::id::{ConnectedOrganizationId, ObjectId, PolicyId};
use domain::subject_set::SubjectSet;
use domain::time::Timestamp;

use crate::assignment_policy;
use crate::column::{instant, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[
    FIND,
    INSERT,
    SAVE,
    DELETE,
    SOURCE_HOLDER,
    ADD_SOURCE,
    DROP_SOURCES,
    OF_GUEST,
    OF_DOMAIN,
    REFRESH_SUBJECTS,
    REFRESH_SUBJECT,
    POLICIES_NAMING,
    INTERNAL_SPONSORS,
    ADD_INTERNAL_SPONSOR,
    REMOVE_INTERNAL_SPONSOR,
    EXTERNAL_SPONSORS,
    ADD_EXTERNAL_SPONSOR,
    REMOVE_EXTERNAL_SPONSOR,
];

const FIND: &str = "SELECT id, display_name, description, state, identity_sources, created_by, created_at, \
    modified_by, modified_at, version FROM connected_organization WHERE id = $1";
const INSERT: &str = "INSERT INTO connected_organization (id, display_name, description, state, identity_sources, \
    created_by, created_at, modified_by, modified_at, version) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const SAVE: &str = "UPDATE connected_organization SET display_name = $3, description = $4, state = $5, \
    identity_sources = $6, modified_by = $7, modified_at = $8, version = version + 1 \
    WHERE id = $1 AND version = $2";
const DELETE: &str = "DELETE FROM connected_organization WHERE id = $1 AND version = $2";
const SOURCE_HOLDER: &str = "SELECT connected_organization_id FROM connected_organization_source \
    WHERE kind = $1 AND value = $2";
const ADD_SOURCE: &str = "INSERT INTO connected_organization_source (kind, value, connected_organization_id) \
    VALUES ($1, $2, $3)";
const DROP_SOURCES: &str =
    "DELETE FROM connected_organization_source WHERE connected_organization_id = $1";
const OF_GUEST: &str = "SELECT organization.id, organization.state FROM connected_organization_guest guest \
    JOIN connected_organization organization ON organization.id = guest.connected_organization_id \
    WHERE guest.object_id = $1";
/// Those who belonged to the organization, and those who do now: guests, and people known by an address only.
const REFRESH_SUBJECTS: &str = "UPDATE subject SET connected_organization_id = COALESCE((\
    SELECT guest.connected_organization_id FROM connected_organization_guest guest \
    WHERE guest.object_id = subject.object_id), (\
    SELECT source.connected_organization_id FROM connected_organization_source source WHERE source.kind = 'domain' \
    AND source.value = SUBSTR(subject.address_key, INSTR(subject.address_key, '@') + 1))) \
    WHERE connected_organization_id = $1 OR object_id IN (\
    SELECT guest.object_id FROM connected_organization_guest guest WHERE guest.connected_organization_id = $1) \
    OR (address_key IS NOT NULL AND SUBSTR(address_key, INSTR(address_key, '@') + 1) IN (\
    SELECT source.value FROM connected_organization_source source \
    WHERE source.kind = 'domain' AND source.connected_organization_id = $1))";
const REFRESH_SUBJECT: &str = "UPDATE subject SET connected_organization_id = (\
    SELECT guest.connected_organization_id FROM connected_organization_guest guest \
    WHERE guest.object_id = subject.object_id) WHERE object_id = $1";
const OF_DOMAIN: &str = "SELECT organization.id, organization.state FROM connected_organization_source source \
    JOIN connected_organization organization ON organization.id = source.connected_organization_id \
    WHERE source.kind = 'domain' AND source.value = $1";
const POLICIES_NAMING: &str =
    "SELECT id FROM assignment_policy WHERE INSTR(LOWER(settings), $1) > 0 ORDER BY id";
const INTERNAL_SPONSORS: &str = "SELECT object_id FROM connected_organization_internal_sponsor \
    WHERE connected_organization_id = $1 ORDER BY object_id";
const ADD_INTERNAL_SPONSOR: &str = "INSERT INTO connected_organization_internal_sponsor \
    (connected_organization_id, object_id) VALUES ($1, $2) \
    ON CONFLICT (connected_organization_id, object_id) DO NOTHING";
const REMOVE_INTERNAL_SPONSOR: &str = "DELETE FROM connected_organization_internal_sponsor \
    WHERE connected_organization_id = $1 AND object_id = $2";
const EXTERNAL_SPONSORS: &str = "SELECT object_id FROM connected_organization_external_sponsor \
    WHERE connected_organization_id = $1 ORDER BY object_id";
const ADD_EXTERNAL_SPONSOR: &str = "INSERT INTO connected_organization_external_sponsor \
    (connected_organization_id, object_id) VALUES ($1, $2) \
    ON CONFLICT (connected_organization_id, object_id) DO NOTHING";
const REMOVE_EXTERNAL_SPONSOR: &str = "DELETE FROM connected_organization_external_sponsor \
    WHERE connected_organization_id = $1 AND object_id = $2";

/// A connected organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedOrganization {
    /// Its id.
    pub id: ConnectedOrganizationId,
    /// Its name.
    pub display_name: String,
    /// What it is.
    pub description: Option<String>,
    /// Whether an administrator looked at it.
    pub state: OrganizationState,
    /// Where its people sign in, as the wire shows it.
    pub identity_sources: String,
    /// Who created it.
    pub created_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// Who changed it last.
    pub modified_by: Option<String>,
    /// When.
    pub modified_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

/// The document that keeps these sources.
pub fn document(sources: &[IdentitySource]) -> String {
    sources::document(sources).to_string()
}

/// The organization of this id.
pub fn find(
    tx: &mut ReadTx<'_>,
    id: ConnectedOrganizationId,
) -> Result<Option<ConnectedOrganization>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Stores a new organization, whose people are known by `keys`.
pub fn insert(
    tx: &mut WriteTx<'_>,
    organization: &ConnectedOrganization,
    keys: &BTreeSet<SourceKey>,
) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(organization.id),
            text(&organization.display_name),
            opt_text(organization.description.as_ref()),
            text(organization.state),
            text(&organization.identity_sources),
            opt_text(organization.created_by.as_ref()),
            int(organization.created_at.micros()),
            opt_text(organization.modified_by.as_ref()),
            int(organization.modified_at.micros()),
            int(organization.version),
        ],
    )?;
    add_sources(tx, organization.id, keys)
}

/// Stores what may change of an organization, if nobody changed it since it was read; its people are known by `keys`
/// from now on, if there are any.
pub fn save(
    tx: &mut WriteTx<'_>,
    organization: &ConnectedOrganization,
    keys: Option<&BTreeSet<SourceKey>>,
) -> Result<(), Error> {
    tx.execute_one(
        SAVE,
        &[
            text(organization.id),
            int(organization.version),
            text(&organization.display_name),
            opt_text(organization.description.as_ref()),
            text(organization.state),
            text(&organization.identity_sources),
            opt_text(organization.modified_by.as_ref()),
            int(organization.modified_at.micros()),
        ],
    )?;
    let Some(keys) = keys else { return Ok(()) };
    tx.execute(DROP_SOURCES, &[text(organization.id)])?;
    add_sources(tx, organization.id, keys)
}

fn add_sources(
    tx: &mut WriteTx<'_>,
    id: ConnectedOrganizationId,
    keys: &BTreeSet<SourceKey>,
) -> Result<(), Error> {
    for (kind, value) in keys {
        tx.execute_one(ADD_SOURCE, &[text(kind), text(value), text(id)])?;
    }
    tx.execute(REFRESH_SUBJECTS, &[text(id)]).map(drop)
}

/// Removes an organization with its sponsors; its people belong to nobody then.
pub fn delete(tx: &mut WriteTx<'_>, organization: &ConnectedOrganization) -> Result<(), Error> {
    tx.execute(DROP_SOURCES, &[text(organization.id)])?;
    tx.execute(REFRESH_SUBJECTS, &[text(organization.id)])?;
    tx.execute_one(DELETE, &[text(organization.id), int(organization.version)])
}

/// The organization whose people are known by this fact.
pub fn source_holder(
    tx: &mut ReadTx<'_>,
    kind: SourceKind,
    value: &str,
) -> Result<Option<ConnectedOrganizationId>, Error> {
    let row = tx.query_opt(SOURCE_HOLDER, &[text(kind), text(value)])?;
    row.map(|row| {
        parsed(
            &row,
            0,
            "connected_organization_source.connected_organization_id",
        )
    })
    .transpose()
}

/// The organization that a guest belongs to now, and its state; `None` for members and for guests of nobody.
pub fn of_guest(
    tx: &mut ReadTx<'_>,
    user: ObjectId,
) -> Result<Option<(ConnectedOrganizationId, OrganizationState)>, Error> {
    let row = tx.query_opt(OF_GUEST, &[text(user)])?;
    row.as_ref().map(belonging).transpose()
}

/// The organization that people with addresses of this domain belong to, and its state.
pub fn of_domain(
    tx: &mut ReadTx<'_>,
    domain: &str,
) -> Result<Option<(ConnectedOrganizationId, OrganizationState)>, Error> {
    let row = tx.query_opt(OF_DOMAIN, &[text(domain)])?;
    row.as_ref().map(belonging).transpose()
}

fn belonging(row: &Row<'_>) -> Result<(ConnectedOrganizationId, OrganizationState), Error> {
    let state = word(
        row,
        1,
        "connected_organization.state",
        OrganizationState::from_name,
    )?;
    Ok((parsed(row, 0, "connected_organization.id")?, state))
}

/// Brings the subject of a user up to date after the user changed.
pub(crate) fn refresh_subject(tx: &mut WriteTx<'_>, user: ObjectId) -> Result<(), Error> {
    tx.execute(REFRESH_SUBJECT, &[text(user)]).map(drop)
}

/// A policy that names the organization, if there is one.
pub fn policy_naming(
    tx: &mut ReadTx<'_>,
    id: ConnectedOrganizationId,
) -> Result<Option<PolicyId>, Error> {
    let candidates: Vec<PolicyId> = tx.query_map(POLICIES_NAMING, &[text(id)], |row| {
        parsed(row, 0, "assignment_policy.id")
    })?;
    for candidate in candidates {
        let Some(policy) = assignment_policy::find_policy(tx, candidate)? else {
            continue;
        };
        let wanted = SubjectSet::ConnectedOrganizationMembers(id);
        if policy.settings.subject_sets().any(|set| *set == wanted) {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

/// The sponsors of one kind.
pub fn sponsors(
    tx: &mut ReadTx<'_>,
    id: ConnectedOrganizationId,
    kind: SponsorKind,
) -> Result<Vec<ObjectId>, Error> {
    let (sql, place) = match kind {
        SponsorKind::Internal => (
            INTERNAL_SPONSORS,
            "connected_organization_internal_sponsor.object_id",
        ),
        SponsorKind::External => (
            EXTERNAL_SPONSORS,
            "connected_organization_external_sponsor.object_id",
        ),
    };
    tx.query_map(sql, &[text(id)], |row| parsed(row, 0, place))
}

/// Makes an object a sponsor; `false` if it was one before.
pub fn add_sponsor(
    tx: &mut WriteTx<'_>,
    id: ConnectedOrganizationId,
    kind: SponsorKind,
    object: ObjectId,
) -> Result<bool, Error> {
    let sql = match kind {
        SponsorKind::Internal => ADD_INTERNAL_SPONSOR,
        SponsorKind::External => ADD_EXTERNAL_SPONSOR,
    };
    Ok(tx.execute(sql, &[text(id), text(object)])? > 0)
}

/// Takes an object off the list of sponsors; `false` if it was not on it.
pub fn remove_sponsor(
    tx: &mut WriteTx<'_>,
    id: ConnectedOrganizationId,
    kind: SponsorKind,
    object: ObjectId,
) -> Result<bool, Error> {
    let sql = match kind {
        SponsorKind::Internal => REMOVE_INTERNAL_SPONSOR,
        SponsorKind::External => REMOVE_EXTERNAL_SPONSOR,
    };
    Ok(tx.execute(sql, &[text(id), text(object)])? > 0)
}

fn read(row: &Row<'_>) -> Result<ConnectedOrganization, Error> {
    Ok(ConnectedOrganization {
        id: parsed(row, 0, "connected_organization.id")?,
        display_name: row.text(1)?.to_owned(),
        description: opt_string(row, 2)?,
        state: word(
            row,
            3,
            "connected_organization.state",
            OrganizationState::from_name,
        )?,
        identity_sources: row.text(4)?.to_owned(),
        created_by: opt_string(row, 5)?,
        created_at: instant(row, 6)?,
        modified_by: opt_string(row, 7)?,
        modified_at: instant(row, 8)?,
        version: row.int(9)?,
    })
}

#[cfg(test)]
mod tests;
