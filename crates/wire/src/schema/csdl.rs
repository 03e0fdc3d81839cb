//! `$metadata`: the served model as CSDL 4.0 in XML.

use std::collections::BTreeSet;

use domain::cloud::Cloud;

use super::served::{self, ServedMember, ServedType};
use super::shape::{Facet, Kind, Way, qualified};
use super::xml::Xml;
use super::{ENUMS, Enum, Signature, lineage};
use crate::cloud::{lacks_member, lacks_set, lacks_signature, lacks_type, shown};
use crate::sets::{ENTITY_SETS, Root};
use crate::version::Version;

const GRAPH: &str = "microsoft.graph";
const EDMX: &str = "http://docs.oasis-open.org/odata/ns/edmx";
const EDM: &str = "http://docs.oasis-open.org/odata/ns/edm";
const CORE: &str = "Org.OData.Core.V1";
const CORE_URI: &str =
    "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Core.V1.xml";
const CONTAINER: &str = "GraphService";

/// Whose model is printed.
#[derive(Clone, Copy)]
struct Edition {
    cloud: Cloud,
    version: Version,
}

/// The whole document of a version, as a cloud has it.
pub fn metadata(cloud: Cloud, version: Version) -> String {
    let edition = Edition { cloud, version };
    let types = types(edition);
    let mut xml = Xml::new();
    let attributes = [("Version", "4.0"), ("xmlns:edmx", EDMX)];
    xml.element("edmx:Edmx", &attributes, |xml| {
        xml.element("edmx:Reference", &[("Uri", CORE_URI)], |xml| {
            xml.empty("edmx:Include", &[("Namespace", CORE)]);
        });
        xml.element("edmx:DataServices", &[], |xml| {
            schema(xml, edition, &types);
            for namespace in further_namespaces(&types) {
                let attributes = [("Namespace", namespace.as_str()), ("xmlns", EDM)];
                xml.element("Schema", &attributes, |xml| {
                    for of in types.iter().filter(|of| home(of).0 == namespace) {
                        structure(xml, of);
                    }
                });
            }
        });
    });
    xml.into_text()
}

/// The types that the cloud has, with the members that it has.
fn types(Edition { cloud, version }: Edition) -> Vec<ServedType> {
    let mut types = served::types(version);
    types.retain(|of| !lacks_type(cloud, version, of.head.name));
    for of in &mut types {
        let name = of.head.name;
        of.members
            .retain(|member| !lacks_member(cloud, version, name, member.name));
    }
    types
}

/// The namespace of a type, and its name there.
fn home(of: &ServedType) -> (String, &'static str) {
    match of.head.name.rsplit_once('.') {
        Some((inner, name)) => (format!("{GRAPH}.{inner}"), name),
        None => (GRAPH.to_owned(), of.head.name),
    }
}

fn further_namespaces(types: &[ServedType]) -> BTreeSet<String> {
    let namespaces = types.iter().map(|of| home(of).0);
    namespaces.filter(|name| name != GRAPH).collect()
}

/// The main namespace: enums, types, operations and the container.
fn schema(xml: &mut Xml, edition: Edition, types: &[ServedType]) {
    let Edition { cloud, version } = edition;
    let attributes = [("Namespace", GRAPH), ("Alias", "graph"), ("xmlns", EDM)];
    xml.element("Schema", &attributes, |xml| {
        enums(xml, edition);
        for of in types.iter().filter(|of| home(of).0 == GRAPH) {
            structure(xml, of);
        }
        roots(xml, edition);
        for signature in served::signatures(version)
            .filter(|signature| !lacks_signature(cloud, version, signature))
        {
            operation(xml, signature);
        }
        container(xml, edition, types);
    });
}

fn enums(xml: &mut Xml, Edition { cloud, version }: Edition) {
    let here = |of: &&Enum| of.is_in(version) && !lacks_type(cloud, version, of.words.name);
    for of in ENUMS.iter().filter(here) {
        let mut attributes = vec![("Name", of.words.name)];
        if of.is_flags {
            attributes.push(("IsFlags", "true"));
        }
        xml.element("EnumType", &attributes, |xml| {
            for (name, value) in of.members() {
                match value {
                    Some(value) => {
                        xml.empty("Member", &[("Name", name), ("Value", &value.to_string())]);
                    }
                    None => xml.empty("Member", &[("Name", name)]),
                }
            }
        });
    }
}

fn structure(xml: &mut Xml, of: &ServedType) {
    let (head, base) = (of.head, of.head.base.map(qualified));
    let (_, name) = home(of);
    let element = match head.kind {
        Kind::Entity => "EntityType",
        Kind::Complex => "ComplexType",
    };
    let mut attributes = vec![("Name", name)];
    attributes.extend(base.as_deref().map(|base| ("BaseType", base)));
    let marks = [
        ("Abstract", head.is_abstract),
        ("OpenType", head.is_open),
        ("HasStream", head.has_stream),
    ];
    let marks = marks.into_iter().filter(|(_, is_set)| *is_set);
    attributes.extend(marks.map(|(name, _)| (name, "true")));
    xml.element(element, &attributes, |xml| {
        if head.kind == Kind::Entity && head.base.is_none() {
            xml.element("Key", &[], |xml| {
                xml.empty("PropertyRef", &[("Name", "id")]);
            });
        }
        for member in of.members.iter().filter(|one| one.way == Way::None) {
            property(xml, member);
        }
        for member in of.members.iter().filter(|one| one.way != Way::None) {
            navigation(xml, member);
        }
        let keys = head.alternate_keys.iter().copied();
        let keys: Vec<&str> = keys
            .filter(|key| of.members.iter().any(|member| member.name == *key))
            .collect();
        if !keys.is_empty() {
            alternate_keys(xml, &keys);
        }
    });
}

fn property(xml: &mut Xml, member: &ServedMember) {
    let mut attributes = vec![("Name", member.name), ("Type", member.type_name.as_str())];
    if !member.is_nullable {
        attributes.push(("Nullable", "false"));
    }
    xml.empty("Property", &attributes);
}

fn navigation(xml: &mut Xml, member: &ServedMember) {
    let mut attributes = vec![("Name", member.name), ("Type", member.type_name.as_str())];
    // A collection of entities is never null; saying so is not allowed.
    if !member.is_nullable && !member.is_collection {
        attributes.push(("Nullable", "false"));
    }
    if member.way == Way::Contained {
        attributes.push(("ContainsTarget", "true"));
    }
    xml.empty("NavigationProperty", &attributes);
}

fn alternate_keys(xml: &mut Xml, keys: &[&str]) {
    let term = [("Term", "Org.OData.Core.V1.AlternateKeys")];
    xml.element("Annotation", &term, |xml| {
        xml.element("Collection", &[], |xml| {
            for key in keys {
                let record = [("Type", "Org.OData.Core.V1.AlternateKey")];
                xml.element("Record", &record, |xml| {
                    xml.element("PropertyValue", &[("Property", "Key")], |xml| {
                        xml.element("Collection", &[], |xml| reference(xml, key));
                    });
                });
            }
        });
    });
}

fn reference(xml: &mut Xml, key: &str) {
    let record = [("Type", "Org.OData.Core.V1.PropertyRef")];
    xml.element("Record", &record, |xml| {
        xml.empty("PropertyValue", &[("Property", "Alias"), ("String", key)]);
        xml.empty(
            "PropertyValue",
            &[("Property", "Name"), ("PropertyPath", key)],
        );
    });
}

/// The types of the first segments, which are no part of the published facts.
fn roots(xml: &mut Xml, Edition { cloud, version }: Edition) {
    for (segment, of) in served::first_segments() {
        let base = qualified("entity");
        let attributes = [("Name", of), ("BaseType", base.as_str())];
        xml.element("EntityType", &attributes, |xml| {
            let children = served::children(version, &[segment]);
            for child in shown(cloud, version, &[segment], children) {
                navigation(xml, &child);
            }
        });
    }
}

fn operation(xml: &mut Xml, signature: &Signature) {
    let element = if signature.is_action {
        "Action"
    } else {
        "Function"
    };
    let bound = qualified(signature.bound_to);
    let bound = if signature.on_collection {
        format!("Collection({bound})")
    } else {
        bound
    };
    let attributes = [("Name", signature.name), ("IsBound", "true")];
    xml.element(element, &attributes, |xml| {
        xml.empty(
            "Parameter",
            &[("Name", "bindingParameter"), ("Type", &bound)],
        );
        for facet in signature.parameters {
            typed(xml, "Parameter", Some(facet.name), facet);
        }
        if let Some(facet) = &signature.returns {
            typed(xml, "ReturnType", None, facet);
        }
    });
}

fn typed(xml: &mut Xml, element: &str, name: Option<&str>, facet: &Facet) {
    let type_name = facet.type_name();
    let mut attributes: Vec<(&str, &str)> = name.map(|name| ("Name", name)).into_iter().collect();
    attributes.push(("Type", &type_name));
    if !facet.is_nullable {
        attributes.push(("Nullable", "false"));
    }
    xml.empty(element, &attributes);
}

/// Entity sets and singletons, and where navigations that leave their object lead.
fn container(xml: &mut Xml, edition: Edition, types: &[ServedType]) {
    let version = edition.version;
    xml.element("EntityContainer", &[("Name", CONTAINER)], |xml| {
        for set in served::sets_below(version, Root::Directory) {
            let (Some(name), Some(of)) = (set.name(version), set.of.name(version)) else {
                continue;
            };
            let type_name = qualified(of);
            let attributes = [("Name", name), ("EntityType", type_name.as_str())];
            xml.element("EntitySet", &attributes, |xml| {
                bindings(xml, edition, types, of, "");
            });
        }
        for (segment, of) in served::singletons() {
            singleton(xml, edition, types, segment, of);
        }
    });
}

/// The signed-in user, or the first segment of roots with the bindings of everything below it.
fn singleton(xml: &mut Xml, edition: Edition, types: &[ServedType], segment: &str, of: &str) {
    let Edition { cloud, version } = edition;
    let type_name = qualified(of);
    let attributes = [("Name", segment), ("Type", type_name.as_str())];
    xml.element("Singleton", &attributes, |xml| {
        bindings(xml, edition, types, of, "");
        for root in Root::ALL {
            let Some((first, rest)) = root.segments().split_first() else {
                continue;
            };
            let here = served::sets_below(version, root)
                .filter(|set| *first == segment && !lacks_set(cloud, version, set));
            for set in here {
                if let (Some(name), Some(of)) = (set.name(version), set.of.name(version)) {
                    let mut path = rest.to_vec();
                    path.push(name);
                    bindings(xml, edition, types, of, &format!("{}/", path.join("/")));
                }
            }
        }
    });
}

/// Where the navigations of a type lead that do not stay with their object.
fn bindings(xml: &mut Xml, edition: Edition, types: &[ServedType], of: &str, front: &str) {
    let version = edition.version;
    for shape in lineage(version, of).into_iter().rev() {
        let Some(head) = shape.head(version) else {
            continue;
        };
        let found = types.iter().find(|one| one.head.name == head.name);
        let members = found.map(|one| one.members.as_slice()).unwrap_or_default();
        for member in members.iter().filter(|member| member.way == Way::Link) {
            let target = member.target.and_then(|target| set_of(edition, target));
            if let Some(target) = target {
                let path = format!("{front}{}", member.name);
                let attributes = [("Path", path.as_str()), ("Target", target.as_str())];
                xml.empty("NavigationPropertyBinding", &attributes);
            }
        }
    }
}

/// The path of the set in which entities of a type live.
fn set_of(Edition { cloud, version }: Edition, name: &str) -> Option<String> {
    ENTITY_SETS
        .iter()
        .find(|set| {
            set.name(version).is_some()
                && set.of.name(version) == Some(name)
                && !lacks_set(cloud, version, set)
        })
        .map(|set| set.path(version))
}
