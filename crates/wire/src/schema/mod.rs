//! The types, enums, actions and functions of the published schema, as data: both versions side by side, one area a file.
//!
//! The property tables of [`crate::tables`] say where a served member is stored; these say what every member is called, of
//! what type it is and whether it may be null. `$metadata` is printed from both.
//!
//! **Invariant:** what is here is what is published; a test compares each row. What Reeve does not serve is decided by the
//! property tables, never here.

mod access_package;
mod approval;
mod audit;
mod callout;
mod catalog;
mod change_notification;
mod connector;
mod credential;
pub mod csdl;
pub mod differences;
mod directory;
pub mod enums;
mod extension;
mod identity;
pub mod operations;
mod organization;
mod policy;
mod question;
mod request;
mod role_management;
mod role_schedule;
mod schedule;
pub mod served;
mod settings;
pub mod shape;
mod subject_set;
mod xml;

pub use enums::{ENUMS, Enum, Values};
pub use operations::{OF_THE_DIRECTORY, SIGNATURES, Signature};
pub use shape::{Facet, Head, Kind, Member, Shape, Way, qualified};

use crate::version::Version;

/// The tables, by area.
static AREAS: &[&[Shape]] = &[
    settings::SHAPES,
    access_package::SHAPES,
    catalog::SHAPES,
    connector::SHAPES,
    policy::SHAPES,
    approval::SHAPES,
    question::SHAPES,
    subject_set::SHAPES,
    credential::SHAPES,
    request::SHAPES,
    schedule::SHAPES,
    extension::SHAPES,
    callout::SHAPES,
    organization::SHAPES,
    role_management::SHAPES,
    role_schedule::SHAPES,
    directory::SHAPES,
    identity::SHAPES,
    audit::SHAPES,
    change_notification::SHAPES,
];

/// Every entity type and complex type.
pub fn shapes() -> impl Iterator<Item = &'static Shape> {
    AREAS.iter().copied().flatten()
}

/// The type of this name, without `microsoft.graph.`, in this version.
pub fn find(version: Version, name: &str) -> Option<&'static Shape> {
    shapes().find(|shape| shape.head(version).is_some_and(|head| head.name == name))
}

/// The enum of this name in this version.
pub fn find_enum(version: Version, name: &str) -> Option<&'static Enum> {
    ENUMS
        .iter()
        .find(|of| of.is_in(version) && of.words.name == name)
}

/// A type and those it derives from, itself first.
pub fn lineage(version: Version, name: &str) -> Vec<&'static Shape> {
    let mut line = Vec::new();
    let mut next = find(version, name);
    while let Some(shape) = next {
        line.push(shape);
        next = shape
            .head(version)
            .and_then(|head| head.base)
            .and_then(|base| find(version, base));
    }
    line
}

/// A member of a type or of those it derives from.
pub fn member(version: Version, of: &str, name: &str) -> Option<&'static Facet> {
    lineage(version, of)
        .into_iter()
        .flat_map(|shape| shape.facets(version))
        .find(|facet| facet.name == name)
}

/// Whether a type is another one, or derives from it.
pub fn is_a(version: Version, name: &str, base: &str) -> bool {
    lineage(version, name)
        .into_iter()
        .filter_map(|shape| shape.head(version))
        .any(|head| head.name == base)
}
