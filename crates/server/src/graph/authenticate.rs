//! From the `Authorization` header to the caller.

use auth::token::{TokenError, bearer};
use http::{HeaderMap, header};
use service::callers::{self, LoadedCaller};
use service::callouts;

use crate::app::App;
use crate::error::Error;

/// Who calls, with the roles they hold (ER-1).
pub(crate) async fn caller(app: &App, headers: &HeaderMap) -> Result<LoadedCaller, Error> {
    let header = headers
        .get(header::AUTHORIZATION)
        .ok_or(TokenError::Missing)?;
    let text = header.to_str().map_err(|_| TokenError::NotBearer)?;
    let token = bearer(text)?;
    let verified = app
        .verifier()
        .verify(token, app.token_clock().now())
        .await?;
    Ok(callers::admit(app.service(), &verified).await?)
}

/// The secret of a receiver that answers to a callout, if that is what is shown (RS-6).
pub(crate) fn callback_token<'h>(app: &App, headers: &'h HeaderMap) -> Option<&'h str> {
    if !app.service().settings.extensions.callback_tokens {
        return None;
    }
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = bearer(text).ok()?;
    token.starts_with(callouts::PREFIX).then_some(token)
}

/// Whether somebody calls who is known, by whatever they show.
pub(crate) async fn is_known(app: &App, headers: &HeaderMap) -> Result<(), Error> {
    match callback_token(app, headers) {
        Some(token) => callouts::holder(app.service(), token).await.map(drop)?,
        None => drop(caller(app, headers).await?),
    }
    Ok(())
}
