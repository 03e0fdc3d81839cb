//! The tenant that the browsers visit: the sample organisation, a package that asks questions, a gate that is a system of its
//! own, and, where a test wants it, a life so far: requests in every state, drift, bulk jobs and a sweep.

use std::path::PathBuf;
use std::time::Duration;

use peers::fake_scim::{self, FakeScim, Features};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Api, EM, PATIENCE, Server, http, write_private};

/// The groups that are there beside the sample organisation.
const GROUPS: &str = "
groups:
  - displayName: Harvest crew
    description: Works on the harvest.
    owners: [admin@reeve.example]
  - displayName: Gate openers
    description: May open the gate.
    owners: [admin@reeve.example]
";

/// Packages of which one asks questions.
const FARM: &str = r##"
catalogs:
  - displayName: Barn
    description: What the farm needs.
    customExtensions:
      - displayName: Tell the mill
        "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
        description: Says who comes.
        endpointConfiguration:
          "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration"
          subscriptionId: 38ab2ccc-3747-4567-b36b-9478f5602f0d
          resourceGroupName: mill
          logicAppWorkflowName: arrivals
          url: https://hooks.mill.example/arrivals
        authenticationConfiguration:
          "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
    accessPackages:
      - displayName: Harvest work
        description: All that a harvester needs.
        roles:
          - { group: Harvest crew, role: Member }
          - { group: Gate openers, role: Member }
        policies:
          - displayName: Everybody, if bob agrees
            duration: P90D
            approvers: [bob@reeve.example]
      - displayName: Night shift
        description: Be on the farm at night.
        roles:
          - { group: Harvest crew, role: Member }
        incompatibleAccessPackages: [Audit watch]
        policies:
          - displayName: With questions
            allowedTargetScope: allMemberUsers
            expiration: { type: afterDuration, duration: P30D }
            requestorSettings:
              enableTargetsToSelfAddAccess: true
              enableTargetsToSelfUpdateAccess: true
              enableTargetsToSelfRemoveAccess: true
              allowCustomAssignmentSchedule: true
            requestApprovalSettings:
              isApprovalRequiredForAdd: true
              isRequestorJustificationRequired: true
              stages:
                - durationBeforeAutomaticDenial: P7D
                  isApproverJustificationRequired: true
                  primaryApprovers:
                    - { "@odata.type": "#microsoft.graph.singleUser", userId: bob@reeve.example }
            questions:
              - "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion"
                isRequired: true
                sequence: 0
                text: Which nights?
                isMultipleSelectionAllowed: true
                choices:
                  - { actualValue: week, text: Those of the week }
                  - { actualValue: weekend, text: Those of the weekend }
              - "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion"
                isRequired: false
                sequence: 1
                text: Who knows that you are there?
                isSingleLineQuestion: true
          - displayName: For a night
            allowedTargetScope: allMemberUsers
            expiration: { type: afterDuration, duration: P1D }
            requestorSettings: { enableTargetsToSelfAddAccess: true }
      - displayName: Audit watch
        description: Watch those who work at night.
        roles:
          - { group: Gate openers, role: Member }
        policies:
          - displayName: Everybody
            duration: P30D
"##;

/// Whoever is signed in by a test has an account at the gate.
const PEOPLE: [&str; 4] = ["admin", "alice", "bob", "carol"];

/// A served tenant.
pub(crate) struct Tenant {
    pub(crate) server: Server,
    /// The tenant's client `admin`, for what happens outside the portal.
    pub(crate) api: Api,
    _gate: FakeScim,
    _folder: TempDir,
}

impl Tenant {
    /// Starts it with packages.
    pub(crate) async fn start() -> Self {
        Self::of(&[GROUPS, FARM].concat()).await
    }

    /// Starts it with groups alone.
    pub(crate) async fn bare() -> Self {
        Self::of(GROUPS).await
    }

    async fn of(holds: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let gate = FakeScim::start(Features::default()).unwrap();
        for name in PEOPLE {
            gate.add_user(&format!("{name}@reeve.example"), None);
        }
        let config = folder.path().join("reeve.toml");
        write_private(&config, configuration(&gate));
        let seed: PathBuf = folder.path().join("seed.yaml");
        std::fs::write(&seed, holds).unwrap();
        let more = [
            "--demo-org",
            "--config",
            config.to_str().unwrap(),
            "--seed",
            seed.to_str().unwrap(),
        ];
        let server = Server::start(&folder.path().join("data"), &more);
        let api = server.sign_in(None).await;
        let tenant = Self {
            server,
            api,
            _gate: gate,
            _folder: folder,
        };
        let openers = tenant.api.id_of("/v1.0/groups", "Gate openers").await;
        let binding = format!("/reeve/v1/bindings/{openers}");
        let gate = json!({ "target": "gate" });
        tenant.ok(&tenant.api, Method::PUT, &binding, &gate).await;
        tenant
    }

    async fn ok(&self, api: &Api, method: Method, path: &str, body: &Value) -> Value {
        let (status, told) = api.call(method, path, Some(body)).await;
        assert!(status < 300, "{path}: {status} {told}");
        told
    }

    /// The code that a device shows to whom it wants to act for.
    pub(crate) async fn device_code(&self) -> String {
        let dev = self.server.dev();
        let text = |name: &str| dev[name].as_str().unwrap().to_owned();
        let path = format!("/{}/oauth2/v2.0/devicecode", text("tenantId"));
        let form = [
            ("client_id", text("publicClientId")),
            ("scope", "openid".to_owned()),
        ];
        let sent = http()
            .post(format!("{}{path}", self.server.url))
            .form(&form)
            .send()
            .await
            .unwrap();
        let told: Value = sent.json().await.unwrap();
        told["user_code"]
            .as_str()
            .unwrap_or_else(|| panic!("{told}"))
            .to_owned()
    }

    /// Breaks a target, or mends it.
    async fn fault(&self, target: &str, fault: Option<&str>) {
        let path = format!("/reeve/v1/dev/faults/{target}");
        let body = json!({ "fault": fault });
        self.ok(&self.api, Method::PUT, &path, &body).await;
    }

    /// Takes somebody out of a group, behind Reeve's back.
    pub(crate) async fn leaves(&self, group: &str, who: &str) {
        let group = self.api.id_of("/v1.0/groups", group).await;
        let user = self.user(who).await;
        let path = format!("/v1.0/groups/{group}/members/{user}/$ref");
        let (status, told) = self.api.call(Method::DELETE, &path, None).await;
        assert_eq!(status, 204, "{told}");
    }

    /// Whether somebody is in a group.
    pub(crate) async fn is_in(&self, group: &str, who: &str) -> bool {
        let group = self.api.id_of("/v1.0/groups", group).await;
        let user = self.user(who).await;
        let members = self
            .api
            .list(&format!("/v1.0/groups/{group}/members?$select=id"))
            .await;
        members.iter().any(|member| member["id"] == user.as_str())
    }

    async fn user(&self, who: &str) -> String {
        let name = format!("{who}@reeve.example");
        self.api.id_of("/v1.0/users", &name).await
    }

    /// Asks for a package; the path of the request.
    async fn asks(&self, who: &Api, package: &str, policy: Option<&str>) -> String {
        let id = self
            .api
            .id_of(&format!("{EM}/accessPackages"), package)
            .await;
        let policies = self
            .api
            .get(&format!(
                "{EM}/assignmentPolicies?$filter=accessPackage/id eq '{id}'&$select=id,displayName"
            ))
            .await;
        let all = policies["value"].as_array().unwrap();
        let found = all
            .iter()
            .find(|one| policy.is_none_or(|name| one["displayName"] == name))
            .unwrap();
        let body = json!({
            "requestType": "userAdd",
            "assignment": { "accessPackageId": id, "assignmentPolicyId": found["id"] },
            "justification": "The harvest is ripe.",
        });
        let path = format!("{EM}/assignmentRequests");
        let made = self.ok(who, Method::POST, &path, &body).await;
        format!("{path}/{}", made["id"].as_str().unwrap())
    }

    /// Waits for a state of a request.
    async fn is(&self, request: &str, state: &str) {
        let look = async {
            let mut looks = tokio::time::interval(Duration::from_millis(50));
            while self.api.get(request).await["state"] != state {
                looks.tick().await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, look).await;
        assert!(found.is_ok(), "{request} does not become {state}");
    }

    /// Decides on a request.
    async fn decides(&self, who: &Api, request: &str, verdict: &str) {
        self.is(request, "pendingApproval").await;
        let id = request.rsplit('/').next().unwrap();
        let stages = format!("{EM}/accessPackageAssignmentApprovals/{id}/stages");
        let open = who.get(&stages).await;
        let stage = open["value"][0]["id"].as_str().unwrap();
        let decision = json!({ "reviewResult": verdict, "justification": "Many hands." });
        let path = format!("{stages}/{stage}");
        self.ok(who, Method::PATCH, &path, &decision).await;
    }

    /// A life so far, so that no page is empty.
    pub(crate) async fn live(&self) {
        let [alice, bob, carol] = [
            self.server.sign_in(Some("alice")).await,
            self.server.sign_in(Some("bob")).await,
            self.server.sign_in(Some("carol")).await,
        ];
        let carols = self.asks(&carol, "Remote work", None).await;
        let alices = self.asks(&alice, "Remote work", None).await;
        for request in [&carols, &alices] {
            self.is(request, "delivered").await;
        }
        let policy = Some("Everybody, if bob agrees");
        let kept = self.asks(&alice, "Harvest work", policy).await;
        self.decides(&bob, &kept, "Approve").await;
        self.is(&kept, "delivered").await;
        let refused = self.asks(&carol, "Bookkeeping", None).await;
        self.decides(&bob, &refused, "Deny").await;
        self.is(&refused, "denied").await;

        self.fault("gate", Some("down")).await;
        let broken = self.asks(&carol, "Harvest work", policy).await;
        self.decides(&bob, &broken, "Approve").await;
        self.is(&broken, "partiallyDelivered").await;
        self.fault("gate", None).await;

        for (who, package) in [
            (&alice, "Audit"),
            (&carol, "Order handling"),
            (&carol, "Audit"),
        ] {
            let waits = self.asks(who, package, None).await;
            self.is(&waits, "pendingApproval").await;
        }
        self.reprocess().await;
        self.leaves("VPN Users", "carol").await;
        self.leaves("Harvest crew", "alice").await;
        self.find_extras().await;
    }

    /// Somebody is in a group whom nobody put there; a sweep finds it.
    async fn find_extras(&self) {
        let group = self.api.id_of("/v1.0/groups", "VPN Users").await;
        for who in ["felix", "flora"] {
            let user = self.user(who).await;
            let body = json!({ "@odata.id": format!("{}/v1.0/users/{user}", self.server.url) });
            let path = format!("/v1.0/groups/{group}/members/$ref");
            self.ok(&self.api, Method::POST, &path, &body).await;
        }
        let sweep = json!({ "target": "directory" });
        let made = self
            .ok(&self.api, Method::POST, "/reeve/v1/sweeps", &sweep)
            .await;
        let path = format!("/reeve/v1/sweeps/{}", made["id"].as_str().unwrap());
        self.is(&path, "completed").await;
    }

    /// One bulk job is planned, another one has run.
    async fn reprocess(&self) {
        let jobs = "/reeve/v1/reprocessJobs";
        for (filter, dry_run) in [
            ("state eq 'delivered'", true),
            ("state eq 'delivered'", false),
        ] {
            let body = json!({
                "target": "assignments",
                "filter": filter,
                "dryRun": dry_run,
                "note": "Looks whether all is in place",
            });
            let made = self.ok(&self.api, Method::POST, jobs, &body).await;
            let path = format!("{jobs}/{}", made["id"].as_str().unwrap());
            let end = if dry_run { "planned" } else { "completed" };
            self.is(&path, end).await;
        }
    }
}

fn configuration(gate: &FakeScim) -> String {
    format!(
        r#"
[delivery]
retrySchedule = ["PT0S", "PT0.05S", "PT0.1S"]
pollInterval = "PT0.05S"

[[target]]
name = "gate"
kind = "scim"
url = "{url}"
token = "{token}"
"#,
        url = gate.base_url(),
        token = fake_scim::TOKEN,
    )
}
