//! The report of a bulk job as a file: one line for each item, written while it is read.
//!
//! **Invariant:** a page of items is in memory at a time; the session and the rights are looked at for each; and no cell
//! of the file for spreadsheets begins like a formula.

use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use bytes::Bytes;
use domain::id::ReprocessJobId;
use domain::reprocess_job::{ItemState, State};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, header};
use serde_json::json;
use service::reprocess_jobs::{self, Line};

use super::jobs::refused;
use crate::csv::cell;
use crate::live::as_now;
use crate::problem::Problem;
use crate::visit::Visit;

/// Items that are read at once.
const PAGE: i64 = 500;
const COLUMNS: &str = "item,id,state,code,message,requestId,settledDateTime,adds,removes,kept,objectId,displayName\r\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Ndjson,
}

/// `GET /manage/jobs/{id}/report`
pub(crate) async fn report(
    visit: Visit,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    service::reprocess::admitted(&visit.ctx)?;
    let id: ReprocessJobId = id.parse().map_err(|_| Problem::NotFound)?;
    let format = match visit.asked.get("as") {
        Some("csv") => Format::Csv,
        Some("ndjson") | None => Format::Ndjson,
        Some(_) => return Err(refused("A report is `csv` or `ndjson`.")),
    };
    let only_failed = match visit.asked.get("only") {
        None => false,
        Some("failed") => true,
        Some(_) => return Err(refused("Only what `failed` can be asked for alone.")),
    };
    let state = reprocess_jobs::get(visit.service(), &visit.ctx, id)
        .await?
        .job
        .state;
    let (kind, ending, head) = match format {
        Format::Csv => ("text/csv;charset=utf-8;header=present", "csv", COLUMNS),
        Format::Ndjson => ("application/x-ndjson;charset=utf-8", "ndjson", ""),
    };
    let pages = stream::unfold(Some((0, head)), move |place| {
        let (visit, headers) = (visit.clone(), headers.clone());
        async move {
            let (after, head) = place?;
            let Some(visit) = as_now(&visit, &headers).await else {
                // A file that is cut off must not look whole.
                return Some((Err(std::io::Error::other("the session is over")), None));
            };
            let read =
                reprocess_jobs::results(visit.service(), &visit.ctx, id, after, only_failed, PAGE);
            let page = match read.await {
                Ok(page) => page,
                Err(error) => return Some((Err(std::io::Error::other(error)), None)),
            };
            let mut text = head.to_owned();
            for line in &page {
                text.push_str(&written(line, state, format));
            }
            let is_full = i64::try_from(page.len()).is_ok_and(|count| count == PAGE);
            let next = page
                .last()
                .filter(|_| is_full)
                .map(|last| (last.ordinal, ""));
            Some((Ok(Bytes::from(text)), next))
        }
    });
    let mut response = Response::new(Body::from_stream(pages));
    let names = response.headers_mut();
    names.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let file = format!("attachment; filename=\"reprocess-{id}.{ending}\"");
    if let Ok(file) = HeaderValue::from_str(&file) {
        names.insert(header::CONTENT_DISPOSITION, file);
    }
    Ok(response)
}

fn written(line: &Line, job: State, format: Format) -> String {
    let state = match line.state {
        ItemState::Planned if job == State::Canceled => "canceled",
        other => other.as_str(),
    };
    let (adds, removes, kept) = line.effect;
    let failure = line.failure.as_ref();
    let settled = line.settled_at.map(|at| at.to_string());
    let request = line.request_id.map(|id| id.to_string());
    let subject = line.subject.as_ref();
    match format {
        Format::Ndjson => {
            let line = json!({
                "item": line.ordinal,
                "id": line.object_id,
                "state": state,
                "code": failure.map(|(code, _)| code),
                "message": failure.map(|(_, message)| message),
                "requestId": request,
                "settledDateTime": settled,
                "adds": adds,
                "removes": removes,
                "kept": kept,
                "subject": subject.map(|(id, object, name)| json!({
                    "id": id.to_string(),
                    "objectId": object,
                    "displayName": name,
                })),
            });
            format!("{line}\n")
        }
        Format::Csv => {
            let cells = [
                line.ordinal.to_string(),
                cell(&line.object_id),
                cell(state),
                cell(failure.map_or("", |(code, _)| code)),
                cell(failure.map_or("", |(_, message)| message)),
                request.unwrap_or_default(),
                settled.unwrap_or_default(),
                adds.to_string(),
                removes.to_string(),
                kept.to_string(),
                cell(subject.and_then(|one| one.1.as_deref()).unwrap_or_default()),
                cell(subject.and_then(|one| one.2.as_deref()).unwrap_or_default()),
            ];
            format!("{}\r\n", cells.join(","))
        }
    }
}
