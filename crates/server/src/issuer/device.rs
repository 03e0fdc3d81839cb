//! Devices without a browser (RFC 8628): `POST /{tenant}/oauth2/v2.0/devicecode`, where they begin, and
//! `/{tenant}/oauth2/deviceauth`, where somebody types what they show.
//!
//! **Invariant:** only who is signed in learns whether a code is known, and guessing slows down.

use auth::issuer::{OAuthRefusal, ScopeRequest, typed_user_code};
use axum::body::Body;
use axum::extract::{Extension, RawPathParams, State};
use axum::response::Response;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use service::sign_in;

use super::failure::Failure;
use super::sign_in::{Purpose, Shown};
use super::token::{self, Credentials};
use super::visit::{self, Visit};
use super::{DEVICE_PAGE, Issuer, pages};
use crate::app::App;
use crate::call::CallIds;
use crate::form::Form;
use crate::reply::Reply;

const UNKNOWN: &str = "The code is not known or has expired. Look at the device again.";
const TOO_MANY: &str = "Too many codes that are not known. Wait a minute and try again.";

/// The page for a code.
pub(super) fn address(issuer: &Issuer, user_code: &str) -> String {
    let code = percent_encoding::utf8_percent_encode(user_code, percent_encoding::NON_ALPHANUMERIC);
    format!("{}?user_code={code}", issuer.path(DEVICE_PAGE))
}

/// Lets a device begin.
pub(super) async fn start(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    path: RawPathParams,
    request: Request<Body>,
) -> Response {
    token::answered(&app, &ids, &path, request, begin).await
}

async fn begin(
    app: &App,
    issuer: &Issuer,
    credentials: Credentials,
    form: &Form,
) -> Result<Value, Failure> {
    let scope = form
        .get("scope")
        .ok_or(OAuthRefusal::MissingParameter("scope"))?;
    ScopeRequest::parse(scope)?;
    let client = sign_in::find_client(app.service(), &credentials.client_id)
        .await?
        .ok_or(OAuthRefusal::UnknownClient)?;
    let asking = credentials.asking(app).await?;
    if !client.is_public && !asking.has_shown_secret {
        return Err(OAuthRefusal::SecretRequired.into());
    }
    let now = app.token_clock().now();
    let started =
        sign_in::start_device(app.service(), client.app_id, scope, !client.is_public, now).await?;
    let page = format!("{}{}", issuer.authority, issuer.path(DEVICE_PAGE));
    let complete = format!(
        "{}{}",
        issuer.authority,
        address(issuer, &started.user_code)
    );
    Ok(json!({
        "device_code": started.device_code,
        "user_code": started.user_code,
        "verification_uri": page,
        "verification_uri_complete": complete,
        "expires_in": sign_in::DEVICE_LIFE.micros() / 1_000_000,
        "interval": sign_in::POLL_SECONDS,
        "message": format!(
            "To sign in, open the page {page} in a browser and enter the code {}.",
            started.user_code
        ),
    }))
}

/// The page.
pub(super) async fn page(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    path: RawPathParams,
    request: Request<Body>,
) -> Response {
    visit::by_query(&app, &ids, &path, request, ask).await
}

async fn ask(visit: &Visit<'_>, query: &str) -> Result<Reply, Failure> {
    let form = Form::parse(query.as_bytes());
    let Some(typed) = form.get("user_code") else {
        return Ok(code_page(visit, "", None));
    };
    let Some(user_code) = typed_user_code(typed) else {
        return Ok(code_page(visit, typed, Some(UNKNOWN)));
    };
    let session = visit.session().await?;
    let Some(session) = session.filter(|_| form.get("other").is_none()) else {
        let shown = Shown::hinted(form.get("login_hint"));
        return super::sign_in::show(visit, &Purpose::Device(&user_code, None), shown).await;
    };
    let user = session.user.id.to_string();
    let Some(attempt) = visit.issuer.guesses.attempt(&user, visit.now) else {
        return Ok(code_page(visit, typed, Some(TOO_MANY)));
    };
    let service = visit.app.service();
    let found = sign_in::find_device(service, &user_code, visit.now).await?;
    let client = match &found {
        Some(device) => sign_in::find_client(service, &device.client.to_string()).await?,
        None => None,
    };
    let Some(client) = client else {
        return Ok(code_page(visit, typed, Some(UNKNOWN)));
    };
    // Whoever has a device of their own must not buy more guesses with its code.
    visit.issuer.guesses.take_back(attempt);
    let fields = [
        ("mark", visit.mark().to_owned()),
        ("user_code", user_code.clone()),
    ];
    let page = pages::device_confirm(
        &visit.issuer.path(DEVICE_PAGE),
        &fields,
        &client.display_name,
        &session.user.display_name,
        &user_code,
        &(address(visit.issuer, &user_code) + "&other=1"),
    );
    Ok(visit.page(StatusCode::OK, page, ""))
}

fn code_page(visit: &Visit<'_>, typed: &str, told: Option<&str>) -> Reply {
    let status = match told {
        Some(_) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    let page = pages::device_code(&visit.issuer.path(DEVICE_PAGE), typed, told);
    visit.page(status, page, "")
}

/// What the user decides.
pub(super) async fn decide(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    path: RawPathParams,
    request: Request<Body>,
) -> Response {
    visit::by_form(&app, &ids, &path, request, decided).await
}

async fn decided(visit: &Visit<'_>, body: &str) -> Result<Reply, Failure> {
    let form = Form::parse(body.as_bytes());
    let user_code = form.get("user_code").and_then(typed_user_code);
    let session = visit.session().await?;
    let (Some(user_code), Some(session), true) = (user_code, session, visit.is_marked(&form))
    else {
        return Ok(visit::see(&visit.issuer.path(DEVICE_PAGE)));
    };
    let is_allowed = match form.get("decision") {
        Some("allow") => true,
        Some("deny") => false,
        _ => return Err(OAuthRefusal::InvalidParameter("decision").into()),
    };
    let guesses = &visit.issuer.guesses;
    let Some(attempt) = guesses.attempt(&session.user.id.to_string(), visit.now) else {
        return Ok(code_page(visit, &user_code, Some(TOO_MANY)));
    };
    let did_wait = sign_in::decide_device(
        visit.app.service(),
        &user_code,
        session.user.id,
        session.signed_in_at,
        is_allowed,
        visit.now,
    )
    .await?;
    if !did_wait {
        return Ok(code_page(visit, &user_code, Some(UNKNOWN)));
    }
    guesses.take_back(attempt);
    let page = if is_allowed {
        pages::told(
            "The device is connected",
            "You can close this page and go on there.",
        )
    } else {
        pages::told(
            "The device is refused",
            "It gets nothing. You can close this page.",
        )
    };
    Ok(visit.page(StatusCode::OK, page, ""))
}
