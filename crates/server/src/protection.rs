//! Headers that tell browsers to be careful with what they get.
//!
//! Nothing here is a page, so nothing may be run, framed, guessed at or kept. An answer that is a page says what it needs
//! by itself, and what it says stays.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::app::App;
use crate::call::Scheme;

/// What every answer has that does not say otherwise.
const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// A year.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds them. Browsers keep to TLS once they are told, so a development tenant, whose certificate nobody else knows and
/// whose port others use tomorrow, does not tell them.
pub(crate) fn add_headers(headers: &mut HeaderMap, app: &App, scheme: Option<Scheme>) {
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
    let is_tls = scheme == Some(Scheme::Https)
        || app
            .public_url()
            .is_some_and(|url| url.starts_with("https://"));
    if is_tls && !app.is_development() {
        headers
            .entry(header::STRICT_TRANSPORT_SECURITY)
            .or_insert(TLS_ONLY);
    }
}
