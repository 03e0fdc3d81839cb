//! Every type as it is really answered, held against the published schema (R40).

use serde_json::{Value, json};
use testkit::{Client, Plan, TestApp, V1};
use wire::Version;
use wire::sets::ENTITY_SETS;
use wire::table::Type;

/// How many objects of a set are looked at one by one.
const LOOKED_AT: usize = 3;

/// A tenant with people, packages, policies of every make, requests in several states, and assignments.
async fn lively() -> TestApp {
    let app = TestApp::new().await;
    service::tenant::sample_organisation(app.service())
        .await
        .unwrap();
    app.assignment_in("delivered").await;
    app.request_in("pendingApproval").await;
    app.request_in("denied").await;
    let package = app.package(Plan::new("Everything")).await;
    let policy = policy_with_everything(&app, &package.id);
    let operator = app.as_operator();
    let made = operator
        .post(&format!("{V1}/assignmentPolicies"), policy)
        .await;
    made.assert_status(201).assert_conforms();
    app
}

fn policy_with_everything(app: &TestApp, package: &str) -> Value {
    let alice = app.id_of("alice").to_string();
    let person = json!({"@odata.type": "#microsoft.graph.singleUser", "userId": alice});
    let manager = json!({"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1});
    json!({
        "displayName": "Everything", "description": "", "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [person],
        "expiration": {"type": "afterDuration", "duration": "P30D"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true, "enableTargetsToSelfUpdateAccess": true,
            "allowCustomAssignmentSchedule": true},
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": true, "isApprovalRequiredForUpdate": false,
            "stages": [{
                "durationBeforeAutomaticDenial": "P7D", "isApproverJustificationRequired": true,
                "isEscalationEnabled": true, "durationBeforeEscalation": "P2D",
                "primaryApprovers": [manager], "fallbackPrimaryApprovers": [person],
                "escalationApprovers": [person], "fallbackEscalationApprovers": [person],
            }],
        },
        "reviewSettings": {
            "isEnabled": true, "expirationBehavior": "keepAccess", "isRecommendationEnabled": true,
            "isReviewerJustificationRequired": true, "isSelfReview": false,
            "primaryReviewers": [manager], "fallbackReviewers": [person],
            "schedule": {"startDateTime": "2026-08-01T00:00:00Z",
                "expiration": {"type": "afterDuration", "duration": "P14D"},
                "recurrence": {"pattern": {"type": "absoluteMonthly", "interval": 3},
                    "range": {"type": "noEnd", "startDate": "2026-08-01"}}},
        },
        "questions": [
            {"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?", "sequence": 1,
                "isRequired": true, "isAnswerEditable": true, "isSingleLineQuestion": true,
                "localizations": [{"languageCode": "de", "text": "Warum?"}]},
            {"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion", "text": "Where?", "sequence": 2,
                "isRequired": false, "isMultipleSelectionAllowed": false,
                "choices": [{"actualValue": "here", "text": "Here"}, {"actualValue": "there", "text": "There"}]},
        ],
        "accessPackage": {"id": package},
    })
}

struct Walk {
    client: Client,
    findings: Vec<String>,
    looked_at: usize,
}

impl Walk {
    /// Asks, and keeps what is not as it should be. `None` if there is nothing to be seen.
    async fn look(&mut self, path: &str) -> Option<Value> {
        let reply = self.client.get(path).await;
        if reply.status.is_server_error() {
            self.findings.push(reply.to_string());
            return None;
        }
        let found = reply.findings().into_iter();
        self.findings
            .extend(found.map(|finding| format!("{path}: {finding}")));
        self.looked_at += usize::from(reply.status.is_success());
        reply.status.is_success().then(|| reply.json())
    }

    /// An object alone, with each of its navigations, and what each of them leads to.
    async fn object(&mut self, version: Version, path: &str, of: &'static Type) {
        self.look(path).await;
        // Members of derived types are declared there, and cannot be selected from all.
        let declared = of.name(version).unwrap_or_default();
        let names = of
            .properties
            .iter()
            .filter_map(|property| property.name(version))
            .filter(|name| wire::schema::member(version, declared, name).is_some());
        let names: Vec<&str> = names.collect();
        self.look(&format!("{path}?$select={}", names.join(",")))
            .await;
        for navigation in of.navigations {
            let Some(name) = navigation.name(version).filter(|name| !name.contains('.')) else {
                continue;
            };
            self.look(&format!("{path}?$expand={name}")).await;
            self.look(&format!("{path}/{name}")).await;
        }
    }
}

#[tokio::test]
async fn every_answer_has_the_members_and_types_of_the_published_schema() {
    let app = lively().await;
    let mut walk = Walk {
        client: app.as_operator(),
        findings: Vec::new(),
        looked_at: 0,
    };

    for version in Version::ALL {
        for set in ENTITY_SETS.iter().filter(|set| set.name(version).is_some()) {
            let path = format!("/{version}/{}", set.path(version));
            if set.is_single {
                walk.object(version, &path, set.of).await;
                continue;
            }
            let page = walk.look(&path).await.unwrap_or_default();
            let rows = page["value"].as_array().into_iter().flatten();
            for id in rows.filter_map(|row| row["id"].as_str()).take(LOOKED_AT) {
                walk.object(version, &format!("{path}/{id}"), set.of).await;
            }
        }
    }

    let findings = walk.findings;
    assert!(findings.is_empty(), "{}\n{findings:#?}", findings.len());
    assert!(walk.looked_at > 200, "{}", walk.looked_at);
}
