//! `$metadata`: well formed, whole in itself, and different from what is published only where a reason says so.

use std::collections::{BTreeMap, BTreeSet};

use domain::cloud::Cloud;
use wire::Version;
use wire::schema::csdl::metadata;
use wire::schema::differences::{differences, reason, stale};
use wire::schema::served::{serves, signatures};
use wire::schema::{is_a, member};
use wire::sets::{ENTITY_SETS, OPERATIONS, ROOT_FUNCTIONS, Root};
use wire::tables::TYPES;

/// An element: its name, its attributes, and how deep it lies.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    depth: usize,
}

impl Element {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// The elements of a document without text; fails where it is not well formed.
fn elements(xml: &str) -> Vec<Element> {
    let mut open: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let mut rest = xml
        .strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>")
        .unwrap();
    while let Some(at) = rest.find('<') {
        assert!(rest[..at].trim().is_empty(), "text: {}", &rest[..at]);
        let end = rest.find('>').expect("an end of the tag");
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let body = tag.strip_suffix('/').unwrap_or(tag);
        let (name, attributes) = body.split_once(' ').unwrap_or((body, ""));
        found.push(Element {
            name: name.to_owned(),
            attributes: read_attributes(attributes),
            depth: open.len(),
        });
        if !tag.ends_with('/') {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    found
}

fn read_attributes(text: &str) -> BTreeMap<String, String> {
    let mut rest = text.trim();
    let mut found = BTreeMap::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").expect("a value in quotes");
        let (value, after) = after.split_once('"').expect("the closing quote");
        assert!(!value.contains('<'), "{value}");
        let before = found.insert(name.to_owned(), value.to_owned());
        assert!(before.is_none(), "`{name}` stands twice");
        rest = after.trim_start();
    }
    found
}

/// The full names of the types that the document declares, with the names of their members.
fn declared(elements: &[Element]) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut namespace = String::new();
    let mut last = String::new();
    let mut found: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for element in elements {
        match element.name.as_str() {
            "Schema" => namespace = element.get("Namespace").unwrap().to_owned(),
            "EntityType" | "ComplexType" | "EnumType" => {
                last = format!("{namespace}.{}", element.get("Name").unwrap());
                let row = (element.name.clone(), BTreeSet::new());
                assert!(
                    found.insert(last.clone(), row).is_none(),
                    "{last} stands twice"
                );
            }
            "Property" | "NavigationProperty" | "Member" => {
                let name = element.get("Name").unwrap().to_owned();
                let is_new = found.get_mut(&last).unwrap().1.insert(name.clone());
                assert!(is_new, "{last}.{name} stands twice");
            }
            _ => {}
        }
    }
    found
}

fn bare(name: &str) -> &str {
    let inner = name
        .strip_prefix("Collection(")
        .and_then(|rest| rest.strip_suffix(')'));
    inner.unwrap_or(name)
}

#[test]
fn every_type_that_metadata_names_is_declared_there() {
    for version in Version::ALL {
        let elements = elements(&metadata(Cloud::Global, version));
        let types = declared(&elements);
        let mut named = 0;
        for element in &elements {
            for attribute in ["Type", "BaseType", "EntityType"] {
                let Some(name) = element.get(attribute).map(bare) else {
                    continue;
                };
                let is_term = name.starts_with("Org.OData.Core.V1.");
                named += 1;
                assert!(
                    name.starts_with("Edm.") || is_term || types.contains_key(name),
                    "{version} {element:?}"
                );
                let is_way = element.name == "NavigationProperty";
                if is_way || element.name == "Property" {
                    let is_entity = types
                        .get(name)
                        .is_some_and(|(kind, _)| kind == "EntityType");
                    assert_eq!(is_entity, is_way, "{version} {element:?}");
                }
            }
        }
        assert!(named > 500, "{version} {named}");
    }
}

#[test]
fn no_derived_type_declares_a_member_of_its_base_again() {
    for version in Version::ALL {
        let elements = elements(&metadata(Cloud::Global, version));
        let types = declared(&elements);
        let bases: BTreeMap<String, String> = elements
            .iter()
            .filter_map(|element| Some((element.get("Name")?, element.get("BaseType")?)))
            .map(|(name, base)| (format!("microsoft.graph.{name}"), base.to_owned()))
            .collect();
        for (name, (_, members)) in &types {
            let mut base = bases.get(name);
            while let Some(above) = base {
                let shared: Vec<_> = types[above].1.intersection(members).collect();
                assert!(shared.is_empty(), "{version} {name}: {shared:?} of {above}");
                base = bases.get(above);
            }
        }
    }
}

#[test]
fn every_entity_set_is_in_the_container_or_on_a_root_and_bindings_lead_to_sets() {
    for version in Version::ALL {
        let elements = elements(&metadata(Cloud::Global, version));
        let types = declared(&elements);
        let in_container: BTreeSet<&str> = elements
            .iter()
            .filter(|element| element.name == "EntitySet")
            .filter_map(|element| element.get("Name"))
            .collect();
        let mut paths = BTreeSet::new();
        for set in ENTITY_SETS {
            let Some(name) = set.name(version) else {
                continue;
            };
            paths.insert(set.path(version));
            if set.root == Root::Directory {
                assert!(in_container.contains(name), "{version} {name}");
            } else {
                let of = format!("microsoft.graph.{}", set.root.types().last().unwrap());
                assert!(types[&of].1.contains(name), "{version} {of}.{name}");
            }
        }
        let bindings = elements
            .iter()
            .filter(|one| one.name == "NavigationPropertyBinding");
        let targets: Vec<&str> = bindings.filter_map(|one| one.get("Target")).collect();
        assert!(!targets.is_empty());
        for target in targets {
            assert!(paths.contains(target), "{version} {target}");
        }
    }
}

#[test]
fn metadata_has_one_document_with_one_main_namespace() {
    for version in Version::ALL {
        let elements = elements(&metadata(Cloud::Global, version));

        assert_eq!(elements[0].name, "edmx:Edmx");
        assert_eq!(elements[0].get("Version"), Some("4.0"));
        assert!(elements.iter().skip(1).all(|element| element.depth > 0));
        let namespaces = elements.iter().filter(|element| element.name == "Schema");
        let namespaces: Vec<_> = namespaces.filter_map(|one| one.get("Namespace")).collect();
        assert_eq!(namespaces[0], "microsoft.graph");
        assert_eq!(namespaces.len(), 3, "{namespaces:?}");
    }
}

#[test]
fn every_difference_from_the_published_schema_has_a_reason() {
    for version in Version::ALL {
        let unexplained: Vec<_> = differences(version)
            .into_iter()
            .filter(|difference| reason(version, difference).is_none_or(str::is_empty))
            .collect();
        assert!(unexplained.is_empty(), "{version} {unexplained:?}");
    }
}

#[test]
fn no_reason_is_given_for_what_does_not_differ() {
    let stale = stale();
    assert!(stale.is_empty(), "{stale:?}");
    for of in TYPES {
        for lacking in of.lacking {
            let is_missing = Version::ALL.into_iter().any(|version| {
                of.name(version)
                    .and_then(|name| member(version, name, lacking.name))
                    .is_some_and(|facet| !serves(version, of, facet))
            });
            assert!(is_missing, "{}.{} is served", of.entity.name, lacking.name);
        }
    }
}

/// Operations that one version has although only the other is published with them.
const IN_BOTH: &[&str] = &["updateRequest"];

#[test]
fn every_operation_has_a_signature_or_is_a_published_navigation() {
    for version in Version::ALL {
        for operation in OPERATIONS {
            let is_here = operation.v1 || version == Version::Beta;
            let of = TYPES
                .iter()
                .filter(|of| of.entity.name == operation.bound_to);
            let names: Vec<&str> = of.filter_map(|of| of.name(version)).collect();
            let is_of_a_root = ROOT_FUNCTIONS.iter().any(|(_, name, of)| {
                (*name, of.entity.name) == (operation.name, operation.bound_to)
            });
            let is_excused = is_of_a_root || IN_BOTH.contains(&operation.name);
            if !is_here || names.is_empty() || is_excused {
                continue;
            }
            let is_known = names.iter().any(|name| {
                member(version, name, operation.name).is_some()
                    || signatures(version).any(|signature| {
                        signature.name == operation.name
                            && signature.on_collection == operation.on_collection
                            && signature.is_action == operation.is_action
                            && is_a(version, name, signature.bound_to)
                    })
            });
            assert!(is_known, "{version} {} of {names:?}", operation.name);
        }
    }
}
