//! Requests to add, update or remove a resource: kept as a record of what was done.

use domain::id::{CatalogId, ResourceId, ResourceRequestId, SubjectId};
use domain::resource::ResourceRequestType;
use domain::time::Timestamp;

use crate::column::{instant, opt_instant, opt_parsed, opt_string, parsed, word};
use crate::engine::Row;
use crate::value::{int, opt_boolean, opt_int, opt_text, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[FIND, INSERT];

const FIND: &str = "SELECT id, request_type, state, status, justification, catalog_id, resource_id, requestor_id, \
    execute_immediately, expires_at, created_at FROM resource_request WHERE id = $1";
const INSERT: &str = "INSERT INTO resource_request (id, request_type, state, status, justification, catalog_id, \
    resource_id, requestor_id, execute_immediately, expires_at, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// A request to add, update or remove a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRequest {
    /// Its id.
    pub id: ResourceRequestId,
    /// What was asked for.
    pub request_type: ResourceRequestType,
    /// What came of it, in the words of assignment requests: `delivered`.
    pub state: &'static str,
    /// The same for people.
    pub status: &'static str,
    /// Why.
    pub justification: Option<String>,
    /// The catalog.
    pub catalog_id: CatalogId,
    /// The resource; it may be gone.
    pub resource_id: Option<ResourceId>,
    /// Who asked.
    pub requestor_id: Option<SubjectId>,
    /// Whether the caller did not want to wait, if the caller said so.
    pub execute_immediately: Option<bool>,
    /// When the request ends, as the caller said.
    pub expires_at: Option<Timestamp>,
    /// When.
    pub created_at: Timestamp,
}

/// The state of a request that was carried out; a request that cannot be is not kept (RQ-6).
pub const DELIVERED: (&str, &str) = ("delivered", "Fulfilled");

/// The request of this id.
pub fn find(tx: &mut ReadTx<'_>, id: ResourceRequestId) -> Result<Option<ResourceRequest>, Error> {
    tx.query_opt(FIND, &[text(id)])?
        .as_ref()
        .map(read)
        .transpose()
}

/// Stores a new request.
pub fn insert(tx: &mut WriteTx<'_>, request: &ResourceRequest) -> Result<(), Error> {
    tx.execute_one(
        INSERT,
        &[
            text(request.id),
            text(request.request_type),
            text(request.state),
            text(request.status),
            opt_text(request.justification.as_ref()),
            text(request.catalog_id),
            opt_text(request.resource_id),
            opt_text(request.requestor_id),
            opt_boolean(request.execute_immediately),
            opt_int(request.expires_at.map(Timestamp::micros)),
            int(request.created_at.micros()),
        ],
    )
}

fn read(row: &Row<'_>) -> Result<ResourceRequest, Error> {
    let (state, status) = DELIVERED;
    word(row, 2, "resource_request.state", |found| {
        (found == state).then_some(())
    })?;
    Ok(ResourceRequest {
        id: parsed(row, 0, "resource_request.id")?,
        request_type: word(
            row,
            1,
            "resource_request.request_type",
            ResourceRequestType::from_name,
        )?,
        state,
        status,
        justification: opt_string(row, 4)?,
        catalog_id: parsed(row, 5, "resource_request.catalog_id")?,
        resource_id: opt_parsed(row, 6, "resource_request.resource_id")?,
        requestor_id: opt_parsed(row, 7, "resource_request.requestor_id")?,
        execute_immediately: row.opt_boolean(8)?,
        expires_at: opt_instant(row, 9)?,
        created_at: instant(row, 10)?,
    })
}
