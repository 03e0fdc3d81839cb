//! Separation of duties (SD-1 to SD-7): what is refused, what stays, who is named, and the report of who holds both.

use auth::principal::Permission;
use auth::roles::EmRole;
use serde_json::{Value, json};
use service::settings::Settings;
use testkit::{Backend, Package, Plan, Start, TestApp};

use crate::support::{BETA, NOWHERE, V1};

const REPORT: &str = "/reeve/v1/reports/incompatibleAccess";

async fn excludes(app: &TestApp, package: &Package, relation: &str, other: &str) {
    let path = format!("{V1}/accessPackages/{}/{relation}/$ref", package.id);
    let set = match relation {
        "incompatibleGroups" => "/v1.0/groups".to_owned(),
        _ => format!("{V1}/accessPackages"),
    };
    let body = json!({"@odata.id": format!("http://reeve.test{set}/{other}")});
    app.as_operator().post(&path, body).await.assert_status(204);
}

async fn join(app: &TestApp, group: &str, member: &str) {
    let (group, member) = (app.group(group, None).await, app.id_of(member));
    let body = json!({"@odata.id": format!("http://reeve.test/v1.0/directoryObjects/{member}")});
    let path = format!("/v1.0/groups/{group}/members/$ref");
    app.as_operator().post(&path, body).await.assert_status(204);
}

/// Two packages that somebody holds before they exclude each other.
async fn held_both(app: &TestApp, name: &str) -> (Package, Package) {
    let held = app.package(Plan::new("Held").member_here("Held")).await;
    let wanted = app
        .package(Plan::new("Wanted").member_here("Wanted").lasting("P30D"))
        .await;
    for package in [&held, &wanted] {
        app.assign(package, name).await;
    }
    app.deliver().await;
    excludes(app, &wanted, "incompatibleAccessPackages", &held.id).await;
    (held, wanted)
}

#[tokio::test]
async fn sd_3_double_holders_keep_both_and_cannot_ask_again() {
    TestApp::on_both(async |app| {
        let (held, wanted) = held_both(app, "alice").await;
        app.deliver().await;
        assert!(app.has(held.role(), "alice").await);
        assert!(app.has(wanted.role(), "alice").await, "nothing is taken");

        // What they hold already is said first (RQ-6).
        app.try_ask(&wanted, "alice")
            .await
            .assert_error(400, "ExistingAssignment");
        let requests = app.requests_of(&wanted).await;
        let made = requests[0]["id"].as_str().unwrap();
        let assignment = app.assignment_of(made).await;

        // It ends, and does not come back while they hold the other.
        app.remove(&assignment).await;
        app.deliver().await;
        app.try_ask(&wanted, "alice")
            .await
            .assert_error(400, "IncompatibleAccess");
        app.try_assign(&wanted, "alice")
            .await
            .assert_error(400, "IncompatibleAccess");
        assert!(app.has(held.role(), "alice").await);
    })
    .await;
}

#[tokio::test]
async fn sd_3_double_holders_cannot_renew() {
    TestApp::on_both(async |app| {
        let (_, wanted) = held_both(app, "alice").await;
        let requests = app.requests_of(&wanted).await;
        let assignment = app.assignment_of(requests[0]["id"].as_str().unwrap()).await;
        let other = app
            .package(Plan::new("Alone").member_here("Alone").lasting("P30D"))
            .await;
        let request = app.assign(&other, "alice").await;
        app.deliver().await;
        let alone = app.assignment_of(&request).await;
        app.advance(domain::time::Duration::from_days(20));
        let days = |number| app.now().plus(domain::time::Duration::from_days(number));
        let until = days(25);

        app.try_extend(&assignment, "alice", until)
            .await
            .assert_error(400, "IncompatibleAccess");
        assert!(app.has(wanted.role(), "alice").await, "it stays as it was");

        // Less time is no renewal, and what goes with everything is renewed.
        app.try_extend(&assignment, "alice", days(5))
            .await
            .assert_status(201);
        app.try_extend(&alone, "alice", until)
            .await
            .assert_status(201);
    })
    .await;
}

#[tokio::test]
async fn sd_2_incompatibility_holds_both_ways_where_the_tenant_wants_it() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        for symmetric in [false, true] {
            let start = Start {
                settings: Settings {
                    symmetric_incompatibility: symmetric,
                    ..Settings::default()
                },
            };
            let Some(app) = TestApp::on(backend, start).await else {
                continue;
            };
            let other = app.package(Plan::new("Other").member_here("Other")).await;
            let lists = app
                .package(Plan::new("Lists").member_here("Lists").not_with(&other))
                .await;
            app.assign(&lists, "alice").await;
            app.deliver().await;

            let asked = app.try_ask(&other, "alice").await;

            if symmetric {
                asked.assert_error(400, "IncompatibleAccess");
                app.try_assign(&other, "alice")
                    .await
                    .assert_error(400, "IncompatibleAccess");
            } else {
                asked.assert_status(201);
            }
            app.assign(&other, "bob").await;
            app.deliver().await;
            app.try_ask(&lists, "bob")
                .await
                .assert_error(400, "IncompatibleAccess");
        }
    }
}

#[tokio::test]
async fn sd_7_what_is_in_the_way_is_named_to_those_who_may_read_it() {
    let app = TestApp::new().await;
    let held = app.package(Plan::new("Held").in_catalog("Secret")).await;
    let plan = Plan::new("Wanted").in_catalog("Open").not_with(&held);
    let wanted = app.package(plan).await;
    app.assign(&held, "alice").await;
    app.deliver().await;
    let group = app.group("Auditors", None).await.to_string();
    let grouped = app.package(Plan::new("Grouped").in_catalog("Open")).await;
    excludes(&app, &grouped, "incompatibleGroups", &group).await;
    join(&app, "Auditors", "alice").await;
    app.add_user("owner").await;
    app.give_role("owner", EmRole::CatalogOwner, &wanted).await;
    let scopes = &[Permission::EntitlementManagementReadWriteAll];
    let (alice, owner) = (
        app.as_user_with("alice", scopes),
        app.as_user_with("owner", scopes),
    );
    let body = |package: &Package, kind: &str| {
        json!({
            "requestType": kind,
            "assignment": {
                "targetId": app.id_of("alice").to_string(),
                "assignmentPolicyId": package.policy,
                "accessPackageId": package.id
            }
        })
    };
    let path = format!("{V1}/assignmentRequests");
    for (package, hidden, client, kind, is_named) in [
        // The owner of one catalog reads nothing of the other; the operator reads all; alice holds it herself.
        (&wanted, &held.id, &owner, "adminAdd", false),
        (&wanted, &held.id, &app.as_operator(), "adminAdd", true),
        (&wanted, &held.id, &alice, "userAdd", true),
        (&grouped, &group, &owner, "adminAdd", false),
        (&grouped, &group, &alice, "userAdd", false),
        (&grouped, &group, &app.as_operator(), "adminAdd", true),
    ] {
        let refused = client.post(&path, body(package, kind)).await;
        let refused = refused.assert_error(400, "IncompatibleAccess");
        assert_eq!(
            refused.to_string().contains(hidden.as_str()),
            is_named,
            "{kind}: {refused}"
        );
    }
}

fn pairs(rows: &[Value]) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut pairs: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                text(&row["subject"]["displayName"]),
                text(&row["accessPackage"]["displayName"]),
                text(&row["incompatible"]["displayName"]),
            )
        })
        .collect();
    pairs.sort();
    pairs
}

#[tokio::test]
async fn sd_6_the_report_lists_everybody_who_holds_both_page_by_page() {
    TestApp::on_both(async |app| {
        let (held, wanted) = held_both(app, "alice").await;
        for package in [&held, &wanted] {
            // Before they exclude each other in the other order, bob gets both: first what excludes.
            if package.id == wanted.id {
                app.assign(package, "bob").await;
            }
        }
        app.deliver().await;
        app.assign(&held, "bob").await;
        app.deliver().await;
        let audit = app.package(Plan::new("Audit").in_catalog("Control")).await;
        app.assign(&audit, "alice").await;
        app.deliver().await;
        excludes(app, &wanted, "incompatibleAccessPackages", &audit.id).await;
        let outer = app.group("Outer", None).await.to_string();
        excludes(app, &wanted, "incompatibleGroups", &outer).await;
        join(app, "Inner", "bob").await;
        let inner = app.group("Inner", None).await;
        let body = json!({"@odata.id": format!("http://reeve.test/v1.0/directoryObjects/{inner}")});
        let members = format!("/v1.0/groups/{outer}/members/$ref");
        app.as_operator()
            .post(&members, body)
            .await
            .assert_status(204);

        let all = [
            ("alice", "Wanted", "Audit"),
            ("alice", "Wanted", "Held"),
            ("bob", "Wanted", "Held"),
            ("bob", "Wanted", "Outer"),
        ];
        let all = all.map(|(who, one, other)| (who.to_owned(), one.to_owned(), other.to_owned()));
        let admin = app.as_operator();
        for top in [1, 2, 3, 4, 999] {
            let (mut rows, mut path) = (Vec::new(), format!("{REPORT}?top={top}"));
            loop {
                let page = admin.get(&path).await.assert_status(200).json();
                let value = page["value"].as_array().unwrap();
                assert!(value.len() <= top);
                rows.extend(value.iter().cloned());
                match page["nextLink"].as_str() {
                    Some(next) => path = next[next.find("/reeve/v1").unwrap()..].to_owned(),
                    None => break,
                }
            }
            assert_eq!(pairs(&rows), all, "top={top}");
        }
        let of = |package: &str| format!("{REPORT}?accessPackage={package}");
        assert_eq!(pairs(&admin.get(&of(&wanted.id)).await.rows()), all);
        assert!(admin.get(&of(&held.id)).await.rows().is_empty());
        admin
            .get(&of(NOWHERE))
            .await
            .assert_error(404, "ResourceNotFound");
        admin.get(&of("7")).await.assert_error(400, "BadRequest");
        admin
            .get(&format!("{REPORT}?after=nonsense"))
            .await
            .assert_error(400, "BadRequest");

        // A reader of one catalog sees what both sides of are in it, and no name of a group.
        app.give_role("erin", EmRole::CatalogReader, &wanted).await;
        let reader = app.as_user_with("erin", &[Permission::EntitlementManagementReadAll]);
        let rows = reader.get(REPORT).await.assert_status(200);
        let told = rows.to_string();
        assert!(
            !told.contains(&audit.id) && !told.contains(&outer),
            "{told}"
        );
        let rows = pairs(&rows.rows());
        assert_eq!(rows.len(), 3, "{rows:?}");
        reader
            .get(&of(&audit.id))
            .await
            .assert_error(404, "ResourceNotFound");
        app.as_user("mallory")
            .get(REPORT)
            .await
            .assert_error(403, "AccessDenied");
    })
    .await;
}

#[tokio::test]
async fn sd_6_the_report_is_a_file_of_csv_without_formulas() {
    TestApp::on_both(async |app| {
        // Each of them excludes each other, so that few people fill more than one part of the file.
        let mut packages = Vec::new();
        for number in 0..12 {
            let name = match number {
                0 => "=HYPERLINK(1)".to_owned(),
                1 => "A \"b\", c".to_owned(),
                _ => format!("Package {number}"),
            };
            packages.push(app.package(Plan::new(&name)).await);
        }
        let people = ["alice", "bob", "carol", "dave"];
        for package in &packages {
            for name in people {
                app.assign(package, name).await;
            }
        }
        app.deliver().await;
        for package in &packages {
            for other in packages.iter().filter(|other| other.id != package.id) {
                excludes(app, package, "incompatibleAccessPackages", &other.id).await;
            }
        }
        let rows = people.len() * packages.len() * (packages.len() - 1);
        assert!(rows > 500);

        let client = app.as_operator().with_header("accept", "text/csv");
        let reply = client.get(REPORT).await.assert_status(200);
        let text = String::from_utf8(reply.body.clone()).unwrap();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert!(lines[0].starts_with("subjectId,objectId,displayName,"));
        assert_eq!(lines.len(), rows + 2, "a header, everybody, and the end");
        let different: std::collections::BTreeSet<&&str> = lines.iter().collect();
        assert_eq!(different.len(), lines.len(), "no row is there twice");
        assert!(text.contains(",\"A \"\"b\"\", c\","));
        assert!(text.contains(",'=HYPERLINK(1),") && !text.contains(",=H"));
        let refused = app.as_user("mallory").with_header("accept", "text/csv");
        refused.get(REPORT).await.assert_error(403, "AccessDenied");
    })
    .await;
}

#[tokio::test]
async fn sd_1_a_package_in_another_catalog_is_taken_off_the_list_only_by_those_who_may_know_it() {
    let app = TestApp::new().await;
    let own = app.package(Plan::new("Own").in_catalog("Own")).await;
    let foreign = app
        .package(Plan::new("Foreign").in_catalog("Foreign"))
        .await;
    let unlisted = app
        .package(Plan::new("Unlisted").in_catalog("Foreign"))
        .await;
    excludes(&app, &own, "incompatibleAccessPackages", &foreign.id).await;
    app.add_user("owner").await;
    app.give_role("owner", EmRole::CatalogOwner, &own).await;
    let owner = app.as_user("owner");
    for root in [V1, BETA] {
        let links = format!(
            "{root}/accessPackages/{}/incompatibleAccessPackages",
            own.id
        );
        let unknown = NOWHERE.to_owned();
        for form in [
            |links: &str, other: &str| format!("{links}/{other}/$ref"),
            |links: &str, other: &str| {
                format!("{links}/$ref?@id=http://reeve.test{V1}/accessPackages/{other}")
            },
        ] {
            let mut told = Vec::new();
            for other in [&foreign.id, &unlisted.id, &unknown] {
                let refused = owner.delete(&form(&links, other)).await;
                let refused = refused.assert_error(404, "ResourceNotFound");
                let message = refused.json()["error"]["message"].to_string();
                told.push(message.replace(other.as_str(), "…"));
            }
            told.dedup();
            assert_eq!(told.len(), 1, "{told:?}");
        }
    }
    let path = format!(
        "{V1}/accessPackages/{}/incompatibleAccessPackages/{}/$ref",
        own.id, foreign.id
    );
    app.as_operator().delete(&path).await.assert_status(204);
}
