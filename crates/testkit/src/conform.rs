//! Whether an answer is what the published schema says: every member known and of its type, every word of an enum legal,
//! every `@odata.type` one that may stand there.
//!
//! **Invariant:** it knows nothing of how answers are made; it reads the tables of the schema and the bytes that a client
//! gets.

use domain::cloud::Cloud;
use odata::path::Segment;
use serde_json::{Map, Value};
use wire::Version;
use wire::address::{self, Options, Tail};
use wire::schema::differences::{BEYOND, BORROWED};
use wire::schema::{Facet, SIGNATURES, find, find_enum, is_a, lineage, member};

use crate::reply::Reply;

/// Stands for the signed-in user where a path says `me`.
const ME: &str = "00000000-0000-4000-8000-000000000000";

impl Reply {
    /// Fails unless what was answered is what the schema says; gives itself on. An answer that is no document of the
    /// Graph API passes.
    #[track_caller]
    pub fn assert_conforms(self) -> Self {
        let findings = self.findings();
        assert!(findings.is_empty(), "{findings:#?}\n{self}");
        self
    }

    /// Where the answer is not what the schema says.
    pub fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        if !self.status.is_success() || self.body.is_empty() {
            return findings;
        }
        let Some((version, of, is_collection)) = self.declared() else {
            return findings;
        };
        let Ok(Value::Object(document)) = serde_json::from_slice(&self.body) else {
            findings.push("the body is no JSON object".to_owned());
            return findings;
        };
        let mut checker = Checker { version, findings };
        if is_collection {
            checker.collection(&of, &document);
        } else {
            checker.object("", &of, &document);
        }
        checker.findings
    }

    /// The version, the declared type of what was asked for, and whether it is a collection; `None` for numbers, links
    /// and single properties.
    fn declared(&self) -> Option<(Version, String, bool)> {
        let (_, url) = self.asked.split_once(' ')?;
        let path = url.split('?').next()?.trim_start_matches('/');
        let (version, path) = path.split_once('/')?;
        let version = Version::parse(version)?;
        let segments: Vec<Segment> = odata::path::parse(path).ok()?;
        let options = Options {
            caller: Some(ME),
            legacy_v1_paths: true,
            cloud: Cloud::Global,
        };
        let address = address::resolve(version, &segments, options).ok()?;
        let own = address
            .navigation()
            .and_then(|navigation| navigation.declared)
            .or_else(|| address.target().name(version))?;
        // What is created at a collection is answered alone.
        let is_created = self.asked.starts_with("POST");
        match &address.tail {
            Tail::Collection => Some((version, own.to_owned(), !is_created)),
            Tail::Entity => Some((version, own.to_owned(), false)),
            Tail::Call(call) => {
                let name = call.operation.name;
                let signature = SIGNATURES
                    .iter()
                    .find(|one| one.name == name && is_a(version, own, one.bound_to))?;
                let returns = signature
                    .returns
                    .filter(|facet| !facet.of.starts_with("Edm."))?;
                Some((version, returns.of.to_owned(), returns.is_collection))
            }
            _ => None,
        }
    }
}

struct Checker {
    version: Version,
    findings: Vec<String>,
}

impl Checker {
    fn find(&mut self, at: &str, what: &str) {
        self.findings.push(format!("{} {at}: {what}", self.version));
    }

    fn collection(&mut self, of: &str, document: &Map<String, Value>) {
        let Some(Value::Array(rows)) = document.get("value") else {
            self.find("value", "is no array");
            return;
        };
        for (index, row) in rows.iter().enumerate() {
            let at = format!("value[{index}]");
            match row {
                Value::Object(row) => self.object(&at, of, row),
                _ => self.find(&at, "is no object"),
            }
        }
        for name in document.keys().filter(|name| *name != "value") {
            if !name.starts_with("@odata.") {
                self.find(name, "stands beside the rows");
            }
        }
    }

    /// An object that is declared to be of a type, or of one derived from it.
    fn object(&mut self, at: &str, declared: &str, object: &Map<String, Value>) {
        let told = object.get("@odata.type").and_then(Value::as_str);
        let of = match told.map(|told| told.strip_prefix("#microsoft.graph.").unwrap_or(told)) {
            Some(told) if is_a(self.version, told, declared) => told,
            Some(told) if BORROWED.iter().any(|reason| reason.of == told) => {
                self.borrowed(at, told, object);
                return;
            }
            Some(told) => {
                self.find(at, &format!("`{told}` is no `{declared}`"));
                return;
            }
            None => declared,
        };
        let Some(head) = find(self.version, of).and_then(|shape| shape.head(self.version)) else {
            self.find(at, &format!("there is no type `{of}`"));
            return;
        };
        if head.is_abstract && told.is_none() {
            self.find(at, &format!("`{of}` is abstract: `@odata.type` is missing"));
        }
        for (name, value) in object {
            let here = format!("{at}/{name}");
            if let Some((front, note)) = name.split_once('@') {
                let is_of_member = front.is_empty() || member(self.version, of, front).is_some();
                if !note.starts_with("odata.") || !is_of_member {
                    self.find(&here, "is no annotation");
                }
                continue;
            }
            match member(self.version, of, name) {
                Some(facet) => self.value(&here, facet, value),
                None if self.is_open(of) || self.is_beyond(of, name) => {}
                None => self.find(&here, &format!("`{of}` has no such member")),
            }
        }
    }

    /// An object of a type that only beta has.
    fn borrowed(&mut self, at: &str, of: &str, object: &Map<String, Value>) {
        let mut beta = Checker {
            version: Version::Beta,
            findings: Vec::new(),
        };
        beta.object(at, of, object);
        self.findings.extend(beta.findings);
    }

    fn is_open(&self, of: &str) -> bool {
        let heads = lineage(self.version, of);
        let mut heads = heads.iter().filter_map(|shape| shape.head(self.version));
        heads.any(|head| head.is_open)
    }

    fn is_beyond(&self, of: &str, name: &str) -> bool {
        BEYOND
            .iter()
            .any(|reason| reason.member == name && is_a(self.version, of, reason.of))
    }

    fn value(&mut self, at: &str, facet: &Facet, value: &Value) {
        if !facet.is_collection {
            self.item(at, facet, value);
            return;
        }
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.item(&format!("{at}[{index}]"), facet, item);
                }
            }
            _ => self.find(at, "is a collection and no array"),
        }
    }

    fn item(&mut self, at: &str, facet: &Facet, value: &Value) {
        match value {
            Value::Null if facet.is_nullable => {}
            Value::Null => self.find(at, "is null and may not be"),
            Value::Object(object) if !facet.of.starts_with("Edm.") => {
                self.object(at, facet.of, object);
            }
            other => {
                let is_fit = match find_enum(self.version, facet.of) {
                    Some(words) => other.as_str().is_some_and(|text| {
                        text.split(',')
                            .all(|word| words.words.members.contains(&word.trim()))
                    }),
                    None => fits(facet.of, other),
                };
                if !is_fit {
                    self.find(at, &format!("{other} is no {}", facet.of));
                }
            }
        }
    }
}

/// Whether a JSON value is one of a primitive type.
fn fits(of: &str, value: &Value) -> bool {
    let text = value.as_str();
    match of {
        "Edm.String" | "Edm.Binary" => text.is_some(),
        "Edm.Boolean" => value.is_boolean(),
        "Edm.Int32" => value
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        "Edm.Int64" => value.is_i64() || value.is_u64(),
        "Edm.Guid" => text.is_some_and(address::is_guid),
        "Edm.DateTimeOffset" => {
            text.is_some_and(|text| domain::time::Timestamp::parse(text).is_ok())
        }
        "Edm.Duration" => text.is_some_and(|text| text.trim_start_matches('-').starts_with('P')),
        "Edm.Date" => text.is_some_and(|text| text.len() == 10 && text.split('-').count() == 3),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, StatusCode};
    use serde_json::json;

    use super::*;

    fn findings(asked: &str, body: Value) -> Vec<String> {
        let reply = Reply {
            asked: asked.to_owned(),
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.to_string().into_bytes(),
        };
        reply.findings()
    }

    const CATALOGS: &str = "GET /v1.0/identityGovernance/entitlementManagement/catalogs?$top=1";

    #[test]
    fn what_the_schema_says_passes() {
        let body = json!({"@odata.context": "c", "value": [{"id": "1", "state": "published", "description": null,
            "createdDateTime": "2026-01-02T03:04:05Z", "accessPackages": [{"id": "2", "isHidden": false}]}]});

        assert_eq!(findings(CATALOGS, body), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_flaw_is_found() {
        let body = json!({"value": [{"id": 1, "state": "Published", "wings": 2, "createdDateTime": "today",
            "accessPackages": null, "isExternallyVisible": "yes", "@odata.etag": "x", "@wings": 1}]});

        assert_eq!(findings(CATALOGS, body).len(), 7);
    }

    #[test]
    fn a_type_must_be_told_where_the_declared_one_is_abstract_and_be_one_of_its_own() {
        let policy = "GET /v1.0/identityGovernance/entitlementManagement/assignmentPolicies/1d4b3c9e-0000-4000-8000-000000000001";
        let with = |set: Value| findings(policy, json!({"specificAllowedTargets": [set]})).len();

        assert_eq!(
            with(json!({"@odata.type": "#microsoft.graph.singleUser", "userId": "u"})),
            0
        );
        assert_eq!(
            with(json!({"@odata.type": "#microsoft.graph.user", "id": "u"})),
            1
        );
        assert_eq!(with(json!({})), 1);
    }
}
