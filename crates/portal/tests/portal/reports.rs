//! Reports: who has what and why, what does not go together, what ends, what is stuck, what was done; as tables and as files.

use auth::roles::EmRole;
use domain::time::Duration;
use testkit::{Browser, CRM, ERP, Page, Plan, TestApp};

const ALL: [&str; 6] = [
    "/manage/reports",
    "/manage/reports/access",
    "/manage/reports/resources",
    "/manage/reports/incompatible",
    "/manage/reports/ending",
    "/manage/reports/stuck",
];

/// The file behind a table: its lines, the names of the columns first.
async fn file(browser: &Browser, path: &str) -> Vec<String> {
    let joint = if path.contains('?') { '&' } else { '?' };
    let page = browser.get(&format!("{path}{joint}format=csv")).await;
    let page = page.with_status(200);
    assert_eq!(
        page.header("content-type"),
        "text/csv;charset=utf-8;header=present"
    );
    assert!(
        page.header("content-disposition")
            .starts_with("attachment;")
    );
    assert!(page.text.ends_with("\r\n"), "{}", page.text);
    let lines = page.text.split_terminator("\r\n");
    lines.map(str::to_owned).collect()
}

fn next(page: &Page) -> Option<String> {
    let rest = page.text.split("rel=\"next\" href=\"").nth(1)?;
    Some(rest[..rest.find('"')?].replace("&amp;", "&"))
}

#[tokio::test]
async fn az5_reports_are_refused_to_whoever_may_read_no_request() {
    let app = TestApp::new().await;
    let alice = app.browser_of("alice").await;

    for path in ALL {
        alice.get(path).await.with_status(403);
        if path != "/manage/reports" {
            let page = alice.get(&format!("{path}?format=csv")).await;
            page.with_status(403);
        }
    }
    alice.get("/manage/reports/audit").await.with_status(403);
    let home = alice.get("/").await.with_status(200);
    assert!(!home.text.contains("/manage/reports"));
    let admin = app.browser_of("admin").await;
    for path in ALL {
        let page = admin.get(path).await.with_status(200);
        assert!(
            page.text.contains("aria-current=\"page\">Reports"),
            "{path}"
        );
    }
    admin
        .get("/manage/reports/access?format=pdf")
        .await
        .with_status(404);
}

#[tokio::test]
async fn who_has_what_is_told_with_the_policy_the_request_and_the_approver() {
    TestApp::on_both(async |app| {
        let asked = app
            .package(
                Plan::new("Finance")
                    .member_of("Ledgers", ERP)
                    .owner_of("Books", CRM)
                    .approval_by(&["bob"]),
            )
            .await;
        let request = app.ask(&asked, "alice").await;
        app.decide(&request, "bob", "Approve").await;
        let given = app.package(Plan::new("=1+1, \"Sums\"")).await;
        app.assign(&given, "carol").await;
        app.deliver().await;
        let admin = app.browser_of("admin").await;

        let page = admin.get("/manage/reports/access?person=ALICE").await;
        let page = page.with_status(200);
        for words in [
            "Ledgers",
            "Books",
            "Verified",
            "Asked for by alice",
            "Approved by bob",
        ] {
            assert!(page.says(words), "{words}: {}", page.words());
        }
        assert!(!page.says("carol"), "{}", page.words());
        page.link("/requests/");

        let lines = file(&admin, "/manage/reports/access?person=alice").await;
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].starts_with("person,principalName,assignmentId,package,state,"));
        let books = lines.iter().find(|line| line.contains("Books")).unwrap();
        assert!(
            books.starts_with("alice,alice@")
                && books.contains(",userAdd,")
                && books.contains(&request),
            "{books}"
        );
        // What is called like a formula is none in a spreadsheet.
        let all = file(&admin, "/manage/reports/access").await;
        assert!(
            all.iter()
                .any(|line| line.contains("\"'=1+1, \"\"Sums\"\"\"")),
            "{all:?}"
        );
        let wrong = admin.get("/manage/reports/access?state=lost").await;
        assert!(wrong.with_status(200).says("There is no such state."));
        admin
            .get("/manage/reports/access?state=lost&format=csv")
            .await
            .with_status(422);
    })
    .await;
}

#[tokio::test]
async fn a_report_pages_by_key_and_its_file_holds_all_of_it() {
    let app = TestApp::new().await;
    let cases = app.requests_in("delivered", 60).await;
    let admin = app.browser_of("admin").await;

    let mut seen = Vec::new();
    let mut at = "/manage/reports/access?state=delivered".to_owned();
    loop {
        let page = admin.get(&at).await.with_status(200);
        let cells = page.text.split("<a href=\"/manage/assignments/").skip(1);
        seen.extend(cells.map(|rest| rest[..36].to_owned()));
        let Some(next) = next(&page) else { break };
        assert!(next.contains("state=delivered"), "{next}");
        at = next;
    }
    assert_eq!(seen.len(), cases.len());
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), cases.len());

    let lines = file(&admin, "/manage/reports/access?state=delivered").await;
    for id in &seen {
        assert!(lines.iter().any(|line| line.contains(id)), "{id}");
    }
    admin
        .get("/manage/reports/access?after=x")
        .await
        .with_status(404);
}

#[tokio::test]
async fn who_has_a_resource_is_told_role_by_role_with_whom_nobody_granted_it() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Authors", CRM))
            .await;
        app.assign(&package, "alice").await;
        app.assign(&package, "bob").await;
        app.deliver().await;
        app.target(CRM)
            .gains(&package.role().origin_id, app.id_of("mallory"));
        let admin = app.browser_of("admin").await;
        let targets = admin.get("/manage/targets").await.with_status(200);
        let sweep = format!("/manage/targets/{CRM}/sweep");
        admin.submit(&targets, &sweep, &[]).await.with_status(303);
        app.deliver().await;

        let found = admin.get("/manage/reports/resources?q=auth").await;
        let path = found.with_status(200).link("/manage/reports/resources/");
        let page = admin.get(&path).await.with_status(200);
        for words in [
            "alice",
            "bob",
            "Given by an administrator",
            "1 found by sweeps.",
            "mallory",
        ] {
            assert!(page.says(words), "{words}: {}", page.words());
        }

        let lines = file(&admin, &path).await;
        assert_eq!(lines.len(), 4, "{lines:?}");
        let granted = |name: &str| {
            let line = lines.iter().find(|line| line.starts_with(name)).unwrap();
            line.contains(",nobody,")
        };
        assert!(
            !granted("alice") && !granted("bob") && granted("mallory"),
            "{lines:?}"
        );

        let none = admin.get("/manage/reports/resources?q=nothing").await;
        assert!(none.with_status(200).says("There is no such resource."));
        for wrong in ["x", "ffffffff-0000-4000-8000-000000000000"] {
            let path = format!("/manage/reports/resources/{wrong}");
            admin.get(&path).await.with_status(404);
        }
        for wrong in [
            "after=x",
            "after=ffffffff-0000-4000-8000-000000000000",
            "extras=x",
        ] {
            admin.get(&format!("{path}?{wrong}")).await.with_status(404);
        }
    })
    .await;
}

#[tokio::test]
async fn az5_a_reader_of_one_catalog_is_told_of_it_alone() {
    let app = TestApp::new().await;
    let own = app
        .package(
            Plan::new("Own")
                .in_catalog("One")
                .member_of("Shared", ERP)
                .lasting("P10D"),
        )
        .await;
    let other = app
        .package(
            Plan::new("Other")
                .in_catalog("Two")
                .member_of("Secret", ERP)
                .lasting("P10D"),
        )
        .await;
    app.assign(&own, "alice").await;
    app.assign(&other, "bob").await;
    app.deliver().await;
    app.give_role("carol", EmRole::CatalogReader, &own).await;
    let carol = app.browser_of("carol").await;
    let admin = app.browser_of("admin").await;

    for path in ["/manage/reports/access", "/manage/reports/ending"] {
        let page = carol.get(path).await.with_status(200);
        assert!(page.says("Own") && !page.says("Other"), "{}", page.words());
        let lines = file(&carol, path).await;
        assert_eq!(lines.len(), 2, "{path}: {lines:?}");
    }
    let ending = carol.get("/manage/reports/ending").await;
    assert!(
        ending.text.contains("data-label=\"Assignments\">1</td>"),
        "{}",
        ending.text
    );
    let ending = admin.get("/manage/reports/ending").await;
    assert!(
        ending.text.contains("data-label=\"Assignments\">2</td>"),
        "{}",
        ending.text
    );
    let found = carol.get("/manage/reports/resources").await;
    assert!(
        found.says("Shared") && !found.says("Secret"),
        "{}",
        found.words()
    );
    let path = found.link("/manage/reports/resources/");
    let page = carol.get(&path).await.with_status(200);
    assert!(
        page.says("alice") && !page.says("found by sweeps"),
        "{}",
        page.words()
    );
    // Nor by an address that they were not given.
    let secret = admin.get("/manage/reports/resources?q=secret").await;
    let secret = secret.link("/manage/reports/resources/");
    carol.get(&secret).await.with_status(404);
    // What is told of the tenant as a whole is not for them.
    carol.get("/manage/reports/stuck").await.with_status(403);
    carol.get("/manage/reports/audit").await.with_status(403);
    let index = carol.get("/manage/reports").await.with_status(200);
    assert!(
        !index.says("Audit log") && !index.says("What is stuck"),
        "{}",
        index.words()
    );
}

#[tokio::test]
async fn sd3_who_holds_both_of_what_does_not_go_together_is_found() {
    TestApp::on_both(async |app| {
        let payments = app.package(Plan::new("Payments")).await;
        app.assign(&payments, "alice").await;
        let vendors = app.package(Plan::new("Vendors")).await;
        app.assign(&vendors, "alice").await;
        app.assign(&vendors, "bob").await;
        app.deliver().await;
        let admin = app.browser_of("admin").await;
        let before = admin.get("/manage/reports/incompatible").await;
        assert!(
            before
                .with_status(200)
                .says("Nobody holds what does not go together.")
        );

        let graph = "/v1.0/identityGovernance/entitlementManagement";
        let path = format!(
            "{graph}/accessPackages/{}/incompatibleAccessPackages/$ref",
            payments.id
        );
        let body =
            serde_json::json!({"@odata.id": format!("{graph}/accessPackages/{}", vendors.id)});
        app.as_user("admin")
            .post(&path, body)
            .await
            .assert_status(204);

        let page = admin
            .get("/manage/reports/incompatible")
            .await
            .with_status(200);
        assert!(
            page.says("alice")
                && page.says("Payments")
                && page.says("Vendors")
                && !page.says("bob"),
            "{}",
            page.words()
        );
        let lines = file(&admin, "/manage/reports/incompatible").await;
        assert_eq!(lines.len(), 2, "{lines:?}");
        let of = format!("/manage/reports/incompatible?package={}", vendors.id);
        assert_eq!(file(&admin, &of).await.len(), 1);
        for wrong in ["package=x", "after=x"] {
            let path = format!("/manage/reports/incompatible?{wrong}");
            admin.get(&path).await.with_status(404);
        }
    })
    .await;
}

#[tokio::test]
async fn what_ends_soon_comes_in_the_order_of_its_end_and_pages_among_those_that_end_together() {
    TestApp::on_both(async |app| {
        let short = app.package(Plan::new("Short").lasting("P5D")).await;
        app.assign(&short, "alice").await;
        let longer = app.package(Plan::new("Longer").lasting("P20D")).await;
        for number in 0..60 {
            let name = format!("person{number:02}");
            app.add_user(&name).await;
            app.assign(&longer, &name).await;
        }
        let never = app.package(Plan::new("Forever").lasting("P300D")).await;
        app.assign(&never, "bob").await;
        app.deliver().await;
        let admin = app.browser_of("admin").await;

        let mut seen = Vec::new();
        let mut at = "/manage/reports/ending?within=35".to_owned();
        loop {
            let page = admin.get(&at).await.with_status(200);
            assert!(!page.says("Forever"), "{}", page.words());
            let cells = page.text.split("<a href=\"/manage/assignments/").skip(1);
            let own = cells.map(|rest| (rest[..36].to_owned(), rest.contains("Short</a>")));
            seen.extend(own);
            let Some(next) = next(&page) else { break };
            assert!(next.contains("within=35"), "{next}");
            at = next;
        }
        assert_eq!(seen.len(), 61);
        assert!(seen[0].1 && !seen[1].1);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 61);
        assert_eq!(
            file(&admin, "/manage/reports/ending?within=35").await.len(),
            62
        );

        let page = admin.get("/manage/reports/ending?within=7").await;
        let page = page.with_status(200);
        assert!(
            page.says("Short") && !page.says("Longer"),
            "{}",
            page.words()
        );
        assert!(
            page.text.contains("<svg ") && page.says("As a table"),
            "{}",
            page.text
        );
        app.advance(Duration::from_days(6));
        let page = admin.get("/manage/reports/ending?within=7").await;
        assert!(page.says("Nothing ends within 7 days."), "{}", page.words());
        app.deliver().await;
        admin
            .get("/manage/reports/ending?within=8")
            .await
            .with_status(404);
    })
    .await;
}

#[tokio::test]
async fn l9_that_nothing_is_stuck_is_said() {
    let app = TestApp::new().await;
    let admin = app.browser_of("admin").await;

    let page = admin.get("/manage/reports/stuck").await.with_status(200);

    assert!(page.says("Nothing is stuck"), "{}", page.words());
    assert_eq!(
        file(&admin, "/manage/reports/stuck").await,
        ["kind,id,since"]
    );
    let package = app
        .package(Plan::new("Books").member_of("Authors", CRM))
        .await;
    let request = app.assign(&package, "alice").await;
    // Nobody plans it.
    app.advance(Duration::from_minutes(120));
    let page = admin.get("/manage/reports/stuck").await.with_status(200);
    assert!(
        page.says("A request that is not planned"),
        "{}",
        page.words()
    );
    assert_eq!(page.link("/requests/"), format!("/requests/{request}"));
    let lines = file(&admin, "/manage/reports/stuck").await;
    assert!(
        lines[1].starts_with(&format!("plan,{request},")),
        "{lines:?}"
    );
    app.deliver().await;
}

#[tokio::test]
async fn al3_the_audit_log_is_searched_by_what_was_done_by_whom_and_to_what() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Finance").approval_by(&["bob"]))
            .await;
        let other = app.package(Plan::new("Marketing")).await;
        let request = app.ask(&package, "alice").await;
        app.decide(&request, "bob", "Approve").await;
        app.assign(&other, "carol").await;
        app.deliver().await;
        let admin = app.browser_of("admin").await;

        let path = "/manage/reports/audit";
        let all = admin.get(path).await.with_status(200);
        assert!(
            all.says("User requests access package assignment")
                && all.says("Create access package"),
            "{}",
            all.words()
        );
        for (query, shown, hidden) in [
            (
                "actor=bob",
                "Approval stage completed",
                "Create access package catalog",
            ),
            ("actor=ALICE", "alice", "Create access package catalog"),
            ("object=marketing", "Marketing", "Approval stage completed"),
            (
                "activity=Create+access+package",
                "Create access package",
                "Approval stage completed",
            ),
            ("actor=stranger", "There is no such event.", "alice"),
            (
                "from=2999-01-01",
                "There is no such event.",
                "Create access package catalog",
            ),
            (
                "until=2999-01-01",
                "Create access package catalog",
                "There is no such event.",
            ),
            (
                "from=soon",
                "Give days as year, month and day, such as 2027-01-31.",
                "There is no such event.",
            ),
            (
                "activity=Dancing",
                "There is no such activity.",
                "There is no such event.",
            ),
            ("object=a%00b", "There is no such event.", "Marketing"),
        ] {
            let page = admin.get(&format!("{path}?{query}")).await.with_status(200);
            // The names of all activities are on the page, to be chosen.
            let told = page.words();
            let told = told.split("All reports").nth(1).unwrap();
            let is_shown = told.contains(shown) || (shown.ends_with('.') && page.says(shown));
            assert!(is_shown && !told.contains(hidden), "{query}: {told}");
        }
        let by_id = format!("{path}?object={request}");
        let page = admin.get(&by_id).await.with_status(200);
        assert!(page.says("Approval stage completed"), "{}", page.words());

        let lines = file(&admin, &by_id).await;
        assert!(lines.len() > 2 && lines.iter().skip(1).all(|line| line.contains(&request)));
        let mut whole = 0;
        let mut at = path.to_owned();
        loop {
            let page = admin.get(&at).await.with_status(200);
            whole += page.text.matches("data-label=\"When\"").count();
            let Some(next) = next(&page) else { break };
            at = next;
        }
        assert_eq!(file(&admin, path).await.len(), whole + 1);
        admin
            .get(&format!("{path}?activity=Dancing&format=csv"))
            .await
            .with_status(422);
        app.browser_of("alice")
            .await
            .get(path)
            .await
            .with_status(403);
    })
    .await;
}
