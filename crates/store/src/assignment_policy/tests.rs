use domain::extension::Stage;
use domain::policy::{AnswerKind, AutomaticSettings, Expiration, RequestorSettings};
use domain::subject_set::SubjectSet;
use domain::time::{Duration, Timestamp};

use super::parse;

const USER: &str = "ae79f266-94d4-4dab-b730-feca7e132178";
const GROUP: &str = "44272f93-9762-48e8-af59-1b5351b1d6b3";

#[test]
fn an_empty_document_lets_nobody_ask_and_never_expires() {
    for empty in [
        r#"{"v":1}"#,
        r#"{"v":1,"expiration":null,"requestorSettings":null,"requestApprovalSettings":null,"questions":null}"#,
    ] {
        let settings = parse(empty).unwrap();

        assert_eq!(settings.expiration, Expiration::Never);
        assert_eq!(settings.requestors, RequestorSettings::default());
        assert!(!settings.approval.required_for_add);
        assert_eq!(settings.automatic, None);
    }
}

#[test]
fn a_full_document_is_read_whole() {
    let document = format!(
        r##"{{"v":1,
        "specificAllowedTargets":[
            {{"@odata.type":"#microsoft.graph.singleUser","userId":"{USER}","description":"x"}},
            {{"@odata.type":"microsoft.graph.groupMembers","groupId":"{GROUP}"}}],
        "expiration":{{"type":"afterDuration","duration":"P30D","endDateTime":null}},
        "requestorSettings":{{"enableTargetsToSelfAddAccess":true,"enableTargetsToSelfRemoveAccess":false,
            "allowCustomAssignmentSchedule":true,"enableOnBehalfRequestorsToAddAccess":true,
            "onBehalfRequestors":[{{"@odata.type":"#microsoft.graph.requestorManager"}}]}},
        "requestApprovalSettings":{{"isApprovalRequiredForAdd":true,"isRequestorJustificationRequired":true,
            "stages":[{{"durationBeforeAutomaticDenial":"P7D","isApproverJustificationRequired":true,
                "isEscalationEnabled":true,"durationBeforeEscalation":"P2D",
                "primaryApprovers":[{{"@odata.type":"#microsoft.graph.targetManager","managerLevel":2}}],
                "fallbackPrimaryApprovers":[{{"@odata.type":"#microsoft.graph.internalSponsors"}}],
                "escalationApprovers":null}}]}},
        "notificationSettings":{{"isAssignmentNotificationDisabled":true}},
        "questions":[
            {{"@odata.type":"#microsoft.graph.accessPackageTextInputQuestion","id":"{GROUP}","text":"Why?",
              "isRequired":true,"isAnswerEditable":true,"sequence":3,"regexPattern":"[a-z]+"}},
            {{"@odata.type":"#microsoft.graph.accessPackageMultipleChoiceQuestion","text":"Where?",
              "isMultipleSelectionAllowed":true,"choices":[{{"actualValue":"x"}},{{"actualValue":"y"}}]}}],
        "reviewSettings":{{"isEnabled":true}},"beta":{{}}}}"##
    );

    let settings = parse(&document).unwrap();

    assert_eq!(
        settings.targets,
        [
            SubjectSet::SingleUser(USER.parse().unwrap()),
            SubjectSet::GroupMembers(GROUP.parse().unwrap())
        ]
    );
    assert_eq!(
        settings.expiration,
        Expiration::After(Duration::from_days(30))
    );
    assert!(settings.requestors.self_add && settings.requestors.custom_schedule);
    assert!(!settings.requestors.self_remove);
    assert_eq!(
        settings.requestors.on_behalf_requestors,
        [SubjectSet::RequestorManager { level: 1 }]
    );
    assert!(settings.approval.required_for_add && !settings.approval.required_for_update);
    let stage = &settings.approval.stages[0];
    assert_eq!(stage.lasts_for, Duration::from_days(7));
    assert_eq!(stage.escalates_after, Some(Duration::from_days(2)));
    assert_eq!(stage.primary, [SubjectSet::TargetManager { level: 2 }]);
    assert_eq!(stage.fallback_primary, [SubjectSet::InternalSponsors]);
    assert!(settings.notifications_disabled);
    let [text, choice] = settings.questions.as_slice() else {
        panic!("two questions are expected");
    };
    assert_eq!(text.id, Some(GROUP.parse().unwrap()));
    assert_eq!((text.sequence, choice.sequence), (3, 1));
    assert_eq!(
        text.answer,
        AnswerKind::Text {
            pattern: Some("[a-z]+".to_owned())
        }
    );
    assert_eq!(
        choice.answer,
        AnswerKind::Choice {
            values: vec!["x".to_owned(), "y".to_owned()],
            multiple: true
        }
    );
}

#[test]
fn expirations_are_read_by_type_and_by_member() {
    let end = Timestamp::parse("2096-09-23T01:02:03Z").unwrap();
    for (pattern, expected) in [
        (
            r#"{"type":"AfterDateTime","endDateTime":"2096-09-23T01:02:03Z"}"#,
            Expiration::At(end),
        ),
        (
            r#"{"endDateTime":"2096-09-23T01:02:03Z"}"#,
            Expiration::At(end),
        ),
        (
            r#"{"type":"notSpecified","duration":"PT8H"}"#,
            Expiration::After(Duration::from_minutes(480)),
        ),
        (
            r#"{"type":"noExpiration","duration":"PT8H"}"#,
            Expiration::Never,
        ),
    ] {
        let document = format!(r#"{{"expiration":{pattern}}}"#);
        assert_eq!(parse(&document).unwrap().expiration, expected, "{pattern}");
    }
}

#[test]
fn a_stage_that_says_nothing_lasts_fourteen_days_ap_5() {
    let settings = parse(r#"{"requestApprovalSettings":{"stages":[{}]}}"#).unwrap();

    assert_eq!(
        settings.approval.stages[0].lasts_for,
        Duration::from_days(14)
    );
    assert_eq!(settings.approval.stages[0].escalates_after, None);
}

#[test]
fn settings_that_need_an_engine_of_their_own_are_recognised() {
    let not_quite =
        parse(r#"{"automaticRequestSettings":{"requestAccessForAllowedTargets":false}}"#).unwrap();
    assert_eq!(not_quite.automatic, None);
    let automatic =
        parse(r#"{"automaticRequestSettings":{"requestAccessForAllowedTargets":true}}"#).unwrap();
    let verified = parse(r#"{"verifiableCredentialSettings":{"credentialTypes":[{}]}}"#).unwrap();
    let none = parse(
        r#"{"customExtensionStageSettings":[],"verifiableCredentialSettings":{"credentialTypes":[]}}"#,
    )
    .unwrap();

    assert_eq!(
        automatic.automatic,
        Some(AutomaticSettings {
            adds: true,
            removes: true,
            grace: None,
        })
    );
    assert!(verified.needs_verified_credentials);
    assert!(none.extensions.is_empty() && !none.needs_verified_credentials);
}

#[test]
fn both_ways_of_naming_extensions_are_read_om_1() {
    let id = "ae79f266-94d4-4dab-b730-feca7e132178";
    let document = format!(
        r#"{{"customExtensionStageSettings":[{{"id":"{id}","stage":"AssignmentRequestCreated","customExtension":{{"id":"{id}"}}}}],
            "beta":{{"customExtensionHandlers":[{{"stage":"assignmentRequestGranted","customExtension":{{"id":"{id}"}}}}]}}}}"#
    );

    let extensions = parse(&document).unwrap().extensions;

    assert_eq!(
        extensions
            .iter()
            .map(|one| (one.stage, one.is_handler, one.id.is_some()))
            .collect::<Vec<_>>(),
        [
            (Stage::RequestCreated, false, true),
            (Stage::RequestGranted, true, false)
        ]
    );
}

#[test]
fn an_extension_without_stage_or_id_is_refused_by_its_place() {
    for (item, at) in [
        ("{}", "customExtensionHandlers/0/stage"),
        (
            r#"{"stage":"assignmentRequestGranted"}"#,
            "customExtensionHandlers/0/customExtension/id",
        ),
    ] {
        let document = format!(r#"{{"beta":{{"customExtensionHandlers":[{item}]}}}}"#);

        assert_eq!(parse(&document).unwrap_err().target, at);
    }
}

#[test]
fn beta_alone_can_switch_off_direct_assignment_rq_12() {
    let silent = parse(r#"{"requestorSettings":{"enableTargetsToSelfAddAccess":false}}"#).unwrap();
    let off = parse(r#"{"beta":{"acceptRequests":false}}"#).unwrap();

    assert!(silent.requestors.direct_assignment);
    assert!(!off.requestors.direct_assignment);
}

#[test]
fn flaws_are_named_by_their_path() {
    for (document, path) in [
        ("[]", ""),
        ("{", ""),
        (r#"{"specificAllowedTargets":{}}"#, "specificAllowedTargets"),
        (
            r#"{"specificAllowedTargets":[{}]}"#,
            "specificAllowedTargets/0",
        ),
        (
            r##"{"specificAllowedTargets":[{"@odata.type":"#microsoft.graph.user"}]}"##,
            "specificAllowedTargets/0",
        ),
        (
            r##"{"specificAllowedTargets":[{"@odata.type":"#microsoft.graph.singleUser","userId":"x"}]}"##,
            "specificAllowedTargets/0/userId",
        ),
        (r#"{"expiration":{"type":"sometimes"}}"#, "expiration/type"),
        (r#"{"expiration":7}"#, "expiration"),
        (
            r#"{"expiration":{"type":"afterDuration"}}"#,
            "expiration/duration",
        ),
        (
            r#"{"expiration":{"duration":"P1M"}}"#,
            "expiration/duration",
        ),
        (
            r#"{"expiration":{"type":"afterDateTime","endDateTime":"2026-01-02"}}"#,
            "expiration/endDateTime",
        ),
        (
            r#"{"expiration":{"endDateTime":"2096-09-23T01:02:03Z","duration":"P1D"}}"#,
            "expiration",
        ),
        (
            r#"{"requestorSettings":{"enableTargetsToSelfAddAccess":"yes"}}"#,
            "requestorSettings/enableTargetsToSelfAddAccess",
        ),
        (
            r#"{"requestApprovalSettings":{"stages":[{"durationBeforeAutomaticDenial":"1 day, 0:00:00"}]}}"#,
            "requestApprovalSettings/stages/0/durationBeforeAutomaticDenial",
        ),
        (
            r#"{"requestApprovalSettings":{"stages":[null]}}"#,
            "requestApprovalSettings/stages/0",
        ),
        (r#"{"questions":[{"text":"Why?"}]}"#, "questions/0"),
    ] {
        assert_eq!(parse(document).unwrap_err().target, path, "{document}");
    }
}
