//! What calls cost, in numbers that noise cannot move: statements, commits, writes at a target.

use serde_json::json;
use store::Statistics;
use testkit::{ERP, FakeTarget, Package, Plan, TestApp, V1};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Somebody for each number.
async fn people(app: &TestApp, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|n| format!("person{n}")).collect();
    for name in &names {
        app.add_user(name).await;
    }
    names
}

/// Delivered assignments of a package to these people.
async fn assigned(app: &TestApp, package: &Package, names: &[String]) -> Vec<String> {
    let mut requests = Vec::new();
    for name in names {
        requests.push(app.assign(package, name).await);
    }
    app.deliver().await;
    let mut assignments = Vec::new();
    for request in requests {
        assignments.push(app.assignment_of(&request).await);
    }
    assignments
}

/// What a list costs: the statements it runs, and the rows that those give.
async fn cost(app: &TestApp, path: &str, rows: usize) -> (u64, u64) {
    let reader = app.as_operator();
    // The first call looks up who it is.
    reader.get(path).await.assert_status(200);
    let before = app.service().store.statistics();
    let page = reader.get(path).await.assert_status(200).json();
    let after = app.service().store.statistics();
    assert_eq!(page["value"].as_array().unwrap().len(), rows, "{path}");
    (
        after.statements - before.statements,
        after.rows - before.rows,
    )
}

#[tokio::test]
async fn a_page_of_many_takes_as_many_statements_as_a_page_of_one() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Leads").member_of("Leads", ERP))
            .await;
        let names = people(app, 12).await;
        assigned(app, &package, &names).await;
        for list in [
            "assignments?$orderby=expiredDateTime desc",
            "assignments?$expand=accessPackage,target,assignmentPolicy&$count=true",
            "assignments?$filter=state eq 'Delivered' and target/displayName ne 'x'",
            "assignmentRequests?$expand=accessPackage($expand=catalog),requestor,assignment",
        ] {
            let path = |top| format!("{V1}/{list}&$top={top}").replace(' ', "%20");
            let (one, _) = cost(app, &path(1), 1).await;
            let (many, rows) = cost(app, &path(12), 12).await;

            assert_eq!(one, many, "{list}");
            assert!(many <= 8, "{list}: {many} statements");
            // Each row once, and at most once more for each thing that is shown beside it.
            assert!(rows <= 12 * 6 + 8, "{list}: {rows} rows");
        }
    })
    .await;
}

#[tokio::test]
async fn a_hundred_accepts_that_wait_together_share_one_commit_and_as_many_statements_as_one_takes()
{
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Leads")).await;
        let names = people(app, 101).await;
        let mut assignments = assigned(app, &package, &names).await;
        let alone = assignments.split_off(100);

        let one = accepted_together(app, alone).await;
        let hundred = accepted_together(app, assignments).await;

        for (cost, calls) in [(&one, 1), (&hundred, 100)] {
            // That of the one that held the writer up, and that of all the others.
            assert_eq!(cost.commits, 2, "{calls}");
            assert_eq!(cost.transactions, 2, "{calls}");
            assert_eq!(cost.joined, calls - 1);
            assert!(
                cost.statements <= 10,
                "{calls}: {} statements",
                cost.statements
            );
        }
        assert_eq!(one.statements, hundred.statements);
        app.deliver().await;
    })
    .await;
}

/// What it costs to reprocess these assignments, all of which wait before the first is looked at.
async fn accepted_together(app: &TestApp, assignments: Vec<String>) -> Statistics {
    // Whoever calls is known before the writer is held up.
    let caller = app.as_operator();
    caller
        .get(&format!("{V1}/catalogs"))
        .await
        .assert_status(200);
    let before = statistics(app);
    let many = assignments.len() as u64;
    let mut calls = JoinSet::new();
    let release = hold_the_writer(app).await;
    for assignment in assignments {
        let caller = caller.clone();
        let path = format!("{V1}/assignments/{assignment}/reprocess");
        calls.spawn(async move { caller.post_empty(&path).await });
    }
    while statistics(app).waiting != 1 || statistics(app).joined - before.joined != many - 1 {
        tokio::task::yield_now().await;
    }
    release.send(()).unwrap();
    for reply in calls.join_all().await {
        reply.assert_status(202);
    }
    let after = statistics(app);
    Statistics {
        commits: after.commits - before.commits,
        transactions: after.transactions - before.transactions,
        joined: after.joined - before.joined,
        statements: after.statements - before.statements,
        ..after
    }
}

fn statistics(app: &TestApp) -> Statistics {
    app.service().store.statistics()
}

/// Nobody else writes before what is given is sent or dropped.
async fn hold_the_writer(app: &TestApp) -> oneshot::Sender<()> {
    let (release, released) = oneshot::channel();
    let (begun, holds) = oneshot::channel();
    let store = app.service().store.clone();
    let ends = std::sync::Mutex::new(Some((begun, released)));
    tokio::spawn(async move {
        let hold = move |_: &mut store::WriteTx<'_>| -> Result<(), store::Error> {
            let (begun, released) = ends.lock().unwrap().take().unwrap();
            begun.send(()).unwrap();
            // An error means that the test has ended.
            let _ = released.blocking_recv();
            Ok(())
        };
        store.write(hold).await
    });
    holds.await.unwrap();
    release
}

#[tokio::test]
async fn as_many_members_of_one_group_are_written_at_once_as_the_target_takes() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Leads").member_of("Leads", ERP))
        .await;
    let names = people(&app, 150).await;

    let assignments = assigned(&app, &package, &names).await;

    let role = &package.role().origin_id;
    for name in &names {
        assert!(app.target(ERP).has(role, app.id_of(name)), "{name}");
    }
    let most = names.len().div_ceil(FakeTarget::AT_ONCE);
    assert_eq!(app.target(ERP).writes(), most);

    for assignment in assignments {
        let body = json!({"requestType": "adminRemove", "assignment": {"id": assignment}});
        let path = format!("{V1}/assignmentRequests");
        app.as_operator().post(&path, body).await.assert_status(201);
    }
    app.deliver().await;

    for name in &names {
        assert!(!app.target(ERP).has(role, app.id_of(name)), "{name}");
    }
    assert_eq!(app.target(ERP).writes(), 2 * most);
}

#[tokio::test]
async fn a_request_with_two_stages_is_submitted_in_few_statements() {
    TestApp::on_both(async |app| {
        let names = people(app, 4).await;
        let plan = Plan::new("Leads").approval_by(&[&names[0]]);
        let package = app.package(plan.approval_by(&[&names[1]])).await;
        let plain = app.package(Plan::new("Plain")).await;
        // Whoever asks and gets is known already.
        app.assign(&plain, &names[2]).await;
        app.assign(&plain, &names[3]).await;
        let submit = async |name: &str| {
            let before = statistics(app).statements;
            let body = json!({
                "requestType": "adminAdd",
                "assignment": {
                    "targetId": app.id_of(name).to_string(),
                    "assignmentPolicyId": package.policy,
                    "accessPackageId": package.id
                }
            });
            let path = format!("{V1}/assignmentRequests");
            app.as_operator().post(&path, body).await.assert_status(201);
            statistics(app).statements - before
        };
        let first = submit(&names[2]).await;

        let second = submit(&names[3]).await;

        // Nine rows are written and one statement asks for subscribers; the rest is what the checks read. The test's own
        // look at the audit trail is one of them.
        assert!(second <= 20, "{second} statements");
        assert_eq!(first, second);
        app.deliver().await;
    })
    .await;
}

/// Steps of the database's machine for one more of everything that somebody waits for, delivered.
async fn steps_of_daily_work(app: &TestApp, package: &Package, names: &[String]) -> u64 {
    let assignments = assigned(app, package, &names[..2]).await;
    let before = statistics(app);
    app.as_operator()
        .post_empty(&format!("{V1}/assignments/{}/reprocess", assignments[0]))
        .await
        .assert_status(202);
    app.deliver().await;
    let added = assigned(app, package, &names[2..3]).await;
    app.as_operator()
        .get(&format!("{V1}/assignments/{}", added[0]))
        .await
        .assert_status(200);
    statistics(app).steps - before.steps
}

#[tokio::test]
async fn what_somebody_waits_for_costs_the_same_however_many_people_there_are() {
    let small = TestApp::new().await;
    let package = small
        .package(Plan::new("Leads").member_of("Leads", ERP))
        .await;
    let few = people(&small, 4).await;
    let alone = steps_of_daily_work(&small, &package, &few).await;

    let large = TestApp::new().await;
    let package = large
        .package(Plan::new("Leads").member_of("Leads", ERP))
        .await;
    let many = people(&large, 400).await;
    assigned(&large, &package, &many[100..300]).await;
    let among_many = steps_of_daily_work(&large, &package, &many).await;

    assert!(alone > 0);
    assert!(
        among_many < alone + alone / 4,
        "{alone} steps in a small tenant, {among_many} in a large one"
    );
}

/// What anybody who looks after access opens without naming anything.
const OPENED: &[&str] = &[
    "/",
    "/packages",
    "/requests",
    "/approvals",
    "/manage/requests",
    "/manage/assignments",
    "/manage/assignments?state=delivered",
    "/manage/jobs",
    "/manage/drift",
    "/manage/drift?kind=missing",
    "/manage/drift?kind=unwanted&target=erp",
    "/manage/catalogs",
    "/manage/reports",
    "/manage/reports/access",
    "/manage/reports/resources",
    "/manage/reports/incompatible",
    "/manage/reports/ending",
    "/manage/reports/stuck",
    "/manage/reports/audit",
];

const OWN: &[&str] = &[
    "/reeve/v1/drift",
    "/reeve/v1/drift?kind=missing&target=erp",
    "/reeve/v1/drift/extras",
    "/reeve/v1/ledger?drifted=true",
    "/reeve/v1/reports/incompatibleAccess",
    "/reeve/v1/stuck",
];

/// Steps of the database's machine for each page and report, in a tenant with so many people who have access; two
/// grants have drifted.
async fn steps_of_reading(people: usize) -> Vec<(&'static str, u64)> {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Leads").member_of("Leads", ERP))
        .await;
    let names = self::people(&app, people).await;
    assigned(&app, &package, &names).await;
    for name in &names[..2] {
        app.loses(package.role(), name).await;
    }
    app.as_operator()
        .post("/reeve/v1/sweeps", json!({ "target": ERP }))
        .await
        .assert_status(201);
    app.deliver().await;
    let (admin, api) = (app.browser_of("admin").await, app.as_operator());
    let mut steps = Vec::new();
    for path in OPENED.iter().chain(OWN) {
        let read = async || {
            if OWN.contains(path) {
                api.get(path).await.assert_status(200);
            } else {
                admin.get(path).await.with_status(200);
            }
        };
        // The first call looks up who it is.
        read().await;
        let before = statistics(&app).steps;
        read().await;
        steps.push((*path, statistics(&app).steps - before));
    }
    steps
}

#[tokio::test]
async fn l8_a_page_or_a_report_costs_the_same_however_many_people_have_access() {
    let small = steps_of_reading(60).await;
    let large = steps_of_reading(480).await;

    let mut dear = Vec::new();
    for ((path, few), (_, many)) in small.into_iter().zip(large) {
        assert!(few > 0, "{path}");
        if many > few + few / 4 {
            dear.push(format!(
                "{path}: {few} steps in a small tenant, {many} in a large one"
            ));
        }
    }
    assert!(dear.is_empty(), "{}", dear.join("\n"));
}
