//! Reading the body of a request: whole, and as JSON where JSON is expected. How large and how slow it may be is seen to
//! before ([`crate::limits`]).

use axum::body::{Body, HttpBody, to_bytes};
use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::Value;

use crate::app::App;
use crate::error::Error;
use crate::graph::authenticate;
use crate::limits::incoming::Interrupted;

/// The largest body that is no file, in bytes, if the operator does not say otherwise (ER-10).
pub(crate) const LIMIT: usize = 1024 * 1024;

/// The whole body.
pub(crate) async fn read(body: Body) -> Result<Bytes, Error> {
    to_bytes(body, usize::MAX).await.map_err(|error| {
        // The body ends early because of a limit, or because the client stopped sending.
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            match error.downcast_ref::<Interrupted>() {
                Some(Interrupted::TooLarge { limit }) => {
                    return Error::TooLarge { limit: *limit };
                }
                Some(Interrupted::TooSlow { seconds }) => {
                    return Error::BodyTooSlow { seconds: *seconds };
                }
                Some(Interrupted::Broken) | None => cause = error.source(),
            }
        }
        Error::bad_request("the body ended before it was complete")
    })
}

/// The whole body, if somebody sends it who is known: a stranger's is not waited for, and not kept.
pub(crate) async fn read_of_caller(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, Error> {
    if !body.is_end_stream() {
        authenticate::is_known(app, headers).await?;
    }
    read(body).await
}

/// The body as a JSON object. Its type, if told, must be JSON, with whatever parameters (ER-11).
pub(crate) fn object(headers: &HeaderMap, body: &Bytes) -> Result<Value, Error> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::bad_request(
            "the request needs a JSON object as its body",
        ));
    }
    expect_json(headers)?;
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Error::bad_request(format!("the body is no JSON text: {error}")))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Error::bad_request("the body must be a JSON object"))
    }
}

/// RP-3: nothing, white space or `{}`, of whatever type.
pub(crate) fn expect_nothing(body: &Bytes) -> Result<(), Error> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let is_empty_object = serde_json::from_slice::<Value>(body)
        .ok()
        .as_ref()
        .and_then(Value::as_object)
        .is_some_and(serde_json::Map::is_empty);
    if is_empty_object {
        Ok(())
    } else {
        Err(Error::bad_request("this action takes no body"))
    }
}

fn expect_json(headers: &HeaderMap) -> Result<(), Error> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    let is_json = essence.eq_ignore_ascii_case("application/json")
        || (essence
            .get(..12)
            .is_some_and(|front| front.eq_ignore_ascii_case("application/"))
            && essence.to_ascii_lowercase().ends_with("+json"));
    if is_json {
        Ok(())
    } else {
        Err(Error::UnsupportedMediaType(essence.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(content_type: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        headers
    }

    #[test]
    fn json_is_read_whatever_parameters_its_type_has() {
        let body = Bytes::from_static(b"{\"a\":1}");

        for content_type in [
            "application/json",
            "application/json; charset=utf-8; IEEE754Compatible=false",
            "Application/JSON;odata.metadata=minimal",
        ] {
            assert!(
                object(&typed(content_type), &body).is_ok(),
                "{content_type}"
            );
        }
    }

    #[test]
    fn er_11_other_types_are_refused() {
        let body = Bytes::from_static(b"{}");

        for content_type in ["text/plain", "application/xml", "application/jsonp"] {
            let refused = object(&typed(content_type), &body).unwrap_err();
            assert_eq!(refused.status(), 415, "{content_type}");
        }
        assert!(object(&HeaderMap::new(), &body).is_ok());
    }

    #[test]
    fn er_3_what_is_no_object_is_malformed() {
        for body in ["", " ", "[]", "1", "{", "\u{feff}{}", "nul"] {
            let refused = object(&typed("application/json"), &Bytes::from(body)).unwrap_err();
            assert_eq!(refused.status(), 400, "{body}");
        }
    }

    #[test]
    fn rp_3_nothing_and_an_empty_object_are_no_body() {
        for body in ["", " \n", "{}", "{ }"] {
            assert!(expect_nothing(&Bytes::from(body)).is_ok(), "{body:?}");
        }
        for body in ["null", "[]", "{\"a\":1}", "x", "\"\""] {
            assert!(expect_nothing(&Bytes::from(body)).is_err(), "{body:?}");
        }
    }
}
