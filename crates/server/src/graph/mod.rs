//! The Graph API: one function from a request to an answer, for HTTP and for the parts of a batch alike.
//!
//! A request is authenticated, its path resolved to an address, and the table of [`table`] asked who carries it out;
//! what nobody is named for and is a `GET` is a read.
//!
//! **Invariant:** nothing here branches on the version of the API (R38).

mod answered;
mod asked;
mod asked_by;
pub(crate) mod authenticate;
mod batch;
mod callback;
mod condition;
mod created;
mod locate;
pub(crate) mod read;
mod request;
pub(crate) mod root;
pub(crate) mod table;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use http::header::LINK;
use http::{HeaderName, HeaderValue, Method};
use odata::path::Segment;
use service::Ctx;
use wire::Version;
use wire::address::{Address, AddressError, Options, Tail};
use wire::cloud;

use crate::app::App;
use crate::body;
use crate::call::{Call, CallIds, Origin};
use crate::error::Error;
use crate::limits::Work;
use crate::reply::Reply;

pub(crate) use asked_by::asked_by;
pub(crate) use locate::nothing;
pub(crate) use request::GraphRequest;
pub(crate) use table::{Handler, Place, Refusal, Route};

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// Why what other clouds change is not changed here (CL-2).
const NOT_IN_CLOUD: &str = "the API of the cloud that this server shows (`server.cloudProfile`) cannot change these objects";
/// Names of collections that are on their way out, and what takes their place.
const RETIRING: &[(&str, &str)] = &[("accessPackageAssignmentRequests", "assignmentRequests")];
const ODATA_VERSION: HeaderName = HeaderName::from_static("odata-version");

/// The path of a URL and the version that its first segment names.
fn versioned(path: &str) -> Option<(Version, &str)> {
    let path = path.strip_prefix('/')?;
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    Version::parse(first).map(|version| (version, rest))
}

/// Whatever no other route takes: the Graph API, or nothing.
pub(crate) async fn serve(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let Some((version, path)) = versioned(parts.uri.path()) else {
        let error = Error::NotFound("there is nothing at this address".to_owned());
        return error
            .into_reply(&ids, app.service().clock.now(), app.challenge())
            .into();
    };
    let origin = Origin::of(app.public_url(), &parts);
    let body = match body::read_of_caller(&app, &parts.headers, body).await {
        Ok(body) => body,
        Err(error) => {
            return error
                .into_reply(&ids, app.service().clock.now(), app.challenge())
                .into();
        }
    };
    let call = Call {
        client: app.gate().address(&parts.extensions, &parts.headers),
        ids,
        origin,
        path: path.to_owned(),
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        method: parts.method,
        headers: parts.headers,
        body,
    };
    dispatch(&app, version, &call).await.into()
}

/// Answers one request.
pub(crate) async fn dispatch(app: &App, version: Version, call: &Call) -> Reply {
    let mut reply = match answer(app, version, call).await {
        Ok(reply) => reply,
        Err(error) => error.into_reply(&call.ids, app.service().clock.now(), app.challenge()),
    };
    reply
        .headers
        .insert(ODATA_VERSION, HeaderValue::from_static("4.0"));
    reply
}

async fn answer(app: &App, version: Version, call: &Call) -> Result<Reply, Error> {
    if let Some(reply) = root::public(app.service().settings.cloud, version, call) {
        return reply;
    }
    if let Some(token) = authenticate::callback_token(app, &call.headers) {
        return callback::answer(app, version, call, token).await;
    }
    let caller = authenticate::caller(app, &call.headers).await?;
    let ctx = Ctx::of_caller(
        caller.caller.clone(),
        call.ids.request,
        call.ids.client.clone(),
    );
    let segments = asked::segments(call)?;
    if let [only] = segments.as_slice()
        && only.is("$batch")
    {
        return batch::run(app, version, call).await;
    }
    // A batch is not counted, its parts are (TH-1).
    let work = Work {
        is_directory: segments.first().is_some_and(is_directory),
        is_write: !call.method.is_safe(),
    };
    let now = app.token_clock().now();
    let _turn = app.gate().admit(&caller.caller.principal, work, now)?;
    if let Some(place) = root::place(&segments) {
        return root::answer(app, version, &ctx, &caller, call, place).await;
    }
    let address = resolve(app, version, &ctx, &segments)?;
    asked::metadata(call)?;
    let request = GraphRequest::new(app, &ctx, &caller, call, address);
    let reply = route(&request).await?;
    answered::as_preferred(&request, reply)
        .await
        .map(|reply| retiring(&request, reply))
}

/// Whether a path leads to users, groups and applications, which the public service limits by themselves.
fn is_directory(first: &Segment) -> bool {
    const OTHERS: [&str; 4] = [
        "identityGovernance",
        "roleManagement",
        "auditLogs",
        "$metadata",
    ];
    !OTHERS.iter().any(|name| first.is(name))
}

/// Tells clients of a retiring name of a collection where to go (VE-1).
fn retiring(request: &GraphRequest<'_>, reply: Reply) -> Reply {
    if !request.service().settings.deprecation_headers {
        return reply;
    }
    let set = request.address().set;
    let own = set.name(request.version());
    let Some((_, successor)) = RETIRING.iter().find(|(name, _)| own == Some(name)) else {
        return reply;
    };
    let root = set.root.segments().join("/");
    let link = format!(
        "<{}/{root}/{successor}>; rel=\"successor-version\"",
        request.root()
    );
    reply.with(DEPRECATION, "true").with(LINK, &link)
}

/// The address of a path. RP-5: on a path to an action, who may not call it at all learns that before learning that
/// the id is not one.
fn resolve(app: &App, version: Version, ctx: &Ctx, segments: &[Segment]) -> Result<Address, Error> {
    let caller = ctx.user().map(|user| user.to_string());
    let options = Options {
        caller: caller.as_deref(),
        legacy_v1_paths: app.service().settings.legacy_v1_reprocess_path,
        cloud: app.service().settings.cloud,
    };
    let resolved = wire::address::resolve(version, segments, options);
    // An older name of a collection serves the one call that older clients make there (P3).
    if let Ok(address) = &resolved
        && address.is_legacy
        && !calls(address, "reprocess")
    {
        return Err(unknown(address.set.legacy_v1.unwrap_or_default()));
    }
    if let Err(AddressError::BadId { .. }) = resolved
        && segments.last().is_some_and(|last| last.is("reprocess"))
    {
        service::reprocess::admitted(ctx)?;
    }
    Ok(resolved?)
}

fn calls(address: &Address, operation: &str) -> bool {
    matches!(&address.tail, Tail::Call(call) if call.operation.name == operation)
}

/// A segment that leads nowhere (ER-6).
fn unknown(segment: &str) -> Error {
    Error::Address(AddressError::UnknownSegment {
        segment: segment.to_owned(),
    })
}

/// Finds who carries the request out.
async fn route(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let mut routes = table::at(request.address());
    let target = request.address().target();
    let is_unchanged = cloud::lacks_update(request.cloud(), request.version(), target);
    if is_unchanged {
        routes.retain(|route| route.method != Method::PATCH);
    }
    let method = match request.method() {
        &Method::HEAD => &Method::GET,
        other => other,
    };
    if let Some(route) = routes.iter().find(|route| route.method == *method) {
        if *method != Method::GET {
            condition::check(request).await?;
        }
        return (route.run)(request)
            .await
            .map_err(|error| locate::alike(request, error));
    }
    if *method == Method::GET && table::is_readable(request.address()) {
        return read::answer(request).await;
    }
    if let Tail::Call(call) = &request.address().tail
        && routes.is_empty()
    {
        return Err(unknown(call.operation.name));
    }
    let allow = table::allowed(request.address(), &routes);
    let why = table::refusal(request.address(), method);
    Err(
        match why.or((is_unchanged && *method == Method::PATCH).then_some(NOT_IN_CLOUD)) {
            Some(why) => Error::NotOffered { allow, why },
            None => Error::MethodNotAllowed { allow },
        },
    )
}
