//! `POST /{tenant}/oauth2/v2.0/token`: an application with its secret, or a user with name and password.

use auth::issuer::{
    GrantType, Issuance, OAuthError, OAuthRefusal, ScopeRequest, Subject, Tokens,
    access_token_claims,
};
use auth::principal::{Permission, PermissionSet};
use axum::body::Body;
use axum::extract::{Extension, RawPathParams, Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use service::tenant;

use super::Issuer;
use super::discovery::tenant_of;

use crate::app::App;
use crate::body;
use crate::call::CallIds;
use crate::error::Error;
use crate::form::{Form, basic};
use crate::reply::Reply;

/// Answers a token request.
pub(super) async fn issue(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    path: RawPathParams,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let outcome = match body::read(body).await {
        Ok(body) => answer(&app, &tenant_of(&path), &parts.headers, &Form::parse(&body)).await,
        Err(error) => Err(Failure::Ours(error)),
    };
    match outcome {
        Ok(document) => Reply::json(StatusCode::OK, &document)
            .with(header::PRAGMA, "no-cache")
            .into(),
        Err(Failure::Refused(refusal)) => {
            refused(&app, &ids, refusal, basic(&parts.headers).is_some()).into()
        }
        Err(Failure::Ours(error)) => error
            .into_reply(&ids, app.service().clock.now(), app.challenge())
            .into(),
    }
}

/// Why there is no token.
enum Failure {
    /// The client's doing.
    Refused(OAuthRefusal),
    /// Anything else.
    Ours(Error),
}

impl From<OAuthRefusal> for Failure {
    fn from(refusal: OAuthRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error.refusal)
    }
}

impl From<service::ServiceError> for Failure {
    fn from(error: service::ServiceError) -> Self {
        Self::Ours(error.into())
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

async fn answer(
    app: &App,
    tenant: &str,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Value, Failure> {
    let issuer = app
        .issuer()
        .filter(|issuer| issuer.is_tenant(tenant))
        .ok_or(OAuthRefusal::UnknownTenant)?;
    let grant = form
        .get("grant_type")
        .ok_or(OAuthRefusal::MissingParameter("grant_type"))?;
    let scope = ScopeRequest::parse(form.get("scope").unwrap_or(".default"))?;
    let credentials = Credentials::of(headers, form)?;
    match GrantType::from_name(grant) {
        Some(GrantType::ClientCredentials) => {
            for_application(app, issuer, &credentials, &scope).await
        }
        Some(GrantType::Password) => for_user(app, issuer, &credentials, &scope, form).await,
        Some(GrantType::AuthorizationCode | GrantType::RefreshToken | GrantType::DeviceCode) | None => {
            Err(OAuthRefusal::UnsupportedGrant.into())
        }
    }
}

/// What the client says about itself.
struct Credentials {
    client_id: String,
    secret: Option<String>,
}

impl Credentials {
    fn of(headers: &HeaderMap, form: &Form) -> Result<Self, OAuthRefusal> {
        if let Some((client_id, secret)) = basic(headers) {
            return Ok(Self {
                client_id,
                secret: Some(secret),
            });
        }
        let client_id = form
            .get("client_id")
            .ok_or(OAuthRefusal::MissingParameter("client_id"))?;
        Ok(Self {
            client_id: client_id.to_owned(),
            secret: form.get("client_secret").map(str::to_owned),
        })
    }
}

async fn for_application(
    app: &App,
    issuer: &Issuer,
    credentials: &Credentials,
    scope: &ScopeRequest,
) -> Result<Value, Failure> {
    let secret = credentials
        .secret
        .as_deref()
        .ok_or(OAuthRefusal::MissingParameter("client_secret"))?;
    let client = tenant::verify_client(app.service(), &credentials.client_id, secret)
        .await?
        .ok_or(OAuthRefusal::WrongSecret)?;
    let subject = Subject::Application {
        object: client.object,
        roles: scope.asked.of(client.permissions),
        directory_roles: &[],
    };
    sign(
        app,
        issuer,
        &credentials.client_id,
        &client.display_name,
        subject,
    )
}

async fn for_user(
    app: &App,
    issuer: &Issuer,
    credentials: &Credentials,
    scope: &ScopeRequest,
    form: &Form,
) -> Result<Value, Failure> {
    let field = |name| form.get(name).ok_or(OAuthRefusal::MissingParameter(name));
    let (name, password) = (field("username")?, field("password")?);
    // Programs on people's machines keep no secret; one that sends a secret has to send the right one.
    if let Some(secret) = &credentials.secret {
        tenant::verify_client(app.service(), &credentials.client_id, secret)
            .await?
            .ok_or(OAuthRefusal::WrongSecret)?;
    }
    let user = tenant::verify_password(app.service(), name, password)
        .await?
        .ok_or(OAuthRefusal::WrongPassword)?;
    // Whoever signs in to a development tenant has consented to everything; what they may do is up to their roles.
    let consented = PermissionSet::of(Permission::ALL);
    let subject = Subject::User {
        object: user.id,
        principal_name: &user.user_principal_name,
        display_name: &user.display_name,
        scopes: scope.asked.of(consented),
        directory_roles: &user.directory_roles,
    };
    sign(
        app,
        issuer,
        &credentials.client_id,
        &credentials.client_id,
        subject,
    )
}

fn sign(
    app: &App,
    issuer: &Issuer,
    client_id: &str,
    client_name: &str,
    subject: Subject<'_>,
) -> Result<Value, Failure> {
    let now = app.token_clock().now();
    let token_id = app.service().ids.next(now).to_string();
    let issuance = Issuance {
        issuer: &issuer.url(),
        tenant: &issuer.tenant,
        audience: &issuer.audience,
        token_id: &token_id,
        client_id,
        client_name,
        subject,
    };
    let claims = access_token_claims(&issuance, now);
    let token = issuer
        .keys
        .sign(&claims)
        .map_err(|error| Failure::Ours(Error::Internal(Box::new(error))))?;
    Ok(Tokens {
        access_token: token,
        ..Tokens::default()
    }
    .body())
}
