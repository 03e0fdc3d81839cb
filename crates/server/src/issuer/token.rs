//! `POST /{tenant}/oauth2/v2.0/token`: what a client may exchange for tokens, and how it says who it is.

use auth::issuer::{GrantType, OAuthError, OAuthRefusal};
use axum::body::Body;
use axum::extract::{Extension, RawPathParams, Request, State};
use axum::response::Response;
use domain::id::AppId;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use service::sign_in::Asking;
use service::tenant;

use super::discovery::tenant_of;
use super::failure::Failure;
use super::{Issuer, grants};
use crate::app::App;
use crate::body;
use crate::call::CallIds;
use crate::form::{Form, basic};
use crate::reply::Reply;

/// Answers a token request.
pub(super) async fn issue(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    path: RawPathParams,
    request: Request<Body>,
) -> Response {
    answered(&app, &ids, &path, request, exchange).await
}

/// Answers what a client itself asks, in the form of OAuth.
pub(super) async fn answered(
    app: &App,
    ids: &CallIds,
    path: &RawPathParams,
    request: Request<Body>,
    answer: impl AsyncFnOnce(&App, &Issuer, Credentials, &Form) -> Result<Value, Failure>,
) -> Response {
    let (parts, body) = request.into_parts();
    let outcome = async {
        let body = body::read(body).await?;
        let form = Form::parse(&body);
        let issuer = app
            .issuer()
            .filter(|issuer| issuer.is_tenant(&tenant_of(path)))
            .ok_or(OAuthRefusal::UnknownTenant)?;
        let credentials = Credentials::of(&parts.headers, &form)?;
        answer(app, issuer, credentials, &form).await
    };
    match outcome.await {
        Ok(document) => Reply::json(StatusCode::OK, &document)
            .with(header::PRAGMA, "no-cache")
            .into(),
        Err(Failure::Refused(refusal)) => {
            refused(app, ids, refusal, basic(&parts.headers).is_some()).into()
        }
        Err(Failure::Ours(error)) => error
            .into_reply(ids, app.service().clock.now(), app.challenge())
            .into(),
    }
}

fn refused(app: &App, ids: &CallIds, refusal: OAuthRefusal, by_header: bool) -> Reply {
    let error = OAuthError::new(refusal);
    let body = error.body(
        app.token_clock().now(),
        &ids.request.to_string(),
        &ids.echoed(),
    );
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let reply = Reply::json(status, &body);
    if by_header && status == StatusCode::UNAUTHORIZED {
        reply.with(header::WWW_AUTHENTICATE, "Basic realm=\"\"")
    } else {
        reply
    }
}

async fn exchange(
    app: &App,
    issuer: &Issuer,
    credentials: Credentials,
    form: &Form,
) -> Result<Value, Failure> {
    let grant = form
        .get("grant_type")
        .ok_or(OAuthRefusal::MissingParameter("grant_type"))?;
    let grant = GrantType::from_name(grant).ok_or(OAuthRefusal::UnsupportedGrant)?;
    let request = grants::Request {
        app,
        issuer,
        credentials: &credentials,
        form,
        now: app.token_clock().now(),
    };
    let tokens = match grant {
        GrantType::ClientCredentials => request.for_application().await,
        GrantType::Password => request.by_password().await,
        GrantType::AuthorizationCode => request.by_code().await,
        GrantType::RefreshToken => request.by_refresh_token().await,
        GrantType::DeviceCode => request.by_device_code().await,
    };
    Ok(tokens?.body())
}

/// The client id as everybody else spells it, however the client did: who is limited and audited goes by it.
fn canonical(client_id: String) -> String {
    match client_id.parse::<AppId>() {
        Ok(app_id) => app_id.to_string(),
        Err(_) => client_id,
    }
}

/// What the client says about itself.
pub(super) struct Credentials {
    pub(super) client_id: String,
    pub(super) secret: Option<String>,
}

impl Credentials {
    fn of(headers: &HeaderMap, form: &Form) -> Result<Self, OAuthRefusal> {
        if let Some((client_id, secret)) = basic(headers) {
            return Ok(Self {
                client_id: canonical(client_id),
                secret: Some(secret),
            });
        }
        let client_id = form
            .get("client_id")
            .ok_or(OAuthRefusal::MissingParameter("client_id"))?;
        Ok(Self {
            client_id: canonical(client_id.to_owned()),
            secret: form.get("client_secret").map(str::to_owned),
        })
    }

    /// The client, and whether it showed its secret. One that shows a secret has to show the right one.
    pub(super) async fn asking(&self, app: &App) -> Result<Asking, Failure> {
        let client = self
            .client_id
            .parse()
            .map_err(|_| OAuthRefusal::UnknownClient)?;
        if let Some(secret) = &self.secret {
            tenant::verify_client(app.service(), &self.client_id, secret)
                .await?
                .ok_or(OAuthRefusal::WrongSecret)?;
        }
        Ok(Asking {
            client,
            has_shown_secret: self.secret.is_some(),
        })
    }
}
