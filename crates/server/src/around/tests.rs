use std::sync::Arc;
use std::time::Duration;

use auth::token::Verifier;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use http::StatusCode;
use http_body_util::BodyExt;
use prometheus_client::registry::Registry;
use serde_json::Value;
use service::Service;
use service::clock::{Clock, Ids};
use service::settings::Settings;
use store::{Location, Options, Store};
use tower::ServiceExt;

use super::*;
use crate::app::Parts;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::reeve::Delivery;

/// A router of handlers that do not behave, with everything around it.
fn router(folder: &tempfile::TempDir, timeout: Duration) -> Router {
    let location = Location::Sqlite {
        path: folder.path().join("test.db"),
    };
    let store = Store::open(&location, &Options::default()).unwrap();
    let clock = Clock::system();
    let mut registry = Registry::default();
    let app = App::new(Parts {
        service: Service::new(store, clock.clone(), Ids::random(), Settings::default()),
        verifier: Verifier::new(Vec::new()).unwrap(),
        token_clock: clock,
        public_url: None,
        authorization_uri: None,
        issuer: None,
        signer: None,
        receivers: None,
        portal: None,
        delivery: Delivery {
            targets: Vec::new(),
            stuck: Arc::new(|| Box::pin(async { Ok(Vec::new()) })),
            lanes: Arc::new(Vec::new),
            settle: Arc::new(|| Box::pin(async { Ok(()) })),
        },
        development: false,
        paging_key: [0; 32],
        metrics: Metrics::register(&mut registry),
        registry: Arc::new(registry),
        limits: Limits {
            request_timeout: timeout,
            ..Limits::default()
        },
    });
    Router::new()
        .route(
            "/panics",
            any(async || -> &'static str { panic!("secret of the handler") }),
        )
        .route(
            "/hangs",
            get(async || -> &'static str { std::future::pending().await }),
        )
        .route("/metrics", get(crate::health::metrics))
        .route(
            "/page",
            get(async || {
                (
                    [("content-security-policy", "default-src 'self'")],
                    "a page",
                )
            }),
        )
        .layer(from_fn_with_state(app.clone(), around))
        .with_state(app)
}

async fn ask(router: &Router, path: &str) -> (StatusCode, HeaderMap, String) {
    ask_over(router, path, Scheme::Http).await
}

async fn ask_over(router: &Router, path: &str, scheme: Scheme) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    request.extensions_mut().insert(scheme);
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status,
        parts.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn a_panic_is_a_500_with_the_envelope_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let router = router(&folder, Duration::from_mins(1));

    let (status, headers, body) = ask(&router, "/panics").await;
    let (.., metrics) = ask(&router, "/metrics").await;

    let error: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(error["error"]["code"], "InternalServerError");
    assert_eq!(
        error["error"]["innerError"]["request-id"],
        headers[REQUEST_ID].to_str().unwrap()
    );
    assert!(!body.contains("secret"), "{body}");
    assert!(metrics.contains("reeve_http_panics_total 1"), "{metrics}");
}

#[tokio::test]
async fn a_panic_of_what_runs_in_a_task_of_its_own_is_answered_alike() {
    let folder = tempfile::tempdir().unwrap();
    let router = router(&folder, Duration::from_mins(1));

    let request = Request::post("/panics").body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (.., metrics) = ask(&router, "/metrics").await;

    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(metrics.contains("reeve_http_panics_total 1"), "{metrics}");
}

#[tokio::test]
async fn a_request_that_never_ends_is_given_up_with_a_503() {
    let folder = tempfile::tempdir().unwrap();
    let router = router(&folder, Duration::from_millis(20));

    let (status, headers, body) = ask(&router, "/hangs").await;

    let error: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(error["error"]["code"], "ServiceUnavailable");
    assert!(headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_tls_once_they_came_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let router = router(&folder, Duration::from_mins(1));

    let (_, plain, _) = ask_over(&router, "/metrics", Scheme::Http).await;
    let (_, secure, _) = ask_over(&router, "/metrics", Scheme::Https).await;

    assert!(!plain.contains_key(header::STRICT_TRANSPORT_SECURITY));
    assert_eq!(
        secure[header::STRICT_TRANSPORT_SECURITY],
        "max-age=31536000"
    );
}

#[tokio::test]
async fn what_a_page_says_about_itself_stays() {
    let folder = tempfile::tempdir().unwrap();
    let router = router(&folder, Duration::from_mins(1));

    let (_, headers, _) = ask(&router, "/page").await;

    assert_eq!(
        headers[header::CONTENT_SECURITY_POLICY],
        "default-src 'self'"
    );
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
}
