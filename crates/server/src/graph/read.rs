//! Reads: a list, one object, a number, links or the value of a property, all by one plan.
//!
//! **Invariant:** a link to a next page leads on exactly where this page ended, and only where there is more.

use domain::id::ObjectId;
use domain::query::{Page, Path, Predicate, Query, Value as Key};
use http::header::ETAG;
use http::{HeaderValue, StatusCode};
use odata::accept::MetadataLevel;
use odata::prefer::Preferences;
use odata::query::QueryOptions;
use odata::{link, skiptoken};
use serde_json::{Map, Value};
use service::ServiceError;
use service::reads::{self, Own};
use wire::address::Tail;
use wire::encode;
use wire::resolve::{self, Plan, decode_position, encode_position};
use wire::table::Type;
use wire::{sets, tables};

use super::GraphRequest;
use super::locate::nothing;
use crate::error::Error;
use crate::reply::Reply;

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain;charset=utf-8");

/// Answers a `GET` at the request's address.
pub(super) async fn answer(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let options = QueryOptions::parse(&request.call().raw_query)?;
    let link = request
        .link(request.ctx(), request.address().parents())
        .await?;
    let filter = request.address().filter(link.as_ref());
    match &request.address().tail {
        Tail::Collection => list(request, &options, filter).await,
        Tail::Entity => one(request, &options, filter).await,
        Tail::Count => count(request, &options, filter).await,
        Tail::Ref => references(request, &options, filter).await,
        Tail::Property(name, raw) => property(request, name, *raw, filter).await,
        Tail::Call(_) | Tail::Content => Err(nothing()),
    }
}

/// A page of the objects that satisfy `filter`.
pub(crate) async fn list(
    request: &GraphRequest<'_>,
    options: &QueryOptions,
    filter: Predicate,
) -> Result<Reply, Error> {
    let plan = plan(request, options, filter, false)?;
    let page = fetch(request, plan.query.clone()).await?;
    let context = encode::context_of(request.root(), request.address(), false, options);
    let next = next_link(request, &page);
    let json = encode::collection(&plan, &page, request.frame(), &context, next.as_deref());
    Ok(sized(
        request,
        options,
        request.document(StatusCode::OK, json),
    ))
}

/// All directory objects of these ids that the caller may see, on one page: for lists that the client named itself.
pub(crate) async fn all(request: &GraphRequest<'_>, ids: &[ObjectId]) -> Result<Reply, Error> {
    let mut plan = plan(request, &QueryOptions::default(), among(ids), false)?;
    plan.query.limit = None;
    let page = reads::get(request.service(), request.ctx(), plan.query.clone()).await?;
    let context = request.context("directoryObjects");
    let json = encode::collection(&plan, &page, request.frame(), &context, None);
    Ok(request.document(StatusCode::OK, json))
}

/// A page, or the number, of what is the caller's own in a collection (semantics 7.4).
pub(crate) async fn own(request: &GraphRequest<'_>, own: Own, count: bool) -> Result<Reply, Error> {
    called(request, count, |query| {
        reads::own(request.service(), request.ctx(), query, own)
    })
    .await
}

/// A page, or the number, of what a function on a collection answers. `fetch` is given the query of the collection with
/// all the client's options, and says what of it is meant and may be seen.
pub(crate) async fn called<F>(
    request: &GraphRequest<'_>,
    count: bool,
    fetch: impl FnOnce(Query) -> F,
) -> Result<Reply, Error>
where
    F: Future<Output = Result<Page, ServiceError>>,
{
    let options = QueryOptions::parse(&request.call().raw_query)?;
    let parents = request.address().parents();
    let link = request.link(request.ctx(), parents).await?;
    let filter = request.address().filter(link.as_ref());
    let mut plan = plan(request, &options, filter, false)?;
    if count {
        only_count(&mut plan.query);
    }
    let page = fetch(plan.query.clone()).await?;
    if count {
        return Ok(number(&page));
    }
    let context = encode::context_of(request.root(), request.address(), false, &options);
    let next = next_link(request, &page);
    let json = encode::collection(&plan, &page, request.frame(), &context, next.as_deref());
    Ok(sized(
        request,
        &options,
        request.document(StatusCode::OK, json),
    ))
}

fn among(ids: &[ObjectId]) -> Predicate {
    let key = tables::DIRECTORY_OBJECT.entity.key();
    key.map_or(Predicate::False, |key| Predicate::In {
        path: Path::of(key),
        values: ids.iter().map(|id| Key::Text(id.to_string())).collect(),
    })
}

/// A page, or the number, of the directory objects of these ids, whatever is at the address.
pub(crate) async fn objects(
    request: &GraphRequest<'_>,
    ids: &[ObjectId],
    count: bool,
) -> Result<Reply, Error> {
    let options = QueryOptions::parse(&request.call().raw_query)?;
    let plan = plan_of(
        request,
        &tables::DIRECTORY_OBJECT,
        &options,
        among(ids),
        false,
    )?;
    others(request, &options, plan, "directoryObjects", count).await
}

/// A page, or the number, of objects in a list that is declared as one of their base type.
pub(crate) async fn derived(
    request: &GraphRequest<'_>,
    of: &'static Type,
    filter: Predicate,
    context: &str,
    count: bool,
) -> Result<Reply, Error> {
    let options = QueryOptions::parse(&request.call().raw_query)?;
    let mut plan = plan_of(request, of, &options, filter, false)?;
    plan.projection.be_derived();
    others(request, &options, plan, context, count).await
}

async fn others(
    request: &GraphRequest<'_>,
    options: &QueryOptions,
    mut plan: Plan,
    context: &str,
    count: bool,
) -> Result<Reply, Error> {
    if count {
        only_count(&mut plan.query);
    }
    let page = reads::get(request.service(), request.ctx(), plan.query.clone()).await?;
    if count {
        return Ok(number(&page));
    }
    let context = request.context(context);
    let next = next_link(request, &page);
    let json = encode::collection(&plan, &page, request.frame(), &context, next.as_deref());
    Ok(sized(
        request,
        options,
        request.document(StatusCode::OK, json),
    ))
}

pub(super) async fn one(
    request: &GraphRequest<'_>,
    options: &QueryOptions,
    filter: Predicate,
) -> Result<Reply, Error> {
    let plan = plan(request, options, filter, true)?;
    let page = fetch(request, plan.query.clone()).await?;
    let record = page.rows.first().ok_or_else(nothing)?;
    let context = encode::context_of(request.root(), request.address(), true, options);
    let json = encode::entity(&plan, record, request.frame(), &context);
    let reply = request.document(StatusCode::OK, json);
    Ok(match encode::etag(&plan, record) {
        Some(etag) => reply.with(ETAG, &etag),
        None => reply,
    })
}

/// How many objects satisfy `filter`, as plain text (OD-8).
pub(crate) async fn count(
    request: &GraphRequest<'_>,
    options: &QueryOptions,
    filter: Predicate,
) -> Result<Reply, Error> {
    let mut plan = plan(request, options, filter, false)?;
    only_count(&mut plan.query);
    Ok(number(&fetch(request, plan.query).await?))
}

fn only_count(query: &mut Query) {
    query.count = true;
    query.limit = Some(1);
    query.skip = 0;
    query.expand.clear();
}

fn number(page: &Page) -> Reply {
    let text = page.count.unwrap_or_default().to_string();
    Reply::typed(StatusCode::OK, PLAIN, text.into_bytes())
}

async fn references(
    request: &GraphRequest<'_>,
    options: &QueryOptions,
    filter: Predicate,
) -> Result<Reply, Error> {
    let mut plan = plan(request, options, filter, false)?;
    plan.query.expand.clear();
    plan.query.fields = request
        .address()
        .target()
        .entity
        .key()
        .into_iter()
        .collect();
    let page = fetch(request, plan.query).await?;
    let address = request.address();
    let home = sets::home(request.cloud(), request.version(), address.target())
        .unwrap_or_else(|| address.path());
    // Behind a navigation to one there is one link, or none.
    if address.steps.last().is_some_and(|step| step.key.is_some()) {
        let record = page.rows.first().ok_or_else(nothing)?;
        let context = request.context("$ref");
        let json = encode::link(record, &home, request.frame(), &context);
        return Ok(request.document(StatusCode::OK, json));
    }
    let context = request.context("Collection($ref)");
    let next = next_link(request, &page);
    let json = encode::links(&page, &home, request.frame(), &context, next.as_deref());
    Ok(request.document(StatusCode::OK, json))
}

/// The value of one property, framed or raw. No value: 204, or 404 where it is wanted raw.
async fn property(
    request: &GraphRequest<'_>,
    name: &str,
    raw: bool,
    filter: Predicate,
) -> Result<Reply, Error> {
    let options = QueryOptions {
        select: Some(vec![odata::query::SelectItem::Path(
            vec![name.to_owned()].into(),
        )]),
        ..QueryOptions::default()
    };
    let plan = plan(request, &options, filter, true)?;
    let page = fetch(request, plan.query.clone()).await?;
    let record = page.rows.first().ok_or_else(nothing)?;
    let json = encode::entity(&plan, record, request.frame(), "");
    let object: Map<String, Value> =
        serde_json::from_slice(&json).map_err(|error| Error::Internal(Box::new(error)))?;
    match object.get(name) {
        None | Some(Value::Null) if raw => Err(nothing()),
        None | Some(Value::Null) => Ok(Reply::no_content()),
        Some(value) if raw => {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            Ok(Reply::typed(StatusCode::OK, PLAIN, text.into_bytes()))
        }
        Some(value) => {
            let context = encode::context(request.root(), request.address(), false);
            let framed = serde_json::json!({
                "@odata.context": format!("{context}/{name}"),
                "value": value,
            });
            Ok(request.document(StatusCode::OK, framed.to_string().into_bytes()))
        }
    }
}

/// The plan of a read of what the address ends at.
fn plan(
    request: &GraphRequest<'_>,
    options: &QueryOptions,
    filter: Predicate,
    is_single: bool,
) -> Result<Plan, Error> {
    plan_of(
        request,
        request.address().target(),
        options,
        filter,
        is_single,
    )
}

fn plan_of(
    request: &GraphRequest<'_>,
    of: &'static Type,
    options: &QueryOptions,
    filter: Predicate,
    is_single: bool,
) -> Result<Plan, Error> {
    let address = request.address();
    let after = match &options.skiptoken {
        Some(token) => {
            let sign = |message: &[u8]| request.app().sign_page(message);
            let payload = skiptoken::decode(token, &sign)
                .map_err(|error| Error::bad_parameter("$skiptoken", error.to_string()))?;
            Some(decode_position(&payload)?)
        }
        None => None,
    };
    let navigation = address.navigation();
    Ok(resolve::resolve(resolve::Request {
        version: address.version,
        cloud: request.cloud(),
        of,
        filter,
        is_single,
        is_derived: navigation.is_some_and(|navigation| navigation.declared.is_some()),
        is_annotated: request.metadata() == MetadataLevel::Full,
        options,
        max_page_size: request.preferences().max_page_size,
        after,
    })?)
}

/// What the caller may see of the query's answer. A whole collection is for roles alone; what a key leads to may be the
/// caller's own as well.
async fn fetch(request: &GraphRequest<'_>, query: Query) -> Result<Page, Error> {
    let address = request.address();
    let is_whole = address.parents() == 0 && matches!(address.tail, Tail::Collection | Tail::Count);
    let page = if is_whole {
        reads::list(request.service(), request.ctx(), query).await?
    } else {
        reads::get(request.service(), request.ctx(), query).await?
    };
    Ok(page)
}

fn next_link(request: &GraphRequest<'_>, page: &Page) -> Option<String> {
    let position = page.next.as_ref()?;
    let sign = |message: &[u8]| request.app().sign_page(message);
    let token = skiptoken::encode(&encode_position(position), &sign);
    let call = request.call();
    Some(link::next_link(
        request.root(),
        &call.path,
        &call.raw_query,
        &token,
    ))
}

/// Tells which preferences were followed.
fn sized(request: &GraphRequest<'_>, options: &QueryOptions, mut reply: Reply) -> Reply {
    let wanted = request.preferences();
    let followed = Preferences {
        max_page_size: wanted.max_page_size.filter(|_| options.top.is_none()),
        returned: None,
        ..wanted
    };
    if let Some(applied) = followed.applied()
        && let Ok(value) = HeaderValue::from_str(&applied)
    {
        reply.headers.insert(super::PREFERENCE_APPLIED, value);
    }
    reply
}
