//! What the connector remembers of a target, and how little it relies on it.

use connector_api::{
    Applied, Change, Connector, Keys, Object, Operation, Outcome, Presence, Subject, contract,
};
use connector_scim::ScimConnector;
use peers::fake_scim::{FakeScim, Features, Filtering, TOKEN};

use crate::fixture::{config, connector, subject};

const ALICE: &str = "alice@example.com";

struct Setting {
    server: FakeScim,
    connector: ScimConnector,
}

/// A service with two groups, which has no versions of them.
fn setting() -> (Setting, [Object; 2], [String; 2]) {
    let server = FakeScim::start(Features {
        etag: false,
        ..Features::default()
    })
    .unwrap();
    let objects =
        [("Finance", 1), ("Payroll", 2)].map(|(name, number)| contract::object(number, name, None));
    let groups = [0, 1].map(|place: usize| {
        let object: &Object = &objects[place];
        server.add_group(
            &object.resource_display_name,
            Some(&object.resource_origin_id),
        )
    });
    let connector = connector(config(&server.base_url(), TOKEN));
    (Setting { server, connector }, objects, groups)
}

impl Setting {
    async fn apply(
        &self,
        object: &Object,
        operation: Operation,
        subjects: &[Subject],
    ) -> Vec<Outcome> {
        let change = Change {
            object: object.clone(),
            operation,
            subjects: subjects.to_vec(),
        };
        match self.connector.apply(&change).await {
            Applied::Each(each) => each,
            Applied::Whole(whole) => panic!("not each: {whole:?}"),
        }
    }

    /// The requests since the last call of this, by method and path.
    fn requests(&self, seen: &mut usize) -> Vec<String> {
        let all = self.server.requests_seen();
        let new = all[*seen..].iter().map(|request| {
            let path = request.target.split('?').next().unwrap_or_default();
            let path = path.trim_start_matches("/scim/v2");
            format!("{} {path}", request.method)
        });
        let new = new.collect();
        *seen = all.len();
        new
    }
}

fn done(count: usize) -> Vec<Outcome> {
    vec![Outcome::Done { verified: true }; count]
}

#[tokio::test]
async fn who_is_known_is_added_to_a_known_group_in_one_request_for_a_hundred() {
    let (setting, objects, groups) = setting();
    let people: Vec<Subject> = (0..100)
        .map(|n| subject(n, &format!("person{n}")))
        .collect();
    let mut seen = 0;
    // Both groups and everybody become known.
    setting.apply(&objects[0], Operation::Add, &people).await;
    setting
        .apply(&objects[1], Operation::Add, &people[..1])
        .await;
    setting.server.set_members(&groups[1], &[]);
    setting.requests(&mut seen);

    let outcomes = setting.apply(&objects[1], Operation::Add, &people).await;

    assert_eq!(outcomes, done(100));
    let patch = format!("PATCH /Groups/{}", groups[1]);
    assert_eq!(setting.requests(&mut seen), [patch]);
    assert_eq!(setting.server.members_of(&groups[1]).len(), 100);
}

#[tokio::test]
async fn only_who_is_not_known_is_looked_for() {
    let (setting, objects, groups) = setting();
    let (alice, bob) = (subject(0, "alice"), subject(1, "bob"));
    setting.server.add_user("bob@example.com", None);
    setting
        .apply(&objects[0], Operation::Add, std::slice::from_ref(&alice))
        .await;
    let mut seen = 0;
    setting.requests(&mut seen);

    let outcomes = setting
        .apply(&objects[0], Operation::Add, &[bob, alice])
        .await;

    assert_eq!(outcomes, done(2));
    let patch = format!("PATCH /Groups/{}", groups[0]);
    assert_eq!(setting.requests(&mut seen), ["GET /Users", &patch]);
    assert_eq!(
        setting.server.members_of(&groups[0]),
        [ALICE, "bob@example.com"]
    );
}

#[tokio::test]
async fn a_user_who_was_made_anew_is_found_again_when_the_target_refuses_the_old_id() {
    let (setting, objects, groups) = setting();
    let alice = [subject(0, "alice")];
    setting.apply(&objects[0], Operation::Add, &alice).await;
    setting.server.remove_user(ALICE);
    setting.server.add_user(ALICE, None);

    let outcomes = setting.apply(&objects[1], Operation::Add, &alice).await;

    assert_eq!(outcomes, done(1));
    assert_eq!(setting.server.members_of(&groups[1]), [ALICE]);
    assert_eq!(setting.server.user_count(), 1);
}

#[tokio::test]
async fn a_user_who_is_gone_is_provisioned_again() {
    let (setting, objects, groups) = setting();
    let alice = subject(0, "alice");
    setting
        .apply(&objects[0], Operation::Add, std::slice::from_ref(&alice))
        .await;
    setting.server.remove_user(ALICE);
    // The first thing that is asked of the old id is a change of `active`.
    let disabled = Subject {
        enabled: false,
        ..alice
    };

    let outcomes = setting
        .apply(&objects[1], Operation::Add, &[disabled])
        .await;

    assert_eq!(outcomes, done(1));
    assert_eq!(setting.server.members_of(&groups[1]), [ALICE]);
}

#[tokio::test]
async fn a_group_that_was_made_anew_is_found_again() {
    let (setting, objects, groups) = setting();
    let (alice, bob) = (subject(0, "alice"), subject(1, "bob"));
    setting.apply(&objects[0], Operation::Add, &[alice]).await;
    setting.server.remove_group(&groups[0]);
    let object = &objects[0];
    let anew = setting.server.add_group(
        &object.resource_display_name,
        Some(&object.resource_origin_id),
    );

    let outcomes = setting.apply(object, Operation::Add, &[bob]).await;

    assert_eq!(outcomes, done(1));
    assert_eq!(setting.server.members_of(&anew), ["bob@example.com"]);
}

#[tokio::test]
async fn access_is_taken_from_who_it_is_now_and_not_from_who_it_was() {
    let (setting, objects, groups) = setting();
    let alice = [subject(0, "alice")];
    setting.apply(&objects[0], Operation::Add, &alice).await;
    setting.server.remove_user(ALICE);
    setting.server.add_user(ALICE, None);
    // Another server gave the new one access.
    setting.server.set_members(&groups[0], &[ALICE]);

    let outcomes = setting.apply(&objects[0], Operation::Remove, &alice).await;

    assert!(outcomes[0].is_success(), "{outcomes:?}");
    assert_eq!(setting.server.members_of(&groups[0]), [] as [String; 0]);
}

#[tokio::test]
async fn a_look_and_a_listing_ask_the_target_and_correct_what_is_remembered() {
    let (setting, objects, groups) = setting();
    let alice = [subject(0, "alice")];
    setting.apply(&objects[0], Operation::Add, &alice).await;
    setting.server.remove_user(ALICE);
    let anew = setting.server.add_user(ALICE, None);

    let presence = setting.connector.observe(&objects[0], &alice).await;
    let lister = setting.connector.lister().unwrap();
    let keys = lister.keys(&objects[0], &alice).await.unwrap();
    let mut seen = 0;
    setting.requests(&mut seen);
    let outcomes = setting.apply(&objects[0], Operation::Add, &alice).await;

    assert_eq!(presence, Ok(vec![Presence::Absent]));
    let Keys::Known(keys) = &keys[0] else {
        panic!("{keys:?}");
    };
    assert!(keys.contains(&anew), "{keys:?}");
    assert_eq!(outcomes, done(1));
    let patch = format!("PATCH /Groups/{}", groups[0]);
    assert_eq!(setting.requests(&mut seen), [patch]);
}

#[tokio::test]
async fn a_refusal_that_ids_have_nothing_to_do_with_is_not_sent_twice() {
    use peers::fake_scim::{Fault, Rule};

    for status in [403, 429, 503] {
        let (setting, objects, _) = setting();
        let alice = [subject(0, "alice")];
        setting.apply(&objects[0], Operation::Add, &alice).await;
        setting
            .server
            .break_by(Rule::on("PATCH", Fault::Status(status, None)));
        let mut seen = 0;
        setting.requests(&mut seen);

        let outcomes = setting.apply(&objects[0], Operation::Add, &alice).await;

        assert!(!outcomes[0].is_success(), "{outcomes:?}");
        assert_eq!(setting.requests(&mut seen).len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_user_under_another_name_is_another_user() {
    let (setting, objects, groups) = setting();
    let alice = subject(0, "alice");
    setting
        .apply(&objects[0], Operation::Add, std::slice::from_ref(&alice))
        .await;
    let renamed = Subject {
        user_principal_name: "alicia@example.com".to_owned(),
        ..alice
    };
    setting.server.add_user("alicia@example.com", None);

    let outcomes = setting.apply(&objects[1], Operation::Add, &[renamed]).await;

    assert_eq!(outcomes, done(1));
    assert_eq!(
        setting.server.members_of(&groups[1]),
        ["alicia@example.com"]
    );
}

#[tokio::test]
async fn a_target_that_cannot_filter_is_not_read_whole_for_each_change() {
    let server = FakeScim::start(Features {
        etag: false,
        filtering: Filtering::Unsupported,
        ..Features::default()
    })
    .unwrap();
    let object = contract::object(1, "Finance", None);
    server.add_group("Finance", Some(&object.resource_origin_id));
    let setting = Setting {
        connector: connector(config(&server.base_url(), TOKEN)),
        server,
    };
    let alice = [subject(0, "alice")];
    setting.apply(&object, Operation::Add, &alice).await;
    let mut seen = 0;
    setting.requests(&mut seen);

    setting.apply(&object, Operation::Add, &alice).await;

    assert_eq!(setting.requests(&mut seen).len(), 1);
}
