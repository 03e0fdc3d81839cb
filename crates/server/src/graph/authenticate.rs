//! From the `Authorization` header to the caller.

use auth::token::{TokenError, bearer};
use http::{HeaderMap, header};
use service::callers::{self, LoadedCaller};

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
