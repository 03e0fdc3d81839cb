//! What the API of each cloud lacks (semantics 9.2, CL-1, CL-2).
//!
//! **Invariant:** one table says it. Addresses, `$expand`, `$filter`, `$metadata` and the methods that are carried out all
//! read [`GAPS`]; what no row names is the same in every cloud.

use domain::cloud::Cloud;
use domain::query::{Predicate, Relation};

use crate::schema::served::ServedMember;
use crate::schema::{Signature, is_a};
use crate::sets::{EntitySet, Operation, Root};
use crate::table::{Navigation, Type};
use crate::tables::TYPES;
use crate::version::Version;

/// A part of the API that some clouds lack; names are those of the published schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A type, those that derive from it, and what is bound to them.
    Type(&'static str),
    /// A member of a type. An entity set is a member of the type that it hangs on.
    Member(&'static str, &'static str),
    /// An action or a function, by the type that it is bound to.
    Operation(&'static str, &'static str),
    /// Changing objects of a type, which can be read all the same.
    Update(&'static str),
}

/// A part of the API, and who lacks it.
#[derive(Debug)]
pub struct Gap {
    /// What is lacking.
    pub part: Part,
    /// Where it is lacking in v1.0.
    pub v1: &'static [Cloud],
    /// Where it is lacking in beta.
    pub beta: &'static [Cloud],
}

const NATIONAL: &[Cloud] = &[Cloud::UsGov, Cloud::UsGovDoD, Cloud::China];
const CHINA: &[Cloud] = &[Cloud::China];
const EM: &str = "entitlementManagement";

const fn in_both(part: Part, clouds: &'static [Cloud]) -> Gap {
    Gap {
        part,
        v1: clouds,
        beta: clouds,
    }
}

const fn in_v1(part: Part, clouds: &'static [Cloud]) -> Gap {
    Gap {
        beta: &[],
        ..in_both(part, clouds)
    }
}

const fn in_beta(part: Part, clouds: &'static [Cloud]) -> Gap {
    Gap {
        v1: &[],
        ..in_both(part, clouds)
    }
}

/// Everything that some cloud lacks. v1.0 is what its schema has there; beta is what the pages of its operations note.
pub static GAPS: &[Gap] = &[
    in_v1(Part::Member(EM, "availableAccessPackages"), NATIONAL),
    in_v1(Part::Type("availableAccessPackage"), NATIONAL),
    in_both(Part::Member(EM, "accessPackageSuggestions"), NATIONAL),
    in_both(Part::Type("accessPackageSuggestion"), NATIONAL),
    in_both(Part::Type("accessPackageSuggestionReason"), NATIONAL),
    in_both(
        Part::Type("accessPackageSuggestionFilterByCurrentUserOptions"),
        NATIONAL,
    ),
    in_v1(Part::Member(EM, "controlConfigurations"), NATIONAL),
    in_v1(Part::Type("controlConfiguration"), NATIONAL),
    in_v1(
        Part::Type("accessPackageSuggestionRelatedPeopleInsightLevel"),
        NATIONAL,
    ),
    in_v1(Part::Member(EM, "subjects"), NATIONAL),
    in_beta(Part::Update("accessPackageSubject"), NATIONAL),
    Gap {
        part: Part::Operation("accessPackageAssignmentRequest", "resume"),
        v1: NATIONAL,
        beta: CHINA,
    },
    in_beta(
        Part::Member("accessPackageResource", "uploadSessions"),
        NATIONAL,
    ),
    in_beta(
        Part::Type("customDataProvidedResourceUploadSession"),
        NATIONAL,
    ),
    in_beta(Part::Type("customDataProvidedResourceFile"), NATIONAL),
    in_beta(
        Part::Type("customDataProvidedResourceUploadStats"),
        NATIONAL,
    ),
    in_beta(
        Part::Type("customDataProvidedResourcePayloads.data"),
        NATIONAL,
    ),
    in_beta(
        Part::Type("customDataProvidedResourceUploadStatus"),
        NATIONAL,
    ),
];

/// The parts that a cloud lacks in a version.
pub fn gaps(cloud: Cloud, version: Version) -> impl Iterator<Item = Part> {
    GAPS.iter()
        .filter(move |gap| {
            let clouds = match version {
                Version::V1 => gap.v1,
                Version::Beta => gap.beta,
            };
            clouds.contains(&cloud)
        })
        .map(|gap| gap.part)
}

/// Whether the cloud lacks this type, enum or complex type.
pub fn lacks_type(cloud: Cloud, version: Version, name: &str) -> bool {
    gaps(cloud, version).any(|part| match part {
        Part::Type(lacking) => lacking == name || is_a(version, name, lacking),
        Part::Member(..) | Part::Operation(..) | Part::Update(_) => false,
    })
}

/// Whether the cloud lacks this member of a type.
pub fn lacks_member(cloud: Cloud, version: Version, of: &str, member: &str) -> bool {
    gaps(cloud, version).any(|part| match part {
        Part::Member(owner, name) => name == member && (owner == of || is_a(version, of, owner)),
        Part::Type(_) | Part::Operation(..) | Part::Update(_) => false,
    })
}

/// Whether the cloud lacks this entity set.
pub fn lacks_set(cloud: Cloud, version: Version, set: &EntitySet) -> bool {
    let owner = set.root.types().last();
    owner
        .zip(set.name(version))
        .is_some_and(|(owner, name)| lacks_member(cloud, version, owner, name))
}

/// Whether the cloud lacks this way from objects of a type.
pub fn lacks_way(cloud: Cloud, version: Version, of: &Type, way: &Navigation) -> bool {
    of.name(version)
        .zip(way.name(version))
        .is_some_and(|(of, name)| lacks_member(cloud, version, of, name))
}

/// Whether the cloud lacks this operation on objects of a type.
pub fn lacks_operation(cloud: Cloud, version: Version, of: &Type, operation: &Operation) -> bool {
    of.name(version)
        .is_some_and(|of| lacks_bound(cloud, version, of, operation.name))
}

/// Whether the cloud lacks this form of an operation.
pub fn lacks_signature(cloud: Cloud, version: Version, signature: &Signature) -> bool {
    lacks_bound(cloud, version, signature.bound_to, signature.name)
}

fn lacks_bound(cloud: Cloud, version: Version, of: &str, name: &str) -> bool {
    lacks_type(cloud, version, of)
        || gaps(cloud, version).any(|part| match part {
            Part::Operation(owner, lacking) => {
                lacking == name && (owner == of || is_a(version, of, owner))
            }
            Part::Type(_) | Part::Member(..) | Part::Update(_) => false,
        })
}

/// Whether objects of a type can be read in this cloud, but not changed.
pub fn lacks_update(cloud: Cloud, version: Version, of: &Type) -> bool {
    of.name(version).is_some_and(|of| {
        gaps(cloud, version).any(|part| match part {
            Part::Update(lacking) => lacking == of || is_a(version, of, lacking),
            Part::Type(_) | Part::Member(..) | Part::Operation(..) => false,
        })
    })
}

/// What hangs on the object at a place, without what the cloud lacks.
pub fn shown(
    cloud: Cloud,
    version: Version,
    place: &[&str],
    mut children: Vec<ServedMember>,
) -> Vec<ServedMember> {
    if let Some(of) = type_at(place) {
        children.retain(|child| !lacks_member(cloud, version, of, child.name));
    }
    children
}

/// The type of the object at these segments.
fn type_at(place: &[&str]) -> Option<&'static str> {
    Root::ALL.into_iter().find_map(|root| {
        if !root.segments().starts_with(place) {
            return None;
        }
        let last = place.len().checked_sub(1)?;
        root.types().get(last).copied()
    })
}

/// The name of a way that the condition follows although the cloud lacks it, and the type that would have it.
pub(crate) fn lacking_way(
    cloud: Cloud,
    version: Version,
    condition: &Predicate,
) -> Option<(&'static str, &'static str)> {
    // Most servers lack nothing, and this is on the way of every list.
    gaps(cloud, version).next()?;
    find(&lacking_relations(cloud, version), condition)
}

type LackingWay = (&'static Relation, &'static str, &'static str);

fn lacking_relations(cloud: Cloud, version: Version) -> Vec<LackingWay> {
    let mut found = Vec::new();
    for of in TYPES.iter().copied() {
        for way in of.navigations {
            if lacks_way(cloud, version, of, way)
                && let (Some(relation), Some(name), Some(owner)) =
                    (of.relation(way), way.name(version), of.name(version))
            {
                found.push((relation, name, owner));
            }
        }
    }
    found
}

fn find(ways: &[LackingWay], condition: &Predicate) -> Option<(&'static str, &'static str)> {
    let among = |hops: &[&'static Relation]| {
        ways.iter()
            .find(|(relation, _, _)| hops.iter().any(|hop| std::ptr::eq(*hop, *relation)))
            .map(|(_, name, of)| (*name, *of))
    };
    match condition {
        Predicate::True | Predicate::False => None,
        Predicate::All(members) | Predicate::Any(members) => {
            members.iter().find_map(|member| find(ways, member))
        }
        Predicate::Not(inner) => find(ways, inner),
        Predicate::Compare { path, .. }
        | Predicate::In { path, .. }
        | Predicate::Text { path, .. } => among(&path.hops),
        Predicate::Exists { hops, inner } => among(hops).or_else(|| find(ways, inner)),
    }
}

#[cfg(test)]
mod tests;
