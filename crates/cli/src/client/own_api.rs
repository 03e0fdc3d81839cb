//! Calls of Reeve's own API, `/reeve/v1`, which no other Graph root has.

use reqwest::Method;
use serde_json::{Value, json};

use super::graph::{Graph, encoded};

/// A row of the ledger, as the API shows it.
#[derive(Debug, Clone)]
pub(crate) struct Grant(Value);

impl Grant {
    fn text(&self, pointer: &str) -> &str {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("-")
    }

    fn is_desired(&self) -> bool {
        self.0
            .get("desired")
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    /// Whether it is desired, was seen, and nothing is in flight.
    pub(crate) fn is_verified(&self) -> bool {
        self.is_desired() && self.text("/observed") == "present" && self.text("/phase") == "settled"
    }

    /// In one line.
    pub(crate) fn sentence(&self) -> String {
        let [who, role, _, target, desired, observed, _] = self.cells();
        format!(
            "{who}: {role} in {target}, desired: {desired}, observed: {observed} ({})",
            self.text("/observedBy")
        )
    }

    /// In the cells of a table: who, role, of what, target, desired, observed, attempts.
    pub(crate) fn cells(&self) -> [String; 7] {
        [
            self.text("/subject/displayName").to_owned(),
            self.text("/roleOriginId")
                .split('_')
                .next()
                .unwrap_or_default()
                .to_owned(),
            format!(
                "{} {}",
                self.text("/originSystem"),
                self.text("/resourceOriginId")
            ),
            self.text("/target").to_owned(),
            if self.is_desired() { "yes" } else { "no" }.to_owned(),
            self.text("/observed").to_owned(),
            self.0
                .get("attempts")
                .and_then(Value::as_i64)
                .unwrap_or_default()
                .to_string(),
        ]
    }

    /// As it was sent.
    pub(crate) const fn as_json(&self) -> &Value {
        &self.0
    }
}

impl Graph {
    /// Binds a group or an application to a target.
    pub(crate) async fn bind_target(&self, object: &str, target: &str) -> anyhow::Result<()> {
        self.own(
            Method::PUT,
            &format!("/bindings/{object}"),
            &json!({ "target": target }),
        )
        .await
    }

    /// Makes a target of a development tenant misbehave, or behave again.
    pub(crate) async fn set_fault(&self, target: &str, fault: Option<&str>) -> anyhow::Result<()> {
        self.own(
            Method::PUT,
            &format!("/dev/faults/{}", encoded(target)),
            &json!({ "fault": fault }),
        )
        .await
    }

    /// The ledger, of one subject or of all.
    pub(crate) async fn ledger(&self, subject: Option<&str>) -> anyhow::Result<Vec<Grant>> {
        let query = subject.map_or_else(String::new, |id| format!("&subject={}", encoded(id)));
        self.grants(&format!("/reeve/v1/ledger?top=500{query}"))
            .await
    }

    /// The grants that are not as they should be, with nothing in flight.
    pub(crate) async fn drift(&self) -> anyhow::Result<Vec<Grant>> {
        self.grants("/reeve/v1/drift?top=500").await
    }

    async fn grants(&self, path: &str) -> anyhow::Result<Vec<Grant>> {
        let mut grants: Vec<Grant> = self.list(path).await?.into_iter().map(Grant).collect();
        // Rows of one moment come in no order of their own.
        grants.sort_by_key(Grant::cells);
        Ok(grants)
    }

    async fn own(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<()> {
        let path = format!("/reeve/v1{path}");
        self.call(method, &path, Some(body))
            .await?
            .expect_success(&path)
            .map(drop)
    }
}
