//! The table of gaps, read by everything that answers for a cloud.

use odata::path;
use odata::query::QueryOptions;

use super::*;
use crate::address::{AddressError, Options, resolve};
use crate::resolve::{self, Request, ResolveError};
use crate::schema::csdl::metadata;
use crate::schema::{ENUMS, SIGNATURES, find};
use crate::sets::{ENTITY_SETS, OPERATIONS};
use crate::tables;

const ID: &str = "11111111-1111-4111-8111-111111111111";
const ROOT: &str = "identityGovernance/entitlementManagement";

fn at(cloud: Cloud, version: Version, raw: &str) -> Result<(), AddressError> {
    let options = Options {
        caller: Some(ID),
        legacy_v1_paths: true,
        cloud,
    };
    resolve(version, &path::parse(raw).unwrap(), options).map(drop)
}

fn reads(cloud: Cloud, version: Version, query: &str) -> Result<(), ResolveError> {
    let options = QueryOptions::parse(query).unwrap();
    resolve::resolve(Request {
        version,
        cloud,
        of: &tables::RESOURCE,
        filter: Predicate::True,
        is_single: false,
        is_derived: false,
        is_annotated: false,
        options: &options,
        max_page_size: None,
        after: None,
    })
    .map(drop)
}

#[test]
fn every_gap_names_something_that_is_served_and_the_global_cloud_has_none() {
    for gap in GAPS {
        assert!(!gap.v1.contains(&Cloud::Global) && !gap.beta.contains(&Cloud::Global));
        assert!(!gap.v1.is_empty() || !gap.beta.is_empty(), "{gap:?}");
        for version in Version::ALL {
            let exists = match gap.part {
                Part::Type(name) | Part::Update(name) => {
                    find(version, name).is_some() || ENUMS.iter().any(|one| one.words.name == name)
                }
                Part::Member(of, name) => crate::schema::member(version, of, name).is_some(),
                Part::Operation(of, name) => SIGNATURES
                    .iter()
                    .any(|one| one.name == name && one.bound_to == of),
            };
            assert!(exists, "{version:?} {gap:?}");
        }
    }
}

/// Semantics 9.2, as it is written there.
#[test]
fn cl_1_the_schema_of_v1_lacks_five_things_in_the_national_clouds() {
    for cloud in [Cloud::UsGov, Cloud::UsGovDoD, Cloud::China] {
        let sets: Vec<_> = ENTITY_SETS
            .iter()
            .filter(|set| lacks_set(cloud, Version::V1, set))
            .filter_map(|set| set.v1)
            .collect();
        assert_eq!(
            sets,
            [
                "availableAccessPackages",
                "accessPackageSuggestions",
                "subjects",
                "controlConfigurations"
            ]
        );
        let resume = format!("{ROOT}/assignmentRequests/{ID}/resume");
        assert!(at(cloud, Version::V1, &resume).is_err());
        for kept in ["cancel", "reprocess"] {
            let path = format!("{ROOT}/assignmentRequests/{ID}/{kept}");
            assert_eq!(at(cloud, Version::V1, &path), Ok(()), "{kept}");
        }
    }
}

/// The notes of the operations' pages.
#[test]
fn cl_2_beta_lacks_what_its_pages_note_as_global_only() {
    for cloud in [Cloud::UsGov, Cloud::UsGovDoD, Cloud::China] {
        let sets: Vec<_> = ENTITY_SETS
            .iter()
            .filter(|set| lacks_set(cloud, Version::Beta, set))
            .filter_map(|set| set.beta)
            .collect();
        assert_eq!(sets, ["accessPackageSuggestions"]);
        assert!(lacks_update(cloud, Version::Beta, &tables::SUBJECT));
        let resume = format!("{ROOT}/assignmentRequests/{ID}/resume");
        let has_resume = at(cloud, Version::Beta, &resume).is_ok();
        assert_eq!(has_resume, cloud != Cloud::China, "{cloud}");
    }
}

/// Each row of the table, in each cloud and version: an address leads there exactly where no gap is.
#[test]
fn an_address_leads_to_a_part_exactly_where_the_cloud_has_it() {
    for cloud in Cloud::ALL.iter().copied() {
        for version in Version::ALL {
            let lacking: Vec<Part> = gaps(cloud, version).collect();
            for gap in GAPS {
                let path = match gap.part {
                    Part::Member(EM, set) => format!("{ROOT}/{set}"),
                    Part::Member(_, way) => {
                        let sets = if version == Version::V1 {
                            "resources"
                        } else {
                            "accessPackageResources"
                        };
                        format!("{ROOT}/{sets}/{ID}/{way}")
                    }
                    Part::Operation(_, name) => format!("{ROOT}/assignmentRequests/{ID}/{name}"),
                    Part::Type(_) | Part::Update(_) => continue,
                };
                let expected = if lacking.contains(&gap.part) {
                    let segment = path.rsplit('/').next().unwrap().to_owned();
                    Err(AddressError::UnknownSegment { segment })
                } else {
                    Ok(())
                };
                assert_eq!(at(cloud, version, &path), expected, "{cloud} {version:?}");
            }
        }
    }
}

#[test]
fn what_a_cloud_lacks_is_in_no_expansion_and_no_condition() {
    for (cloud, has) in [(Cloud::Global, true), (Cloud::China, false)] {
        for query in [
            "$expand=uploadSessions",
            "$select=uploadSessions",
            "$filter=uploadSessions/any(u:u/isUploadDone%20eq%20true)",
            "$expand=accessPackageResourceRoles($expand=accessPackageResource($expand=uploadSessions))",
        ] {
            let answer = reads(cloud, Version::Beta, query);
            assert_eq!(answer.is_ok(), has, "{cloud} {query}: {answer:?}");
            if let Err(error) = answer {
                assert!(error.to_string().contains("uploadSessions"), "{error}");
            }
        }
        assert_eq!(reads(cloud, Version::Beta, "$expand=*"), Ok(()));
        // The schema of v1.0 has it everywhere.
        assert_eq!(reads(cloud, Version::V1, "$expand=uploadSessions"), Ok(()));
    }
}

/// Everything that a document refers to, by the names in its `Type`, `EntityType` and `BaseType`.
#[test]
fn metadata_shows_exactly_what_the_cloud_has_and_refers_to_nothing_else() {
    for cloud in Cloud::ALL.iter().copied() {
        for version in Version::ALL {
            let text = metadata(cloud, version);
            let lacking: Vec<Part> = gaps(cloud, version).collect();
            let shows = |what: &str| text.contains(what);
            for gap in GAPS {
                let is_there = !lacking.contains(&gap.part);
                let found = match gap.part {
                    Part::Member(of, name) => body(&text, of).contains(&format!("\"{name}\"")),
                    Part::Operation(_, name) => shows(&format!("<Action Name=\"{name}\"")),
                    // Types of a namespace of their own are named by what follows it.
                    Part::Type(name) if !name.contains('.') => {
                        shows(&format!("Type Name=\"{name}\""))
                    }
                    Part::Type(_) | Part::Update(_) => continue,
                };
                assert_eq!(found, is_there, "{cloud} {version:?} {:?}", gap.part);
            }
            for gap in lacking {
                if let Part::Type(name) = gap {
                    let used = format!("microsoft.graph.{name}");
                    assert!(!shows(&format!("{used}\"")), "{cloud} {version:?} {used}");
                    assert!(!shows(&format!("{used})")), "{cloud} {version:?} {used}");
                }
            }
        }
    }
}

/// What stands between the tags of an entity type.
fn body<'t>(text: &'t str, of: &str) -> &'t str {
    let begin = text
        .find(&format!("<EntityType Name=\"{of}\""))
        .unwrap_or_else(|| panic!("no {of}"));
    let rest = &text[begin..];
    &rest[..rest.find("</EntityType>").unwrap()]
}

#[test]
fn every_operation_that_is_lacking_is_one_of_the_tables() {
    let lacking = OPERATIONS
        .iter()
        .filter(|operation| {
            TYPES.iter().any(|of| {
                of.entity.name == operation.bound_to
                    && lacks_operation(Cloud::China, Version::V1, of, operation)
            })
        })
        .map(|operation| (operation.name, operation.bound_to));

    assert_eq!(
        lacking.collect::<Vec<_>>(),
        [
            ("resume", "assignment_request"),
            ("filterByCurrentUser", "access_package_suggestion")
        ]
    );
}
