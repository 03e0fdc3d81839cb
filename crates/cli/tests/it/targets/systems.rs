//! A SCIM service and an LDAP directory, a configuration that names both, and a look behind Reeve's back.

use std::path::PathBuf;

use peers::policy::started_or_skipped;
use peers::proxy::Proxy;
use peers::scim2_server::{self, Scim2Server};
use peers::slapd::{self, GROUPS, SERVICE, SERVICE_PASSWORD, Slapd, person_dn};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Server, http, write_private};

/// The name of the SCIM target.
pub(super) const HR: &str = "hr";
/// The name of the LDAP target.
pub(super) const UNIX: &str = "unix";
/// Who stays in a group that nobody else is in.
pub(super) const PLACEHOLDER: &str = "cn=nobody,dc=reeve,dc=test";
/// How often a delivery is tried by the configuration.
pub(super) const ATTEMPTS: usize = 3;

/// Both targets, running.
pub(super) struct Systems {
    scim: Scim2Server,
    /// Between Reeve and the SCIM service.
    pub(super) scim_line: Proxy,
    pub(super) slapd: Slapd,
    folder: TempDir,
}

/// A secret that no target accepts.
pub(super) const WRONG: &str = "wrong-secret-of-this-test";

/// What a configuration says to the targets.
pub(super) struct Secrets<'a> {
    pub(super) token: &'a str,
    pub(super) password: &'a str,
}

impl Secrets<'static> {
    /// What the targets accept.
    pub(super) const RIGHT: Self = Self {
        token: scim2_server::TOKEN,
        password: SERVICE_PASSWORD,
    };
}

impl Systems {
    /// Starts both; `None` if one is not installed. The directory knows these people, the SCIM service nobody.
    pub(super) fn start(people: &[&str]) -> Option<Self> {
        let scim = started_or_skipped(scim2_server::NAME, Scim2Server::start())?;
        let slapd = started_or_skipped(slapd::NAME, Slapd::start(people))?;
        let scim_line = Proxy::start(scim.address()).unwrap();
        Some(Self {
            scim,
            scim_line,
            slapd,
            folder: tempfile::tempdir().unwrap(),
        })
    }

    /// Where a server keeps its data.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a configuration with both targets: the token in a file of its own, the password in the text.
    pub(super) fn configuration(&self, secrets: &Secrets<'_>) -> PathBuf {
        let folder = self.folder.path();
        let token_file = folder.join("hr-token");
        write_private(&token_file, format!("{}\n", secrets.token));
        let ca_file = folder.join("unix-ca.pem");
        std::fs::write(&ca_file, self.slapd.ca_pem()).unwrap();
        let path = folder.join("reeve.toml");
        let text = format!(
            r#"
[delivery]
retrySchedule = ["PT0S", "PT0.1S", "PT0.1S"]
pollInterval = "PT0.05S"

[log]
filter = "trace"

[[target]]
name = "{HR}"
kind = "scim"
url = "http://{scim}/v2"
tokenFile = "{token_file}"
timeout = "PT10S"

[[target]]
name = "{UNIX}"
kind = "ldap"
url = "{ldap}"
bindDn = "{SERVICE}"
password = "{password}"
caFile = "{ca_file}"
timeout = "PT10S"
userBase = "{people}"
userFilter = "(uid={{localPart}})"
groupDn = "cn={{resourceName}},{GROUPS}"
createGroupsAs = "groupOfNames"
placeholderMember = "{PLACEHOLDER}"
"#,
            scim = self.scim_line.address(),
            token_file = token_file.display(),
            ldap = self.slapd.tls_url(),
            password = secrets.password,
            ca_file = ca_file.display(),
            people = slapd::PEOPLE,
        );
        write_private(&path, text);
        path
    }

    /// Starts Reeve with both targets.
    pub(super) fn serve(&self) -> Server {
        self.serve_with(&Secrets::RIGHT)
    }

    /// Starts Reeve with these secrets for them.
    pub(super) fn serve_with(&self, secrets: &Secrets<'_>) -> Server {
        let configuration = self.configuration(secrets);
        Server::start(&self.data(), &["--config", configuration.to_str().unwrap()])
    }

    /// The local parts of the members of a group in the directory, in order; the placeholder by its DN.
    pub(super) fn unix_members(&self, group: &str) -> Vec<String> {
        let values = self.slapd.values(&group_dn(group), "member").unwrap();
        let mut members: Vec<String> = values
            .unwrap_or_else(|| panic!("the directory has no group {group}"))
            .into_iter()
            .map(|dn| local_part(&dn).unwrap_or(dn))
            .collect();
        members.sort();
        members
    }

    /// Takes somebody out of a group of the directory.
    pub(super) fn unix_loses(&self, group: &str, person: &str) {
        let change = format!(
            "dn: {}\nchangetype: modify\ndelete: member\nmember: {}\n",
            group_dn(group),
            person_dn(person)
        );
        self.slapd.change(&change).unwrap();
    }

    /// Puts somebody into a group of the directory.
    pub(super) fn unix_gains(&self, group: &str, person: &str) {
        let change = format!(
            "dn: {}\nchangetype: modify\nadd: member\nmember: {}\n",
            group_dn(group),
            person_dn(person)
        );
        self.slapd.change(&change).unwrap();
    }

    /// The local parts of the members of a group in the SCIM service, in order.
    pub(super) async fn hr_members(&self, group: &str) -> Vec<String> {
        let group = self.hr_group(group).await;
        let mut members = Vec::new();
        for member in entries(&group["members"]) {
            let id = member["value"].as_str().unwrap();
            let user = self.hr(Method::GET, &format!("/Users/{id}"), None).await;
            let name = user["userName"].as_str().unwrap();
            members.push(name.split('@').next().unwrap().to_owned());
        }
        members.sort();
        members
    }

    /// Takes somebody out of a group of the SCIM service.
    pub(super) async fn hr_loses(&self, group: &str, user_name: &str) {
        let users = self.hr(Method::GET, "/Users", None).await;
        let user = entries(&users["Resources"])
            .iter()
            .find(|user| user["userName"] == user_name)
            .unwrap_or_else(|| panic!("nobody is called {user_name}: {users}"));
        let path = format!("members[value eq {}]", user["id"]);
        let patch = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "remove", "path": path }],
        });
        let group = self.hr_group(group).await;
        let group = format!("/Groups/{}", group["id"].as_str().unwrap());
        self.hr(Method::PATCH, &group, Some(&patch)).await;
    }

    /// Makes a user in the SCIM service who is in a group from the beginning.
    pub(super) async fn hr_gains(&self, group: &str, user_name: &str) {
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": user_name,
        });
        let user = self.hr(Method::POST, "/Users", Some(&user)).await;
        let patch = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "add", "path": "members", "value": [{ "value": user["id"] }] }],
        });
        let group = self.hr_group(group).await;
        let group = format!("/Groups/{}", group["id"].as_str().unwrap());
        self.hr(Method::PATCH, &group, Some(&patch)).await;
    }

    async fn hr_group(&self, name: &str) -> Value {
        let groups = self.hr(Method::GET, "/Groups", None).await;
        entries(&groups["Resources"])
            .iter()
            .find(|group| group["displayName"] == name)
            .unwrap_or_else(|| panic!("the SCIM service has no group {name}: {groups}"))
            .clone()
    }

    /// Asks the SCIM service itself, not through the line that Reeve uses.
    async fn hr(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let mut request = http()
            .request(method, format!("{}{path}", self.scim.base_url()))
            .bearer_auth(scim2_server::TOKEN);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/scim+json")
                .body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

/// Fails if a secret shows that the targets or the tests know.
pub(super) fn assert_no_secret(what: &str, text: &str) {
    for secret in [scim2_server::TOKEN, SERVICE_PASSWORD, WRONG] {
        if let Some(line) = text.lines().find(|line| line.contains(secret)) {
            panic!("{what} shows `{secret}`: {line}");
        }
    }
}

fn group_dn(name: &str) -> String {
    format!("cn={name},{GROUPS}")
}

fn local_part(dn: &str) -> Option<String> {
    let uid = dn.split(',').next()?.strip_prefix("uid=")?;
    (person_dn(uid) == dn).then(|| uid.to_owned())
}

/// The entries of a list that is left out when it is empty.
fn entries(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}
