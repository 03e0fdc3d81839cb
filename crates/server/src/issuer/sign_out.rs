//! `GET` and `POST /{tenant}/oauth2/v2.0/logout`: the session of the browser ends.
//!
//! **Invariant:** nobody is signed out by a link alone: the client proves by an ID token that it knows who is signed in, or
//! the user confirms. The browser is sent on only to an address that the client registered.

use auth::issuer::{Client, OAuthRefusal};
use axum::body::Body;
use axum::extract::{Extension, RawPathParams, State};
use axum::response::Response;
use http::{Request, StatusCode};
use serde_json::{Map, Value};
use service::sign_in;

use super::failure::Failure;
use super::visit::{self, Visit, see};
use super::{SIGN_OUT_PAGE, pages};
use crate::app::App;
use crate::call::CallIds;
use crate::form::Form;
use crate::reply::Reply;

/// Answers the browser.
pub(super) async fn by_query(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    path: RawPathParams,
    request: Request<Body>,
) -> Response {
    visit::by_query(&app, &ids, &path, request, asked).await
}

/// The same for clients that post, and for the page on which the user confirms.
pub(super) async fn by_form(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    path: RawPathParams,
    request: Request<Body>,
) -> Response {
    visit::by_form(&app, &ids, &path, request, posted).await
}

async fn asked(visit: &Visit<'_>, query: &str) -> Result<Reply, Failure> {
    leave(visit, query, false).await
}

async fn posted(visit: &Visit<'_>, body: &str) -> Result<Reply, Failure> {
    let form = Form::parse(body.as_bytes());
    let raw = form.get("request").unwrap_or(body);
    leave(visit, raw, visit.is_marked(&form)).await
}

async fn leave(visit: &Visit<'_>, raw: &str, is_confirmed: bool) -> Result<Reply, Failure> {
    let form = Form::parse(raw.as_bytes());
    let hint = match form.get("id_token_hint") {
        Some(token) => Some(
            visit
                .issuer
                .keys
                .claims_of(token, visit.now)
                .ok_or(OAuthRefusal::InvalidParameter("id_token_hint"))?,
        ),
        None => None,
    };
    let next = next(visit, &form, hint.as_ref()).await?;
    let Some(session) = visit.session().await? else {
        return Ok(gone(visit, next.as_deref()));
    };
    let user = session.user.id.to_string();
    let is_meant = hint
        .as_ref()
        .is_some_and(|claims| claims.get("sub").and_then(Value::as_str) == Some(&user));
    if is_meant || is_confirmed {
        if let Some(secret) = visit.session_secret() {
            sign_in::end_session(visit.app.service(), secret).await?;
        }
        return Ok(visit.signed_out(gone(visit, next.as_deref())));
    }
    let fields = [
        ("mark", visit.mark().to_owned()),
        // Never empty, so that it is told from a client's own form.
        ("request", format!("{raw}&confirmed=1")),
    ];
    let page = pages::sign_out(
        &visit.issuer.path(SIGN_OUT_PAGE),
        &fields,
        &session.user.display_name,
    );
    let leads_to = next.map(|next| auth::issuer::form_source(&next));
    Ok(visit.page(StatusCode::OK, page, &leads_to.unwrap_or_default()))
}

/// Where the browser goes then.
async fn next(
    visit: &Visit<'_>,
    form: &Form,
    hint: Option<&Map<String, Value>>,
) -> Result<Option<String>, Failure> {
    let Some(address) = form.get("post_logout_redirect_uri") else {
        return Ok(None);
    };
    let hinted = hint
        .and_then(|claims| claims.get("aud"))
        .and_then(Value::as_str);
    let client_id = match (hinted, form.get("client_id")) {
        (Some(hinted), Some(named)) if !hinted.eq_ignore_ascii_case(named) => {
            return Err(OAuthRefusal::InvalidParameter("client_id").into());
        }
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => return Err(OAuthRefusal::MissingParameter("id_token_hint").into()),
    };
    let client: Client = sign_in::find_client(visit.app.service(), client_id)
        .await?
        .ok_or(OAuthRefusal::UnknownClient)?;
    client
        .platform_of(address)
        .ok_or(OAuthRefusal::UnregisteredAddress)?;
    Ok(Some(match form.get("state") {
        Some(state) => {
            let state =
                percent_encoding::utf8_percent_encode(state, percent_encoding::NON_ALPHANUMERIC);
            let mark = if address.contains('?') { '&' } else { '?' };
            format!("{address}{mark}state={state}")
        }
        None => address.to_owned(),
    }))
}

fn gone(visit: &Visit<'_>, next: Option<&str>) -> Reply {
    if let Some(next) = next {
        return see(next);
    }
    let page = pages::told("You are signed out", "You can close this page.");
    visit.page(StatusCode::OK, page, "")
}
