//! `reprocess` against a Graph root that is no Reeve: throttled in parts, broken off, and gone on with.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{EM, Server, direct, http, reeve, seed, text, work};

/// More than two batches.
const PEOPLE: usize = 45;

/// Stands before a Reeve, and shows nothing of it but Graph.
#[derive(Default)]
struct Counter {
    upstream: String,
    /// Batches with calls to reprocess that came.
    batches: AtomicUsize,
    /// Calls to reprocess that got through.
    calls: AtomicUsize,
    /// From which batch on nothing is answered but 403; none, if 0.
    closed_from: AtomicUsize,
    /// So many looks at what was accepted are answered with trouble of the server.
    troubled: AtomicUsize,
}

async fn forward(State(counter): State<Arc<Counter>>, request: Request) -> Response {
    let answer = |status: u16, body: Vec<u8>| {
        Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap()
    };
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().to_string();
    if path.starts_with("/reeve") {
        return answer(404, Vec::new());
    }
    let mut body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let mut throttled = None;
    let is_order = path.ends_with("$batch") && String::from_utf8_lossy(&body).contains("reprocess");
    if is_order {
        let batch = counter.batches.fetch_add(1, Ordering::SeqCst) + 1;
        let closed_from = counter.closed_from.load(Ordering::SeqCst);
        if closed_from > 0 && batch >= closed_from {
            let told = json!({ "error": { "code": "Forbidden", "message": "closed" } });
            return answer(403, told.to_string().into_bytes());
        }
        let mut document: Value = serde_json::from_slice(&body).unwrap();
        let requests = document["requests"].as_array_mut().unwrap();
        if batch == 1 {
            // One part of the first batch comes too early, and never gets through.
            throttled = requests.pop();
        }
        counter.calls.fetch_add(requests.len(), Ordering::SeqCst);
        body = document.to_string().into_bytes();
    }
    let method = Method::from_bytes(parts.method.as_str().as_bytes()).unwrap();
    let mut forwarded = http().request(method, format!("{}{path}", counter.upstream));
    for name in ["authorization", "content-type", "host"] {
        if let Some(value) = parts.headers.get(name) {
            forwarded = forwarded.header(name, value.to_str().unwrap());
        }
    }
    let told = forwarded.body(body).send().await.unwrap();
    let status = told.status().as_u16();
    let mut told = told.bytes().await.unwrap().to_vec();
    let fewer = |left: usize| left.checked_sub(1);
    let troubled = &counter.troubled;
    if path.ends_with("$batch")
        && !is_order
        && troubled
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer)
            .is_ok()
    {
        let mut document: Value = serde_json::from_slice(&told).unwrap();
        for response in document["responses"].as_array_mut().unwrap() {
            let body = json!({ "error": { "code": "InternalServerError", "message": "trouble" } });
            *response = json!({ "id": response["id"], "status": 500, "headers": {}, "body": body });
        }
        told = document.to_string().into_bytes();
    }
    if let Some(request) = throttled {
        let mut document: Value = serde_json::from_slice(&told).unwrap();
        document["responses"].as_array_mut().unwrap().push(json!({
            "id": request["id"],
            "status": 429,
            "headers": { "Retry-After": "1" },
            "body": { "error": { "code": "TooManyRequests", "message": "later" } },
        }));
        told = document.to_string().into_bytes();
    }
    answer(status, told)
}

struct Root {
    counter: Arc<Counter>,
    url: String,
    token: String,
    folder: tempfile::TempDir,
    _server: Server,
}

impl Root {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seed = seed(folder.path(), PEOPLE);
        let server = Server::start(
            &folder.path().join("data"),
            &["--seed", seed.to_str().unwrap()],
        );
        let api = server.sign_in(None).await;
        let (package, policy) = work(&api).await;
        let mut requests = Vec::new();
        for user in api.list("/v1.0/users?$select=id,displayName").await {
            if user["displayName"].as_str().unwrap().starts_with("User ") {
                let body = direct(&package, &policy, user["id"].as_str().unwrap());
                let path = format!("{EM}/assignmentRequests");
                let (status, request) = api.call(Method::POST, &path, Some(&body)).await;
                assert_eq!(status, 201, "{request}");
                requests.push(format!("{path}/{}", request["id"].as_str().unwrap()));
            }
        }
        for request in requests {
            assert_eq!(api.settled(&request).await, "delivered");
        }
        let counter = Arc::new(Counter {
            upstream: server.url.clone(),
            ..Counter::default()
        });
        let router = axum::Router::new()
            .fallback(forward)
            .with_state(Arc::clone(&counter));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            counter,
            url,
            token: api.token,
            folder,
            _server: server,
        }
    }

    async fn reprocess(&self, more: &[&str]) -> Output {
        let mut command = reeve();
        command
            .args(["reprocess", "assignments", "--state", "delivered"])
            .args(["--url", &self.url, "--token", &self.token])
            .args(more);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }
}

fn lines_with(path: &Path, what: &str) -> usize {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|line| line.contains(what)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_broken_off_goes_on_where_it_ended_and_parts_that_come_too_early_come_again()
{
    let root = Root::start().await;
    let file = root.folder.path().join("checkpoint");
    let with_file = ["--checkpoint", file.to_str().unwrap(), "--concurrency", "1"];

    let plan = root.reprocess(&["--dry-run"]).await;
    assert!(
        text(&plan.stdout).starts_with("45 assignments to reprocess, in 3 batches"),
        "{plan:?}"
    );
    assert_eq!(root.counter.batches.load(Ordering::SeqCst), 0);

    // The first batch gets through, its late part too; then the root is closed.
    root.counter.closed_from.store(3, Ordering::SeqCst);
    let broken = root
        .reprocess(&[&with_file[..], &["--no-wait"]].concat())
        .await;
    assert_eq!(broken.status.code(), Some(1), "{broken:?}");
    assert_eq!(root.counter.calls.load(Ordering::SeqCst), 20);
    assert_eq!(lines_with(&file, "\"Accepted\""), 20);

    root.counter.closed_from.store(0, Ordering::SeqCst);
    // Trouble while it waits says nothing about what was accepted.
    root.counter.troubled.store(2, Ordering::SeqCst);
    let csv = [&with_file[..], &["--output", "csv"]].concat();
    let done = root.reprocess(&csv).await;
    assert!(done.status.success(), "{done:?}");
    assert!(
        text(&done.stderr).contains("going on: 20 of 45"),
        "{done:?}"
    );
    assert_eq!(text(&done.stdout).matches(",delivered,").count(), PEOPLE);
    assert_eq!(root.counter.calls.load(Ordering::SeqCst), PEOPLE);

    // Everything is answered: the report comes again, and no call with it.
    let again = root.reprocess(&csv).await;
    assert_eq!(text(&again.stdout), text(&done.stdout));
    assert_eq!(root.counter.calls.load(Ordering::SeqCst), PEOPLE);

    // Named twice, reprocessed once.
    let told = text(&again.stdout);
    let id = told.lines().nth(1).unwrap().split(',').next().unwrap();
    let twice = reeve()
        .args(["reprocess", "assignments", id, &id.to_uppercase()])
        .args(["--url", &root.url, "--token", &root.token])
        .output()
        .unwrap();
    assert!(twice.status.success(), "{twice:?}");
    assert_eq!(root.counter.calls.load(Ordering::SeqCst), PEOPLE + 1);

    let other = ["reprocess", "assignments", "--state", "expired"];
    let other = reeve()
        .args(other)
        .args(["--url", &root.url, "--token", &root.token])
        .args(with_file)
        .output()
        .unwrap();
    assert_eq!(other.status.code(), Some(3), "{other:?}");
    let job = root.reprocess(&["--note", "n"]).await;
    assert_eq!(job.status.code(), Some(3), "{job:?}");
    assert!(text(&job.stderr).contains("is no Reeve server"), "{job:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_at_any_batch_goes_on_and_asks_for_nothing_that_was_answered() {
    let root = Root::start().await;
    for at in 0..=3 {
        let file = root.folder.path().join(format!("checkpoint-{at}"));
        let with_file = ["--checkpoint", file.to_str().unwrap(), "--concurrency", "1"];
        let (batches, calls) = (&root.counter.batches, &root.counter.calls);
        let (begun, before) = (batches.load(Ordering::SeqCst), calls.load(Ordering::SeqCst));
        let mut child = reeve()
            .args(["reprocess", "assignments", "--state", "delivered"])
            .args(["--url", &root.url, "--token", &root.token])
            .args(with_file)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // At first as soon as there is a file, then at each batch.
        while child.try_wait().unwrap().is_none() {
            let is_there = if at == 0 {
                file.exists()
            } else {
                batches.load(Ordering::SeqCst) >= begun + at
            };
            if is_there {
                child.kill().unwrap();
            }
            tokio::task::yield_now().await;
        }

        let done = root
            .reprocess(&[&with_file[..], &["--output", "csv"]].concat())
            .await;

        assert!(done.status.success(), "{at}: {done:?}");
        assert_eq!(
            text(&done.stdout).matches(",delivered,").count(),
            PEOPLE,
            "{at}"
        );
        // The batch that was under way was answered, and the answer went nowhere.
        let again = calls.load(Ordering::SeqCst) - before - PEOPLE;
        assert!(again <= 20, "{at}: {again}");
    }
}
