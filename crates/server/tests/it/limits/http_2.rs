//! Connections of HTTP/2: what one may ask for, and when it ends.

use std::time::Duration;

use server::Limits;
use tokio::io::AsyncReadExt;

use super::wire::{Listening, Wire};

/// The reason that HTTP/2 has for clients who ask too much (RFC 9113, section 7).
const ENHANCE_YOUR_CALM: u32 = 11;

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
const PING: u8 = 6;
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

/// A connection whose client takes no answer: it opens no window.
async fn without_window(listening: &Listening) -> Wire {
    let mut wire = listening.connect().await;
    wire.say(PREFACE).await;
    // The size of the first window.
    let no_window = [0, 4, 0, 0, 0, 0];
    wire.say(frame(SETTINGS, 0, 0, &no_window)).await;
    wire
}

/// A large answer that needs no token.
const MUCH: &str = "/beta/$metadata";

/// Asks for something, and waits until the answer begins.
async fn ask_for(wire: &mut Wire, stream: u32, path: &str) {
    // GET, http and `x` from the table that everybody knows, and a path that is in none.
    let length = u8::try_from(path.len()).unwrap();
    let mut request = vec![0x82, 0x86, 0x41, 0x01, b'x', 0x04, length];
    request.extend(path.as_bytes());
    wire.say(frame(HEADERS, 0x5, stream, &request)).await;
    let began = async {
        while let Some((kind, _)) = next_frame(wire).await {
            if kind == HEADERS {
                return true;
            }
        }
        false
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(30), began)
            .await
            .unwrap()
    );
}

/// Asks for signs of life, one after the other, until the server hangs up.
async fn ping_to_the_end(wire: &mut Wire) {
    let pings = async {
        loop {
            let ping = frame(PING, 0, 0, &[0; 8]);
            if tokio::io::AsyncWriteExt::write_all(&mut wire.0, &ping)
                .await
                .is_err()
            {
                return;
            }
            loop {
                match next_frame(wire).await {
                    None => return,
                    Some((PING, _)) => break,
                    Some(_) => {}
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), pings)
        .await
        .unwrap_or_else(|_| panic!("the server keeps the connection"));
}

#[tokio::test]
async fn signs_of_life_do_not_keep_a_connection_that_asks_for_nothing() {
    let listening = Listening::with(Limits {
        header_timeout: Duration::from_millis(200),
        ..Limits::default()
    })
    .await;
    let mut idle = listening.connect().await;
    idle.say(PREFACE).await;
    idle.say(frame(SETTINGS, 0, 0, &[])).await;
    let mut used = listening.connect().await;
    used.say(PREFACE).await;
    used.say(frame(SETTINGS, 0, 0, &[])).await;
    ask_for(&mut used, 1, "/healthz").await;

    ping_to_the_end(&mut idle).await;
    ping_to_the_end(&mut used).await;
}

#[tokio::test]
async fn a_beginning_that_is_not_finished_ends_the_connection() {
    let listening = Listening::with(Limits {
        header_timeout: Duration::from_millis(200),
        ..Limits::default()
    })
    .await;
    let half = PREFACE.split_at(10).0;
    let mut undecided = listening.connect().await;
    undecided.say(half).await;
    let mut begun = listening.connect().await;
    begun.say(PREFACE).await;
    let mut endless = listening.connect().await;
    endless.say(PREFACE).await;
    endless.say(frame(SETTINGS, 0, 0, &[])).await;
    // Headers whose end never comes.
    endless.say(frame(HEADERS, 0x1, 1, &[0x82, 0x86])).await;

    assert!(undecided.rest().await.is_empty());
    let _ = begun.rest().await;
    let _ = endless.rest().await;
}

#[tokio::test]
async fn an_answer_that_is_not_read_keeps_its_place_until_its_connection_is_closed() {
    let listening = Listening::with(Limits {
        requests: 1,
        idle_timeout: Duration::from_secs(3),
        ..Limits::default()
    })
    .await;
    let mut wire = without_window(&listening).await;
    ask_for(&mut wire, 1, MUCH).await;

    let refused = listening.ask("GET /v1.0/users HTTP/1.1").await;
    let watched = listening.ask("GET /healthz HTTP/1.1").await;
    ping_to_the_end(&mut wire).await;

    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "ServiceUnavailable")
    );
    assert_eq!(watched.status, 200);
    let again = async { while listening.ask("GET /v1.0/users HTTP/1.1").await.status != 401 {} };
    tokio::time::timeout(Duration::from_secs(30), again)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_address_that_leaves_its_answers_unread_gets_no_more() {
    let listening = Listening::with(Limits {
        requests_per_caller: 2,
        ..Limits::default()
    })
    .await;
    let mut wire = without_window(&listening).await;
    ask_for(&mut wire, 1, MUCH).await;
    assert_eq!(listening.ask("GET /v1.0/users HTTP/1.1").await.status, 401);

    ask_for(&mut wire, 3, MUCH).await;
    let refused = listening.ask("GET /v1.0/users HTTP/1.1").await;
    drop(wire);

    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "TooManyRequests")
    );
    assert_eq!(refused.header("retry-after"), "1");
    let again = async { while listening.ask("GET /v1.0/users HTTP/1.1").await.status != 401 {} };
    tokio::time::timeout(Duration::from_secs(30), again)
        .await
        .unwrap();
}
