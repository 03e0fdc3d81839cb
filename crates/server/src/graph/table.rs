//! Who carries out what: entity, place and method to a handler.
//!
//! **Invariant:** the table is the only place where commands are named; what it lists is what `Allow` lists.

use domain::model;
use domain::query::Entity;
use futures_util::future::BoxFuture;
use http::Method;
use wire::Version;
use wire::address::{Address, Step, Tail};
use wire::schema::{self, Way};
use wire::sets::ENTITY_SETS;

use super::GraphRequest;
use crate::error::Error;
use crate::reply::Reply;
use crate::routes;

/// Carries out one kind of request.
pub(crate) type Handler = for<'a> fn(&'a GraphRequest<'a>) -> BoxFuture<'a, Result<Reply, Error>>;

/// Where in an entity's paths a request points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// `set`.
    Collection,
    /// `set/{id}`.
    Object,
    /// `parent/{id}/navigation/$ref`, by the relation that the navigation follows.
    Links(&'static str),
    /// `parent/{id}/navigation/{id}/$ref`, or `$ref` behind a navigation to one.
    Link(&'static str),
    /// What a file holds: `set/{id}/$value`.
    Content,
    /// An action or a function, by its name.
    Call(&'static str),
}

/// One row of the table.
pub(crate) struct Route {
    /// What is at the end of the path.
    pub(crate) of: &'static Entity,
    /// Where the path ends.
    pub(crate) place: Place,
    /// The method.
    pub(crate) method: Method,
    /// Who carries it out.
    pub(crate) run: Handler,
}

/// The place that an address points at; `None` for what is only read.
fn place(address: &Address) -> Option<Place> {
    let relation = address.navigation().map(|navigation| navigation.relation);
    let has_key = address.steps.last().is_some_and(|step| step.key.is_some());
    match &address.tail {
        Tail::Collection => Some(Place::Collection),
        Tail::Entity => Some(Place::Object),
        Tail::Ref if has_key => relation.map(Place::Link),
        Tail::Ref => relation.map(Place::Links),
        Tail::Call(call) => Some(Place::Call(call.operation.name)),
        Tail::Content => Some(Place::Content),
        Tail::Count | Tail::Property(..) => None,
    }
}

/// The rows that fit an address, whatever the method.
pub(crate) fn at(address: &Address) -> Vec<&'static Route> {
    let Some(place) = place(address).filter(|_| !is_behind_offer(address)) else {
        return Vec::new();
    };
    let routes: Vec<_> = routes::ROUTES
        .iter()
        .filter(|route| route.of == address.target().entity && route.place == place)
        .collect();
    if routes.is_empty() || !is_pointed_at(address, place) {
        return routes;
    }
    Vec::new()
}

/// Whether the path ends at something that lives elsewhere and is only pointed at from here. It is not created, changed or
/// deleted by such a path: who takes a member out of a group and forgets `$ref` must not lose the user.
fn is_pointed_at(address: &Address, place: Place) -> bool {
    let is_written = matches!(place, Place::Collection | Place::Object);
    let [.., parent, last] = address.steps.as_slice() else {
        return false;
    };
    let has_own_path = ENTITY_SETS
        .iter()
        .any(|set| set.of.entity == last.of.entity);
    is_written
        && has_own_path
        && (DIRECTORY.contains(&last.of.entity) || !contains(address.version, parent, last))
}

/// Whether what is at `last` is part of what is at `parent`.
fn contains(version: Version, parent: &Step, last: &Step) -> bool {
    let way = last.by.and_then(|way| way.name(version));
    parent
        .of
        .name(version)
        .zip(way)
        .and_then(|(of, way)| schema::member(version, of, way))
        .is_some_and(|facet| facet.way == Way::Contained && facet.is_collection)
}

/// What lives in the directory, whatever else is said to contain it.
static DIRECTORY: &[&Entity] = &[
    &model::USER,
    &model::GROUP,
    &model::SERVICE_PRINCIPAL,
    &model::DIRECTORY_OBJECT,
];

/// Whether the path leads through what is only an offer to the caller: nothing is changed there.
fn is_behind_offer(address: &Address) -> bool {
    let offers: [&Entity; 2] = [&model::AVAILABLE_ACCESS_PACKAGE, &model::SUGGESTION];
    let parents = address.steps.iter().take(address.parents());
    parents
        .into_iter()
        .any(|step| offers.contains(&step.of.entity))
}

/// A command that clients know and that is refused for a reason.
pub(crate) struct Refusal {
    /// What is at the end of the path.
    pub(crate) of: &'static Entity,
    /// Where the path ends.
    pub(crate) place: Place,
    /// The methods.
    pub(crate) methods: &'static [Method],
    /// The reason, as callers and `docs/deviations.txt` read it.
    pub(crate) why: &'static str,
}

const POINTED_AT: &str =
    "this path only points at what lives elsewhere: write to it by its own path, or add `$ref`";

/// Why nobody carries out this method at this address, if that is told.
pub(crate) fn refusal(address: &Address, method: &Method) -> Option<&'static str> {
    let place = place(address)?;
    if is_pointed_at(address, place) {
        return Some(POINTED_AT);
    }
    routes::REFUSALS
        .iter()
        .find(|refusal| {
            refusal.of == address.target().entity
                && refusal.place == place
                && refusal.methods.contains(method)
        })
        .map(|refusal| refusal.why)
}

/// Whether a `GET` without a row of its own is a read.
pub(crate) fn is_readable(address: &Address) -> bool {
    !matches!(address.tail, Tail::Call(_) | Tail::Content)
}

/// The value of `Allow`.
pub(super) fn allowed(address: &Address, routes: &[&Route]) -> String {
    let mut methods: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    if is_readable(address) {
        methods.push("GET");
    }
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.dedup();
    methods.join(", ")
}
