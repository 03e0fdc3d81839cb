//! `GET /explain/access`: why somebody has access, or does not.

use domain::query::{Field, Record};
use http::StatusCode;
use serde_json::{Value as Json, json};
use service::explain::access::{About, Explanation, Question, Rows, Verdict, explain};

use super::super::rows::object;
use super::{OwnRequest, id, wrong};
use crate::error::Error;
use crate::reply::Reply;

/// Explains it.
pub(crate) async fn access(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let about = match (id(request, "accessPackage")?, request.parameter("resource")) {
        (Some(package), None) => About::Package(package),
        (None, Some(resource)) if !resource.trim().is_empty() => {
            About::Resource(resource.trim().to_owned())
        }
        (Some(_), Some(_)) => {
            let message = "name a resource or an access package, not both";
            return Err(wrong("resource", message));
        }
        (None, _) => {
            let message = "name an access package by `accessPackage`, or a resource by `resource`";
            return Err(wrong("accessPackage", message));
        }
    };
    let question = Question {
        principal: request.parameter("principal").map(str::to_owned),
        about,
    };
    let explanation = explain(request.service(), request.ctx(), question).await?;
    Ok(Reply::json(StatusCode::OK, &shown(&explanation)))
}

fn shown(explanation: &Explanation) -> Json {
    json!({
        "access": match explanation.verdict {
            Verdict::Has => "has",
            Verdict::Partly => "partly",
            Verdict::OnItsWay => "onItsWay",
            Verdict::HasNot => "hasNot",
        },
        "reason": explanation.reason,
        "rule": explanation.rule,
        "principal": { "id": explanation.principal.to_string() },
        "inDirectory": explanation.in_directory,
        "assignments": rows(&explanation.assignments),
        "requests": rows(&explanation.requests),
        "grants": grants(&explanation.grants),
    })
}

fn rows(rows: &Rows) -> Vec<Json> {
    let fields: &[&'static Field] = &rows.query.fields;
    let all = rows.page.rows.iter();
    all.map(|row| Json::Object(object(fields, row))).collect()
}

fn grants(rows: &Rows) -> Vec<Json> {
    let all = rows.page.rows.iter();
    all.map(|row| grant(rows, row)).collect()
}

fn grant(rows: &Rows, row: &Record) -> Json {
    let mut grant = object(&rows.query.fields, row);
    let linked = rows.query.expand.first();
    let fields = linked
        .map(|one| one.query.fields.as_slice())
        .unwrap_or_default();
    let behind = row.expanded.first().into_iter().flatten();
    let behind: Vec<Json> = behind
        .map(|row| Json::Object(object(fields, row)))
        .collect();
    grant.insert("assignments".to_owned(), Json::Array(behind));
    Json::Object(grant)
}
