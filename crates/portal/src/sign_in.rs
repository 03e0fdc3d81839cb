//! Signing in and out.
//!
//! State, nonce and verifier of a sign-in are made from one secret that the browser keeps: whoever brings an answer without
//! it did not begin the sign-in.
//!
//! **Invariant:** after signing in a browser goes only to a page of this portal. A session begins with a new secret.

use auth::issuer::{fingerprint, is_same, random_secret};
use auth::token::SignIn;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use maud::html;
use service::{ServiceError, portal_sessions};

use crate::cookies;
use crate::form::Form;
use crate::layout;
use crate::portal::Portal;
use crate::problem::Problem;
use crate::provider::Attempt;
use crate::reply::{page, see, with_cookie};
use crate::visit::{Came, Posted, session_of};
use crate::words;

/// Where the issuer sends browsers back to.
pub const BACK: &str = "/sign-in/back";

/// What is sent along with one sign-in.
struct Parts {
    state: String,
    nonce: String,
    verifier: String,
}

impl Parts {
    fn of(secret: &str) -> Self {
        let part = |name: &str| fingerprint(&format!("{name}:{secret}"));
        Self {
            state: part("state"),
            nonce: part("nonce"),
            verifier: part("verifier"),
        }
    }
}

/// `GET /sign-in`: sends the browser to the issuer.
pub(crate) async fn begin(
    State(portal): State<Portal>,
    came: Came,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    let to = own_page(form.text("to"));
    if session_of(&portal, &came, &headers).await?.is_some() {
        return Ok(see(to));
    }
    let secret = random_secret().map_err(ServiceError::internal)?;
    let parts = Parts::of(&secret);
    let attempt = Attempt {
        state: &parts.state,
        nonce: &parts.nonce,
        challenge: &fingerprint(&parts.verifier),
        back: &format!("{}{BACK}", came.arrival.origin),
    };
    let now = portal.clock().now();
    let address = portal.provider().address(&attempt, now).await;
    let address = address.map_err(|error| unreachable_issuer(&error))?;
    let kept = format!("{secret}.{}", URL_SAFE_NO_PAD.encode(to));
    let cookie = cookies::keep(
        cookies::SIGN_IN,
        &kept,
        Some(cookies::SIGN_IN_SECONDS),
        came.arrival.is_secure(),
    );
    Ok(with_cookie(see(&address), cookie))
}

fn unreachable_issuer(error: &crate::provider::CallError) -> Problem {
    tracing::warn!(error = %error, "the issuer of the portal could not be used");
    Problem::SignIn("The service that knows who you are did not answer as it should.".to_owned())
}

/// `GET /sign-in/back`: the issuer's answer.
pub(crate) async fn back(
    State(portal): State<Portal>,
    came: Came,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let is_secure = came.arrival.is_secure();
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    let response = match finish(&portal, &came, &headers, &form).await {
        Ok((secret, to)) => {
            let cookie = cookies::keep(cookies::SESSION, &secret, None, is_secure);
            with_cookie(see(&to), cookie)
        }
        Err(problem) => problem.into_response(),
    };
    with_cookie(response, cookies::forget(cookies::SIGN_IN, is_secure))
}

async fn finish(
    portal: &Portal,
    came: &Came,
    headers: &HeaderMap,
    form: &Form,
) -> Result<(String, String), Problem> {
    let kept = cookies::find(headers, cookies::SIGN_IN, came.arrival.is_secure());
    let Some((secret, to)) = kept.and_then(|kept| kept.split_once('.')) else {
        let why = "This browser did not begin to sign in, or took longer than it may.";
        return Err(Problem::SignIn(why.to_owned()));
    };
    let parts = Parts::of(secret);
    if !is_same(form.text("state"), &parts.state) {
        let why = "The answer belongs to another sign-in.";
        return Err(Problem::SignIn(why.to_owned()));
    }
    let Some(code) = form.get("code") else {
        let why = match form.text("error") {
            "access_denied" => "You did not go on, or may not use the portal.",
            _ => "The service that knows who you are refused.",
        };
        return Err(Problem::SignIn(why.to_owned()));
    };
    let now = portal.clock().now();
    let provider = portal.provider();
    let back = format!("{}{BACK}", came.arrival.origin);
    let id_token = provider.exchange(code, &parts.verifier, &back, now).await;
    let id_token = id_token.map_err(|error| unreachable_issuer(&error))?;
    let asked = SignIn {
        issuer: provider.issuer(),
        client_id: provider.client_id(),
        nonce: &parts.nonce,
        scopes: Portal::scopes(),
    };
    let verified = portal.verifier().identify(&id_token, &asked, now).await;
    let verified = verified.map_err(|error| {
        tracing::warn!(error = %error, "an ID token was refused");
        Problem::SignIn(
            "What the service that knows who you are said could not be believed.".to_owned(),
        )
    })?;
    // Whoever was signed in in this browser before is not any more.
    if let Some(old) = cookies::find(headers, cookies::SESSION, came.arrival.is_secure()) {
        portal_sessions::end(portal.service(), old).await?;
    }
    let started = portal_sessions::start(portal.service(), &verified, portal.life(), now).await;
    let secret = started.map_err(|error| match error {
        ServiceError::Refused { message, .. } => Problem::SignIn(words::sentence(&message)),
        other => other.into(),
    })?;
    let to = URL_SAFE_NO_PAD.decode(to).ok();
    let to = to.and_then(|to| String::from_utf8(to).ok());
    Ok((secret, own_page(&to.unwrap_or_default()).to_owned()))
}

/// `POST /sign-out`.
pub(crate) async fn out(posted: Posted) -> Result<Response, Problem> {
    let visit = posted.visit;
    portal_sessions::end(visit.portal.service(), &visit.secret).await?;
    let cookie = cookies::forget(cookies::SESSION, visit.arrival.is_secure());
    Ok(with_cookie(see("/signed-out"), cookie))
}

/// `GET /signed-out`.
pub(crate) async fn signed_out(State(portal): State<Portal>) -> Response {
    let pages = portal.provider().pages(portal.clock().now()).await;
    let elsewhere = pages.ok().and_then(|pages| pages.sign_out);
    page(
        StatusCode::OK,
        layout::bare(
            "You are signed out",
            &html! {
                h1 { "You are signed out" }
                p { "This browser shows nothing of yours any more." }
                @if let Some(address) = elsewhere {
                    p {
                        "The service that knows who you are may still be signed in. "
                        a href=(address) { "Sign out there, too" } "."
                    }
                }
                p { a .button href="/sign-in" { "Sign in again" } }
            },
        ),
    )
}

/// A page of this portal; the first one, where the text is none.
fn own_page(text: &str) -> &str {
    let is_own = text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains('\\')
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_own { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_a_browser_goes_only_to_a_page_of_the_portal() {
        assert_eq!(own_page("/requests?page=2"), "/requests?page=2");
        for elsewhere in [
            "",
            "https://evil.test/",
            "//evil.test/",
            "/\\evil.test",
            "/a\r\nset-cookie: x",
            "javascript:alert(1)",
        ] {
            assert_eq!(own_page(elsewhere), "/", "{elsewhere}");
        }
    }

    #[test]
    fn what_is_sent_along_tells_nothing_of_the_verifier() {
        let parts = Parts::of("secret");
        assert_ne!(parts.state, parts.verifier);
        assert_ne!(parts.nonce, parts.verifier);
        assert_ne!(
            fingerprint(&format!("verifier:{}", parts.state)),
            parts.verifier
        );
    }
}
