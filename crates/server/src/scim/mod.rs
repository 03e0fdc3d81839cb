//! Provisioning at `/scim/v2`: an outside directory feeds the built-in one (RFC 7643 and 7644).
//!
//! **Invariant:** every answer, errors included, is a document of the protocol, and every write goes through
//! [`service::provisioning`], which does what a write of the Graph API does.

mod fault;
mod groups;
mod lists;
mod places;
mod request;
mod resources;
mod row;
mod search;
mod types;
mod users;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use http::{Method, StatusCode};
use scim::discovery::Provider;
use scim::list::response;
use service::Ctx;

use self::fault::Fault;
use self::places::Place;
use self::request::{ScimRequest, scim_json};
use self::types::TYPES;
use crate::app::App;
use crate::body;
use crate::call::{Call, CallIds, Origin};
use crate::error::{Challenge, Error};
use crate::graph::authenticate;
use crate::limits::Work;
use crate::reply::Reply;

pub(crate) use places::addresses;

/// Where the protocol is spoken.
pub(crate) const ROOT: &str = "/scim/v2";
/// The type of the protocol's documents.
const JSON: &str = "application/scim+json;charset=utf-8";
/// Most resources of a list.
const MAX_RESULTS: u64 = 500;

/// An error in this protocol's words.
pub(crate) fn refusal(error: Error, challenge: &Challenge) -> Reply {
    Fault::Other(error).into_reply(challenge)
}

/// Everything under `/scim/v2`.
pub(crate) async fn serve(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let origin = Origin::of(app.public_url(), &parts);
    let path = parts.uri.path().strip_prefix(ROOT).unwrap_or_default();
    let path = path.to_owned();
    let outcome = match body::read_of_caller(&app, &parts.headers, body).await {
        Ok(body) => {
            let call = Call {
                client: app.gate().address(&parts.extensions, &parts.headers),
                ids,
                origin,
                path,
                raw_query: parts.uri.query().unwrap_or_default().to_owned(),
                method: parts.method,
                headers: parts.headers,
                body,
            };
            answer(&app, &call).await
        }
        Err(error) => Err(error.into()),
    };
    outcome
        .unwrap_or_else(|fault| fault.into_reply(app.challenge()))
        .into()
}

async fn answer(app: &App, call: &Call) -> Result<Reply, Fault> {
    if !app.service().settings.provisioning_inbound {
        let why = "provisioning is switched off (`provisioning.inbound`)";
        return Err(Error::NotFound(why.to_owned()).into());
    }
    let caller = authenticate::caller(app, &call.headers).await?;
    let work = Work {
        is_directory: true,
        is_write: !call.method.is_safe(),
    };
    let now = app.token_clock().now();
    let _turn = app.gate().admit(&caller.caller.principal, work, now)?;
    let ctx = Ctx::of_caller(caller.caller, call.ids.request, call.ids.client.clone());
    let request = ScimRequest::new(app, &ctx, call);
    let segments = request::segments(&call.path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let found = places::find(&segments).ok_or_else(|| request.nowhere())?;
    match (found.place, found.resource_type) {
        (Place::Everything, _) => match call.method.as_str() {
            "GET" | "HEAD" => lists::everything(&request, &request.search()?).await,
            _ => Err(not_allowed("GET, HEAD")),
        },
        (Place::SearchOfEverything, _) => {
            only(call, &Method::POST)?;
            lists::everything(&request, &request.search_of_body()?).await
        }
        (Place::Provider, _) => {
            description(&request)?;
            let provider = Provider {
                max_results: MAX_RESULTS,
                documentation: None,
            };
            Ok(scim_json(
                StatusCode::OK,
                &provider.document(request.base()),
            ))
        }
        (Place::ResourceTypes | Place::Schemas, _) => {
            description(&request)?;
            described(&request, found.place, found.id)
        }
        (Place::Me, _) => Err(Fault::NotImplemented(
            "`/Me` is not served: the Graph API tells who calls, at `/v1.0/me`",
        )),
        (Place::Bulk, _) => Err(Fault::NotImplemented(
            "bulk operations are not supported: see `/ServiceProviderConfig`",
        )),
        (Place::Collection, Some(kind)) => resources::collection(&request, kind).await,
        (Place::Search, Some(kind)) => {
            only(call, &Method::POST)?;
            lists::list(&request, kind, &request.search_of_body()?).await
        }
        (Place::Resource, Some(kind)) => {
            let id = found.id.unwrap_or_default();
            resources::resource(&request, kind, id).await
        }
        // A place of a type whose address names none.
        (Place::Collection | Place::Search | Place::Resource, None) => Err(request.nowhere()),
    }
}

/// The description of the server can be read, and not be filtered (RFC 7644, section 4).
fn description(request: &ScimRequest<'_>) -> Result<(), Fault> {
    if !matches!(request.method().as_str(), "GET" | "HEAD") {
        return Err(not_allowed("GET, HEAD"));
    }
    if request.parameter("filter").is_some() {
        return Err(Fault::Forbidden("descriptions cannot be filtered"));
    }
    Ok(())
}

fn described(
    request: &ScimRequest<'_>,
    place: Place,
    wanted: Option<&str>,
) -> Result<Reply, Fault> {
    let base = request.base();
    let documents: Vec<_> = if place == Place::Schemas {
        let schemas = TYPES.iter().flat_map(|one| one.schemas());
        schemas.map(|one| (one.urn, one.document(base))).collect()
    } else {
        let types = TYPES.iter();
        types.map(|one| (one.name, one.document(base))).collect()
    };
    let Some(wanted) = wanted else {
        let total = documents.len() as u64;
        let documents = documents
            .into_iter()
            .map(|(_, document)| document)
            .collect();
        return Ok(scim_json(StatusCode::OK, &response(documents, total, 1)));
    };
    documents
        .into_iter()
        .find(|(id, _)| *id == wanted)
        .map(|(_, document)| scim_json(StatusCode::OK, &document))
        .ok_or_else(|| request.nowhere())
}

fn only(call: &Call, method: &Method) -> Result<(), Fault> {
    if call.method == *method {
        Ok(())
    } else {
        Err(not_allowed(method.as_str()))
    }
}

fn not_allowed(allow: &str) -> Fault {
    Fault::Other(Error::MethodNotAllowed {
        allow: allow.to_owned(),
    })
}
