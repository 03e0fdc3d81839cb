//! What of the published schema is served, and what is served beside it: the model that `$metadata` prints.
//!
//! **Invariant:** it is worked out of the property tables, the entity sets and the operations; nothing is listed here.

use domain::query::Relation;

use super::shape::{Facet, Head, Way, qualified};
use super::{OF_THE_DIRECTORY, SIGNATURES, Signature, find, is_a, shapes};
use crate::sets::{ENTITY_SETS, EntitySet, OPERATIONS, Operation, ROOT_FUNCTIONS, Root};
use crate::table::{Navigation, Property, Type};
use crate::tables::TYPES;
use crate::version::Version;

/// A type as it is served.
#[derive(Debug)]
pub struct ServedType {
    /// What is published of it.
    pub head: &'static Head,
    /// Its own members that are served.
    pub members: Vec<ServedMember>,
}

/// A member as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedMember {
    /// Its name.
    pub name: &'static str,
    /// Its type as the schema spells it.
    pub type_name: String,
    /// The name of the type, without `microsoft.graph.`, of a navigation.
    pub target: Option<&'static str>,
    /// Whether it is a collection.
    pub is_collection: bool,
    /// Whether null is a value of it.
    pub is_nullable: bool,
    /// Whether it is a navigation.
    pub way: Way,
    /// Whether it is published.
    pub is_published: bool,
}

/// Every entity type and complex type of a version, as it is served.
pub fn types(version: Version) -> Vec<ServedType> {
    shapes()
        .filter_map(|shape| {
            let head = shape.head(version)?;
            let published = shape
                .facets(version)
                .filter(|facet| is_served(version, head.name, facet))
                .map(published);
            Some(ServedType {
                head,
                members: published.chain(beyond(version, head.name)).collect(),
            })
        })
        .collect()
}

/// Whether a published member is served by any type that has it. A type without rows of its own is part of others.
pub fn is_served(version: Version, owner: &str, facet: &Facet) -> bool {
    if let Some(place) = place_of(owner) {
        let children = children(version, place);
        return children.iter().any(|child| child.name == facet.name);
    }
    let mut heirs = heirs(version, owner).peekable();
    heirs.peek().is_none() || heirs.any(|of| serves(version, of, facet))
}

/// The tables whose rows are of this type or of one that derives from it.
pub fn heirs(version: Version, name: &str) -> impl Iterator<Item = &'static Type> {
    let name = name.to_owned();
    TYPES.iter().copied().filter(move |of| {
        of.name(version)
            .is_some_and(|own| is_a(version, own, &name))
    })
}

/// Whether a table serves a published member.
pub fn serves(version: Version, of: &'static Type, facet: &Facet) -> bool {
    of.property(version, facet.name).is_some()
        || of.navigation(version, facet.name).is_some()
        || (of.open.is_some() && facet.way == Way::None)
        || operations(version, of).any(|operation| operation.name == facet.name)
}

fn operations(version: Version, of: &'static Type) -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().filter(move |operation| {
        (operation.v1 || version == Version::Beta) && operation.bound_to == of.entity.name
    })
}

/// The segments that lead to the one object of this type, if it is one that sets hang on.
pub fn place_of(name: &str) -> Option<&'static [&'static str]> {
    Root::ALL.into_iter().find_map(|root| {
        let at = root.types().iter().position(|of| *of == name)?;
        root.segments().get(..=at)
    })
}

/// The objects of which there is one each, right below the version: their names and types.
pub fn singletons() -> Vec<(&'static str, &'static str)> {
    let mut found = vec![("me", "user")];
    found.extend(first_segments());
    found
}

/// The first segments in front of entity sets, and their types.
pub fn first_segments() -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    for root in Root::ALL {
        let first = root.segments().first().copied();
        let first = first.zip(root.types().first().copied());
        if let Some(first) = first
            && !found.contains(&first)
        {
            found.push(first);
        }
    }
    found
}

/// What hangs on the object at these segments: entity sets, and objects on which others hang.
pub fn children(version: Version, place: &[&str]) -> Vec<ServedMember> {
    let mut children: Vec<ServedMember> = Vec::new();
    for root in Root::ALL {
        let Some((next, rest)) = below(root, place) else {
            continue;
        };
        let child = match next {
            Some((name, of)) => vec![way_member(name, of, false)],
            None => sets_below(version, root)
                .filter_map(|set| {
                    Some(way_member(
                        set.name(version)?,
                        set.of.name(version)?,
                        !set.is_single,
                    ))
                })
                .collect(),
        };
        // An object on the way is there only where something hangs below it.
        let is_bare = rest && sets_below(version, root).next().is_none();
        for child in child {
            if !is_bare && !children.iter().any(|known| known.name == child.name) {
                children.push(ServedMember {
                    way: Way::Contained,
                    ..child
                });
            }
        }
    }
    children
}

/// The segment of a root behind `place` and its type; none if the root is that place. And whether there was one.
fn below(root: Root, place: &[&str]) -> Option<(Option<(&'static str, &'static str)>, bool)> {
    if !root.segments().starts_with(place) {
        return None;
    }
    let next = root.segments().get(place.len()).copied();
    let of = root.types().get(place.len()).copied();
    let next = next.zip(of);
    Some((next, next.is_some()))
}

/// The entity sets of a root.
pub fn sets_below(version: Version, root: Root) -> impl Iterator<Item = &'static EntitySet> {
    ENTITY_SETS
        .iter()
        .filter(move |set| set.root == root && set.name(version).is_some())
}

fn published(facet: &Facet) -> ServedMember {
    ServedMember {
        name: facet.name,
        type_name: facet.type_name(),
        target: (facet.way != Way::None).then_some(facet.of),
        is_collection: facet.is_collection,
        is_nullable: facet.is_nullable,
        way: facet.way,
        is_published: true,
    }
}

/// Members that the tables have and the published type has not.
fn beyond(version: Version, name: &'static str) -> Vec<ServedMember> {
    let is_published = |member: &str| super::member(version, name, member).is_some();
    let mut members: Vec<ServedMember> = Vec::new();
    if let Some(place) = place_of(name) {
        let children = children(version, place).into_iter();
        members.extend(children.filter(|child| !is_published(child.name)));
    }
    for of in TYPES.iter().filter(|of| of.name(version) == Some(name)) {
        let properties = of.properties.iter();
        let plain = properties.filter_map(|property| property_member(version, property));
        let ways = of.navigations.iter();
        let ways = ways.filter_map(|way| navigation_member(version, of, way));
        for member in plain.chain(ways) {
            let is_cast = member.name.contains('.');
            let is_double = members.iter().any(|other| other.name == member.name);
            let is_known = is_published(member.name) || is_of_heirs(version, name, member.name);
            if !is_cast && !is_double && !is_known {
                members.push(member);
            }
        }
    }
    members
}

/// Whether a type that derives from this one declares the member: its base may show it, but not declare it, too.
fn is_of_heirs(version: Version, base: &str, member: &str) -> bool {
    shapes()
        .filter(|shape| shape.facets(version).any(|facet| facet.name == member))
        .filter_map(|shape| shape.head(version))
        .any(|head| head.name != base && is_a(version, head.name, base))
}

fn property_member(version: Version, property: &'static Property) -> Option<ServedMember> {
    let type_name = property.edm.name(version);
    let bare = type_name
        .trim_start_matches("Collection(")
        .trim_end_matches(')')
        .trim_start_matches("microsoft.graph.");
    let target = find(version, bare)
        .and_then(|shape| shape.head(version))
        .filter(|head| head.kind == super::Kind::Entity)
        .map(|head| head.name);
    Some(ServedMember {
        name: property.name(version)?,
        is_collection: property.edm.is_collection(),
        is_nullable: true,
        way: if target.is_some() {
            Way::Link
        } else {
            Way::None
        },
        target,
        type_name,
        is_published: false,
    })
}

fn navigation_member(
    version: Version,
    of: &'static Type,
    navigation: &'static Navigation,
) -> Option<ServedMember> {
    let target = navigation
        .declared
        .or_else(|| navigation.target.name(version))?;
    let relation = of.relation(navigation);
    let is_one = navigation.first_only || relation.is_some_and(Relation::is_to_one);
    Some(way_member(navigation.name(version)?, target, !is_one))
}

fn way_member(name: &'static str, target: &'static str, is_collection: bool) -> ServedMember {
    let bare = qualified(target);
    ServedMember {
        name,
        type_name: if is_collection {
            format!("Collection({bare})")
        } else {
            bare
        },
        target: Some(target),
        is_collection,
        is_nullable: true,
        way: Way::Link,
        is_published: false,
    }
}

/// The forms of the actions and functions that can be called.
pub fn signatures(version: Version) -> impl Iterator<Item = &'static Signature> {
    SIGNATURES
        .iter()
        .chain(OF_THE_DIRECTORY)
        .filter(move |signature| signature.is_in(version) && can_be_called(version, signature))
}

/// Whether some operation of the tables is this one.
pub fn can_be_called(version: Version, signature: &Signature) -> bool {
    let of_a_root = ROOT_FUNCTIONS.iter().any(|(root, name, _)| {
        *name == signature.name && root.types().last() == Some(&signature.bound_to)
    });
    if of_a_root {
        return true;
    }
    heirs(version, signature.bound_to).any(|of| {
        operations(version, of).any(|operation| {
            operation.name == signature.name && operation.on_collection == signature.on_collection
        })
    })
}
