//! Servers that differ from the RFC, or from each other within it.

use connector_api::{
    Applied, Change, Connector, FailureCode, Object, Operation, Outcome, Presence, contract,
};
use connector_scim::{ScimConfig, ScimConnector};
use peers::fake_scim::{FakeScim, Fault, Features, Filtering, PatchAnswer, Rule, TOKEN};

use crate::fixture::{GROUP, config, connector, subject, subjects};

struct Setting {
    server: FakeScim,
    connector: ScimConnector,
    object: Object,
    group: String,
}

fn setting(features: Features) -> Setting {
    setting_with(features, |_| {})
}

fn setting_with(features: Features, adjust: impl FnOnce(&mut ScimConfig)) -> Setting {
    let server = FakeScim::start(features).unwrap();
    let group = server.add_group(GROUP, None);
    let mut config = config(&server.base_url(), TOKEN);
    adjust(&mut config);
    Setting {
        connector: connector(config),
        object: contract::object(1, GROUP, None),
        server,
        group,
    }
}

impl Setting {
    async fn apply(&self, operation: Operation, count: usize) -> Applied {
        self.connector
            .apply(&Change {
                object: self.object.clone(),
                operation,
                subjects: subjects()[..count].to_vec(),
            })
            .await
    }

    fn count(&self, method: &str, path: &str) -> usize {
        let seen = self.server.requests_seen();
        seen.iter()
            .filter(|request| request.method == method && request.target.contains(path))
            .count()
    }
}

fn each(applied: Applied) -> Vec<Outcome> {
    match applied {
        Applied::Each(each) => each,
        Applied::Whole(whole) => panic!("not each: {whole:?}"),
    }
}

#[tokio::test]
async fn many_members_are_one_patch_and_its_answer_is_the_proof() {
    let setting = setting(Features::default());

    let outcomes = each(setting.apply(Operation::Add, 7).await);

    assert_eq!(outcomes, vec![Outcome::Done { verified: true }; 7]);
    assert_eq!(setting.count("PATCH", "/Groups"), 1);
}

#[tokio::test]
async fn a_hundred_members_are_one_patch() {
    let setting = setting(Features::default());
    assert!(setting.connector.limits().max_subjects >= 100);
    let subjects = (0..100)
        .map(|n| subject(n, &format!("person{n}")))
        .collect();

    let change = Change {
        object: setting.object.clone(),
        operation: Operation::Add,
        subjects,
    };

    let outcomes = each(setting.connector.apply(&change).await);

    assert_eq!(outcomes, vec![Outcome::Done { verified: true }; 100]);
    assert_eq!(setting.count("PATCH", "/Groups"), 1);
}

#[tokio::test]
async fn an_answer_without_body_is_no_proof() {
    let setting = setting(Features {
        patch_answer: PatchAnswer::NoContent,
        ..Features::default()
    });

    let outcomes = each(setting.apply(Operation::Add, 1).await);

    assert_eq!(outcomes, [Outcome::Done { verified: false }]);
}

#[tokio::test]
async fn the_service_provider_config_is_read_once_and_again_after_a_failure() {
    let setting = setting(Features::default());
    for _ in 0..3 {
        setting.apply(Operation::Add, 1).await;
    }
    assert_eq!(setting.count("GET", "/ServiceProviderConfig"), 1);

    setting
        .server
        .break_by(Rule::on("PATCH", Fault::Status(500, None)).times(1));
    setting.apply(Operation::Add, 1).await;
    setting.apply(Operation::Add, 1).await;

    assert_eq!(setting.count("GET", "/ServiceProviderConfig"), 2);
}

#[tokio::test]
async fn a_group_changed_in_between_is_a_retry() {
    let setting = setting(Features::default());
    setting
        .server
        .break_by(Rule::on("PATCH", Fault::Status(412, None)).times(1));

    let applied = setting.apply(Operation::Add, 1).await;

    assert!(matches!(&each(applied)[0], Outcome::Retry { .. }));
}

/// The version that the last PATCH expected.
fn expected_version(setting: &Setting) -> Option<String> {
    let seen = setting.server.requests_seen();
    let patch = seen.into_iter().rfind(|request| request.method == "PATCH");
    patch.unwrap().if_match
}

#[tokio::test]
async fn each_change_expects_the_version_that_was_just_read() {
    let mut setting = setting(Features::default());
    assert!(each(setting.apply(Operation::Add, 1).await)[0].is_success());
    let first = expected_version(&setting);
    setting.server.set_members(&setting.group, &[]);

    // By address the version is asked for on its own.
    setting.object.address = Some(setting.group.clone());
    let outcomes = each(setting.apply(Operation::Add, 1).await);

    assert_eq!(outcomes, [Outcome::Done { verified: true }]);
    assert_eq!(first.as_deref(), Some("W/\"1\""));
    assert_eq!(expected_version(&setting).as_deref(), Some("W/\"3\""));
}

#[tokio::test]
async fn a_target_without_versions_is_sent_none() {
    let setting = setting(Features {
        etag: false,
        ..Features::default()
    });

    setting.apply(Operation::Add, 1).await;

    assert_eq!(expected_version(&setting), None);
}

#[tokio::test]
async fn a_group_that_belongs_to_another_resource_is_not_taken_by_its_name() {
    let setting = setting_with(Features::default(), |config| config.create_groups = false);
    let object = contract::object(1, "Sales", None);
    setting.server.add_group("Sales", Some("another resource"));

    let observed = setting.connector.observe(&object, &subjects()[..1]).await;

    let reason = observed.unwrap_err().reason().unwrap().clone();
    assert_eq!(reason.code, FailureCode::ResourceNotFoundInOriginSystem);
}

#[tokio::test]
async fn a_missing_group_is_created_once_and_holds_nobody_before() {
    let mut setting = setting(Features::default());
    setting.object = contract::object(5, "Marketing", None);
    let nobody = setting
        .connector
        .observe(&setting.object, &subjects()[..1])
        .await;
    let removed = setting.apply(Operation::Remove, 1).await;
    assert_eq!(nobody, Ok(vec![Presence::Absent]));
    assert_eq!(removed, Applied::Whole(Outcome::AlreadySo));
    assert!(setting.server.groups_named("Marketing").is_empty());

    for _ in 0..2 {
        assert!(each(setting.apply(Operation::Add, 2).await)[0].is_success());
    }

    let groups = setting.server.groups_named("Marketing");
    assert_eq!(groups.len(), 1);
    assert_eq!(setting.server.members_of(&groups[0]).len(), 2);
}

#[tokio::test]
async fn a_target_that_cannot_filter_is_read_up_to_the_cap_and_no_further() {
    let setting = setting_with(
        Features {
            filtering: Filtering::Unsupported,
            page_size: 10,
            ..Features::default()
        },
        |config| config.scan_cap = 30,
    );
    for number in 0..100 {
        setting
            .server
            .add_user(&format!("user{number}@example.com"), None);
    }

    let outcomes = each(setting.apply(Operation::Add, 1).await);

    let reason = outcomes[0].reason().unwrap();
    assert!(
        reason.message.contains("of its 100 resources only 30"),
        "{reason:?}"
    );
    assert_eq!(setting.count("GET", "/Users"), 3);
    assert_eq!(setting.count("POST", "/Users"), 0);
}

#[tokio::test]
async fn two_users_of_one_name_are_nobody_to_be_sure_of() {
    let setting = setting(Features::default());
    let name = subject(0, "alice").user_principal_name;
    setting.server.add_user(&name, None);
    setting.server.add_user(&name.to_uppercase(), None);

    let outcomes = each(setting.apply(Operation::Add, 2).await);

    assert!(
        matches!(outcomes[0], Outcome::Refused { .. }),
        "{outcomes:?}"
    );
    assert!(outcomes[1].is_success(), "{outcomes:?}");
}

#[tokio::test]
async fn a_target_without_patch_is_refused_with_a_reason() {
    let setting = setting(Features {
        patch_answer: PatchAnswer::NotSupported,
        ..Features::default()
    });

    let outcomes = each(setting.apply(Operation::Add, 1).await);

    assert!(
        outcomes[0].reason().unwrap().message.contains("PATCH"),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn ids_and_names_with_odd_characters_reach_the_server_whole() {
    let setting = setting(Features::default());
    let mut odd = subject(7, "o'hara \"the\" \\ 100% & more #1?");
    odd.mail = None;
    let object = contract::object(6, "R&D \"50%\" / Löhne", None);

    let change = Change {
        object: object.clone(),
        operation: Operation::Add,
        subjects: vec![odd.clone()],
    };
    let outcomes = each(setting.connector.apply(&change).await);
    let observed = setting.connector.observe(&object, &[odd]).await;

    assert!(outcomes[0].is_success(), "{outcomes:?}");
    assert_eq!(observed, Ok(vec![Presence::Present]));
    assert_eq!(setting.server.user_count(), 1);
}
