//! The property tables against the model of the store and against the published schema (R40).

use domain::query::Link;
use wire::Version;
use wire::schema::{self, Facet, Way};
use wire::table::{Property, Read, Type};
use wire::tables::TYPES;

fn columns(property: &Property) -> Vec<&'static str> {
    match &property.read {
        Read::Column(column) | Read::Member { column, .. } | Read::Sought { column, .. } => {
            vec![column]
        }
        Read::Flagged { column, flag, .. } => vec![column, flag],
        Read::Computed { columns, .. } => columns.to_vec(),
        Read::Printed { column, .. } => vec![column],
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

/// What is published of a member: of the type itself, of one that it derives from, or of one that derives from it.
fn published(version: Version, name: &str, member: &str) -> Option<String> {
    let heirs = schema::shapes()
        .filter_map(|shape| shape.head(version))
        .filter(|head| schema::is_a(version, head.name, name))
        .map(|head| head.name);
    std::iter::once(name)
        .chain(heirs)
        .find_map(|name| schema::member(version, name, member))
        .map(Facet::type_name)
}

/// Members that we serve although the schema of the version does not name them, each for a reason of its own.
const BEYOND: &[(&str, &str)] = &[
    ("resource", "catalog"),
    ("resource", "accessPackageCatalog"),
    ("resource", "notificationEndpointConfiguration"),
    ("resource_role_scope", "accessPackage"),
    // Beta gives each kind of risk a list of its own, and v1.0 has none.
    ("control_configuration", "isApprovalRequired"),
    ("control_configuration", "minimumRiskLevel"),
    // Members of the derived types, shown where only the base is declared.
    ("control_configuration", "isApprovalRequired"),
    ("control_configuration", "minimumRiskLevel"),
    ("control_configuration", "relatedPeopleInsightLevel"),
    ("control_configuration", "showApproverDetailsToMembers"),
    ("directory_object", "displayName"),
    ("custom_extension", "callbackConfiguration"),
    ("custom_extension", "createdBy"),
    ("custom_extension", "createdDateTime"),
    ("custom_extension", "lastModifiedBy"),
    ("custom_extension", "lastModifiedDateTime"),
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
    for of in TYPES {
        for version in Version::ALL {
            let Some(name) = of.name(version) else {
                continue;
            };
            assert!(
                schema::find(version, name).is_some(),
                "{version} {name} is not published"
            );
            for property in of.properties {
                let Some(own) = property.name(version) else {
                    continue;
                };
                if is_listed(of, own) {
                    continue;
                }
                let expected = published(version, name, own)
                    .unwrap_or_else(|| panic!("{version} {name}.{own} is not published"));
                assert_eq!(
                    property.edm.name(version),
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
                let expected = published(version, name, own)
                    .unwrap_or_else(|| panic!("{version} {name}.{own} is not published"));
                let declared = navigation
                    .declared
                    .or(navigation.target.name(version))
                    .unwrap_or_default();
                let relation = of.relation(navigation).unwrap();
                let is_one = relation.is_to_one() || navigation.first_only;
                let bare = schema::qualified(declared);
                let actual = if is_one {
                    bare
                } else {
                    format!("Collection({bare})")
                };
                assert_eq!(actual, expected, "{version} {name}.{own}");
            }
        }
    }
}

#[test]
fn collections_of_an_open_type_are_never_null() {
    for of in TYPES.iter().filter(|of| of.open.is_some()) {
        for version in Version::ALL {
            let name = of.name(version).unwrap();
            for shape in schema::lineage(version, name) {
                for facet in shape.facets(version) {
                    if facet.is_collection && facet.way == Way::None {
                        assert!(
                            of.property(version, facet.name).is_some(),
                            "{version} {name}.{} needs a row",
                            facet.name
                        );
                    }
                }
            }
        }
    }
}
