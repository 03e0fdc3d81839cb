//! Sweeps, the drift report and adoption (`/reeve/v1/sweeps`, `/drift`, `/adoptions`), on both databases.

use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{CRM, ERP, Package, Plan, TestApp};

use crate::support::{NOWHERE, V1};

const SWEEPS: &str = "/reeve/v1/sweeps";

/// Asks for a sweep of a target and lets it be made.
async fn swept(app: &TestApp, target: &str) -> Value {
    let operator = app.as_operator();
    let reply = operator.post(SWEEPS, json!({ "target": target })).await;
    let id = reply.assert_status(201).text("id");
    app.deliver().await;
    read(app, &format!("{SWEEPS}/{id}")).await
}

async fn read(app: &TestApp, path: &str) -> Value {
    app.as_operator().get(path).await.assert_status(200).json()
}

async fn csv(app: &TestApp, path: &str) -> (String, Option<String>) {
    let reply = app.as_operator().get(path).await.assert_status(200);
    let header = |name: &str| {
        let value = reply.headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    assert!(header("content-type").unwrap().starts_with("text/csv"));
    let link = header("link");
    (String::from_utf8(reply.body).unwrap(), link)
}

async fn adopt(app: &TestApp, package: &Package, dry_run: bool) -> Value {
    let body = json!({
        "accessPackageId": package.id, "assignmentPolicyId": package.policy, "dryRun": dry_run,
    });
    let reply = app.as_operator().post("/reeve/v1/adoptions", body).await;
    reply.assert_status(200).json()
}

fn outcomes(report: &Value) -> Vec<(String, String)> {
    let rows = report["value"].as_array().unwrap();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| (text(row, "objectId"), text(row, "outcome")))
        .collect()
}

async fn add_member(app: &TestApp, package: &Package, name: &str) {
    let link = format!("https://h/v1.0/directoryObjects/{}", app.id_of(name));
    let path = format!("/v1.0/groups/{}/members/$ref", package.role().group);
    let reply = app
        .as_operator()
        .post(&path, json!({ "@odata.id": link }))
        .await;
    reply.assert_status(204);
}

#[tokio::test]
async fn l8_a_sweep_shows_what_is_missing_and_what_nobody_granted() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Authors", CRM))
            .await;
        let role = package.role().clone();
        app.assign(&package, "alice").await;
        app.deliver().await;
        app.loses(&role, "alice").await;
        app.target(CRM).gains(&role.origin_id, app.id_of("bob"));

        let sweep = swept(app, CRM).await;

        assert_eq!(sweep["state"], "completed", "{sweep}");
        assert_eq!(
            (&sweep["missing"], &sweep["extras"], &sweep["cause"]),
            (&json!(1), &json!(1), &json!("request"))
        );
        let drift = read(app, &format!("/reeve/v1/drift?target={CRM}&kind=missing")).await;
        assert_eq!(drift["summary"]["missing"], 1);
        assert_eq!(drift["value"][0]["observedBy"], "sweep");
        assert_eq!(
            drift["value"][0]["subject"]["objectId"],
            app.id_of("alice").to_string()
        );
        for elsewhere in [
            format!("target={ERP}"),
            "kind=unwanted".to_owned(),
            format!("resource={NOWHERE}"),
            format!("subject={}", app.id_of("bob")),
        ] {
            let drift = read(app, &format!("/reeve/v1/drift?{elsewhere}")).await;
            assert_eq!(drift["value"], json!([]), "{elsewhere}");
        }
        let extras = read(
            app,
            &format!("/reeve/v1/drift/extras?resource={}", role.group),
        )
        .await;
        assert_eq!(extras["summary"]["total"], 1);
        assert_eq!(extras["value"][0]["objectId"], app.id_of("bob").to_string());
        let id = sweep["id"].as_str().unwrap();
        let objects = read(app, &format!("{SWEEPS}/{id}/objects")).await;
        assert_eq!(objects["value"][0]["state"], "read");
        assert_eq!(objects["value"][0]["members"], 1);
        let (text, link) = csv(app, "/reeve/v1/drift?format=csv").await;
        assert_eq!((text.lines().count(), link), (2, None), "{text}");
        let (text, _) = csv(app, "/reeve/v1/drift/extras?format=csv").await;
        assert!(text.contains(&app.id_of("bob").to_string()), "{text}");
    })
    .await;
}

#[tokio::test]
async fn l8_restored_drift_is_back_after_the_sweep_and_an_authoritative_resource_is_emptied_of_others()
 {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Authors", CRM))
            .await;
        let role = package.role().clone();
        app.assign(&package, "alice").await;
        app.deliver().await;
        let path = format!("{V1}/catalogs/{}/resources", package.catalog);
        let resource = read(app, &path).await["value"][0]["id"].clone();
        let path = format!("/reeve/v1/resources/{}", resource.as_str().unwrap());
        let body = json!({ "driftAction": "restore", "authoritative": true });
        app.as_operator()
            .patch(&path, body)
            .await
            .assert_status(204);
        for wrong in [
            json!({}),
            json!({ "authoritative": "yes" }),
            json!({ "driftAction": 1 }),
        ] {
            let reply = app.as_operator().patch(&path, wrong).await;
            assert_eq!(
                reply.assert_status(400).json()["error"]["code"],
                "InvalidModel"
            );
        }
        app.loses(&role, "alice").await;
        app.target(CRM).gains(&role.origin_id, app.id_of("bob"));

        let sweep = swept(app, CRM).await;

        assert_eq!(
            (&sweep["restored"], &sweep["removed"]),
            (&json!(1), &json!(1)),
            "{sweep}"
        );
        assert!(app.has(&role, "alice").await);
        assert!(!app.has(&role, "bob").await);
        let drift = read(app, "/reeve/v1/drift").await;
        assert_eq!(drift["summary"]["total"], 0, "{drift}");
    })
    .await;
}

#[tokio::test]
async fn access_that_a_target_refuses_to_take_away_is_drift_until_it_is_gone_l8() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Authors", CRM))
            .await;
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let assignment = app.assignment_of(&request).await;
        app.target(CRM).refuses(app.id_of("alice"));
        let failed = app.remove(&assignment).await;
        app.deliver().await;
        assert_eq!(app.state(&failed).await, "deliveryFailed");

        let drift = read(app, "/reeve/v1/drift?kind=unwanted").await;
        let summary = json!({ "total": 1, "missing": 0, "unwanted": 1 });
        assert_eq!(drift["summary"], summary, "{drift}");
        let grant = &drift["value"][0];
        assert_eq!(grant["phase"], "needsAttention", "{grant}");
        let missing = read(app, "/reeve/v1/drift?kind=missing").await;
        assert_eq!(missing["value"], json!([]));

        app.target(CRM).refuses_nobody();
        let id = grant["id"].as_str().unwrap();
        let retry = format!("/reeve/v1/ledger/{id}/retry");
        let reply = app.as_operator().post_empty(&retry).await;
        reply.assert_status(204);
        app.deliver().await;

        assert_eq!(read(app, "/reeve/v1/drift").await["summary"]["total"], 0);
        assert!(!app.has(package.role(), "alice").await);
        assert_eq!(app.state(&failed).await, "delivered", "the request, too");
        let reply = app.as_operator().post_empty(&retry).await;
        reply.assert_error(400, "InvalidRequestState");
    })
    .await;
}

#[tokio::test]
async fn an_assignment_whose_removal_failed_is_removed_once_more_after_the_window_l8() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Authors", CRM))
            .await;
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let assignment = app.assignment_of(&request).await;
        app.target(CRM).refuses(app.id_of("alice"));
        let failed = app.remove(&assignment).await;
        app.deliver().await;
        assert_eq!(app.state(&failed).await, "deliveryFailed");
        app.target(CRM).refuses_nobody();
        app.advance(Duration::from_days(15));
        app.deliver().await;
        let drift = read(app, "/reeve/v1/drift?kind=unwanted").await;
        assert_eq!(drift["summary"]["total"], 1, "{drift}");

        let again = app.remove(&assignment).await;
        app.deliver().await;

        assert_eq!(app.state(&again).await, "delivered");
        assert_eq!(read(app, "/reeve/v1/drift").await["summary"]["total"], 0);
        assert!(!app.has(package.role(), "alice").await);
    })
    .await;
}

#[tokio::test]
async fn a_sweep_of_a_target_that_is_down_is_skipped_and_says_why() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Authors", CRM))
            .await;
        app.assign(&package, "alice").await;
        app.deliver().await;
        app.target(CRM).goes_down();

        let sweep = swept(app, CRM).await;

        assert_eq!(sweep["state"], "skipped", "{sweep}");
        assert_eq!(sweep["failureCode"], "OriginUnavailable");
        assert_eq!(read(app, "/reeve/v1/drift").await["summary"]["total"], 0);
        app.recover(&[CRM]);
    })
    .await;
}

#[tokio::test]
async fn sweeps_are_listed_newest_first_in_pages_and_can_be_called_off() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    for target in [CRM, ERP, CRM] {
        swept(&app, target).await;
    }
    let reply = operator.post(SWEEPS, json!({ "target": ERP })).await;
    let open = reply.assert_status(201).text("id");
    let again = operator.post(SWEEPS, json!({ "target": ERP })).await;
    assert_eq!(again.assert_status(200).text("id"), open, "one at a time");

    let cancel = format!("{SWEEPS}/{open}/cancel");
    operator.post(&cancel, json!({})).await.assert_status(204);
    operator.post(&cancel, json!({})).await.assert_status(400);

    let page = read(&app, &format!("{SWEEPS}?top=3")).await;
    let states: Vec<&str> = page["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sweep| sweep["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["cancelled", "completed", "completed"]);
    let rest = read(&app, page["nextLink"].as_str().unwrap()).await;
    assert_eq!(rest["value"].as_array().unwrap().len(), 1);
    assert_eq!(rest["nextLink"], Value::Null);
    let of_crm = read(&app, &format!("{SWEEPS}?target={CRM}")).await;
    assert_eq!(of_crm["value"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_and_named() {
    let app = TestApp::new().await;
    let operator = app.as_operator();
    operator
        .post(SWEEPS, json!({ "target": "moon" }))
        .await
        .assert_status(404);
    let reply = operator.post(SWEEPS, json!({})).await.assert_status(400);
    assert_eq!(reply.json()["error"]["target"], "target");
    let pause = "/reeve/v1/targets/directory/pause";
    let resource = format!("/reeve/v1/resources/{NOWHERE}");
    for (path, name, body) in [
        (
            SWEEPS,
            "Target",
            json!({ "target": "directory", "Target": "x" }),
        ),
        (pause, "raeson", json!({ "raeson": "x" })),
        (pause, "reason", json!({ "reason": "x".repeat(1_001) })),
        (pause, "reason", json!({ "reason": "a\u{0}b" })),
    ] {
        let reply = operator.post(path, body).await.assert_status(400);
        assert_eq!(reply.json()["error"]["target"], name, "{path}");
    }
    let body = json!({ "authoritative": true, "driftaction": "restore" });
    let reply = operator.patch(&resource, body).await.assert_status(400);
    assert_eq!(reply.json()["error"]["target"], "driftaction");
    for path in [
        format!("{SWEEPS}/{NOWHERE}"),
        format!("{SWEEPS}/{NOWHERE}/objects"),
    ] {
        operator.get(&path).await.assert_status(404);
    }
    for path in [
        format!("{SWEEPS}?after=x"),
        "/reeve/v1/drift?kind=odd".to_owned(),
        "/reeve/v1/drift?format=xml".to_owned(),
        "/reeve/v1/drift/extras?after=1".to_owned(),
        "/reeve/v1/drift/extras?kind=missing".to_owned(),
    ] {
        operator.get(&path).await.assert_status(400);
    }
    let package = app.package(Plan::new("Books").member_here("Readers")).await;
    let good = json!({ "accessPackageId": package.id, "assignmentPolicyId": package.policy });
    for (name, wrong) in [
        ("accessPackageId", json!("x")),
        ("assignmentPolicyId", json!(null)),
        ("assignmentPolicyId", json!(NOWHERE)),
        ("dryRun", json!("yes")),
        ("top", json!(0)),
        ("after", json!(1)),
        ("everybody", json!(true)),
        ("justification", json!("x".repeat(4_097))),
        ("justification", json!("a\u{0}b")),
        ("accessPackageId", json!(package.id)),
    ] {
        let mut body = good.clone();
        body[name] = wrong;
        let reply = operator.post("/reeve/v1/adoptions", body).await;
        let error = reply.assert_status(400).json()["error"].clone();
        assert_eq!(error["target"], name, "the last of them: nothing was swept");
    }
}

#[tokio::test]
async fn adoption_gives_what_its_preview_says_and_takes_nothing_from_anybody() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Books").member_here("Readers")).await;
        let people = ["alice", "bob", "carol"];
        for name in people {
            add_member(app, &package, name).await;
        }
        app.assign(&package, "carol").await;
        app.deliver().await;
        let sweep = swept(app, "directory").await;
        assert_eq!(sweep["extras"], 2, "{sweep}");

        let preview = adopt(app, &package, true).await;
        assert_eq!(preview["counts"], json!({ "adopted": 2, "assigned": 1 }));
        let again = adopt(app, &package, true).await;
        assert_eq!(again, preview, "a preview changes nothing");
        let applied = adopt(app, &package, false).await;
        app.deliver().await;

        assert_eq!(outcomes(&applied), outcomes(&preview));
        for name in people {
            assert!(app.has(package.role(), name).await, "{name}");
        }
        let held = format!(
            "{V1}/assignments?$filter=accessPackage/id eq '{}' and state eq 'delivered'",
            package.id
        );
        assert_eq!(read(app, &held).await["value"].as_array().unwrap().len(), 3);
        let extras = read(app, "/reeve/v1/drift/extras").await;
        assert_eq!(extras["summary"]["total"], 0, "they are accounted for now");
        let after = adopt(app, &package, true).await;
        assert_eq!(after["counts"], json!({ "assigned": 3 }));
    })
    .await;
}

#[tokio::test]
async fn who_lost_the_access_since_the_sweep_is_not_given_it_back_by_adoption_as_3() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Books").member_here("Readers")).await;
        for name in ["alice", "bob"] {
            add_member(app, &package, name).await;
        }
        swept(app, "directory").await;
        let group = package.role().group;
        let path = format!("/v1.0/groups/{group}/members/{}/$ref", app.id_of("alice"));
        app.as_operator().delete(&path).await.assert_status(204);

        let extras = read(app, "/reeve/v1/drift/extras").await;
        let report = adopt(app, &package, false).await;
        app.deliver().await;

        assert_eq!(extras["summary"]["total"], 1, "{extras}");
        assert_eq!(report["counts"], json!({ "adopted": 1 }), "{report}");
        assert!(!app.has(package.role(), "alice").await);
        assert!(app.has(package.role(), "bob").await);
    })
    .await;
}

#[tokio::test]
async fn who_asks_for_a_sweep_that_is_under_way_is_told_of_it() {
    let app = TestApp::new().await;
    let ask = async || {
        let body = json!({ "target": "directory" });
        app.as_operator().post(SWEEPS, body).await
    };

    let first = ask().await.assert_status(201);
    let second = ask().await.assert_status(200);

    assert_eq!(first.text("id"), second.text("id"));
}

#[tokio::test]
async fn who_has_only_a_part_is_not_adopted_and_old_sightings_are_not_believed() {
    TestApp::on_both(async |app| {
        let plan = Plan::new("Books")
            .member_of("Authors", CRM)
            .member_of("Editors", ERP);
        let package = app.package(plan).await;
        let [one, other] = [&package.roles[0], &package.roles[1]];
        for name in ["alice", "bob"] {
            app.target(CRM).gains(&one.origin_id, app.id_of(name));
        }
        app.target(ERP).gains(&other.origin_id, app.id_of("bob"));
        swept(app, CRM).await;
        swept(app, ERP).await;

        let report = adopt(app, &package, false).await;
        app.deliver().await;

        assert_eq!(
            report["counts"],
            json!({ "adopted": 1, "partial": 1 }),
            "{report}"
        );
        assert!(app.has(one, "alice").await);
        assert!(!app.has(other, "alice").await, "nobody gains by it either");
        app.advance(Duration::from_days(2));
        let body = json!({ "accessPackageId": package.id, "assignmentPolicyId": package.policy });
        let reply = app.as_operator().post("/reeve/v1/adoptions", body).await;
        let error = reply.assert_status(400).json()["error"].clone();
        assert_eq!(error["target"], "accessPackageId");
    })
    .await;
}

#[tokio::test]
async fn adoption_in_pages_reaches_everybody_once() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books").member_here("Readers")).await;
    for name in ["alice", "bob", "carol"] {
        add_member(&app, &package, name).await;
    }
    swept(&app, "directory").await;
    let mut seen = Vec::new();
    let mut after = Value::Null;
    for _ in 0..4 {
        let body = json!({
            "accessPackageId": package.id, "assignmentPolicyId": package.policy,
            "top": 1, "after": after,
        });
        let reply = app.as_operator().post("/reeve/v1/adoptions", body).await;
        let report = reply.assert_status(200).json();
        seen.extend(outcomes(&report));
        after = report["after"].clone();
        if after.is_null() {
            break;
        }
    }

    assert!(after.is_null());
    app.deliver().await;
    let mut ids: Vec<String> = ["alice", "bob", "carol"]
        .map(|name| app.id_of(name).to_string())
        .to_vec();
    ids.sort();
    let adopted: Vec<String> = seen.into_iter().map(|(id, _)| id).collect();
    assert_eq!(adopted, ids);
}
