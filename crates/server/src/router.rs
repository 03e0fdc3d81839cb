//! Which requests go where, before anybody looks into them.
//!
//! The pages of the portal are known by their addresses, none of which begins as those of the Graph API do.
//!
//! The Graph API has keys in parentheses that no route pattern can express: whatever no route below takes goes to one
//! handler, which resolves the path itself.

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::{MethodRouter, any, get};

use crate::app::App;
use crate::around;
use crate::call::CallIds;
use crate::error::Error;
use crate::{extensions, faults, graph, health, issuer, pages, reeve, scim};

/// What the router answers at one address.
pub(crate) type Door = (&'static str, fn() -> MethodRouter<App>);

/// What is for whoever asks: for machines that watch the server, and for receivers of callouts.
pub(crate) const OPEN: &[Door] = &[
    ("/healthz", || get(health::live)),
    ("/readyz", || get(health::ready)),
    ("/metrics", || get(health::metrics)),
    ("/extensions/keys", || get(extensions::keys)),
    ("/extensions/.well-known/openid-configuration", || {
        get(extensions::configuration)
    }),
];

/// The whole server as one service.
pub fn router(app: App) -> Router {
    let mut router = with(Router::new(), OPEN)
        .route("/reeve/v1", any(reeve::serve))
        .route("/reeve/v1/{*rest}", any(reeve::serve))
        .route(scim::ROOT, any(scim::serve))
        .route("/scim/v2/", any(scim::serve))
        .route("/scim/v2/{*rest}", any(scim::serve));
    if app.issuer().is_some() {
        router = with(router, issuer::DOORS);
    }
    let mut router = router
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(graph::serve);
    if let Some(pages) = app.portal() {
        let pages = pages
            .clone()
            .layer(middleware::from_fn_with_state(app.clone(), pages::arrive));
        router = router.merge(pages.with_state(()));
    }
    if app.is_development() {
        router = router.layer(middleware::from_fn_with_state(app.clone(), faults::inject));
    }
    router
        .layer(middleware::from_fn_with_state(app.clone(), around::around))
        .with_state(app)
}

fn with(router: Router<App>, doors: &[Door]) -> Router<App> {
    doors
        .iter()
        .fold(router, |router, (path, door)| router.route(path, door()))
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
