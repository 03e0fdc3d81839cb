//! Where what is served differs from what is published, and why.
//!
//! That a member of a type is not served says the type's own table ([`crate::table::Type::lacking`]); what no table can say
//! stands here.
//!
//! **Invariant:** the lists are exact. A test works the differences out and fails on one without a reason, and on a reason
//! without a difference.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::served::{can_be_called, heirs, is_served, place_of, types};
use super::{Kind, SIGNATURES, lineage, shapes};
use crate::version::Version;

/// Why something differs.
#[derive(Debug, Clone, Copy)]
pub struct Reason {
    /// The type.
    pub of: &'static str,
    /// The member or the operation; empty for the type itself.
    pub member: &'static str,
    /// Why.
    pub why: &'static str,
}

const fn because(of: &'static str, member: &'static str, why: &'static str) -> Reason {
    Reason { of, member, why }
}

/// Members of the roots that are not served.
#[rustfmt::skip]
pub static UNSERVED: &[Reason] = &[];

/// Members that are served and not published.
#[rustfmt::skip]
pub static BEYOND: &[Reason] = &[
    because("accessPackageResource", "catalog", "clients filter and expand by it all the same"),
    because("accessPackageResource", "accessPackageCatalog", "clients filter and expand by it all the same"),
    because("accessPackageResourceRoleScope", "accessPackage", "the same set leads back to its package"),
    because("controlConfiguration", "isApprovalRequired", "v1.0 has no types for risks; it shows those controls as their base"),
    because("controlConfiguration", "minimumRiskLevel", "v1.0 has no types for risks; it shows those controls as their base"),
    because("user", "appRoleAssignments", "published by Graph, and left out of the facts about entitlement management"),
    because("servicePrincipal", "appRoleAssignments", "published by Graph, and left out of the facts about entitlement management"),
];

/// Types of one version that answers of the other show all the same.
#[rustfmt::skip]
pub static BORROWED: &[Reason] = &[
    because("insiderRiskyUserApproval", "", "a switch that is set through beta does not vanish from v1.0"),
    because("entraIdProtectionRiskyUserApproval", "", "a switch that is set through beta does not vanish from v1.0"),
];

/// Actions and functions that cannot be called.
#[rustfmt::skip]
pub static UNCALLED: &[Reason] = &[];

/// Entity types that are described and that no answer shows.
#[rustfmt::skip]
pub static UNSEEN: &[Reason] = &[
    because("authenticationContextClassReference", "", "no action asks for a way of signing in"),
    because("unifiedRbacResourceScope", "", "no action is limited to a kind of scope"),
];

/// One difference: what kind, of which type, of which member or operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Of what kind.
    pub kind: Sort,
    /// The type.
    pub of: &'static str,
    /// The member or the operation; empty for the type itself.
    pub member: &'static str,
}

/// The kinds of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// A published member that is not served.
    Unserved,
    /// A member that is served and not published.
    Beyond,
    /// A published operation that cannot be called.
    Uncalled,
    /// A published entity type that no answer shows.
    Unseen,
}

impl Sort {
    const ALL: [Self; 4] = [Self::Unserved, Self::Beyond, Self::Uncalled, Self::Unseen];

    fn title(self) -> &'static str {
        match self {
            Self::Unserved => "Members that are not served",
            Self::Beyond => "Members that are served and not published",
            Self::Uncalled => "Actions and functions that cannot be called",
            Self::Unseen => "Entity types that no answer shows",
        }
    }

    fn reasons(self) -> &'static [Reason] {
        match self {
            Self::Unserved => UNSERVED,
            Self::Beyond => BEYOND,
            Self::Uncalled => UNCALLED,
            Self::Unseen => UNSEEN,
        }
    }
}

/// Every difference of a version.
pub fn differences(version: Version) -> Vec<Difference> {
    let mut found = Vec::new();
    for shape in shapes() {
        let Some(head) = shape.head(version) else {
            continue;
        };
        for facet in shape.facets(version) {
            if !is_served(version, head.name, facet) {
                found.push(Difference {
                    kind: Sort::Unserved,
                    of: head.name,
                    member: facet.name,
                });
            }
        }
        if head.kind == Kind::Entity && !is_seen(version, head.name) {
            found.push(Difference {
                kind: Sort::Unseen,
                of: head.name,
                member: "",
            });
        }
    }
    for of in types(version) {
        for member in of.members.iter().filter(|member| !member.is_published) {
            found.push(Difference {
                kind: Sort::Beyond,
                of: of.head.name,
                member: member.name,
            });
        }
    }
    for signature in SIGNATURES.iter().filter(|one| one.is_in(version)) {
        if !can_be_called(version, signature) {
            found.push(Difference {
                kind: Sort::Uncalled,
                of: signature.bound_to,
                member: signature.name,
            });
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether objects of an entity type are shown: by its own table, by that of a type that derives from it, or by that of
/// the type it derives from.
fn is_seen(version: Version, name: &str) -> bool {
    let has_table = heirs(version, name).next().is_some() || place_of(name).is_some();
    // Objects of the directory have tables of their own; that of their base shows them only in part.
    let is_shown_as = |base: &str| {
        base != "directoryObject" && heirs(version, base).any(|of| of.name(version) == Some(base))
    };
    let bases = lineage(version, name);
    let mut bases = bases.iter().skip(1).filter_map(|base| base.head(version));
    has_table || bases.any(|base| is_shown_as(base.name))
}

/// Why it differs, if anybody says so.
pub fn reason(version: Version, difference: &Difference) -> Option<&'static str> {
    let listed = difference.kind.reasons().iter();
    let mut listed =
        listed.filter(|reason| (reason.of, reason.member) == (difference.of, difference.member));
    if let Some(reason) = listed.next() {
        return Some(reason.why);
    }
    if difference.kind != Sort::Unserved {
        return None;
    }
    heirs(version, difference.of)
        .flat_map(|of| of.lacking)
        .find(|lacking| lacking.name == difference.member)
        .map(|lacking| lacking.reason)
}

/// Reasons of these lists for which there is no difference in any version.
pub fn stale() -> Vec<String> {
    let found: Vec<Difference> = Version::ALL.into_iter().flat_map(differences).collect();
    Sort::ALL
        .into_iter()
        .flat_map(|kind| kind.reasons().iter().map(move |reason| (kind, reason)))
        .filter(|(kind, reason)| {
            !found.contains(&Difference {
                kind: *kind,
                of: reason.of,
                member: reason.member,
            })
        })
        .map(|(kind, reason)| format!("{kind:?} {}.{}", reason.of, reason.member))
        .collect()
}

/// The differences as a document.
pub fn document() -> String {
    let mut rows: BTreeMap<Difference, (Vec<&str>, &str)> = BTreeMap::new();
    for version in Version::ALL {
        for difference in differences(version) {
            let why = reason(version, &difference).unwrap_or_default();
            let row = rows.entry(difference).or_insert((Vec::new(), why));
            row.0.push(version.as_str());
        }
    }
    let mut text = String::from(
        "# Where the schema differs\n\n\
         `/v1.0/$metadata` and `/beta/$metadata` say what this server serves. This is where that is not what Graph\n\
         publishes for entitlement management. Rendered from the tables in `crates/wire/src/schema` and\n\
         `crates/wire/src/tables` by `cargo xtask tidy --fix`; do not edit.\n\n\
         | | v1.0 | beta |\n|---|---|---|\n",
    );
    for (what, count) in COUNTS {
        let [v1, beta] = Version::ALL.map(count);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {what} | {v1} | {beta} |");
    }
    for kind in Sort::ALL {
        let _ = write!(text, "\n## {}\n\n", kind.title());
        let mut of_kind = rows.iter().filter(|(row, _)| row.kind == kind).peekable();
        text.push_str(match of_kind.peek() {
            Some(_) => "| what | versions | why |\n|---|---|---|\n",
            None => "None.\n",
        });
        for (difference, (versions, why)) in of_kind {
            let dot = if difference.member.is_empty() {
                ""
            } else {
                "."
            };
            let (of, member) = (difference.of, difference.member);
            let _ = writeln!(
                text,
                "| `{of}{dot}{member}` | {} | {why} |",
                versions.join(", ")
            );
        }
    }
    text.push_str("\n## Types of one version that the other shows, too\n\n");
    text.push_str("| what | versions | why |\n|---|---|---|\n");
    for reason in BORROWED {
        let (of, why) = (reason.of, reason.why);
        let _ = writeln!(text, "| `{of}` | v1.0 | {why} |");
    }
    text
}

type Count = (&'static str, fn(Version) -> usize);

/// What is counted at the head of the document.
const COUNTS: &[Count] = &[
    ("entity types published and described", |version| {
        count_types(version, Kind::Entity)
    }),
    ("complex types published and described", |version| {
        count_types(version, Kind::Complex)
    }),
    ("enum types published and described", |version| {
        let enums = super::ENUMS.iter();
        enums.filter(|of| of.is_in(version)).count()
    }),
    ("members published", |version| {
        shapes()
            .filter(|shape| shape.head(version).is_some())
            .map(|shape| shape.facets(version).count())
            .sum()
    }),
    ("members not served", |version| {
        let all = differences(version);
        all.iter().filter(|one| one.kind == Sort::Unserved).count()
    }),
    ("forms of actions and functions published", |version| {
        SIGNATURES.iter().filter(|one| one.is_in(version)).count()
    }),
    ("of them callable", |version| {
        let forms = SIGNATURES.iter().filter(|one| one.is_in(version));
        forms.filter(|one| can_be_called(version, one)).count()
    }),
];

fn count_types(version: Version, kind: Kind) -> usize {
    shapes()
        .filter_map(|shape| shape.head(version))
        .filter(|head| head.kind == kind)
        .count()
}
