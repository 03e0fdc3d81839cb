//! What the target's status codes mean for the engine.

use std::time::Duration;

use connector_api::{FailureCode, Outcome, Reason};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

/// The longest part of a target's own words that goes into a message.
const DETAIL_LIMIT: usize = 200;

/// One answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    retry_after: Option<Duration>,
    body: Option<Value>,
    detail: String,
}

impl Reply {
    pub(crate) fn new(
        status: u16,
        retry_after: Option<Duration>,
        etag: Option<String>,
        body: &[u8],
        secret: &str,
    ) -> Self {
        let body: Option<Value> = serde_json::from_slice(body).ok();
        let detail = body
            .as_ref()
            .and_then(|body| body.get("detail")?.as_str())
            .map(|detail| format!(": {}", shortened(&detail.replace(secret, "[redacted]"))))
            .unwrap_or_default();
        Self {
            status,
            etag,
            retry_after,
            body,
            detail,
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body if it is a JSON object.
    pub(crate) fn object(&self) -> Option<&Value> {
        self.body.as_ref().filter(|body| body.is_object())
    }

    /// The body of a success, which has to be a JSON object.
    pub(crate) fn expect_object(&self) -> Result<&Value, Outcome> {
        self.object().ok_or_else(|| {
            Outcome::retry(
                FailureCode::ConnectorError,
                format!(
                    "the target answered {} with something that is not SCIM",
                    self.status
                ),
            )
        })
    }

    pub(crate) fn has_scim_type(&self, wanted: &str) -> bool {
        self.body
            .as_ref()
            .and_then(|body| body.get("scimType")?.as_str())
            == Some(wanted)
    }

    /// What this answer says about the target as a whole, if it does.
    pub(crate) fn verdict_on_target(&self) -> Option<Outcome> {
        let code = match self.status {
            401 => {
                let message = format!("the target does not accept the token{}", self.detail);
                return Some(Outcome::credentials_rejected(message));
            }
            429 => FailureCode::OriginThrottled,
            408 | 425 | 500 | 502..=599 => FailureCode::OriginUnavailable,
            _ => return None,
        };
        Some(Outcome::Retry {
            after: self.retry_after,
            reason: Reason::new(code, self.answered("the target")),
        })
    }

    /// What a failed request for one thing means; `subject` names the thing in the message.
    pub(crate) fn failure(&self, subject: &str) -> Outcome {
        let message = self.answered(subject);
        match self.status {
            400 | 404 | 405 | 410 | 422 | 501 => {
                Outcome::refused(FailureCode::ConnectorError, message)
            }
            409 if self.has_scim_type("uniqueness") => {
                Outcome::refused(FailureCode::ConnectorError, message)
            }
            403 => Outcome::refused(FailureCode::OriginAccessDenied, message),
            413 => Outcome::refused(FailureCode::QuotaExceeded, message),
            // 409 and 412: somebody else was faster. Anything unknown is tried again too; the engine has a cap.
            _ => Outcome::Retry {
                after: self.retry_after,
                reason: Reason::new(FailureCode::ConnectorError, message),
            },
        }
    }

    fn answered(&self, subject: &str) -> String {
        format!("{subject} was answered with {}{}", self.status, self.detail)
    }
}

/// The wait that `Retry-After` asks for: seconds, or a date measured by the answer's own `Date`.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(until.duration_since(now).unwrap_or(Duration::ZERO))
}

fn shortened(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(DETAIL_LIMIT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply::new(status, None, None, body.as_bytes(), "s3cret")
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let date = headers(&[
            ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"),
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ]);

        assert_eq!(
            retry_after(&headers(&[("retry-after", "7")])),
            Some(Duration::from_secs(7))
        );
        assert_eq!(retry_after(&date), Some(Duration::from_mins(1)));
        assert_eq!(retry_after(&headers(&[("retry-after", "soon")])), None);
        assert_eq!(retry_after(&headers(&[])), None);
    }

    #[test]
    fn a_date_in_the_past_means_no_wait() {
        let past = headers(&[
            ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("date", "Sun, 06 Nov 1994 08:50:37 GMT"),
        ]);

        assert_eq!(retry_after(&past), Some(Duration::ZERO));
    }

    #[test]
    fn the_token_never_comes_back_in_a_message() {
        let outcome =
            reply(400, r#"{"detail": "token s3cret may not do this"}"#).failure("the group");

        let message = &outcome.reason().unwrap().message;
        assert!(message.contains("[redacted]"), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }

    #[test]
    fn statuses_mean_what_the_engine_should_do() {
        let throttled = reply(429, "").verdict_on_target().unwrap();
        assert_eq!(
            throttled.reason().unwrap().code,
            FailureCode::OriginThrottled
        );
        for status in [408, 500, 502, 503, 504] {
            let verdict = reply(status, "").verdict_on_target();
            assert!(matches!(verdict, Some(Outcome::Retry { .. })), "{status}");
        }
        for status in [400, 403, 404, 409, 412, 413, 501] {
            assert_eq!(reply(status, "").verdict_on_target(), None, "{status}");
        }
        for status in [301, 409, 412, 418] {
            assert!(
                matches!(reply(status, "").failure("it"), Outcome::Retry { .. }),
                "{status}"
            );
        }
        for status in [400, 403, 404, 405, 413, 501] {
            assert!(
                matches!(reply(status, "").failure("it"), Outcome::Refused { .. }),
                "{status}"
            );
        }
    }

    #[test]
    fn a_conflict_is_final_only_when_it_is_about_uniqueness() {
        let taken = reply(409, r#"{"scimType": "uniqueness"}"#).failure("it");

        assert!(matches!(taken, Outcome::Refused { .. }));
    }
}
