//! Why somebody can ask for an access package, who would decide, and why somebody has access or not: the explanation says
//! what the call says (RQ-6, RQ-9, AP-1 to AP-9, AZ-21).

use auth::principal::Permission;
use auth::roles::EmRole;
use serde_json::{Value, json};
use testkit::{Client, Package, Plan, TestApp};

use crate::support::{BETA, NOWHERE, V1};

async fn of_request(client: &Client, package: &str) -> testkit::Reply {
    let path = format!("/reeve/v1/explain/request?accessPackage={package}");
    client.get(&path).await
}

/// What the call itself answers to a request that says nothing but what it is for; nothing is kept of it.
async fn called(client: &Client, package: &str) -> (u16, Option<String>) {
    let body = json!({
        "requestType": "UserAdd",
        "accessPackageAssignment": {"accessPackageId": package},
        "isValidationOnly": true
    });
    let path = format!("{BETA}/accessPackageAssignmentRequests");
    let reply = client.post(&path, body).await;
    let status = reply.status.as_u16();
    (status, (status >= 400).then(|| reply.code()))
}

async fn changed_policy(app: &TestApp, package: &Package, change: impl FnOnce(&mut Value)) {
    let path = format!("{V1}/assignmentPolicies/{}", package.policy);
    let admin = app.as_operator();
    let mut policy = admin
        .get(&format!("{path}?$expand=accessPackage"))
        .await
        .assert_status(200)
        .json();
    change(&mut policy);
    admin.put(&path, policy).await.assert_status(200);
}

async fn one_more_policy(app: &TestApp, package: &Package, scope: &str, targets: Value) -> String {
    let body = json!({
        "displayName": "One more", "description": "Made for a test.",
        "allowedTargetScope": scope, "specificAllowedTargets": targets,
        "expiration": {"type": "noExpiration"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true},
        "requestApprovalSettings": {"isApprovalRequiredForAdd": false, "stages": []},
        "accessPackage": {"id": package.id}
    });
    let made = app
        .as_operator()
        .post(&format!("{V1}/assignmentPolicies"), body)
        .await;
    made.assert_status(201).text("id")
}

fn only(app: &TestApp, name: &str) -> Value {
    json!([{"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of(name).to_string()}])
}

async fn link(app: &TestApp, package: &Package, relation: &str, to: String) {
    let path = format!("{V1}/accessPackages/{}/{relation}/$ref", package.id);
    let body = json!({"@odata.id": format!("http://reeve.test{to}")});
    app.as_operator().post(&path, body).await.assert_status(204);
}

/// Packages that alice meets something different at, with the code of what she meets first.
async fn cases(app: &TestApp) -> Vec<(&'static str, Package, Option<&'static str>)> {
    let admin = app.as_operator();
    let plain = |name: &str| Plan::new(name).member_here(name);
    let mut cases = Vec::new();
    let open = app.package(plain("Open")).await;
    cases.push(("open", open, None));

    let closed = app.package(plain("Closed").in_catalog("Closed")).await;
    let path = format!("{V1}/catalogs/{}", closed.catalog);
    admin
        .patch(&path, json!({"state": "unpublished"}))
        .await
        .assert_status(204);
    cases.push(("unpublished", closed, Some("CatalogNotPublished")));

    let others = app.package(plain("Others")).await;
    let targets = only(app, "bob");
    changed_policy(app, &others, |policy| {
        policy["allowedTargetScope"] = "specificDirectoryUsers".into();
        policy["specificAllowedTargets"] = targets;
    })
    .await;
    cases.push(("out of scope", others, Some("PolicyNotApplicable")));

    let off = app.package(plain("Off")).await;
    changed_policy(app, &off, |policy| {
        policy["requestorSettings"]["enableTargetsToSelfAddAccess"] = false.into();
    })
    .await;
    cases.push(("takes no requests", off, Some("PolicyNotApplicable")));

    let choice = app.package(plain("Choice")).await;
    one_more_policy(app, &choice, "allMemberUsers", json!([])).await;
    cases.push(("a choice", choice, Some("PolicySelectionRequired")));

    let ranked = app.package(plain("Ranked")).await;
    one_more_policy(app, &ranked, "specificDirectoryUsers", only(app, "alice")).await;
    cases.push(("a better rank", ranked, None));

    let held = app.package(plain("Held")).await;
    app.assign(&held, "alice").await;
    app.deliver().await;
    let excluded = app.package(plain("Excluded").not_with(&held)).await;
    cases.push(("held already", held, Some("ExistingAssignment")));
    cases.push(("incompatible", excluded, Some("IncompatibleAccess")));

    let waiting = app.package(plain("Waiting").approval_by(&["bob"])).await;
    app.ask(&waiting, "alice").await;
    cases.push(("under way", waiting, Some("ExistingOpenRequest")));

    let grouped = app.package(plain("Grouped")).await;
    let (inner, outer) = (
        app.group("Inner", None).await,
        app.group("Outer", None).await,
    );
    for (group, member) in [(inner, app.id_of("alice")), (outer, inner)] {
        let body =
            json!({"@odata.id": format!("http://reeve.test/v1.0/directoryObjects/{member}")});
        let path = format!("/v1.0/groups/{group}/members/$ref");
        admin.post(&path, body).await.assert_status(204);
    }
    link(
        app,
        &grouped,
        "incompatibleGroups",
        format!("/v1.0/groups/{outer}"),
    )
    .await;
    cases.push(("in a group of a group", grouped, Some("IncompatibleAccess")));

    let why = app.package(plain("Why").approval_by(&["bob"])).await;
    changed_policy(app, &why, |policy| {
        policy["requestApprovalSettings"]["isRequestorJustificationRequired"] = true.into();
    })
    .await;
    cases.push(("a justification", why, Some("JustificationRequired")));

    let asked = app.package(plain("Asked")).await;
    changed_policy(app, &asked, |policy| {
        policy["questions"] = json!([{
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "isRequired": true, "sequence": 1, "text": "Why?"
        }]);
    })
    .await;
    cases.push(("a question", asked, Some("RequiredAnswerMissing")));

    let hidden = app.package(plain("Hidden")).await;
    let path = format!("{V1}/accessPackages/{}", hidden.id);
    admin
        .patch(&path, json!({"isHidden": true}))
        .await
        .assert_status(204);
    cases.push(("hidden", hidden, None));
    cases
}

const MENDED: &[&str] = &[
    "PolicySelectionRequired",
    "JustificationRequired",
    "RequiredAnswerMissing",
];

#[tokio::test]
async fn rq_6_the_explanation_of_a_request_is_what_the_call_answers() {
    TestApp::on_both(async |app| {
        let cases = cases(app).await;
        let alice = app.as_user("alice");
        let admin = app.as_user("admin");
        for (name, package, expected) in &cases {
            let (status, code) = called(&alice, &package.id).await;
            assert_eq!(code.as_deref(), *expected, "{name}");
            assert_eq!(status, if expected.is_some() { 400 } else { 201 }, "{name}");

            let own = of_request(&alice, &package.id)
                .await
                .assert_status(200)
                .json();
            let path = format!(
                "/reeve/v1/explain/request?accessPackage={}&principal={}",
                package.id,
                app.id_of("alice")
            );
            let told = admin.get(&path).await.assert_status(200).json();
            for one in [&own, &told] {
                assert_eq!(one["code"].as_str(), *expected, "{name}: {one}");
                let allowed = expected.is_none_or(|code| MENDED.contains(&code));
                let decision = if allowed { "allowed" } else { "denied" };
                assert_eq!(one["decision"], decision, "{name}: {one}");
                let first = one["checks"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|check| check["outcome"] != "passed");
                assert_eq!(
                    first.map(|check| check["code"].as_str().unwrap()),
                    *expected,
                    "{name}"
                );
            }
            assert_eq!(own["checks"], told["checks"], "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn po_10_the_explanation_tells_which_policy_wins_and_why() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Ranked").member_here("Ranked")).await;
    let better = one_more_policy(
        &app,
        &package,
        "specificDirectoryUsers",
        only(&app, "alice"),
    )
    .await;
    let strange =
        one_more_policy(&app, &package, "specificDirectoryUsers", only(&app, "bob")).await;
    let direct = one_more_policy(&app, &package, "notSpecified", json!([])).await;

    let path = format!(
        "/reeve/v1/explain/request?accessPackage={}&principal=alice@reeve.test",
        package.id
    );
    let told = app
        .as_user("admin")
        .get(&path)
        .await
        .assert_status(200)
        .json();
    assert_eq!(told["policyId"], better);
    let standing: Vec<(&str, &str)> = told["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["id"].as_str().unwrap(),
                one["standing"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        standing,
        [
            (better.as_str(), "counts"),
            (package.policy.as_str(), "outranked"),
            (strange.as_str(), "outOfScope"),
            (direct.as_str(), "notRequestable"),
        ]
    );
    // The call that names the outranked policy meets what its own list of checks says.
    let body = json!({
        "requestType": "userAdd",
        "assignment": {"accessPackageId": package.id, "assignmentPolicyId": package.policy}
    });
    let refused = app
        .as_user("alice")
        .post(&format!("{V1}/assignmentRequests"), body)
        .await
        .assert_error(400, "PolicyNotApplicable");
    assert_eq!(told["policies"][1]["checks"][0]["code"], refused.code());

    // Alice is told of the policies that count for her, and of no other.
    let own = of_request(&app.as_user("alice"), &package.id).await.json();
    assert_eq!(own["policies"].as_array().unwrap().len(), 1);
    for hidden in [&package.policy, &strange, &direct] {
        assert!(!own.to_string().contains(hidden.as_str()), "{own}");
    }
}

#[tokio::test]
async fn rq_6_whoever_is_not_let_in_is_told_so_first() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Open").member_here("Open")).await;
    let weak = app.as_user_with("alice", &[Permission::UserReadAll]);
    let (status, code) = called(&weak, &package.id).await;
    assert_eq!((status, code.as_deref()), (403, Some("AccessDenied")));
    let told = of_request(&weak, &package.id).await.json();
    assert_eq!(told["code"], "AccessDenied");
    assert_eq!(told["decision"], "denied");

    app.add_user("gone").await;
    let path = format!("/v1.0/users/{}", app.id_of("gone"));
    app.as_operator()
        .patch(&path, json!({"accountEnabled": false}))
        .await
        .assert_status(204);
    assert_eq!(called(&app.as_user("gone"), &package.id).await.0, 401);
    let path = format!(
        "/reeve/v1/explain/request?accessPackage={}&principal={}",
        package.id,
        app.id_of("gone")
    );
    let told = app
        .as_user("admin")
        .get(&path)
        .await
        .assert_status(200)
        .json();
    assert_eq!(told["code"], "InvalidAuthenticationToken");
    let blocked = told["checks"].as_array().unwrap().iter();
    let blocked: Vec<&Value> = blocked
        .filter(|one| one["check"] == "signInAllowed")
        .collect();
    assert_eq!(blocked[0]["code"], "TargetSignInBlocked", "RQ-10");
}

#[tokio::test]
async fn explanations_about_others_are_for_those_who_may_read_and_unknown_is_unknown() {
    let app = TestApp::new().await;
    let here = app
        .package(Plan::new("Here").member_here("Here").in_catalog("Here"))
        .await;
    let there = app.package(Plan::new("There").in_catalog("There")).await;
    for name in ["reader", "stranger"] {
        app.add_user(name).await;
    }
    app.give_role("reader", EmRole::CatalogReader, &here).await;
    app.assign(&here, "bob").await;
    app.deliver().await;
    let (bob, carol) = (app.id_of("bob"), app.id_of("carol"));
    let scopes = &[Permission::EntitlementManagementReadWriteAll];
    let reader = app.as_user_with("reader", scopes);
    let stranger = app.as_user_with("stranger", scopes);
    let ask = |what: &str, package: &str, who: &str| {
        format!("/reeve/v1/explain/{what}?accessPackage={package}&principal={who}")
    };
    let (here, there) = (here.id.as_str(), there.id.as_str());
    let bob = bob.to_string();
    for what in ["request", "approval", "access"] {
        reader.get(&ask(what, here, &bob)).await.assert_status(200);
        // Another catalog, somebody whom nothing shows to the reader, nobody at all: all the same.
        reader
            .get(&ask(what, there, &bob))
            .await
            .assert_error(404, "ResourceNotFound");
        for unknown in [
            carol.to_string(),
            NOWHERE.to_owned(),
            "carol@reeve.test".to_owned(),
        ] {
            let path = ask(what, here, &unknown);
            reader
                .get(&path)
                .await
                .assert_error(404, "ResourceNotFound");
        }
        for who in [bob.as_str(), NOWHERE] {
            let refused = stranger.get(&ask(what, here, who)).await;
            assert!([403, 404].contains(&refused.status.as_u16()), "{refused}");
        }
        let own = format!("/reeve/v1/explain/{what}?accessPackage={here}");
        stranger.get(&own).await.assert_status(200);
        let missing = format!("/reeve/v1/explain/{what}?accessPackage={NOWHERE}");
        stranger
            .get(&missing)
            .await
            .assert_error(404, "ResourceNotFound");
        let malformed = format!("/reeve/v1/explain/{what}?accessPackage=7");
        let refused = stranger
            .get(&malformed)
            .await
            .assert_error(400, "BadRequest");
        assert_eq!(refused.json()["error"]["target"], "accessPackage");
    }
    let nothing = app.as_operator().get("/reeve/v1/explain/request").await;
    nothing.assert_error(400, "BadRequest");
}

#[tokio::test]
async fn ap_7_the_explanation_of_an_approval_names_whoever_may_decide_and_why() {
    TestApp::on_both(async |app| {
        app.add_user("left").await;
        let plan = Plan::new("Approved")
            .member_here("Approved")
            .approval_by_or(&["bob"], &["carol"])
            .escalating_to(&["erin"], "P2D")
            .approval_by_or(&["left"], &["carol"]);
        let package = app.package(plan).await;
        let admin = app.as_user("admin");
        let imagined = format!(
            "/reeve/v1/explain/approval?accessPackage={}&principal={}",
            package.id,
            app.id_of("alice")
        );
        let people = |told: &Value, stage: usize| -> Vec<String> {
            let people = told["approvals"][0]["stages"][stage]["people"]
                .as_array()
                .unwrap();
            people
                .iter()
                .map(|one| one["displayName"].as_str().unwrap().to_owned())
                .collect()
        };
        let told = admin.get(&imagined).await.assert_status(200).json();
        assert_eq!(told["approvals"][0]["isApprovalNeeded"], true);
        assert_eq!(people(&told, 0), ["bob"]);
        assert_eq!(people(&told, 1), ["left"]);
        assert_eq!(
            told["approvals"][0]["stages"][0]["durationBeforeAutomaticDenial"],
            "P14D"
        );

        let request = app.ask(&package, "alice").await;
        let path = format!("/v1.0/users/{}", app.id_of("left"));
        app.as_operator().delete(&path).await.assert_status(204);
        let made = format!("/reeve/v1/explain/approval?request={request}");
        let told = admin.get(&made).await.assert_status(200).json();
        assert_eq!(people(&told, 0), ["bob"]);
        assert_eq!(people(&told, 1), ["carol"], "AP-7");
        let second = &told["approvals"][0]["stages"][1]["tiers"];
        assert_eq!(second[0]["standsForSomebody"], false);
        assert!(
            second[1]["reason"]
                .as_str()
                .unwrap()
                .starts_with("asked, because")
        );

        // AP-6: the alternates decide once the time is there, and the explanation says so.
        app.advance(domain::time::Duration::from_days(3));
        app.deliver().await;
        let told = admin.get(&made).await.json();
        let mut asked = people(&told, 0);
        asked.sort();
        assert_eq!(asked, ["bob", "erin"]);
        for (name, may) in [
            ("carol", false),
            ("alice", false),
            ("erin", true),
            ("bob", true),
        ] {
            let waiting =
                format!("{V1}/accessPackageAssignmentApprovals/filterByCurrentUser(on='approver')");
            let rows = app
                .as_user(name)
                .get(&waiting)
                .await
                .assert_status(200)
                .rows();
            assert_eq!(!rows.is_empty(), may, "{name}");
            assert_eq!(asked.contains(&name.to_owned()), may, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn az_21_who_approves_is_kept_from_whoever_asks_unless_the_policy_shows_it() {
    let app = TestApp::new().await;
    let plan = Plan::new("Quiet")
        .member_here("Quiet")
        .approval_by(&["bob"]);
    let package = app.package(plan).await;
    let request = app.ask(&package, "alice").await;
    let alice = app.as_user("alice");
    let bob = app.id_of("bob").to_string();
    let questions = [
        format!("/reeve/v1/explain/approval?accessPackage={}", package.id),
        format!("/reeve/v1/explain/approval?request={request}"),
    ];
    let visible = |shown: &'static str| {
        let app = &app;
        let package = &package;
        async move {
            changed_policy(app, package, |policy| {
                policy["requestApprovalSettings"]["stages"][0]["approverInformationVisibility"] =
                    shown.into();
            })
            .await;
        }
    };
    visible("notVisible").await;
    for path in &questions {
        let told = alice.get(path).await.assert_status(200);
        assert!(!told.to_string().contains(&bob), "{told}");
        let stage = told.json()["approvals"][0]["stages"][0].clone();
        assert_eq!(stage["people"], Value::Null);
        assert_eq!(stage["asksSomebody"], true);
        assert_eq!(stage["areNamesShown"], false);
        // By a role they are shown, and so they are to whoever is asked.
        let told = app
            .as_user("admin")
            .get(&questions[1])
            .await
            .assert_status(200);
        assert!(told.to_string().contains(&bob));
        let told = app
            .as_user("bob")
            .get(&questions[1])
            .await
            .assert_status(200);
        assert!(told.to_string().contains(&bob));
    }
    visible("visible").await;
    for path in &questions {
        let told = alice.get(path).await.assert_status(200);
        assert!(told.to_string().contains(&bob), "{told}");
    }
    // A request of somebody else is not there.
    let path = &questions[1];
    app.as_user("carol")
        .get(path)
        .await
        .assert_error(404, "ResourceNotFound");
    let both = format!("{path}&accessPackage={}", package.id);
    app.as_user("alice")
        .get(&both)
        .await
        .assert_error(400, "BadRequest");
}

#[tokio::test]
async fn l8_the_explanation_of_access_follows_the_life_of_a_grant() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Readers").member_here("Readers"))
            .await;
        let (alice, admin) = (app.as_user("alice"), app.as_user("admin"));
        let group = package.role().group;
        let id = app.id_of("alice");
        let questions = [
            format!("accessPackage={}", package.id),
            format!("resource={group}"),
        ];
        let expect = async |what: [&str; 2], why: &str| {
            for (question, expected) in questions.iter().zip(what) {
                let own = format!("/reeve/v1/explain/access?{question}");
                let own = alice.get(&own).await.assert_status(200).json();
                let told = format!("/reeve/v1/explain/access?{question}&principal={id}");
                let told = admin.get(&told).await.assert_status(200).json();
                assert_eq!(own["access"], expected, "{why}: {own}");
                assert_eq!(told["access"], expected, "{why}: {told}");
                assert_eq!(own["reason"], told["reason"], "{why}");
            }
        };
        expect(["hasNot", "hasNot"], "nobody asked").await;

        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        expect(["has", "has"], "delivered").await;

        let link = format!("/v1.0/groups/{group}/members/{id}/$ref");
        app.as_operator().delete(&link).await.assert_status(204);
        expect(["hasNot", "hasNot"], "gone from the target").await;

        let assignment = app.assignment_of(&request).await;
        let path = format!("{V1}/assignments/{assignment}/reprocess");
        app.as_operator().post_empty(&path).await.assert_status(202);
        app.deliver().await;
        expect(["has", "has"], "put back").await;

        app.remove(&assignment).await;
        app.deliver().await;
        expect(["hasNot", "hasNot"], "removed").await;

        let body = json!({"@odata.id": format!("http://reeve.test/v1.0/directoryObjects/{id}")});
        let members = format!("/v1.0/groups/{group}/members/$ref");
        app.as_operator()
            .post(&members, body)
            .await
            .assert_status(204);
        let question = format!("/reeve/v1/explain/access?resource={group}");
        let told = alice.get(&question).await.json();
        assert_eq!(told["access"], "has", "{told}");
        assert_eq!(told["inDirectory"], true);
    })
    .await;
}

#[tokio::test]
async fn l8_a_resource_tells_its_packages_and_who_has_it_by_reeve_or_otherwise() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Readers").member_here("Readers"))
            .await;
        let group = package.role().group;
        for name in ["alice", "bob"] {
            app.assign(&package, name).await;
        }
        app.deliver().await;
        let carol = app.id_of("carol");
        let body = json!({"@odata.id": format!("http://reeve.test/v1.0/directoryObjects/{carol}")});
        let members = format!("/v1.0/groups/{group}/members/$ref");
        app.as_operator()
            .post(&members, body)
            .await
            .assert_status(204);

        let admin = app.as_operator();
        let mut path = format!("/reeve/v1/explain/resource?object={group}&top=2");
        let first = admin.get(&path).await.assert_status(200).json();
        let given = first["accessPackages"].as_array().unwrap();
        assert_eq!(given.len(), 1);
        assert_eq!(given[0]["id"], package.id);
        assert_eq!(given[0]["liveAssignments"], 2);
        assert_eq!(given[0]["policies"][0]["id"], package.policy);
        let mut sources = std::collections::BTreeMap::new();
        let mut pages = 0;
        loop {
            let page = admin.get(&path).await.assert_status(200).json();
            pages += 1;
            for row in page["value"].as_array().unwrap() {
                let who = row["displayName"].as_str().unwrap().to_owned();
                let source = row["source"].as_str().unwrap().to_owned();
                assert!(
                    sources.insert(who, source).is_none(),
                    "nobody is there twice"
                );
            }
            match page["nextLink"].as_str() {
                Some(next) => path = next[next.find("/reeve/v1").unwrap()..].to_owned(),
                None => break,
            }
        }
        assert_eq!(pages, 2);
        let expected = [("alice", "reeve"), ("bob", "reeve"), ("carol", "otherwise")];
        let expected = expected.map(|(who, source)| (who.to_owned(), source.to_owned()));
        assert_eq!(sources, expected.into());

        // Whoever reads another catalog only does not find it, as if it were not there.
        app.package(Plan::new("Elsewhere").in_catalog("Elsewhere"))
            .await;
        let there = app.package(Plan::new("There").in_catalog("There")).await;
        app.give_role("erin", EmRole::CatalogOwner, &there).await;
        let weak = app.as_user_with("erin", &[Permission::EntitlementManagementReadAll]);
        for object in [group.to_string(), NOWHERE.to_owned()] {
            let path = format!("/reeve/v1/explain/resource?object={object}");
            weak.get(&path).await.assert_error(404, "ResourceNotFound");
        }
        app.as_user("mallory")
            .get(&format!("/reeve/v1/explain/resource?object={group}"))
            .await
            .assert_error(403, "AccessDenied");
    })
    .await;
}

#[tokio::test]
async fn az_21_a_package_that_is_kept_from_somebody_is_not_explained_to_them() {
    TestApp::on_both(async |app| {
        let admin = app.as_user("admin");
        let mut secrets = Vec::new();
        for (name, object, change) in [
            ("Takeover", "accessPackages", json!({"isHidden": true})),
            ("Not yet", "catalogs", json!({"state": "unpublished"})),
        ] {
            let plan = Plan::new(name)
                .in_catalog(name)
                .member_here(&format!("{name} people"));
            let package = app.package(plan).await;
            let held = app.assign(&package, "dave").await;
            app.deliver().await;
            app.remove(&app.assignment_of(&held).await).await;
            app.deliver().await;
            changed_policy(app, &package, |policy| {
                policy["allowedTargetScope"] = "specificDirectoryUsers".into();
                policy["specificAllowedTargets"] = only(app, "bob");
            })
            .await;
            let id = if object == "catalogs" {
                &package.catalog
            } else {
                &package.id
            };
            let path = format!("{V1}/{object}/{id}");
            admin.patch(&path, change).await.assert_status(204);
            secrets.push(package);
        }
        for package in &secrets {
            for question in ["request", "approval", "access"] {
                let path = format!("/reeve/v1/explain/{question}?accessPackage={}", package.id);
                let told = app.as_user("alice").get(&path).await;
                told.assert_error(404, "ResourceNotFound");
                // For bob there is a policy, dave had it once.
                for who in ["bob", "dave", "admin"] {
                    app.as_user(who).get(&path).await.assert_status(200);
                }
            }
        }
        let open = app
            .package(Plan::new("Open").member_here("Open people"))
            .await;
        changed_policy(app, &open, |policy| {
            policy["allowedTargetScope"] = "specificDirectoryUsers".into();
            policy["specificAllowedTargets"] = only(app, "bob");
        })
        .await;
        of_request(&app.as_user("alice"), &open.id)
            .await
            .assert_status(200);
    })
    .await;
}
