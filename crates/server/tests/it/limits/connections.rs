//! How many requests and connections at once, and how slow they may be.

use std::time::Duration;

use server::Limits;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::wire::{Listening, Wire};
use crate::support::V1;

const SHORT: Duration = Duration::from_millis(200);

/// The reason that HTTP/2 has for clients who ask too much (RFC 9113, section 7).
const ENHANCE_YOUR_CALM: u32 = 11;

#[tokio::test]
async fn a_server_that_is_full_says_so_and_does_not_queue() {
    let listening = Listening::with(Limits {
        requests: 1,
        ..Limits::default()
    })
    .await;
    let token = listening.server.admin();
    let mut slow = listening.connect().await;
    slow.say(format!(
        "POST {V1}/catalogs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nExpect: 100-continue\r\n\
         Content-Length: 2\r\n\r\n"
    ))
    .await;
    // The server asks for the body once it has begun with the request.
    let mut go_on = [0; 25];
    slow.0.read_exact(&mut go_on).await.unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"));

    let refused = listening.ask(&format!("GET {V1}/catalogs HTTP/1.1")).await;
    let watched = listening.ask("GET /healthz HTTP/1.1").await;
    slow.say("{}").await;
    let served = slow.answer().await;
    let after = listening.ask(&format!("GET {V1}/catalogs HTTP/1.1")).await;

    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.code(), "ServiceUnavailable");
    assert_eq!(refused.header("retry-after"), "2");
    assert_eq!(watched.status, 200);
    assert_eq!((served.status, after.status), (400, 401));
}

#[tokio::test]
async fn connections_over_the_limit_are_closed_and_their_place_comes_back() {
    let listening = Listening::with(Limits {
        connections: 1,
        ..Limits::default()
    })
    .await;
    let mut first = listening.connect().await;
    first.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(first.answer().await.status, 200);

    let second = listening.connect().await.rest().await;
    drop(first);

    assert!(second.is_empty());
    let again = async {
        loop {
            let mut wire = listening.connect().await;
            let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            let sent = tokio::io::AsyncWriteExt::write_all(&mut wire.0, request.as_bytes()).await;
            if sent.is_ok() && wire.rest().await.starts_with(b"HTTP/1.1 200") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), again)
        .await
        .unwrap();
}

#[tokio::test]
async fn headers_that_never_end_end_the_connection() {
    let listening = Listening::with(Limits {
        header_timeout: SHORT,
        ..Limits::default()
    })
    .await;
    let mut wire = listening.connect().await;
    wire.say("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        .await;

    assert!(!String::from_utf8_lossy(&wire.rest().await).contains("200"));
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_not_kept_before_the_first_request_nor_after_it() {
    let listening = Listening::with(Limits {
        idle_timeout: SHORT,
        ..Limits::default()
    })
    .await;
    let mut silent = listening.connect().await;
    let mut used = listening.connect().await;
    used.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(used.answer().await.status, 200);
    // The beginning of what every connection of HTTP/2 begins with.
    let mut undecided = listening.connect().await;
    undecided.say("PRI * HTT").await;

    assert!(silent.rest().await.is_empty());
    assert!(used.rest().await.is_empty());
    assert!(undecided.rest().await.is_empty());
}

#[tokio::test]
async fn a_body_that_does_not_go_on_is_408() {
    let listening = Listening::with(Limits {
        body_timeout: SHORT,
        ..Limits::default()
    })
    .await;
    let token = listening.server.admin();
    let mut wire = listening.connect().await;
    wire.say(format!(
        "POST {V1}/catalogs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    ))
    .await;

    let told = wire.answer().await;

    assert_eq!((told.status, told.code().as_str()), (408, "RequestTimeout"));
}

#[tokio::test]
async fn the_body_of_a_stranger_is_not_waited_for() {
    let listening = Listening::with(Limits {
        requests: 1,
        ..Limits::default()
    })
    .await;
    for path in [
        &format!("{V1}/catalogs"),
        "/v1.0/$batch",
        "/v1.0/uploadFile",
        "/reeve/v1/targets",
        "/scim/v2/Users",
    ] {
        let mut wire = listening.connect().await;
        wire.say(format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        ))
        .await;

        assert_eq!(wire.answer().await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_drips_is_408_at_the_end_of_the_requests_time() {
    let listening = Listening::with(Limits {
        request_timeout: SHORT,
        ..Limits::default()
    })
    .await;
    let token = listening.server.admin();
    let mut wire = listening.connect().await;
    wire.say(format!(
        "POST {V1}/catalogs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    ))
    .await;

    let told = wire.answer().await;

    assert_eq!((told.status, told.code().as_str()), (408, "RequestTimeout"));
}

#[tokio::test]
async fn a_tls_handshake_that_never_comes_ends_the_connection() {
    let listening = Listening::with(Limits {
        handshake_timeout: SHORT,
        ..Limits::default()
    })
    .await;
    let mut wire = Wire(TcpStream::connect(listening.https).await.unwrap());

    assert!(wire.rest().await.is_empty());
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The next frame of the server: its kind and payload.
async fn next_frame(wire: &mut Wire) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    wire.0.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; length as usize];
    wire.0.read_exact(&mut payload).await.ok()?;
    Some((head[3], payload))
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GO_AWAY: u8 = 7;

#[tokio::test]
async fn http_2_announces_its_limits() {
    let listening = Listening::with(Limits {
        streams: 7,
        ..Limits::default()
    })
    .await;
    let mut wire = listening.connect().await;
    wire.say(PREFACE).await;
    wire.say(frame(SETTINGS, 0, 0, &[])).await;

    let (kind, payload) = next_frame(&mut wire).await.unwrap();

    assert_eq!(kind, SETTINGS);
    let settings: Vec<(u16, u32)> = payload
        .chunks(6)
        .map(|one| {
            (
                u16::from_be_bytes([one[0], one[1]]),
                u32::from_be_bytes([one[2], one[3], one[4], one[5]]),
            )
        })
        .collect();
    assert!(settings.contains(&(3, 7)), "streams: {settings:?}");
    assert!(
        settings
            .iter()
            .any(|(id, bytes)| *id == 6 && *bytes < 1024 * 1024),
        "headers: {settings:?}"
    );
}

#[tokio::test]
async fn who_begins_requests_and_takes_them_back_without_end_is_sent_away() {
    let listening = Listening::with(Limits::default()).await;
    let mut wire = listening.connect().await;
    wire.say(PREFACE).await;
    wire.say(frame(SETTINGS, 0, 0, &[])).await;
    // GET, http, `/` and `x`, from the table that everybody knows.
    let request = [0x82, 0x86, 0x84, 0x41, 0x01, b'x'];
    let cancel = 8_u32.to_be_bytes();
    let mut flood = Vec::new();
    for stream in (1..20_000).step_by(2) {
        // The end of headers, and of the stream.
        flood.extend(frame(HEADERS, 0x5, stream, &request));
        flood.extend(frame(RESET, 0, stream, &cancel));
    }

    // The server may be gone before the flood is.
    let _ = tokio::io::AsyncWriteExt::write_all(&mut wire.0, &flood).await;
    let told = async {
        while let Some((kind, payload)) = next_frame(&mut wire).await {
            if kind == GO_AWAY {
                return Some(u32::from_be_bytes([
                    payload[4], payload[5], payload[6], payload[7],
                ]));
            }
        }
        None
    };
    let reason = tokio::time::timeout(Duration::from_secs(30), told)
        .await
        .unwrap();

    assert!(
        reason.is_none_or(|code| code == ENHANCE_YOUR_CALM),
        "{reason:?}"
    );
    assert_eq!(listening.ask("GET /healthz HTTP/1.1").await.status, 200);
}
