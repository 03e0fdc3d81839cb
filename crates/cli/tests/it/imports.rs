//! `reeve import`, broken off anywhere and run again: the tenant becomes what an unbroken run makes of it.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, EM, Server, http, reeve, run, text};

/// One of everything, with references in all directions.
const SEED: &str = r##"
users:
  - userPrincipalName: dora@reeve.example
    displayName: Dora Dean
    manager: rufus@reeve.example
  - userPrincipalName: rufus@reeve.example
    displayName: Rufus Reeve
groups:
  - displayName: Harvest
    members: [dora@reeve.example]
    owners: [rufus@reeve.example]
  - displayName: Auditors
applications:
  - displayName: Granary
    appId: 4d1f7a36-3d0c-4b47-9f0a-6d8d5f1b2c3e
    roles:
      - displayName: Reader
        id: 9a3c2f7e-1b5d-4c8e-a6f4-0e2d7b9c1a55
connectedOrganizations:
  - displayName: Mill
    state: configured
    identitySources:
      - "@odata.type": "#microsoft.graph.domainIdentitySource"
        domainName: mill.example
        displayName: Mill
    internalSponsors: [rufus@reeve.example]
    externalSponsors: [dora@reeve.example]
settings:
  durationUntilExternalUserDeletedAfterBlocked: P31D
catalogs:
  - displayName: Farm
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
    resources:
      - group: Auditors
    roleAssignments:
      - role: Catalog owner
        principal: rufus@reeve.example
    accessPackages:
      - displayName: Harvest work
        roles:
          - group: Harvest
            role: Member
          - application: Granary
            role: Reader
        policies:
          - displayName: By hand
            requestors: []
          - displayName: The mill asks
            allowedTargetScope: specificConnectedOrganizationUsers
            specificAllowedTargets:
              - "@odata.type": "#microsoft.graph.connectedOrganizationMembers"
                connectedOrganizationId: Mill
            customExtensionStageSettings:
              - stage: assignmentRequestGranted
                customExtension: Tell the mill
      - displayName: Keys
        incompatibleAccessPackages: [Harvest work]
        incompatibleGroups: [Auditors]
roleAssignments:
  - role: Catalog creator
    principal: rufus@reeve.example
assignments:
  - accessPackage: Harvest work
    policy: By hand
    user: dora@reeve.example
"##;

/// Stands before a Reeve, and lets only so many writes through: the answer to the last one is lost.
struct Gate {
    upstream: String,
    left: AtomicUsize,
    /// Whether the call that makes somebody finds that the same call of a run before was done just now.
    is_late: AtomicBool,
}

async fn forward(State(gate): State<Arc<Gate>>, request: Request) -> Response {
    let lost = || {
        let cut = futures_util::stream::iter([
            Ok(Bytes::from_static(b"{")),
            Err(std::io::Error::other("cut off")),
        ]);
        Response::new(Body::from_stream(cut))
    };
    let (parts, body) = request.into_parts();
    let is_write = parts.method != axum::http::Method::GET;
    let left = gate.left.load(Ordering::SeqCst);
    if left == 0 {
        return lost();
    }
    let is_late = gate.is_late.load(Ordering::SeqCst) && parts.uri.path() == "/v1.0/users";
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let method = Method::from_bytes(parts.method.as_str().as_bytes()).unwrap();
    let path = parts.uri.path_and_query().unwrap();
    let mut forwarded = http().request(method, format!("{}{path}", gate.upstream));
    for name in ["authorization", "content-type", "host"] {
        if let Some(value) = parts.headers.get(name) {
            forwarded = forwarded.header(name, value.to_str().unwrap());
        }
    }
    if is_write && is_late {
        let first = forwarded.try_clone().unwrap().body(body.clone());
        assert_eq!(first.send().await.unwrap().status(), 201);
    }
    let told = forwarded.body(body).send().await.unwrap();
    if is_write && gate.left.fetch_sub(1, Ordering::SeqCst) == 1 {
        return lost();
    }
    let status = told.status().as_u16();
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Body::from(told.bytes().await.unwrap()))
        .unwrap()
}

struct Farm {
    server: Server,
    api: Api,
    gate: Arc<Gate>,
    url: String,
    folder: tempfile::TempDir,
}

impl Farm {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("data"), &[]);
        let api = server.sign_in(None).await;
        let gate = Arc::new(Gate {
            upstream: server.url.clone(),
            left: AtomicUsize::new(usize::MAX),
            is_late: AtomicBool::new(false),
        });
        let router = axum::Router::new()
            .fallback(forward)
            .with_state(Arc::clone(&gate));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            server,
            api,
            gate,
            url,
            folder,
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Runs an import with this many writes before it is broken off.
    async fn import(&self, file: &Path, writes: usize, more: &[&str]) -> Output {
        self.gate.left.store(writes, Ordering::SeqCst);
        let mut command = reeve();
        command
            .arg("import")
            .arg(file)
            .args(["--url", &self.url, "--token", &self.api.token])
            .args(more);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    async fn reset(&self) {
        let path = "/reeve/v1/dev/reset";
        let (status, told) = self.api.call(Method::POST, path, None).await;
        assert_eq!(status, 204, "{told}");
    }

    /// The tenant as a file, once everybody has what was assigned.
    async fn exported(&self) -> String {
        for assignment in self.api.list(&format!("{EM}/assignments")).await {
            let id = assignment["id"].as_str().unwrap();
            self.api.settled(&format!("{EM}/assignments/{id}")).await;
        }
        let data = self.server.data.to_str().unwrap();
        let done = run(&["export", "--seed", "--data", data]);
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout)
    }
}

/// The same files; the first line that is not tells more than all of them.
fn assert_same(left: &str, right: &str, told: &str) {
    let pairs = left.lines().zip(right.lines()).enumerate();
    for (number, (left, right)) in pairs {
        assert_eq!(left, right, "line {number}: {told}");
    }
    assert_eq!(left.lines().count(), right.lines().count(), "{told}");
}

fn objects(done: &Output) -> Vec<Value> {
    text(&done.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of<'v>(objects: &'v [Value], outcome: &str) -> Vec<&'v Value> {
    objects
        .iter()
        .filter(|one| one["outcome"] == outcome)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_broken_off_after_any_write_is_ended_by_the_next_one() {
    let farm = Farm::start().await;
    let file = farm.file("farm.yaml", SEED);
    let done = farm.import(&file, usize::MAX, &["-o", "json"]).await;
    assert!(done.status.success(), "{}", text(&done.stderr));
    let whole = farm.exported().await;
    let writes = of(&objects(&done), "made").len() + of(&objects(&done), "updated").len();
    assert!(writes > 20, "{writes}");

    let mut broken = 0;
    for before in 1..writes {
        farm.reset().await;
        let cut = farm.import(&file, before, &[]).await;
        if cut.status.success() {
            break;
        }
        broken += 1;
        assert_eq!(cut.status.code(), Some(1), "{before}: {cut:?}");
        assert!(
            text(&cut.stderr).contains("broken off"),
            "{before}: {}",
            text(&cut.stderr)
        );

        let again = farm.import(&file, usize::MAX, &[]).await;

        let told = format!("{before}: {}{}", text(&again.stdout), text(&again.stderr));
        assert_eq!(again.status.code(), Some(0), "{told}");
        assert_same(&farm.exported().await, &whole, &told);
    }
    assert!(broken > 20, "{broken} of {writes}");
    let third = farm.import(&file, usize::MAX, &[]).await;
    assert_eq!(text(&third.stdout), "everything is there already\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whom_the_last_call_of_a_broken_off_run_makes_is_there() {
    let farm = Farm::start().await;
    farm.gate.is_late.store(true, Ordering::SeqCst);
    let file = farm.file("farm.yaml", SEED);

    let done = farm.import(&file, usize::MAX, &["-o", "json"]).await;

    assert!(done.status.success(), "{done:?}");
    let told = objects(&done);
    let there = of(&told, "there");
    assert_eq!(there.len(), 2, "{there:?}");
    assert!(there.iter().all(|one| one["what"] == "users"), "{there:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_changed_is_told_and_written_only_where_that_is_asked_for() {
    let farm = Farm::start().await;
    let file = farm.file("farm.yaml", SEED);
    let done = farm.import(&file, usize::MAX, &[]).await;
    assert!(done.status.success(), "{}", text(&done.stderr));
    let whole = farm.exported().await;
    let dora = farm.api.id_of("/v1.0/users", "dora@reeve.example").await;
    let package = farm
        .api
        .id_of(&format!("{EM}/accessPackages"), "Keys")
        .await;
    let catalog = farm.api.id_of(&format!("{EM}/catalogs"), "Farm").await;
    let (patch, delete) = (Method::PATCH, Method::DELETE);
    let group = farm.api.id_of("/v1.0/groups", "Harvest").await;
    for (method, path, body) in [
        (
            &patch,
            format!("/v1.0/users/{dora}"),
            json!({ "displayName": "D." }),
        ),
        (
            &patch,
            format!("{EM}/accessPackages/{package}"),
            json!({ "description": "by hand" }),
        ),
        (
            &patch,
            format!("{EM}/catalogs/{catalog}"),
            json!({ "description": "by hand" }),
        ),
        (
            &delete,
            format!("/v1.0/groups/{group}/owners/{}/$ref", {
                farm.api.id_of("/v1.0/users", "rufus@reeve.example").await
            }),
            Value::Null,
        ),
    ] {
        let body = (!body.is_null()).then_some(&body);
        let (status, told) = farm.api.call(method.clone(), &path, body).await;
        assert!(status < 300, "{path}: {told}");
    }
    let policy = farm
        .api
        .id_of(&format!("{EM}/assignmentPolicies"), "By hand")
        .await;
    let path = format!("{EM}/assignmentPolicies/{policy}?$expand=accessPackage");
    let mut changed = farm.api.get(&path).await;
    changed["expiration"] = json!({ "type": "afterDuration", "duration": "P5D" });
    let path = format!("{EM}/assignmentPolicies/{policy}");
    let (status, told) = farm.api.call(Method::PUT, &path, Some(&changed)).await;
    assert!(status < 300, "{told}");
    let by_hand = farm.exported().await;
    assert_ne!(by_hand, whole);
    // What the file does not speak of may be as it is.
    let said = SEED.replace(
        "displayName: Keys\n",
        "displayName: Keys\n        description: Keys\n",
    );
    let said = said.replace(
        "displayName: Farm\n",
        "displayName: Farm\n    description: Farm\n",
    );
    let file = farm.file("said.yaml", &said);

    let told = farm.import(&file, usize::MAX, &["-o", "json"]).await;
    assert_eq!(told.status.code(), Some(1), "{}", text(&told.stderr));
    let told = objects(&told);
    let differing: Vec<&str> = of(&told, "differs")
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        differing,
        ["users", "catalogs", "assignmentPolicies", "accessPackages"]
    );
    let made = of(&told, "made");
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(made[0]["what"], "owners");
    let user = of(&told, "differs")[0]["detail"].as_str().unwrap();
    assert_eq!(user, "displayName is \"D.\", not \"Dora Dean\"");
    let now = farm.api.get(&format!("/v1.0/users/{dora}")).await;
    assert_eq!(now["displayName"], "D.");

    let would = ["--update", "--dry-run", "-o", "json"];
    let would = farm.import(&file, usize::MAX, &would).await;
    assert_eq!(of(&objects(&would), "updated").len(), 4);
    let done = farm.import(&file, usize::MAX, &["--update"]).await;
    assert!(done.status.success(), "{done:?}");
    assert_eq!(farm.exported().await, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_names_are_resolved_before_the_first_write_and_every_one_that_is_not_is_told() {
    let farm = Farm::start().await;
    let before = farm.exported().await;
    for (right, wrong, what) in [
        ("manager: rufus", "manager: nobody", "manager"),
        ("members: [dora", "members: [nobody", "members"),
        ("owners: [rufus", "owners: [nobody", "owners"),
        (
            "internalSponsors: [rufus",
            "internalSponsors: [nobody",
            "internalSponsors",
        ),
        ("group: Auditors", "group: Nothing", "resources"),
        ("role: Member", "role: Guest", "resourceRoleScopes"),
        ("role: Reader", "role: Writer", "resourceRoleScopes"),
        (
            "OrganizationId: Mill",
            "OrganizationId: Tower",
            "assignmentPolicies",
        ),
        (
            "customExtension: Tell",
            "customExtension: Ask",
            "assignmentPolicies",
        ),
        (
            "Packages: [Harvest work",
            "Packages: [Idleness",
            "incompatibleAccessPackages",
        ),
        (
            "Packages: [Harvest work",
            "Packages: [Keys",
            "incompatibleAccessPackages",
        ),
        (
            "Groups: [Auditors",
            "Groups: [Nothing",
            "incompatibleGroups",
        ),
        (
            "role: Catalog owner",
            "role: Catalog king",
            "roleAssignments",
        ),
        ("policy: By hand", "policy: By foot", "assignmentRequests"),
        ("user: dora", "user: nobody", "assignmentRequests"),
    ] {
        let said = SEED.replacen(right, wrong, 1);
        assert_ne!(said, SEED, "{right}");
        let file = farm.file("wrong.yaml", &said);

        let refused = farm.import(&file, usize::MAX, &["-o", "json"]).await;

        assert_eq!(refused.status.code(), Some(3), "{wrong}: {refused:?}");
        let refused = objects(&refused);
        let refused = of(&refused, "refused");
        assert_eq!(refused.len(), 1, "{wrong}: {refused:?}");
        assert_eq!(refused[0]["what"], what, "{wrong}");
    }
    assert_eq!(farm.exported().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thing_that_is_refused_is_told_and_the_rest_is_made() {
    let farm = Farm::start().await;
    let said = SEED.replace(
        "allowedTargetScope: specificConnectedOrganizationUsers",
        "allowedTargetScope: everybodyOnTheMoon",
    );
    let file = farm.file("moon.yaml", &said);

    let done = farm.import(&file, usize::MAX, &["-o", "json"]).await;

    assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
    let told = objects(&done);
    let refused = of(&told, "refused");
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0]["name"], "The mill asks");
    let why = refused[0]["detail"].as_str().unwrap();
    assert!(why.contains("allowedTargetScope"), "{why}");
    let file = farm.file("farm.yaml", SEED);
    let again = farm.import(&file, usize::MAX, &["-o", "json"]).await;
    assert!(again.status.success(), "{}", text(&again.stderr));
    let made = objects(&again);
    let made = of(&made, "made");
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(made[0]["name"], "The mill asks");
}

/// A policy with each setting that a policy has.
fn every_setting() -> Value {
    let user =
        json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": "rufus@reeve.example" });
    let group = json!({ "@odata.type": "#microsoft.graph.groupMembers", "groupId": "Auditors" });
    json!({
        "displayName": "Everything",
        "description": "Each setting.",
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [user, group],
        "expiration": { "type": "afterDateTime", "endDateTime": "2099-12-31T12:00:00Z" },
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": true,
            "enableTargetsToSelfUpdateAccess": true,
            "enableTargetsToSelfRemoveAccess": true,
            "allowCustomAssignmentSchedule": true,
            "enableOnBehalfRequestorsToAddAccess": true,
            "enableOnBehalfRequestorsToUpdateAccess": true,
            "enableOnBehalfRequestorsToRemoveAccess": true,
            "onBehalfRequestors": [{ "@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1 }],
        },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": true,
            "isApprovalRequiredForUpdate": true,
            "isRequestorJustificationRequired": true,
            "stages": [
                {
                    "durationBeforeAutomaticDenial": "P7D",
                    "isApproverJustificationRequired": true,
                    "isEscalationEnabled": true,
                    "durationBeforeEscalation": "P2D",
                    "primaryApprovers": [{ "@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 2 }],
                    "fallbackPrimaryApprovers": [user],
                    "escalationApprovers": [group],
                    "fallbackEscalationApprovers": [user],
                },
                {
                    "durationBeforeAutomaticDenial": "P3D",
                    "isApproverJustificationRequired": false,
                    "primaryApprovers": [user, group],
                },
            ],
        },
        "questions": [
            {
                "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                "isRequired": true, "isAnswerEditable": false, "sequence": 1, "text": "Why = so?",
                "isSingleLineQuestion": false, "regexPattern": "^[a-z]+$",
                "localizations": [{ "languageCode": "de", "text": "Warum?" }],
            },
            {
                "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
                "isRequired": false, "sequence": 2, "text": "Which?", "isMultipleSelectionAllowed": true,
                "choices": [
                    { "actualValue": "a", "text": "A", "localizations": [{ "languageCode": "de", "text": "Ä" }] },
                    { "actualValue": "b", "text": "B" },
                ],
            },
        ],
        "notificationSettings": { "isAssignmentNotificationDisabled": true },
        "customExtensionStageSettings": [
            { "stage": "assignmentRequestCreated", "customExtension": "Tell the mill" },
            { "stage": "assignmentRequestGranted", "customExtension": "Tell the mill" },
        ],
        "reviewSettings": {
            "isEnabled": true,
            "expirationBehavior": "keepAccess",
            "isRecommendationEnabled": true,
            "isReviewerJustificationRequired": true,
            "isSelfReview": false,
            "primaryReviewers": [user],
            "fallbackReviewers": [group],
            "schedule": {
                "startDateTime": "2030-01-01T00:00:00Z",
                "expiration": { "type": "afterDuration", "duration": "P14D" },
                "recurrence": {
                    "pattern": { "type": "absoluteMonthly", "interval": 3, "dayOfMonth": 1 },
                    "range": { "type": "noEnd", "startDate": "2030-01-01" },
                },
            },
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_makes_the_same_tenant_with_every_setting_and_nothing_of_it_differs() {
    let farm = Farm::start().await;
    let mut said: Value = serde_saphyr::from_str(SEED).unwrap();
    let policies = said["catalogs"][0]["accessPackages"][1]["policies"].as_array_mut();
    assert!(policies.is_none());
    let automatic = json!({
        "displayName": "By rule",
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [{
            "@odata.type": "#microsoft.graph.attributeRuleMembers",
            "membershipRule": "(user.department -eq \"Nowhere\")",
        }],
        "automaticRequestSettings": {
            "requestAccessForAllowedTargets": true,
            "removeAccessWhenTargetLeavesAllowedTargets": true,
            "gracePeriodBeforeAccessRemoval": "P7D",
        },
    });
    said["catalogs"][0]["accessPackages"][1]["policies"] = json!([every_setting(), automatic]);
    let file = farm.file("every.json", &said.to_string());
    let done = farm.import(&file, usize::MAX, &[]).await;
    assert!(
        done.status.success(),
        "{}{}",
        text(&done.stdout),
        text(&done.stderr)
    );
    let again = farm.import(&file, usize::MAX, &[]).await;
    assert_eq!(text(&again.stdout), "everything is there already\n");
    let first = farm.exported().await;
    for member in [
        "automaticRequestSettings",
        "reviewSettings",
        "escalationApprovers",
        "regexPattern",
    ] {
        assert!(first.contains(member), "{member}");
    }

    let file = farm.file("exported.yaml", &first);
    let again = farm.import(&file, usize::MAX, &[]).await;
    assert_eq!(text(&again.stdout), "everything is there already\n");
    farm.reset().await;
    let copied = farm.import(&file, usize::MAX, &[]).await;

    assert!(
        copied.status.success(),
        "{}{}",
        text(&copied.stdout),
        text(&copied.stderr)
    );
    assert_same(&farm.exported().await, &first, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_organisation_can_be_brought_from_one_tenant_into_another() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Server::start(&folder.path().join("sample"), &["--demo-org"]);
    let data = sample.data.to_str().unwrap();
    let exported = run(&["export", "--seed", "--data", data]);
    assert!(exported.status.success(), "{}", text(&exported.stderr));
    let farm = Farm::start().await;
    let file = farm.file("sample.yaml", &text(&exported.stdout));

    let done = farm.import(&file, usize::MAX, &[]).await;

    assert!(
        done.status.success(),
        "{}{}",
        text(&done.stdout),
        text(&done.stderr)
    );
    assert_same(&farm.exported().await, &text(&exported.stdout), "");
}
