//! Both projections and both ways back.

use serde_json::{Value as Json, json};

use super::{PolicyBody, read, whole};
use crate::version::Version;

const ID: &str = "11111111-1111-1111-1111-111111111111";
const OTHER: &str = "22222222-2222-2222-2222-222222222222";

fn ids() -> impl FnMut() -> String {
    let mut last = 0;
    move || {
        last += 1;
        format!("00000000-0000-0000-0000-{last:012}")
    }
}

fn read_fresh(version: Version, body: &Json) -> PolicyBody {
    read(version, body, None, &mut ids()).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// What is stored after `version` writes back what it reads.
fn written_back(version: Version, policy: &PolicyBody) -> PolicyBody {
    let shown = whole(version, policy);
    read(version, &shown, Some(&policy.settings), &mut ids())
        .unwrap_or_else(|error| panic!("{error}: {shown}"))
}

fn refused(version: Version, body: &Json) -> (String, String) {
    let error = read(version, body, None, &mut ids()).unwrap_err();
    (error.target, error.reason)
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.roll(from.len() as u64)).unwrap()].clone()
    }

    fn flag(&mut self) -> Json {
        self.pick(&[json!(true), json!(false), Json::Null])
    }

    fn approver(&mut self) -> Json {
        self.pick(&[
            json!({"@odata.type": "#microsoft.graph.singleUser", "userId": ID}),
            json!({"@odata.type": "microsoft.graph.groupMembers", "groupId": OTHER}),
            json!({"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 2}),
            json!({"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 4}),
            json!({"@odata.type": "#microsoft.graph.internalSponsors"}),
            json!({"@odata.type": "#microsoft.graph.targetApplicationOwners"}),
            json!({"@odata.type": "#microsoft.graph.singleServicePrincipal", "servicePrincipalId": ID}),
        ])
    }

    fn approvers(&mut self, least: u64) -> Json {
        let many = least + self.roll(3);
        (0..many).map(|_| self.approver()).collect()
    }

    fn stage(&mut self) -> Json {
        json!({
            "durationBeforeAutomaticDenial": self.pick(&["P14D", "PT100H", "P5DT1S"]),
            "durationBeforeEscalation": self.pick(&["P1D", "PT25H30S", "P2D"]),
            "isEscalationEnabled": self.flag(),
            "isApproverJustificationRequired": self.flag(),
            "primaryApprovers": self.approvers(1),
            "fallbackPrimaryApprovers": self.approvers(0),
            "escalationApprovers": self.approvers(0),
            "fallbackEscalationApprovers": self.approvers(0),
        })
    }

    fn question(&mut self) -> Json {
        let texts = json!([{"languageCode": "de", "text": "Warum?"}]);
        let common = json!({"id": self.pick(&[json!(ID), Json::Null]), "text": "Why?",
            "localizations": self.pick(&[texts.clone(), Json::Null]), "isRequired": self.flag(),
            "isAnswerEditable": self.flag(), "sequence": self.roll(5)});
        let own = self.pick(&[
            json!({"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                "isSingleLineQuestion": true, "regexPattern": "[a-z]+"}),
            json!({"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
                "isMultipleSelectionAllowed": true,
                "choices": [{"actualValue": "a", "text": "A", "localizations": texts}, {"actualValue": "b", "text": null}]}),
        ]);
        let mut all = common;
        for (name, value) in own.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    }

    /// A policy in the shape of v1.0.
    fn policy(&mut self) -> Json {
        let scope = self.pick(&[
            ("notSpecified", json!([])),
            ("allMemberUsers", Json::Null),
            ("allDirectoryServicePrincipals", json!([])),
            ("specificDirectoryUsers", json!([
                {"@odata.type": "#microsoft.graph.groupMembers", "groupId": OTHER},
                {"@odata.type": "#microsoft.graph.attributeRuleMembers", "membershipRule": "user.department -eq \"x\""}])),
            ("specificConnectedOrganizationUsers", json!([
                {"@odata.type": "#microsoft.graph.connectedOrganizationMembers", "connectedOrganizationId": ID}])),
            ("allDirectoryAgentIdentities", json!([])),
        ]);
        let stages: Vec<Json> = (0..=self.roll(3)).map(|_| self.stage()).collect();
        let questions: Vec<Json> = (0..self.roll(3)).map(|_| self.question()).collect();
        json!({
            "displayName": "All",
            "description": self.pick(&[json!("d"), Json::Null]),
            "accessPackage": {"id": ID},
            "allowedTargetScope": scope.0,
            "specificAllowedTargets": scope.1,
            "expiration": self.pick(&[
                Json::Null,
                json!({"type": "notSpecified"}),
                json!({"type": "noExpiration"}),
                json!({"type": "afterDuration", "duration": "PT36H"}),
                json!({"type": "AfterDuration", "duration": "P365D"}),
                json!({"type": "afterDateTime", "endDateTime": "2096-09-23T01:02:03Z"}),
            ]),
            "requestorSettings": {
                "enableTargetsToSelfAddAccess": self.flag(),
                "enableTargetsToSelfUpdateAccess": self.flag(),
                "enableTargetsToSelfRemoveAccess": self.flag(),
                "allowCustomAssignmentSchedule": self.flag(),
                "enableOnBehalfRequestorsToAddAccess": self.flag(),
                "onBehalfRequestors": self.approvers(0),
            },
            "requestApprovalSettings": {
                "isApprovalRequiredForAdd": self.flag(),
                "isApprovalRequiredForUpdate": self.flag(),
                "isRequestorJustificationRequired": self.flag(),
                "stages": stages,
            },
            "reviewSettings": self.pick(&[Json::Null, json!({
                "isEnabled": true, "expirationBehavior": "removeAccess", "isSelfReview": false,
                "schedule": {"startDateTime": "2026-01-02T03:04:05Z",
                    "expiration": {"type": "afterDuration", "duration": "P25D"},
                    "recurrence": {"pattern": {"type": "absoluteMonthly", "interval": 2, "dayOfMonth": 7},
                        "range": {"type": "noEnd", "startDate": "2026-01-02"}}},
                "primaryReviewers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": ID}],
            })]),
            "notificationSettings": self.pick(&[Json::Null, json!({"isAssignmentNotificationDisabled": true})]),
            "automaticRequestSettings": self.pick(&[Json::Null, json!({"requestAccessForAllowedTargets": true,
                "gracePeriodBeforeAccessRemoval": "P3D"})]),
            "questions": questions,
            "customExtensionStageSettings": self.pick(&[json!([]), json!([
                {"stage": "assignmentRequestCreated", "customExtension": {"id": OTHER}}])]),
        })
    }
}

#[test]
fn a_policy_survives_being_written_back_by_either_version() {
    let mut dice = Dice(31);
    for _ in 0..300 {
        let policy = read_fresh(Version::V1, &dice.policy());

        // OM-1, OM-2: whatever reads it and writes it back unchanged changes nothing.
        assert_eq!(written_back(Version::V1, &policy), policy);
        let by_beta = written_back(Version::Beta, &policy);
        assert_eq!(
            by_beta,
            policy,
            "shown as {}",
            whole(Version::Beta, &policy)
        );
        assert_eq!(whole(Version::V1, &by_beta), whole(Version::V1, &policy));
    }
}

#[test]
fn a_policy_that_beta_made_survives_v1() {
    let mut dice = Dice(77);
    for _ in 0..100 {
        let shown = whole(Version::Beta, &read_fresh(Version::V1, &dice.policy()));
        let mut body = shown;
        body["customExtensionHandlers"] =
            json!([{"stage": "assignmentRequestCreated", "customExtension": {"id": ID}}]);
        body["verifiableCredentialSettings"] =
            json!({"credentialTypes": [{"credentialType": "x"}]});
        let policy = read_fresh(Version::Beta, &body);

        let by_v1 = written_back(Version::V1, &policy);

        assert_eq!(by_v1, policy);
        assert_eq!(whole(Version::Beta, &by_v1), whole(Version::Beta, &policy));
    }
}

#[test]
fn beta_changes_what_it_can_say_and_keeps_the_rest() {
    let stored = read_fresh(
        Version::V1,
        &json!({
            "displayName": "x", "allowedTargetScope": "allMemberUsers",
            "requestorSettings": {"enableTargetsToSelfAddAccess": true, "allowCustomAssignmentSchedule": true},
            "expiration": {"type": "afterDuration", "duration": "PT36H"},
            "automaticRequestSettings": {"requestAccessForAllowedTargets": true},
        }),
    );
    let mut body = whole(Version::Beta, &stored);
    assert_eq!(body["durationInDays"], 2);
    body["durationInDays"] = json!(30);
    body["canExtend"] = json!(true);
    body["requestorSettings"]["acceptRequests"] = json!(false);

    let changed = read(Version::Beta, &body, Some(&stored.settings), &mut ids()).unwrap();

    let v1 = whole(Version::V1, &changed);
    assert_eq!(
        v1["expiration"],
        json!({"endDateTime": null, "duration": "P30D", "type": "afterDuration"})
    );
    assert_eq!(
        v1["requestorSettings"]["enableTargetsToSelfAddAccess"],
        false
    );
    assert_eq!(
        v1["requestorSettings"]["enableTargetsToSelfUpdateAccess"],
        true
    );
    assert_eq!(
        v1["requestorSettings"]["allowCustomAssignmentSchedule"],
        true
    );
    assert_eq!(
        v1["automaticRequestSettings"]["requestAccessForAllowedTargets"],
        true
    );
    assert!(changed.can_extend);
}

#[test]
fn a_bare_beta_policy_reads_back_as_clients_expect() {
    let policy = read_fresh(
        Version::Beta,
        &json!({"accessPackageId": ID, "displayName": "x"}),
    );

    let shown = whole(Version::Beta, &policy);

    assert_eq!(
        shown["requestorSettings"],
        json!({"scopeType": "NoSubjects", "acceptRequests": false, "allowedRequestors": []})
    );
    assert_eq!(
        shown["requestApprovalSettings"]["approvalStages"],
        json!([])
    );
    assert_eq!(
        shown["requestApprovalSettings"]["approvalMode"],
        "NoApproval"
    );
    assert_eq!(shown["accessReviewSettings"], Json::Null);
    assert_eq!(shown["questions"], json!([]));
    assert_eq!(
        (&shown["durationInDays"], &shown["expirationDateTime"]),
        (&json!(0), &Json::Null)
    );
    let v1 = whole(Version::V1, &policy);
    assert_eq!(
        v1["requestorSettings"]["enableTargetsToSelfRemoveAccess"],
        true
    );
    assert_eq!(v1["specificAllowedTargets"], json!([]));
    assert_eq!(v1["expiration"]["type"], "noExpiration");
}

#[test]
fn what_terraform_writes_comes_back_as_it_was() {
    let body = json!({
        "accessPackageId": ID, "displayName": "x", "description": "d", "canExtend": true,
        "expirationDateTime": "2096-09-23T01:02:03Z", "durationInDays": 0,
        "requestorSettings": {"scopeType": "SpecificDirectorySubjects", "acceptRequests": true, "allowedRequestors": [
            {"@odata.type": "#microsoft.graph.groupMembers", "isBackup": false, "id": OTHER},
            {"@odata.type": "#microsoft.graph.singleUser", "isBackup": false, "id": ID}]},
        "requestApprovalSettings": {"isApprovalRequired": true, "isApprovalRequiredForExtension": false,
            "isRequestorJustificationRequired": true, "approvalMode": "Serial", "approvalStages": [{
                "approvalStageTimeOutInDays": 14, "isApproverJustificationRequired": true,
                "isEscalationEnabled": true, "escalationTimeInMinutes": 11520,
                "primaryApprovers": [{"@odata.type": "#microsoft.graph.groupMembers", "isBackup": true, "id": OTHER},
                    {"@odata.type": "#microsoft.graph.singleUser", "isBackup": false, "id": ID}],
                "escalationApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "isBackup": false, "id": ID}]}]},
        "accessReviewSettings": {"isEnabled": true, "recurrenceType": "halfyearly", "reviewerType": "Self",
            "startDateTime": "2026-01-02T03:04:05Z", "durationInDays": 25, "reviewers": [],
            "isAccessRecommendationEnabled": true, "isApprovalJustificationRequired": false,
            "accessReviewTimeoutBehavior": "keepAccess"},
        "questions": [{"@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion", "isRequired": true,
            "sequence": 1, "allowsMultipleSelection": false,
            "text": {"defaultText": "Why?", "localizedTexts": [{"languageCode": "de", "text": "Warum?"}]},
            "choices": [{"actualValue": "a", "displayValue": {"defaultText": "A", "localizedTexts": []}}]}],
    });

    let shown = whole(Version::Beta, &read_fresh(Version::Beta, &body));

    assert_eq!(shown["expirationDateTime"], "2096-09-23T01:02:03Z");
    assert_eq!(shown["durationInDays"], 0);
    let kinds = |list: &Json| -> Vec<(Json, Json)> {
        let sets = list.as_array().unwrap();
        sets.iter()
            .map(|set| (set["id"].clone(), set["isBackup"].clone()))
            .collect()
    };
    assert_eq!(
        kinds(&shown["requestorSettings"]["allowedRequestors"]),
        [(json!(OTHER), json!(false)), (json!(ID), json!(false))]
    );
    let stage = &shown["requestApprovalSettings"]["approvalStages"][0];
    assert_eq!(
        (
            &stage["approvalStageTimeOutInDays"],
            &stage["escalationTimeInMinutes"]
        ),
        (&json!(14), &json!(11520))
    );
    assert_eq!(
        shown["requestApprovalSettings"]["approvalMode"],
        "SingleStage"
    );
    for name in [
        "isEnabled",
        "recurrenceType",
        "reviewerType",
        "startDateTime",
        "durationInDays",
        "accessReviewTimeoutBehavior",
    ] {
        assert_eq!(
            shown["accessReviewSettings"][name], body["accessReviewSettings"][name],
            "{name}"
        );
    }
    let question = &shown["questions"][0];
    assert_eq!(question["text"], body["questions"][0]["text"]);
    assert_eq!(question["choices"], body["questions"][0]["choices"]);
    assert!(question["id"].is_string());
}

#[test]
fn order_of_approvers_is_kept_and_backups_stand_behind() {
    let set = |id: &str, is_backup: bool| json!({"@odata.type": "#microsoft.graph.singleUser", "id": id, "isBackup": is_backup});
    let body = json!({"displayName": "x", "requestApprovalSettings": {"isApprovalRequired": true, "approvalStages": [{
        "primaryApprovers": [set(OTHER, false), set(ID, false), set(OTHER, true)]}]}});

    let policy = read_fresh(Version::Beta, &body);

    let v1 = whole(Version::V1, &policy);
    let stage = &v1["requestApprovalSettings"]["stages"][0];
    assert_eq!(stage["primaryApprovers"][0]["userId"], OTHER);
    assert_eq!(stage["primaryApprovers"][1]["userId"], ID);
    assert_eq!(stage["fallbackPrimaryApprovers"][0]["userId"], OTHER);
    assert_eq!(stage["durationBeforeAutomaticDenial"], "P14D", "AP-5");
    assert_eq!(stage["durationBeforeEscalation"], "PT0S");
}

#[test]
fn parallel_stages_are_one_stage() {
    let stage = |id: &str| json!({"primaryApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "id": id}]});
    let body = json!({"displayName": "x", "requestApprovalSettings": {"isApprovalRequired": true,
        "approvalMode": "Parallel", "approvalStages": [stage(ID), stage(OTHER), stage(ID), stage(OTHER)]}});

    let policy = read_fresh(Version::Beta, &body);

    let stages = policy.settings["requestApprovalSettings"]["stages"]
        .as_array()
        .unwrap();
    assert_eq!(stages.len(), 1, "AP-2");
    assert_eq!(stages[0]["primaryApprovers"].as_array().unwrap().len(), 4);
}

#[test]
fn scopes_have_a_name_in_each_version() {
    for (v1, beta) in [
        ("notSpecified", "NoSubjects"),
        ("allDirectoryUsers", "AllExistingDirectorySubjects"),
        ("allExternalUsers", "AllExternalSubjects"),
        // PO-1
        ("allDirectoryAgentIdentities", "AllDirectoryAgentIdentities"),
    ] {
        assert_eq!(super::scope_to_beta(v1), beta);
        assert_eq!(super::scope_from_beta(&beta.to_lowercase()), Some(v1));
    }
    assert_eq!(
        super::scope_from_beta("AllExistingConnectedOrganizationSubjects"),
        Some("allConfiguredConnectedOrganizationUsers")
    );
    assert_eq!(super::scope_from_beta("Everybody"), None);
}

fn with(name: &str, value: Json) -> Json {
    let mut body = json!({"displayName": "x"});
    body[name] = value;
    body
}

#[test]
fn refusals_name_the_place_in_the_words_of_the_version() {
    let stage = |stage: Json| {
        json!({"isApprovalRequiredForAdd": true, "isApprovalRequired": true,
        "stages": [stage.clone()], "approvalStages": [stage]})
    };
    let user = json!([{"@odata.type": "#microsoft.graph.singleUser", "userId": ID}]);
    for (version, body, target) in [
        (Version::V1, json!({}), "displayName"),
        (Version::V1, json!([]), ""),
        (
            Version::V1,
            with("allowedTargetScope", json!("everybody")),
            "allowedTargetScope",
        ),
        (
            Version::Beta,
            with("requestorSettings", json!({"scopeType": "x"})),
            "requestorSettings/scopeType",
        ),
        (
            Version::V1,
            with("specificAllowedTargets", user.clone()),
            "specificAllowedTargets/0",
        ),
        (
            Version::Beta,
            with("requestorSettings", json!({"allowedRequestors": user})),
            "requestorSettings/allowedRequestors/0",
        ),
        (
            Version::V1,
            with(
                "requestApprovalSettings",
                stage(json!({"durationBeforeAutomaticDenial": "1 day, 0:00:00"})),
            ),
            "requestApprovalSettings/stages/0/durationBeforeAutomaticDenial",
        ),
        (
            Version::V1,
            with("requestApprovalSettings", stage(json!({}))),
            "requestApprovalSettings/stages/0/primaryApprovers",
        ),
        (
            Version::V1,
            with(
                "requestApprovalSettings",
                json!({"isApprovalRequiredForAdd": true}),
            ),
            "requestApprovalSettings/stages",
        ),
        (
            Version::Beta,
            with(
                "requestApprovalSettings",
                stage(json!({"approvalStageTimeOutInDays": 0})),
            ),
            "requestApprovalSettings/approvalStages/0/approvalStageTimeOutInDays",
        ),
        (
            Version::Beta,
            with(
                "requestApprovalSettings",
                stage(json!({"primaryApprovers": [{"@odata.type": "#microsoft.graph.nobody"}]})),
            ),
            "requestApprovalSettings/approvalStages/0/primaryApprovers/0/@odata.type",
        ),
        (
            Version::Beta,
            with(
                "requestApprovalSettings",
                stage(
                    json!({"isEscalationEnabled": true, "escalationTimeInMinutes": 5,
            "primaryApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "id": ID}]}),
                ),
            ),
            "requestApprovalSettings/approvalStages/0/escalationTimeInMinutes",
        ),
    ] {
        assert_eq!(refused(version, &body).0, target, "{body}");
    }
}

#[test]
fn expirations_and_questions_are_refused_by_name() {
    for (version, body, target) in [
        (
            Version::V1,
            with("expiration", json!({"type": "afterDuration"})),
            "expiration/duration",
        ),
        (
            Version::V1,
            with(
                "expiration",
                json!({"type": "afterDuration", "duration": "P1Y"}),
            ),
            "expiration/duration",
        ),
        (
            Version::Beta,
            with("durationInDays", json!(-1)),
            "durationInDays",
        ),
        (
            Version::Beta,
            with("expirationDateTime", json!("2026-01-02")),
            "expirationDateTime",
        ),
        (
            Version::V1,
            with("questions", json!([{"text": 1}])),
            "questions/0/text",
        ),
        (
            Version::V1,
            with("questions", Json::Array(vec![json!({"text": "x"}); 21])),
            "questions",
        ),
        (
            Version::V1,
            with(
                "customExtensionStageSettings",
                json!([{"stage": "assignmentRequestCreated"}]),
            ),
            "customExtensionStageSettings/0/customExtension/id",
        ),
    ] {
        assert_eq!(refused(version, &body).0, target, "{body}");
    }
}

#[test]
fn answers_show_their_question_in_the_version_that_is_spoken() {
    let stored = json!({"@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": "x",
        "answeredQuestion": {"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "id": ID, "text": "Why?"}});

    assert_eq!(super::answer(Version::V1, stored.clone()), stored);
    let beta = super::answer(Version::Beta, stored);
    assert_eq!(
        beta["answeredQuestion"]["text"],
        json!({"defaultText": "Why?", "localizedTexts": []})
    );
}

#[test]
fn only_an_explicit_refusal_of_beta_stops_direct_assignment() {
    let silent = json!({"displayName": "x"});
    let saying = |accepts: bool| json!({"displayName": "x", "requestorSettings": {"acceptRequests": accepts}});

    let policy = read_fresh(Version::Beta, &silent);
    assert_eq!(policy.settings["beta"], json!({}), "RQ-12");
    assert_eq!(
        written_back(Version::Beta, &policy).settings["beta"],
        json!({})
    );

    let closed = read_fresh(Version::Beta, &saying(false));
    assert_eq!(closed.settings["beta"], json!({"acceptRequests": false}));
    assert_eq!(written_back(Version::V1, &closed), closed);
    let open = read(
        Version::Beta,
        &saying(true),
        Some(&closed.settings),
        &mut ids(),
    )
    .unwrap();
    assert_eq!(open.settings["beta"], json!({}));
}
