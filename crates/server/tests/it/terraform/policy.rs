//! `azuread_access_package_assignment_policy`: made, read back without a difference, replaced, gone.

use serde_json::{Value, json};
use testkit::{Client, TestApp};

use super::took;
use crate::support::BETA;

async fn package(client: &Client) -> String {
    let body = json!({ "displayName": "Barn", "description": "Barn" });
    let made = client
        .post(&format!("{BETA}/accessPackageCatalogs"), body)
        .await;
    let catalog = made.assert_status(201).text("id");
    let body = json!({
        "displayName": "Keys", "description": "Of the barn", "accessPackageCatalog": {"id": catalog}
    });
    let made = client.post(&format!("{BETA}/accessPackages"), body).await;
    made.assert_status(201).text("id")
}

fn sets() -> String {
    format!("{BETA}/accessPackageAssignmentPolicies")
}

/// A policy about which nothing is said but its name: as the provider writes what the user left out.
fn bare(package: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.accessPackageAssignmentPolicy", "accessPackageId": package,
        "accessReviewSettings": null, "canExtend": false, "description": "Of the barn",
        "displayName": "Everybody", "durationInDays": 0, "expirationDateTime": null, "questions": [],
        "requestApprovalSettings": {
            "@odata.type": "#microsoft.graph.approvalSettings", "approvalMode": null,
            "approvalStages": [], "isApprovalRequired": false, "isApprovalRequiredForExtension": false,
            "isRequestorJustificationRequired": false
        },
        "requestorSettings": {
            "@odata.type": "#microsoft.graph.requestorSettings", "acceptRequests": false,
            "allowedRequestors": [], "scopeType": "NoSubjects"
        }
    })
}

fn set(kind: &str, id: &str, is_backup: bool) -> Value {
    let mut set = json!({ "@odata.type": format!("#microsoft.graph.{kind}"), "isBackup": is_backup,
        "description": null });
    if !id.is_empty() {
        set["id"] = json!(id);
    }
    set
}

/// What identifies a set to the provider.
fn seen(sets: &Value) -> Vec<(String, String, bool)> {
    let text = |set: &Value, name: &str| set[name].as_str().unwrap_or_default().to_owned();
    sets.as_array()
        .unwrap()
        .iter()
        .map(|set| {
            let is_backup = set["isBackup"].as_bool().unwrap();
            (text(set, "@odata.type"), text(set, "id"), is_backup)
        })
        .collect()
}

/// No object may hold a null where the provider follows a pointer to a list.
fn has_lists(policy: &Value) {
    let settings = &policy["requestApprovalSettings"];
    assert!(settings.is_null() || settings["approvalStages"].is_array());
    for question in policy["questions"].as_array().unwrap() {
        assert!(question["text"]["localizedTexts"].is_array(), "{question}");
        for choice in question["choices"].as_array().into_iter().flatten() {
            let texts = &choice["displayValue"]["localizedTexts"];
            assert!(texts.is_array(), "{choice}");
        }
    }
}

#[tokio::test]
async fn a_policy_that_says_nothing_reads_back_as_nothing() {
    TestApp::on_both(async |app| {
        let client = app.as_operator();
        let package = package(&client).await;
        let mut without = bare(&package);
        for name in ["requestorSettings", "requestApprovalSettings", "questions"] {
            without.as_object_mut().unwrap().remove(name);
        }
        let mut nulls = bare(&package);
        for name in ["requestorSettings", "requestApprovalSettings"] {
            nulls[name] = Value::Null;
        }
        for body in [bare(&package), without, nulls] {
            let made = client.post(&sets(), body).await;
            let path = format!("{}/{}", sets(), made.assert_status(201).text("id"));
            let read = client.get(&path).await.assert_status(200).json();

            // PO-41: what a PUT leaves out is null.
            let mut short = bare(&package);
            for name in [
                "accessReviewSettings",
                "expirationDateTime",
                "requestApprovalSettings",
            ] {
                short.as_object_mut().unwrap().remove(name);
            }
            client.put(&path, short).await.assert_status(200);
            let again = client.get(&path).await.assert_status(200).json();
            assert_eq!(again["accessReviewSettings"], Value::Null);
            assert_eq!(again["expirationDateTime"], Value::Null);

            has_lists(&read);
            let asked = &read["requestorSettings"];
            if !asked.is_null() {
                assert_eq!(asked["scopeType"], "NoSubjects");
                assert_eq!(asked["acceptRequests"], false);
                assert_eq!(asked["allowedRequestors"], json!([]));
            }
            assert_eq!(read["expirationDateTime"], Value::Null);
            assert_eq!(read["durationInDays"], 0);
            assert_eq!(read["accessPackageId"], package.as_str());
            assert_eq!(read["canExtend"], false);
            client.delete(&path).await.assert_status(204);
            client.get(&path).await.assert_status(404);
        }
    })
    .await;
}

/// A policy that says everything: two stages, backups among the approvers, a review, questions and an end.
fn whole(package: &str, group: &str, alice: &str, bob: &str) -> Value {
    let approvers = |first: &str, second: &str| {
        json!([
            set("singleUser", first, false),
            set("groupMembers", group, true),
            set("singleUser", second, false)
        ])
    };
    let stage = |days: i64, approvers: Value| {
        json!({
            "@odata.type": "#microsoft.graph.approvalStage", "approvalStageTimeOutInDays": days,
            "escalationTimeInMinutes": 2880, "isApproverJustificationRequired": true,
            "isEscalationEnabled": true, "primaryApprovers": approvers,
            "escalationApprovers": [set("singleUser", bob, false)]
        })
    };
    let text = |text: &str| {
        json!({
            "@odata.type": "#microsoft.graph.accessPackageLocalizedContent", "defaultText": text,
            "localizedTexts": []
        })
    };
    let mut body = bare(package);
    body["canExtend"] = json!(true);
    body["durationInDays"] = json!(0);
    body["expirationDateTime"] = json!("2096-09-23T01:02:03Z");
    body["requestorSettings"] = json!({
        "@odata.type": "#microsoft.graph.requestorSettings", "acceptRequests": true,
        "allowedRequestors": [set("groupMembers", group, false), set("singleUser", alice, true)],
        "scopeType": "SpecificDirectorySubjects"
    });
    body["requestApprovalSettings"] = json!({
        "@odata.type": "#microsoft.graph.approvalSettings", "approvalMode": "Serial",
        "isApprovalRequired": true, "isApprovalRequiredForExtension": true,
        "isRequestorJustificationRequired": true,
        "approvalStages": [stage(14, approvers(bob, alice)), stage(7, approvers(alice, bob))]
    });
    body["accessReviewSettings"] = json!({
        "@odata.type": "#microsoft.graph.assignmentReviewSettings", "accessReviewTimeoutBehavior": "keepAccess",
        "durationInDays": 3, "isAccessRecommendationEnabled": true,
        "isApprovalJustificationRequired": true, "isEnabled": true, "recurrenceType": "monthly",
        "reviewerType": "Reviewers", "reviewers": [set("singleUser", alice, false)],
        "startDateTime": "2026-12-01T00:00:00Z"
    });
    body["questions"] = json!([
        {"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "isRequired": true,
         "sequence": 2, "isSingleLineQuestion": true, "text": text("Why?")},
        {"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion", "isRequired": false,
         "sequence": 1, "allowsMultipleSelection": false, "text": text("Which?"),
         "choices": [
            {"@odata.type": "#microsoft.graph.accessPackageAnswerChoice", "actualValue": "z",
             "displayValue": text("Zed")},
            {"@odata.type": "#microsoft.graph.accessPackageAnswerChoice", "actualValue": "a",
             "displayValue": text("Ay")}
         ]}
    ]);
    body
}

// PO-20: the review settings are kept like the rest.
#[tokio::test]
async fn everything_that_a_policy_says_reads_back_in_its_order() {
    TestApp::on_both(async |app| {
        let client = app.as_operator();
        let package = package(&client).await;
        let group = app.group("Reapers", None).await.to_string();
        let (alice, bob) = (app.id_of("alice").to_string(), app.id_of("bob").to_string());
        let mut body = whole(&package, &group, &alice, &bob);
        let made = client.post(&sets(), body.clone()).await;
        let path = format!("{}/{}", sets(), made.assert_status(201).text("id"));
        for replaced in [false, true] {
            if replaced {
                body["displayName"] = json!("Everybody else");
                took(&client.put(&path, body.clone()).await);
            }
            let read = client.get(&path).await.assert_status(200).json();
            has_lists(&read);
            assert_eq!(read["displayName"], body["displayName"]);
            assert_eq!(read["expirationDateTime"], "2096-09-23T01:02:03Z");
            assert_eq!(read["durationInDays"], 0);
            assert_eq!(read["canExtend"], true);
            let (sent, got) = (&body["requestorSettings"], &read["requestorSettings"]);
            assert_eq!(got["scopeType"], sent["scopeType"]);
            assert_eq!(got["acceptRequests"], true);
            assert_eq!(
                seen(&got["allowedRequestors"]),
                seen(&sent["allowedRequestors"])
            );
            let (sent, got) = (
                &body["requestApprovalSettings"],
                &read["requestApprovalSettings"],
            );
            for name in [
                "approvalMode",
                "isApprovalRequired",
                "isApprovalRequiredForExtension",
                "isRequestorJustificationRequired",
            ] {
                assert_eq!(got[name], sent[name], "{name}");
            }
            let stages = got["approvalStages"].as_array().unwrap();
            assert_eq!(stages.len(), 2);
            for (got, sent) in stages
                .iter()
                .zip(sent["approvalStages"].as_array().unwrap())
            {
                for name in [
                    "approvalStageTimeOutInDays",
                    "escalationTimeInMinutes",
                    "isApproverJustificationRequired",
                    "isEscalationEnabled",
                ] {
                    assert_eq!(got[name], sent[name], "{name}");
                }
                for name in ["primaryApprovers", "escalationApprovers"] {
                    assert_eq!(seen(&got[name]), seen(&sent[name]), "{name}");
                }
            }
            let (sent, got) = (&body["accessReviewSettings"], &read["accessReviewSettings"]);
            for name in [
                "accessReviewTimeoutBehavior",
                "durationInDays",
                "isAccessRecommendationEnabled",
                "isApprovalJustificationRequired",
                "isEnabled",
                "recurrenceType",
                "reviewerType",
                "startDateTime",
            ] {
                assert_eq!(got[name], sent[name], "{name}");
            }
            assert_eq!(seen(&got["reviewers"]), seen(&sent["reviewers"]));
            let questions = read["questions"].as_array().unwrap();
            let asked: Vec<&Value> = questions
                .iter()
                .map(|one| &one["text"]["defaultText"])
                .collect();
            assert_eq!(asked, ["Why?", "Which?"]);
            let choices: Vec<&Value> = questions[1]["choices"]
                .as_array()
                .unwrap()
                .iter()
                .map(|choice| &choice["actualValue"])
                .collect();
            assert_eq!(choices, ["z", "a"]);
        }
        client.delete(&path).await.assert_status(204);
        client.get(&path).await.assert_status(404);
        client.put(&path, body).await.assert_status(404);
    })
    .await;
}
