//! How often somebody may ask (TH-1).

use http::Request;
use serde_json::{Value, json};
use server::Limits;

use super::wire::Listening;
use crate::support::{Server, V1};

fn slow() -> Limits {
    Limits {
        requests_per_second: Some(1),
        burst: Some(2),
        ..Limits::default()
    }
}

#[tokio::test]
async fn th_1_who_asks_too_often_is_told_when_to_come_back_and_others_are_served() {
    let server = Server::limited(slow()).await;
    let (admin, alice) = (server.admin(), server.user("alice"));
    let path = format!("{V1}/catalogs");

    for _ in 0..2 {
        server.get(&admin, &path).await.expect(200);
    }
    let refused = server.get(&admin, &path).await.expect(429);

    assert_eq!(refused.code(), "TooManyRequests");
    assert_eq!(refused.header("retry-after"), "1");
    server.get(&alice, "/v1.0/me").await.expect(200);
}

#[tokio::test]
async fn th_1_every_surface_counts() {
    let server = Server::limited(slow()).await;
    let admin = server.admin();

    server.get(&admin, "/scim/v2/Users").await.expect(200);
    server.get(&admin, "/reeve/v1/targets").await.expect(200);

    server.get(&admin, "/beta/users").await.expect(429);
    server.get(&admin, "/scim/v2/Users").await.expect(429);
    server.get(&admin, "/reeve/v1/targets").await.expect(429);
    server.get("", "/healthz").await.expect(200);
}

#[tokio::test]
async fn ba_1_each_part_of_a_batch_counts_and_is_refused_alone() {
    let server = Server::limited(slow()).await;
    let get = |id: &str| json!({"id": id, "method": "GET", "url": "/users?$top=1"});
    let batch = json!({"requests": [get("1"), get("2"), get("3")]});

    let answer = server
        .post(&server.admin(), "/v1.0/$batch", &batch)
        .await
        .expect(200)
        .json();

    let parts = answer["responses"].as_array().unwrap();
    let statuses: Vec<&Value> = parts.iter().map(|part| &part["status"]).collect();
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(parts[2]["headers"]["Retry-After"], "1");
    assert_eq!(parts[2]["body"]["error"]["code"], "TooManyRequests");
}

#[tokio::test]
async fn th_1_a_client_that_waits_as_told_comes_through() {
    let server = Server::limited(slow()).await;
    let admin = server.admin();
    let path = format!("{V1}/catalogs");
    let mut served = 0;
    let mut waited = 0;

    while served < 6 {
        let answer = server.get(&admin, &path).await;
        if answer.status == 429 {
            let seconds: i64 = answer.header("retry-after").parse().unwrap();
            waited += seconds;
            server
                .token_clock
                .advance(domain::time::Duration::from_secs(seconds));
        } else {
            served += 1;
            answer.expect(200);
        }
    }

    assert_eq!(waited, 4, "two at once, then one a second");
}

#[tokio::test]
async fn who_guesses_tokens_is_refused_before_they_are_looked_at_and_known_tokens_pass() {
    let listening = Listening::with(Limits {
        refused_tokens_per_minute: 3,
        ..Limits::default()
    })
    .await;
    let (known, unknown) = (listening.server.admin(), listening.server.user("alice"));
    let ask = async |token: &str| {
        listening
            .ask(&format!(
                "GET /v1.0/users?$top=1 HTTP/1.1\r\nAuthorization: Bearer {token}\r\nX-Forwarded-For: 192.0.2.{}",
                token.len() % 250
            ))
            .await
    };
    assert_eq!(ask(&known).await.status, 200);

    let guesses: Vec<u16> = {
        let mut statuses = Vec::new();
        for guess in ["a", "bb", "ccc", "dddd", "eeeee"] {
            statuses.push(ask(guess).await.status);
        }
        statuses
    };
    let refused = ask(&unknown).await;

    assert_eq!(guesses, [401, 401, 401, 429, 429]);
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "TooManyRequests")
    );
    assert_eq!(refused.header("retry-after"), "20");
    assert_eq!(ask(&known).await.status, 200);
    assert_eq!(
        listening.ask("GET /v1.0/me HTTP/1.1").await.status,
        401,
        "who has no token is told where to get one"
    );
}

#[tokio::test]
async fn ba_1_tokens_that_parts_of_a_batch_bring_are_guesses_too() {
    let listening = Listening::with(Limits {
        refused_tokens_per_minute: 3,
        ..Limits::default()
    })
    .await;
    let (known, unknown) = (listening.server.admin(), listening.server.user("alice"));
    let part = |id: usize, token: &str| {
        json!({"id": id.to_string(), "method": "GET", "url": "/users?$top=1",
            "headers": {"authorization": format!("Bearer {token}")}})
    };
    let tokens = [&known, "a", "b", "c", "d", &unknown, &known];
    let parts: Vec<Value> = tokens
        .into_iter()
        .enumerate()
        .map(|(id, token)| part(id, token))
        .collect();
    let body = json!({"requests": parts}).to_string();

    let answer = listening
        .ask_with(
            &format!(
                "POST /v1.0/$batch HTTP/1.1\r\nAuthorization: Bearer {known}\r\nContent-Type: application/json"
            ),
            &body,
        )
        .await;

    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let parts = answer["responses"].clone();
    let parts = parts.as_array().unwrap();
    let statuses: Vec<&Value> = parts.iter().map(|part| &part["status"]).collect();
    assert_eq!(statuses, [200, 401, 401, 401, 429, 429, 200]);
    assert_eq!(parts[4]["body"]["error"]["code"], "TooManyRequests");
    assert_eq!(parts[4]["headers"]["Retry-After"], "20");
    let alone = format!("GET /v1.0/me HTTP/1.1\r\nAuthorization: Bearer {unknown}");
    assert_eq!(listening.ask(&alone).await.status, 429);
}

#[tokio::test]
async fn behind_a_proxy_that_is_trusted_each_client_is_counted_by_itself() {
    let listening = Listening::with(Limits {
        refused_tokens_per_minute: 1,
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..Limits::default()
    })
    .await;
    let guess = async |address: &str| {
        listening
            .ask(&format!(
                "GET /v1.0/me HTTP/1.1\r\nAuthorization: Bearer x\r\nX-Forwarded-For: {address}"
            ))
            .await
            .status
    };

    assert_eq!(guess("192.0.2.1").await, 401);
    assert_eq!(guess("192.0.2.1").await, 429);
    assert_eq!(guess("192.0.2.2").await, 401);
    assert_eq!(guess("192.0.2.3, 192.0.2.1").await, 429);
}

#[tokio::test]
async fn without_a_connection_there_is_no_address_to_count() {
    let server = Server::limited(Limits {
        refused_tokens_per_minute: 1,
        ..Limits::default()
    })
    .await;

    for _ in 0..3 {
        let request = Request::get("/v1.0/me").header("authorization", "Bearer x");
        let answer = server
            .send(request.body(String::new().into()).unwrap())
            .await;
        answer.expect(401);
    }
}
