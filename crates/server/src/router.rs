//! Which requests go where, before anybody looks into them.
//!
//! The Graph API has keys in parentheses that no route pattern can express: whatever no route below takes goes to one
//! handler, which resolves the path itself.

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, get};

use crate::app::App;
use crate::around;
use crate::call::CallIds;
use crate::error::Error;
use crate::{extensions, graph, health, issuer, reeve, scim};

/// The whole server as one service.
pub fn router(app: App) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/extensions/keys", get(extensions::keys))
        .route(
            "/extensions/.well-known/openid-configuration",
            get(extensions::configuration),
        )
        .route("/reeve/v1", any(reeve::serve))
        .route("/reeve/v1/{*rest}", any(reeve::serve))
        .route(scim::ROOT, any(scim::serve))
        .route("/scim/v2/", any(scim::serve))
        .route("/scim/v2/{*rest}", any(scim::serve));
    if app.issuer().is_some() {
        router = router.merge(issuer::routes());
    }
    router
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(graph::serve)
        .layer(middleware::from_fn_with_state(app.clone(), around::around))
        .with_state(app)
}

/// The routes of this router answer other methods in the common envelope; who may is in `Allow`.
async fn method_not_allowed(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    request: Request,
) -> Response {
    let error = Error::MethodNotAllowed {
        allow: String::new(),
    };
    drop(request);
    let mut reply = error.into_reply(&ids, app.service().clock.now(), app.challenge());
    // The router adds the one that lists its methods.
    reply.headers.remove(http::header::ALLOW);
    reply.into()
}
