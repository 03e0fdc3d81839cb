//! What lies above the entity sets: `$metadata`, the service document, and the objects that the sets hang on.
//!
//! **Invariant:** the first two are the same for everybody and need no token; they tell what the server can do and nothing
//! of what it holds.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use domain::cloud::Cloud;
use http::{HeaderValue, Method, StatusCode};
use odata::accept::MetadataLevel;
use odata::path::{Args, Segment};
use odata::query::{ExpandItem, ExpandPath, QueryOptions, SelectItem};
use serde_json::{Map, Value, json};
use service::Ctx;
use service::callers::LoadedCaller;
use wire::Version;
use wire::schema::csdl;
use wire::schema::served::{self, ServedMember};
use wire::sets::{ENTITY_SETS, Root};

use super::{GraphRequest, read, resolve};
use crate::app::App;
use crate::call::Call;
use crate::error::Error;
use crate::reply::Reply;

const XML: HeaderValue = HeaderValue::from_static("application/xml;charset=utf-8");
/// What may be done to what lies above the sets.
const READ_ONLY: &str = "GET, HEAD";
/// Why nothing else may be.
pub(crate) const BUILT_IN: &str =
    "this object is part of the server: what hangs on it can be changed, the object itself cannot";

/// Answers what needs no token; `None` if the path is something else.
pub(super) fn public(cloud: Cloud, version: Version, call: &Call) -> Option<Result<Reply, Error>> {
    let segments = odata::path::parse(&call.path).ok()?;
    let is_metadata = match segments.as_slice() {
        [] => false,
        [only] if only.is("$metadata") && only.args == Args::None => true,
        _ => return None,
    };
    if let Err(refused) = expect_read(&call.method) {
        return Some(Err(refused));
    }
    Some(Ok(if is_metadata {
        Reply::typed(StatusCode::OK, XML, metadata(cloud, version))
    } else {
        service_document(version, call)
    }))
}

/// The document of each version, once it was asked for; it is the same as long as the server runs, and answers share it.
static METADATA: Mutex<Vec<(Cloud, Version, Bytes)>> = Mutex::new(Vec::new());

fn metadata(cloud: Cloud, version: Version) -> Bytes {
    // Documents are added whole, so a panic elsewhere cannot have left one half-written.
    let mut known = METADATA.lock().unwrap_or_else(PoisonError::into_inner);
    let found = known
        .iter()
        .find(|(of_cloud, of_version, _)| (*of_cloud, *of_version) == (cloud, version));
    if let Some((.., text)) = found {
        return text.clone();
    }
    let text = Bytes::from(csdl::metadata(cloud, version));
    known.push((cloud, version, text.clone()));
    text
}

fn service_document(version: Version, call: &Call) -> Reply {
    let sets = served::sets_below(version, Root::Directory).filter_map(|set| set.name(version));
    let sets = sets.map(|name| ("EntitySet", name));
    let single = served::singletons().into_iter();
    let single = single.map(|(name, _)| ("Singleton", name));
    let value: Vec<Value> = sets
        .chain(single)
        .map(|(kind, name)| json!({"name": name, "kind": kind, "url": name}))
        .collect();
    let level = level(call);
    let mut document = framed(level, format!("{}/$metadata", call.origin.root(version)));
    document.insert("value".to_owned(), Value::from(value));
    let json = Value::Object(document).to_string().into_bytes();
    Reply::graph(StatusCode::OK, level, json)
}

fn level(call: &Call) -> MetadataLevel {
    MetadataLevel::from_accept(call.header("accept").unwrap_or_default())
}

fn framed(level: MetadataLevel, context: String) -> Map<String, Value> {
    let mut document = Map::new();
    if level != MetadataLevel::None {
        document.insert("@odata.context".to_owned(), Value::from(context));
    }
    document
}

fn expect_read(method: &Method) -> Result<(), Error> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    Err(Error::NotOffered {
        allow: READ_ONLY.to_owned(),
        why: BUILT_IN,
    })
}

/// The place of an object that entity sets hang on, if the path leads to one that has no table of its own.
pub(crate) fn place(segments: &[Segment]) -> Option<&'static [&'static str]> {
    Root::ALL.into_iter().find_map(|root| {
        let place = root.segments().get(..segments.len())?;
        let is_there = segments
            .iter()
            .zip(place)
            .all(|(segment, name)| segment.args == Args::None && segment.is(name));
        let is_a_set = ENTITY_SETS.iter().any(|set| {
            set.is_single
                && Version::ALL
                    .iter()
                    .any(|version| set.path(*version) == place.join("/"))
        });
        (is_there && !place.is_empty() && !is_a_set).then_some(place)
    })
}

/// Answers for the object at a place: its id, and what hangs on it where `$expand` names it.
pub(super) async fn answer(
    app: &App,
    version: Version,
    ctx: &Ctx,
    caller: &LoadedCaller,
    call: &Call,
    place: &[&str],
) -> Result<Reply, Error> {
    expect_read(&call.method)?;
    let options = QueryOptions::parse(&call.raw_query)?;
    let cloud = app.service().settings.cloud;
    let children = wire::cloud::shown(cloud, version, place, served::children(version, place));
    let path = place.join("/");
    let level = level(call);
    let context = format!("{}/$metadata#{path}/$entity", call.origin.root(version));
    let mut document = framed(level, context);
    if selects_id(&options, &children)? {
        document.insert("id".to_owned(), Value::from(place.last().copied()));
    }
    for item in &options.expand {
        for child in expanded(item, &children)? {
            let below = Call {
                path: format!("{path}/{}", child.name),
                raw_query: String::new(),
                ..call.clone()
            };
            let page = list(app, version, ctx, caller, &below).await?;
            if let Some(next) = page.get("@odata.nextLink") {
                document.insert(format!("{}@odata.nextLink", child.name), next.clone());
            }
            let rows = page.get("value").cloned().unwrap_or_default();
            document.insert(child.name.to_owned(), rows);
        }
    }
    let json = Value::Object(document).to_string().into_bytes();
    Ok(Reply::graph(StatusCode::OK, level, json))
}

/// Whether `$select` leaves the id in; every name it has must be known.
fn selects_id(options: &QueryOptions, children: &[ServedMember]) -> Result<bool, Error> {
    let Some(items) = &options.select else {
        return Ok(true);
    };
    let mut is_selected = false;
    for item in items {
        match item {
            SelectItem::All => is_selected = true,
            SelectItem::Path(names) => match names.as_slice() {
                [name] if name.eq_ignore_ascii_case("id") => is_selected = true,
                [name] if find(children, name).is_some() => {}
                _ => {
                    let message = format!("there is no property `{}`", names.join("/"));
                    return Err(Error::bad_parameter("$select", message));
                }
            },
        }
    }
    Ok(is_selected)
}

/// What an item of `$expand` names.
fn expanded<'c>(
    item: &ExpandItem,
    children: &'c [ServedMember],
) -> Result<Vec<&'c ServedMember>, Error> {
    let bad = |message: String| Error::bad_parameter("$expand", message);
    if item.options != QueryOptions::default() || item.is_ref {
        return Err(bad(
            "options are for the collection itself; ask for it at its own address".to_owned(),
        ));
    }
    let collections = children.iter().filter(|child| child.is_collection);
    match &item.path {
        ExpandPath::All => Ok(collections.collect()),
        ExpandPath::Path(names) => {
            let found = match names.as_slice() {
                [name] => find(children, name).filter(|child| child.is_collection),
                _ => None,
            };
            let found = found.map(|child| vec![child]);
            found.ok_or_else(|| bad(format!("there is no collection `{}`", names.join("/"))))
        }
    }
}

fn find<'c>(children: &'c [ServedMember], name: &str) -> Option<&'c ServedMember> {
    children
        .iter()
        .find(|child| child.name.eq_ignore_ascii_case(name))
}

/// The first page of a collection, as it is answered at its own address.
async fn list(
    app: &App,
    version: Version,
    ctx: &Ctx,
    caller: &LoadedCaller,
    call: &Call,
) -> Result<Map<String, Value>, Error> {
    let segments = odata::path::parse(&call.path)?;
    let address = resolve(app, version, ctx, &segments)?;
    let request = GraphRequest::new(app, ctx, caller, call, address);
    let reply = read::answer(&request).await?;
    serde_json::from_slice(&reply.body).map_err(|error| Error::Internal(Box::new(error)))
}
