//! A bulk job over everything is canceled in its middle: what was begun ends, the rest was never touched, and every item is
//! accounted for.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::rows::Home;
use super::{assignments, patience, tell};
use crate::support::{Api, Server};

const JOBS: &str = "/reeve/v1/reprocessJobs";

/// How long the answer to a cancel may take, however long the job would. It waits for the chunk in hand.
const SOON: Duration = Duration::from_secs(10);

/// What the server may have in memory at most beside what it had before the job.
const MOST_MEBIBYTES: u64 = 512;

/// Items that are read at once.
const PAGE: u64 = 20_000;

/// One person in ten has lost the membership.
const LOST: &str = "SUBSTR(member_id, 36, 1) = '7'";

#[tokio::test(flavor = "multi_thread")]
async fn rp_20_a_large_job_that_is_canceled_in_the_middle_begins_nothing_more_and_accounts_for_every_item()
 {
    cancel_in_the_middle(&Home::on_sqlite(), assignments(10_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rp_20_a_large_job_that_is_canceled_in_the_middle_accounts_for_every_item_on_a_database_server_too()
 {
    let Some(home) = Home::on_postgres() else {
        return;
    };
    cancel_in_the_middle(&home, assignments(5_000)).await;
}

async fn cancel_in_the_middle(home: &Home, items: u64) {
    let arguments = home.arguments();
    let arguments = arguments.each_ref().map(String::as_str);
    // The first start makes the tenant.
    assert!(
        Server::start(&home.data(), &arguments)
            .terminate()
            .success()
    );
    home.fill(items);
    home.run(&format!("DELETE FROM group_member WHERE {LOST}"));
    let lost = items - home.count("SELECT count(*) FROM group_member");
    assert!(lost > items / 20, "{lost} lost");
    let server = Server::start(&home.data(), &arguments);
    let api = server.sign_in(None).await;
    let before = server.peak_mebibytes();

    let order = json!({ "target": "assignments", "filter": "state eq 'Delivered'", "tracking": "everything" });
    let (status, made) = api.call(Method::POST, JOBS, Some(&order)).await;
    assert_eq!(status, 201, "{made}");
    let job = format!("{JOBS}/{}", made["id"].as_str().unwrap());
    let running = until(&api, &job, items, |job| begun(job) >= items / 10).await;
    assert_eq!(running["state"], "running", "{running}");
    let asked = Instant::now();
    let cancel = format!("{job}/cancel");
    let (status, canceled) = api.call(Method::POST, &cancel, Some(&json!({}))).await;
    let answered = asked.elapsed();
    assert_eq!(status, 200, "{canceled}");
    assert_eq!(canceled["state"], "canceled", "{canceled}");
    let ended = until(&api, &job, items, |job| of(job, "inDelivery") == 0).await;
    let at_rest = asked.elapsed();

    assert!(answered < SOON, "answered after {answered:?}");
    // The answer is given behind the chunk in hand, so nothing is begun after it.
    assert_eq!(
        of(&ended, "canceled"),
        of(&canceled, "canceled"),
        "{ended} after {canceled}"
    );
    let (whole, rest) = (of(&ended, "delivered"), of(&ended, "canceled"));
    assert_eq!(of(&ended, "items"), items, "{ended}");
    assert_eq!(whole + rest, items, "{ended}");
    assert!(rest > items / 4, "the job was over too soon: {ended}");
    let told = told(&api, &job).await;
    assert_eq!(
        (told.delivered, told.canceled, told.requests),
        (whole, rest, whole),
        "{ended}"
    );
    assert_eq!(api.list("/reeve/v1/stuck").await, Vec::<Value>::new());
    let memory = server.peak_mebibytes() - before;
    assert!(memory < MOST_MEBIBYTES, "{memory} MiB more");
    assert!(server.terminate().success());
    let still_lost = items - home.count("SELECT count(*) FROM group_member");
    assert!((1..lost).contains(&still_lost), "{still_lost} of {lost}");
    the_ledger_is_whole(home, items, &told, still_lost);
    tell(&format!(
        "{items} items: {whole} delivered, {rest} canceled; cancel answered in {} ms, at rest in {} ms; at most {memory} MiB \
         beside the {before} MiB before; database {} MiB",
        answered.as_millis(),
        at_rest.as_millis(),
        home.mebibytes()
    ));
}

/// How many items of a job are in a state.
fn of(job: &Value, state: &str) -> u64 {
    job["summary"][state]
        .as_u64()
        .unwrap_or_else(|| panic!("no `{state}`: {job}"))
}

fn begun(job: &Value) -> u64 {
    of(job, "delivered") + of(job, "inDelivery")
}

/// Looks at the job until it is so.
async fn until(api: &Api, job: &str, items: u64, is_so: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    loop {
        looks.tick().await;
        let shown = api.get(job).await;
        if is_so(&shown) {
            return shown;
        }
        let state = shown["state"].as_str().unwrap();
        let is_on_its_way = matches!(state, "planning" | "planned" | "running" | "canceled");
        assert!(
            is_on_its_way && begun.elapsed() < patience(items),
            "{shown}"
        );
    }
}

/// What the lines of a job tell.
#[derive(Default)]
struct Told {
    delivered: u64,
    canceled: u64,
    /// Lines with a request.
    requests: u64,
}

/// Reads every line, each of which comes once.
async fn told(api: &Api, job: &str) -> Told {
    let mut told = Told::default();
    let mut last = 0;
    loop {
        let path = format!("{job}/results?top={PAGE}&after={last}");
        let answer = api.send(Method::GET, &path, None).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let text = answer.text().await.unwrap();
        let before = last;
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let item = line["item"].as_u64().unwrap();
            assert_eq!(item, last + 1, "{line}");
            last = item;
            let has_request = line["requestId"].is_string();
            told.requests += u64::from(has_request);
            match line["state"].as_str().unwrap() {
                "delivered" => told.delivered += 1,
                "canceled" => {
                    told.canceled += 1;
                    assert!(!has_request, "{line}");
                }
                other => panic!("an item is {other}: {line}"),
            }
        }
        if last == before {
            return told;
        }
    }
}

/// Everything is settled; what was delivered is in the directory, and what was canceled is as it was.
fn the_ledger_is_whole(home: &Home, items: u64, told: &Told, still_lost: u64) {
    let settled =
        "SELECT count(*) FROM ledger WHERE phase = 'settled' AND desired AND observed = 'present'";
    assert_eq!(home.count(settled), items);
    let lacking = |state: &str| {
        home.count(&format!(
            "SELECT count(*) FROM reprocess_job_item item JOIN ledger_link link ON link.assignment_id = item.object_id \
             JOIN ledger ON ledger.id = link.grant_id JOIN subject ON subject.id = ledger.subject_id \
             WHERE item.state = '{state}' AND NOT EXISTS (SELECT 1 FROM group_member member \
             WHERE member.group_id = ledger.resource_origin_id AND member.member_id = subject.object_id)"
        ))
    };
    assert_eq!((lacking("delivered"), lacking("planned")), (0, still_lost));
    let tracking = "FROM assignment_request WHERE request_type = 'systemUpdate'";
    assert_eq!(
        home.count(&format!(
            "SELECT count(*) {tracking} AND state = 'delivered'"
        )),
        told.requests
    );
    assert_eq!(
        home.count(&format!("SELECT count(DISTINCT assignment_id) {tracking}")),
        told.requests,
        "twice begun"
    );
    let moved = "SELECT count(*) FROM assignment WHERE state <> 'delivered'";
    assert_eq!(home.count(moved), 0);
}
