//! How many requests and connections at once, and how slow they may be.

use std::time::Duration;

use server::Limits;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::wire::{Listening, Wire};
use crate::support::V1;

const SHORT: Duration = Duration::from_millis(200);

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

#[tokio::test]
async fn an_address_has_its_own_share_of_the_connections_unless_it_is_a_proxys() {
    let limits = Limits {
        connections_per_address: 1,
        ..Limits::default()
    };
    let listening = Listening::with(limits.clone()).await;
    let behind_proxy = Listening::with(Limits {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..limits
    })
    .await;
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut first = listening.connect().await;
    first.say(request).await;
    assert_eq!(first.answer().await.status, 200);
    let mut of_one = behind_proxy.connect().await;
    of_one.say(request).await;
    assert_eq!(of_one.answer().await.status, 200);

    let refused = listening.connect().await.rest().await;
    let of_another = behind_proxy.ask("GET /healthz HTTP/1.1").await;

    assert!(refused.is_empty());
    assert_eq!(of_another.status, 200);
}

#[tokio::test]
async fn who_reads_no_answer_is_not_kept() {
    const ASKED: usize = 500;
    let listening = Listening::with(Limits {
        connections: 1,
        idle_timeout: Duration::from_secs(1),
        ..Limits::default()
    })
    .await;
    let mut wire = listening.connect().await;
    let request = "GET /beta/$metadata HTTP/1.1\r\nHost: x\r\n\r\n";
    let _ =
        tokio::io::AsyncWriteExt::write_all(&mut wire.0, request.repeat(ASKED).as_bytes()).await;

    let place_is_free = async {
        loop {
            let mut other = listening.connect().await;
            let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            let sent = tokio::io::AsyncWriteExt::write_all(&mut other.0, request.as_bytes()).await;
            if sent.is_ok() && other.rest().await.starts_with(b"HTTP/1.1 200") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), place_is_free)
        .await
        .unwrap();

    let taken = String::from_utf8_lossy(&wire.rest().await).into_owned();
    assert!(taken.matches("HTTP/1.1 200").count() < ASKED);
}
