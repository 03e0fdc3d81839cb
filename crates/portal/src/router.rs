//! Which page is where.

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderValue, header};
use percent_encoding::percent_decode_str;

use crate::layout::{ICON, SCRIPT, STYLE};
use crate::once::carried_out;
use crate::pages::{access, approvals, manage, packages, requests};
use crate::portal::Portal;
use crate::problem::Problem;
use crate::reply;
use crate::sign_in;
use crate::visit::{Came, LARGEST_FORM};

/// The pages.
pub fn router(portal: Portal) -> Router {
    Router::new()
        .route("/", get(access::list))
        .route(
            "/access/{id}/extend",
            get(access::extend_form).post(access::extend),
        )
        .route(
            "/access/{id}/remove",
            get(access::remove_form).post(access::remove),
        )
        .route("/requests", get(requests::list))
        .route("/requests/{id}", get(requests::show))
        .route("/requests/{id}/events", get(requests::events))
        .route("/requests/{id}/cancel", post(requests::cancel))
        .route("/requests/{id}/reprocess", post(requests::reprocess))
        .route("/packages", get(packages::list))
        .route("/packages/{id}", get(packages::show).post(packages::ask))
        .route("/approvals", get(approvals::list).post(approvals::decide))
        .merge(manage::routes())
        .route("/sign-in", get(sign_in::begin))
        .route(sign_in::BACK, get(sign_in::back))
        .route("/sign-out", post(sign_in::out))
        .route("/signed-out", get(sign_in::signed_out))
        .route(
            "/portal/style.css",
            get(async || asset("text/css;charset=utf-8", STYLE)),
        )
        .route(
            "/portal/script.js",
            get(async || asset("text/javascript;charset=utf-8", SCRIPT)),
        )
        .route(
            "/portal/icon.svg",
            get(async || asset("image/svg+xml", ICON)),
        )
        .route("/favicon.ico", get(async || asset("image/svg+xml", ICON)))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(middleware::from_fn(finish))
        .with_state(portal)
}

/// What is the same for everybody; its address changes with it.
fn asset(kind: &'static str, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    response
}

/// Draws the page of a problem, and says to the browser what every answer says.
async fn finish(request: Request, next: Next) -> Response {
    let came = Came::of(request.extensions());
    let path = percent_decode_str(request.uri().path());
    // What is no text names nothing.
    let is_text = path.decode_utf8().is_ok();
    let mut response = if is_text {
        if request.method().is_safe() {
            next.run(request).await
        } else {
            carried_out(request, next).await
        }
    } else {
        Problem::NotFound.into_response()
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let cookies: Vec<_> = response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .cloned()
            .collect();
        let page = problem.page(came.arrival.request_id);
        response = reply::page(response.status(), page);
        if let Some(seconds) = problem.retry_after() {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for cookie in cookies {
            response = reply::with_cookie(response, Some(cookie));
        }
    }
    reply::protect(response.headers_mut());
    response
}
