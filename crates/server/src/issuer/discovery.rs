//! The documents that clients read before they ask for a token.

use auth::issuer::{OAuthError, OAuthRefusal};
use axum::extract::{Extension, RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::Issuer;
use crate::app::App;
use crate::call::{CallIds, Origin};
use crate::error::Error;
use crate::reply::Reply;

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`
pub(super) async fn openid_configuration(State(app): State<App>, path: RawPathParams) -> Response {
    let cloud = app.service().settings.cloud;
    of_tenant(&app, &path, |issuer| {
        let mut document = auth::issuer::openid_configuration(
            &issuer.authority,
            &issuer.tenant,
            issuer.keys.algorithm(),
        );
        if let Value::Object(members) = &mut document {
            members.insert("cloud_instance_name".to_owned(), cloud.instance().into());
            members.insert("msgraph_host".to_owned(), host(issuer).into());
        }
        document
    })
}

/// Host and port of the issuer, which are those of its Graph as well.
fn host(issuer: &Issuer) -> &str {
    issuer
        .authority
        .split_once("://")
        .map_or(issuer.authority.as_str(), |(_, host)| host)
}

/// `GET /{tenant}/discovery/v2.0/keys`
pub(super) async fn keys(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    path: RawPathParams,
) -> Response {
    let now = app.token_clock().now();
    match app.issuer().map(|issuer| issuer.keys.jwks(now)).transpose() {
        Ok(keys) => of_tenant(&app, &path, |_| keys.unwrap_or_default()),
        Err(error) => Error::Internal(Box::new(error))
            .into_reply(&ids, app.service().clock.now(), app.challenge())
            .into(),
    }
}

/// `GET /{tenant}/discovery/instance`: which hosts belong together.
pub(super) async fn instance(State(app): State<App>, path: RawPathParams) -> Response {
    of_tenant(&app, &path, |issuer| {
        let host = host(issuer);
        json!({
            "tenant_discovery_endpoint":
                format!("{}/.well-known/openid-configuration", issuer.url()),
            "api-version": "1.1",
            "metadata": [{
                "preferred_network": host,
                "preferred_cache": host,
                "aliases": [host],
            }],
        })
    })
}

/// `GET /metadata/endpoints`: where a cloud's services are, for Terraform.
pub(super) async fn metadata(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let origin = Origin::of(app.public_url(), &parts);
    let Some(issuer) = app.issuer() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let document = json!({
        "name": "Reeve",
        "portal": origin.as_str(),
        "resourceManager": origin.as_str(),
        "microsoftGraphResourceId": format!("{origin}/"),
        "authentication": {
            "loginEndpoint": issuer.authority.trim_end_matches('/'),
            "audiences": [origin.as_str()],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "suffixes": {},
    });
    Reply::json(StatusCode::OK, &document).into()
}

fn of_tenant(app: &App, path: &RawPathParams, document: impl FnOnce(&Issuer) -> Value) -> Response {
    let named = tenant_of(path);
    match app.issuer() {
        Some(issuer) if issuer.is_tenant(&named) => {
            Reply::json(StatusCode::OK, &document(issuer)).into()
        }
        Some(_) => {
            let error = OAuthError::new(OAuthRefusal::UnknownTenant);
            let body = error.body(app.token_clock().now(), "", "");
            Reply::json(StatusCode::BAD_REQUEST, &body).into()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The `{tenant}` of the path; empty where it is no text.
pub(super) fn tenant_of(path: &RawPathParams) -> String {
    path.iter()
        .find(|(name, _)| *name == "tenant")
        .map(|(_, value)| {
            percent_encoding::percent_decode_str(value)
                .decode_utf8_lossy()
                .into_owned()
        })
        .unwrap_or_default()
}
