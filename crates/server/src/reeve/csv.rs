//! Reports as comma-separated values, for spreadsheets (RFC 4180).
//!
//! **Invariant:** no cell begins like a formula: what a target calls its members is written by strangers.

use http::header::LINK;
use http::{HeaderValue, StatusCode};
use serde_json::Value as Json;

use super::OwnRequest;
use crate::error::Error;
use crate::reply::Reply;

const TYPE: HeaderValue = HeaderValue::from_static("text/csv;charset=utf-8;header=present");

/// Whether the caller wants CSV instead of JSON.
pub(super) fn is_wanted(request: &OwnRequest<'_>) -> Result<bool, Error> {
    match request.parameter("format") {
        None | Some("json") => Ok(false),
        Some("csv") => Ok(true),
        Some(_) => Err(Error::bad_parameter(
            "format",
            "`format` must be json or csv",
        )),
    }
}

/// The rows, one on each line below their names; `Link` leads to the rest.
pub(super) fn reply(columns: &[(&str, &str)], rows: &[Json], next: Option<String>) -> Reply {
    let names: Vec<String> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut text = line(&names);
    for row in rows {
        let cells: Vec<String> = columns
            .iter()
            .map(|(_, pointer)| cell(row.pointer(pointer).unwrap_or(&Json::Null)))
            .collect();
        text.push_str(&line(&cells));
    }
    let reply = Reply::typed(StatusCode::OK, TYPE, text.into_bytes());
    match next {
        Some(link) => reply.with(LINK, &format!("<{link}>; rel=\"next\"")),
        None => reply,
    }
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
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@x"] {
            assert!(cell(&json!(text)).starts_with('\''), "{text}");
        }
    }
}
