//! Assignment policies.

use auth::principal::DirectoryRole;
use auth::roles::EmRole;
use domain::assignment;
use domain::assignment_request::State;
use domain::directory::GroupChanges;
use domain::id::{AccessPackageId, PolicyId};
use domain::policy::{Expiration, PolicyDraft, TargetScope};
use domain::subject_set::SubjectSet;
use domain::time::{Duration, Timestamp};
use service::{Code, policies};
use store::assignment_policy::{self, AssignmentPolicy};

use crate::support::{World, app, as_user, as_user_in, code, object, refusal};

fn draft(package: Option<AccessPackageId>, scope: TargetScope, settings: &str) -> PolicyDraft {
    PolicyDraft {
        access_package_id: package,
        display_name: "Everybody".to_owned(),
        description: None,
        allowed_target_scope: scope,
        can_extend: true,
        settings_json: settings.to_owned(),
    }
}

impl World {
    /// A policy for direct assignment.
    pub(crate) async fn direct_policy(&self, package: AccessPackageId) -> PolicyId {
        let wanted = draft(Some(package), TargetScope::NotSpecified, r#"{"v":1}"#);
        policies::create(&self.service, &app(), wanted)
            .await
            .unwrap()
    }

    pub(crate) fn policy_row(&self, id: PolicyId) -> Option<AssignmentPolicy> {
        self.service
            .store
            .read_blocking(move |tx| assignment_policy::find(tx, id))
            .unwrap()
    }
}

async fn package(world: &World) -> AccessPackageId {
    let catalog = world.catalog("Finance").await;
    world.package(catalog, "Books").await
}

#[tokio::test]
async fn a_policy_is_created_and_read_back_by_the_rules() {
    let world = World::new();
    let package = package(&world).await;
    let alice = world.user(1, "alice");
    let group = world.group(2, "Accountants", GroupChanges::default());
    let settings = format!(
        r##"{{"v":1,
        "specificAllowedTargets":[{{"@odata.type":"#microsoft.graph.groupMembers","groupId":"{group}"}}],
        "expiration":{{"type":"afterDuration","duration":"P30D"}},
        "requestorSettings":{{"enableTargetsToSelfAddAccess":true}},
        "requestApprovalSettings":{{"isApprovalRequiredForAdd":true,"stages":[
            {{"primaryApprovers":[{{"@odata.type":"#microsoft.graph.singleUser","userId":"{alice}"}}]}}]}}}}"##
    );

    let wanted = draft(
        Some(package),
        TargetScope::SpecificDirectoryUsers,
        &settings,
    );
    let id = policies::create(&world.service, &app(), wanted)
        .await
        .unwrap();

    let policies = world
        .service
        .store
        .read_blocking(move |tx| assignment_policy::of_package(tx, package))
        .unwrap();
    assert_eq!(policies.len(), 1);
    let policy = &policies[0];
    assert_eq!(policy.id, id);
    assert_eq!(policy.scope, TargetScope::SpecificDirectoryUsers);
    assert_eq!(policy.settings.targets, [SubjectSet::GroupMembers(group)]);
    assert_eq!(
        policy.settings.expiration,
        Expiration::After(Duration::from_days(30))
    );
    assert_eq!(
        policy.settings.approval.stages[0].primary,
        [SubjectSet::SingleUser(alice)]
    );
    assert!(policy.can_extend && policy.is_requestable());
}

#[tokio::test]
async fn questions_get_ids_and_keep_the_ones_they_have() {
    let world = World::new();
    let package = package(&world).await;
    let known = object(7).to_string();
    let settings = format!(
        r##"{{"v":1,"questions":[
        {{"@odata.type":"#microsoft.graph.accessPackageTextInputQuestion","id":"{known}","text":"Why?"}},
        {{"@odata.type":"#microsoft.graph.accessPackageTextInputQuestion","id":null,"text":"Since when?"}}]}}"##
    );

    let wanted = draft(Some(package), TargetScope::AllMemberUsers, &settings);
    let id = policies::create(&world.service, &app(), wanted)
        .await
        .unwrap();

    let policy = world.policy_row(id).unwrap().to_policy().unwrap();
    let ids: Vec<_> = policy
        .settings
        .questions
        .iter()
        .map(|question| question.id.unwrap().to_string())
        .collect();
    assert_eq!(ids[0], known);
    assert_ne!(ids[1], known);
}

#[tokio::test]
async fn whoever_a_policy_names_has_to_exist() {
    let world = World::new();
    let package = package(&world).await;
    let nobody = object(99);
    for (scope, settings, target) in [
        (
            TargetScope::SpecificDirectoryUsers,
            format!(
                r##"{{"specificAllowedTargets":[{{"@odata.type":"#microsoft.graph.singleUser","userId":"{nobody}"}}]}}"##
            ),
            "specificAllowedTargets/0",
        ),
        (
            TargetScope::SpecificDirectoryServicePrincipals,
            format!(
                r##"{{"specificAllowedTargets":[
                {{"@odata.type":"#microsoft.graph.singleServicePrincipal","servicePrincipalId":"{nobody}"}}]}}"##
            ),
            "specificAllowedTargets/0",
        ),
        (
            TargetScope::AllMemberUsers,
            format!(
                r##"{{"requestApprovalSettings":{{"stages":[{{"fallbackPrimaryApprovers":[
                {{"@odata.type":"#microsoft.graph.groupMembers","groupId":"{nobody}"}}]}}]}}}}"##
            ),
            "requestApprovalSettings/stages/0/fallbackPrimaryApprovers/0",
        ),
    ] {
        let wanted = draft(Some(package), scope, &settings);
        let outcome = policies::create(&world.service, &app(), wanted).await;
        assert_eq!(
            refusal(outcome),
            (Code::InvalidModel, Some(target.to_owned()))
        );
    }
}

#[tokio::test]
async fn what_breaks_the_rules_is_refused_by_name() {
    let world = World::new();
    let package = package(&world).await;
    for (settings, target) in [
        (
            r#"{"requestApprovalSettings":{"isApprovalRequiredForAdd":true,"stages":[]}}"#,
            "requestApprovalSettings/stages",
        ),
        (
            r#"{"expiration":{"duration":"P1Y"}}"#,
            "expiration/duration",
        ),
        (
            r#"{"expiration":{"type":"afterDateTime","endDateTime":"2020-01-01T00:00:00Z"}}"#,
            "expiration/endDateTime",
        ),
        (
            r#"{"verifiableCredentialSettings":{"credentialTypes":[{"credentialType":"x"}]}}"#,
            "verifiableCredentialSettings",
        ),
        (
            r#"{"automaticRequestSettings":{"requestAccessForAllowedTargets":true}}"#,
            "allowedTargetScope",
        ),
        (
            r#"{"customExtensionStageSettings":[{"stage":"assignmentRequestCreated"}]}"#,
            "customExtensionStageSettings/0/customExtension/id",
        ),
    ] {
        let wanted = draft(Some(package), TargetScope::AllMemberUsers, settings);
        let outcome = policies::create(&world.service, &app(), wanted).await;
        assert_eq!(
            refusal(outcome),
            (Code::InvalidModel, Some(target.to_owned())),
            "{settings}"
        );
    }
    let nowhere = draft(None, TargetScope::AllMemberUsers, "{}");
    assert_eq!(
        refusal(policies::create(&world.service, &app(), nowhere).await),
        (Code::InvalidModel, Some("accessPackage/id".to_owned()))
    );
}

#[tokio::test]
async fn policies_are_managed_in_ones_own_catalog_and_automatic_ones_by_administrators_au_1() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let package = world.package(catalog, "Books").await;
    let alice = world.user(1, "alice");
    let manager = as_user_in(alice, EmRole::AccessPackageManager, catalog);
    let plain = draft(Some(package), TargetScope::AllMemberUsers, "{}");
    let automatic = draft(
        Some(package),
        TargetScope::SpecificDirectoryUsers,
        r#"{"automaticRequestSettings":{"requestAccessForAllowedTargets":true}}"#,
    );
    let create = |ctx, wanted| {
        let service = world.service.clone();
        async move { policies::create(&service, &ctx, wanted).await }
    };

    create(manager.clone(), plain.clone()).await.unwrap();
    assert_eq!(
        code(create(manager, automatic.clone()).await),
        Code::AccessDenied
    );
    let iga = as_user(alice, &[DirectoryRole::IdentityGovernanceAdministrator]);
    assert_eq!(code(create(iga, automatic).await), Code::InvalidModel);
    let reader = as_user_in(alice, EmRole::CatalogReader, catalog);
    assert_eq!(
        code(create(reader, plain.clone()).await),
        Code::AccessDenied
    );
    let stranger = as_user_in(
        alice,
        EmRole::AccessPackageManager,
        world.catalog("Sales").await,
    );
    assert_eq!(code(create(stranger, plain).await), Code::ResourceNotFound);
}

#[tokio::test]
async fn a_policy_is_replaced_whole_and_stays_with_its_package_po_42() {
    let world = World::new();
    let first = package(&world).await;
    let other = package(&world).await;
    let id = world.direct_policy(first).await;
    let past =
        r#"{"v":1,"expiration":{"type":"afterDateTime","endDateTime":"2020-01-01T00:00:00Z"}}"#;
    let stored = policies::stored(&world.service, &app(), id).await.unwrap();
    assert_eq!(stored.access_package_id, first);
    let wanted = PolicyDraft {
        display_name: "Members".to_owned(),
        can_extend: false,
        ..draft(None, TargetScope::AllMemberUsers, past)
    };

    policies::replace(&world.service, &app(), id, wanted.clone(), stored.version)
        .await
        .unwrap();

    let replaced = world.policy_row(id).unwrap();
    assert_eq!(replaced.display_name, "Members");
    assert_eq!(replaced.allowed_target_scope, TargetScope::AllMemberUsers);
    assert_eq!(replaced.access_package_id, first);
    assert_eq!(
        replaced.to_policy().unwrap().settings.expiration,
        Expiration::At(Timestamp::parse("2020-01-01T00:00:00Z").unwrap())
    );
    let stale = policies::replace(&world.service, &app(), id, wanted.clone(), stored.version).await;
    assert_eq!(code(stale), Code::PreconditionFailed);
    let moved = PolicyDraft {
        access_package_id: Some(other),
        ..wanted
    };
    assert_eq!(
        refusal(policies::replace(&world.service, &app(), id, moved, replaced.version).await),
        (Code::InvalidModel, Some("accessPackage/id".to_owned()))
    );
}

#[tokio::test]
async fn a_policy_in_use_stays_po_43() {
    let world = World::new();
    let package = package(&world).await;
    let used = world.direct_policy(package).await;
    let free = world.direct_policy(package).await;
    world.assignment(package, used, 5, assignment::State::Delivered);

    let outcome = policies::delete(&world.service, &app(), used).await;

    assert_eq!(code(outcome), Code::ActiveAssignmentsExist);
    policies::delete(&world.service, &app(), free)
        .await
        .unwrap();
    assert_eq!(
        code(policies::delete(&world.service, &app(), free).await),
        Code::ResourceNotFound
    );
}

#[tokio::test]
async fn a_deleted_policy_leaves_its_requests_and_cancels_the_open_ones_as_20() {
    let world = World::new();
    let package = package(&world).await;
    let id = world.direct_policy(package).await;
    let (_, past) = world.assignment(package, id, 5, assignment::State::Expired);
    let open = world.request(package, id, world.user(6, "asker"), |_| {});
    world.advance(Duration::from_days(1));

    policies::delete(&world.service, &app(), id).await.unwrap();

    let past = world.stored_request(past).unwrap();
    assert_eq!(past.state, State::Delivered);
    assert_eq!(
        (past.assignment_policy_id, past.assignment_id),
        (None, None)
    );
    let open = world.stored_request(open).unwrap();
    assert_eq!(open.state, State::Canceled);
    assert_eq!(open.completed_at, Some(world.service.clock.now()));
}

#[tokio::test]
async fn a_pattern_that_no_answer_can_match_is_refused_qa_2() {
    let world = World::new();
    let package = package(&world).await;
    for pattern in ["(", "[", "(?=x)", "a{1000000}"] {
        let settings = serde_json::json!({"v": 1, "questions": [{
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "text": "Why?", "isRequired": true, "regexPattern": pattern,
        }]});
        let wanted = draft(
            Some(package),
            TargetScope::NotSpecified,
            &settings.to_string(),
        );

        let refused = policies::create(&world.service, &app(), wanted).await;

        let target = Some("questions/0/regexPattern".to_owned());
        assert_eq!(refusal(refused), (Code::InvalidModel, target), "{pattern}");
    }
}
