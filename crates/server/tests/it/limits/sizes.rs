//! How large a request may be.

use server::Limits;

use super::wire::{Listening, Told};
use crate::support::V1;

const MANY: usize = 5 * 1024 * 1024;

async fn listening() -> Listening {
    Listening::with(Limits::default()).await
}

#[tokio::test]
async fn er_10_a_client_that_sends_too_much_can_read_why() {
    let listening = listening().await;
    let token = listening.server.admin();
    let head = format!(
        "POST {V1}/catalogs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    );
    let announced = async {
        let mut wire = listening.connect().await;
        wire.say(format!("{head}Content-Length: {MANY}\r\n\r\n"))
            .await;
        let piece = " ".repeat(65536);
        for _ in 0..MANY / 65536 {
            wire.say(&piece).await;
        }
        wire.answer().await
    };
    let in_pieces = async {
        let mut wire = listening.connect().await;
        wire.say(format!("{head}Transfer-Encoding: chunked\r\n\r\n"))
            .await;
        let piece = " ".repeat(65536);
        for _ in 0..MANY / 65536 {
            wire.say(format!("10000\r\n{piece}\r\n")).await;
        }
        wire.say("0\r\n\r\n").await;
        wire.answer().await
    };

    for told in [announced.await, in_pieces.await] {
        assert_eq!(told.status, 413, "{told:?}");
        assert_eq!(told.code(), "RequestEntityTooLarge");
        assert!(told.body.contains("1048576"), "{told:?}");
    }
}

#[tokio::test]
async fn the_largest_body_is_what_the_operator_says() {
    let small = Listening::with(Limits {
        body_bytes: 2048,
        ..Limits::default()
    })
    .await;
    let token = small.server.admin();
    let send = async |length: usize| -> Told {
        let mut wire = small.connect().await;
        let blank = " ".repeat(length - 2);
        wire.say(format!(
            "POST {V1}/catalogs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{{{blank}}}"
        ))
        .await;
        wire.answer().await
    };

    assert_eq!(send(2049).await.code(), "RequestEntityTooLarge");
    assert_eq!(send(2048).await.status, 400, "read, and found wanting");
}

#[tokio::test]
async fn a_url_that_is_too_long_is_414() {
    let listening = listening().await;
    let filter =
        |length: usize| format!("GET {V1}/catalogs?$filter={} HTTP/1.1", "x".repeat(length));

    let long = listening.ask(&filter(17 * 1024)).await;
    let longest = listening.ask(&filter(15 * 1024)).await;
    let absurd = listening.ask(&filter(100 * 1024)).await;

    assert_eq!(
        (long.status, long.code().as_str()),
        (414, "RequestUriTooLong")
    );
    assert_eq!(longest.status, 401, "nobody is authenticated here");
    assert!(matches!(absurd.status, 414 | 431), "{absurd:?}");
}

#[tokio::test]
async fn headers_that_are_too_many_or_too_large_are_431() {
    let listening = listening().await;
    let with = |headers: String| format!("GET /v1.0/me HTTP/1.1\r\n{headers}X-Last: 1");
    let many = |count: usize| {
        let headers: Vec<_> = (0..count).map(|n| format!("X-{n}: 1\r\n")).collect();
        with(headers.concat())
    };
    let large = |bytes: usize| with(format!("X-Large: {}\r\n", "x".repeat(bytes)));

    for (head, code) in [
        (many(100), Some("RequestHeaderFieldsTooLarge")),
        (large(65 * 1024), Some("RequestHeaderFieldsTooLarge")),
        (many(1000), None),
        (large(1024 * 1024), None),
    ] {
        let told = listening.ask(&head).await;
        assert_eq!(told.status, 431, "{told:?}");
        if let Some(code) = code {
            assert_eq!(told.code(), code);
        }
    }
    for head in [many(80), large(32 * 1024)] {
        assert_eq!(listening.ask(&head).await.status, 401);
    }
}

#[tokio::test]
async fn json_that_is_too_deep_is_malformed() {
    let listening = listening().await;
    let server = &listening.server;
    let deep = |levels: usize| format!("{}{}", "{\"a\":".repeat(levels), "1") + &"}".repeat(levels);
    let post = async |path: &str, body: String| {
        let request = http::Request::post(path)
            .header("authorization", format!("Bearer {}", server.admin()))
            .header("content-type", "application/json");
        let answer = server.send(request.body(body.into()).unwrap()).await;
        answer.expect(400).code()
    };

    assert_eq!(
        post(&format!("{V1}/catalogs"), deep(100_000)).await,
        "BadRequest"
    );
    assert_eq!(post("/v1.0/$batch", deep(100_000)).await, "BadRequest");
    let inner = serde_json::json!({"requests": [
        {"id": "1", "method": "POST", "url": "/$batch", "headers": {"content-type": "application/json"},
         "body": {"requests": []}}]});
    assert_eq!(post("/v1.0/$batch", inner.to_string()).await, "BadRequest");
}
