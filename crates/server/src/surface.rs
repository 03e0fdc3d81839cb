//! Everything that this server answers, read from the tables that requests are routed by: for whoever wants to ask each
//! address once.
//!
//! **Invariant:** no list of addresses is kept here. What is named comes out of the tables and went through the resolution
//! of a real request, so that a new row is in it by itself.

use std::collections::BTreeSet;

use domain::query::Relation;
use http::Method;
use wire::Version;
use wire::address::{self, Options};
use wire::sets::{ENTITY_SETS, OPERATIONS, Operation};
use wire::table::Type;

use crate::graph::table::{self, Place, Route};
use crate::routes::ROUTES;
use crate::{issuer, reeve, router, scim};

/// How many navigations are followed from an entity set.
const DEPTH: usize = 2;
/// What stands in every hole while an address is looked up.
const KEY: &str = "11111111-1111-4111-8111-111111111111";
/// The methods that clients use.
const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// One address with one method that somebody carries out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offer {
    /// The path from the root of the server on. Ids stand in braces as the entity they belong to, arguments of functions as
    /// their parameter: `/beta/users/{directory_user}/manager`.
    pub path: String,
    /// The method.
    pub method: String,
    /// What is at the end of the path.
    pub of: &'static str,
    /// The row of the table of commands that carries it out; `None` for what is only read.
    pub command: Option<String>,
}

/// Every row of the table of commands, named as [`Offer::command`] names it.
pub fn commands() -> Vec<String> {
    ROUTES.iter().map(name_of).collect()
}

/// Everything that the Graph API offers, in both versions.
pub fn graph() -> Vec<Offer> {
    let mut offers = BTreeSet::new();
    for version in Version::ALL {
        for set in ENTITY_SETS {
            let Some(_) = set.name(version) else { continue };
            let front = set.path(version);
            if set.is_single {
                at_object(&mut offers, version, &front, set.of, DEPTH);
            } else {
                at_collection(&mut offers, version, &front, set.of, DEPTH);
            }
        }
    }
    offers.into_iter().collect()
}

/// Everything that Reeve's own API offers, what only development tenants have included.
pub fn own() -> Vec<Offer> {
    let rows = reeve::OPERATIONS.iter().map(|row| Offer {
        path: format!("{}{}", reeve::ROOT, row.path),
        method: row.method.to_string(),
        of: row.id,
        command: Some(row.id.to_owned()),
    });
    rows.collect()
}

/// The addresses of provisioning, with `{id}` where anything may stand.
pub fn provisioning() -> Vec<String> {
    let below = scim::addresses().into_iter();
    below.map(|path| format!("{}/{path}", scim::ROOT)).collect()
}

/// The addresses that need no token: for machines, for receivers of callouts, and those of the development issuer, with its
/// name of the tenant in braces.
pub fn open() -> Vec<&'static str> {
    let doors = router::OPEN.iter().chain(issuer::DOORS);
    doors.map(|(path, _)| *path).collect()
}

fn at_collection(
    offers: &mut BTreeSet<Offer>,
    version: Version,
    path: &str,
    of: &'static Type,
    depth: usize,
) {
    for_all_methods(offers, version, path);
    for_all_methods(offers, version, &format!("{path}/$count"));
    for_all_methods(offers, version, &format!("{path}/$ref"));
    for operation in calls(of, true) {
        for_all_methods(offers, version, &format!("{path}/{}", call(operation)));
    }
    let object = format!("{path}/{{{}}}", of.entity.name);
    at_object(offers, version, &object, of, depth);
}

fn at_object(
    offers: &mut BTreeSet<Offer>,
    version: Version,
    path: &str,
    of: &'static Type,
    depth: usize,
) {
    for_all_methods(offers, version, path);
    for tail in ["$value", "$ref"] {
        for_all_methods(offers, version, &format!("{path}/{tail}"));
    }
    for operation in calls(of, false) {
        for_all_methods(offers, version, &format!("{path}/{}", call(operation)));
    }
    if depth == 0 {
        return;
    }
    for way in of.navigations {
        let Some(name) = way.name(version) else {
            continue;
        };
        let path = format!("{path}/{name}");
        let relation = of.entity.relation(way.relation);
        if way.first_only || relation.is_some_and(Relation::is_to_one) {
            at_object(offers, version, &path, way.target, depth - 1);
        } else {
            at_collection(offers, version, &path, way.target, depth - 1);
        }
    }
}

fn calls(of: &'static Type, on_collection: bool) -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().filter(move |operation| {
        operation.bound_to == of.entity.name && operation.on_collection == on_collection
    })
}

fn call(operation: &Operation) -> String {
    if operation.is_action || operation.parameters.is_empty() {
        return operation.name.to_owned();
    }
    let arguments: Vec<String> = operation
        .parameters
        .iter()
        .map(|name| format!("{name}='{{{name}}}'"))
        .collect();
    format!("{}({})", operation.name, arguments.join(","))
}

/// Adds what is carried out at this path, as a request would find it.
fn for_all_methods(offers: &mut BTreeSet<Offer>, version: Version, path: &str) {
    let Ok(segments) = odata::path::parse(&filled(path)) else {
        return;
    };
    let options = Options {
        caller: Some(KEY),
        legacy_v1_paths: true,
        cloud: domain::cloud::Cloud::Global,
    };
    let Ok(address) = address::resolve(version, &segments, options) else {
        return;
    };
    let routes = table::at(&address);
    for method in METHODS {
        let row = routes.iter().find(|route| route.method == method);
        if row.is_none() && !(method == Method::GET && table::is_readable(&address)) {
            continue;
        }
        offers.insert(Offer {
            path: format!("/{version}/{path}"),
            method: method.to_string(),
            of: address.target().entity.name,
            command: row.map(|row| name_of(row)),
        });
    }
}

fn name_of(row: &Route) -> String {
    let place = match row.place {
        Place::Collection => "collection".to_owned(),
        Place::Object => "object".to_owned(),
        Place::Links(relation) => format!("{relation}/$ref"),
        Place::Link(relation) => format!("{relation}/{{id}}/$ref"),
        Place::Content => "$value".to_owned(),
        Place::Call(name) => name.to_owned(),
    };
    format!("{} {} {place}", row.method, row.of.name)
}

/// The path with a key in every hole.
fn filled(template: &str) -> String {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap_or_default();
        path.push_str(before);
        path.push_str(KEY);
        // Most keys are one GUID; that of a role in an access package is two.
        if name == "resource_role_scope" {
            path.push('_');
            path.push_str(KEY);
        }
        rest = behind;
    }
    path.push_str(rest);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_reached_by_an_address() {
        let offered: BTreeSet<String> = graph()
            .into_iter()
            .filter_map(|offer| offer.command)
            .collect();
        let missing: Vec<String> = commands()
            .into_iter()
            .filter(|command| !offered.contains(command))
            .collect();
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn every_entity_set_can_be_read() {
        let offers = graph();
        for set in ENTITY_SETS {
            for version in Version::ALL {
                let path = format!("/{version}/{}", set.path(version));
                let is_there = offers.iter().any(|one| one.path == path);
                assert_eq!(is_there, set.name(version).is_some(), "{path}");
            }
        }
    }
}
