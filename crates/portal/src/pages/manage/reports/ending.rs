//! What ends soon: assignments by the day on which they end.

use axum::response::Response;
use domain::time::{Duration, Timestamp};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use service::overview::access::{self, Line};
use service::overview::{self, Place as Behind};

use super::access::{cells, columns, lines};
use super::ways;
use crate::chart::{Bar, bars};
use crate::csv::{self, CHUNK};
use crate::layout::Place;
use crate::pages::manage::filter;
use crate::parts::{key_pager, select};
use crate::problem::Problem;
use crate::reply;
use crate::visit::Visit;

pub(super) const PATH: &str = "/manage/reports/ending";
/// So many are counted for a bar, and no more.
const MOST: i64 = 10_000;

/// How far somebody may look ahead: days, words, and the bars of the picture.
const WINDOWS: [(&str, &str, i64, i64); 5] = [
    ("7", "7 days", 7, 7),
    ("14", "14 days", 14, 14),
    ("35", "5 weeks", 35, 5),
    ("91", "13 weeks", 91, 13),
    ("364", "52 weeks", 364, 52),
];

/// `GET /manage/reports/ending`
pub(super) async fn list(visit: Visit, headers: HeaderMap) -> Result<Response, Problem> {
    let asked = visit.asked.get("within").unwrap_or("35");
    let window = WINDOWS.iter().find(|(days, ..)| *days == asked);
    let (within, words, days, count) = *window.ok_or(Problem::NotFound)?;
    let now = visit.service().clock.now();
    let span = (now, now.plus(Duration::from_days(days)));
    if csv::is_wanted(&visit)? {
        return file(visit, headers, span).await;
    }
    let after = filter::after(&visit.asked)?;
    let is_first = after.is_none();
    let (service, ctx) = (visit.service(), &visit.ctx);
    let found = access::ending(service, ctx, span, after, overview::PAGE).await?;
    let next = found.next.as_ref().map(ToString::to_string);
    let fields = [("within", within)];
    let picture = if is_first {
        chart(&visit, now, days / count, count).await?
    } else {
        html! {}
    };
    let windows = WINDOWS.map(|(days, words, ..)| (days, words));
    let content = html! {
        h1 { "What ends soon" }
        form .search role="search" method="get" action=(PATH) {
            (select("within", "Within", &windows, within))
            div .actions { button .second { "Show" } }
        }
        (ways(PATH, &fields))
        @if found.rows.is_empty() {
            div .empty { p { "Nothing ends within " (words) "." } }
        } @else {
            (picture)
            (table_of(&found.rows))
            (key_pager(PATH, &fields, is_first, next.as_deref()))
        }
    };
    let page = visit
        .page(Place::Reports, "What ends soon", &content)
        .await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn table_of(rows: &[Line]) -> Markup {
    lines("What ends soon, the first to end first", rows)
}

/// How much ends when.
async fn chart(visit: &Visit, now: Timestamp, step: i64, count: i64) -> Result<Markup, Problem> {
    let instants: Vec<Timestamp> = (0..=count)
        .map(|at| now.plus(Duration::from_days(at * step)))
        .collect();
    let numbers = access::endings(visit.service(), &visit.ctx, instants, MOST).await?;
    let drawn: Vec<Bar> = (0..)
        .zip(numbers)
        .map(|(at, value)| Bar {
            // Days are told as they lie ahead, weeks are counted.
            label: if step == 1 { at } else { at + 1 }.to_string(),
            value,
            told: if value == MOST {
                format!("{MOST} or more")
            } else {
                value.to_string()
            },
        })
        .collect();
    let (title, column) = if step == 1 {
        ("Assignments that end, by days from now", "Days from now")
    } else {
        ("Assignments that end, by weeks from now", "Week from now")
    };
    Ok(bars("ends", title, [column, "Assignments"], &drawn))
}

async fn file(
    visit: Visit,
    headers: HeaderMap,
    span: (Timestamp, Timestamp),
) -> Result<Response, Problem> {
    let read = move |visit: Visit, after: Option<Behind>| async move {
        let part = access::ending(visit.service(), &visit.ctx, span, after, CHUNK).await?;
        Ok(csv::Part {
            rows: part.rows.iter().flat_map(cells).collect(),
            next: part.next,
        })
    };
    csv::file(visit, headers, "ending", &columns(), read).await
}
