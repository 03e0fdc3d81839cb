//! Reports as comma-separated values, for spreadsheets (RFC 4180).
//!
//! **Invariant:** no cell begins like a formula: what a target calls its members is written by strangers.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::Stream;
use http::header::{ACCEPT, CONTENT_TYPE, LINK};
use http::{HeaderValue, StatusCode};
use serde_json::Value as Json;

use super::OwnRequest;
use crate::error::Error;
use crate::reply::Reply;

const TYPE: HeaderValue = HeaderValue::from_static("text/csv;charset=utf-8;header=present");

/// Whether the caller wants CSV instead of JSON: by `format`, or else by `Accept`.
pub(super) fn is_wanted(request: &OwnRequest<'_>) -> Result<bool, Error> {
    match request.parameter("format") {
        None => Ok(is_accepted(request.header(&ACCEPT).unwrap_or_default())),
        Some("json") => Ok(false),
        Some("csv") => Ok(true),
        Some(_) => Err(Error::bad_parameter(
            "format",
            "`format` must be json or csv",
        )),
    }
}

fn is_accepted(accepted: &str) -> bool {
    accepted.split(',').any(|one| {
        let media = one.split(';').next().unwrap_or_default().trim();
        media.eq_ignore_ascii_case("text/csv")
    })
}

/// The rows, one on each line below their names; `Link` leads to the rest.
pub(super) fn reply(columns: &[(&str, &str)], rows: &[Json], next: Option<String>) -> Reply {
    let mut text = names(columns);
    text.push_str(&lines(columns, rows));
    let reply = Reply::typed(StatusCode::OK, TYPE, text.into_bytes());
    match next {
        Some(link) => reply.with(LINK, &format!("<{link}>; rel=\"next\"")),
        None => reply,
    }
}

/// The line above the rows.
pub(super) fn names(columns: &[(&str, &str)]) -> String {
    let names: Vec<String> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    line(&names)
}

/// The rows, one on each line.
pub(super) fn lines(columns: &[(&str, &str)], rows: &[Json]) -> String {
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, pointer)| cell(row.pointer(pointer).unwrap_or(&Json::Null)))
            .collect();
        text.push_str(&line(&cells));
    }
    text
}

/// The same as an answer that is written while it is read. Where a part fails, the connection ends before the file does.
pub(super) fn streamed(
    parts: impl Stream<Item = Result<Bytes, Error>> + Send + 'static,
) -> Response {
    let mut response = Response::new(Body::from_stream(parts));
    response.headers_mut().insert(CONTENT_TYPE, TYPE);
    response
}

fn line(cells: &[String]) -> String {
    format!("{}\r\n", cells.join(","))
}

fn cell(value: &Json) -> String {
    let text = match value {
        Json::Null => return String::new(),
        Json::String(text) => text.clone(),
        other => return other.to_string(),
    };
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        assert_eq!(cell(&json!("plain")), "plain");
        assert_eq!(cell(&json!("a,\"b\"")), "\"a,\"\"b\"\"\"");
        assert_eq!(cell(&json!(true)), "true");
        assert_eq!(cell(&Json::Null), "");
    }

    #[test]
    fn csv_is_accepted_where_it_is_named() {
        for accepted in [
            "text/csv",
            "TEXT/CSV;charset=utf-8",
            "application/json;q=0.5, text/csv",
        ] {
            assert!(is_accepted(accepted), "{accepted}");
        }
        for accepted in ["", "*/*", "application/json", "text/plain"] {
            assert!(!is_accepted(accepted), "{accepted}");
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@x"] {
            assert!(cell(&json!(text)).starts_with('\''), "{text}");
        }
    }
}
