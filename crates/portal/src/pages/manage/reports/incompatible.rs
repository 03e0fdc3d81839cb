//! Access that does not go together: people who hold a package and another one, or are in a group, that it does not go with.

use axum::response::Response;
use domain::id::AccessPackageId;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use service::incompatible_access::{Beside, Line, Part, Place as Behind, Position, report};
use service::overview;

use super::access::who;
use super::ways;
use crate::csv::{self, CHUNK};
use crate::layout::Place;
use crate::parts::{key_pager, table};
use crate::problem::Problem;
use crate::reply;
use crate::visit::Visit;

pub(super) const PATH: &str = "/manage/reports/incompatible";
const COLUMNS: [&str; 8] = [
    "person",
    "principalName",
    "package",
    "assignmentId",
    "incompatibleType",
    "incompatible",
    "incompatibleId",
    "incompatibleAssignmentId",
];

/// `GET /manage/reports/incompatible`
pub(super) async fn list(visit: Visit, headers: HeaderMap) -> Result<Response, Problem> {
    let package: Option<AccessPackageId> = match visit.asked.get("package") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Problem::NotFound)?),
    };
    if csv::is_wanted(&visit)? {
        let read = move |visit: Visit, after: Option<Behind>| async move {
            let place = after.unwrap_or_default();
            let part = report(visit.service(), &visit.ctx, package, place, CHUNK).await?;
            let names_groups = part.names_groups;
            let lines = part.lines.iter();
            Ok(csv::Part {
                rows: lines.map(|line| cells(line, names_groups)).collect(),
                next: part.next,
            })
        };
        return csv::file(visit, headers, "incompatible", &COLUMNS, read).await;
    }
    let place = match visit.asked.get("after") {
        None => Behind::default(),
        Some(text) => place(text).ok_or(Problem::NotFound)?,
    };
    let is_first = place == Behind::default();
    let (service, ctx) = (visit.service(), &visit.ctx);
    let found = report(service, ctx, package, place, overview::PAGE).await?;
    let next = found.next.as_ref().map(text);
    let fields = [("package", visit.asked.text("package"))];
    let content = html! {
        h1 { "Access that does not go together" }
        (ways(PATH, &fields))
        @if package.is_some() { p { a href=(PATH) { "Of every package" } } }
        @if found.lines.is_empty() {
            div .empty { p { "Nobody holds what does not go together." } }
        } @else {
            (rows(&found))
            (key_pager(PATH, &fields, is_first, next.as_deref()))
        }
    };
    let page = visit
        .page(Place::Reports, "Access that does not go together", &content)
        .await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn rows(part: &Part) -> Markup {
    let rows: Vec<Vec<Markup>> = part
        .lines
        .iter()
        .map(|line| {
            vec![
                who(
                    line.subject_name.as_deref().unwrap_or_default(),
                    line.principal_name.as_deref().unwrap_or_default(),
                ),
                html! { a href={"/manage/assignments/" (line.assignment)} { (line.package_name) } },
                other(line, part.names_groups),
                html! {
                    a href={(PATH) "?package=" (line.package)} {
                        "Only this package" span .unseen { ": " (line.package_name) }
                    }
                },
            ]
        })
        .collect();
    let columns = ["Who", "Holds", "Which does not go with", "More"];
    table("Who holds what does not go together", &columns, &rows)
}

fn other(line: &Line, names_groups: bool) -> Markup {
    let name = line.other_name.as_deref().unwrap_or_default();
    html! {
        @match line.other {
            Beside::Package(_, assignment) => a href={"/manage/assignments/" (assignment)} { (name) },
            Beside::Group(_) if names_groups => { "being in the group " (name) }
            Beside::Group(_) => "being in a group",
        }
    }
}

fn cells(line: &Line, names_groups: bool) -> Vec<String> {
    let name = line.other_name.clone().unwrap_or_default();
    let (kind, name, id, assignment) = match line.other {
        Beside::Package(package, assignment) => (
            "accessPackage",
            name,
            package.to_string(),
            assignment.to_string(),
        ),
        Beside::Group(group) if names_groups => ("group", name, group.to_string(), String::new()),
        Beside::Group(_) => ("group", String::new(), String::new(), String::new()),
    };
    vec![
        line.subject_name.clone().unwrap_or_default(),
        line.principal_name.clone().unwrap_or_default(),
        line.package_name.clone(),
        line.assignment.to_string(),
        kind.to_owned(),
        name,
        id,
        assignment,
    ]
}

/// A place in an address.
fn text(place: &Behind) -> String {
    let Position(ids) = &place.after;
    let kind = if place.is_at_groups { "g" } else { "p" };
    format!("{kind}.{}", ids.join("."))
}

fn place(text: &str) -> Option<Behind> {
    let mut parts = text.split('.');
    let is_at_groups = match parts.next()? {
        "p" => false,
        "g" => true,
        _ => return None,
    };
    let mut id = || uuid_of(parts.next()?);
    let after = Position([id()?, id()?, id()?]);
    parts.next().is_none().then_some(Behind {
        is_at_groups,
        after,
    })
}

fn uuid_of(text: &str) -> Option<String> {
    let id = uuid::Uuid::try_parse(text).ok()?;
    Some(id.hyphenated().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back_and_nonsense_is_none() {
        let id = "6e2c0a4b-9f44-4c5c-8e61-0c5b1e3a7d11";
        let place_text = format!("g.{id}.{id}.{id}");
        assert_eq!(place(&place_text).as_ref().map(text), Some(place_text));
        for nonsense in [
            "",
            "p",
            "x.a.b.c",
            &format!("p.{id}.{id}"),
            &format!("p.{id}.{id}.{id}.{id}"),
        ] {
            assert_eq!(place(nonsense), None, "{nonsense}");
        }
    }
}
