//! Where receivers of callouts find the keys that Reeve signs with (CX-6): the configuration of an issuer and its keys.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use crate::app::App;
use crate::reply::Reply;

/// `GET /extensions/.well-known/openid-configuration`
pub(crate) async fn configuration(State(app): State<App>) -> Response {
    let document = app.signer().map(|signer| {
        let issuer = signer.issuer();
        json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/keys"),
            "id_token_signing_alg_values_supported": ["ES256"],
        })
    });
    answer(document)
}

/// `GET /extensions/keys`
pub(crate) async fn keys(State(app): State<App>) -> Response {
    answer(app.signer().map(auth::callout::Signer::jwks))
}

fn answer(document: Option<Value>) -> Response {
    match document {
        Some(document) => Reply::json(StatusCode::OK, &document).into(),
        None => Reply::empty(StatusCode::NOT_FOUND).into(),
    }
}
