//! What is answered while the server is not ready yet: that it lives, what it waits for, and that whoever wants more is to
//! come again.
//!
//! **Invariant:** nothing here looks at the database or at a token; the answers hold for everybody.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use service::clock::{Clock, Ids};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::around;
use crate::call::CallIds;
use crate::error::{Challenge, Error, RETRY_STARTING};
use crate::health::{self, PLAIN};
use crate::reply::Reply;

/// What a server does before it is ready, and since when.
#[derive(Debug, Clone)]
pub struct Starting {
    doing: String,
    since: Instant,
}

impl Starting {
    /// It begins to do this now.
    pub fn with(doing: impl Into<String>) -> Self {
        Self {
            doing: doing.into(),
            since: Instant::now(),
        }
    }

    fn line(&self) -> String {
        let seconds = self.since.elapsed().as_secs();
        format!("not ready yet: {}, for {seconds} s\n", self.doing)
    }
}

#[derive(Debug, Clone)]
struct Anteroom {
    starting: watch::Receiver<Starting>,
    clock: Clock,
    ids: Ids,
}

/// The service of a server that is about to be ready; it tells what `starting` holds.
pub fn anteroom(starting: watch::Receiver<Starting>, clock: Clock, ids: Ids) -> Router {
    Router::new()
        .route("/healthz", get(health::live))
        .route("/readyz", get(unready))
        .fallback(later)
        .with_state(Anteroom {
            starting,
            clock,
            ids,
        })
}

async fn unready(State(room): State<Anteroom>) -> Response {
    let line = room.starting.borrow().line();
    let reply = Reply::typed(StatusCode::SERVICE_UNAVAILABLE, PLAIN, line.into_bytes());
    reply
        .with(header::RETRY_AFTER, &RETRY_STARTING.to_string())
        .into()
}

async fn later(State(room): State<Anteroom>, request: Request) -> Response {
    let now = room.clock.now();
    let ids = CallIds::new(room.ids.next(now), request.headers());
    let refused = Error::Starting.into_reply(&ids, now, &Challenge::default());
    let mut response = Response::from(refused);
    around::add_headers(response.headers_mut(), &ids, &room.clock);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use domain::time::Timestamp;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;

    async fn asked(method: &str, path: &str) -> (StatusCode, http::HeaderMap, String) {
        let (_tell, starting) =
            watch::channel(Starting::with("bringing the schema forward, step 3 of 7"));
        let clock = Clock::manual(Timestamp::from_micros(1_700_000_000_000_000));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("client-request-id", "of-the-client")
            .body(Body::from("{}"))
            .unwrap();
        let answer = anteroom(starting, clock, Ids::counted(1))
            .oneshot(request)
            .await
            .unwrap();
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, 10_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        (parts.status, parts.headers, text)
    }

    #[tokio::test]
    async fn a_server_that_starts_lives_and_says_what_it_does() {
        let (status, _, text) = asked("GET", "/healthz").await;
        assert_eq!((status.as_u16(), text.as_str()), (200, "ok\n"));

        let (status, headers, text) = asked("GET", "/readyz").await;
        assert_eq!(status.as_u16(), 503);
        assert_eq!(headers["retry-after"], "5");
        assert!(text.contains("step 3 of 7, for 0 s"), "{text}");
    }

    #[tokio::test]
    async fn whoever_wants_more_of_a_server_that_starts_is_to_come_again() {
        for (method, path) in [
            ("GET", "/v1.0/users"),
            ("POST", "/beta/$batch"),
            ("GET", "/metrics"),
            ("PUT", "/scim/v2/Users/1"),
            ("GET", "/"),
        ] {
            let (status, headers, text) = asked(method, path).await;

            assert_eq!(status.as_u16(), 503, "{method} {path}");
            assert_eq!(headers["retry-after"], "5");
            assert_eq!(headers["client-request-id"], "of-the-client");
            let body: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(body["error"]["code"], "ServiceUnavailable", "{text}");
            assert!(
                body["error"]["message"]
                    .as_str()
                    .unwrap()
                    .contains("/readyz"),
                "{text}"
            );
        }
    }
}
