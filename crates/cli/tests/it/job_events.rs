//! `reeve reprocess` and `reeve jobs watch` follow the events of a job, and find their way back to a stream that broke.

use std::sync::Mutex;

use axum::body::{Body, Bytes};
use axum::response::Response;
use serde_json::{Value, json};

use crate::hostile::{ask, reply, says};
use crate::support::text;

fn job(state: &str) -> Value {
    json!({ "id": "j", "state": state, "summary": { "items": 1, "delivered": 1 }, "progress": {} })
}

/// A stream that tells this, and then ends, or breaks.
fn stream(told: String, breaks: bool) -> Response {
    let mut pieces = vec![Ok(Bytes::from(told))];
    if breaks {
        pieces.push(Err(std::io::Error::other("broken")));
    }
    Response::builder()
        .header("content-type", "text/event-stream;charset=utf-8")
        .body(Body::from_stream(futures_util::stream::iter(pieces)))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_that_breaks_is_taken_up_again_and_the_job_is_not_polled() {
    let streams = Mutex::new(0);
    let root = crate::hostile::Stranger::start(move |path, _, _| match path {
        "/reeve/v1/reprocessJobs/j" => {
            let told = *streams.lock().unwrap() > 3;
            says(&job(if told { "completed" } else { "running" }))
        }
        "/reeve/v1/reprocessJobs/j/events" => {
            let mut streams = streams.lock().unwrap();
            *streams += 1;
            let running = job("running");
            let event = format!("id: 1\nevent: progress\ndata: {running}\n\n");
            match *streams {
                // In the middle of an event, between two, and in order.
                1 => stream(event[..event.len() / 2].to_owned(), true),
                2 => stream(event.repeat(3), true),
                3 => stream(format!(": still here\n\n{event}data: no JSON\n\n"), false),
                _ => stream(
                    format!("{event}event: end\ndata: {}\n\n", job("completed")),
                    false,
                ),
            }
        }
        "/reeve/v1/reprocessJobs/j/plan" => says(&json!({})),
        _ => reply(200, ""),
    })
    .await;

    let done = ask(&root.url, &["jobs", "watch", "j", "-o", "json"]).await;

    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains("\"completed\""), "{done:?}");
    let came = root.came.lock().unwrap();
    let count = |end: &str| came.iter().filter(|(path, _)| path.ends_with(end)).count();
    assert_eq!(count("/events"), 4);
    assert_eq!(
        count("/j"),
        5,
        "one look before each stream, and one at the end"
    );
    assert!(came.iter().all(|(_, who)| who.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_without_events_is_looked_at() {
    let looks = Mutex::new(0);
    let root = crate::hostile::Stranger::start(move |path, _, _| match path {
        "/reeve/v1/reprocessJobs/j" => {
            let mut looks = looks.lock().unwrap();
            *looks += 1;
            says(&job(if *looks > 3 { "completed" } else { "running" }))
        }
        "/reeve/v1/reprocessJobs/j/plan" => says(&json!({})),
        path if path.ends_with("/events") => reply(429, ""),
        _ => reply(200, ""),
    })
    .await;

    let done = ask(&root.url, &["jobs", "watch", "j"]).await;

    assert!(done.status.success(), "{}", text(&done.stderr));
}
