//! `reprocess`, `drift` and `export` against a server that knows nothing of them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, EM, Server, direct, reeve, run, seed, text, work};

/// More than one batch, and more than one page of twenty.
const PEOPLE: usize = 45;

struct Farm {
    server: Server,
    api: Api,
    users: Vec<String>,
    _folder: tempfile::TempDir,
}

/// Everybody has the package.
async fn farm() -> Farm {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let seed = seed(folder.path(), PEOPLE);
    let server = Server::start(&data, &["--seed", seed.to_str().unwrap()]);
    let api = server.sign_in(None).await;
    let (package, policy) = work(&api).await;
    let (mut users, mut requests) = (Vec::new(), Vec::new());
    for number in 0..PEOPLE {
        let user = api
            .id_of("/v1.0/users", &format!("u{number}@reeve.example"))
            .await;
        let body = direct(&package, &policy, &user);
        let path = format!("{EM}/assignmentRequests");
        let (status, request) = api.call(Method::POST, &path, Some(&body)).await;
        assert_eq!(status, 201, "{request}");
        requests.push(format!("{path}/{}", request["id"].as_str().unwrap()));
        users.push(user);
    }
    for request in requests {
        assert_eq!(api.settled(&request).await, "delivered");
    }
    Farm {
        server,
        api,
        users,
        _folder: folder,
    }
}

#[tokio::test]
async fn drift_is_listed_and_a_bulk_reprocess_puts_it_right() {
    let farm = farm().await;
    let data = farm.server.data.to_str().unwrap();
    let group = farm.api.id_of("/v1.0/groups", "Crew").await;
    for user in farm.users.iter().take(30) {
        let link = format!("/v1.0/groups/{group}/members/{user}/$ref");
        let (status, _) = farm.api.call(Method::DELETE, &link, None).await;
        assert_eq!(status, 204);
    }
    let drift = run(&["drift", "--output", "json", "--data", data]);
    assert_eq!(drift.status.code(), Some(1));
    // What is exported for another server stays away from this one.
    let elsewhere = reeve()
        .args(["drift", "--output", "json", "--data", data])
        .env("REEVE_URL", "http://127.0.0.1:9")
        .env("REEVE_TOKEN", "of-another-server")
        .env("REEVE_TENANT", "another")
        .env("REEVE_CLIENT_ID", "another")
        .env("REEVE_CLIENT_SECRET", "of-another-server")
        .output()
        .unwrap();
    assert_eq!(text(&elsewhere.stdout), text(&drift.stdout));
    assert_eq!(text(&drift.stdout).lines().count(), 30);

    let plan = run(&[
        "reprocess",
        "assignment",
        "--state",
        "delivered",
        "--single",
        "--dry-run",
        "--data",
        data,
    ]);
    assert!(
        text(&plan.stdout).starts_with("45 assignments to reprocess, in 3 batches"),
        "{}",
        text(&plan.stdout)
    );
    assert_eq!(
        run(&["drift", "--output", "json", "--data", data])
            .status
            .code(),
        Some(1),
        "a plan changes nothing"
    );
    let done = run(&[
        "reprocess",
        "assignment",
        "--state",
        "delivered",
        "--single",
        "--data",
        data,
    ]);

    let told = text(&done.stdout);
    assert!(done.status.success(), "{told}{}", text(&done.stderr));
    assert!(told.contains("| delivered | 45          |"), "{told}");
    assert!(run(&["drift", "--data", data]).status.success());
    assert_eq!(
        farm.api
            .list(&format!("/v1.0/groups/{group}/members?$select=id"))
            .await
            .len(),
        PEOPLE
    );
}

#[tokio::test]
async fn what_is_refused_is_told_with_its_reason_and_the_rest_goes_on() {
    let farm = farm().await;
    let data = farm.server.data.to_str().unwrap();
    let requests = farm
        .api
        .list(&format!("{EM}/assignmentRequests?$select=id&$top=2"))
        .await;
    let request = requests[0]["id"].as_str().unwrap();

    let refused = run(&["reprocess", "requests", request, "--single", "--data", data]);
    let unknown = run(&[
        "reprocess",
        "requests",
        "00000000-0000-4000-8000-000000000000",
        "--single",
        "--data",
        data,
    ]);
    let nothing = run(&[
        "reprocess",
        "requests",
        "--filter",
        "state eq 'deliveryFailed'",
        "--single",
        "--data",
        data,
    ]);

    assert_eq!(refused.status.code(), Some(3), "nothing was done");
    assert!(
        text(&refused.stdout).contains("InvalidRequestState"),
        "{refused:?}"
    );
    assert_eq!(unknown.status.code(), Some(3));
    assert!(
        text(&unknown.stderr).contains("ResourceNotFound"),
        "{unknown:?}"
    );
    assert!(nothing.status.success());
    assert!(
        text(&nothing.stdout).contains("0 requests to reprocess"),
        "{nothing:?}"
    );
}

#[tokio::test]
async fn a_server_that_says_not_now_is_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("reeve.toml");
    std::fs::write(&config, "[reprocess]\nperMinutePerTenant = 1\n").unwrap();
    let data = folder.path().join("data");
    let seed = seed(folder.path(), 2);
    let server = Server::start(
        &data,
        &[
            "--seed",
            seed.to_str().unwrap(),
            "--config",
            config.to_str().unwrap(),
        ],
    );
    let api = server.sign_in(None).await;
    let (package, policy) = work(&api).await;
    let mut assignments = Vec::new();
    for number in 0..2 {
        let user = api
            .id_of("/v1.0/users", &format!("u{number}@reeve.example"))
            .await;
        let body = direct(&package, &policy, &user);
        let (_, request) = api
            .call(
                Method::POST,
                &format!("{EM}/assignmentRequests"),
                Some(&body),
            )
            .await;
        let path = format!(
            "{EM}/assignmentRequests/{}",
            request["id"].as_str().unwrap()
        );
        assert_eq!(api.settled(&path).await, "delivered");
        let request = api.get(&format!("{path}?$expand=assignment")).await;
        assignments.push(request["assignment"]["id"].as_str().unwrap().to_owned());
    }
    // The one call of this minute is spent, and most of the minute is over.
    let spend = format!("{EM}/assignments/{}/reprocess", assignments[0]);
    assert_eq!(api.call(Method::POST, &spend, None).await.0, 202);
    let (status, _) = api
        .call(
            Method::POST,
            "/reeve/v1/dev/clock",
            Some(&json!({ "advance": "PT52S" })),
        )
        .await;
    assert_eq!(status, 200);
    let too_soon = format!("{EM}/assignments/{}/reprocess", assignments[1]);
    assert_eq!(api.call(Method::POST, &too_soon, None).await.0, 429);

    let done = run(&[
        "reprocess",
        "assignments",
        &assignments[1],
        "--single",
        "--data",
        data.to_str().unwrap(),
    ]);

    assert!(done.status.success(), "{done:?}");
    assert!(text(&done.stdout).contains("| delivered | 1 "), "{done:?}");
}

#[tokio::test]
async fn an_export_has_everything_one_object_a_line() {
    let farm = farm().await;

    let exported = run(&["export", "--data", farm.server.data.to_str().unwrap()]);

    assert!(exported.status.success(), "{}", text(&exported.stderr));
    let lines: Vec<Value> = text(&exported.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).count();
    assert_eq!(
        (
            of("catalog"),
            of("accessPackage"),
            of("assignmentPolicy"),
            of("assignment")
        ),
        (2, 1, 1, PEOPLE)
    );
    let package = lines
        .iter()
        .find(|line| line["kind"] == "accessPackage")
        .unwrap();
    assert_eq!(
        package["object"]["resourceRoleScopes"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_client_without_address_or_token_is_told_what_to_give() {
    let no_address = run(&["drift"]);
    let no_token = run(&["drift", "--url", "http://127.0.0.1:9"]);

    assert!(text(&no_address.stderr).contains("--url"), "{no_address:?}");
    assert!(
        text(&no_token.stderr).contains("REEVE_TOKEN"),
        "{no_token:?}"
    );
}

#[tokio::test]
async fn a_job_is_planned_run_and_told_of_item_by_item() {
    let farm = farm().await;
    let data = farm.server.data.to_str().unwrap();
    let group = farm.api.id_of("/v1.0/groups", "Crew").await;
    for user in farm.users.iter().take(3) {
        let link = format!("/v1.0/groups/{group}/members/{user}/$ref");
        let (status, _) = farm.api.call(Method::DELETE, &link, None).await;
        assert_eq!(status, 204);
    }
    let job = |more: &[&str]| {
        let mut arguments = vec!["reprocess", "assignments", "--state", "delivered"];
        arguments.extend(more);
        arguments.extend(["--data", data]);
        run(&arguments)
    };

    let plan = job(&["--dry-run"]);
    let told = text(&plan.stdout);
    assert!(plan.status.success(), "{told}{}", text(&plan.stderr));
    let first = "45 items, 45 people: 3 grants missing, 0 to remove, 87 there; 0 refused";
    assert!(told.starts_with(first), "{told}");
    assert!(
        !text(&plan.stderr).contains('#'),
        "no bar where nobody looks"
    );
    assert!(!run(&["drift", "--data", data]).status.success());

    let done = job(&["--note", "after the outage", "--output", "csv"]);
    let told = text(&done.stdout);
    assert!(done.status.success(), "{told}{}", text(&done.stderr));
    let mut lines = told.lines();
    assert_eq!(
        lines.next(),
        Some("id,state,code,message,requestId,subject,package,adds,removes,kept")
    );
    assert_eq!(
        lines.filter(|line| line.contains(",delivered,")).count(),
        45
    );
    assert!(run(&["drift", "--data", data]).status.success());

    let refused = run(&[
        "reprocess",
        "requests",
        "00000000-0000-4000-8000-000000000000",
        "--output",
        "json",
        "--data",
        data,
    ]);
    assert_eq!(refused.status.code(), Some(3));
    let last = text(&refused.stdout).lines().last().map(str::to_owned);
    let item: Value = serde_json::from_str(&last.unwrap()).unwrap();
    assert_eq!(item["code"], "ResourceNotFound");
    let wrong = [
        "reprocess",
        "requests",
        "--state",
        "x",
        "--single",
        "--note",
        "n",
    ];
    let wrong = run(&wrong);
    assert_eq!(wrong.status.code(), Some(2), "a note is a job's");
}
