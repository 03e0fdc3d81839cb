//! `GET /reports/incompatibleAccess`: who holds what does not go together, as pages of JSON or as one file of CSV.
//!
//! The file is written as it is read, a page at a time, so that it may be as long as it has to.

use bytes::Bytes;
use domain::id::AccessPackageId;
use domain::query::Value;
use futures_util::stream::{self, StreamExt};
use http::StatusCode;
use serde_json::{Map, Value as Json, json};
use service::incompatible_access::{Beside, Line, Part, Place, Position, report};

use super::answer::Answer;
use super::{OwnRequest, csv};
use crate::error::Error;
use crate::reply::Reply;

/// Rows that are read at once for a file.
const CHUNK: u64 = 500;

/// The columns of the file, and where they are in a row.
const COLUMNS: &[(&str, &str)] = &[
    ("subjectId", "/subject/id"),
    ("objectId", "/subject/objectId"),
    ("displayName", "/subject/displayName"),
    ("principalName", "/subject/principalName"),
    ("accessPackageId", "/accessPackage/id"),
    ("accessPackageName", "/accessPackage/displayName"),
    ("assignmentId", "/assignmentId"),
    ("incompatibleType", "/incompatible/type"),
    ("incompatibleId", "/incompatible/id"),
    ("incompatibleName", "/incompatible/displayName"),
    ("incompatibleAssignmentId", "/incompatible/assignmentId"),
];

/// Writes the report.
pub(super) async fn incompatible_access(request: &OwnRequest<'_>) -> Result<Answer, Error> {
    let package = match request.parameter("accessPackage") {
        None => None,
        Some(text) => {
            let malformed = || {
                let message = format!("`{text}` is not a well-formed id");
                Error::bad_parameter("accessPackage", message)
            };
            Some(text.parse::<AccessPackageId>().map_err(|_| malformed())?)
        }
    };
    let place = place(request)?;
    if csv::is_wanted(request)? {
        return file(request, package, place).await;
    }
    page(request, package, place).await.map(Answer::Whole)
}

async fn page(
    request: &OwnRequest<'_>,
    package: Option<AccessPackageId>,
    place: Place,
) -> Result<Reply, Error> {
    let (service, ctx) = (request.service(), request.ctx());
    let part = report(service, ctx, package, place, request.top()?).await?;
    let mut document = Map::new();
    document.insert("value".to_owned(), rows(&part).into());
    if let Some(next) = &part.next {
        let link = request.next_link(&position(next));
        document.insert("nextLink".to_owned(), json!(link));
    }
    Ok(Reply::json(StatusCode::OK, &Json::Object(document)))
}

/// The whole report from here on.
async fn file(
    request: &OwnRequest<'_>,
    package: Option<AccessPackageId>,
    place: Place,
) -> Result<Answer, Error> {
    let (app, ctx) = (request.app().clone(), request.ctx().clone());
    // The first part is read before the answer begins: a refusal is still one.
    let first = report(app.service(), &ctx, package, place, CHUNK).await?;
    let mut text = csv::names(COLUMNS);
    text.push_str(&csv::lines(COLUMNS, &rows(&first)));
    let rest = stream::try_unfold(first.next, move |place| {
        let (app, ctx) = (app.clone(), ctx.clone());
        async move {
            let Some(place) = place else {
                return Ok::<_, Error>(None);
            };
            let part = report(app.service(), &ctx, package, place, CHUNK).await?;
            let text = csv::lines(COLUMNS, &rows(&part));
            Ok(Some((Bytes::from(text), part.next)))
        }
    });
    let first = stream::once(std::future::ready(Ok(Bytes::from(text))));
    Ok(Answer::Stream(csv::streamed(first.chain(rest))))
}

fn rows(part: &Part) -> Vec<Json> {
    let lines = part.lines.iter();
    lines.map(|line| row(line, part.names_groups)).collect()
}

fn other(
    line: &Line,
    names_groups: bool,
) -> (&'static str, Option<String>, Option<String>, Option<String>) {
    match line.other {
        Beside::Package(package, assignment) => (
            "accessPackage",
            Some(package.to_string()),
            line.other_name.clone(),
            Some(assignment.to_string()),
        ),
        Beside::Group(group) if names_groups => (
            "group",
            Some(group.to_string()),
            line.other_name.clone(),
            None,
        ),
        Beside::Group(_) => ("group", None, None, None),
    }
}

fn row(line: &Line, names_groups: bool) -> Json {
    let (kind, id, name, assignment) = other(line, names_groups);
    json!({
        "subject": {
            "id": line.subject.to_string(),
            "objectId": line.object.map(|id| id.to_string()),
            "displayName": line.subject_name,
            "principalName": line.principal_name,
        },
        "accessPackage": { "id": line.package.to_string(), "displayName": line.package_name },
        "assignmentId": line.assignment.to_string(),
        "incompatible": {
            "type": kind,
            "id": id,
            "displayName": name,
            "assignmentId": assignment,
        },
    })
}

/// Where the page begins.
fn place(request: &OwnRequest<'_>) -> Result<Place, Error> {
    let Some(position) = request.after()? else {
        return Ok(Place::default());
    };
    match position.as_slice() {
        [
            Value::Bool(is_at_groups),
            Value::Text(package),
            Value::Text(other),
            Value::Text(assignment),
        ] => Ok(Place {
            is_at_groups: *is_at_groups,
            after: Position([package.clone(), other.clone(), assignment.clone()]),
        }),
        _ => Err(Error::bad_parameter(
            "after",
            "`after` is not from a `nextLink` of this address",
        )),
    }
}

fn position(place: &Place) -> [Value; 4] {
    let Position([package, other, assignment]) = place.after.clone();
    [
        Value::Bool(place.is_at_groups),
        Value::Text(package),
        Value::Text(other),
        Value::Text(assignment),
    ]
}
