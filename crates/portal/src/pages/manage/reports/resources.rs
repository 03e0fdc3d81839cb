//! Who has a resource, and why: its roles with everybody who has them, and who is there although nobody granted it.

use axum::extract::Path;
use axum::response::Response;
use domain::id::{DriftExtraId, GrantId, ResourceId};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use service::overview::access::{self, Holder, Resource};
use service::overview::extras::{self, Named};
use service::overview::{self, PAGE};
use service::sweeps::extras::Wanted;
use service::{Ctx, Service, ServiceError};

use super::access::{role, who};
use super::{WHY, instant, ways, why, why_cells};
use crate::csv::{self, CHUNK};
use crate::form::query;
use crate::layout::Place;
use crate::pages::manage::drift::extra;
use crate::parts::{badge, key_pager, table};
use crate::problem::Problem;
use crate::reply;
use crate::visit::Visit;
use crate::words;

pub(super) const PATH: &str = "/manage/reports/resources";

/// `GET /manage/reports/resources`: which resource.
pub(super) async fn list(visit: Visit) -> Result<Response, Problem> {
    let text = visit.asked.text("q");
    let after = match visit.asked.get("after") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Problem::NotFound)?),
    };
    let is_first = after.is_none();
    let (found, next) = access::resources(visit.service(), &visit.ctx, text, after, PAGE).await?;
    let next = next.map(|next| next.to_string());
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|one| {
            vec![
                html! { a href={(PATH) "/" (one.id)} { (one.name) } },
                html! { (one.catalog) },
                html! { (one.origin_system) },
            ]
        })
        .collect();
    let content = html! {
        h1 { "Who has a resource, and why" }
        form .search role="search" method="get" action=(PATH) {
            div .field {
                label for="q" { "A part of its name" }
                input #q name="q" type="search" value=(text);
            }
            div .actions { button .second { "Search" } }
        }
        @if rows.is_empty() {
            div .empty { p { "There is no such resource." } }
        } @else {
            (table("Resources", &["Resource", "Catalog", "Kind"], &rows))
            (key_pager(PATH, &[("q", text)], is_first, next.as_deref()))
        }
        p { a href="/manage/reports" { "All reports" } }
    };
    let page = visit
        .page(Place::Reports, "Who has a resource, and why", &content)
        .await?;
    Ok(reply::page(StatusCode::OK, page))
}

/// `GET /manage/reports/resources/{id}`
pub(super) async fn show(
    visit: Visit,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: ResourceId = id.parse().map_err(|_| Problem::NotFound)?;
    let resource = access::resource(visit.service(), &visit.ctx, id).await?;
    if csv::is_wanted(&visit)? {
        return file(visit, headers, resource).await;
    }
    let after: Option<GrantId> = match visit.asked.get("after") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Problem::NotFound)?),
    };
    let (service, ctx) = (visit.service(), &visit.ctx);
    let (found, next) = access::holders(service, ctx, &resource, after, PAGE).await?;
    let next = next.map(|next| next.to_string());
    let path = format!("{PATH}/{id}");
    let extras = if overview::may(ctx).see_targets {
        extras_part(&visit, &path, &resource).await?
    } else {
        html! {}
    };
    let title = format!("Who has {}, and why", resource.name);
    let content = html! {
        h1 { (title) }
        p { (resource.origin_system) " in the catalog " (resource.catalog) }
        (ways(&path, &[]))
        @if found.is_empty() {
            div .empty { p { "Nobody was granted it." } }
        } @else {
            (holders(&found))
            (key_pager(&path, &[], after.is_none(), next.as_deref()))
        }
        (extras)
        p { a href=(PATH) { "All resources" } }
    };
    let page = visit.page(Place::Reports, &title, &content).await?;
    Ok(reply::page(StatusCode::OK, page))
}

fn holders(found: &[Holder]) -> Markup {
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|holder| {
            vec![
                who(&holder.subject, &holder.principal_name),
                role(&holder.given),
                html! { (holder.given.target) },
                html! {
                    @if holder.behind.is_empty() { "Nothing wants it any more." }
                    @else {
                        ul {
                            @for line in &holder.behind {
                                li {
                                    a href={"/manage/assignments/" (line.id)} { (line.package) } " "
                                    (badge(words::held(line.state))) " "
                                    (why(&line.policy, line.why.as_ref()))
                                }
                            }
                        }
                    }
                },
            ]
        })
        .collect();
    table(
        "Who has it, role by role",
        &["Who", "Role", "Target", "Why"],
        &rows,
    )
}

/// The ids of this resource among what sweeps found.
fn of(resource: &Resource) -> Wanted {
    Wanted {
        target: String::new(),
        resource: resource.origin_id.clone(),
        object_id: String::new(),
    }
}

/// Who is there although nobody granted it.
async fn extras_part(visit: &Visit, path: &str, resource: &Resource) -> Result<Markup, Problem> {
    let after: Option<DriftExtraId> = match visit.asked.get("extras") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Problem::NotFound)?),
    };
    let (service, ctx) = (visit.service(), &visit.ctx);
    let (found, total, next) = part_of_extras(service, ctx, resource, after, PAGE).await?;
    let rows: Vec<Vec<Markup>> = found.iter().map(extra).collect();
    let columns = ["Who", "Resource", "Role", "Target", "Found", "Seen last"];
    Ok(html! {
        section aria-labelledby="extras" {
            h2 #extras { "There, and granted by nobody" }
            p { (total) " found by sweeps." }
            @if !rows.is_empty() { (table("There, and granted by nobody", &columns, &rows)) }
            @if after.is_some() || next.is_some() {
                nav .pager aria-label="Pages of what nobody granted" {
                    @if after.is_some() { a href={(path) "#extras"} { "First page" } }
                    @if let Some(next) = next {
                        a href={(path) "?" (query(&[("extras", &next.to_string())])) "#extras"} { "Next page" }
                    }
                }
            }
        }
    })
}

async fn part_of_extras(
    service: &Service,
    ctx: &Ctx,
    resource: &Resource,
    after: Option<DriftExtraId>,
    limit: u64,
) -> Result<(Vec<Named>, i64, Option<DriftExtraId>), ServiceError> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let (mut found, total) = extras::list(service, ctx, of(resource), after, most).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|last| last.extra.id);
    Ok((found, total, next))
}

/// Where a file goes on: among the grants, or among what nobody granted.
enum At {
    Grants(GrantId),
    Extras(Option<DriftExtraId>),
}

const HEAD: [&str; 8] = [
    "person",
    "principalName",
    "resource",
    "role",
    "target",
    "standing",
    "observedDateTime",
    "errorCode",
];
const BEHIND: [&str; 4] = ["grantedBy", "assignmentId", "package", "state"];

async fn file(visit: Visit, headers: HeaderMap, resource: Resource) -> Result<Response, Problem> {
    let columns = [&HEAD[..], &BEHIND[..], &WHY[..]].concat();
    let read = move |visit: Visit, at: Option<At>| {
        let resource = resource.clone();
        async move {
            let (service, ctx) = (visit.service(), &visit.ctx);
            let after = match at {
                Some(At::Extras(after)) => {
                    let (found, _, next) =
                        part_of_extras(service, ctx, &resource, after, CHUNK).await?;
                    return Ok(csv::Part {
                        rows: found.iter().map(extra_cells).collect(),
                        next: next.map(|next| At::Extras(Some(next))),
                    });
                }
                Some(At::Grants(after)) => Some(after),
                None => None,
            };
            let (found, next) = access::holders(service, ctx, &resource, after, CHUNK).await?;
            let extras = overview::may(ctx).see_targets.then_some(At::Extras(None));
            Ok(csv::Part {
                rows: found.iter().flat_map(cells).collect(),
                next: next.map(At::Grants).or(extras),
            })
        }
    };
    csv::file(visit, headers, "resource", &columns, read).await
}

/// The lines for a grant: one for each assignment behind it, or one if there is none.
fn cells(holder: &Holder) -> Vec<Vec<String>> {
    let role = &holder.given.role;
    let head = [
        holder.subject.clone(),
        holder.principal_name.clone(),
        role.resource.clone(),
        role.role.clone(),
        holder.given.target.clone(),
        words::role(role).1.to_owned(),
        instant(role.observed_at),
        role.error_code.clone().unwrap_or_default(),
    ];
    if holder.behind.is_empty() {
        let nothing = ["nothing any more", "", "", ""].map(str::to_owned);
        return vec![[&head[..], &nothing[..], &why_cells("", None)[..]].concat()];
    }
    let rows = holder.behind.iter().map(|line| {
        let behind = [
            "assignment".to_owned(),
            line.id.to_string(),
            line.package.clone(),
            line.state.as_str().to_owned(),
        ];
        let why = why_cells(&line.policy, line.why.as_ref());
        [&head[..], &behind[..], &why[..]].concat()
    });
    rows.collect()
}

fn extra_cells(one: &Named) -> Vec<String> {
    let head = [
        one.who.clone(),
        one.extra.label.clone(),
        one.resource.clone(),
        one.role.clone(),
        one.extra.target.clone(),
        "Verified".to_owned(),
        instant(Some(one.extra.seen_at)),
        String::new(),
    ];
    let nobody = ["nobody", "", "", ""].map(str::to_owned);
    [&head[..], &nobody[..], &why_cells("", None)[..]].concat()
}
