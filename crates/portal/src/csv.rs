//! Tables as files of comma-separated values, for spreadsheets (RFC 4180), written while they are read.
//!
//! **Invariant:** a part of the table is in memory at a time; the session and the rights are looked at for each; and no cell
//! begins like a formula: what people and targets call things is written by strangers.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, header};
use service::ServiceError;

use crate::live::as_now;
use crate::problem::Problem;
use crate::visit::Visit;

/// Rows that are read at once.
pub(crate) const CHUNK: u64 = 200;

const KIND: HeaderValue = HeaderValue::from_static("text/csv;charset=utf-8;header=present");

/// Some rows of a file, and where the rest begins.
pub(crate) struct Part<P> {
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) next: Option<P>,
}

/// Whether the table is asked for as a file.
pub(crate) fn is_wanted(visit: &Visit) -> Result<bool, Problem> {
    match visit.asked.get("format") {
        None => Ok(false),
        Some("csv") => Ok(true),
        Some(_) => Err(Problem::NotFound),
    }
}

/// A file of this name with these columns, from its first part on. The first part is read before the answer begins, so that
/// a refusal is still one.
pub(crate) async fn file<P, F>(
    visit: Visit,
    headers: HeaderMap,
    name: &str,
    columns: &[&str],
    read: impl Fn(Visit, Option<P>) -> F + Send + 'static,
) -> Result<Response, Problem>
where
    P: Send + 'static,
    F: Future<Output = Result<Part<P>, ServiceError>> + Send,
{
    let first = read(visit.clone(), None).await?;
    let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
    let mut text = line(&columns);
    text.extend(first.rows.iter().map(|row| line(row)));
    let rest = stream::unfold(
        (first.next, visit, headers, read),
        |(place, visit, headers, read)| async move {
            let place = place?;
            // A file that is cut off must not look whole: the connection ends before it does.
            let part = match as_now(&visit, &headers).await {
                Some(now) => read(now, Some(place)).await.map_err(std::io::Error::other),
                None => Err(std::io::Error::other("the session is over")),
            };
            match part {
                Ok(part) => {
                    let text: String = part.rows.iter().map(|row| line(row)).collect();
                    Some((Ok(Bytes::from(text)), (part.next, visit, headers, read)))
                }
                Err(error) => Some((Err(error), (None, visit, headers, read))),
            }
        },
    );
    let first = stream::once(std::future::ready(Ok(Bytes::from(text))));
    let mut response = Response::new(Body::from_stream(first.chain(rest)));
    let names = response.headers_mut();
    names.insert(header::CONTENT_TYPE, KIND);
    let attached = format!("attachment; filename=\"{name}.csv\"");
    if let Ok(attached) = HeaderValue::from_str(&attached) {
        names.insert(header::CONTENT_DISPOSITION, attached);
    }
    Ok(response)
}

/// The cells of a line.
pub(crate) fn line(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A text as a cell, after an apostrophe where a spreadsheet would take it for a formula.
pub(crate) fn cell(text: &str) -> String {
    let guarded = domain::spreadsheet::guarded(text);
    if guarded == text && !text.contains([',', '"', '\r', '\n']) {
        return guarded;
    }
    format!("\"{}\"", guarded.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula_or_breaks_its_line() {
        assert_eq!(cell("Finance"), "Finance");
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        for begin in [
            "=",
            "+",
            "-",
            "@",
            "\t",
            "\r",
            "\n",
            "\u{ff1d}",
            "\u{ff0b}",
            "\u{ff0d}",
            "\u{ff20}",
            " =",
            "\u{a0} @",
            "\u{3000}\u{ff1d}",
        ] {
            let text = format!("{begin}1+1");
            assert_eq!(cell(&text), format!("\"'{text}\""));
        }
        assert_eq!(cell(" a = b"), " a = b");
        assert_eq!(line(&["a".to_owned(), String::new()]), "a,\r\n");
    }
}
