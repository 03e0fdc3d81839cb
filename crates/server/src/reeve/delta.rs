//! `GET /delta/assignmentRequests` and `GET /delta/assignments`: the list once, and then what changed (ADR 25).
//!
//! The objects are those of Graph v1.0, by the plan of its lists. Where a reader stands is in the links, signed; it
//! counts only for the caller and the view with which they began.

use domain::query::Value as Key;
use domain::subscription::Followed;
use domain::time::Timestamp;
use http::{HeaderName, StatusCode};
use odata::accept::MetadataLevel;
use odata::prefer::Preferences;
use odata::query::QueryOptions;
use odata::skiptoken;
use serde_json::{Map, Value as Json, json};
use service::ServiceError;
use service::ctx::Actor;
use service::delta::{self, Since};
use wire::encode::{self, Frame};
use wire::resolve::{self, Plan, decode_position, encode_position};
use wire::table::Type;
use wire::{Version, tables};

use super::OwnRequest;
use crate::error::Error;
use crate::reply::Reply;

const SKIP: &str = "$skiptoken";
const DELTA: &str = "$deltatoken";
const PREFER: HeaderName = HeaderName::from_static("prefer");
const APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// What each token begins with, so that none of another kind is taken for one.
const KIND: &str = "delta";
/// Where the collections are of which objects are told.
const HOME: &str = "identityGovernance/entitlementManagement";

/// The assignment requests.
pub(super) async fn requests(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    answer(request, Followed::AssignmentRequest).await
}

/// The assignments.
pub(super) async fn assignments(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    answer(request, Followed::Assignment).await
}

/// Where a reader stands, as the links carry it.
struct Place {
    since: Since,
    /// Where the next page of the first round begins.
    after: Option<Vec<Key>>,
}

/// What is asked again and again: of what, for whom.
struct Reading<'r> {
    request: &'r OwnRequest<'r>,
    of: Followed,
    /// The caller and what their roles show.
    view: String,
}

async fn answer(request: &OwnRequest<'_>, of: Followed) -> Result<Reply, Error> {
    let (service, ctx) = (request.service(), request.ctx());
    let caller = caller(request)?;
    let reading = Reading {
        request,
        of,
        view: format!("{caller} {}", delta::view(ctx)?),
    };
    let skipped = reading.place(SKIP)?;
    let changed = reading.place(DELTA)?;
    let preferences = Preferences::parse(request.header(&PREFER));
    let options = QueryOptions::parse(&without_tokens(request.raw_query()))?;
    let place = match (skipped, changed) {
        (Some(_), Some(_)) => {
            let message = "`$deltatoken` and `$skiptoken` do not go together";
            return Err(Error::bad_parameter(DELTA, message));
        }
        (Some(place), None) if place.after.is_some() => place,
        (Some(place), None) | (None, Some(place)) if place.after.is_none() => {
            let plan = reading.plan(&options, preferences, None)?;
            let round = delta::changes(service, ctx, of, place.since, plan.query.clone()).await?;
            let name = if round.has_more { SKIP } else { DELTA };
            let token = reading.token(round.since, &[]);
            let frame = (&plan, &options, caller.as_str());
            let document = reading.document(frame, &round.page, round.removed, (name, &token))?;
            return Ok(sized(document, &options, preferences));
        }
        (_, Some(_)) => return Err(foreign(DELTA)),
        (Some(_), None) => return Err(foreign(SKIP)),
        (None, None) => Place {
            since: delta::begin(service, ctx).await?,
            after: None,
        },
    };
    let plan = reading.plan(&options, preferences, place.after)?;
    let page = delta::page(service, ctx, place.since, plan.query.clone()).await?;
    let (name, token) = match &page.next {
        Some(next) => (SKIP, reading.token(place.since, next)),
        None => (DELTA, reading.token(place.since, &[])),
    };
    let frame = (&plan, &options, caller.as_str());
    let document = reading.document(frame, &page, Vec::new(), (name, &token))?;
    Ok(sized(document, &options, preferences))
}

impl Reading<'_> {
    fn of_type(&self) -> (&'static Type, &'static str) {
        match self.of {
            Followed::AssignmentRequest => (&tables::ASSIGNMENT_REQUEST, "assignmentRequests"),
            Followed::Assignment => (&tables::ASSIGNMENT, "assignments"),
        }
    }

    /// The plan of the list in Graph v1.0.
    fn plan(
        &self,
        options: &QueryOptions,
        preferences: Preferences,
        after: Option<Vec<Key>>,
    ) -> Result<Plan, Error> {
        Ok(resolve::resolve(resolve::Request {
            version: Version::V1,
            cloud: self.request.service().settings.cloud,
            of: self.of_type().0,
            filter: domain::query::Predicate::True,
            is_single: false,
            is_derived: false,
            is_annotated: false,
            options,
            max_page_size: preferences.max_page_size,
            after,
        })?)
    }

    /// Where the reader stands by this parameter.
    fn place(&self, name: &'static str) -> Result<Option<Place>, Error> {
        let Some(token) = self.request.parameter(name) else {
            return Ok(None);
        };
        let sign = |message: &[u8]| self.request.app().sign_page(message);
        let payload = skiptoken::decode(token, &sign)
            .map_err(|error| Error::bad_parameter(name, error.to_string()))?;
        let values = decode_position(&payload).map_err(|_| foreign(name))?;
        let [
            Key::Text(kind),
            Key::Text(of),
            Key::Text(view),
            Key::Int(mark),
            Key::Int(position),
            after @ ..,
        ] = values.as_slice()
        else {
            return Err(foreign(name));
        };
        if kind != KIND || of != self.of.as_str() {
            return Err(foreign(name));
        }
        if *view != self.fingerprint() {
            let why = "the link was given to another caller, or the caller's roles are not what they were";
            return Err(delta::over(why).into());
        }
        Ok(Some(Place {
            since: Since {
                mark: Timestamp::from_micros(*mark),
                position: *position,
            },
            after: (!after.is_empty()).then(|| after.to_vec()),
        }))
    }

    fn token(&self, since: Since, after: &[Key]) -> String {
        let mut values = vec![
            Key::Text(KIND.to_owned()),
            Key::Text(self.of.as_str().to_owned()),
            Key::Text(self.fingerprint()),
            Key::Int(since.mark.micros()),
            Key::Int(since.position),
        ];
        values.extend_from_slice(after);
        let sign = |message: &[u8]| self.request.app().sign_page(message);
        skiptoken::encode(&encode_position(&values), &sign)
    }

    /// The view in few letters.
    fn fingerprint(&self) -> String {
        let sign = |message: &[u8]| self.request.app().sign_page(message);
        skiptoken::encode(b"", &|version| {
            sign(&[version, self.view.as_bytes()].concat())
        })
    }

    fn document(
        &self,
        (plan, options, caller): (&Plan, &QueryOptions, &str),
        page: &domain::query::Page,
        removed: Vec<String>,
        (name, token): (&str, &str),
    ) -> Result<Reply, Error> {
        let (of, collection) = self.of_type();
        let root = self.request.graph_root(Version::V1);
        let list = encode::selected(Version::V1, of, options);
        let context = format!("{root}/$metadata#{HOME}/{collection}{list}/$delta");
        let own_ids = [caller.to_owned()];
        let frame = Frame {
            base_url: &root,
            metadata: MetadataLevel::Minimal,
            all_enum_members: false,
            caller: &own_ids,
        };
        let json = encode::collection(plan, page, frame, &context, None);
        let mut document: Map<String, Json> =
            serde_json::from_slice(&json).map_err(|error| Error::Internal(Box::new(error)))?;
        let kept = without_tokens(self.request.raw_query());
        let joint = if kept.is_empty() { "" } else { "&" };
        let link = self
            .request
            .link_to(&format!("{kept}{joint}{name}={token}"));
        let is_last = name == DELTA;
        let kind = if is_last {
            "@odata.deltaLink"
        } else {
            "@odata.nextLink"
        };
        document.insert(kind.to_owned(), link.into());
        if let Some(Json::Array(value)) = document.get_mut("value") {
            let gone = |id: String| json!({ "id": id, "@removed": { "reason": "deleted" } });
            value.extend(removed.into_iter().map(gone));
        }
        Ok(Reply::json(StatusCode::OK, &Json::Object(document)))
    }
}

fn caller(request: &OwnRequest<'_>) -> Result<String, Error> {
    match &request.ctx().actor {
        Actor::Caller(caller) => Ok(caller.principal.object().to_string()),
        Actor::System => {
            Err(ServiceError::refused(service::Code::AccessDenied, "a delta is for callers").into())
        }
    }
}

/// Tells which preference was followed.
fn sized(reply: Reply, options: &QueryOptions, preferences: Preferences) -> Reply {
    match preferences.max_page_size.filter(|_| options.top.is_none()) {
        Some(size) => reply.with(APPLIED, &format!("odata.maxpagesize={size}")),
        None => reply,
    }
}

fn foreign(name: &'static str) -> Error {
    Error::bad_parameter(name, "the token does not belong to this query")
}

/// The query without the places that the links carry.
fn without_tokens(raw_query: &str) -> String {
    let is_token = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        let name = name.replace("%24", "$");
        name == SKIP || name == DELTA
    };
    let kept: Vec<&str> = raw_query
        .split('&')
        .filter(|pair| !pair.is_empty() && !is_token(pair))
        .collect();
    kept.join("&")
}
