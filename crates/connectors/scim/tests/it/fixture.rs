//! A SCIM service behind a proxy, and a way to look behind the connector's back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use connector_api::contract::{self, Fault, Fixture};
use connector_api::{BoxFuture, Connector, Object, Subject};
use connector_scim::{MatchBy, ScimConfig, ScimConnector};
use domain::id::ObjectId;
use peers::fake_scim::{self, FakeScim, Features};
use peers::proxy::{self, Proxy, is_http_patch};
use peers::scim2_server::{self, Scim2Server};
use serde_json::{Value, json};

pub(crate) const GROUP: &str = "Finance";
/// The name of a user who is in the real service from the beginning, with another external id than any subject.
const TAKEN: &str = "taken@example.com";
const NAMES: [&str; 7] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace"];

pub(crate) fn subject(number: u16, name: &str) -> Subject {
    contract::subject(number, name).unwrap()
}

pub(crate) fn subjects() -> Vec<Subject> {
    (0..)
        .zip(NAMES)
        .map(|(number, name)| subject(number, name))
        .collect()
}

/// A configuration whose timeout is short enough for a test that waits for it.
pub(crate) fn config(base_url: &str, token: &str) -> ScimConfig {
    ScimConfig {
        timeout: Duration::from_secs(2),
        ..ScimConfig::new(base_url, token)
    }
}

pub(crate) fn connector(config: ScimConfig) -> ScimConnector {
    ScimConnector::new(config).unwrap()
}

/// Something in place of the service.
pub(crate) trait Service: Send + Sync {
    fn set_members<'a>(&'a self, names: &'a [&'a str]) -> BoxFuture<'a, ()>;
    fn members(&self) -> BoxFuture<'_, Vec<String>>;
    fn group_id(&self) -> String;
}

pub(crate) struct ScimFixture {
    service: Box<dyn Service>,
    proxy: Proxy,
    config: ScimConfig,
    object: Object,
    bad: Subject,
}

impl ScimFixture {
    pub(crate) fn fake(features: Features) -> Self {
        let server = FakeScim::start(features).unwrap();
        let object = contract::object(1, GROUP, None);
        let group = server.add_group(GROUP, Some(&object.resource_origin_id));
        let proxy = Proxy::start(server.address()).unwrap();
        let base_url = format!("http://{}/scim/v2", proxy.address());
        Self {
            service: Box::new(Fake { server, group }),
            config: config(&base_url, fake_scim::TOKEN),
            proxy,
            object,
            bad: subject(99, "refused"),
        }
    }

    pub(crate) async fn real(server: Scim2Server) -> Self {
        let object = contract::object(1, GROUP, None);
        let proxy = Proxy::start(server.address()).unwrap();
        let base_url = format!("http://{}/v2", proxy.address());
        let service = Real::prepare(server, &object).await;
        Self {
            service: Box::new(service),
            config: config(&base_url, scim2_server::TOKEN),
            proxy,
            object,
            bad: Subject {
                user_principal_name: TAKEN.to_owned(),
                ..subject(99, "nobody")
            },
        }
    }

    /// The subjects are known beforehand, and nobody else can become known.
    pub(crate) fn without_provisioning(mut self) -> Self {
        self.config.provision_users = false;
        self
    }

    pub(crate) fn at_address(mut self, id: String) -> Self {
        self.object.address = Some(id);
        self
    }

    pub(crate) fn matching_by(mut self, match_by: MatchBy) -> Self {
        self.config.match_by = match_by;
        self
    }

    pub(crate) fn with_bad_subject(mut self, bad: Subject) -> Self {
        self.bad = bad;
        self
    }

    pub(crate) fn group_id(&self) -> String {
        self.service.group_id()
    }

    pub(crate) async fn know_everybody(self) -> Self {
        self.service
            .set_members(
                &upns(&subjects())
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>(),
            )
            .await;
        self
    }
}

fn upns(subjects: &[Subject]) -> Vec<String> {
    subjects
        .iter()
        .map(|subject| subject.user_principal_name.clone())
        .collect()
}

impl Fixture for ScimFixture {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(connector(self.config.clone()))
    }

    fn with_wrong_credentials(&self) -> Arc<dyn Connector> {
        let token = ScimConfig::new("", "not-this-token").token;
        Arc::new(connector(ScimConfig {
            token,
            ..self.config.clone()
        }))
    }

    fn object(&self) -> Object {
        self.object.clone()
    }

    fn unknown_object(&self) -> Object {
        contract::object(2, "Nowhere", Some("no-such-group"))
    }

    fn subjects(&self) -> Vec<Subject> {
        subjects()
    }

    fn bad_subject(&self) -> Subject {
        self.bad.clone()
    }

    fn set_members<'a>(&'a self, members: &'a [Subject]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let names = upns(members);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.service.set_members(&names).await;
        })
    }

    fn members(&self) -> BoxFuture<'_, BTreeSet<ObjectId>> {
        Box::pin(async move {
            let names = self.service.members().await;
            subjects()
                .into_iter()
                .filter(|subject| names.contains(&subject.user_principal_name))
                .map(|subject| subject.object_id)
                .collect()
        })
    }

    fn break_target(&self, fault: Option<Fault>) -> bool {
        self.proxy.set_fault(fault.map(|fault| match fault {
            Fault::Hang => proxy::Fault::Hang,
            Fault::LoseAnswer => proxy::Fault::LoseAnswer(is_http_patch),
            Fault::HalfAnswer => proxy::Fault::HalfAnswer(is_http_patch),
            Fault::Down => proxy::Fault::Down,
        }));
        true
    }
}

struct Fake {
    server: FakeScim,
    group: String,
}

impl Service for Fake {
    fn set_members<'a>(&'a self, names: &'a [&'a str]) -> BoxFuture<'a, ()> {
        // Users made here carry the external id too, as they would in a directory of their own.
        for subject in subjects() {
            let name = &subject.user_principal_name;
            if names.contains(&name.as_str()) && self.server.user(name).is_none() {
                self.server
                    .add_user(name, Some(&subject.object_id.to_string()));
            }
        }
        self.server.set_members(&self.group, names);
        Box::pin(async {})
    }

    fn members(&self) -> BoxFuture<'_, Vec<String>> {
        let names = self.server.members_of(&self.group);
        Box::pin(async move { names })
    }

    fn group_id(&self) -> String {
        self.group.clone()
    }
}

struct Real {
    server: Scim2Server,
    http: reqwest::Client,
    group: String,
    object: Object,
}

impl Real {
    async fn prepare(server: Scim2Server, object: &Object) -> Self {
        // The first in the process installs it, be it the connector or we.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut real = Self {
            server,
            http: reqwest::Client::builder().build().unwrap(),
            group: String::new(),
            object: object.clone(),
        };
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": object.resource_display_name,
            "externalId": object.resource_origin_id,
        });
        let created = real
            .send(reqwest::Method::POST, "/Groups", Some(group))
            .await;
        created["id"].as_str().unwrap().clone_into(&mut real.group);
        let taken = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": TAKEN,
            "externalId": "somebody else",
        });
        real.send(reqwest::Method::POST, "/Users", Some(taken))
            .await;
        real
    }

    async fn send(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.server.base_url()))
            .bearer_auth(scim2_server::TOKEN)
            .header("content-type", "application/scim+json");
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Name and id of every user.
    async fn users(&self) -> Vec<(String, String)> {
        let list = self
            .send(reqwest::Method::GET, "/Users?count=1000", None)
            .await;
        let resources = list["Resources"].as_array().cloned().unwrap_or_default();
        resources
            .iter()
            .map(|user| {
                let text = |name: &str| user[name].as_str().unwrap().to_owned();
                (text("userName"), text("id"))
            })
            .collect()
    }
}

impl Service for Real {
    fn set_members<'a>(&'a self, names: &'a [&'a str]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let known = self.users().await;
            for subject in subjects() {
                let name = subject.user_principal_name;
                if names.contains(&name.as_str()) && !known.iter().any(|(known, _)| *known == name)
                {
                    let user = json!({
                        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                        "userName": name,
                        "externalId": subject.object_id.to_string(),
                        "active": true,
                    });
                    self.send(reqwest::Method::POST, "/Users", Some(user)).await;
                }
            }
            let members: Vec<Value> = self
                .users()
                .await
                .into_iter()
                .filter(|(name, _)| names.contains(&name.as_str()))
                .map(|(_, id)| json!({ "value": id }))
                .collect();
            let group = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": self.object.resource_display_name,
                "externalId": self.object.resource_origin_id,
                "members": members,
            });
            let path = format!("/Groups/{}", self.group);
            self.send(reqwest::Method::PUT, &path, Some(group)).await;
        })
    }

    fn members(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async move {
            let path = format!("/Groups/{}", self.group);
            let group = self.send(reqwest::Method::GET, &path, None).await;
            let members = group["members"].as_array().cloned().unwrap_or_default();
            let is_member = |id: &str| members.iter().any(|member| member["value"] == id);
            let users = self.users().await;
            users
                .into_iter()
                .filter(|(_, id)| is_member(id))
                .map(|(name, _)| name)
                .collect()
        })
    }

    fn group_id(&self) -> String {
        self.group.clone()
    }
}
