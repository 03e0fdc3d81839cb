//! Single resources: created, read, replaced, changed, deleted.

use domain::id::ObjectId;
use domain::query::{Query, Record};
use http::{StatusCode, header};
use scim::error::{ErrorType, Invalid};
use scim::schema::ResourceType;
use scim::select::Selection;
use scim::{patch, resource};
use serde_json::{Map, Value as Json};
use service::provisioning;
use service::reads;

use super::fault::Fault;
use super::request::{ScimRequest, Tags, scim_json};
use super::row::{GROUPS, Row, USERS, by_id, with_groups, with_members};
use super::types::USER;
use super::{groups, lists, not_allowed, users};
use crate::reply::Reply;

/// A collection.
pub(super) async fn collection(
    request: &ScimRequest<'_>,
    resource_type: &'static ResourceType,
) -> Result<Reply, Fault> {
    match request.method().as_str() {
        "GET" | "HEAD" => lists::list(request, resource_type, &request.search()?).await,
        "POST" => create(request, resource_type).await,
        _ => Err(not_allowed("GET, HEAD, POST")),
    }
}

/// One resource.
pub(super) async fn resource(
    request: &ScimRequest<'_>,
    resource_type: &'static ResourceType,
    id: &str,
) -> Result<Reply, Fault> {
    // Nothing has an id that is none.
    let id: ObjectId = id.parse().map_err(|_| request.nowhere())?;
    match request.method().as_str() {
        "GET" | "HEAD" => {
            let reply = shown(request, resource_type, id, StatusCode::OK).await?;
            let version = reply.headers.get(header::ETAG);
            let version = version.and_then(|version| version.to_str().ok());
            let is_known = request
                .if_none_match()
                .zip(version)
                .is_some_and(|(known, version)| known.name(version));
            if is_known {
                return Ok(Reply {
                    headers: reply.headers.clone(),
                    ..Reply::empty(StatusCode::NOT_MODIFIED)
                });
            }
            Ok(reply)
        }
        "PUT" => {
            replace(request, resource_type, id).await?;
            shown(request, resource_type, id, StatusCode::OK).await
        }
        "PATCH" => {
            change(request, resource_type, id).await?;
            shown(request, resource_type, id, StatusCode::OK).await
        }
        "DELETE" => {
            delete(request, resource_type, id).await?;
            Ok(Reply::no_content())
        }
        _ => Err(not_allowed("GET, HEAD, PUT, PATCH, DELETE")),
    }
}

async fn create(
    request: &ScimRequest<'_>,
    resource_type: &'static ResourceType,
) -> Result<Reply, Fault> {
    request.selection()?;
    let body = resource::read(resource_type, &request.body()?, request.unknown())?;
    let (service, ctx) = (request.service(), request.ctx());
    let id = if *resource_type == USER {
        let image = users::image(&body, request.unknown())?;
        provisioning::users::create(service, ctx, image, users::password(&body)).await?
    } else {
        provisioning::groups::create(service, ctx, groups::edit(&body)?).await?
    };
    let reply = shown(request, resource_type, id, StatusCode::CREATED).await?;
    let location = format!("{}{}/{id}", request.base(), resource_type.endpoint);
    Ok(reply.with(header::LOCATION, &location))
}

async fn replace(
    request: &ScimRequest<'_>,
    resource_type: &'static ResourceType,
    id: ObjectId,
) -> Result<(), Fault> {
    request.selection()?;
    let body = resource::read(resource_type, &request.body()?, request.unknown())?;
    let (service, ctx) = (request.service(), request.ctx());
    let (query, check) = checked(request, resource_type, id);
    if *resource_type == USER {
        let image = users::image(&body, request.unknown())?;
        let password = users::password(&body);
        let edit = move |record: &Record| check(record).map(|()| image.clone());
        provisioning::users::change(service, ctx, id, query, password, edit).await?;
    } else {
        let whole = groups::edit(&body)?;
        let edit = move |record: &Record| check(record).map(|()| whole.clone());
        provisioning::groups::change(service, ctx, id, query, edit).await?;
    }
    Ok(())
}

async fn change(
    request: &ScimRequest<'_>,
    resource_type: &'static ResourceType,
    id: ObjectId,
) -> Result<(), Fault> {
    request.selection()?;
    let unknown = request.unknown();
    let changes = patch::read(resource_type, &request.body()?, unknown)?;
    let (service, ctx) = (request.service(), request.ctx());
    let (query, check) = checked(request, resource_type, id);
    let (selected, base) = (query.clone(), request.base().to_owned());
    if *resource_type == USER {
        // A password is hashed before the transaction, which is too short for that.
        let mut secret = Map::new();
        for change in changes.iter().filter(|change| change.is_of("password")) {
            if change.operation == patch::Operation::Remove {
                let detail = "a password can be replaced, not removed";
                return Err(Invalid::new(ErrorType::Mutability, detail).into());
            }
            patch::apply(&mut secret, change, unknown)?;
        }
        let edit = move |record: &Record| {
            check(record)?;
            let mut user = users::changeable(&Row::of(&selected, record), &base);
            for change in &changes {
                patch::apply(&mut user, change, unknown)?;
            }
            users::image(&user, unknown)
        };
        let password = users::password(&secret);
        provisioning::users::change(service, ctx, id, query, password, edit).await?;
    } else {
        let edit = move |record: &Record| {
            check(record)?;
            let mut group = groups::document(&Row::of(&selected, record), &base);
            group.remove("members");
            groups::edit_by(&group, &changes, unknown)
        };
        provisioning::groups::change(service, ctx, id, query, edit).await?;
    }
    Ok(())
}

async fn delete(
    request: &ScimRequest<'_>,
    resource_type: &'static ResourceType,
    id: ObjectId,
) -> Result<(), Fault> {
    let (service, ctx) = (request.service(), request.ctx());
    let (query, check) = checked(request, resource_type, id);
    if *resource_type == USER {
        provisioning::users::delete(service, ctx, id, query, check).await?;
    } else {
        provisioning::groups::delete(service, ctx, id, query, check).await?;
    }
    Ok(())
}

/// The query of a resource that is to be changed, and what refuses to change another version than `If-Match` names.
fn checked(
    request: &ScimRequest<'_>,
    resource_type: &'static ResourceType,
    id: ObjectId,
) -> (
    Query,
    impl Fn(&Record) -> Result<(), Fault> + Send + 'static,
) {
    let wanted = request.if_match();
    let mut query = selecting(resource_type, id);
    // Who is in a group is read for its version alone.
    if wanted.is_some() && *resource_type != USER {
        query = with_members(query);
    }
    let selected = query.clone();
    let check = move |record: &Record| {
        let row = Row::of(&selected, record);
        match &wanted {
            Some(wanted) if !is_named(wanted, resource_type, &row) => Err(Fault::changed()),
            _ => Ok(()),
        }
    };
    (query, check)
}

fn is_named(wanted: &Tags, resource_type: &ResourceType, row: &Row<'_>) -> bool {
    let current = if *resource_type == USER {
        Some(users::version(row))
    } else {
        groups::version(row)
    };
    current.is_some_and(|current| wanted.name(&current))
}

fn selecting(resource_type: &ResourceType, id: ObjectId) -> Query {
    by_id(
        if *resource_type == USER {
            USERS
        } else {
            GROUPS
        },
        id,
    )
}

/// The query with what the selected attributes need beside the row itself.
pub(super) fn expanded(query: Query, resource_type: &ResourceType, selection: &Selection) -> Query {
    if *resource_type == USER {
        if selection.shows(resource_type, "groups") {
            return with_groups(query);
        }
    } else if selection.shows(resource_type, "members") {
        return with_members(query);
    }
    query
}

/// The document of a row.
pub(super) fn document(
    row: &Row<'_>,
    resource_type: &ResourceType,
    base: &str,
) -> Map<String, Json> {
    if *resource_type == USER {
        users::document(row, base)
    } else {
        groups::document(row, base)
    }
}

/// The resource as an answer.
async fn shown(
    request: &ScimRequest<'_>,
    resource_type: &'static ResourceType,
    id: ObjectId,
    status: StatusCode,
) -> Result<Reply, Fault> {
    let selection = request.selection()?;
    let query = expanded(selecting(resource_type, id), resource_type, &selection);
    let page = reads::get(request.service(), request.ctx(), query.clone()).await?;
    let record = page.rows.first().ok_or_else(|| request.nowhere())?;
    let mut resource = document(&Row::of(&query, record), resource_type, request.base());
    let tag = resource
        .get("meta")
        .and_then(|meta| meta.get("version"))
        .and_then(Json::as_str)
        .map(str::to_owned);
    selection.apply(resource_type, &mut resource);
    let reply = scim_json(status, &Json::Object(resource));
    Ok(match tag {
        Some(tag) => reply.with(header::ETAG, &tag),
        None => reply,
    })
}
