//! `GET` and `POST /dev/clock`: the time of a development tenant.

use std::sync::Arc;

use domain::time::{Duration, Timestamp};
use http::StatusCode;
use serde_json::json;
use service::{ServiceError, tenant};

use super::OwnRequest;
use crate::error::Error;
use crate::reply::Reply;

/// The furthest that one call moves the clock.
const FURTHEST: Duration = Duration::from_days(36_500);

/// Tells the time.
pub(super) async fn get(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let now = tenant::clock(request.service(), request.ctx())?;
    Ok(told(now))
}

/// Moves the clock forward; what waits for time follows, in its order. The clock goes all the way even if the caller has
/// gone.
pub(super) async fn advance(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let body = request.json()?;
    let wrong = || Error::InvalidModel {
        target: "advance".to_owned(),
        message: "`advance` must be a duration forward such as `PT1H` or `P14D`, at most `P36500D`"
            .to_owned(),
    };
    let text = body.get("advance").and_then(|text| text.as_str());
    let by = text
        .and_then(|text| Duration::parse(text).ok())
        .filter(|by| (Duration::default()..=FURTHEST).contains(by))
        .ok_or_else(wrong)?;
    let (service, ctx) = (request.service().clone(), request.ctx().clone());
    let settle = Arc::clone(&request.app().delivery().settle);
    let journey = tokio::spawn(async move {
        tenant::advance_clock(&service, &ctx, by, || tenant::patiently(settle())).await
    });
    let now = journey
        .await
        .map_err(|error| ServiceError::Internal(Box::new(error)))??;
    Ok(told(now))
}

fn told(now: Timestamp) -> Reply {
    Reply::json(StatusCode::OK, &json!({ "now": now.to_string() }))
}
