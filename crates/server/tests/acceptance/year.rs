//! A whole year of a tenant: starts, escalations, time-outs, extensions, notices before the end, ends, graces. Whether the
//! clock is moved in one step or in many, the same things happen, in the same order and at the same times.

use std::collections::BTreeSet;

use domain::time::{Duration, Timestamp};
use serde_json::{Value, json};
use testkit::{Backend, CRM, ERP, Package, Plan, TestApp, V1};

const PEOPLE: [&str; 5] = ["alice", "bob", "carol", "dave", "erin"];

/// What happens by itself after the first day, by the tenant's own log. Asked: escalated and timed out (T10, T9); Ruled: over
/// after its grace (A10); Short: over (A8); Season: over at the end that was extended (A11), not before; Later: starts (T11)
/// and is over.
const DIARY: &[(i64, &[&str])] = &[
    (3, &["Update access package assignment request"]),
    (7, ENDS),
    (
        14,
        &["Access package assignment request timed out (no approver action taken)"],
    ),
    (30, ENDS),
    (80, ENDS),
    (
        100,
        &[
            "Ready to fulfill access package assignment request",
            "Fulfill access package resource assignment",
            "Fulfill access package assignment request",
        ],
    ),
    (200, ENDS),
];
const ENDS: &[&str] = &[
    "Entitlement Management removes access package assignment request for user",
    "Ready to fulfill access package assignment request",
    "Remove access package resource assignment",
    "Fulfill access package assignment request",
];

/// Who is told what after the first day: the alternate that it is her turn (N1), all who were asked that it is too late (N6)
/// and who asked as well (N10); holders that their access is over soon (N19), is there (N18), and is over (N20).
const NOTICES: &[(i64, i64, &str)] = &[
    (3, 1, "erin"),
    (7, 20, "erin"),
    (14, 6, "bob"),
    (14, 6, "erin"),
    (14, 10, "dave"),
    (16, 19, "alice"),
    (29, 19, "alice"),
    (30, 20, "alice"),
    (66, 19, "carol"),
    (79, 19, "carol"),
    (80, 20, "carol"),
    (100, 18, "bob"),
    (186, 19, "bob"),
    (199, 19, "bob"),
    (200, 20, "bob"),
];

/// What the year begins with.
struct Year {
    began: Timestamp,
    packages: Vec<Package>,
    /// Requests, by a name for each.
    requests: Vec<(&'static str, String)>,
}

// RQ-26: what is over is listed like what is not, a year after.
#[tokio::test]
async fn a_year_in_one_step_is_as_a_year_in_many() {
    for backend in Backend::ALL {
        for steps in [1, 73] {
            let Some(app) = TestApp::in_development(backend).await else {
                continue;
            };
            let year = begin(&app).await;

            for _ in 0..steps {
                travel(&app, Duration::from_days(365 / steps)).await;
                app.deliver().await;
            }

            let happened = diary(&app, &year).await;
            let expected: Vec<_> = DIARY
                .iter()
                .flat_map(|(day, what)| what.iter().map(|what| (*day, (*what).to_owned())))
                .collect();
            assert_eq!(happened, expected, "{backend:?}, in {steps} steps");
            let notices = told(&app, &year).await;
            let expected: Vec<_> = NOTICES
                .iter()
                .map(|(day, number, who)| (*day, *number, (*who).to_owned()))
                .collect();
            assert_eq!(notices, expected, "{backend:?}, in {steps} steps");
            check(&app, &year).await;
        }
    }
}

// A8, RP-33, RP-37
#[tokio::test]
async fn a_target_that_is_down_as_the_clock_goes_by_is_given_up_in_its_time() {
    let app = TestApp::in_development(Backend::Sqlite).await.unwrap();
    let plan = Plan::new("Short")
        .member_of("Visitors", ERP)
        .lasting("P30D");
    let package = app.package(plan).await;
    let began = app.now();
    app.assign(&package, "alice").await;
    app.deliver().await;
    app.target(ERP).goes_down();

    travel(&app, Duration::from_days(365)).await;

    let removal = app.requests_of(&package).await.pop().unwrap();
    assert_eq!(removal["state"], "deliveryFailed", "{removal}");
    let made = Timestamp::parse(removal["createdDateTime"].as_str().unwrap()).unwrap();
    assert_eq!(made, began.plus(Duration::from_days(30)));
    let ended = Timestamp::parse(removal["completedDateTime"].as_str().unwrap()).unwrap();
    let hours = (ended.micros() - made.micros()) / 3_600_000_000;
    assert!((7..24).contains(&hours), "given up after {hours} hours");
    app.recover(&[ERP]);
    let path = "/reeve/v1/dev/clock";
    for wrong in ["-PT1H", "P40000D"] {
        let refused = app
            .as_operator()
            .post(path, json!({"advance": wrong}))
            .await;
        refused.assert_error(400, "InvalidModel");
    }
}

/// Everything that is to come is asked for on the first day.
async fn begin(app: &TestApp) -> Year {
    let short = Plan::new("Short")
        .member_of("Visitors", ERP)
        .lasting("P30D");
    let season = Plan::new("Season").member_of("Crew", CRM).lasting("P90D");
    let asked = Plan::new("Asked")
        .member_of("Crew", CRM)
        .approval_by(&["bob"])
        .escalating_to(&["erin"], "P3D");
    let later = Plan::new("Later").member_of("Visitors", ERP);
    let ruled = Plan::new("Ruled").member_of("Sellers", CRM);
    let mut packages = Vec::new();
    for plan in [short, season, asked, later, ruled] {
        packages.push(app.package(plan).await);
    }
    let five: &[Package; 5] = packages.as_slice().try_into().unwrap();
    let [short, season, asked, later, ruled] = five;
    let began = app.now();
    let day = |number| began.plus(Duration::from_days(number));

    let alices = app.ask(short, "alice").await;
    let carols = app.assign_with(season, "carol", ending(day(40))).await;
    let carols = carols.assert_status(201).text("id");
    let daves = app.ask(asked, "dave").await;
    let schedule = json!({"schedule": {
        "startDateTime": day(100).to_string(),
        "expiration": {"type": "afterDateTime", "endDateTime": day(200).to_string()}
    }});
    let bobs = app.assign_with(later, "bob", schedule).await;
    let bobs = bobs.assert_status(201).text("id");
    employ(app, "erin", "Sales").await;
    rule(app, ruled).await;
    app.deliver().await;

    let extended = app.assignment_of(&carols).await;
    let extension = app.try_extend(&extended, "carol", day(80)).await;
    extension.assert_status(201);
    employ(app, "erin", "Finance").await;
    app.deliver().await;
    let requests = vec![
        ("short", alices),
        ("season", carols),
        ("asked", daves),
        ("later", bobs),
    ];
    Year {
        began,
        packages,
        requests,
    }
}

fn ending(at: Timestamp) -> Value {
    json!({"schedule": {
        "expiration": {"type": "afterDateTime", "endDateTime": at.to_string()}
    }})
}

async fn employ(app: &TestApp, name: &str, department: &str) {
    let path = format!("/v1.0/users/{}", app.id_of(name));
    let change = json!({"department": department});
    app.as_operator()
        .patch(&path, change)
        .await
        .assert_status(204);
}

/// Whoever sells has the package, and a week after.
async fn rule(app: &TestApp, package: &Package) {
    let body = json!({
        "displayName": "Everybody in Sales",
        "description": "By rule.",
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [{
            "@odata.type": "#microsoft.graph.attributeRuleMembers",
            "description": "Sales",
            "membershipRule": "user.department -eq \"Sales\""
        }],
        "automaticRequestSettings": {
            "requestAccessForAllowedTargets": true,
            "gracePeriodBeforeAccessRemoval": "P7D"
        },
        "accessPackage": {"id": package.id}
    });
    let path = format!("{V1}/assignmentPolicies");
    app.as_operator().post(&path, body).await.assert_status(201);
}

/// The clock goes on by the call that users of a development tenant have.
async fn travel(app: &TestApp, by: Duration) {
    let before = app.now();
    let days = by.micros() / Duration::from_days(1).micros();
    let body = json!({"advance": format!("P{days}D")});
    let moved = app.as_operator().post("/reeve/v1/dev/clock", body).await;
    assert_eq!(
        moved.assert_status(200).text("now"),
        before.plus(by).to_string()
    );
}

/// What the log tells of what the service did by itself, after the first day.
async fn diary(app: &TestApp, year: &Year) -> Vec<(i64, String)> {
    let path = "/v1.0/auditLogs/directoryAudits?$top=999&$orderby=activityDateTime";
    let events = app.as_operator().get(path).await.assert_status(200).rows();
    let mut diary = Vec::new();
    for event in &events {
        let what = event["activityDisplayName"].as_str().unwrap();
        let (day, is_sharp) = day_of(year, &event["activityDateTime"]);
        if day < 1 || what.contains("setting") {
            continue;
        }
        assert!(is_sharp, "nothing is late: {event}");
        diary.push((day, what.to_owned()));
    }
    diary
}

/// Days since the beginning, and whether it is a whole number of them but for a second.
fn day_of(year: &Year, at: &Value) -> (i64, bool) {
    let at = Timestamp::parse(at.as_str().unwrap()).unwrap();
    let seconds = (at.micros() - year.began.micros()) / 1_000_000;
    (seconds / 86_400, seconds % 86_400 <= 1)
}

/// Who was told what after the first day, by the numbers of section 10.2.
async fn told(app: &TestApp, year: &Year) -> Vec<(i64, i64, String)> {
    let mut told = Vec::new();
    for state in domain::notice::NoticeState::ALL {
        let path = format!("/reeve/v1/notices?top=999&state={state}");
        let found = app.as_operator().get(&path).await.assert_status(200).rows();
        for notice in found {
            let (day, _) = day_of(year, &notice["createdDateTime"]);
            let id = notice["recipientId"].as_str().unwrap();
            let who = PEOPLE.iter().find(|name| app.id_of(name).to_string() == id);
            if day > 0 {
                told.push((
                    day,
                    notice["number"].as_i64().unwrap(),
                    (*who.unwrap()).to_owned(),
                ));
            }
        }
    }
    told.sort();
    told
}

/// In the end nobody holds anything, and everything says so: requests, assignments, ledger and targets.
async fn check(app: &TestApp, year: &Year) {
    let states = [
        ("short", "delivered"),
        ("season", "delivered"),
        ("asked", "denied"),
        ("later", "delivered"),
    ];
    for ((name, id), (_, state)) in year.requests.iter().zip(states) {
        assert_eq!(app.state(id).await, state, "{name}");
    }
    for package in &year.packages {
        for request in app.requests_of(package).await {
            assert_ne!(request["completedDateTime"], Value::Null, "{request}");
        }
    }
    let path = format!("{V1}/assignments?$top=999");
    let rows = app.as_operator().get(&path).await.assert_status(200).rows();
    assert_eq!(rows.len(), 4, "short, season, later, ruled");
    for row in &rows {
        assert_eq!(row["state"], "expired", "{row}");
    }
    let books = app.books(&PEOPLE).await;
    assert_eq!(books.desired(), BTreeSet::new());
    assert!(books.unsettled().is_empty());
    assert_eq!(app.held(), BTreeSet::new());
}
