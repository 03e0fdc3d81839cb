//! `GET` and `POST /{tenant}/oauth2/v2.0/authorize`: a client sends a browser, which comes back with a code.

use auth::issuer::{AuthorizeRequest, Client, OAuthError, OAuthRefusal, Prompt, ReturnTo};
use axum::body::Body;
use axum::extract::{Extension, RawPathParams, State};
use axum::response::Response;
use domain::time::Duration;
use http::Request;
use service::sign_in::{self, CodeOrder, Session};

use super::failure::Failure;
use super::sign_in::{Purpose, Shown};
use super::visit::{self, Visit};
use crate::app::App;
use crate::call::CallIds;
use crate::form::Form;
use crate::reply::Reply;

/// What may be sent once at most.
const SINGLE: &[&str] = &[
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "login_hint",
];

/// Answers the browser.
pub(super) async fn by_query(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    path: RawPathParams,
    request: Request<Body>,
) -> Response {
    visit::by_query(&app, &ids, &path, request, begin).await
}

/// The same for clients that post.
pub(super) async fn by_form(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    path: RawPathParams,
    request: Request<Body>,
) -> Response {
    visit::by_form(&app, &ids, &path, request, begin).await
}

/// A request of a client that is known, to be answered at an address that is.
pub(super) struct Asked {
    pub(super) client: Client,
    pub(super) to: ReturnTo,
    /// The refusal goes to the address.
    pub(super) request: Result<AuthorizeRequest, OAuthError>,
}

impl Asked {
    /// Reads the request; its refusal is told to the user alone.
    pub(super) async fn read(app: &App, raw: &str) -> Result<Self, Failure> {
        let form = Form::parse(raw.as_bytes());
        for name in SINGLE {
            if form.names().filter(|own| own == name).count() > 1 {
                return Err(OAuthRefusal::InvalidParameter(name).into());
            }
        }
        let client_id = form
            .get("client_id")
            .ok_or(OAuthRefusal::MissingParameter("client_id"))?;
        let client = sign_in::find_client(app.service(), client_id)
            .await?
            .ok_or(OAuthRefusal::UnknownClient)?;
        let to = ReturnTo::of(&client, |name| form.get(name))?;
        let request = AuthorizeRequest::parse(&to, |name| form.get(name));
        Ok(Self {
            client,
            to,
            request,
        })
    }
}

async fn begin(visit: &Visit<'_>, raw: &str) -> Result<Reply, Failure> {
    let asked = Asked::read(visit.app, raw).await?;
    let request = match &asked.request {
        Ok(request) => request,
        Err(error) => return Ok(refused(&asked, *error)),
    };
    let session = visit.session().await?;
    let usable = session
        .as_ref()
        .filter(|session| will_do(visit, request, session));
    match (request.prompt, usable) {
        (Prompt::Nothing | Prompt::AsNeeded, Some(session)) => {
            complete(visit, &asked, request, session).await
        }
        (Prompt::Nothing, None) => {
            let error = OAuthError::new(OAuthRefusal::LoginRequired);
            Ok(refused(&asked, error))
        }
        (Prompt::Account, usable) => {
            let shown = Shown {
                signed_in: usable.map(|session| session.user.display_name.clone()),
                ..Shown::hinted(request.login_hint.as_deref())
            };
            super::sign_in::show(visit, &Purpose::Client(raw, &asked), shown).await
        }
        (Prompt::AsNeeded | Prompt::Password, _) => {
            let shown = Shown::hinted(request.login_hint.as_deref());
            super::sign_in::show(visit, &Purpose::Client(raw, &asked), shown).await
        }
    }
}

/// Whether who is signed in is who the client means, and recently enough.
pub(super) fn will_do(visit: &Visit<'_>, request: &AuthorizeRequest, session: &Session) -> bool {
    let is_meant = request.login_hint.as_deref().is_none_or(|hint| {
        hint.eq_ignore_ascii_case(&session.user.user_principal_name)
            || hint.eq_ignore_ascii_case(&session.user.id.to_string())
    });
    let is_recent = request
        .max_age
        .is_none_or(|age| visit.now < session.signed_in_at.plus(Duration::from_secs(age)));
    is_meant && is_recent
}

/// Sends the browser back with a code.
pub(super) async fn complete(
    visit: &Visit<'_>,
    asked: &Asked,
    request: &AuthorizeRequest,
    session: &Session,
) -> Result<Reply, Failure> {
    let order = CodeOrder {
        client: asked.client.app_id,
        user: session.user.id,
        signed_in_at: session.signed_in_at,
        scope: request.scope_text.clone(),
        needs_secret: !asked.to.platform.is_public(),
        redirect_uri: asked.to.address.clone(),
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
    };
    let code = sign_in::issue_code(visit.app.service(), order, visit.now).await?;
    Ok(visit::back(
        asked.to.with_code(&code),
        &asked.to.form_source(),
    ))
}

/// Sends the browser back with a refusal.
pub(super) fn refused(asked: &Asked, error: OAuthError) -> Reply {
    visit::back(asked.to.with_error(error), &asked.to.form_source())
}
