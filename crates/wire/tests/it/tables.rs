//! The property tables against the model of the store and against the published schema (R40).

use std::collections::BTreeMap;

use domain::query::Link;
use serde_json::Value as Json;
use wire::Version;
use wire::table::{Property, Read, Type};
use wire::tables::TYPES;

use crate::contract::schema;

fn columns(property: &Property) -> Vec<&'static str> {
    match &property.read {
        Read::Column(column) | Read::Member { column, .. } | Read::Sought { column, .. } => {
            vec![column]
        }
        Read::Flagged { column, flag, .. } => vec![column, flag],
        Read::Computed { columns, .. } => columns.to_vec(),
        Read::Behind { .. } | Read::Constant(_) => Vec::new(),
    }
}

#[test]
fn every_column_and_relation_of_a_table_is_in_the_model() {
    for of in TYPES {
        let entity = of.entity;
        for property in of.properties {
            let name = format!("{}.{:?}/{:?}", entity.name, property.v1, property.beta);
            for column in columns(property) {
                assert!(entity.field(column).is_some(), "{name}: `{column}`");
            }
            let related: Option<(&str, Vec<&str>)> = match &property.read {
                Read::Behind { relation, column } => Some((relation, vec![column])),
                Read::Sought {
                    relation, there, ..
                } => Some((relation, vec![there])),
                Read::Computed {
                    related: Some((relation, columns)),
                    ..
                } => Some((relation, columns.to_vec())),
                _ => None,
            };
            if let Some((relation, columns)) = related {
                let relation = entity
                    .relation(relation)
                    .unwrap_or_else(|| panic!("{name}: `{relation}`"));
                for column in columns {
                    assert!(relation.to.field(column).is_some(), "{name}: `{column}`");
                }
            }
        }
        for navigation in of.navigations {
            let name = format!("{}.{}", entity.name, navigation.relation);
            let relation = of.relation(navigation).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(relation.to, navigation.target.entity, "{name}");
        }
        for column in of.searched {
            assert!(
                entity.field(column).is_some(),
                "{}: `{column}`",
                entity.name
            );
        }
        if let Some(column) = of.open {
            assert!(
                entity.field(column).is_some(),
                "{}: `{column}`",
                entity.name
            );
        }
    }
}

#[test]
fn every_pair_of_a_navigation_can_be_walked_back() {
    for of in TYPES {
        for navigation in of.navigations {
            let relation = of.relation(navigation).unwrap();
            if let Link::Through {
                table,
                here,
                near,
                far,
                there,
            } = relation.link
            {
                let reverse = Link::Through {
                    table,
                    here: there,
                    near: far,
                    far: near,
                    there: here,
                };
                let found = navigation
                    .target
                    .entity
                    .relations
                    .iter()
                    .any(|other| other.link == reverse);
                assert!(found, "{}.{}", of.entity.name, navigation.relation);
            }
        }
    }
}

#[test]
fn names_are_unique_in_each_version() {
    for of in TYPES {
        for version in Version::ALL {
            let properties = of
                .properties
                .iter()
                .filter_map(|property| property.name(version));
            let ways = of.navigations.iter().filter_map(|way| way.name(version));
            let mut seen = std::collections::BTreeSet::new();
            for name in properties.chain(ways) {
                assert!(
                    seen.insert(name.to_ascii_lowercase()),
                    "{}.{name}",
                    of.entity.name
                );
            }
        }
    }
}

fn published(schema: &Json, version: Version, name: &str) -> Json {
    schema[version.as_str()]["types"][format!("microsoft.graph.{name}")].clone()
}

/// The members of a type and of the types it derives from: name to type, and whether it is a navigation.
fn published_members(
    schema: &Json,
    version: Version,
    name: &str,
) -> BTreeMap<String, (String, bool)> {
    let mut members = BTreeMap::new();
    let mut next = Some(name.to_owned());
    while let Some(name) = next {
        let of = published(schema, version, &name);
        for (list, is_navigation) in [("properties", false), ("navigationProperties", true)] {
            for member in of[list].as_array().into_iter().flatten() {
                let bare = member["type"].as_str().unwrap();
                let of = if member["collection"] == true {
                    format!("Collection({bare})")
                } else {
                    bare.to_owned()
                };
                members.insert(
                    member["name"].as_str().unwrap().to_owned(),
                    (of, is_navigation),
                );
            }
        }
        next = of["baseType"]
            .as_str()
            .and_then(|base| base.strip_prefix("microsoft.graph."))
            .map(str::to_owned);
    }
    members
}

/// Members that we serve although the schema of the version does not name them, each for a reason of its own.
const BEYOND: &[(&str, &str)] = &[
    ("resource", "catalog"),
    ("resource", "accessPackageCatalog"),
    ("resource", "notificationEndpointConfiguration"),
    ("resource_role_scope", "accessPackage"),
    // Members of the derived types, shown where only the base is declared.
    ("control_configuration", "isApprovalRequired"),
    ("control_configuration", "minimumRiskLevel"),
    ("control_configuration", "relatedPeopleInsightLevel"),
    ("control_configuration", "showApproverDetailsToMembers"),
    ("directory_object", "displayName"),
    ("directory_object", "mail"),
    ("directory_object", "userPrincipalName"),
    ("directory_object", "memberOf"),
    ("directory_object", "microsoft.graph.user"),
    ("directory_object", "microsoft.graph.group"),
    ("directory_object", "microsoft.graph.servicePrincipal"),
    ("directory_user", "appRoleAssignments"),
    ("service_principal", "appRoleAssignments"),
    ("policy_question", "isSingleLineQuestion"),
    ("policy_question", "regexPattern"),
    ("policy_question", "isMultipleSelectionAllowed"),
    ("policy_question", "choices"),
];

fn is_listed(of: &Type, name: &str) -> bool {
    BEYOND.contains(&(of.entity.name, name))
}

#[test]
fn names_and_types_are_those_of_the_published_schema() {
    let Some(schema) = schema() else { return };
    for of in TYPES {
        for version in Version::ALL {
            let Some(name) = of.name(version) else {
                continue;
            };
            let members = published_members(&schema, version, name);
            assert!(
                !members.is_empty() || name == "directoryObject",
                "{version} {name} is not published"
            );
            for property in of.properties {
                let Some(own) = property.name(version) else {
                    continue;
                };
                if is_listed(of, own) || own == "id" {
                    continue;
                }
                let (expected, _) = members
                    .get(own)
                    .unwrap_or_else(|| panic!("{version} {name}.{own} is not published"));
                assert_eq!(
                    &property.edm.name(version),
                    expected,
                    "{version} {name}.{own}"
                );
            }
            for navigation in of.navigations {
                let Some(own) = navigation.name(version) else {
                    continue;
                };
                if is_listed(of, own) {
                    continue;
                }
                let (expected, _) = members
                    .get(own)
                    .unwrap_or_else(|| panic!("{version} {name}.{own} is not published"));
                let declared = navigation
                    .declared
                    .or(navigation.target.name(version))
                    .unwrap_or_default();
                let relation = of.relation(navigation).unwrap();
                let is_one = relation.is_to_one() || navigation.first_only;
                let bare = format!("microsoft.graph.{declared}");
                let actual = if is_one {
                    bare
                } else {
                    format!("Collection({bare})")
                };
                assert_eq!(&actual, expected, "{version} {name}.{own}");
            }
        }
    }
}

#[test]
fn what_is_published_and_missing_is_listed_with_a_reason() {
    let Some(schema) = schema() else { return };
    for of in TYPES {
        for version in Version::ALL {
            let Some(name) = of.name(version) else {
                continue;
            };
            for (member, (_, is_navigation)) in published_members(&schema, version, name) {
                let served = of.property(version, &member).is_some()
                    || of.navigation(version, &member).is_some();
                let kept = of.open.is_some() && !is_navigation;
                let excused = of
                    .lacking
                    .iter()
                    .any(|lacking| lacking.name == member && !lacking.reason.is_empty());
                assert!(
                    served || kept || excused,
                    "{version} {name}.{member} is missing without a reason"
                );
            }
        }
        for lacking in of.lacking {
            let somewhere = Version::ALL.into_iter().any(|version| {
                of.name(version).is_some_and(|name| {
                    published_members(&schema, version, name).contains_key(lacking.name)
                })
            });
            assert!(
                somewhere,
                "{}.{} is not published at all",
                of.entity.name, lacking.name
            );
        }
    }
}

#[test]
fn collections_of_an_open_type_are_never_null() {
    let Some(schema) = schema() else { return };
    for of in TYPES.iter().filter(|of| of.open.is_some()) {
        for version in Version::ALL {
            let name = of.name(version).unwrap();
            for (member, (kind, is_navigation)) in published_members(&schema, version, name) {
                if kind.starts_with("Collection(") && !is_navigation {
                    assert!(
                        of.property(version, &member).is_some(),
                        "{version} {name}.{member} needs a row"
                    );
                }
            }
        }
    }
}
