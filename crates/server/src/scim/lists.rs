//! Lists of resources: of one type, or of all.

use domain::query::{Page, Query};
use http::StatusCode;
use scim::list::{Search, response};
use scim::schema::ResourceType;
use serde_json::Value as Json;
use service::reads;

use super::MAX_RESULTS;
use super::fault::Fault;
use super::request::{ScimRequest, scim_json};
use super::resources::{document, expanded};
use super::row::{Row, query};
use super::search::{Finder, Foreign};
use super::types::TYPES;
use crate::reply::Reply;

/// Resources of one type.
pub(super) async fn list(
    request: &ScimRequest<'_>,
    resource_type: &'static ResourceType,
    search: &Search,
) -> Result<Reply, Fault> {
    let mut found = Found::default();
    find(request, resource_type, Foreign::Refused, search, &mut found).await?;
    Ok(found.reply(search))
}

/// Resources of all types, one type after the other.
pub(super) async fn everything(request: &ScimRequest<'_>, search: &Search) -> Result<Reply, Fault> {
    let mut found = Found::default();
    for resource_type in TYPES {
        find(request, resource_type, Foreign::Absent, search, &mut found).await?;
    }
    Ok(found.reply(search))
}

/// What was found up to now.
#[derive(Default)]
struct Found {
    resources: Vec<Json>,
    total: u64,
}

impl Found {
    fn reply(self, search: &Search) -> Reply {
        let document = response(self.resources, self.total, search.start_index);
        scim_json(StatusCode::OK, &document)
    }
}

async fn find(
    request: &ScimRequest<'_>,
    resource_type: &'static ResourceType,
    foreign: Foreign,
    search: &Search,
    found: &mut Found,
) -> Result<(), Fault> {
    let finder = Finder {
        resource_type,
        foreign,
    };
    let filter = match &search.filter {
        Some(filter) => finder.predicate(filter)?,
        None => domain::query::Predicate::True,
    };
    let order = match &search.sort_by {
        Some(path) => finder.order(path, search.descends)?,
        None => None,
    };
    let wanted = search.count.unwrap_or(MAX_RESULTS).min(MAX_RESULTS);
    let have = found.resources.len() as u64;
    let before = search.start_index - 1;
    let query = Query {
        order: order.into_iter().collect(),
        skip: before.saturating_sub(found.total),
        limit: Some(wanted.saturating_sub(have)),
        count: true,
        ..query(finder.entity(), filter)
    };
    let query = expanded(query, resource_type, &search.selection);
    let Page { rows, count, .. } =
        reads::list(request.service(), request.ctx(), query.clone()).await?;
    for record in &rows {
        let mut resource = document(&Row::of(&query, record), resource_type, request.base());
        search.selection.apply(resource_type, &mut resource);
        found.resources.push(Json::Object(resource));
    }
    found.total += count.unwrap_or_default().unsigned_abs();
    Ok(())
}
