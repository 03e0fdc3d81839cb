//! The client commands against servers that mean no good: they end, they do not panic, and no token goes elsewhere.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use crate::support::{EM, reeve, text};

/// Longer than any of these may take; the client's own limits are below.
const PATIENCE: Duration = Duration::from_secs(55);

/// Paths that were asked for, and as whom.
type Came = Arc<Mutex<Vec<(String, Option<String>)>>>;
/// The link to the next page, by the host that was asked.
type Link = Box<dyn Fn(&str) -> String + Send + Sync>;
type Answering = Box<dyn Fn(&str, &[u8], &HeaderMap) -> Response + Send + Sync>;

/// A server, and what came to it: paths with what they said of who asks.
pub(crate) struct Stranger {
    pub(crate) url: String,
    pub(crate) came: Came,
}

struct Inner {
    answer: Answering,
    came: Came,
}

async fn heard(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let who = parts.headers.get("authorization");
    let who = who.map(|who| who.to_str().unwrap().to_owned());
    inner.came.lock().unwrap().push((path.clone(), who));
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (inner.answer)(&path, &body, &parts.headers)
}

impl Stranger {
    pub(crate) async fn start(
        answer: impl Fn(&str, &[u8], &HeaderMap) -> Response + Send + Sync + 'static,
    ) -> Self {
        let came = Arc::default();
        let inner = Arc::new(Inner {
            answer: Box::new(answer),
            came: Arc::clone(&came),
        });
        let router = axum::Router::new().fallback(heard).with_state(inner);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, came }
    }

    fn count(&self) -> usize {
        self.came.lock().unwrap().len()
    }
}

pub(crate) fn reply(status: u16, body: impl Into<Body>) -> Response {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

pub(crate) fn says(document: &Value) -> Response {
    reply(200, document.to_string())
}

/// Runs a command against the root; it has to end in time, and by itself.
pub(crate) async fn ask(root: &str, words: &[&str]) -> Output {
    let mut command = reeve();
    command
        .args(words)
        .args(["--url", root, "--token", "secret-token"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let done = tokio::task::spawn_blocking(move || command.output().unwrap());
    let done = tokio::time::timeout(PATIENCE, done).await;
    let done = done
        .unwrap_or_else(|_| panic!("{words:?} does not end"))
        .unwrap();
    let told = text(&done.stderr);
    assert!(!told.contains("panicked"), "{words:?}: {told}");
    assert!(done.status.code().is_some(), "{words:?}: {:?}", done.status);
    assert!(!told.contains("secret-token"), "{told}");
    done
}

const COMMANDS: &[&[&str]] = &[
    &["packages", "list"],
    &["packages", "show", "Work"],
    &["requests", "list"],
    &["requests", "show", "1"],
    &["assignments", "list", "--person", "alice"],
    &["approvals", "list"],
    &["approve", "--all"],
    &["request", "Work"],
    &["grant", "Work", "--to", "alice"],
    &["revoke", "--mine", "--package", "Work"],
    &["cancel", "1"],
    &["reprocess", "assignments", "--state", "delivered"],
    &["jobs", "list"],
    &["jobs", "show", "1"],
    &["jobs", "watch", "1"],
    &["drift"],
    &["explain", "access", "--package", "Work"],
    &["export"],
    &["export", "--seed"],
    &["audit", "tenant"],
];

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_any_shape_end_a_command_without_panic() {
    let own = |shape: &'static str| {
        Stranger::start(move |path, _, _| {
            let answer = match shape {
                "list" => json!([1, "a", null]),
                "word" => json!("word"),
                "number" => json!(1e300),
                "members of any kind" => json!({
                    "value": [1, null, "a", [], { "id": 7, "displayName": [], "state": {} }],
                    "responses": 7, "id": {}, "state": [], "summary": [1], "targets": "x",
                }),
                "a link that is no link" => json!({ "value": [], "@odata.nextLink": 5 }),
                "a title" if path.ends_with("openapi.json") => {
                    json!({ "info": { "title": "Reeve" }, "paths": { "/reprocessJobs": 1 } })
                }
                _ => return reply(200, "\u{0}not JSON at all"),
            };
            says(&answer)
        })
    };
    for shape in [
        "list",
        "word",
        "number",
        "members of any kind",
        "a link that is no link",
        "a title",
        "nonsense",
    ] {
        let root = own(shape).await;
        for command in COMMANDS {
            ask(&root.url, command).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_without_end_are_noticed_and_no_token_goes_to_another_host() {
    let other = Stranger::start(|_, _, _| says(&json!({ "value": [] }))).await;
    let elsewhere = other.url.clone();
    let links: [(&str, Link); 5] = [
        (
            "the same page",
            Box::new(|host| format!("http://{host}{EM}/assignmentRequests?$top=1")),
        ),
        (
            "two pages in a circle",
            Box::new(|host| format!("http://{host}/circle")),
        ),
        (
            "another host",
            Box::new(move |_| format!("{elsewhere}/v1.0/x")),
        ),
        (
            "a host that begins alike",
            Box::new(|host| format!("http://{host}.evil.example/x")),
        ),
        (
            "somebody at this host",
            Box::new(|host| format!("http://{host}@evil.example/x")),
        ),
    ];
    for (name, link) in links {
        let root = Stranger::start(move |_, _, headers| {
            let host = headers.get("host").unwrap().to_str().unwrap();
            says(&json!({ "value": [{ "id": "1" }], "@odata.nextLink": link(host) }))
        })
        .await;

        let done = ask(&root.url, &["requests", "list", "--limit", "0"]).await;

        assert_eq!(done.status.code(), Some(1), "{name}: {done:?}");
        assert!(root.count() < 10, "{name}: {}", root.count());
    }
    assert_eq!(other.count(), 0);

    // Always another link, and never anything on a page.
    let at = Mutex::new(0_u64);
    let root = Stranger::start(move |_, _, headers| {
        let host = headers.get("host").unwrap().to_str().unwrap();
        let mut at = at.lock().unwrap();
        *at += 1;
        says(&json!({ "value": [], "@odata.nextLink": format!("http://{host}/{at}") }))
    })
    .await;
    let done = ask(&root.url, &["requests", "list"]).await;
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    assert!(root.count() < 200, "{}", root.count());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_is_followed() {
    let other = Stranger::start(|_, _, _| says(&json!({ "value": [] }))).await;
    let elsewhere = other.url.clone();
    let root = Stranger::start(move |_, _, _| {
        Response::builder()
            .status(307)
            .header("location", &elsewhere)
            .body(Body::empty())
            .unwrap()
    })
    .await;
    for command in COMMANDS {
        let done = ask(&root.url, command).await;
        assert_ne!(done.status.code(), Some(0), "{command:?}");
    }
    assert_eq!(other.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_read_and_too_large_ones_are_not() {
    let long = "x".repeat(10 << 20);
    let large = long.clone();
    let root = Stranger::start(move |_, _, _| {
        says(&json!({ "value": [{ "id": "1", "displayName": large }] }))
    })
    .await;
    let done = ask(&root.url, &["packages", "list", "-o", "json"]).await;
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains(&long));

    let root = Stranger::start(|_, _, _| {
        let chunk = Bytes::from(vec![b' '; 1 << 20]);
        let endless =
            futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
        reply(200, Body::from_stream(endless))
    })
    .await;
    let done = ask(&root.url, &["packages", "list"]).await;
    assert_eq!(done.status.code(), Some(1));
    assert!(
        text(&done.stderr).contains("larger than"),
        "{}",
        text(&done.stderr)
    );

    // A bomb is never unpacked: nobody asked for a packed answer.
    let root = Stranger::start(|_, _, headers| {
        assert!(headers.get("accept-encoding").is_none());
        Response::builder()
            .header("content-encoding", "gzip")
            .body(Body::from(vec![0x1f, 0x8b, 8, 0, 0]))
            .unwrap()
    })
    .await;
    let done = ask(&root.url, &["packages", "list"]).await;
    assert_eq!(done.status.code(), Some(1), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_absurd_is_told_and_not_waited_out() {
    for wait in ["86400", "4000000000", "18446744073709551615"] {
        let root = Stranger::start(move |_, _, _| {
            let mut answer = reply(
                429,
                r#"{"error":{"code":"TooManyRequests","message":"later"}}"#,
            );
            answer
                .headers_mut()
                .insert("retry-after", wait.parse().unwrap());
            answer
        })
        .await;

        let done = ask(&root.url, &["packages", "list"]).await;

        assert_eq!(done.status.code(), Some(1), "{done:?}");
        let told = text(&done.stderr);
        assert!(told.contains(&format!("wait {wait} s")), "{told}");
        assert_eq!(root.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_give_neither_terminals_nor_spreadsheets_orders() {
    let name = "\u{202e}=1+1\u{1b}[2J\u{9b}31m\u{7}\u{85}";
    let root = Stranger::start(move |_, _, _| {
        says(&json!({
            "value": [{ "id": name, "displayName": name, "state": name, "summary": { name: name } }],
            "error": { "code": name, "message": name },
        }))
    })
    .await;
    let refusing = Stranger::start(move |_, _, _| {
        reply(
            400,
            json!({ "error": { "code": name, "message": name } }).to_string(),
        )
    })
    .await;
    for root in [&root.url, &refusing.url] {
        for command in COMMANDS {
            for form in ["table", "json", "csv"] {
                if command.contains(&"--seed") && form != "json" {
                    continue;
                }
                let mut words = command.to_vec();
                if !words.contains(&"--seed") {
                    words.extend(["-o", form]);
                }
                let done = ask(root, &words).await;
                let told = format!("{}{}", text(&done.stdout), text(&done.stderr));
                let moves =
                    |letter: char| letter != '\n' && (letter.is_control() || letter == '\u{202e}');
                assert!(!told.contains(moves), "{words:?}: {told:?}");
                if form == "csv" {
                    for cell in text(&done.stdout).split([',', '\n']) {
                        assert!(!cell.trim_start().starts_with('='), "{words:?}: {cell}");
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_answered_twice_in_part_or_of_others_is_read_as_it_was_asked() {
    let orders = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let counted = Arc::clone(&orders);
    let root = Stranger::start(move |path, body, _| {
        if path.starts_with("/reeve") {
            return reply(404, "");
        }
        if !path.ends_with("$batch") {
            let ids: Vec<Value> = (0..3).map(|id| json!({ "id": format!("a{id}") })).collect();
            return says(&json!({ "value": ids }));
        }
        let asked: Value = serde_json::from_slice(body).unwrap();
        let requests = asked["requests"].as_array().unwrap();
        let mut answers = Vec::new();
        for (at, request) in requests.iter().enumerate() {
            let url = request["url"].as_str().unwrap().to_owned();
            let mut counted = counted.lock().unwrap();
            let times = counted.entry(url.clone()).or_default();
            *times += 1;
            // The last part is left out at first.
            if *times == 1 && url.contains("a2") {
                continue;
            }
            answers.push(json!({ "id": request["id"], "status": 202, "body": { "at": at } }));
            answers.push(json!({ "id": request["id"], "status": 403, "body": {} }));
        }
        answers.push(json!({ "id": "77", "status": 500 }));
        answers.push(json!({ "id": 0, "status": "x" }));
        says(&json!({ "responses": answers }))
    })
    .await;

    let words = [
        "reprocess",
        "assignments",
        "--state",
        "delivered",
        "--no-wait",
        "-o",
        "csv",
    ];
    let done = ask(&root.url, &words).await;

    let told = text(&done.stdout);
    assert!(done.status.success(), "{told}{}", text(&done.stderr));
    assert_eq!(told.lines().count(), 4, "{told}");
    assert!(!told.contains("403"), "{told}");
    let orders = orders.lock().unwrap();
    let times: Vec<usize> = orders.values().copied().collect();
    assert_eq!(
        times,
        [1, 1, 2],
        "what was answered is not asked again: {orders:?}"
    );
}
