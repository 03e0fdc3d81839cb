//! Which addresses there are below `/scim/v2`.
//!
//! **Invariant:** a request is routed by this table and by nothing else, so that whoever wants to know every address finds it
//! here.

use scim::schema::ResourceType;

use super::types::TYPES;

/// What is at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Resources of all types.
    Everything,
    /// The same, searched by a body.
    SearchOfEverything,
    /// What the server can do.
    Provider,
    /// The types of resources.
    ResourceTypes,
    /// The schemas.
    Schemas,
    /// Whoever calls, which is not served.
    Me,
    /// Many operations in one, which is not served.
    Bulk,
    /// Resources of one type.
    Collection,
    /// The same, searched by a body.
    Search,
    /// One resource.
    Resource,
}

/// The table. `{type}` is the endpoint of a type of resource, `{id}` anything.
const PLACES: &[(&str, Place)] = &[
    ("", Place::Everything),
    (".search", Place::SearchOfEverything),
    ("ServiceProviderConfig", Place::Provider),
    ("ResourceTypes", Place::ResourceTypes),
    ("ResourceTypes/{id}", Place::ResourceTypes),
    ("Schemas", Place::Schemas),
    ("Schemas/{id}", Place::Schemas),
    ("Me", Place::Me),
    ("Bulk", Place::Bulk),
    ("{type}", Place::Collection),
    ("{type}/.search", Place::Search),
    ("{type}/{id}", Place::Resource),
];

const TYPE: &str = "{type}";
const ID: &str = "{id}";

/// A place with what its address names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) place: Place,
    /// The type of resource, where the address names one.
    pub(super) resource_type: Option<&'static ResourceType>,
    /// The id, where the address names one.
    pub(super) id: Option<&'a str>,
}

/// What is at the address of these segments, if anything is.
pub(super) fn find<'a>(segments: &[&'a str]) -> Option<Found<'a>> {
    PLACES
        .iter()
        .find_map(|(pattern, place)| matched(pattern, *place, segments))
}

fn matched<'a>(pattern: &str, place: Place, segments: &[&'a str]) -> Option<Found<'a>> {
    let pattern: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    if pattern.len() != segments.len() {
        return None;
    }
    let mut found = Found {
        place,
        resource_type: None,
        id: None,
    };
    for (wanted, segment) in pattern.into_iter().zip(segments) {
        match wanted {
            TYPE => found.resource_type = Some(of_endpoint(segment)?),
            ID => found.id = Some(segment),
            name if name == *segment => {}
            _ => return None,
        }
    }
    Some(found)
}

fn of_endpoint(segment: &str) -> Option<&'static ResourceType> {
    let mut types = TYPES.iter().copied();
    types.find(|one| one.endpoint.trim_start_matches('/') == segment)
}

/// Every address below the root, with `{id}` where anything may stand.
pub(crate) fn addresses() -> Vec<String> {
    let mut addresses = Vec::new();
    for (pattern, _) in PLACES {
        if pattern.contains(TYPE) {
            let endpoints = TYPES.iter().map(|one| one.endpoint.trim_start_matches('/'));
            addresses.extend(endpoints.map(|endpoint| pattern.replace(TYPE, endpoint)));
        } else {
            addresses.push((*pattern).to_owned());
        }
    }
    addresses
}
