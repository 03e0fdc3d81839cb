//! The tables of the published schema, against themselves and against the contract (R40).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use wire::Version;
use wire::schema::{ENUMS, Facet, Kind, OF_THE_DIRECTORY, SIGNATURES, Signature, Way};
use wire::schema::{find, find_enum, shapes};

use crate::contract::schema;

const PREFIX: &str = "microsoft.graph.";

fn bare(name: &str) -> String {
    name.strip_prefix(PREFIX).unwrap_or(name).to_owned()
}

fn is_known(version: Version, name: &str) -> bool {
    name.starts_with("Edm.") || find(version, name).is_some() || find_enum(version, name).is_some()
}

#[test]
fn every_type_that_is_named_is_described() {
    for version in Version::ALL {
        for shape in shapes() {
            let Some(head) = shape.head(version) else {
                continue;
            };
            if let Some(base) = head.base {
                let base = find(version, base).unwrap_or_else(|| panic!("{version} {base}"));
                assert_eq!(base.head(version).unwrap().kind, head.kind, "{}", head.name);
            }
            for facet in shape.facets(version) {
                let of = format!("{version} {}.{}: {}", head.name, facet.name, facet.of);
                assert!(is_known(version, facet.of), "{of}");
                let is_entity = find(version, facet.of)
                    .and_then(|of| of.head(version))
                    .is_some_and(|of| of.kind == Kind::Entity);
                assert_eq!(is_entity, facet.way != Way::None, "{of}");
            }
        }
        let signatures = SIGNATURES.iter().chain(OF_THE_DIRECTORY);
        for signature in signatures.filter(|one| one.is_in(version)) {
            assert!(is_known(version, signature.bound_to), "{}", signature.name);
            for facet in signature.parameters.iter().chain(&signature.returns) {
                assert!(
                    is_known(version, facet.of),
                    "{} {}",
                    signature.name,
                    facet.of
                );
            }
        }
    }
}

#[test]
fn no_type_and_no_member_is_described_twice() {
    for version in Version::ALL {
        let mut names = BTreeSet::new();
        for shape in shapes() {
            let Some(head) = shape.head(version) else {
                continue;
            };
            assert!(names.insert(head.name), "{version} {}", head.name);
            let mut members = BTreeSet::new();
            for of in wire::schema::lineage(version, head.name) {
                for facet in of.facets(version) {
                    assert!(members.insert(facet.name), "{} {}", head.name, facet.name);
                }
            }
        }
        for of in ENUMS.iter().filter(|of| of.is_in(version)) {
            assert!(names.insert(of.words.name), "{version} {}", of.words.name);
        }
    }
}

#[test]
fn every_list_of_words_is_an_enum_of_some_version() {
    for words in wire::words::ALL {
        assert!(ENUMS.iter().any(|of| of.words == *words), "{}", words.name);
    }
}

/// What the contract says of a member, as far as it says it.
fn published_facet(member: &Json, is_way: bool) -> (String, String, bool, bool, &'static str) {
    let way = match (is_way, member["containsTarget"] == true) {
        (false, _) => "",
        (true, false) => "link",
        (true, true) => "contained",
    };
    (
        member["name"].as_str().unwrap_or_default().to_owned(),
        bare(member["type"].as_str().unwrap()),
        member["collection"] == true,
        // Where nothing is published, null is allowed.
        member["nullable"] != false,
        way,
    )
}

fn own_facet(facet: &Facet) -> (String, String, bool, bool, &'static str) {
    let way = match facet.way {
        Way::None => "",
        Way::Link => "link",
        Way::Contained => "contained",
    };
    let (name, of) = (facet.name.to_owned(), facet.of.to_owned());
    (name, of, facet.is_collection, facet.is_nullable, way)
}

#[test]
fn the_types_are_exactly_those_that_are_published() {
    let Some(schema) = schema() else { return };
    for version in Version::ALL {
        let published = schema[version.as_str()]["types"].as_object().unwrap();
        let mut seen = BTreeSet::new();
        for shape in shapes() {
            let Some(head) = shape.head(version) else {
                continue;
            };
            let name = format!("{PREFIX}{}", head.name);
            let of = published
                .get(&name)
                .unwrap_or_else(|| panic!("{version} {name}"));
            seen.insert(name.clone());
            let kind = match head.kind {
                Kind::Entity => "entity",
                Kind::Complex => "complex",
            };
            assert_eq!(of["kind"], kind, "{version} {name}");
            assert_eq!(
                of["baseType"].as_str().map(bare),
                head.base.map(str::to_owned),
                "{name}"
            );
            assert_eq!(of["abstract"] == true, head.is_abstract, "{version} {name}");
            assert_eq!(of["open"] == true, head.is_open, "{version} {name}");
            assert_eq!(of["hasStream"] == true, head.has_stream, "{version} {name}");
            let keys: Vec<&str> = of["alternateKeys"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|key| key[0].as_str())
                .collect();
            assert_eq!(keys, head.alternate_keys, "{version} {name}");
            let expected: BTreeSet<_> = [("properties", false), ("navigationProperties", true)]
                .into_iter()
                .flat_map(|(list, is_way)| {
                    let members = of[list].as_array().into_iter().flatten();
                    members.map(move |member| published_facet(member, is_way))
                })
                .collect();
            let actual: BTreeSet<_> = shape.facets(version).map(own_facet).collect();
            assert_eq!(actual, expected, "{version} {name}");
        }
        let missing: Vec<&String> = published
            .iter()
            .filter(|(name, of)| of["kind"] != "enum" && !seen.contains(*name))
            .map(|(name, _)| name)
            .collect();
        assert!(missing.is_empty(), "{version} {missing:?}");
    }
}

/// Whether an enum is one of flags, and its members with their numbers.
type Members = (bool, Vec<(String, Option<i64>)>);

#[test]
fn the_enums_are_exactly_those_that_are_published() {
    let Some(schema) = schema() else { return };
    for version in Version::ALL {
        let published = schema[version.as_str()]["types"].as_object().unwrap();
        let expected: BTreeMap<String, Members> = published
            .iter()
            .filter(|(_, of)| of["kind"] == "enum")
            .map(|(name, of)| {
                let members = of["members"].as_array().unwrap().iter();
                let members = members.map(|member| {
                    let name = member["name"].as_str().unwrap().to_owned();
                    (name, member["value"].as_i64())
                });
                (bare(name), (of["flags"] == true, members.collect()))
            })
            .collect();
        let actual = ENUMS.iter().filter(|of| of.is_in(version)).map(|of| {
            let members = of.members().map(|(name, value)| (name.to_owned(), value));
            (of.words.name.to_owned(), (of.is_flags, members.collect()))
        });
        assert_eq!(actual.collect::<BTreeMap<_, _>>(), expected, "{version}");
    }
}

/// A signature in one line.
fn own_signature(of: &Signature) -> String {
    let spell = |facet: &Facet| {
        let null = if facet.is_nullable { "?" } else { "" };
        format!("{}: {}{null}", facet.name, facet.type_name())
    };
    let parameters: Vec<String> = of.parameters.iter().map(spell).collect();
    let answer = of.returns.as_ref().map(spell).unwrap_or_default();
    let (kind, on) = (of.is_action, of.on_collection);
    format!(
        "{kind} {on} {} {}({}){answer}",
        of.bound_to,
        of.name,
        parameters.join(", ")
    )
}

fn published_signature(of: &Json) -> String {
    let spell = |facet: &Json| {
        let (name, kind, is_collection, is_nullable, _) = published_facet(facet, false);
        let kind = wire::schema::qualified(&kind);
        let kind = if is_collection {
            format!("Collection({kind})")
        } else {
            kind
        };
        format!("{name}: {kind}{}", if is_nullable { "?" } else { "" })
    };
    let parameters: Vec<String> = of["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(spell)
        .collect();
    let answer = if of["returns"].is_null() {
        String::new()
    } else {
        spell(&of["returns"])
    };
    let (name, to) = (
        of["name"].as_str().unwrap(),
        bare(of["boundTo"].as_str().unwrap()),
    );
    let (kind, on) = (of["kind"] == "action", of["boundToCollection"] == true);
    format!("{kind} {on} {to} {name}({}){answer}", parameters.join(", "))
}

#[test]
fn the_operations_are_exactly_those_that_are_published() {
    let Some(schema) = schema() else { return };
    for version in Version::ALL {
        let published = schema[version.as_str()]["operations"].as_array().unwrap();
        let expected: BTreeSet<String> = published.iter().map(published_signature).collect();
        let own = SIGNATURES.iter().filter(|one| one.is_in(version));
        let actual: BTreeSet<String> = own.map(own_signature).collect();
        assert_eq!(actual, expected, "{version}");
    }
}
