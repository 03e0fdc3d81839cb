//! Who has what, and why: assignments with each role that they give.

use axum::response::Response;
use domain::assignment::State;
use domain::time::Timestamp;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use service::overview::access::{self, Given, Line};
use service::overview::{self, Place as Behind};

use super::{WHY, instant, ways, why, why_cells};
use crate::csv::{self, CHUNK};
use crate::layout::Place;
use crate::pages::manage::jobs::or_told;
use crate::pages::manage::{assignments, filter};
use crate::parts::{badge, key_pager, opt_time, table, trouble};
use crate::problem::Problem;
use crate::reply;
use crate::visit::Visit;
use crate::words;

pub(super) const PATH: &str = "/manage/reports/access";

/// `GET /manage/reports/access`
pub(super) async fn list(visit: Visit, headers: HeaderMap) -> Result<Response, Problem> {
    let states = assignments::states();
    let typed = filter::read(&visit.asked, &states);
    if csv::is_wanted(&visit)? {
        if let Some(wrong) = typed.wrong {
            return Err(crate::pages::manage::jobs::refused(&wrong));
        }
        return file(visit, headers, typed.filter).await;
    }
    let after = filter::after(&visit.asked)?;
    let is_first = after.is_none();
    let (service, ctx) = (visit.service(), &visit.ctx);
    let listed = access::by_person(service, ctx, &typed.filter, after, overview::PAGE).await;
    let (found, wrong) = or_told(listed, typed.wrong)?;
    let next = found.next.as_ref().map(ToString::to_string);
    let fields = filter::fields(&visit.asked);
    let content = html! {
        h1 { "Who has what, and why" }
        (trouble(wrong.as_deref()))
        (filter::filter_form(PATH, &visit.asked, &states))
        (ways(PATH, &fields))
        @if found.rows.is_empty() {
            div .empty { p { "Nobody has anything like that." } }
        } @else {
            (lines("Who has what, the newest first", &found.rows))
            (key_pager(PATH, &fields, is_first, next.as_deref()))
        }
    };
    let page = visit
        .page(Place::Reports, "Who has what, and why", &content)
        .await?;
    Ok(reply::page(StatusCode::OK, page))
}

/// Assignments, each with what it gives and why it is there.
pub(super) fn lines(caption: &str, lines: &[Line]) -> Markup {
    let rows: Vec<Vec<Markup>> = lines
        .iter()
        .map(|line| {
            vec![
                who(&line.subject, &line.principal_name),
                html! {
                    a href={"/manage/assignments/" (line.id)} { (line.package) } " "
                    (badge(words::held(line.state)))
                },
                html! {
                    @if line.gives.is_empty() { "nothing" }
                    @else { ul { @for given in &line.gives { li { (role(given)) } } } }
                },
                why(&line.policy, line.why.as_ref()),
                opt_time(line.ends_at),
            ]
        })
        .collect();
    table(caption, &["Who", "Package", "Roles", "Why", "Until"], &rows)
}

/// A person, with what they sign in with.
pub(super) fn who(name: &str, principal_name: &str) -> Markup {
    html! {
        (name)
        @if !principal_name.is_empty() && principal_name != name { p .hint { (principal_name) } }
    }
}

/// A role, and how it stands.
pub(super) fn role(given: &Given) -> Markup {
    html! {
        (given.role.resource)
        @if !given.role.role.is_empty() { ", " (given.role.role) }
        " "
        (badge(words::role(&given.role)))
    }
}

/// The columns of an assignment in a file.
const ASSIGNMENT: [&str; 7] = [
    "person",
    "principalName",
    "assignmentId",
    "package",
    "state",
    "startDateTime",
    "endDateTime",
];

/// The columns of a role in a file.
const ROLE: [&str; 6] = [
    "resource",
    "role",
    "target",
    "standing",
    "observedDateTime",
    "errorCode",
];

/// The columns of a file.
pub(super) fn columns() -> Vec<&'static str> {
    [&ASSIGNMENT[..], &WHY[..], &ROLE[..]].concat()
}

/// The lines of a file for an assignment: one for each role that it gives, or one if there is none.
pub(super) fn cells(line: &Line) -> Vec<Vec<String>> {
    let head = assignment_cells(line);
    if line.gives.is_empty() {
        return vec![[head, vec![String::new(); ROLE.len()]].concat()];
    }
    let rows = line.gives.iter();
    rows.map(|given| [head.clone(), role_cells(given).to_vec()].concat())
        .collect()
}

fn assignment_cells(line: &Line) -> Vec<String> {
    let state: State = line.state;
    let own = [
        line.subject.clone(),
        line.principal_name.clone(),
        line.id.to_string(),
        line.package.clone(),
        state.as_str().to_owned(),
        instant(line.starts_at),
        instant(line.ends_at),
    ];
    [&own[..], &why_cells(&line.policy, line.why.as_ref())[..]].concat()
}

fn role_cells(given: &Given) -> [String; 6] {
    let at: Option<Timestamp> = given.role.observed_at;
    [
        given.role.resource.clone(),
        given.role.role.clone(),
        given.target.clone(),
        words::role(&given.role).1.to_owned(),
        instant(at),
        given.role.error_code.clone().unwrap_or_default(),
    ]
}

async fn file(
    visit: Visit,
    headers: HeaderMap,
    wanted: overview::Filter,
) -> Result<Response, Problem> {
    let read = move |visit: Visit, after: Option<Behind>| {
        let wanted = wanted.clone();
        async move {
            let (service, ctx) = (visit.service(), &visit.ctx);
            let part = access::by_person(service, ctx, &wanted, after, CHUNK).await?;
            Ok(csv::Part {
                rows: part.rows.iter().flat_map(cells).collect(),
                next: part.next,
            })
        }
    };
    csv::file(visit, headers, "access", &columns(), read).await
}
